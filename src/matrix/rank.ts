// matrixRank, matrixRanks, rankReport: tolerance and input in, the kernel's answer out.

import { isComplex } from '../input/elements.js';
import { floats } from '../input/floats.js';
import { readOptions, type Tolerance } from '../input/options.js';
import { readInput, type Stack, smallRows } from '../input/stack.js';
import { batchSize, ranksOfBatch } from '../kernel/memory.js';
import type { MatrixInput, NumericArray, RankOptions, RankReport } from '../types.js';
import {
  checkFinite,
  forEachMatrix,
  rankOpen,
  readCall,
  splitArguments,
  throwUndecided,
  tolerances,
} from './call.js';

/** Where matrixRank's one rank goes. */
const ONE = new Int32Array(1);
/** By the numbers of assembly/certificate/claim.ts; the last two are of a trailing and of an equilibrated matrix. */
export const METHODS = [
  'trivial',
  'cholesky',
  'inertia',
  'sample',
  'qr',
  'lq',
  'bidiagonal',
  'inertia',
  'inertia',
];

/**
 * The ranks of a stack, into `ranks` where it is given. The options are read already: a getter among them is the
 * caller's code, and might change the elements or run another matrix once they have been read.
 */
export function ranksOf(
  fn: string,
  stack: Stack,
  t: Tolerance,
  ranks = new Int32Array(stack.count),
): Int32Array {
  if (stack.rows === 0 || stack.cols === 0) return ranks.fill(0);
  if (stack.vector) {
    forEachMatrix(fn, stack, false, (k, i) => {
      ranks[i] = rankOpen(fn, k, stack, tolerances(t, stack));
    });
    return ranks;
  }
  const tolerance = tolerances(t, stack);
  const alike = tolerance.noise === undefined || stack.count === 1;
  const size = stack.rows * stack.cols;
  const step = t.hermitian || !alike || isComplex(stack) ? 0 : batchSize(size * 8);
  if (step) {
    const { data, offset } = floats(stack);
    const lines = stack.colMajor ? stack.cols : stack.rows;
    for (let i = 0; i < stack.count; i += step) {
      const count = Math.min(step, stack.count - i);
      const batch = { data, offset: offset + i * size, lines, length: size / lines, count };
      const done = ranksOfBatch(batch, tolerance, ranks, i);
      if (done < count) checkFinite(fn, stack, (i + done) * size, size);
      if (done < count) throwUndecided(fn);
    }
    return ranks;
  }
  forEachMatrix(fn, stack, t.hermitian, (k, i) => {
    ranks[i] = rankOpen(fn, k, stack, alike ? tolerance : tolerances(t, stack, i));
  });
  return ranks;
}

/**
 * Rank of one matrix: how many singular values are strictly greater than the tolerance.
 *
 * The tolerance is sigma_1 * max(rows, columns) * eps unless the options say otherwise, as NumPy's: eps is 2^-52 for
 * float64 and integers, 2^-23 for float32; what is stored in 16 bits or fewer has the larger of that and what
 * rounding to them can do (`tol: 'storage'`).
 *
 * @param data elements in row-major order; float64 and integers are decided in float64, float32 with float32's eps
 * @param shape [rows, columns]; [n] or [] for a vector or a scalar, whose rank is 1 if any element is nonzero
 * @param options the tolerance: { tol } absolute, { rtol } relative to sigma_1, { atol,
 *   rtol } the larger of both; and `hermitian`
 * @example
 * matrixRank(weights, [512, 4608]);                  // a Float32Array, row-major
 * matrixRank([[1, 2], [2, 4.0001]], { tol: 1e-3 });  // 1
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function matrixRank(data: NumericArray, shape: readonly number[], options?: RankOptions): number;
/** Rank of a matrix that knows its own shape: rows of numbers, a TensorLike, or a tensor of another library. */
export function matrixRank(a: MatrixInput, options?: RankOptions): number;
export function matrixRank(a: unknown, b?: unknown, c?: unknown): number {
  const [shape, options] = splitArguments(b, c, a);
  const t = readOptions('matrixRank', options);
  const stack = (shape === undefined && smallRows(a)) || readInput('matrixRank', [a, shape], 2, true);
  return ranksOf('matrixRank', stack, t, ONE)[0];
}

/**
 * Ranks of a stack of matrices, shape [..., m, n]: one for each, in row-major order of the leading dimensions.
 * Each matrix has a tolerance of its own, as in NumPy: by default its sigma_1 * max(m, n) * eps.
 *
 * @example matrixRanks(kernels, [96, 64, 64]) // Int32Array of 96 ranks
 */
export function matrixRanks(data: NumericArray, shape: readonly number[], options?: RankOptions): Int32Array;
export function matrixRanks(a: MatrixInput, options?: RankOptions): Int32Array;
export function matrixRanks(a: unknown, b?: unknown, c?: unknown): Int32Array {
  const [shape, options] = splitArguments(b, c, a);
  const t = readOptions('matrixRanks', options);
  return ranksOf('matrixRanks', readInput('matrixRanks', [a, shape], Infinity, true), t);
}

/** How far the nearer bound keeps from the tolerance. An upper bound of zero sets no limit, a lower one no margin. */
export function marginOf(lower: number, upper: number, tolerance: number): number {
  const below = lower === Infinity ? Infinity : lower === 0 ? 0 : lower / tolerance;
  return Math.min(below, upper === 0 ? Infinity : tolerance / upper);
}

/** What there is to say of a matrix without elements. */
export function emptyReport(rows: number, cols: number, tolerance: number): RankReport {
  return {
    rank: 0,
    shape: [rows, cols],
    tolerance,
    method: 'trivial',
    lower: Infinity,
    upper: 0,
    sigmaMax: 0,
    margin: Infinity,
    proven: true,
  };
}

/**
 * Rank of one matrix with its proof: both bounds, the tolerance, sigma_1, the step that decided, and the margin.
 * Default tolerance sigma_1 * max(rows, columns) * eps, as in `matrixRank`.
 *
 * @example
 * const { rank, margin, proven } = rankReport(weights, [512, 4608]);
 * // margin 29: no singular value lies within a factor of 29 of the tolerance, so that the rank is the same for
 * // any tolerance from 1 / 29 of this one to 29 times it; margin 1.02: one lies 2 % from it, and another
 * // tolerance may count it on the other side
 */
export function rankReport(data: NumericArray, shape: readonly number[], options?: RankOptions): RankReport;
export function rankReport(a: MatrixInput, options?: RankOptions): RankReport;
export function rankReport(a: unknown, b?: unknown, c?: unknown): RankReport {
  const fn = 'rankReport';
  const { stack, t, hermitian } = readCall(fn, [a, b, c], true);
  const { absolute, relative, noise } = tolerances(t, stack);
  const { rows, cols } = stack;
  let report = emptyReport(rows, cols, absolute);
  if (rows === 0 || cols === 0) return report;
  forEachMatrix(fn, stack, hermitian, (k) => {
    const rank = rankOpen(fn, k, stack, { absolute, relative }, true);
    report = {
      rank,
      shape: [rows, cols],
      tolerance: Math.max(absolute, k.tolerance()),
      method: METHODS[k.method()],
      lower: k.lower(),
      upper: k.upper(),
      sigmaMax: k.sigma(),
      margin: k.margin(),
      ...(noise !== undefined && { noise }),
      proven: k.proven() !== 0,
    };
  });
  return report;
}
