// productReport, productFactors: the rank of left * right, and its best smaller factors, without forming the product.
// left = Q1 R1 and right^T = Q2 R2, so that left right = Q1 (R1 R2^T) Q2^T: the r x r core in the middle has the
// product's singular values. Cost: two QR factorisations of thin matrices, 2 (m + n) r^2,
// and what a matrix of order r costs.
// Rounding moves the core by at most 8 sqrt(r) 2^-53 ||left||_F ||right||_F,
// which the bounds of the report give way to.

import { isComplex } from '../input/elements.js';
import { floats } from '../input/floats.js';
import { describe, readOptions } from '../input/options.js';
import { readInput, type Stack } from '../input/stack.js';
import type { MatrixInput, ProductFactors, ProductOptions, ProductReport, RankOptions } from '../types.js';
import { rankFactors, readLimits } from './factors.js';
import { spectralMetrics } from './metrics.js';
import { qr } from './qr.js';
import { rankReport } from './rank.js';
import { applyReflectors, type Reflectors, reflect } from './reflectors.js';
import { singularValues } from './singular-values.js';

const EPS64 = 2 ** -52;
const EPS32 = 2 ** -23;

interface Pair {
  left: Stack;
  right: Stack;
  /** left is rows x inner, right inner x cols. */
  rows: number;
  inner: number;
  cols: number;
}

/**
 * The rank of left * right with its proof, and what its singular values say, as `rankReport` and `spectralMetrics` have
 * them for the product itself, which is not formed: a LoRA's B * A of 4096 x 4096 with r
 * = 16 takes a thousandth of the time.
 *
 * The default tolerance is that of the product: sigma_1 * max(m, n) * eps,
 * float32's where both factors are (or narrower).
 *
 * @param left [m, r], a matrix that knows its own shape
 * @param right [r, n]
 * @param options the tolerance as in `matrixRank`; `tol: 'storage'` is for stored matrices
 * @returns `shape` is [m, n]; `singularValues` are the min(m, n, r) that need not be zero
 * @example productReport({ data: B, shape: [4096, 16] }, { data: A, shape: [16, 4096] }).rank
 * @throws TypeError for wrong types, RangeError for wrong values: shapes that do not fit, NaN or Infinity anywhere
 */
export function productReport(left: MatrixInput, right: MatrixInput, options?: RankOptions): ProductReport {
  const fn = 'productReport';
  const pair = readPair(fn, left, right);
  const tolerance = readTolerance(fn, pair, options);
  const { rows, cols, inner } = pair;
  const { core, p, q } = coreOf(pair);
  const report = rankReport(core, [p, q], tolerance);
  const { rank: _, ...metrics } = spectralMetrics(core, [p, q], tolerance);
  if (Math.min(p, q) < Math.min(rows, cols)) metrics.conditionNumber = Infinity;
  const size = norm(floatsOf(pair.left)) * norm(floatsOf(pair.right));
  const slack = 8 * Math.sqrt(inner) * 2 ** -53 * size;
  const lower = Math.max(0, report.lower - slack);
  // Singular values past the core's are exact zeros.
  const upper =
    report.rank === Math.min(rows, cols) ? 0 : report.upper + (report.rank < Math.min(p, q) ? slack : 0);
  const margin = Math.min(ratio(lower, report.tolerance), ratio(report.tolerance, upper));
  const proven = lower > report.tolerance && upper <= report.tolerance;
  const values = singularValues(core, [p, q]);
  return { ...report, ...metrics, shape: [rows, cols], lower, upper, margin, proven, singularValues: values };
}

/**
 * The best factors of a smaller rank: left * right of at most `rank`,
 * or of the fewest that hold the share `energy` of its squared
 * Frobenius norm. Both share the singular values, each a square root of them, so that neither is large.
 *
 * @param left [m, r]
 * @param right [r, n]
 * @returns left [m, k] and right [k, n], row-major; `residual` is the Frobenius norm of what is left out
 * @example productFactors({ data: B, shape: [768, 64] }, { data: A, shape: [64, 768] }, { energy: 0.99 })
 * @throws as productReport
 */
