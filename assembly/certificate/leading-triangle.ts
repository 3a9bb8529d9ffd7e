// Both bounds of a pivoted QR: sigma_{k+1} <= ||R22||_F, sigma_k >= 1 / ||R11^-1||_F.
// docs/certificates.md, "Pivoted QR".
// Cost: k^3 / 3 flops.
import { mark, release } from '../base/arena';
import { GUARD } from '../base/params';
import { inverseNorm } from '../blas/trsm';
import * as qrcp from '../factor/qrcp';
import { PivotedQr } from '../factor/qrcp';
import * as source from '../matrix/source';
import { packUpper } from '../matrix/triangle';
import * as claim from './claim';
import { Method } from './claim';
import { reflectorError, stage } from './rounding';

/**
 * Decides from the fewest steps of a QR that leave little. `leftOut` was set aside before it,
 * and so many reflectors have made its triangle;
 * so many (`proved`) singular values are known to be above the tolerance. "Pivoted QR".
 */
export function decideFromTriangle(q: PivotedQr, leftOut: f64, reflectors: i32, proved: i32, by: Method): bool {
  const rest = leftOut + reflectorError(reflectors);
  const k = qrcp.leastSteps(q, max<f64>(claim.tolerance(claim.low) - rest, 0));
  const up = qrcp.residualAfter(q, k) + rest;
  if (k < source.n && !(up <= claim.tolerance(claim.low))) return false;
  if (k <= (claim.report ? 0 : proved)) return claim.answer(k, claim.tolerance(claim.high), up, by);
  const least = GUARD * claim.tolerance(claim.high);
  if (!(qrcp.lastPivot(q, k) > least)) return false; // it is no less than 1 / ||R11^-1||
  const start = mark();
  const inverse = inverseNorm(packUpper(q.W, q.ld, k), k);
  release(start);
  const lo: f64 = inverse > 0 && inverse < Infinity ? 1 / inverse - leftOut - reflectorError(reflectors + stage(k)) : 0;
  if (!(lo > least)) return false;
  return claim.answer(k, lo, up, by);
}
