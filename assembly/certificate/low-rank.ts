// Rank k from a sample of rows (lowrank.ts): which sample, how far, and what its bounds decide.
// docs/certificates.md, "Low rank from a sample", "QLP".
import { alloc, mark, release } from '../base/arena';
import { GUARD, REACH, SMOOTH, SPARE } from '../base/params';
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
import * as lowrank from './row-sample';

/**
 * Rank k < n from a sample of rows; so many singular values are known to be above the tolerance. "Low rank from a
 * sample".
 */
export function sampled(guess: i32, known: i32): bool {
  const start = mark();
  const done = fromSample(guess, known);
  release(start);
  return done;
}

function fromSample(guess: i32, known: i32): bool {
  const n = source.n;
  let k = 0;
  const start = mark();
  // A very early failure of Cholesky says little of the rank: duplicates, or a smooth matrix. The spare rows keep what
  // rounding does to T from growing faster than the tolerance.
  let s = guess < n >> 4 ? max((n >> 2) + 8, 48) : guess + 32 + min(guess >> 3, <i32>(<f64>guess * <f64>guess / SPARE));
  for (; ; s <<= 1) {
    s = (s + 3) & ~3;
    // No saving: the sample is as large as what it should spare.
    if (s > source.m - source.m / (guess > n - (n >> 2) ? 3 : 5)) return false;
    release(start);
    lowrank.take(s);
    claim.raiseSigma(lowrank.sigma);
    // Without a gap in the singular values the sample must do with few columns.
    const tau = claim.tolerance(claim.low);
    const patience: f64 = countable() ? 0 : REACH * tau;
    k = lowrank.extend(tau / GUARD, patience);
    if (!(lowrank.rest() <= tau / GUARD)) {
      if (qrcp.fewStepsMore(k, source.m, claim.high, lowrank.rest(), tau / GUARD)) {
        k = lowrank.extend(tau / GUARD, patience);
      }
      if (!(lowrank.rest() <= tau / GUARD)) return false;
    }
    if (k <= s - 8) break; // else it has no rows to spare and may not have seen all of the row space
    // A larger one costs more than inertia, and sees as little of the row space where the pivots fall all the time.
    if (countable() || (s > source.m >> 2 && lowrank.lastPivot() < 0.1 * Math.sqrt(scan.total / n))) return false;
  }
  if (k == 0 || k == n) return false;
  const slack = reflectorError(stage(k));
  const threshold = GUARD * claim.tolerance(claim.high);
  let lower = claim.tolerance(claim.high);
  if (k > known || claim.exact) {
    lowrank.boundBelow();
    const own = lowrank.lower - reflectorError(2 * stage(k)); // QR of the sample, and the inverse of its triangle
    if (own >= threshold) known = max(known, k);
    lower = max(lower, own);
  }
  if (k <= known || lowrank.lastPivot() > SMOOTH * lowrank.rest()) {
    lowrank.boundAbove();
    const up = lowrank.upper + lowrank.noise + slack;
    if (!(up <= claim.tolerance(claim.low))) return false; // NaN too
    if (k <= known) return claim.answer(k, lower, up, Method.Sample);

    // All rows of the pivot columns say more about sigma_k than the sample does.
    const L = alloc(triangleBytes(k));
    lowrank.gramOfPivots(L);
    const square = lowrank.squareOfPivots(scan.squares);
    const most = claim.tolerance(claim.high);
    const shift = most * most + 2 * rounding(source.m, k, square, square);
    const f = factor(L, k, shift, true);
    if (f.columns == k) {
      return claim.answer(k, Math.sqrt(shift - rounding(source.m, k, square, f.growth)), up, Method.Sample);
    }
  }

  if (countable()) return false;
  // The spectrum passes through the tolerance: go below it, then look at what is left. Pivots at rounding level need a
  // sample with rows to spare, or T grows.
  if (s < 2 * k) {
    s = (2 * k + 67) & ~3;
    if (s > source.m >> 1) return false;
    release(start);
    lowrank.take(s);
    lowrank.extend(claim.tolerance(claim.low) / 64, claim.tolerance(claim.low) / 32);
  }
  k = lowrank.extend(claim.tolerance(claim.low) / 64, claim.tolerance(claim.low) / 32);
  if (k == n) return false;
  lowrank.boundAbove();
  if (!(lowrank.upper + lowrank.noise <= 0.25 * claim.tolerance(claim.low))) return false;
  return byTransposed(lowrank.product(), k, lowrank.upper + lowrank.noise, stage(k));
}
