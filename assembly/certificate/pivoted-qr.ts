// Pivoted QR of all of A, for what no sample and no Gram matrix decides. docs/certificates.md, "Pivoted QR".
// Cost: about 4 m n k flops; a tall A is reduced to its R factor first.
import { alloc } from '../base/arena';
import * as claim from './claim';
import { Method } from './claim';
import { leading } from '../matrix/columns';
import { power } from '../spectrum/power';
import { CLASSICAL_COLUMNS, GUARD, REACH, U } from '../base/params';
import * as qrcp from '../factor/qrcp';
import { matrix, tall } from '../factor/tsqr';
import * as source from '../matrix/source';
import { settle, squeeze, transposeUpper } from './qlp';
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
  qrcp.begin(m, n, perm);
  const tau = claim.tolerance(claim.low);
  const stop = tau / GUARD;
  const patience: f64 = n <= CLASSICAL_COLUMNS ? 0 : REACH * tau;
  let k = qrcp.proceed(W, ld, m, n, perm, 0, stop, patience, n);
  // No gap in the singular values where that ended above the stop. A few more steps may leave little to count, or nothing.
  const few = qrcp.few(k, n, claim.high, qrcp.residual, stop);
  if (qrcp.residual > stop && (few || k > n - (n >> 3))) k = qrcp.proceed(W, ld, m, n, perm, k, stop, few ? patience : 0, n);
  const slack = Math.sqrt(<f64>min(k + 1, n)) * U * claim.high;
  const open = qrcp.residual > stop;
  if (!open && settle(W, ld, k, n, 0, slack, known, Method.Qr)) return true;
  if (patience && (open || !few) && byTrailing(W, ld, m, n, k, slack)) return true;

  // The residual is made small beside the tolerance, then R^T is factored.
  k = qrcp.proceed(W, ld, m, n, perm, k, tau / 32, stop, n);
  const rest = qrcp.residual;
  return squeeze(transposeUpper(W, ld, k, n), k, rest, slack);
}
