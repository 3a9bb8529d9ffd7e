// Singular values, and the column-pivoted QR.

import { halved, isComplex } from '../input/complex.js';
import { describe, readRecord } from '../input/options.js';
import { readInput } from '../input/stack.js';
import { copyOut, copyOutInt } from '../kernel/memory.js';
import type { MatrixInput, NumericArray, PivotedQR, RankOptions, SingularValuesOptions } from '../types.js';
import { forEachMatrix, rankOpen, readCall, splitArguments, tolerances } from './call.js';
import { complexColumns, complexQr } from './complex-columns.js';
import { ranksOf } from './rank.js';

/**
 * All min(m, n) singular values of a matrix, descending.
 *
 * With `accuracy: 'absolute'`, the default, each is within about n 2^-53 sigma_1 of the true one, as in LAPACK:
 * bidiagonal form, then Sturm counts, which always converge. With `'relative'` the small ones keep their digits too,
 * where scaling rows or columns makes the matrix well conditioned:
 * one-sided Jacobi after two QR factorisations (Drmac & Veselic 2008), in a multiple of the time. (Rows only up to 2^24
 * elements, where there are more than 1.5 times as many rows as columns.)
 *
 * @param data elements in row-major order, with their shape [m, n]; or a matrix that knows its own shape
 * @example singularValues([[3, 0], [0, 4]]) // Float64Array [4, 3]
 * @example singularValues(graded, [512, 512], { accuracy: 'relative' })
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function singularValues(
  data: NumericArray,
  shape: readonly number[],
  options?: SingularValuesOptions,
): Float64Array;
export function singularValues(a: MatrixInput, options?: SingularValuesOptions): Float64Array;
export function singularValues(a: unknown, b?: unknown, c?: unknown): Float64Array {
  const fn = 'singularValues';
  const [shape, options] = splitArguments(b, c, a);
  const relative = readAccuracy(fn, options) === 'relative'; // first: a getter there may change the elements
  const stack = readInput(fn, [a, shape], 2, true);
  const n = Math.min(stack.rows, stack.cols) * (isComplex(stack) ? 2 : 1);
  let values: Float64Array = new Float64Array(n);
  if (n === 0) return values;
  forEachMatrix(fn, stack, false, (k) => {
    const at = k.reserve(8 * n);
    if (!k.singularValues(at, relative))
      throw new Error(`${fn}: the Jacobi iteration did not converge; please report this matrix.`);
    values = copyOut(at, n);
  });
  return isComplex(stack) ? halved(values) : values;
}

function readAccuracy(fn: string, options: unknown): 'absolute' | 'relative' {
  const accuracy = readRecord(fn, options, ['accuracy'], "{ accuracy: 'relative' }").accuracy ?? 'absolute';
  if (accuracy === 'absolute' || accuracy === 'relative') return accuracy;
  const got = typeof accuracy === 'string' ? JSON.stringify(accuracy) : describe(accuracy);
  throw new TypeError(`${fn}: accuracy must be 'absolute' or 'relative'; got ${got}.`);
}

/**
 * Column-pivoted QR, A[:, permutation] = Q R, with the longest remaining column as pivot (Businger & Golub 1965), the
 * first `rank` columns then exchanged where others are better (Gu & Eisenstat 1996,
 * as in `independentColumns`). Q is not formed.
 *
 * @param data elements in row-major order, with their shape [m, n]; or a matrix that knows its own shape
 * @param options the tolerance of `rank`, as in `matrixRank`: by default sigma_1 * max(m, n) * eps
 * @example
 * const { r, permutation, rank } = qr([[1, 2, 2], [1, 2, 3]]);
 * // r: 2 x 3, row-major; permutation: [2, 1, 0] or so; rank: 2
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function qr(data: NumericArray, shape: readonly number[], options?: RankOptions): PivotedQR;
export function qr(a: MatrixInput, options?: RankOptions): PivotedQR;
export function qr(a: unknown, b?: unknown, c?: unknown): PivotedQR {
  const fn = 'qr';
  const { stack, t, hermitian } = readCall(fn, [a, b, c], true);
  const { rows, cols } = stack;
  const size = Math.min(rows, cols);
  let r: Float64Array = new Float64Array(size * cols);
  let permutation: Int32Array = Int32Array.from({ length: cols }, (_, j) => j);
  if (size === 0) return { r, permutation, rank: 0 };
  const rank = ranksOf(fn, stack, t)[0];
  if (isComplex(stack)) return complexQr(fn, stack, hermitian, rank);
  forEachMatrix(fn, stack, hermitian, (k, _, transposed) => {
    const at = k.reserve(8 * size * cols);
    const perm = k.reserve(4 * cols);
    k.qr(transposed, rank, at, perm);
    r = copyOut(at, size * cols);
    permutation = copyOutInt(perm, cols);
  });
  return { r, permutation, rank };
}

/**
 * Indices of rank-many linearly independent columns, ascending; the others are combinations of them,
 * to within the tolerance.
 *
 * With k = rank and q = sqrt(1 + 2 k (n - k)): the chosen columns have a smallest singular value of at least sigma_k /
 * q, and every other column lies within q sigma_{k+1} of their span (strong rank-revealing QR, Gu & Eisenstat 1996).
 * Pivoting alone promises neither: on Kahan's matrix of order 60 it leaves a column 10^7 tolerances away.
 *
 * @param data elements in row-major order, with their shape [m, n]; or a matrix that knows its own shape
 * @param options the tolerance, as in `matrixRank`: by default sigma_1 * max(m, n) * eps
 * @example independentColumns([[1, 2, 2], [1, 2, 3]]) // [1, 2]: the first is half the second
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function independentColumns(
  data: NumericArray,
  shape: readonly number[],
  options?: RankOptions,
): Int32Array;
export function independentColumns(a: MatrixInput, options?: RankOptions): Int32Array;
export function independentColumns(a: unknown, b?: unknown, c?: unknown): Int32Array {
  const fn = 'independentColumns';
  const { stack, t, hermitian } = readCall(fn, [a, b, c], true);
  let columns: Int32Array = new Int32Array(0);
  if (stack.rows === 0 || stack.cols === 0) return columns;
  const { absolute, relative } = stack.vector ? { absolute: 0, relative: 0 } : tolerances(t, stack);
  forEachMatrix(fn, stack, hermitian, (k, _, transposed) => {
    const rank = rankOpen(fn, k, stack, { absolute, relative });
    if (rank === stack.cols) {
      columns = Int32Array.from({ length: rank }, (_, j) => j);
      return;
    }
    if (isComplex(stack)) {
      columns = complexColumns(fn, stack, t.hermitian, rank);
      return;
    }
    const kept = k.choose(transposed, rank, 0);
    k.makeIndependent();
    const at = k.reserve(4 * kept);
    k.chosen(at);
    columns = copyOutInt(at, kept).sort();
  });
  return columns;
}
