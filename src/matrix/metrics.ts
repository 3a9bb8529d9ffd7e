// spectralMetrics: norms, and the kinds of rank that are no whole numbers, from the singular values.
// Cost: one singular value decomposition; norms.ts has four of them for less.

import { halved } from '../input/complex.js';
import { allocate, isComplex } from '../input/elements.js';
import { describe, type Tolerance } from '../input/options.js';
import { element, type Stack } from '../input/stack.js';
import { copyOut } from '../kernel/memory.js';
import type {
  CenteredMetrics,
  MatrixInput,
  MetricsOptions,
  NumericArray,
  SpectralMetrics,
} from '../types.js';
import { checkFinite, forEachMatrix, rankOpen, readCallWith, tolerances } from './call.js';

/**
 * Everything that the singular values of a matrix say about its size and its dimension, in one decomposition.
 *
 * @param data elements in row-major order, with their shape; or a matrix that knows its own shape
 * @param options the tolerance of `rank` as in `matrixRank`; `centered: true` removes the mean of each column
 *   first and adds `maxRank` and `normalized`; `epsilon`, `delta` and `q` are those of `effectiveRank` (RankMe's),
 *   `energyRankLinear` and `renyiRank`
 * @example spectralMetrics(activations, [512, 768], { centered: true }).normalized.effectiveRank
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function spectralMetrics(
  data: NumericArray,
  shape: readonly number[],
  options: MetricsOptions & { centered: true },
): CenteredMetrics;
export function spectralMetrics(
  data: NumericArray,
  shape: readonly number[],
  options?: MetricsOptions,
): SpectralMetrics;
export function spectralMetrics(
  a: MatrixInput,
  options: MetricsOptions & { centered: true },
): CenteredMetrics;
export function spectralMetrics(a: MatrixInput, options?: MetricsOptions): SpectralMetrics;
export function spectralMetrics(a: unknown, b?: unknown, c?: unknown): SpectralMetrics | CenteredMetrics {
  const fn = 'spectralMetrics';
  const names = ['centered', 'epsilon', 'delta', 'q'];
  const read = (options: MetricsOptions | undefined, { hermitian }: Tolerance) => {
    const given = readMetricsOptions(fn, options);
    const centered = options?.centered ?? false;
    if (typeof centered !== 'boolean') {
      throw new TypeError(`${fn}: centered must be true or false; got ${describe(centered)}.`);
    }
    if (centered && hermitian) throw new TypeError(`${fn}: centered and hermitian exclude each other.`);
    return { given, centered };
  };
  const { stack, t, own } = readCallWith(fn, [a, b, c], names, read, true);
  const { given, centered } = own;
  if (centered && stack.vector) {
    throw new RangeError(`${fn}: centered needs a matrix [samples, features]; got a vector.`);
  }
  const { rows, cols } = stack;
  const size = Math.min(rows, cols);
  const most = centered ? Math.max(Math.min(rows - 1, cols), 0) : size;
  let values = new Float64Array(size);
  let unit = 1; // values are in units of this power of two
  let rank = 0;
  if (size > 0) {
    const { absolute, relative } = tolerances(t, stack);
    const measured = centered ? center(fn, stack) : { stack, unit: 1 };
    forEachMatrix(fn, measured.stack, t.hermitian && !stack.vector, (k) => {
      rank = rankOpen(fn, k, stack, { absolute: absolute / measured.unit, relative });
      const pairs = isComplex(stack);
      const length = pairs ? 2 * size : size;
      const at = k.reserve(8 * length);
      k.spectrum(at);
      const all = copyOut(at, length);
      values = (pairs ? halved(all) : all) as Float64Array<ArrayBuffer>;
      unit = measured.unit / k.scale();
    });
  }
  const metrics = fromSpectrum(values, unit, rank, most, given);
  if (!centered) return metrics;
  const share = (x: number) => (most > 0 ? x / most : 0);
  return {
    ...metrics,
    maxRank: most,
    normalized: {
      rank: share(rank),
      stableRank: share(metrics.stableRank),
      effectiveRank: share(metrics.effectiveRank),
      spectralEntropyRank: share(metrics.spectralEntropyRank),
      participationRatio: share(metrics.participationRatio),
    },
  };
}

/** The metrics of a matrix whose singular values (all min(m, n), descending) and rank are known. */
export function metricsOf(values: Float64Array, rank: number): SpectralMetrics {
  return fromSpectrum(values, 1, rank, values.length, readMetricsOptions('spectralMetrics'));
}

type Given = Required<Pick<MetricsOptions, 'epsilon' | 'delta' | 'q'>>;

function readMetricsOptions(fn: string, options: MetricsOptions = {}): Given {
  const { epsilon = 0, delta = 0.01, q = 2 } = options;
  for (const [name, value] of Object.entries({ epsilon, delta, q })) {
    if (typeof value !== 'number')
      throw new TypeError(`${fn}: ${name} must be a number; got ${describe(value)}.`);
    if (!(value >= 0)) throw new RangeError(`${fn}: ${name} must be 0 or more; got ${value}.`);
  }
  if (!(epsilon < 1)) throw new RangeError(`${fn}: epsilon must be less than 1; got ${epsilon}.`);
  if (!(delta < 1)) throw new RangeError(`${fn}: delta must be less than 1; got ${delta}.`);
  return { epsilon, delta, q };
}

