// singularValues: all of them, to the largest or to themselves.

import { halved } from '../input/complex.js';
import { isComplex } from '../input/elements.js';
import { describe, readRecord } from '../input/options.js';
import { readInput } from '../input/stack.js';
import { copyOut } from '../kernel/memory.js';
import type { MatrixInput, NumericArray, SingularValuesOptions } from '../types.js';
import { forEachMatrix, splitArguments } from './call.js';

/**
 * All min(m, n) singular values of a matrix, descending.
 *
 * With `accuracy: 'absolute'`, the default, each is within about n 2^-53 sigma_1 of the true one, as in LAPACK:
 * bidiagonal form, then Sturm counts, which always converge. With `'relative'` the small ones keep their digits too,
 * where scaling rows or columns makes the matrix well conditioned:
 * one-sided Jacobi after some QR factorisations (Drmac & Veselic 2008), in about the same time for strongly graded
 * lines, in several times as much for others. Matrices whose lines are all of one size, of a condition below some 2^16,
 * are done as for `'absolute'`: scaling gains nothing there. (Rows only up to 2^24 elements, where there are more than
 * 1.5 times as many rows as columns.)
 * Values below 1e-140 sigma_1 may come out as zero: their squares underflow.
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
