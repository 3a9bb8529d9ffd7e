// readTensors: which format a file has, by its first bytes and then by its name, and the reader for it, which is loaded
// when it is needed: a page that reads one format loads one reader.
import { textDecoder } from '../shared/text.js';
import { describe } from './describe.js';
import { FormatError, quote, toFormatError } from './errors.js';
import { duplicateKeys, isObject, parseJson } from './json.js';
import { readNpy } from './numpy/npy.js';
import { readSafetensors } from './safetensors/index.js';
import { readIndex } from './shards.js';
import { isLegacyPytorch, isPickle, refuseKnown } from './signatures.js';
import { modelFiles } from './source/folder.js';
import { openFolder, openSource } from './source/open.js';
import { type ByteSource, type Folder, readText } from './source/source.js';
import { openEntry, readZip } from './source/zip.js';
import type { NamedTensor, Readable, ReadOptions } from './types.js';

/** Bytes that tell what a file is. */
const HEAD = 512;
const MAX_JSON = 500_000_000; // as many characters as a string can hold, about

/**
 * Every tensor of a model file, or of every model file of a folder, as it is read. Throws FormatError, or tells
 * `options.onError` and goes on.
 */
export async function* readTensors(from: Readable, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const folder = await openFolder(from, options);
  if (folder !== undefined) {
    yield* readFolder(folder, options);
    return;
  }
  const source = await openSource(from, options);
  try {
    yield* readSource(source, options);
  } finally {
    await source.close();
  }
}

async function* readSource(source: ByteSource, options: ReadOptions): AsyncGenerator<NamedTensor> {
  try {
    options.signal?.throwIfAborted();
    for await (const tensor of await detect(source, options)) yield describe(tensor, options);
  } catch (error) {
    throw options.signal?.aborted ? error : toFormatError(error, source.name);
  }
}

/**
 * The files of a folder one after the other; where there are several, their names stand before those of their tensors.
 */
async function* readFolder(folder: Folder, options: ReadOptions): AsyncGenerator<NamedTensor> {
  const files = await modelFiles(folder);
  let before = 0;
  for (const path of files) {
    const stem = path.slice(path.lastIndexOf('/') + 1).replace(/\.\w+$/, '');
    const full = (name: string) => (files.length === 1 ? name : name === stem ? path : `${path}/${name}`);
    const { filter, before: admitted, onError } = options;
    const inner: ReadOptions = {
      ...options,
      filter: filter && ((name, info) => filter(full(name), info)),
      before: admitted && ((name, info) => admitted(full(name), info)),
      onError: onError && ((name, error) => onError(full(name), error)),
      onProgress: (read, total) => options.onProgress?.(before + read, before + total),
    };
    let size = 0;
    try {
      const source = await folder.open(path);
      size = source.size;
      try {
        for await (const tensor of readSource(source, inner)) yield { ...tensor, name: full(tensor.name) };
      } finally {
        await source.close();
      }
    } catch (error) {
      // One file that is damaged costs no other.
      if (files.length === 1 || onError === undefined || !(error instanceof FormatError)) throw error;
      onError(path, error);
    }
    before += size;
  }
}

async function detect(source: ByteSource, options: ReadOptions): Promise<AsyncGenerator<NamedTensor>> {
  const { name, size } = source;
  if (size === 0) throw new FormatError(name, 'is empty.');
  const head = await source.read(0, Math.min(HEAD, size));
  const starts = (magic: string, at = 0) => [...magic].every((c, i) => head[at + i] === c.charCodeAt(0));
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase() ?? '';

  if (starts('\x93NUMPY')) return readNpy(source, options);
  if (starts('GGUF')) return (await import('./gguf.js')).readGguf(source, options);
  if (starts('PK\x03\x04') || starts('PK\x05\x06')) return readArchive(source, options);
  if (starts('\0\0\0\0{', 4) && extension !== 'onnx') return readSafetensors(source, options); // a length below 2^32
  if (isLegacyPytorch(head)) return (await import('./pytorch/index.js')).readLegacyPytorch(source, options);
  if (starts('%%MatrixMarket')) return (await import('./matrix-market.js')).readMatrixMarket(source, options);
  if (starts('MATLAB 5.0')) return (await import('./matlab/index.js')).readMatlab(source, options);
  if (starts('\x89HDF\r\n\x1a\n') || starts('MATLAB 7.3'))
    return (await import('./hdf5/index.js')).readHdf5(source, options);
  if (starts('TFL3', 4)) return (await import('./tflite.js')).readTflite(source, options);
  refuseKnown(name, head);
  const named = await byExtension(source, options, extension, head);
  if (named !== undefined) return named;
  if (isPickle(head)) {
    throw new FormatError(
      name,
      'is a pickle that is not of PyTorch (torch.save); load it in Python and save its arrays with numpy.savez.',
    );
  }
  if (starts('{') || starts('[')) return readJson(source, options);
  // ir_version, the first field of a ModelProto
  if (starts('\x08')) return (await import('./onnx/index.js')).readOnnx(source, options);
  if (looksNumeric(head)) return (await import('./table.js')).readTable(source, options);
  const text = quote(String.fromCharCode(...head.subarray(0, 8)));
  throw new FormatError(name, `is no model file known here: it begins with ${text}.`);
}

