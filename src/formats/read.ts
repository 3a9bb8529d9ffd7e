// readTensors: which format a file has, by its first bytes and then by its name, and the reader for it.
import { FormatError, quote, toFormatError } from './errors.js';
import { readNpy } from './npy.js';
import { readOnnx } from './onnx.js';
import { type ByteSource, openSource } from './source.js';
import type { NamedTensor, Readable, ReadOptions } from './types.js';

type Reader = (source: ByteSource, options: ReadOptions) => AsyncGenerator<NamedTensor>;

/** Every tensor of a model file, as it is read. Throws FormatError, or tells `options.onError` and goes on. */
export async function* readTensors(from: Readable, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const source = await openSource(from, options);
  try {
    const reader = await detect(source);
    options.signal?.throwIfAborted();
    yield* reader(source, options);
  } catch (error) {
    throw options.signal?.aborted ? error : toFormatError(error, source.name);
  } finally {
    await source.close();
  }
}

async function detect(source: ByteSource): Promise<Reader> {
  const { name, size } = source;
  if (size === 0) throw new FormatError(name, 'is empty.');
  const head = await source.read(0, Math.min(16, size));
  const starts = (magic: string) => [...magic].every((c, i) => head[i] === c.charCodeAt(0));
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase();
  if (starts('\x93NUMPY') || extension === 'npy') return readNpy;
  if (extension === 'onnx' || starts('\x08')) return readOnnx;
  const text = quote(String.fromCharCode(...head.subarray(0, 8)));
  throw new FormatError(name, `is no model file known here: it begins with ${text}.`);
}
