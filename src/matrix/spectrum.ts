// Singular values, and the column-pivoted QR.

import { readOptions } from '../input/options.js';
import { readInput } from '../input/stack.js';
import { copyOut, copyOutInt } from '../kernel/memory.js';
import type { MatrixInput, NumericArray, PivotedQR, RankOptions } from '../types.js';
import { each, ranksOf } from './rank.js';

/**
 * All min(m, n) singular values, descending, by one-sided Jacobi after two QR factorisations (Drmac & Veselic 2008): each to about
 * 1e-15 of sigma_1, and the small ones to high relative accuracy where scaling the columns makes the matrix well conditioned.
 */
export function singularValues(data: NumericArray, shape: readonly number[]): Float64Array;
export function singularValues(a: MatrixInput): Float64Array;
export function singularValues(a: unknown, shape?: unknown): Float64Array {
  const fn = 'singularValues';
  const stack = readInput(fn, [a, shape], 2);
  const n = Math.min(stack.rows, stack.cols);
  let values: Float64Array = new Float64Array(n);
  if (n === 0) return values;
  each(fn, stack, false, (k) => {
    const at = k.reserve(8 * n);
    if (!k.singularValues(at))
      throw new Error(`${fn}: the Jacobi iteration did not converge; please report this matrix.`);
    values = copyOut(at, n);
  });
  return values;
}

/**
 * Column-pivoted QR, A[:, permutation] = Q R, with the longest remaining column as pivot (Businger & Golub 1965):
 * R's diagonal descends in absolute value. Q is not formed.
 */
export function qr(data: NumericArray, shape: readonly number[], options?: RankOptions): PivotedQR;
export function qr(a: MatrixInput, options?: RankOptions): PivotedQR;
export function qr(...args: [unknown, unknown?, unknown?]): PivotedQR {
  return factor('qr', args);
}

/**
 * Indices of rank-many linearly independent columns, ascending; the others are, to within the tolerance, combinations
 * of them.
 */
export function independentColumns(
  data: NumericArray,
  shape: readonly number[],
  options?: RankOptions,
): Int32Array;
export function independentColumns(a: MatrixInput, options?: RankOptions): Int32Array;
export function independentColumns(...args: [unknown, unknown?, unknown?]): Int32Array {
  const { permutation, rank } = factor('independentColumns', args);
  return permutation.slice(0, rank).sort();
}

function factor(fn: string, args: [unknown, unknown?, unknown?]): PivotedQR {
  const flat = Array.isArray(args[1]) || ArrayBuffer.isView(args[1]);
  const stack = readInput(fn, [args[0], flat ? args[1] : undefined], 2);
  const options = flat ? args[2] : args[1];
  const t = readOptions(fn, options);
  const { rows, cols } = stack;
  const size = Math.min(rows, cols);
  let r: Float64Array = new Float64Array(size * cols);
  let permutation: Int32Array = Int32Array.from({ length: cols }, (_, j) => j);
  if (size === 0) return { r, permutation, rank: 0 };
  const rank = ranksOf(fn, stack, options)[0];
  each(fn, stack, t.hermitian && !stack.vector, (k, _, transposed) => {
    const at = k.reserve(8 * size * cols);
    const perm = k.reserve(4 * cols);
    k.qr(transposed, at, perm);
    r = copyOut(at, size * cols);
    permutation = copyOutInt(perm, cols);
  });
  return { r, permutation, rank };
}
