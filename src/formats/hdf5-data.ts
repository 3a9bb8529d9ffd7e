// HDF5, the values of a dataset: its type, its shape, and its elements,
// which lie in one piece or in chunks that may be shuffled and deflated.
// Source: HDF5 File Format Specification 3.0, sections IV.A.2 and III.A.
import { product } from '../shared/shape.js';
import { countElements } from './decode.js';
import { FormatError, quote } from './errors.js';
import { type Bytes, type Hdf5File, MESSAGE, type Message } from './hdf5-file.js';
import { checkRange, sliceSource } from './source.js';
import { inflateSource } from './zip.js';

export interface Dataset {
  shape: number[];
  /** Ours; undefined for text, references and other things that are no numbers. */
  dtype?: string;
  little: boolean;
  /** Bytes of an element. */
  size: number;
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
  return { shape: readSpace(space), ...readType(type), messages };
}

export function readSpace(bytes: Bytes): number[] {
  const [version, rank] = [bytes.uint(1), bytes.uint(1)];
  bytes.skip(version === 1 ? 6 : 2);
  return Array.from({ length: rank }, () => bytes.uint(8));
}

interface Type {
  dtype?: string;
  little: boolean;
  size: number;
}

export function readType(bytes: Bytes, depth = 0): Type {
  const head = bytes.uint(1);
  const [kind, version] = [head & 15, head >> 4];
  const [bits0, bits1] = [bytes.uint(1), bytes.uint(1)];
  bytes.skip(1);
  const size = bytes.uint(4);
  const little = (bits0 & 1) === 0;
  if (kind === 0) {
    bytes.skip(4);
    const whole = [1, 2, 4, 8].includes(size);
    return { dtype: whole ? `${bits0 & 8 ? '' : 'u'}int${8 * size}` : undefined, little, size };
  }
  if (kind === 1) {
    bytes.skip(5);
    const exponent = bytes.uint(1);
    bytes.skip(6);
    const names: Record<string, string> = {
      '2/5': 'float16',
      '2/8': 'bfloat16',
      '4/8': 'float32',
      '8/11': 'float64',
    };
    return { dtype: names[`${size}/${exponent}`], little, size };
  }
  if (kind === 8 && depth === 0) {
    // An enumeration, which is how h5py writes bool: the numbers are those of its base.
    const base = readType(bytes, 1);
    return { ...base, dtype: base.size === 1 ? 'bool' : base.dtype };
  }
  if (kind === 6 && depth === 0) return { ...readCompound(bytes, version, bits0 | (bits1 << 8), size), size };
  return { little, size };
}

/** Two equal floats, one after the other, are a complex number. */
function readCompound(bytes: Bytes, version: number, members: number, size: number): Omit<Type, 'size'> {
  const none = { little: true };
  if (members !== 2) return none;
  const types: (Type & { at: number })[] = [];
  for (let k = 0; k < 2; k++) {
    const start = bytes.at;
    const end = bytes.data.indexOf(0, start);
    if (end < 0) return none;
    const length = end + 1 - start;
    bytes.skip(version >= 3 ? length : Math.ceil(length / 8) * 8);
    const width = version >= 3 ? (size < 256 ? 1 : size < 65536 ? 2 : 4) : 4;
    const at = bytes.uint(width);
    if (version === 1) bytes.skip(28);
    const first = bytes.at;
    types.push({ ...readType(bytes, 1), at });
    if (bytes.at === first) return none;
  }
  const [re, im] = types;
  const pair =
    re.dtype === im.dtype &&
    re.at === 0 &&
    im.at === re.size &&
    size === 2 * re.size &&
    re.little === im.little;
  const names: Record<string, string> = { float32: 'complex64', float64: 'complex128' };
  return { dtype: pair ? names[re.dtype ?? ''] : undefined, little: re.little };
}

interface Chunk {
  address: number;
  /** Bytes in the file, and which filters were left out. */
  length: number;
  mask: number;
  offset: number[];
}

interface Filter {
  id: number;
}

