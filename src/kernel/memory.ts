// Moves one matrix into the kernel: whole when it is small, panel by panel (on the kernel's request) when it is large.
// The caller's array is only ever read.

import { type Floats, isShared, serve, view, views } from './host.js';
import { kernel } from './load.js';

/** Matrices of up to this many bytes are copied whole; larger ones are pulled in panels as the kernel asks. */
const RESIDENT = 1 << 22;
/**
 * The same where threads share the memory: none is to wait for one that pulls; beyond, there is work enough meanwhile.
 */
const RESIDENT_SHARED = 1 << 26;

/** n float64 values of kernel memory, copied out. */
export function copyOut(pointer: number, n: number): Float64Array {
  return views().doubles.slice((pointer >>> 0) / 8, (pointer >>> 0) / 8 + n);
}

/** Values into kernel memory. */
export function copyIn(values: Float64Array, pointer: number): void {
  views().doubles.set(values, (pointer >>> 0) / 8);
}

/** n int32 values of kernel memory, copied out. */
export function copyOutInt(pointer: number, n: number): Int32Array {
  return views().ints.slice((pointer >>> 0) / 4, (pointer >>> 0) / 4 + n);
}

/**
 * Opens rows x cols elements from `offset` on in the kernel, stored row by row (or column by column). Returns whether
 * the kernel sees the transpose of the caller's matrix.
 */
export function open(from: Floats, offset: number, rows: number, cols: number, colMajor: boolean): boolean {
  const k = kernel();
  const lines = colMajor ? cols : rows; // contiguous lines, and their length
  const length = colMajor ? rows : cols;
  const byRow = lines >= length;
  const long = byRow ? lines : length;
  const short = byRow ? length : lines;
  if (long > 0x7fffffff) throw new RangeError(`matrix-rank: ${long} rows are more than 2147483647.`);
  serve({ data: from, start: offset, long, short, byRow });
  k.reset();
  const bytes = long * short * from.BYTES_PER_ELEMENT;
  let at = 0;
  if (bytes <= (isShared() ? RESIDENT_SHARED : RESIDENT)) {
    at = k.reserve(bytes);
    copyElements(from, offset, long * short, at);
  }
  k.open(at, long, short, from instanceof Float32Array, byRow);
  return byRow === colMajor;
}

/** Of a stack, so many bytes are copied at once, and only matrices of up to half of them. */
const BATCH = 1 << 19;

/** How many matrices of so many bytes are copied into the kernel at once, 0 where each is to be opened on its own. */
export function batchSize(bytes: number): number {
  return 2 * bytes > BATCH ? 0 : Math.max(1, Math.floor(BATCH / bytes));
}

/** `count` matrices, one behind the other from `offset` on: contiguous lines (rows or columns), all of one length. */
export interface Batch {
  data: Floats;
  offset: number;
  lines: number;
  length: number;
  count: number;
}

/**
 * Ranks of the matrices into ranks[first ..], in one call of the kernel. Returns how many were done: it stops at one
 * that is not finite.
 */
export function ranksOfBatch(
  { data, offset, lines, length, count }: Batch,
  { absolute, relative }: { absolute: number; relative: number },
  ranks: Int32Array,
  first: number,
): number {
  const k = kernel();
  k.reset();
  const size = lines * length;
  const out = k.reserve(4 * count);
  const at = k.reserve(count * size * data.BYTES_PER_ELEMENT);
  copyElements(data, offset, count * size, at);
  const tall = lines >= length;
  const single = data instanceof Float32Array;
  const m = tall ? lines : length;
  const done = k.ranks(out, at, count, m, size / m, single, tall, absolute, relative);
  const { ints } = views(); // anew: the memory may have grown
  for (let i = 0, p = (out >>> 0) / 4; i < done; i++) ranks[first + i] = ints[p + i];
  return done;
}

/** n elements from `offset` on, to kernel memory. */
function copyElements(from: Floats, offset: number, n: number, to: number): void {
  const out = view(from);
  const p = (to >>> 0) / from.BYTES_PER_ELEMENT;
  if (n <= 32) for (let i = 0; i < n; i++) out[p + i] = from[offset + i];
  else out.set(offset === 0 && from.length === n ? from : from.subarray(offset, offset + n), p);
}
