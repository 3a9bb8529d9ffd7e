// readTensors: which format a file has, by its first bytes and then by its name, and the reader for it.
import { FormatError, quote, toFormatError } from './errors.js';
import { readGguf } from './gguf.js';
import { isObject, parseJson } from './json.js';
import { readNpy } from './npy.js';
import { readNpz } from './npz.js';
import { readOnnx } from './onnx.js';
import { readPytorch } from './pytorch.js';
import { readSafetensors, readSafetensorsIndex } from './safetensors.js';
import { type ByteSource, openSource, readText } from './source.js';
import { readTfjs } from './tfjs.js';
import type { NamedTensor, Readable, ReadOptions } from './types.js';
import { readZip } from './zip.js';

const MAX_JSON = 500_000_000; // as many characters as a string can hold, about

/** Every tensor of a model file, as it is read. Throws FormatError, or tells `options.onError` and goes on. */
export async function* readTensors(from: Readable, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const source = await openSource(from, options);
  try {
    options.signal?.throwIfAborted();
    yield* await detect(source, options);
  } catch (error) {
    throw options.signal?.aborted ? error : toFormatError(error, source.name);
  } finally {
    await source.close();
  }
}

async function detect(source: ByteSource, options: ReadOptions): Promise<AsyncGenerator<NamedTensor>> {
  const { name, size } = source;
  if (size === 0) throw new FormatError(name, 'is empty.');
  const head = await source.read(0, Math.min(16, size));
  const starts = (magic: string, at = 0) => [...magic].every((c, i) => head[at + i] === c.charCodeAt(0));
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase() ?? '';

  if (starts('\x93NUMPY')) return readNpy(source, options);
  if (starts('GGUF')) return readGguf(source, options);
  if (starts('PK\x03\x04') || starts('PK\x05\x06')) return readArchive(source, options);
  if (starts('\0\0\0\0{', 4) && extension !== 'onnx') return readSafetensors(source, options); // a length below 2^32
  switch (extension) {
    case 'npy':
      return readNpy(source, options);
    case 'npz':
      return readNpz(source, options);
    case 'gguf':
      return readGguf(source, options);
    case 'safetensors':
      return readSafetensors(source, options);
    case 'onnx':
      return readOnnx(source, options);
    case 'json':
      return readJson(source, options);
  }
  if (starts('\x80') && /^(pt|pth|ckpt|bin|pkl)$/.test(extension)) {
    throw new FormatError(
      name,
      'is a bare pickle (PyTorch before 1.6); save it again to get the zip format.',
    );
  }
  if (starts('{') || starts('[')) return readJson(source, options);
  if (starts('\x08')) return readOnnx(source, options); // ir_version, the first field of a ModelProto
  const text = quote(String.fromCharCode(...head.subarray(0, 8)));
  throw new FormatError(name, `is no model file known here: it begins with ${text}.`);
}

async function readArchive(source: ByteSource, options: ReadOptions): Promise<AsyncGenerator<NamedTensor>> {
  const entries = await readZip(source);
  if (entries.some((e) => /(^|\/)data\.pkl$/.test(e.name))) return readPytorch(source, options, entries);
  if (entries.some((e) => e.name.endsWith('.npy')) || /\.npz$/i.test(source.name)) {
    return readNpz(source, options, entries);
  }
  throw new FormatError(
    source.name,
    'is a zip archive without .npy arrays and without a data.pkl of PyTorch.',
  );
}

async function readJson(source: ByteSource, options: ReadOptions): Promise<AsyncGenerator<NamedTensor>> {
  const { name, size } = source;
  if (size > MAX_JSON) throw new FormatError(name, `is JSON of ${size} bytes, at most ${MAX_JSON} are read.`);
  const json = parseJson(name, 'the file', await readText(source));
  if (Array.isArray(json)) return readTfjs(source, options, json);
  if (isObject(json) && 'weight_map' in json) return readSafetensorsIndex(source, options, json);
  if (isObject(json) && 'weightsManifest' in json) return readTfjs(source, options, json);
  throw new FormatError(name, "is JSON, but neither 'weightsManifest' nor 'weight_map' is in it.");
}
