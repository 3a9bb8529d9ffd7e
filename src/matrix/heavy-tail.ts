// WeightWatcher's metrics of heavy-tailed spectra (Martin & Mahoney 2021; Martin, Peng & Mahoney 2021),
// from the singular values.
// Cost: one singular value decomposition, and k^2 / 2 exponentials for k = min(m, n).

import { readInput } from '../input/stack.js';
import { copyOut } from '../kernel/memory.js';
import type { MatrixInput, NumericArray } from '../types.js';
import { eps, forEachMatrix } from './call.js';

/** What the tail of a spectrum says. Eigenvalues are the squares of the singular values, as they stand. */
export interface HeavyTail {
  /**
   * The exponent of the power law of the tail's eigenvalues, p(x) ~ x^-alpha. Below 2: very heavy;
   * above 6: hardly a tail.
   */
  alpha: number;
  /** The eigenvalue at which the tail begins. */
  xmin: number;
  /** The Kolmogorov-Smirnov distance of the tail from its power law. */
  D: number;
  /** alpha * log10 of the largest eigenvalue. */
  alphaWeighted: number;
  /** log10 of the sum of the eigenvalues' alpha-th powers: the Schatten norm's of order 2 alpha, to this power. */
  logAlphaNorm: number;
  /**
   * The edge of the random bulk over the largest eigenvalue: near 1 or above for noise, near 0 with strong structure.
   */
  softRank: number;
  /** How many eigenvalues stand out of the bulk. */
  spikes: number;
  /** How many singular values are above NumPy's tolerance, sigma_1 max(m, n) eps of the type: WeightWatcher's rank. */
  hardRank: number;
}

/** Eigenvalues that are no more do not count, whatever the scale of the weights: WeightWatcher's EVALS_THRESH. */
const THRESHOLD = 1e-5;

/**
 * The heavy-tail metrics of a weight, by WeightWatcher's conventions (0.7, read from its source):
 *
 * - The eigenvalues x are the squared singular values, neither centered nor divided by a dimension;
 *   those up to 1e-5 are left out.
 * - Every eigenvalue but the largest is tried as xmin. For each, alpha = 1 + n / sum log(x / xmin) over the n
 *   eigenvalues from it on (maximum likelihood; Clauset, Shalizi & Newman 2009), and D = max |1 - (x_k / xmin)^(1 -
 *   alpha) - k / n|, k = 0 ... n - 1. The first with the least D is taken; xmax is not cut. alpha,
 *   xmin and D are NaN where there are no two eigenvalues.
 * - The bulk is that of Marchenko & Pastur (1967) for a max(m, n) x min(m, n) matrix of independent elements of
 *   variance v: up to v (1 + sqrt(min / max))^2 with eigenvalues over their mean. spikes are above it by more than
 *   sqrt(sqrt(min / max) edge^(2/3) min^(-2/3)), WeightWatcher's allowance for Tracy & Widom's law.
 * - hardRank counts the singular values above sigma_1 max(m, n) eps, eps being 2^-23 for float32 and narrower types,
 *   2^-52 for float64. That is the default of `matrixRank`, without its proof, and without what it knows of rounding to
 *   16 bits.
 *
 * One thing differs: WeightWatcher fits v to a kernel density estimate of the eigenvalues; here v makes the
 * medians equal (Gavish & Donoho 2014), which needs no bandwidth. Where more than half of the eigenvalues are 0 the
 * bulk is 0.
 *
 * @param data elements in row-major order, with their shape [m, n]; or a matrix that knows its own shape
 * @example heavyTail(weight, [768, 3072]).alpha
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function heavyTail(data: NumericArray, shape: readonly number[]): HeavyTail;
export function heavyTail(a: MatrixInput): HeavyTail;
export function heavyTail(a: unknown, shape?: unknown): HeavyTail {
  const fn = 'heavyTail';
  const stack = readInput(fn, [a, shape], 2);
  const { rows, cols, single } = stack;
  const size = Math.min(rows, cols);
  let values: Float64Array = new Float64Array(0);
  if (size > 0) {
    forEachMatrix(fn, stack, false, (k) => {
      const at = k.reserve(8 * size);
      k.singularValues(at, false);
      values = copyOut(at, size);
    });
  }
  return heavyTailOf(values, Math.max(rows, cols), single);
}

/** The same of min(m, n) singular values, descending, and max(m, n); `single`: of float32 or narrower. */
export function heavyTailOf(singular: Float64Array, long: number, single = false): HeavyTail {
  const tolerance = (singular[0] ?? 0) * long * eps(single);
  const x = singular.map((s) => s * s).reverse(); // ascending
  const { alpha, xmin, D } = powerLaw(x.filter((value) => value > THRESHOLD));
  const largest = x.at(-1) ?? 0;
  return {
    alpha,
    xmin,
    D,
    alphaWeighted: alpha * Math.log10(largest),
    // The largest power is taken out of the sum, lest it overflow.
    logAlphaNorm:
      alpha * Math.log10(largest) + Math.log10(x.reduce((sum, value) => sum + (value / largest) ** alpha, 0)),
    ...bulk(x, long),
    hardRank: singular.reduce((count, value) => count + (value > tolerance ? 1 : 0), 0),
  };
}