/** The stored bytes of a dataset, row-major, in the file's byte order. */
export async function readBytes(hdf: Hdf5File, name: string, dataset: Dataset): Promise<Uint8Array> {
  const file = hdf.source.name;
  const { shape, size, messages } = dataset;
  const length = countElements(file, name, shape) * size;
  const layout = find(messages, MESSAGE.layout)!;
  const version = layout.uint(1);
  const fail = (detail: string) => new FormatError(file, `dataset ${quote(name)} ${detail}.`);
  if (version < 3) {
    const [rank, kind] = [layout.uint(1), layout.uint(1)];
    layout.skip(5);
    if (kind === 0) {
      layout.skip(4 * rank);
      return compact(layout, layout.uint(4), length, fail);
    }
    const address = layout.uint(8);
    if (kind === 1) return contiguous(hdf, name, address, length);
    const dims = Array.from({ length: rank }, () => layout.uint(4));
    return chunked(
      hdf,
      name,
      dataset,
      dims.slice(0, shape.length),
      await treeChunks(hdf, address, shape.length),
      fail,
    );
  }
  const kind = layout.uint(1);
  if (kind === 0) return compact(layout, layout.uint(2), length, fail);
  if (kind === 1) return contiguous(hdf, name, layout.uint(8), length);
  if (kind !== 2) throw fail('lies in other files, which is not read');
  if (version === 3) {
    const rank = layout.uint(1);
    const address = layout.uint(8);
    const dims = Array.from({ length: rank }, () => layout.uint(4));
    return chunked(
      hdf,
      name,
      dataset,
      dims.slice(0, shape.length),
      await treeChunks(hdf, address, shape.length),
      fail,
    );
  }
  const flags = layout.uint(1);
  const rank = layout.uint(1);
  const width = layout.uint(1);
  const dims = Array.from({ length: rank }, () => layout.uint(width)).slice(0, shape.length);
  const bytes = dims.reduce((a, b) => a * b, size);
  const chunks = await indexed(hdf, layout, flags, shape, dims, bytes, fail);
  return chunked(hdf, name, dataset, dims, chunks, fail);
}

type Fail = (detail: string) => FormatError;

function compact(layout: Bytes, stored: number, length: number, fail: Fail): Uint8Array {
  if (stored < length) throw fail(`needs ${length} bytes, ${stored} are stored`);
  const part = layout.part(length);
  return part.data.slice();
}

async function contiguous(hdf: Hdf5File, name: string, address: number, length: number): Promise<Uint8Array> {
  const { source, base } = hdf;
  if (length === 0) return new Uint8Array(0);
  if (address < 0) throw new FormatError(source.name, `dataset ${quote(name)} was never written.`);
  checkRange(source.name, source.size, base + address, length, `dataset ${quote(name)}`);
  return source.read(base + address, length);
}

async function treeChunks(hdf: Hdf5File, address: number, rank: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  if (address < 0) return chunks;
  for await (const { key, child } of hdf.leaves(address, 1, () => 8 + 8 * (rank + 1))) {
    const [length, mask] = [key.uint(4), key.uint(4)];
    chunks.push({ address: child, length, mask, offset: Array.from({ length: rank }, () => key.uint(8)) });
  }
  return chunks;
}

/** The chunk indices of version 4 for datasets that do not grow: one chunk, side by side, an array of addresses. */
async function indexed(
  hdf: Hdf5File,
  layout: Bytes,
  flags: number,
  shape: readonly number[],
  dims: readonly number[],
  bytes: number,
  fail: Fail,
): Promise<Chunk[]> {
  const kind = layout.uint(1);
  const counts = shape.map((n, k) => Math.ceil(n / Math.max(1, dims[k])));
  const total = product(counts);
  if (total > 1 << 24) throw fail(`claims ${total} chunks`);
  const offsetOf = (index: number) => {
    const offset = new Array<number>(shape.length);
    for (let k = shape.length - 1, rest = index; k >= 0; k--) {
      offset[k] = (rest % counts[k]) * dims[k];
      rest = Math.floor(rest / counts[k]);
    }
    return offset;
  };
  if (kind === 1) {
    const [length, mask] = flags & 2 ? [layout.uint(8), layout.uint(4)] : [bytes, 0];
    const address = layout.uint(8);
    return address < 0 ? [] : [{ address, length, mask, offset: shape.map(() => 0) }];
  }
  if (kind === 2) {
    const first = layout.uint(8);
    if (first < 0) return [];
    return Array.from({ length: total }, (_, i) => ({
      address: first + i * bytes,
      length: bytes,
      mask: 0,
      offset: offsetOf(i),
    }));
  }
  if (kind !== 3)
    throw fail(
      'has chunks in an index that grows, which is not read; h5repack with --low=0 --high=0 writes another',
    );
  layout.skip(1);
  const head = await hdf.read(layout.uint(8), 28, 'an array of chunks');
  head.skip(5);
  const [client, entry, page, count] = [head.uint(1), head.uint(1), head.uint(1), head.uint(8)];
  if (count > 1 << page) throw fail('has chunks in an index of several pages, which is not read');
  const at = head.uint(8);
  if (at < 0) return [];
  const body = await hdf.read(at, 14 + count * entry, 'an array of chunks');
  body.skip(14);
  const chunks: Chunk[] = [];
  for (let i = 0; i < Math.min(count, total); i++) {
    const address = body.uint(8);
    const [length, mask] = client === 1 ? [body.uint(entry - 12), body.uint(4)] : [bytes, 0];
    if (address >= 0) chunks.push({ address, length, mask, offset: offsetOf(i) });
  }
  return chunks;
}

