// HDF5, the elements of a dataset: in one piece, or in chunks that may be filtered; where nothing was written, its fill
// value. Source: HDF5 File Format Specification 3.0, sections IV.A.2.b, f and i.
import { product } from '../../shared/shape.js';
import { countElements } from '../decode.js';
import { FormatError, quote } from '../errors.js';
import { checkRange } from '../source/source.js';
import { type Chunk, indexedChunks, treeChunks } from './chunk-index.js';
import type { Cursor } from './cursor.js';
import { readType, type Type } from './datatype.js';
import { type Hdf5File, MESSAGE, type Message } from './file.js';
import { readFilters, unfilter } from './filters.js';

export interface Dataset extends Type {
  shape: number[];
  /** What the shape may become; -1: without end. */
  most: number[];
  messages: readonly Message[];
}

const find = (messages: readonly Message[], type: number) => {
  const bytes = messages.find((message) => message.type === type)?.bytes;
  if (bytes !== undefined) bytes.at = 0;
  return bytes;
};

/** What the messages of an object say of its elements, if it has any. */
export function datasetOf(messages: readonly Message[]): Dataset | undefined {
  const [space, type] = [find(messages, MESSAGE.space), find(messages, MESSAGE.type)];
  if (space === undefined || type === undefined || find(messages, MESSAGE.layout) === undefined)
    return undefined;
  return { ...readSpace(space), ...readType(type), messages };
}

export function readSpace(bytes: Cursor): { shape: number[]; most: number[] } {
  const [version, rank, flags] = [bytes.uint(1), bytes.uint(1), bytes.uint(1)];
  bytes.skip(version === 1 ? 5 : 1);
  const shape = Array.from({ length: rank }, () => bytes.uint(8));
  return { shape, most: flags & 1 ? shape.map(() => bytes.uint(8)) : shape };
}

type Fail = (detail: string) => FormatError;

/** The stored bytes of a dataset, row-major, in the file's byte order. */
export async function readBytes(hdf: Hdf5File, name: string, dataset: Dataset): Promise<Uint8Array> {
  const file = hdf.source.name;
  const { shape, size, messages } = dataset;
  const length = countElements(file, name, shape) * size;
  const layout = find(messages, MESSAGE.layout)!;
  const version = layout.uint(1);
  const fail = (detail: string) => new FormatError(file, `dataset ${quote(name)} ${detail}.`);
  if (find(messages, MESSAGE.external) !== undefined) throw fail('lies in other files, which are not read');
  const rank = version < 3 ? layout.uint(1) : 0;
  const kind = layout.uint(1);
  if (version < 3) layout.skip(5);
  if (kind === 0) {
    if (version < 3) layout.skip(4 * rank);
    const stored = layout.uint(version < 3 ? 4 : 2);
    if (stored < length) throw fail(`needs ${length} bytes, ${stored} are stored`);
    return layout.part(length).data.slice();
  }
  if (kind === 1) return contiguous(hdf, dataset, layout.uint(8), length, fail);
  if (kind !== 2) throw fail('is made of datasets in other files (a virtual one), which is not read');
  return version < 4
    ? oldChunks(hdf, dataset, layout, version < 3 ? rank : layout.uint(1), fail)
    : newChunks(hdf, dataset, layout, fail);
}

async function contiguous(
  hdf: Hdf5File,
  dataset: Dataset,
  address: number,
  length: number,
  fail: Fail,
): Promise<Uint8Array> {
  const { source, base } = hdf;
  if (length === 0) return new Uint8Array(0);
  if (address < 0) return filled(dataset, length, 0, fail);
  checkRange(source.name, source.size, base + address, length, 'a dataset');
  return source.read(base + address, length);
}

async function oldChunks(hdf: Hdf5File, dataset: Dataset, layout: Cursor, rank: number, fail: Fail) {
  const count = dataset.shape.length;
  const address = layout.uint(8);
  const dims = Array.from({ length: rank }, () => layout.uint(4)).slice(0, count);
  return assembled(hdf, dataset, dims, await treeChunks(hdf, address, count), false, fail);
}

