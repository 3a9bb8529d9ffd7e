// Independent columns of a complex matrix: pivoted QR (modified Gram and Schmidt,
// whose R is as good as Householder's), then the exchanges of
// Gu & Eisenstat 1996 as in assembly/factor/strong-rrqr.ts, each of them followed by a factorisation anew.
// In JavaScript: the kernel is real.
// Cost: 8 m n k multiplications for k columns, and as much for every exchange, of which there are few.

import { allocate } from '../input/elements.js';
import type { Stack } from '../input/stack.js';

/** An exchange is made where it multiplies |det R11|^2 by more. */
const LARGEST = 1.25;

/** Columns of pairs (re, im): column j at 2 m j. */
interface Columns {
  data: Float64Array;
  m: number;
  n: number;
}

/**
 * The one complex matrix of the stack by columns, at a scale where squares are safe;
 * of a Hermitian one the lower triangle is read.
 */
function columnsOf(fn: string, stack: Stack, hermitian: boolean): Columns {
  const { rows: m, cols: n } = stack;
  const data = allocate(fn, Float64Array, 2 * m * n);
  const from = stack.data as Float64Array;
  let largest = 0;
  for (let p = 2 * stack.offset; p < 2 * (stack.offset + m * n); p++)
    largest = Math.max(largest, Math.abs(from[p]));
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
  return { data, m, n };
}

const square = (x: Float64Array, from: number, to: number) => {
  let sum = 0;
  for (let p = from; p < to; p++) sum += x[p] * x[p];
  return sum;
};

/**
 * R (k x n, pairs, by columns) of the columns in the order of `perm`, whose first k are chosen here where `pivot`;
 * and what is left, squared.
 */
function factor({ data, m, n }: Columns, k: number, perm: Int32Array, pivot: boolean) {
  const work = data.slice();
  const R = new Float64Array(2 * k * n);
  const at = (j: number) => 2 * m * perm[j];
  const length = (j: number) => square(work, at(j), at(j) + 2 * m);
  for (let t = 0; t < k; t++) {
    if (pivot) {
      let best = t;
      let most = -1;
      for (let j = t; j < n; j++) {
        const s = length(j);
        if (s > most) [most, best] = [s, j];
      }
      [perm[t], perm[best]] = [perm[best], perm[t]];
      const own = R.slice(2 * k * t, 2 * k * (t + 1));
      R.copyWithin(2 * k * t, 2 * k * best, 2 * k * (best + 1));
      R.set(own, 2 * k * best);
    }
    const size = Math.sqrt(length(t));
    R[2 * (k * t + t)] = size;
    if (size === 0) continue;
    const q = at(t);
    for (let p = q; p < q + 2 * m; p++) work[p] /= size;
    for (let j = t + 1; j < n; j++) {
      const a = at(j);
      let re = 0;
      let im = 0;
      for (let p = 0; p < 2 * m; p += 2) {
        re += work[q + p] * work[a + p] + work[q + p + 1] * work[a + p + 1];
        im += work[q + p] * work[a + p + 1] - work[q + p + 1] * work[a + p];
      }
      R[2 * (k * j + t)] = re;
      R[2 * (k * j + t) + 1] = im;
      for (let p = 0; p < 2 * m; p += 2) {
        work[a + p] -= re * work[q + p] - im * work[q + p + 1];
        work[a + p + 1] -= re * work[q + p + 1] + im * work[q + p];
      }
    }
  }
  return { R, rest: Float64Array.from({ length: n - k }, (_, j) => length(k + j)) };
}

/** x <- R11^-1 x, x k pairs from `at` on. R's diagonal is real. */
function solve(R: Float64Array, k: number, x: Float64Array, at: number): void {
  for (let i = k - 1; i >= 0; i--) {
    const d = R[2 * (k * i + i)];
    const re = x[at + 2 * i] / d;
    const im = x[at + 2 * i + 1] / d;
    x[at + 2 * i] = re;
    x[at + 2 * i + 1] = im;
    for (let p = 0; p < i; p++) {
      const u = 2 * (k * i + p);
      x[at + 2 * p] -= R[u] * re - R[u + 1] * im;
      x[at + 2 * p + 1] -= R[u] * im + R[u + 1] * re;
    }
  }
}

/** The exchange that multiplies |det R11|^2 by most, if by more than the limit. */
function search(
  R: Float64Array,
  rest: Float64Array,
  k: number,
  n: number,
): [i: number, j: number] | undefined {
  const inverse = new Float64Array(k); // squared lengths of the rows of R11^-1
  for (let c = 0; c < k; c++) {
    const x = new Float64Array(2 * k);
    x[2 * c] = 1;
    solve(R, k, x, 0);
    for (let i = 0; i < k; i++) inverse[i] += x[2 * i] ** 2 + x[2 * i + 1] ** 2;
  }
  const T = R.slice(2 * k * k);
  let found: [number, number] | undefined;
  let most = LARGEST;
  for (let j = 0; j < n - k; j++) {
    solve(R, k, T, 2 * k * j);
    for (let i = 0; i < k; i++) {
      const p = 2 * (k * j + i);
      const ratio = T[p] ** 2 + T[p + 1] ** 2 + inverse[i] * rest[j];
      if (ratio > most && ratio < Infinity) {
        most = ratio;
        found = [i, k + j];
      }
    }
  }
  return found;
}

/** k columns of the one complex matrix of the stack, ascending; see independentColumns. */
export function complexColumns(fn: string, stack: Stack, hermitian: boolean, k: number): Int32Array {
  const columns = columnsOf(fn, stack, hermitian);
  const perm = Int32Array.from({ length: columns.n }, (_, j) => j);
  let { R, rest } = factor(columns, k, perm, true);
  for (let count = 0; k > 0 && count < columns.n; count++) {
    const found = search(R, rest, k, columns.n);
    if (!found) break;
    const [i, j] = found;
    [perm[i], perm[j]] = [perm[j], perm[i]];
    ({ R, rest } = factor(columns, k, perm, false));
  }
  return perm.slice(0, k).sort();
}
