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
import type {
  FactorOptions,
  MatrixInput,
  ProductFactors,
  ProductOptions,
  ProductReport,
  RankFactors,
  RankOptions,
} from '../types.js';
import { eps } from './call.js';
import { rankFactors, readLimits } from './factors.js';
import { spectralMetrics } from './metrics.js';
import { multiplyTransposed, transpose } from './multiply.js';
import { qr } from './qr.js';
import { marginOf, rankReport } from './rank.js';
import { applyReflectors, reflect } from './reflectors.js';
import { singularValues } from './singular-values.js';
import { dot, norm } from './vectors.js';

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
  const margin = marginOf(lower, upper, report.tolerance);
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
  const limits = { ...(most !== undefined && { rank: most }), ...(energy !== undefined && { energy }) };
  const wanted: FactorOptions = { ...tolerance, ...limits, method: 'svd' };
  const thin = coreOf(pair);
  const kept = rankFactors(thin.core, [thin.p, thin.q], wanted);
  const values = columnNorms(kept.left, thin.p, kept.rank);
  const clear = NEAR * norm(thin.r1) * norm(thin.r2);
  if (values.some((sigma) => sigma < clear)) return byReflectors(pair, wanted);
  return throughFactors(pair, thin, kept, values);
}

/** Singular values below this share of ||left|| ||right|| have too few digits for throughFactors. */
const NEAR = 2 ** -26;

/**
 * The factors of the core's U S V^T, without Q1 and Q2: since left = Q1 R1 and right = R2^T Q2^T, Q1 U S is
 * left (R2^T V), and S V^T Q2^T is (U^T R1) right. Rounding moves their product by 2^-53 ||left|| ||right||, and their
 * columns and rows by that over sigma_k, as long as U is orthogonal: in U S over S the first columns would show.
 */
function throughFactors(pair: Pair, thin: Thin, kept: RankFactors, values: Float64Array): ProductFactors {
  const { rows, cols, inner } = pair;
  const { rank: k, residual } = kept;
  const { p, q, r1, r2, left, right } = thin;
  const forLeft = multiplyTransposed(kept.right, transpose(r2, q, inner), k, inner, q);
  const forRight = multiplyTransposed(
    orthonormal(transpose(kept.left, p, k), k, p),
    transpose(r1, p, inner),
    k,
    inner,
    p,
  );
  for (let j = 0; j < k; j++) {
    const root = Math.sqrt(values[j]);
    for (let l = j * inner; l < (j + 1) * inner; l++) {
      forLeft[l] /= root;
      forRight[l] /= root;
    }
  }
  return {
    left: multiplyTransposed(left, forLeft, rows, k, inner),
    right: multiplyTransposed(forRight, right, k, cols, inner),
    rank: k,
    residual,
  };
}

/** Overwrites rows with orthonormal ones of the same spans (Gram and Schmidt, twice is enough). */
function orthonormal(a: Float64Array, rows: number, length: number): Float64Array {
  const lines = Array.from({ length: rows }, (_, i) => a.subarray(i * length, (i + 1) * length));
  for (const [i, row] of lines.entries()) {
    for (const other of [...lines.slice(0, i), ...lines.slice(0, i)]) {
      const along = dot(row, 0, other, 0, length);
      for (let j = 0; j < length; j++) row[j] -= along * other[j];
    }
    const size = norm(row);
    for (let j = 0; j < length; j++) row[j] /= size;
  }
  return a;
}

/** The same by reflectors: Q1 U and V^T Q2^T orthogonal however small the singular values, 7 times as slow. */
function byReflectors(pair: Pair, wanted: FactorOptions): ProductFactors {
  const { rows, cols, inner } = pair;
  const [a, b] = [reflect(columnsOf(pair.left), rows, inner), reflect(transposeOf(pair.right), cols, inner)];
  const core = multiplyTransposed(a.r, b.r, a.size, b.size, inner);
  const { left, right, rank: k, residual } = rankFactors(core, [a.size, b.size], wanted);
  // left holds the singular values: their square roots go over to right.
  const roots = columnNorms(left, a.size, k).map(Math.sqrt);
  const u = left.map((x, i) => x / roots[i % k]);
  const v = transpose(right, k, b.size).map((x, i) => x * roots[i % k]);
  return {
    left: applyReflectors(a, u, k),
    right: transpose(applyReflectors(b, v, k), cols, k),
    rank: k,
    residual,
  };
}

function columnNorms(a: Float64Array, rows: number, cols: number): Float64Array {
  const squares = new Float64Array(cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) squares[j] += a[i * cols + j] ** 2;
  return squares.map(Math.sqrt);
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
  const usual = Math.max(rows, cols) * eps(left.single && right.single);
  return { atol: t.atol, rtol: Number.isNaN(t.rtol) ? usual : t.rtol };
}

/** The factors, of the right one its transpose, as rows of float64; their triangles; and R1 R2^T, p x q. */
interface Thin {
  left: Float64Array;
  right: Float64Array;
  r1: Float64Array;
  r2: Float64Array;
  core: Float64Array;
  p: number;
  q: number;
}

function coreOf(pair: Pair): Thin {
  const { rows, inner, cols } = pair;
  const [p, q] = [Math.min(rows, inner), Math.min(cols, inner)];
  const [left, right] = [columnsOf(pair.left), transposeOf(pair.right)];
  const triangle = (data: Float64Array, height: number, size: number) => {
    const out = new Float64Array(size * inner);
    if (size === 0) return out;
    const { r, permutation } = qr({ data, shape: [height, inner] });
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < inner; j++) out[i * inner + permutation[j]] = r[i * inner + j];
    }
    return out;
  };
  const [r1, r2] = [triangle(left, rows, p), triangle(right, cols, q)];
  return { left, right, r1, r2, core: multiplyTransposed(r1, r2, p, q, inner), p, q };
}

const floatsOf = (stack: Stack) => {
  const { data, offset } = floats(stack);
  return data.subarray(offset, offset + stack.rows * stack.cols);
};

/** The elements row by row, in float64. */
function columnsOf(stack: Stack): Float64Array {
  return stack.colMajor
    ? transpose(floatsOf(stack), stack.cols, stack.rows)
    : Float64Array.from(floatsOf(stack));
}

/** The transpose, row by row, in float64. */
function transposeOf(stack: Stack): Float64Array {
  return stack.colMajor
    ? Float64Array.from(floatsOf(stack))
    : transpose(floatsOf(stack), stack.rows, stack.cols);
}
