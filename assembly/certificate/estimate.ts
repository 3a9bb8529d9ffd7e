// What a matrix looks like, for little: which method is likely to decide it. Estimates decide nothing.
// Cost: with an eighth of the columns and a quarter of the rows, half a per cent of the Gram matrix and its factor.
import { alloc, mark, release } from '../base/arena';
import {
  ESTIMATE_SHIFT, GRADED, LAST_PIVOT, LOW_SHARE, PIVOTS_FALL, SAMPLE_GAP, SAMPLE_LEAST, STEADY_FALL,
} from '../base/params';
import * as cholesky from '../factor/cholesky';
import { Cholesky } from '../factor/cholesky';
import { packedBytes } from '../matrix/pack';
import { packSample } from '../matrix/rows';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { panels, triangleBytes } from '../matrix/triangle';
import { Attempt, createAttempt } from './attempt';
import * as claim from './claim';
import { mayDeflate } from './null-space';

/** Whether columns differ so much in length that no Gram matrix of theirs shows sigma_n. */
export function isGraded(): bool {
  let least: f64 = Infinity;
  for (let j = 0; j < source.n; j++) least = min(least, load<f64>(scan.squares + (<usize>j << 3)));
  return least < GRADED * scan.total;
}

/** What the leading s columns of some rows show: a deficiency, if there is one, and how fast singular values fall. */
export function estimate(rows: i32, s: i32): Attempt {
  const a = createAttempt();
  a.independent = source.n;
  const start = mark();
  const P = alloc(packedBytes(rows, s));
  packSample(P, rows, s);
  const share = scan.total * <f64>rows / <f64>source.m * <f64>s / <f64>source.n;
  const L = alloc(triangleBytes(s));
  const f = cholesky.begin(L, s, ESTIMATE_SHIFT * share, true, 0);
  cholesky.proceed(f, panels(s), P, rows, rows);
  a.gapless = f.gapless;
  a.least = extrapolatedLeast(f);
  if (f.columns < s - (s >> 3)) a.independent = f.columns;
  if (f.columns < s && !f.gapless) {
    const g = cholesky.begin(L, s, f.shift, true, mayDeflate(source.m, source.n));
    const ended = !cholesky.proceed(g, panels(s), P, rows, rows);
    a.low = ended && LOW_SHARE * (g.columns - g.deflated) <= g.columns;
    if (a.low) a.independent = g.columns - g.deflated;
  }
  release(start);
  return a;
}

/**
 * By how much pivots fall from column to column, in logarithms: from the mean of the first quarter to that of the last.
 * Infinity where the fall slows down. `relative` to the columns' squares: see meanLogPivot.
 */
function steadyFall(f: Cholesky, columns: i32, relative: bool): f64 {
  const quarter = columns >> 2;
  const last = meanLogPivot(f, columns - quarter, columns, relative);
  const fall = (last - meanLogPivot(f, 0, quarter, relative)) / <f64>(columns - quarter);
  const later = (last - meanLogPivot(f, quarter, 2 * quarter, relative)) / <f64>(columns - 2 * quarter);
  return later > STEADY_FALL * fall ? Infinity : fall;
}

/**
 * sigma_n, if singular values go on falling as the pivots of a factor do, by a factor for each column. Infinity where
 * nothing says that they go on: too few columns, an end in a gap, or a fall that slows down.
 */
export function extrapolatedLeast(f: Cholesky): f64 {
  const columns = f.columns - f.deflated;
  if (columns < 8 || (f.columns < f.n && !f.gapless)) return Infinity;
  const fall = steadyFall(f, columns, false);
  return Math.sqrt(claim.low * claim.high) * Math.exp(0.5 * PIVOTS_FALL * fall * <f64>source.n);
}

/**
 * Whether a factor of all columns, in their order, is in vain, as half of them or more show: should the angles of
 * columns with those before them go on falling, pivots end where sigma_n^2 is below the shift. It has failed, then.
 */
export function inVain(f: Cholesky): bool {
  const done = f.panelsDone << 2;
  const quarter = done >> 2;
  if (f.deflated) return false;
  let last = meanLogPivot(f, done - quarter, done, true);
  last += steadyFall(f, done, true) * <f64>(f.n - done + (quarter >> 1));
  let squares: f64 = 0;
  for (let j = f.n - quarter; j < f.n; j++) squares += Math.log(load<f64>(scan.squares + (<usize>j << 3)));
  if (!(Math.exp(last + squares / <f64>quarter) < LAST_PIVOT * f.shift)) return false;
  f.columns = done;
  return f.gapless = true;
}

/** Of the logarithms of columns from .. to, those deflated not counted; of pivots relative to the columns' squares. */
function meanLogPivot(f: Cholesky, from: i32, to: i32, relative: bool): f64 {
  let sum: f64 = 0;
  for (let i = 0, j = 0; i < to; j++) {
    const pivot = cholesky.pivot(f, j);
    if (pivot == Infinity) continue;
    if (i++ >= from) sum += Math.log(relative ? pivot / load<f64>(scan.squares + (<usize>j << 3)) : pivot);
  }
  return sum / <f64>(to - from);
}

/** The sigma_min^2 to be expected of s rows of a generic matrix: sizes the sample. */
export function expectedSigmaMinSquare(s: i32): f64 {
  const n = <f64>source.n;
  const gap = Math.sqrt(<f64>s) - Math.sqrt(n);
  return (scan.total / (n * <f64>source.m)) * max(SAMPLE_GAP * gap * gap, SAMPLE_LEAST / n);
}