/** Rounding of a share of the energy: ten equal values hold 90 % in nine. */
const SLACK = 1e-12;

/** The metrics of unit * values, descending, of which at most `most` are not zero by nature. */
function fromSpectrum(
  values: Float64Array,
  unit: number,
  rank: number,
  most: number,
  { epsilon, delta, q }: Given,
): SpectralMetrics {
  const largest = values.length ? values[0] : 0;
  const some = largest > 0;
  const s = some ? values.map((value) => value / largest) : new Float64Array(0);
  const sum = power(s, 1);
  const square = power(s, 2);
  const entropy = -s.reduce((total, x) => total + xlogx(x / sum + epsilon), 0);
  const squareEntropy = -s.reduce((total, x) => total + xlogx((x * x) / square), 0);
  const spectralNorm = largest * unit;
  return {
    rank,
    frobeniusNorm: Math.sqrt(square) * largest * unit,
    spectralNorm,
    nuclearNorm: sum * largest * unit,
    conditionNumber: some && most > 0 ? largest / values[most - 1] : Infinity,
    stableRank: square,
    effectiveRank: some ? Math.exp(entropy) : 0,
    spectralEntropyRank: some ? Math.exp(squareEntropy) : 0,
    participationRatio: some ? (square / power(s, 4)) * square : 0,
    energyRank90: fewest(s, 2, 0.9 * square),
    energyRank95: fewest(s, 2, 0.95 * square),
    energyRank99: fewest(s, 2, 0.99 * square),
    intrinsicRank: sum,
    nuclearRank: some ? (sum / square) * sum : 0,
    energyRankLinear: fewest(s, 1, (1 - delta) * sum),
    normalizedEntropy: some && most > 1 ? squareEntropy / Math.log(most) : 0,
    renyiRank: some ? renyi(s, square, squareEntropy, rank, q) : 0,
    alphaReQ: slope(s.subarray(0, rank)),
  };
}

const xlogx = (x: number) => (x > 0 ? x * Math.log(x) : 0);

/** sum s_i^p, the small ones first. */
function power(s: Float64Array, p: number): number {
  let total = 0;
  for (let i = s.length - 1; i >= 0; i--) total += s[i] ** p;
  return total;
}

/** The fewest of s, from the largest, whose p-th powers sum to at least `enough`. */
function fewest(s: Float64Array, p: number, enough: number): number {
  let k = 0;
  for (let held = 0; k < s.length && held < enough * (1 - SLACK); k++) held += s[k] ** p;
  return k;
}

/** exp of Renyi's entropy of order q of the shares s_i^2 / square. */
function renyi(s: Float64Array, square: number, shannon: number, rank: number, q: number): number {
  if (q === 0) return rank; // Hartley's: how many there are
  if (q === 1) return Math.exp(shannon);
  if (q === Infinity) return square; // s_1 is 1
  // square^q / sum s_i^(2q), under a root of order 1 - q: in logarithms, where no power overflows.
  return Math.exp((Math.log(power(s, 2 * q)) - q * Math.log(square)) / (1 - q));
}

/** The slope, its sign turned, of log s_i^2 over log i by least squares; 0 where there are no two. */
function slope(s: Float64Array): number {
  if (s.length < 2) return 0;
  const x = Float64Array.from(s, (_, i) => Math.log(i + 1));
  const y = s.map((value) => 2 * Math.log(value));
  const mean = (list: Float64Array) => list.reduce((a, b) => a + b, 0) / list.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) ** 2;
  }
  return xy === 0 ? 0 : -xy / xx;
}

/**
 * The matrix less the mean of each column, in a float64 copy of `unit` times smaller elements. What is left
 * of the means by rounding is taken off in a second pass, so that a large common mean does not show as one
 * more dimension. Of complex elements the real and the imaginary parts have means of their own.
 */
function center(fn: string, stack: Stack): { stack: Stack; unit: number } {
  const { rows, cols, colMajor } = stack;
  checkFinite(fn, stack, 0, rows * cols);
  const parts = isComplex(stack) ? 2 : 1;
  const width = parts * cols;
  const size = rows * width;
  const data = allocate(fn, Float64Array, size);
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j++) {
      const x =
        parts === 2
          ? stack.data[2 * stack.offset + i * width + j]
          : element(stack, colMajor ? j * rows + i : i * cols + j);
      data[i * width + j] = x;
      largest = Math.max(largest, Math.abs(x));
    }
  }
  let unit = 1;
  if (largest > 0 && !(largest < 1e150 && largest > 1e-150)) {
    // 2^1022 at most, so that 1 / unit is a normal number too.
    unit = 2 ** Math.min(Math.max(Math.floor(Math.log2(largest)), -1022), 1022);
    for (let i = 0; i < size; i++) data[i] /= unit;
  }
  for (let pass = 0; pass < 2; pass++) {
    const means = new Float64Array(width);
    for (let i = 0; i < size; i += width) for (let j = 0; j < width; j++) means[j] += data[i + j];
    for (let j = 0; j < width; j++) means[j] /= rows;
    for (let i = 0; i < size; i += width) for (let j = 0; j < width; j++) data[i + j] -= means[j];
  }
  const kind = parts === 2 ? 'c128' : 'f64';
  return { stack: { ...stack, data, offset: 0, kind, colMajor: false, noise: NaN }, unit };
}
