// Pivoted QR of all of A, for what no sample and no Gram matrix decides. docs/certificates.md,
// "Pivoted QR", "Exactness".
// Cost: about 4 m n k flops; a tall A is reduced to its R factor first.
import { alloc, mark, release } from '../base/arena';
import {
  BELOW_TOLERANCE, GUARD, LEFT_OUT_SHARE, REACH, TRAILING_COLUMNS,
} from '../base/params';
import * as qrcp from '../factor/qrcp';
import { PivotedQr } from '../factor/qrcp';
import { matrix, rowsOfMatrix } from '../factor/tsqr';
import { leading } from '../matrix/columns';
import * as source from '../matrix/source';
import { power } from '../spectrum/power';
import * as claim from './claim';
import { Method } from './claim';
import { decideFromTriangle } from './leading-triangle';
import { byQlp } from './qlp';
import { reductionStages, reflectorError, stage } from './rounding';
import { byTrailing } from './trailing';

/**
 * The rank from a QR of all of A; so many (`proved`) values are known to be above the tolerance. So many
 * leading columns (`ordered`), far from dependent, are taken as they stand: values that are not known are likely to be
 * far below then. Decides.
 */
export function byQr(proved: i32, ordered: i32 = 0): bool {
  const n = source.n;
  const m = rowsOfMatrix();
  const W = matrix();
  claim.raiseSigma(power(W, leading(m), m, n, alloc(<u64>n << 3), 3));
  const q = qrcp.begin(W, leading(m), m, n, alloc(<u64>n << 2));
  const tau = claim.tolerance(claim.low);
  qrcp.inOrder(q, ordered);
  const stop = tau / GUARD;
  const checkBelow: f64 = n <= TRAILING_COLUMNS ? 0 : REACH * tau;
  qrcp.proceed(q, stop, checkBelow, n);
  // No gap in the singular values where that ended above the stop.
  // A few more steps may leave little to count, or nothing.
  const few = qrcp.fewStepsMore(q.steps, n, claim.high, q.residual, stop);
  if (q.residual > stop && (few || q.steps > n - (n >> 3))) qrcp.proceed(q, stop, few ? checkBelow : 0, n);
  const open = q.residual > stop;
  if (!open && decideFromTriangle(q, 0, reflectors(q), proved, Method.Qr)) return true;
  if (checkBelow && (open || !few) && byTrailing(q, reflectorError(reflectors(q)))) return true;

  // What is left is made small beside the tolerance. Where that hides too much for a count,
  // it is made small beside rounding.
  return continued(q, tau / BELOW_TOLERANCE) || continued(q, LEFT_OUT_SHARE * claim.resolution());
}

/** Goes on until no more than `limit` is left, and sets that aside. */
function continued(q: PivotedQr, limit: f64): bool {
  qrcp.proceed(q, limit, 0, q.n);
  const start = mark();
  const done = byQlp(q, reflectors(q));
  release(start);
  return done;
}

/** All that A went through, up to and in this QR. */
function reflectors(q: PivotedQr): i32 {
  return reductionStages() + stage(min(q.steps + 1, q.n));
}
