// Pivoted QR of all of A, for what no sample and no Gram matrix decides. docs/certificates.md, "Pivoted QR".
// Cost: about 4 m n k flops; a tall A is reduced to its R factor first.
import { alloc } from '../base/arena';
import { CLASSICAL_COLUMNS, GUARD, REACH, U } from '../base/params';
import * as qrcp from '../factor/qrcp';
import { matrix, tall } from '../factor/tsqr';
import { leading, transposeUpper } from '../matrix/columns';
import * as source from '../matrix/source';
import { power } from '../spectrum/power';
import * as claim from './claim';
import { Method } from './claim';
import { settle, squeeze } from './qlp';
import { byTrailing } from './trailing';

/**
 * Householder QR of all of A with pivoting, then the squeeze if that leaves it open; so many values are known to be above the tolerance.
 * "Pivoted QR".
 */
export function byQr(known: i32): bool {
  const n = source.n;
  const m = tall() ? n : source.m;
  const ld = leading(m);
  const W = matrix();
  const v = alloc(<u64>n << 3);
  claim.raise(power(W, ld, m, n, v, 3));
  const perm = alloc(<u64>n << 2);
  const q = qrcp.begin(W, ld, m, n, perm);
  const tau = claim.tolerance(claim.low);
  const stop = tau / GUARD;
  const patience: f64 = n <= CLASSICAL_COLUMNS ? 0 : REACH * tau;
  qrcp.proceed(q, stop, patience, n);
  // No gap in the singular values where that ended above the stop. A few more steps may leave little to count, or nothing.
  const few = qrcp.fewStepsMore(q.steps, n, claim.high, q.residual, stop);
  if (q.residual > stop && (few || q.steps > n - (n >> 3))) qrcp.proceed(q, stop, few ? patience : 0, n);
  const slack = Math.sqrt(<f64>min(q.steps + 1, n)) * U * claim.high;
  const open = q.residual > stop;
  if (!open && settle(q, 0, slack, known, Method.Qr)) return true;
  if (patience && (open || !few) && byTrailing(q, slack)) return true;

  // The residual is made small beside the tolerance, then R^T is factored.
  qrcp.proceed(q, tau / 32, stop, n);
  return squeeze(transposeUpper(W, ld, q.steps, n), q.steps, q.residual, slack);
}