const WHOLE_EDGES = 1; // chunks that stick out are stored without filters

async function newChunks(hdf: Hdf5File, dataset: Dataset, layout: Cursor, fail: Fail) {
  const { shape, most, size } = dataset;
  const [flags, rank, width] = [layout.uint(1), layout.uint(1), layout.uint(1)];
  const dims = Array.from({ length: rank }, () => layout.uint(width)).slice(0, shape.length);
  const grid = { shape, most, dims, bytes: product(dims) * size, fail };
  const chunks = await indexedChunks(hdf, layout, flags, grid);
  return assembled(hdf, dataset, dims, chunks, (flags & WHOLE_EDGES) > 0, fail);
}

const MAX_RATIO = 1032;

async function assembled(
  hdf: Hdf5File,
  dataset: Dataset,
  dims: readonly number[],
  chunks: readonly Chunk[],
  wholeEdges: boolean,
  fail: Fail,
): Promise<Uint8Array> {
  const { shape, size, messages } = dataset;
  const { source, base } = hdf;
  const filters = readFilters(find(messages, MESSAGE.filters));
  const bytes = product(dims) * size;
  const stored = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (!(bytes > 0) || dims.length !== shape.length) throw fail(`has chunks of [${dims.join(', ')}]`);
  if (bytes > MAX_RATIO * (stored + (1 << 16))) throw fail(`has chunks of ${bytes} bytes, ${stored} in all`);
  const out = filled(dataset, product(shape) * size, stored, fail);
  for (const { address, length, mask, offset } of chunks) {
    checkRange(source.name, source.size, base + address, length, 'a chunk');
    const raw = await source.read(base + address, length);
    const edge = wholeEdges && offset.some((n, k) => n + dims[k] > shape[k]);
    place(out, shape, await unfilter(raw, edge ? [] : filters, mask, bytes, size, fail), dims, offset, size);
  }
  return out;
}

/** A dataset before anything is written to it. A file cannot promise gigabytes of that. */
function filled({ size, messages }: Dataset, length: number, stored: number, fail: Fail): Uint8Array {
  if (length > MAX_RATIO * (stored + (1 << 16)))
    throw fail(`of ${length} bytes has ${stored} bytes of chunks, fewer than deflate can make of them`);
  const out = new Uint8Array(length);
  const value = fillValue(messages);
  if (value !== undefined && value.length === size && value.some((byte) => byte !== 0))
    for (let at = 0; at < length; at += size) out.set(value, at);
  return out;
}

function fillValue(messages: readonly Message[]): Uint8Array | undefined {
  const fill = find(messages, MESSAGE.fill);
  if (fill === undefined) return undefined;
  const version = fill.uint(1);
  if (version === 3) {
    if ((fill.uint(1) & 0x20) === 0) return undefined;
  } else {
    fill.skip(2);
    if (fill.uint(1) === 0 && version > 1) return undefined;
  }
  return fill.part(fill.uint(4)).data;
}

/** Copies a chunk to its place, as far as it lies inside: runs of the last dimension. */
function place(
  out: Uint8Array,
  shape: readonly number[],
  chunk: Uint8Array,
  dims: readonly number[],
  offset: readonly number[],
  size: number,
): void {
  const last = shape.length - 1;
  if (last < 0) {
    out.set(chunk.subarray(0, out.length));
    return;
  }
  const run = Math.min(dims[last], shape[last] - offset[last]) * size;
  if (!(run > 0)) return;
  const index = dims.map(() => 0);
  for (let from = 0; from < chunk.length; from += dims[last] * size) {
    let to = 0;
    let inside = true;
    for (let k = 0; k <= last; k++) {
      const at = offset[k] + index[k];
      inside &&= at < shape[k];
      to = to * shape[k] + at;
    }
    if (inside) out.set(chunk.subarray(from, from + run), to * size);
    for (let k = last - 1; k >= 0; k--) {
      if (++index[k] < dims[k]) break;
      index[k] = 0;
    }
  }
}
