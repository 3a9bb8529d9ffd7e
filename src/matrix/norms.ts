// Norms and the ranks made of them, without a singular value decomposition: sums over A and its Gram matrix, and a
// largest eigenvalue with a proof (assembly/driver/norms.ts).
// Cost: a fraction of that of spectralMetrics.

import { isComplex } from '../input/elements.js';
import { readInput } from '../input/stack.js';
import type { Kernel } from '../kernel/load.js';
import type { MatrixInput, NumericArray } from '../types.js';
import { forEachMatrix, throwUndecided } from './call.js';
import { isSmall, rowsOf, spectralNormSmall } from './small-norms.js';
import { norm } from './vectors.js';

/** The Frobenius norm, sqrt(sum a_ij^2): one pass over the elements, safe from 1e-300 to 1e300. */
export function frobeniusNorm(data: NumericArray, shape: readonly number[]): number;
export function frobeniusNorm(a: MatrixInput): number;
export function frobeniusNorm(a: unknown, shape?: unknown): number {
  return measure('frobeniusNorm', a, shape, (k, copies) => k.frobenius() / Math.sqrt(copies), norm);
}

/**
 * The spectral norm, s_1: the square root of the largest eigenvalue of the Gram matrix, by Lanczos iteration,
 * with a proof (a Cholesky factorisation) that none is larger by more than 1e-10 and rounding. The value
 * itself is good to about 1e-14.
 */
export function spectralNorm(data: NumericArray, shape: readonly number[]): number;
export function spectralNorm(a: MatrixInput): number;
export function spectralNorm(a: unknown, shape?: unknown): number {
  return measure('spectralNorm', a, shape, (k) => k.spectral(), spectralNormSmall);
}

/** The stable rank, ||A||_F^2 / s_1^2 (Rudelson & Vershynin 2007): from 1 to the rank, 0 for a zero matrix. */
export function stableRank(data: NumericArray, shape: readonly number[]): number;
export function stableRank(a: MatrixInput): number;
export function stableRank(a: unknown, shape?: unknown): number {
  return measure('stableRank', a, shape, (k, copies) => k.stable() / copies);
}

/**
 * The participation ratio, (sum s_i^2)^2 / sum s_i^4 = ||A||_F^4 / ||A^T A||_F^2: from 1 to the rank, 0 for a
 * zero matrix. No singular value is computed. The columns' means stay in; `spectralMetrics` with `centered`
 * removes them.
 */
export function participationRatio(data: NumericArray, shape: readonly number[]): number;
export function participationRatio(a: MatrixInput): number;
export function participationRatio(a: unknown, shape?: unknown): number {
  return measure('participationRatio', a, shape, (k, copies) => k.participation() / copies);
}

/**
 * `of` gets the kernel, and how often each singular value occurs in it: twice where the matrix is complex.
 * `small` needs no kernel.
 */
function measure(
  fn: string,
  a: unknown,
  shape: unknown,
  of: (k: Kernel, copies: number) => number,
  small?: (lines: Float64Array, count: number) => number,
): number {
  const stack = readInput(fn, [a, shape], 2, true);
  let value = 0;
  if (stack.rows === 0 || stack.cols === 0) return value;
  if (small && isSmall(stack)) return small(rowsOf(fn, stack), Math.min(stack.rows, stack.cols));
  forEachMatrix(fn, stack, false, (k) => {
    value = of(k, isComplex(stack) ? 2 : 1);
    if (!(value >= 0)) throwUndecided(fn);
  });
  return value;
}