/** alpha, xmin and D of ascending positive values: every one but the last is tried as xmin. */
function powerLaw(x: Float64Array): Pick<HeavyTail, 'alpha' | 'xmin' | 'D'> {
  let best = { alpha: Number.NaN, xmin: Number.NaN, D: Number.NaN };
  const logs = x.map(Math.log);
  const sums = new Float64Array(x.length + 1); // of the logs from i on
  for (let i = x.length - 1; i >= 0; i--) sums[i] = sums[i + 1] + logs[i];
  for (let i = 0; i < x.length - 1; i++) {
    const n = x.length - i;
    const above = sums[i] - n * logs[i]; // sum log(x / xmin)
    if (!(above > 0)) break; // the rest are all equal: no law
    const alpha = 1 + n / above;
    let D = 0;
    for (let k = 0; k < n; k++)
      D = Math.max(D, Math.abs(1 - Math.exp((1 - alpha) * (logs[i + k] - logs[i])) - k / n));
    if (!(D >= best.D)) best = { alpha, xmin: x[i], D };
  }
  return best;
}

/** The edge of the Marchenko-Pastur law whose median is that of the ascending values x, and what stands beyond it. */
function bulk(x: Float64Array, long: number): Pick<HeavyTail, 'softRank' | 'spikes'> {
  const size = x.length;
  const mean = x.reduce((sum, value) => sum + value, 0) / size;
  if (!(mean > 0)) return { softRank: 0, spikes: 0 };
  const ratio = size / long; // 1 / Q
  const median = (x[(size - 1) >> 1] + x[size >> 1]) / 2 / mean;
  const edge = (median / marchenkoPasturMedian(ratio)) * (1 + Math.sqrt(ratio)) ** 2;
  const allowance = Math.sqrt(Math.sqrt(ratio) * edge ** (2 / 3) * size ** (-2 / 3));
  return {
    softRank: edge / (x[size - 1] / mean),
    spikes: x.reduce((count, value) => count + (value / mean > edge + allowance ? 1 : 0), 0),
  };
}

/** Panels of Simpson's rule. */
const PANELS = 256;

/**
 * The median of the Marchenko-Pastur law of unit variance and ratio y in (0, 1]. With x = 1 + y - 2 sqrt(y) cos t the
 * density sqrt((b - x) (x - a)) / (2 pi y x) dx becomes 2 sin^2 t / (pi x) dt, t from 0 to pi,
 * which has no corner to integrate.
 */
export function marchenkoPasturMedian(y: number): number {
  const at = (t: number) => 1 + y - 2 * Math.sqrt(y) * Math.cos(t);
  // At y = 1 and t = 0 it is 0 / 0, of the limit 2 / pi.
  const density = (t: number) => (at(t) === 0 ? 2 / Math.PI : (2 * Math.sin(t) ** 2) / (Math.PI * at(t)));
  const below = (t: number) => {
    const h = t / (2 * PANELS);
    let sum = density(0) + density(t);
    for (let i = 1; i < 2 * PANELS; i++) sum += (i % 2 === 0 ? 2 : 4) * density(i * h);
    return (sum * h) / 3;
  };
  let [low, high] = [0, Math.PI];
  for (let step = 0; step < 48; step++) {
    const middle = (low + high) / 2;
    if (below(middle) < 0.5) low = middle;
    else high = middle;
  }
  return at((low + high) / 2);
}
