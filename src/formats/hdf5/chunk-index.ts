// Where the chunks of an HDF5 dataset are: the six indices that a dataset may have.
// Layout: a B-tree of version 1 (all datasets before HDF5 1.10); after that one chunk, chunks side by side, a fixed
// array of addresses (datasets that do not grow, or up to a bound), an extensible array (one dimension grows without
// end), a B-tree of version 2 (several do). Arrays number the chunks row by row, of the shape that the dataset may grow
// to, the dimension without end first.
// Source: HDF5 File Format Specification 3.0, sections III.A and VII; H5EA and H5FA of the HDF5 library for the sizes.
import type { FormatError } from '../errors.js';
import { nodesOf } from './btree2.js';
import type { Cursor } from './cursor.js';
import type { Hdf5File } from './file.js';

export interface Chunk {
  address: number;
  /** Bytes in the file, and which filters were left out. */
  length: number;
  mask: number;
  /** Of its first element. */
  offset: number[];
}

/** What an index is of. */
export interface Grid {
  shape: readonly number[];
  /** What the dataset may grow to; -1: without end. */
  most: readonly number[];
  /** Of a chunk: its dimensions, and its bytes without filters. */
  dims: readonly number[];
  bytes: number;
  fail: (detail: string) => FormatError;
}

const MAX_CHUNKS = 1 << 24;
const [SINGLE, IMPLICIT, FIXED, EXTENSIBLE, TREE] = [1, 2, 3, 4, 5];
const FILTERED_SINGLE = 2;

/** The chunks in a B-tree of version 1. */
export async function treeChunks(hdf: Hdf5File, address: number, rank: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  if (address < 0) return chunks;
  for await (const { key, child } of hdf.leaves(address, 1, () => 8 + 8 * (rank + 1))) {
    const [length, mask] = [key.uint(4), key.uint(4)];
    chunks.push({ address: child, length, mask, offset: Array.from({ length: rank }, () => key.uint(8)) });
  }
  return chunks;
}

/** The chunks by the index that a layout message of version 4 or 5 names; `layout` stands at its kind. */
export async function indexedChunks(
  hdf: Hdf5File,
  layout: Cursor,
  flags: number,
  grid: Grid,
): Promise<Chunk[]> {
  const { shape, dims, bytes, fail } = grid;
  const kind = layout.uint(1);
  if (kind === SINGLE) {
    const [length, mask] = flags & FILTERED_SINGLE ? [layout.uint(8), layout.uint(4)] : [bytes, 0];
    const address = layout.uint(8);
    return address < 0 ? [] : [{ address, length, mask, offset: shape.map(() => 0) }];
  }
  if (kind === IMPLICIT) return sideBySide(layout.uint(8), grid);
  if (kind === TREE) {
    layout.skip(6);
    return recordChunks(hdf, layout.uint(8), grid);
  }
  if (kind !== FIXED && kind !== EXTENSIBLE) throw fail(`has chunks in an index of kind ${kind}, not known`);
  layout.skip(kind === FIXED ? 1 : 5);
  const address = layout.uint(8);
  const chunks: Chunk[] = [];
  const offsetOf = numbering(grid);
  const put: Put = (index, element, size) => {
    const at = element.uint(8);
    const [length, mask] = size > 8 ? [element.uint(size - 12), element.uint(4)] : [bytes, 0];
    const offset = offsetOf(index);
    // What the dataset shrank from, or may grow to.
    if (at < 0 || offset.some((n, k) => n >= shape[k])) return;
    if (chunks.length >= MAX_CHUNKS) throw fail(`has more than ${MAX_CHUNKS} chunks`);
    chunks.push({ address: at, length, mask, offset });
  };
  if (dims.includes(0)) throw fail(`has chunks of [${dims.join(', ')}]`);
  if (address >= 0) await (kind === FIXED ? fixedArray : extensibleArray)(hdf, address, put, fail);
  return chunks;
}

/** Takes an element of an array: 8 bytes, or address, length and mask of a chunk with filters. */
type Put = (index: number, element: Cursor, size: number) => void;

/** From the number of a chunk to the place of its first element. */
function numbering({ most, dims }: Grid): (index: number) => number[] {
  const endless = Math.max(0, most.indexOf(-1));
  const counts = most.map((n, k) => Math.ceil(n / dims[k]));
  const order = most.map((_, k) => k).filter((k) => k !== endless);
  order.unshift(endless);
  return (index) => {
    const offset = new Array<number>(dims.length).fill(0);
    let rest = index;
    for (let k = order.length - 1; k >= 0; k--) {
      const at = order[k];
      const count = k === 0 ? Number.POSITIVE_INFINITY : Math.max(1, counts[at]);
      offset[at] = (k === 0 ? rest : rest % count) * dims[at];
      rest = Math.floor(rest / count);
    }
    return offset;
  };
}

function sideBySide(first: number, grid: Grid): Chunk[] {
  const { shape, most, dims, bytes, fail } = grid;
  const count = most.reduce((product, n, k) => product * Math.ceil(n / dims[k]), 1);
  if (!(count >= 0 && count <= MAX_CHUNKS)) throw fail(`claims ${count} chunks`);
  if (first < 0) return [];
  const offsetOf = numbering(grid);
  const chunks: Chunk[] = [];
  for (let i = 0; i < count; i++) {
    const offset = offsetOf(i);
    if (offset.every((n, k) => n < shape[k]))
      chunks.push({ address: first + i * bytes, length: bytes, mask: 0, offset });
  }
  return chunks;
}

