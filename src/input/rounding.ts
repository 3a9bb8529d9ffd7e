// The storage tolerance: what rounding to the type that a matrix is stored in can do to its singular values.
// Each stored number stands for all reals that round to it, half a step h_ij on either side. Independent errors, even
// over these intervals, have variances h_ij^2 / 3 and a spectral norm of about
//   tau = max_i sqrt(sum_j h_ij^2 / 3) + max_j sqrt(sum_i h_ij^2 / 3)
// (Bandeira & van Handel 2016, leading term). Cost: one pass, a look-up by exponent an element.

import { embedded } from './complex.js';
import { isComplex } from './elements.js';
import { type Stack, symmetrized } from './stack.js';

/** A binary floating-point type: stored digits after the leading one, and the least normal exponent. */
export interface FloatType {
  digits: number;
  least: number;
}

export const FLOAT_TYPES: Readonly<Record<string, FloatType>> = {
  float64: { digits: 52, least: -1022 },
  float32: { digits: 23, least: -126 },
  bfloat16: { digits: 7, least: -126 },
  float16: { digits: 10, least: -14 },
  float8_e4m3: { digits: 3, least: -6 },
  float8_e5m2: { digits: 2, least: -14 },
  float8_e4m3fnuz: { digits: 3, least: -7 },
  float8_e5m2fnuz: { digits: 2, least: -15 },
  float8_e8m0: { digits: 0, least: -127 },
  float4_e2m1: { digits: 1, least: 0 },
};

/** Sums of h^2 / 3 over the rows and the columns of one matrix; a decoder adds as it goes. */
export class RoundingSums {
  readonly rows: Float64Array;
  readonly cols: Float64Array;
  constructor(rows: number, cols: number) {
    this.rows = new Float64Array(rows);
    this.cols = new Float64Array(cols);
  }
  /** tau */
  norm(): number {
    return Math.sqrt(largest(this.rows)) + Math.sqrt(largest(this.cols));
  }
}

function largest(values: Float64Array): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > max) max = values[i];
  return max;
}

/** tau where every half-step is h. */
export function uniformRounding(h: number, rows: number, cols: number): number {
  return rows > 0 && cols > 0 ? (h / Math.sqrt(3)) * (Math.sqrt(rows) + Math.sqrt(cols)) : 0;
}

/** tau of rows x cols elements from `offset` on, 16-bit patterns. */
export function rounding16(
  type: 'float16' | 'bfloat16',
  words: Uint16Array,
  offset: number,
  rows: number,
  cols: number,
): number {
  const { digits, least } = FLOAT_TYPES[type];
  const half = type === 'float16';
  const table = squares(half ? 32 : 256, half ? 15 : 127, digits, least);
  return sumUp({ words, start: offset, step: 1, shift: half ? 10 : 7, table }, rows, cols);
}

/** tau of elements of a type that is held in wider floats. */
export function roundingOf(
  type: FloatType,
  data: Float32Array | Float64Array,
  offset: number,
  rows: number,
  cols: number,
): number {
  const { digits, least } = type;
  if (data instanceof Float32Array) {
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
    const table = squares(256, 127, digits, least);
    return sumUp({ words, start: offset, step: 1, shift: 23, table }, rows, cols);
  }
  // The high word of each pair; in units of the largest exponent, so that no square overflows.
  const words = new Uint32Array(data.buffer, data.byteOffset, 2 * data.length);
  const high = 2 * offset + HIGH;
  let top = 0;
  for (let i = 0; i < rows * cols; i++) top = Math.max(top, (words[high + 2 * i] >>> 20) & 2047);
  const unit = Math.max(top - 1023, least);
  const table = squares(2048, 1023, digits, least, unit);
  return sumUp({ words, start: high, step: 2, shift: 20, table }, rows, cols) * 2 ** unit;
}

const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** h^2 / 3 in units of 4^unit by the exponent field, `bias` being that of 1; the last field holds no numbers. */
function squares(fields: number, bias: number, digits: number, least: number, unit = 0): Float64Array {
  const table = Float64Array.from(
    { length: fields },
    (_, e) => 4 ** (Math.max(e - bias, least) - digits - 1 - unit) / 3,
  );
  table[fields - 1] = 0;
  return table;
}

/** Where the exponents of a matrix stand: in every `step`-th word from `start` on, `shift` bits up. */
interface Exponents {
  words: Uint16Array | Uint32Array;
  start: number;
  step: number;
  shift: number;
  /** h^2 / 3 for each of them, from squares(). */
  table: Float64Array;
}

/** tau of a matrix of these exponents. */
function sumUp(exponents: Exponents, rows: number, cols: number): number {
  const { words, start, step, shift, table } = exponents;
  const mask = table.length - 1;
  const columns = new Float64Array(cols);
  const line = cols * step;
  let most = 0;
  let i = 0;
  for (; i + 4 <= rows; i += 4) most = Math.max(most, addFour(exponents, i, columns));
  for (; i < rows; i++) {
    let sum = 0;
    for (let j = 0, p = start + i * line; j < cols; j++, p += step) {
      const square = table[(words[p] >>> shift) & mask];
      sum += square;
      columns[j] += square;
    }
    if (sum > most) most = sum;
  }
  return Math.sqrt(most) + Math.sqrt(largest(columns));
}

/** Four rows side by side, which read and write the sums of the columns once; the largest of the rows' sums. */
function addFour({ words, start, step, shift, table }: Exponents, row: number, columns: Float64Array) {
  const mask = table.length - 1;
  const cols = columns.length;
  let [p, q, r, s] = [0, 1, 2, 3].map((k) => start + (row + k) * cols * step);
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let j = 0; j < cols; j++, p += step, q += step, r += step, s += step) {
    const h0 = table[(words[p] >>> shift) & mask];
    const h1 = table[(words[q] >>> shift) & mask];
    const h2 = table[(words[r] >>> shift) & mask];
    const h3 = table[(words[s] >>> shift) & mask];
    sum0 += h0;
    sum1 += h1;
    sum2 += h2;
    sum3 += h3;
    columns[j] += h0 + h1 + (h2 + h3);
  }
  return Math.max(sum0, sum1, sum2, sum3);
}

/**
 * The storage tolerance of one matrix of a stack: what its caller knows, or that of its own type; 0 for whole numbers.
 */
export function storageNoise(stack: Stack, index: number, hermitian = false): number {
  const { data, kind, rows, cols, colMajor } = stack;
  if (!Number.isNaN(stack.noise)) return stack.noise;
  const integers = kind === 'other' && !Array.isArray(data);
  if (integers || rows === 0 || cols === 0) return 0;
  const type = FLOAT_TYPES[TYPE_OF[kind]];
  if (isComplex(stack))
    return roundingOf(type, embedded('tol', stack, index, hermitian), 0, 2 * rows, 2 * cols);
  if (hermitian) return roundingOf(type, symmetrized(stack, index), 0, rows, cols);
  // Rows and columns may change places.
  const [lines, length] = colMajor ? [cols, rows] : [rows, cols];
  const at = stack.offset + index * rows * cols;
  if (kind === 'f16' || kind === 'bf16')
    return rounding16(TYPE_OF[kind], data as Uint16Array, at, lines, length);
  if (kind !== 'other') return roundingOf(type, data as Float32Array, at, lines, length);
  return roundingOf(type, Float64Array.from(data.slice(at, at + rows * cols)), 0, lines, length);
}

const TYPE_OF = {
  f64: 'float64',
  f32: 'float32',
  c128: 'float64',
  c64: 'float32',
  f16: 'float16',
  bf16: 'bfloat16',
  other: 'float64',
} as const;
