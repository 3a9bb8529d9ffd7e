// matrixRank, matrixRanks, rankReport: tolerance and input in, the kernel's answer out.

import { embedded, isComplex, partOf } from '../input/complex.js';
import { readOptions, type Tolerance } from '../input/options.js';
import { storageNoise } from '../input/rounding.js';
import { element, position, readInput, type Stack, smallRows, symmetrized } from '../input/stack.js';
import { close } from '../kernel/host.js';
import { type Kernel, kernel } from '../kernel/load.js';
import { batch, batchSize, floats, open } from '../kernel/memory.js';
import type { MatrixInput, NumericArray, RankOptions, RankReport } from '../types.js';

const EPS64 = 2 ** -52;
const EPS32 = 2 ** -23;
/** Where matrixRank's one rank goes. */
const ONE = new Int32Array(1);
/** Of a vector: any element that is not zero counts. */
const EXACT: ReturnType<typeof tolerances> = { absolute: 0, relative: 0 };
/** By the numbers of assembly/claim.ts; the last is the inertia of a trailing matrix. */
export const METHODS = [
  'trivial',
  'cholesky',
  'inertia',
  'sample',
  'qr',
  'lq',
  'jacobi',
  'bidiagonal',
  'inertia',
];

/**
 * max(absolute, relative * sigma_1), the form the kernel takes, for one matrix of the stack. `noise` is its storage tolerance, where
 * that counts.
 */
export function tolerances(
  t: Tolerance,
  stack: Stack,
  index = 0,
): { absolute: number; relative: number; noise?: number } {
  if (!Number.isNaN(t.tol)) return { absolute: t.tol, relative: 0 };
  if (!Number.isNaN(t.rtol)) return { absolute: t.atol, relative: t.rtol };
  const relative = Math.max(stack.rows, stack.cols) * (stack.single && !t.storage ? EPS32 : EPS64);
  if (!t.storage && !isNarrow(stack)) return { absolute: 0, relative };
  const noise = storageNoise(stack, index, t.hermitian);
  return { absolute: noise, relative, noise };
}

/** Whether the elements were rounded to less than float32. */
const isNarrow = ({ kind, noise }: Stack) => kind === 'f16' || kind === 'bf16' || !Number.isNaN(noise);

/** Throws for the first element that is NaN or infinite. */
export function checkFinite(fn: string, stack: Stack, first: number, count: number): void {
  for (let i = first; i < first + count; i++) {
    const x = isComplex(stack) ? partOf(stack, i) : element(stack, i);
    if (!Number.isFinite(x)) {
      throw new RangeError(`${fn}: element ${position(stack, i)} is ${x}; every element must be finite.`);
    }
  }
}

/** Runs `visit` on each matrix of the stack, opened and scanned in the kernel. */
export function each(
  fn: string,
  stack: Stack,
  hermitian: boolean,
  visit: (k: Kernel, index: number, transposed: boolean) => void,
): void {
  const k = kernel();
  const { rows, cols } = stack;
  const size = rows * cols;
  const pairs = isComplex(stack);
  const source = hermitian || pairs ? null : floats(stack);
  try {
    for (let i = 0; i < stack.count; i++) {
      const transposed = source
        ? open(source.data, source.offset + i * size, rows, cols, stack.colMajor)
        : pairs
          ? open(embedded(fn, stack, i, hermitian), 0, 2 * rows, 2 * cols, false)
          : open(symmetrized(stack, i, fn), 0, rows, cols, false);
      if (!k.scan()) checkFinite(fn, stack, i * size, size);
      visit(k, i, transposed);
    }
  } finally {
    close();
  }
}

/**
 * The rank of the open matrix of the stack. A complex one is open as a real one of twice the size, whose singular values come in pairs: a value so
 * near the tolerance that rounding puts one of the pair on either side of it is not counted.
 */
export function rankOpen(
  fn: string,
  k: Kernel,
  stack: Stack,
  { absolute, relative }: { absolute: number; relative: number },
  exact = false,
): number {
  const rank = k.rank(absolute, relative, exact);
  if (rank < 0) failed(fn);
  return isComplex(stack) ? rank >> 1 : rank;
}

export function failed(fn: string): never {
  throw new Error(`${fn}: the Jacobi iteration did not converge; please report this matrix.`);
}

/**
 * The ranks of a stack, into `ranks` where it is given. The options are read already: a getter among them is the caller's code, and
 * might change the elements or run another matrix once they have been read.
 */