const MAX_RATIO = 1032;

async function chunked(
  hdf: Hdf5File,
  name: string,
  { shape, size, messages }: Dataset,
  dims: readonly number[],
  chunks: readonly Chunk[],
  fail: Fail,
): Promise<Uint8Array> {
  const { source, base } = hdf;
  const filters = readFilters(find(messages, MESSAGE.filters));
  const bytes = dims.reduce((a, b) => a * b, size);
  const length = shape.reduce((a, b) => a * b, size);
  const stored = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  // Chunks that were never written are zeros; a file cannot promise gigabytes of them.
  if (!(bytes > 0) || dims.length !== shape.length) throw fail(`has chunks of [${dims.join(', ')}]`);
  if (Math.max(bytes, length) > MAX_RATIO * (stored + (1 << 16))) {
    throw fail(`of ${length} bytes has ${stored} bytes of chunks, fewer than deflate can make of them`);
  }
  const out = new Uint8Array(length);
  for (const chunk of chunks) {
    checkRange(source.name, source.size, base + chunk.address, chunk.length, `a chunk of ${quote(name)}`);
    const raw = sliceSource(source, base + chunk.address, chunk.length);
    place(
      out,
      shape,
      await unfilter(await raw.read(0, chunk.length), filters, chunk.mask, bytes, size, hdf, fail),
      dims,
      chunk.offset,
      size,
    );
  }
  return out;
}

function readFilters(bytes: Bytes | undefined): Filter[] {
  if (bytes === undefined) return [];
  const [version, count] = [bytes.uint(1), bytes.uint(1)];
  if (version === 1) bytes.skip(6);
  return Array.from({ length: count }, () => {
    const id = bytes.uint(2);
    const named = version === 1 || id >= 256 ? bytes.uint(2) : 0;
    bytes.skip(2);
    const values = bytes.uint(2);
    bytes.skip(version === 1 ? Math.ceil(named / 8) * 8 : named);
    bytes.skip(4 * values + (version === 1 && values % 2 === 1 ? 4 : 0));
    return { id };
  });
}

const [DEFLATE, SHUFFLE, FLETCHER] = [1, 2, 3];

/** Undoes the filters of a chunk, the last one first. */
async function unfilter(
  data: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  bytes: number,
  size: number,
  hdf: Hdf5File,
  fail: Fail,
): Promise<Uint8Array> {
  for (let k = filters.length - 1; k >= 0; k--) {
    if (mask & (1 << k)) continue;
    const { id } = filters[k];
    if (id === FLETCHER) data = data.subarray(0, Math.max(0, data.length - 4));
    else if (id === SHUFFLE) data = unshuffle(data, size);
    else if (id === DEFLATE) {
      const before = filters.slice(0, k).filter((f, i) => f.id === FLETCHER && !(mask & (1 << i))).length;
      data = await inflate(data, bytes + 4 * before, hdf);
    } else throw fail(`is compressed with filter ${id}, which is not read`);
  }
  if (data.length !== bytes) throw fail(`has a chunk of ${data.length} bytes, ${bytes} belong there`);
  return data;
}

/** A zlib stream: two bytes, deflated data, a checksum. */
async function inflate(data: Uint8Array, size: number, { source }: Hdf5File): Promise<Uint8Array> {
  const body = data.subarray(2, Math.max(2, data.length - 4));
  const from = {
    name: source.name,
    size: body.length,
    read: async (at: number, length: number) => body.slice(at, at + length),
    sibling: source.sibling,
    close: source.close,
  };
  return inflateSource(from, size).read(0, size);
}

function unshuffle(data: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(data.length / size);
  const out = data.slice(); // what does not fill an element stays where it is
  for (let byte = 0; byte < size; byte++) {
    for (let i = 0; i < count; i++) out[i * size + byte] = data[byte * count + i];
  }
  return out;
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