/** The reader for what a file's name ends in. */
async function byExtension(
  source: ByteSource,
  options: ReadOptions,
  extension: string,
  head: Uint8Array,
): Promise<AsyncGenerator<NamedTensor> | undefined> {
  switch (extension) {
    case 'npy':
      return readNpy(source, options);
    case 'npz':
      return (await import('./numpy/npz.js')).readNpz(source, options);
    case 'gguf':
      return (await import('./gguf.js')).readGguf(source, options);
    case 'safetensors':
      return readSafetensors(source, options);
    case 'onnx':
      return (await import('./onnx/index.js')).readOnnx(source, options);
    case 'json':
      return readJson(source, options);
    case 'h5':
    case 'hdf5':
    case 'keras':
      return (await import('./hdf5/index.js')).readHdf5(source, options);
    case 'tflite':
      return (await import('./tflite.js')).readTflite(source, options);
    case 'csv':
    case 'tsv':
    case 'txt':
      return (await import('./table.js')).readTable(source, options);
    case 'mtx':
      return (await import('./matrix-market.js')).readMatrixMarket(source, options);
    case 'mat': {
      const matlab4 = await import('./matlab/matlab4.js');
      if (matlab4.isMatlab4(head)) return matlab4.readMatlab4(source, options);
      return undefined;
    }
    default:
      return undefined;
  }
}

/** Text in which some line is numbers and nothing else. */
function looksNumeric(head: Uint8Array): boolean {
  if (head.some((c) => c < 9 || (c > 13 && c < 32))) return false;
  const lines = textDecoder().decode(head).split('\n').slice(0, 3);
  return lines.some((line) => /^\s*"?[-+]?(\d|\.\d)/.test(line) && /^[-+.,;\s"\deE]+$/.test(line));
}

async function readArchive(source: ByteSource, options: ReadOptions): Promise<AsyncGenerator<NamedTensor>> {
  const entries = await readZip(source);
  const has = (name: RegExp) => entries.some((entry) => name.test(entry.name));
  if (has(/(^|\/)data\.pkl$/))
    return (await import('./pytorch/index.js')).readPytorch(source, options, entries);
  if (has(/\.npy$/) || /\.npz$/i.test(source.name))
    return (await import('./numpy/npz.js')).readNpz(source, options, entries);
  const keras = entries.find((entry) => entry.name === 'model.weights.h5');
  if (keras !== undefined)
    return (await import('./hdf5/index.js')).readHdf5(await openEntry(source, keras, options), options);
  if (has(/^xl\/workbook\.xml$/))
    throw new FormatError(source.name, 'is an Excel workbook; save the sheet as CSV.');
  const what =
    'is a zip archive without .npy arrays, and neither of PyTorch (data.pkl) nor of Keras (model.weights.h5)';
  throw new FormatError(source.name, `${what}; unpack it, and give what is in it.`);
}

/** A key of an index, or a weight in it, that is there twice: whichever file is meant, the other would be left out. */
function namedTwice(
  text: string,
  { weight_map: map, metadata }: Record<string, unknown>,
): string | undefined {
  if (duplicateKeys(text).has('weight_map')) return 'weight_map';
  const within = (object: unknown, key: string) => isObject(object) && Object.hasOwn(object, key);
  return [...duplicateKeys(text, 2)].find((key) => within(map, key) && !within(metadata, key));
}

async function readJson(source: ByteSource, options: ReadOptions): Promise<AsyncGenerator<NamedTensor>> {
  const { name, size } = source;
  if (size > MAX_JSON) throw new FormatError(name, `is JSON of ${size} bytes, at most ${MAX_JSON} are read.`);
  const text = await readText(source);
  if (/^\s*\[\s*(\[|[-+\d.])/.test(text.slice(0, HEAD)))
    return (await import('./table.js')).readTable(source, options); // rows of numbers
  const json = parseJson(name, 'the file', text);
  if (Array.isArray(json))
    return (await import('./records.js')).isRecords(json)
      ? (await import('./records.js')).readRecords(source, options, json)
      : (await import('./tfjs/index.js')).readTfjs(source, options, json);
  if (isObject(json) && 'weight_map' in json) {
    const twice = namedTwice(text, json);
    if (twice !== undefined) throw new FormatError(name, `has ${quote(twice)} twice.`);
    return readIndex(source, options, json, detect);
  }
  if (isObject(json) && 'weightsManifest' in json)
    return (await import('./tfjs/index.js')).readTfjs(source, options, json);
  const tables = await import('./records.js');
  const isTable = isObject(json) && Array.isArray(json.data);
  if (isObject(json) && (isTable || tables.areMatrices(json))) {
    const [twice] = duplicateKeys(text);
    if (twice !== undefined) throw new FormatError(name, `has ${quote(twice)} twice.`);
    if (!isTable) return tables.readMatrices(source, options, json);
    return (await import('./table.js')).readTable(source, options);
  }
  if (isObject(json) && 'error' in json)
    throw new FormatError(name, `is an error message of a server: ${quote(json.error)}.`);
  throw new FormatError(
    name,
    "is JSON, but neither rows of numbers nor 'weightsManifest' nor 'weight_map' is in it.",
  );
}