export function productFactors(
  left: MatrixInput,
  right: MatrixInput,
  options: ProductOptions = {},
): ProductFactors {
  const fn = 'productFactors';
  const pair = readPair(fn, left, right);
  const tolerance = readTolerance(fn, pair, options, ['rank', 'energy']);
  const { rank: most, energy } = options;
  readLimits(fn, { rank: most, energy });
  const { rows, cols, inner } = pair;
  const [a, b] = [reflect(columnsOf(pair.left), rows, inner), reflect(transposeOf(pair.right), cols, inner)];
  const core = multiply(a.r, b.r, a.size, b.size, inner);
  const limits = { ...(most !== undefined && { rank: most }), ...(energy !== undefined && { energy }) };
  const kept = rankFactors(core, [a.size, b.size], { ...tolerance, ...limits, method: 'svd' });
  const k = kept.rank;
  // left holds the singular values: their square roots go over to right.
  const roots = Float64Array.from({ length: k }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < a.size; i++) sum += kept.left[i * k + j] ** 2;
    return Math.sqrt(Math.sqrt(sum));
  });
  const u = Float64Array.from(kept.left, (x, i) => x / roots[i % k]);
  const v = new Float64Array(b.size * k);
  for (let j = 0; j < k; j++) {
    for (let i = 0; i < b.size; i++) v[i * k + j] = kept.right[j * b.size + i] * roots[j];
  }
  const outer = (side: Reflectors, block: Float64Array) => applyReflectors(side, block, k);
  const turned = outer(b, v);
  const out = new Float64Array(k * cols);
  for (let j = 0; j < cols; j++) for (let i = 0; i < k; i++) out[i * cols + j] = turned[j * k + i];
  return { left: outer(a, u), right: out, rank: k, residual: kept.residual };
}

function readPair(fn: string, left: unknown, right: unknown): Pair {
  const [a, b] = [readInput(`${fn}: left`, [left], 2, true), readInput(`${fn}: right`, [right], 2, true)];
  if (isComplex(a) || isComplex(b)) {
    throw new TypeError(
      `${fn}: takes real factors; multiply complex ones, and take rankReport or rankFactors of that.`,
    );
  }
  if (a.vector || b.vector) throw new RangeError(`${fn}: both factors must be matrices, [m, r] and [r, n].`);
  if (a.cols !== b.rows) {
    const shapes = `[${a.rows}, ${a.cols}] and [${b.rows}, ${b.cols}]`;
    throw new RangeError(`${fn}: the factors must be [m, r] and [r, n]; got ${shapes}.`);
  }
  return { left: a, right: b, rows: a.rows, inner: a.cols, cols: b.cols };
}

/** The product's tolerance, for its core. */
function readTolerance(
  fn: string,
  { left, right, rows, cols }: Pair,
  options: unknown,
  others: readonly string[] = [],
): RankOptions {
  const t = readOptions(fn, options, others);
  if (t.storage) throw new TypeError(`${fn}: tol 'storage' is for stored matrices; a product is none.`);
  if (t.hermitian) throw new TypeError(`${fn}: there is no option hermitian; got ${describe(true)}.`);
  if (!Number.isNaN(t.tol)) return { tol: t.tol };
  const single = left.single && right.single;
  const usual = Math.max(rows, cols) * (single ? EPS32 : EPS64);
  return { atol: t.atol, rtol: Number.isNaN(t.rtol) ? usual : t.rtol };
}

/** R1 R2^T, p x q. */
function coreOf(pair: Pair): { core: Float64Array; p: number; q: number } {
  const { rows, inner, cols } = pair;
  const [p, q] = [Math.min(rows, inner), Math.min(cols, inner)];
  if (p === 0 || q === 0) return { core: new Float64Array(p * q), p, q };
  const left = qr({ data: columnsOf(pair.left), shape: [rows, inner] });
  const right = qr({ data: transposeOf(pair.right), shape: [cols, inner] });
  const unpivoted = ({ r, permutation }: typeof left, size: number) => {
    const out = new Float64Array(size * inner);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < inner; j++) out[i * inner + permutation[j]] = r[i * inner + j];
    }
    return out;
  };
  return { core: multiply(unpivoted(left, p), unpivoted(right, q), p, q, inner), p, q };
}

/** A B^T of p x inner and q x inner. */
function multiply(a: Float64Array, b: Float64Array, p: number, q: number, inner: number): Float64Array {
  const out = new Float64Array(p * q);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < q; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[i * inner + k] * b[j * inner + k];
      out[i * q + j] = sum;
    }
  }
  return out;
}

const floatsOf = (stack: Stack) => {
  const { data, offset } = floats(stack);
  return data.subarray(offset, offset + stack.rows * stack.cols);
};

/** The elements row by row, in float64. */
function columnsOf(stack: Stack): Float64Array {
  return stack.colMajor ? turn(floatsOf(stack), stack.cols, stack.rows) : Float64Array.from(floatsOf(stack));
}

/** The transpose, row by row, in float64. */
function transposeOf(stack: Stack): Float64Array {
  return stack.colMajor ? Float64Array.from(floatsOf(stack)) : turn(floatsOf(stack), stack.rows, stack.cols);
}

function turn(data: ArrayLike<number>, rows: number, cols: number): Float64Array {
  const out = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = data[i * cols + j];
  return out;
}

function norm(data: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]));
  if (!(largest > 0)) return 0;
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}

const ratio = (a: number, b: number) => (b === 0 || a === Infinity ? Infinity : a / b);
