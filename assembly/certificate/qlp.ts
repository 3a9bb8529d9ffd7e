// What a pivoted QR leaves open: a second QR, of R^T, and in the end the singular values themselves.
//
// QR of R^T (Stewart's QLP; Huckaby & Chan 2003) moves R12 into the triangle: both bounds become nearly tight.
// The bidiagonal form is for tolerances that rounding does not keep.
// docs/certificates.md, "QLP", "Exactness", "Bidiagonal". Cost: 4/3 n k^2, and 8/3 k^3 for the form.
import { alloc, mark, release } from '../base/arena';
import { GUARD, LEFT_OUT_SHARE } from '../base/params';
import * as qrcp from '../factor/qrcp';
import { PivotedQr } from '../factor/qrcp';
import { matrix, rowsOfMatrix } from '../factor/tsqr';
import { leading, transposeUpper } from '../matrix/columns';
import * as source from '../matrix/source';
import { bidiagonalForm, countAbove, largestValue, valuesOf } from '../spectrum/bidiagonal';
import * as claim from './claim';
import { Method } from './claim';
import { decideFromTriangle } from './leading-triangle';
import { reductionStages, reflectorError, stage } from './rounding';

/** Decides from R of a pivoted QR, which so many reflectors have made of A; what it leaves is set aside. */
export function byQlp(q: PivotedQr, reflectors: i32): bool {
  return byTransposed(transposeUpper(q.W, q.ld, q.steps, q.n), q.steps, q.residual, reflectors);
}

/** The same from X (n x k), which so many reflectors have made of A but for `leftOut`, which was set aside. "QLP". */
export function byTransposed(X: usize, k: i32, leftOut: f64, reflectors: i32): bool {
  const n = source.n;
  const p = qrcp.begin(X, leading(n), n, k, alloc(<u64>k << 2));
  qrcp.proceed(p, claim.tolerance(claim.low) / GUARD, 0, k);
  if (decideFromTriangle(p, leftOut, reflectors + stage(k), 0, Method.Lq)) return true;

  qrcp.proceed(p, 0, 0, k);
  const r = p.steps;
  // k x r, lower triangular.
  const B = transposeUpper(X, leading(n), r, k);
  return byValues(B, k, r, leftOut, reflectors + stage(k));
}

/** Decides from the singular values of A itself: for a small matrix of smooth spectrum. "Bidiagonal". */
export function bySingularValues(): bool {
  const start = mark();
  const done = byValues(matrix(), rowsOfMatrix(), source.n, 0, reductionStages());
  release(start);
  return done;
}

/**
 * The count of the singular values of B (k x r) that are above the tolerance, which they tell too. It decides where
 * next to nothing was left out, or where what was left out cannot change it. "Exactness".
 */
function byValues(B: usize, k: i32, r: i32, leftOut: f64, reflectors: i32): bool {
  const form = bidiagonalForm(B, leading(k), k, r);
  const off = leftOut + reflectorError(reflectors + stage(2 * r)); // r reflectors from each side
  const sigma = largestValue(form);
  claim.raiseSigma(sigma - off);
  claim.capSigma(sigma + off);
  claim.estimateSigma(min(sigma, claim.high));
  const count = countAbove(form, claim.tolerance(sigma));
  if (!(leftOut <= LEFT_OUT_SHARE * claim.resolution())) {
    const least = countAbove(form, claim.tolerance(claim.high) + off);
    if (least != countAbove(form, claim.tolerance(claim.low) - off)) return false;
  }
  const values = alloc(<u64>r << 3);
  valuesOf(form, count - 1, count + 1, values);
  const lo: f64 = count ? load<f64>(values + (<usize>(count - 1) << 3)) : 0;
  const up: f64 = count < r ? load<f64>(values + (<usize>count << 3)) : 0;
  return claim.counted(count, lo - off, up + off, Method.Bidiagonal);
}