async function recordChunks(hdf: Hdf5File, address: number, grid: Grid): Promise<Chunk[]> {
  const { shape, dims, bytes, fail } = grid;
  const chunks: Chunk[] = [];
  if (address < 0) return chunks;
  for await (const { type, records, count, size } of nodesOf(hdf, address)) {
    const wide = size - 12 - 8 * shape.length; // bytes of a length
    if ((type !== 10 && type !== 11) || (type === 11 && wide < 1))
      throw fail('has a damaged index of its chunks');
    if (chunks.length + count > MAX_CHUNKS) throw fail(`has more than ${MAX_CHUNKS} chunks`);
    for (let k = 0; k < count; k++) {
      const record = records.part(size);
      const at = record.uint(8);
      const [length, mask] = type === 11 ? [record.uint(wide), record.uint(4)] : [bytes, 0];
      chunks.push({ address: at, length, mask, offset: dims.map((n) => n * record.uint(8)) });
    }
  }
  return chunks;
}

/** Elements in one block, or in pages of 2^bits of them, each with a checksum. */
async function fixedArray(hdf: Hdf5File, address: number, put: Put, fail: Grid['fail']): Promise<void> {
  const head = await hdf.read(address, 24, 'an array of chunks');
  head.expect('FAHD');
  head.skip(1);
  const [size, bits, count, at] = [head.uint(1), head.uint(1), head.uint(8), head.uint(8)];
  if (at < 0) return;
  if (count > MAX_CHUNKS || bits > 32) throw fail(`claims ${count} chunks`);
  const page = 2 ** bits;
  const pages = count > page ? Math.ceil(count / page) : 0;
  const block = await hdf.read(at, 14 + Math.ceil(pages / 8), 'an array of chunks');
  block.expect('FADB');
  block.skip(9);
  if (pages === 0) return elements(hdf, at + 14, 0, count, size, put);
  const start = at + 14 + block.left + 4;
  for (let k = 0; k < pages; k++) {
    if (!isSet(block, k)) continue;
    const first = k * page;
    const next = start + k * (page * size + 4);
    await elements(hdf, next, first, Math.min(page, count - first), size, put);
  }
}

/** Bit k of the bytes that lie ahead, the first one the highest. */
const isSet = (bits: Cursor, k: number) => (bits.data[bits.at + (k >> 3)] & (0x80 >> (k & 7))) !== 0;

async function elements(
  hdf: Hdf5File,
  address: number,
  first: number,
  count: number,
  size: number,
  put: Put,
): Promise<void> {
  const block = await hdf.read(address, count * size, 'an array of chunks');
  for (let i = 0; i < count; i++) put(first + i, block.part(size), size);
}

/**
 * Elements in the index block, then in data blocks that grow: super block s has 2^(s / 2) of them, of
 * least * 2^((s + 1) / 2) elements. The data blocks of the first super blocks are listed in the index block, those of
 * others in a block of their own; one that is larger than a page is cut into pages.
 */
async function extensibleArray(hdf: Hdf5File, address: number, put: Put, fail: Grid['fail']): Promise<void> {
  const what = 'an array of chunks';
  const head = await hdf.read(address, 68, what);
  head.expect('EAHD');
  head.skip(1);
  const [size, bits, direct, least, pointers, pageBits] = Array.from({ length: 6 }, () => head.uint(1));
  head.skip(4 * 8);
  const used = head.uint(8);
  head.skip(8);
  const at = head.uint(8);
  const [steps, listed] = [Math.log2(least), 2 * Math.log2(pointers)];
  if (!Number.isInteger(steps) || !Number.isInteger(listed) || bits > 64 || pageBits > 32 || size < 8)
    throw fail('has a damaged index of its chunks');
  if (used > MAX_CHUNKS * 16) throw fail(`claims ${used} chunks`);
  if (at < 0) return;
  const supers = 1 + bits - steps;
  const own = 2 * (pointers - 1);
  const index = await hdf.read(at, 14 + direct * size + 8 * (own + Math.max(0, supers - listed)), what);
  index.expect('EAIB');
  index.skip(9);
  let first = 0;
  for (; first < direct; first++) put(first, index.part(size), size);
  const ahead = 14 + Math.ceil(bits / 8); // of a data or super block
  const page = 2 ** pageBits;
  for (let s = 0; s < supers && first < used; s++) {
    const blocks = 2 ** (s >> 1);
    const count = least * 2 ** ((s + 1) >> 1);
    const pages = count > page ? count / page : 0;
    const marks = Math.ceil(pages / 8);
    let list = index;
    if (s >= listed) {
      const block = index.uint(8);
      if (block < 0) {
        first += blocks * count;
        continue;
      }
      list = await hdf.read(block, ahead + blocks * (marks + 8), what);
      list.expect('EASB');
      list.skip(ahead - 5);
    }
    const set = list.part(s >= listed ? blocks * marks : 0);
    for (let b = 0; b < blocks; b++, first += count) {
      const block = list.uint(8);
      if (block < 0 || first >= used) continue;
      if (pages === 0) await elements(hdf, block + ahead, first, count, size, put);
      for (let p = 0; p < pages && first + p * page < used; p++) {
        if (set.data.length > 0 && !isSet(set, b * pages + p)) continue;
        await elements(hdf, block + ahead + 4 + p * (page * size + 4), first + p * page, page, size, put);
      }
    }
  }
}
