// Rank k from a sample of rows (row-sample.ts): which sample, how far, and what its bounds decide.
// docs/certificates.md, "Low rank from a sample", "QLP".
import { alloc, mark, release } from '../base/arena';
import { BELOW_TOLERANCE, FALLING, GUARD, REACH, SAMPLE_ROUNDS, SMOOTH, SPARE, SPARE_ROWS, U } from '../base/params';
import { factor } from '../factor/cholesky';
import * as qrcp from '../factor/qrcp';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { triangleBytes } from '../matrix/triangle';
import * as claim from './claim';
import { Method } from './claim';
import { countable } from './inertia';
import { byTransposed } from './qlp';
import { reflectorError, rounding, stage } from './rounding';
import {
  boundAbove,
  boundBelow,
  drawSample,
  factorSample,
  gramOfPivots,
  lastPivot,
  missesColumns,
  product,
  RowSample,
  scaledResidual,
  seeAll,
  squareOfPivots,
} from './row-sample';

/**
 * Rank k < n from a sample of rows; so many (`proved`) singular values are known to be above the tolerance, and so many
 * leading columns (`ordered`) are taken as they stand. seen: many columns were seen to depend on few, so that the guess
 * may be low. "Low rank from a sample".
 */
export function sampled(guess: i32, proved: i32, seen: bool, ordered: i32 = 0): bool {
  const start = mark();
  const done = fromSample(guess, proved, seen, ordered);
  release(start);
  return done;
}

function fromSample(guess: i32, proved: i32, seen: bool, ordered: i32): bool {
  const start = mark();
  const sample = sufficientSample(guess, seen, ordered);
  if (!changetype<usize>(sample)) return false;
  const k = sample.k;
  let lower = claim.tolerance(claim.high);
  if (k > proved || claim.report) {
    boundBelow(sample);
    const own = sample.lower - reflectorError(2 * stage(k)); // QR of the sample, and the inverse of its triangle
    if (own >= GUARD * claim.tolerance(claim.high)) proved = max(proved, k);
    lower = max(lower, own);
  }
  if (k <= proved || lastPivot(sample) > SMOOTH * scaledResidual(sample)) {
    boundAbove(sample);
    const up = sample.upper + sample.noise + reflectorError(stage(k));
    if (!(up <= claim.tolerance(claim.low))) raiseByAll(sample);
    if (!(up <= claim.tolerance(claim.low))) return false; // NaN too
    if (k <= proved) return claim.answer(k, lower, up, Method.Sample);
    const below = boundFromPivots(sample);
    if (below > 0) return claim.answer(k, below, up, Method.Sample);
  }
  return !countable() && belowTolerance(sample, start);
}

/** sigma_1 from all rows. */
function raiseByAll(sample: RowSample): void {
  seeAll(sample);
  claim.raiseSigma(sample.sigma);
}

/** A sample for about rank `guess` that sees all of the row space, factored down to the tolerance; else null. */
function sufficientSample(guess: i32, seen: bool, ordered: i32): RowSample {
  const none = changetype<RowSample>(0);
  const n = source.n;
  const start = mark();
  // A very early failure of Cholesky says little of the rank: duplicates, or a smooth matrix. The spare rows keep what
  // rounding does to T from growing faster than the tolerance.
  let sample = none;
  let k = 0;
  const spare = 32 + min(guess >> 3, <i32>(<f64>guess * <f64>guess / SPARE));
  let s = guess < n >> 4 && !seen ? max((n >> 2) + 8, 48) : guess + spare;
  for (; ; s <<= 1) {
    s = (s + 3) & ~3;
    // No saving: the sample is as large as what it should spare.
    if (s > source.m - source.m / (guess > n - (n >> 2) ? 3 : 5)) return none;
    release(start);
    sample = drawSample(s);
    claim.raiseSigma(sample.sigma);
    // What the sample says of sigma_1 will do where its own rounding is far below the tolerance.
    const rounds = SAMPLE_ROUNDS * Math.sqrt(<f64>s * scan.total) * U;
    if (claim.tolerance(claim.low) < rounds) raiseByAll(sample);
    // Without a gap in the singular values the sample must do with few columns.
    const tau = claim.tolerance(claim.low);
    const checkBelow: f64 = countable() ? 0 : REACH * tau;
    qrcp.inOrder(sample.q, ordered);
    k = factorSample(sample, tau / GUARD, checkBelow);
    if (!(scaledResidual(sample) <= tau / GUARD)) {
      if (qrcp.fewStepsMore(k, source.m, claim.high, scaledResidual(sample), tau / GUARD)) {
        k = factorSample(sample, tau / GUARD, checkBelow);
      }
      if (!(scaledResidual(sample) <= tau / GUARD)) return none;
    }
    if (k <= s - 8) break; // else it has no rows to spare and may not have seen all of the row space
    if (seen) return none; // few rows of many zeros show few columns: it costs little to have been deceived
    // A larger one costs more than inertia, and sees as little of the row space where the pivots fall all the time.
    if (countable() || (s > source.m >> 2 && lastPivot(sample) < FALLING * Math.sqrt(scan.total / n))) return none;
  }
  return k == 0 || k == n || missesColumns(sample) ? none : sample;
}

/** A bound of sigma_k from all rows of the pivot columns, who say more than the sample does; 0 where they do not. */
function boundFromPivots(sample: RowSample): f64 {
  const k = sample.k;
  const start = mark();
  const L = alloc(triangleBytes(k));
  gramOfPivots(sample, L);
  const square = squareOfPivots(sample);
  const most = claim.tolerance(claim.high);
  const shift = most * most + 2 * rounding(source.m, k, square, square);
  const f = factor(L, k, shift, true);
  const bound = f.columns == k ? Math.sqrt(shift - rounding(source.m, k, square, f.growth)) : 0;
  release(start);
  return bound;
}

/** Factors a sample until what is left is small beside the tolerance. */
function factorBelow(sample: RowSample): void {
  const small = claim.tolerance(claim.low) / BELOW_TOLERANCE;
  factorSample(sample, 0.5 * small, small);
}

/** The spectrum passes through the tolerance: goes below it, then looks at what is left. "QLP". */
function belowTolerance(sample: RowSample, start: usize): bool {
  const k = sample.k;
  raiseByAll(sample);
  // Pivots at rounding level need a sample with rows to spare, or T grows.
  if (sample.size < 2 * k) {
    const s = (2 * k + SPARE_ROWS + 3) & ~3;
    if (s > source.m >> 1) return false;
    release(start);
    sample = drawSample(s);
    factorBelow(sample);
  }
  factorBelow(sample);
  if (sample.k == source.n) return false;
  boundAbove(sample);
  const rest = sample.upper + sample.noise;
  return rest <= 0.25 * claim.tolerance(claim.low) && byTransposed(product(sample), sample.k, rest, stage(sample.k));
}
