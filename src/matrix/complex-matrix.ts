// A complex matrix in JavaScript: pairs (re, im), at a scale where squares are safe, and products of such.

import { allocate } from '../input/elements.js';
import type { Stack } from '../input/stack.js';

/** Columns of pairs: column j at 2 m j. */
export interface Columns {
  data: Float64Array;
  m: number;
  n: number;
  /** What a number of this scale is in the caller's. */
  unscale: (x: number) => number;
}

/** The one complex matrix of the stack by columns; of a Hermitian one the lower triangle is read. */
export function columnsOf(fn: string, stack: Stack, hermitian: boolean): Columns {
  const { rows: m, cols: n } = stack;
  const data = allocate(fn, Float64Array, 2 * m * n);
  const from = stack.data as Float64Array;
  let largest = 0;
  for (let i = 0; i < m; i++) {
    for (let p = 2 * (stack.offset + i * n); p < 2 * (stack.offset + i * n + (hermitian ? i + 1 : n)); p++)
      if (Math.abs(from[p]) < Infinity) largest = Math.max(largest, Math.abs(from[p]));
  }
  const power = largest > 0 ? -Math.floor(Math.log2(largest)) : 0;
  const [one, two] = [2 ** Math.trunc(power / 2), 2 ** (power - Math.trunc(power / 2))];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const upper = hermitian && j > i;
      const p = 2 * (stack.offset + (upper ? j * n + i : i * n + j));
      const to = 2 * (m * j + i);
      data[to] = from[p] * one * two;
      data[to + 1] = hermitian && i === j ? 0 : (upper ? -1 : 1) * from[p + 1] * one * two;
    }
  }
  return { data, m, n, unscale: (x) => x / one / two };
}

export function squareOf(x: Float64Array, from = 0, to = x.length): number {
  let sum = 0;
  for (let p = from; p < to; p++) sum += x[p] * x[p];
  return sum;
}

/** c (m x n) += sign a b, all pairs: a by columns (m x k), b row-major (k x n), c by columns. */
export function addProduct(
  c: Float64Array,
  a: Float64Array,
  b: Float64Array,
  [m, k, n]: readonly [number, number, number],
  sign: number,
): void {
  for (let j = 0; j < n; j++) {
    for (let p = 0; p < k; p++) {
      const re = sign * b[2 * (p * n + j)];
      const im = sign * b[2 * (p * n + j) + 1];
      for (let x = 2 * m * p, y = 2 * m * j; x < 2 * m * (p + 1); x += 2, y += 2) {
        c[y] += a[x] * re - a[x + 1] * im;
        c[y + 1] += a[x] * im + a[x + 1] * re;
      }
    }
  }
}

/** The conjugate transpose, in the same order of storage: of m lines of n pairs, n lines of m. */
export function adjoint(a: Float64Array, m: number, n: number): Float64Array {
  const out = new Float64Array(2 * m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      out[2 * (j * m + i)] = a[2 * (i * n + j)];
      out[2 * (j * m + i) + 1] = -a[2 * (i * n + j) + 1];
    }
  }
  return out;
}

/** n lines of m pairs, of m lines of n: columns to rows, and back. */
export function turned(a: Float64Array, m: number, n: number): Float64Array {
  const out = adjoint(a, m, n);
  for (let p = 1; p < out.length; p += 2) out[p] = -out[p];
  return out;
}
