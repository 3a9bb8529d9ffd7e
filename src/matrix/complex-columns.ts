// Pivoted QR of a complex matrix, and what comes of it: independent columns, R, an interpolative decomposition.
//
// Modified Gram and Schmidt, whose R is as good as Householder's, then the exchanges of Gu & Eisenstat 1996 as in
// assembly/factor/strong-rrqr.ts, each of them followed by a factorisation anew. In JavaScript: the kernel is real.
// Cost: 8 m n k multiplications for k columns, and as much for every exchange, of which there are few.
import type { Stack } from '../input/stack.js';
import type { PivotedQR } from '../types.js';
import { type Columns, columnsOf, squareOf } from './complex-matrix.js';

/** An exchange is made where it multiplies |det R11|^2 by more. */
const LARGEST = 1.25;

/** A[:, perm] = Q R. */
interface Factored {
  perm: Int32Array;
  /** k x n, pairs, by columns. */
  R: Float64Array;
  /** Squared lengths of what is left of the columns from k on. */
  rest: Float64Array;
  /** What was left of all columns before each step, squared, and behind the last. */
  squares: number[];
}

/**
 * k steps on the columns in the order of `perm`, which is changed. Step t takes the longest column that is left: below
 * `fixed` the one that stands there, below `first` only one of the first `first`.
 */
function factor(
  { data, m, n }: Columns,
  k: number,
  perm: Int32Array,
  fixed: number,
  first: number,
): Factored {
  const work = data.slice();
  const R = new Float64Array(2 * k * n);
  const squares: number[] = [];
  const at = (j: number) => 2 * m * perm[j];
  const length = (j: number) => squareOf(work, at(j), at(j) + 2 * m);
  const left = (from: number) => Float64Array.from({ length: n - from }, (_, j) => length(from + j));
  for (let t = 0; t < k; t++) {
    if (t >= fixed) {
      const lengths = left(t);
      squares.push(lengths.reduce((sum, s) => sum + s, 0));
      const some = lengths.subarray(0, (t < first ? first : n) - t);
      exchange(perm, R, k, t, t + some.indexOf(Math.max(...some)));
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
  const rest = left(k);
  squares.push(rest.reduce((sum, s) => sum + s, 0));
  return { perm, R, rest, squares };
}

/** Columns i and j change places. */
function exchange(perm: Int32Array, R: Float64Array, k: number, i: number, j: number): void {
  [perm[i], perm[j]] = [perm[j], perm[i]];
  const own = R.slice(2 * k * i, 2 * k * (i + 1));
  R.copyWithin(2 * k * i, 2 * k * j, 2 * k * (j + 1));
  R.set(own, 2 * k * j);
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
function search({ R, rest }: Factored, k: number, n: number): [i: number, j: number] | undefined {
  const inverse = new Float64Array(k); // squared lengths of the rows of R11^-1
  for (let c = 0; c < k; c++) {
    const x = new Float64Array(2 * k);
    x[2 * c] = 1;
    solve(R, k, x, 0);
    for (let i = 0; i < k; i++) inverse[i] += x[2 * i] ** 2 + x[2 * i + 1] ** 2;
  }
  const T = R.slice(2 * k * k);
  let best: [number, number] | undefined;
  let most = LARGEST;
  for (let j = 0; j < n - k; j++) {
    solve(R, k, T, 2 * k * j);
    for (let i = 0; i < k; i++) {
      const p = 2 * (k * j + i);
      const ratio = T[p] ** 2 + T[p + 1] ** 2 + inverse[i] * rest[j];
      if (ratio > most && ratio < Infinity) {
        most = ratio;
        best = [i, k + j];
      }
    }
  }
  return best;
}

const identity = (n: number) => Int32Array.from({ length: n }, (_, j) => j);

/** k columns, the choice made strong. */
function choose(columns: Columns, k: number): Factored {
  let factored = factor(columns, k, identity(columns.n), 0, 0);
  for (let count = 0; k > 0 && count < columns.n; count++) {
    const exchange = search(factored, k, columns.n);
    if (!exchange) break;
    const { perm } = factored;
    const [i, j] = exchange;
    [perm[i], perm[j]] = [perm[j], perm[i]];
    factored = factor(columns, k, perm, k, 0);
  }
  return factored;
}

/** k columns of the one complex matrix of the stack, ascending; see independentColumns. */
export function complexColumns(fn: string, stack: Stack, hermitian: boolean, k: number): Int32Array {
  return choose(columnsOf(fn, stack, hermitian), k)
    .perm.slice(0, k)
    .sort();
}

/** See qr; R is min(m, n) x n, pairs, row-major. */
export function complexQr(fn: string, stack: Stack, hermitian: boolean, rank: number): PivotedQR {
  const columns = columnsOf(fn, stack, hermitian);
  const { m, n, unscale } = columns;
  const size = Math.min(m, n);
  const { R, perm } = factor(columns, size, choose(columns, rank).perm, 0, rank);
  const r = new Float64Array(2 * size * n);
  for (let j = 0; j < n; j++) {
    for (let i = 0; i <= Math.min(j, size - 1); i++) {
      r[2 * (i * n + j)] = unscale(R[2 * (size * j + i)]);
      r[2 * (i * n + j) + 1] = unscale(R[2 * (size * j + i) + 1]);
    }
  }
  return { r, permutation: perm, rank };
}

/** Ten equal values hold 90 % of the energy in nine, whatever rounding says. */
const ROUNDING = 1 + 1e-10;

/**
 * At most `most` columns, and no more than leave an error of share ||A||_F^2, squared, and the coefficients (k x n,
 * pairs, row-major) that give all columns from them.
 */
export function interpolate(columns: Columns, most: number, share: number): [Int32Array, Float64Array] {
  const { n } = columns;
  let k = most;
  let chosen: Factored | undefined;
  if (share > 0) {
    const { perm, squares } = factor(columns, most, identity(n), 0, 0);
    const enough = squares.findIndex((s) => s <= share * ROUNDING * squares[0]);
    if (enough >= 0) {
      k = enough;
      chosen = factor(columns, k, perm, k, 0);
    }
  }
  chosen ??= choose(columns, k);
  const { R, perm } = chosen;
  const right = new Float64Array(2 * k * n);
  for (let p = 0; p < n; p++) {
    if (p >= k) solve(R, k, R, 2 * k * p);
    for (let i = 0; i < k; i++) {
      const to = 2 * (i * n + perm[p]);
      right[to] = p < k ? Number(i === p) : R[2 * (k * p + i)];
      right[to + 1] = p < k ? 0 : R[2 * (k * p + i) + 1];
    }
  }
  return [perm.slice(0, k), right];
}
