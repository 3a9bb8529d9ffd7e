// qr: the column-pivoted factor of one matrix.

import { isComplex } from '../input/elements.js';
import { copyOut, copyOutInt } from '../kernel/memory.js';
import type { MatrixInput, NumericArray, PivotedQR, RankOptions } from '../types.js';
import { forEachMatrix, readCall } from './call.js';
import { complexQr } from './complex-columns.js';
import { ranksOf } from './rank.js';

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