export function ranksOf(
  fn: string,
  stack: Stack,
  t: Tolerance,
  ranks = new Int32Array(stack.count),
): Int32Array {
  if (stack.rows === 0 || stack.cols === 0) return ranks.fill(0);
  if (stack.vector) {
    each(fn, stack, false, (k, i) => {
      ranks[i] = rankOpen(fn, k, stack, EXACT);
    });
    return ranks;
  }
  const { absolute, relative, noise } = tolerances(t, stack);
  const alike = noise === undefined || stack.count === 1;
  const size = stack.rows * stack.cols;
  const step = t.hermitian || !alike || isComplex(stack) ? 0 : batchSize(size * 8);
  if (step) {
    const { data, offset } = floats(stack);
    const lines = stack.colMajor ? stack.cols : stack.rows;
    for (let i = 0; i < stack.count; i += step) {
      const n = Math.min(step, stack.count - i);
      const done = batch(data, offset + i * size, lines, size / lines, n, absolute, relative, ranks, i);
      if (done < n) checkFinite(fn, stack, (i + done) * size, size);
      if (done < n) failed(fn);
    }
    return ranks;
  }
  each(fn, stack, t.hermitian, (k, i) => {
    ranks[i] = rankOpen(fn, k, stack, alike ? { absolute, relative } : tolerances(t, stack, i));
  });
  return ranks;
}

/** Whether (data, shape, options) or (a, options) was meant: a shape is an array. A number behind rows or a tensor was to be a tolerance. */
export function split(shape: unknown, options: unknown, a?: unknown): [shape: unknown, options: unknown] {
  if (options === undefined && typeof shape === 'number' && typeof a === 'object' && !isFlat(a))
    return [undefined, shape];
  if (options === undefined && typeof shape === 'object' && shape !== null && !Array.isArray(shape)) {
    return ArrayBuffer.isView(shape) ? [shape, undefined] : [undefined, shape];
  }
  return [shape, options];
}

const isFlat = (a: unknown) => ArrayBuffer.isView(a) || (Array.isArray(a) && typeof a[0] === 'number');

/**
 * Rank of one matrix: how many singular values are strictly greater than the tolerance.
 *
 * The tolerance is sigma_1 * max(rows, columns) * eps unless the options say otherwise, as NumPy's: eps is 2^-52 for float64 and integers, 2^-23
 * for float32; what is stored in 16 bits or fewer has the larger of that and what rounding to them can do (`tol: 'storage'`).
 *
 * @param data elements in row-major order; float64 and integers are decided in float64, float32 with float32's eps
 * @param shape [rows, columns]; [n] or [] for a vector or a scalar, whose rank is 1 if any element is nonzero
 * @param options the tolerance: { tol } absolute, { rtol } relative to sigma_1, { atol, rtol } the larger of both; and `hermitian`
 * @example
 * matrixRank(weights, [512, 4608]);                  // a Float32Array, row-major
 * matrixRank([[1, 2], [2, 4.0001]], { tol: 1e-3 });  // 1
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function matrixRank(data: NumericArray, shape: readonly number[], options?: RankOptions): number;
/** Rank of a matrix that knows its own shape: rows of numbers, a TensorLike, or a tensor of another library. */
export function matrixRank(a: MatrixInput, options?: RankOptions): number;
export function matrixRank(a: unknown, b?: unknown, c?: unknown): number {
  const [shape, options] = split(b, c, a);
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
  const [shape, options] = split(b, c, a);
  const t = readOptions('matrixRanks', options);
  return ranksOf('matrixRanks', readInput('matrixRanks', [a, shape], Infinity, true), t);
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
 * Rank of one matrix with its proof: both bounds, the tolerance, sigma_1, the step that decided, and the margin. Default tolerance
 * sigma_1 * max(rows, columns) * eps, as in `matrixRank`.
 *
 * @example
 * const { rank, margin, proven } = rankReport(weights, [512, 4608]);
 * // margin 29: no singular value lies within a factor of 29 of the tolerance, so that the rank is the same for any tolerance from 1 / 29 of
 * // this one to 29 times it; margin 1.02: one lies 2 % from it, and another tolerance may count it on the other side
 */
export function rankReport(data: NumericArray, shape: readonly number[], options?: RankOptions): RankReport;
export function rankReport(a: MatrixInput, options?: RankOptions): RankReport;
export function rankReport(a: unknown, b?: unknown, c?: unknown): RankReport {
  const fn = 'rankReport';
  const [shape, options] = split(b, c, a);
  const t = readOptions(fn, options);
  const stack = readInput(fn, [a, shape], 2, true);
  const { absolute, relative, noise } = stack.vector ? EXACT : tolerances(t, stack);
  const { rows, cols } = stack;
  let report = emptyReport(rows, cols, absolute);
  if (rows === 0 || cols === 0) return report;
  each(fn, stack, t.hermitian && !stack.vector, (k) => {
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
