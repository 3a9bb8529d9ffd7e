// The bytes that a RankAccumulator is saved as.
//
// Little-endian.
//   0  'mrankacc'
//   8  u8 format
//   9  u8 dtype: 0 none, 1 float32, 2 float64, 3 complex64, 4 complex128
//  10  u8 double
//  11  u8 form
//  12  u32 columns, of complex rows twice as many
//  16  f64 rows
//  24  i32 exponent
//  28  u32 filled
//  32  f64 folds
//  40  the elements, f64: form 0, `filled` rows; form 1, the upper triangle of order `columns`, row by row
//  at the end: u32 CRC-32 of all before

import { allocate } from '../input/elements.js';
import { describe } from '../input/options.js';
import { crc32 } from '../shared/crc32.js';
import { WorkingMatrix } from './working-matrix.js';

const MAGIC = 'mrankacc';
const FORMAT = 1;
const HEADER = 40;
const DTYPES = [undefined, 'float32', 'float64', 'complex64', 'complex128'] as const;

/** What an accumulator knows. */
export interface State {
  rows: number;
  chosen: (typeof DTYPES)[number];
  double: boolean;
  /** No more rows than columns. */
  work: WorkingMatrix;
}

export function writeState(state: State): Uint8Array {
  const { width: n, filled, exponent, folds, data } = state.work;
  // Folded rows are a triangle; rows that were never folded may happen to be one.
  const triangle = filled === n && isTriangle(data, n);
  const bytes = allocate('RankAccumulator.toBytes', Uint8Array, sizeOf(n, filled, triangle));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  bytes[8] = FORMAT;
  bytes[9] = DTYPES.indexOf(state.chosen);
  bytes[10] = Number(state.double);
  bytes[11] = Number(triangle);
  view.setUint32(12, n, true);
  view.setFloat64(16, state.rows, true);
  view.setInt32(24, exponent, true);
  view.setUint32(28, filled, true);
  view.setFloat64(32, folds, true);
  let at = HEADER;
  for (let i = 0; i < filled; i++) {
    for (let j = triangle ? i : 0; j < n; j++, at += 8) view.setFloat64(at, data[i * n + j], true);
  }
  view.setUint32(at, crc32(bytes.subarray(0, at)), true);
  return bytes;
}

/** @throws TypeError for what is no Uint8Array, RangeError for bytes that writeState did not write */
export function readState(fn: string, bytes: unknown): State {
  if (Object.prototype.toString.call(bytes) !== '[object Uint8Array]') {
    throw new TypeError(`${fn}: bytes must be a Uint8Array; got ${describe(bytes)}.`);
  }
  const all = bytes as Uint8Array;
  const refuse = (why: string): never => {
    throw new RangeError(`${fn}: ${why}.`);
  };
  checkEnds(all, refuse);
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  const state: State = {
    rows: view.getFloat64(16, true),
    chosen: DTYPES[all[9]],
    double: all[10] === 1,
    work: new WorkingMatrix(view.getUint32(12, true)),
  };
  const { work } = state;
  work.exponent = view.getInt32(24, true);
  work.filled = view.getUint32(28, true);
  work.folds = view.getFloat64(32, true);
  if (!isSound(state, all)) refuse('the bytes contradict themselves');
  work.data = allocate(fn, Float64Array, work.filled * work.width);
  let at = HEADER;
  for (let i = 0; i < work.filled; i++) {
    for (let j = all[11] === 1 ? i : 0; j < work.width; j++, at += 8) {
      const x = view.getFloat64(at, true);
      if (!Number.isFinite(x)) refuse('the bytes contradict themselves');
      work.data[i * work.width + j] = x;
    }
  }
  return state;
}

/** Bytes of this format, all of them, and unchanged. */
function checkEnds(all: Uint8Array, refuse: (why: string) => never): void {
  const text = String.fromCharCode(...all.subarray(0, MAGIC.length));
  if (text !== MAGIC.slice(0, text.length) || all.length === 0) {
    refuse(`these ${all.length} bytes are no saved RankAccumulator: they do not begin with '${MAGIC}'`);
  }
  if (all.length > 8 && all[8] !== FORMAT) {
    refuse(`the bytes have format ${all[8]}; this version of matrix-rank reads format ${FORMAT}`);
  }
  if (all.length < HEADER + 4) refuse(`the bytes are cut short: ${all.length} of at least ${HEADER + 4}`);
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  const size = sizeOf(view.getUint32(12, true), view.getUint32(28, true), all[11] === 1);
  if (all.length < size) refuse(`the bytes are cut short: ${all.length} of ${size}`);
  const end = all.length - 4;
  if (view.getUint32(end, true) !== crc32(all.subarray(0, end))) {
    refuse('the bytes were changed: their checksum is wrong');
  }
}

/** Whether what the header says fits together. */
function isSound({ rows, chosen, work }: State, all: Uint8Array): boolean {
  const { width, filled, exponent, folds } = work;
  const copies = chosen?.startsWith('complex') ? 2 : 1; // rows of work for each row pushed
  return (
    all.length === sizeOf(width, filled, all[11] === 1) &&
    all[9] < DTYPES.length &&
    all[10] < 2 &&
    all[11] < 2 &&
    width > 0 &&
    width % copies === 0 &&
    filled % copies === 0 &&
    filled <= width &&
    (all[11] === 0 || filled === width) &&
    Number.isSafeInteger(rows) &&
    copies * rows >= filled &&
    Number.isSafeInteger(folds) &&
    folds >= 0 &&
    Math.abs(exponent) <= 1200
  );
}

/** Bytes of the saved form. */
function sizeOf(n: number, filled: number, triangle: boolean): number {
  return HEADER + 8 * (triangle ? (n * (n + 1)) / 2 : filled * n) + 4;
}

function isTriangle(data: Float64Array, n: number): boolean {
  for (let i = 1; i < n; i++) for (let j = 0; j < i; j++) if (data[i * n + j] !== 0) return false;
  return true;
}
