// rankFactors: a matrix as the product of two thin ones.

import { allocate, isComplex } from '../input/elements.js';
import { describe } from '../input/options.js';
import { element, type Stack } from '../input/stack.js';
import type { Kernel } from '../kernel/load.js';
import { copyOut, copyOutInt } from '../kernel/memory.js';
import type { FactorOptions, MatrixInput, NumericArray, RankFactors } from '../types.js';
import { forEachMatrix, rankOpen, readCallWith, tolerances } from './call.js';
import { complexFactors, type WantedFactors } from './complex-factors.js';
import { columnsOf } from './complex-matrix.js';
import { transpose } from './multiply.js';

/**
 * A ~ left * right, two thin matrices: what compresses a layer of low rank into two, or starts a low-rank
 * adapter.
 *
 * `left` is k columns of A itself and `right` the least-squares solution for them (interpolative
 * decomposition, Cheng et al. 2005); with `method: 'svd'` they are singular vectors, whose error is the least
 * possible (Eckart & Young 1936): where A is of low rank but for noise, columns carry the noise on and leave
 * perhaps three times that error.
 *
 * k is the rank, with the tolerance as in `matrixRank`; or at most `rank`; or, with `energy`, the fewest
 * whose error holds no more than 1 - energy of ||A||_F^2. It is never more than the rank.
 *
 * @param data elements in row-major order, with their shape; or a matrix that knows its own shape
 * @example const { left, right, rank } = rankFactors(kernel, [768, 3072], { energy: 0.99, method: 'svd' })
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function rankFactors(
  data: NumericArray,
  shape: readonly number[],
  options?: FactorOptions,
): RankFactors;
export function rankFactors(a: MatrixInput, options?: FactorOptions): RankFactors;
export function rankFactors(a: unknown, b?: unknown, c?: unknown): RankFactors {
  const fn = 'rankFactors';
  const read = (options?: FactorOptions) => readLimits(fn, options);
  const { stack, t, own, hermitian } = readCallWith(fn, [a, b, c], ['rank', 'energy', 'method'], read, true);
  const { limit, share, method } = own;
  const { rows, cols } = stack;
  const result: RankFactors = {
    left: new Float64Array(0),
    right: new Float64Array(0),
    columns: new Int32Array(0),
    shape: [rows, cols],
    rank: 0,
    residual: 0,
  };
  if (rows === 0 || cols === 0) return result;
  const { absolute, relative } = tolerances(t, stack);
  forEachMatrix(fn, stack, hermitian, (k, _, transposed) => {
    const rank = rankOpen(fn, k, stack, { absolute, relative });
    const most = Math.min(rank, limit);
    const wanted = { transposed, most, share, svd: method === 'svd' };
    if (isComplex(stack)) complexFactors(result, k, columnsOf(fn, stack, hermitian), wanted);
    else if (wanted.svd) bySvd(fn, result, k, wanted);
    else byColumns(fn, result, k, wanted, stack, hermitian);
  });
  return result;
}

function bySvd(fn: string, result: RankFactors, k: Kernel, { transposed, most, share }: WantedFactors): void {
  const [rows, cols] = result.shape;
  const [long, short] = transposed ? [cols, rows] : [rows, cols];
  const kept = k.truncate(most, share);
  const y = k.reserve(8 * long * kept);
  const vt = k.reserve(8 * short * kept);
  result.residual = k.truncated(y, vt, transposed);
  result.rank = kept;
  // The kernel's A is the transpose of ours: so are its factors, and they change places.
  const turned = (data: Float64Array, m: number, n: number) =>
    transpose(data, m, n, allocate(fn, Float64Array, m * n));
  result.left = transposed ? turned(copyOut(vt, short * kept), kept, short) : copyOut(y, long * kept);
  result.right = transposed ? turned(copyOut(y, long * kept), long, kept) : copyOut(vt, short * kept);
}

function byColumns(
  fn: string,
  result: RankFactors,
  k: Kernel,
  { transposed, most, share }: WantedFactors,
  stack: Stack,
  hermitian: boolean,
): void {
  const [rows, cols] = result.shape;
  const kept = k.choose(transposed, most, share);
  const at = k.reserve(4 * kept);
  const right = k.reserve(8 * kept * cols);
  result.residual = k.interpolate(at, right);
  result.rank = kept;
  result.columns = copyOutInt(at, kept);
  result.right = copyOut(right, kept * cols);
  result.left = allocate(fn, Float64Array, rows * kept);
  for (let i = 0; i < rows; i++) {
    for (let p = 0; p < kept; p++) {
      const j = result.columns[p];
      // Of a symmetric matrix only the lower triangle counts.
      const [row, column] = hermitian && j > i ? [j, i] : [i, j];
      result.left[i * kept + p] = element(stack, stack.colMajor ? column * rows + row : row * cols + column);
    }
  }
}

interface Limits {
  limit: number;
  share: number;
  method: 'columns' | 'svd';
}

/** The options beside those of the tolerance, checked. */
export function readLimits(fn: string, options: FactorOptions = {}): Limits {
  const { rank, energy, method = 'columns' } = options;
  if (rank !== undefined && energy !== undefined) {
    throw new TypeError(`${fn}: rank and energy exclude each other.`);
  }
  for (const [name, value] of Object.entries({ rank, energy })) {
    if (value !== undefined && typeof value !== 'number') {
      throw new TypeError(`${fn}: ${name} must be a number; got ${describe(value)}.`);
    }
  }
  if (rank !== undefined && !(Number.isInteger(rank) && rank >= 0)) {
    throw new RangeError(`${fn}: rank must be a whole number of 0 or more; got ${rank}.`);
  }
  if (energy !== undefined && !(energy >= 0 && energy <= 1)) {
    throw new RangeError(`${fn}: energy must be from 0 to 1; got ${energy}.`);
  }
  if (method !== 'columns' && method !== 'svd') {
    const got = typeof method === 'string' ? `'${method}'` : describe(method);
    throw new (typeof method === 'string' ? RangeError : TypeError)(
      `${fn}: method must be 'columns' or 'svd'; got ${got}.`,
    );
  }
  return { limit: rank ?? Infinity, share: 1 - (energy ?? 1), method };
}
