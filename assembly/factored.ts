// Pivoted QR of all of A, for what no sample and no Gram matrix decides. docs/certificates.md, "Pivoted QR".
// Cost: about 4 m n k flops; a tall A is reduced to its R factor first.
import { alloc } from './arena';
import * as claim from './claim';
import { Method } from './claim';
import { leading } from './columns';
import { power } from './norms';
import { GUARD, U } from './params';
import * as qrcp from './qrcp';
import { matrix, tall } from './reduce';
import * as source from './source';
import { settle, squeeze, transposeUpper } from './squeeze';

/** Householder QR of all of A with pivoting, then the squeeze if that leaves it open. "Pivoted QR". */
export function byQr(): bool {
  const n = source.n;
  const m = tall() ? n : source.m;
  const ld = leading(m);
  const W = matrix();
  const v = alloc(<u64>n << 3);
  claim.raise(power(W, ld, m, n, v, 3));
  const perm = alloc(<u64>n << 2);
  qrcp.begin(m, n, perm);
  let k = qrcp.proceed(W, ld, m, n, perm, 0, claim.tolerance(claim.low) / GUARD, 0);
  const slack = Math.sqrt(<f64>min(k + 1, n)) * U * claim.high;
  if (settle(W, ld, k, n, 0, slack, Method.Qr)) return true;

  // The residual is made small beside the tolerance, then R^T is factored.
  k = qrcp.proceed(W, ld, m, n, perm, k, claim.tolerance(claim.low) / 32, claim.tolerance(claim.low) / GUARD);
  const rest = qrcp.residual;
  return squeeze(transposeUpper(W, ld, k, n), k, rest, slack);
}
