// What a pivoted QR leaves open: a second QR, of R^T, and in the end the singular values themselves.
//
// QR of R^T (Stewart's QLP) moves R12 into the triangle: both bounds become nearly tight, and the transpose of its
// factor has columns close to orthogonal (Drmac & Veselic 2008; Huckaby & Chan 2003). Jacobi and the bidiagonal form
// are for tolerances that rounding does not keep. docs/certificates.md, "QLP", "Exactness", "Jacobi", "Bidiagonal".
// Cost: 4/3 n k^2 and more.
import { alloc, mark, release } from '../base/arena';
import { BIDIAGONAL_COLUMNS, GUARD, JACOBI_ROTATIONS, LEFT_OUT_SHARE } from '../base/params';
import * as qrcp from '../factor/qrcp';
import { PivotedQr } from '../factor/qrcp';
import { matrix, rowsOfMatrix } from '../factor/tsqr';
import { leading, transposeUpper } from '../matrix/columns';
import * as source from '../matrix/source';
import { Bidiagonal, bidiagonalForm, countAbove, largestValue, valueAt } from '../spectrum/bidiagonal';
import { jacobi } from '../spectrum/jacobi';
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
  // k x r, lower triangular, its columns close to orthogonal already.
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
  const values = alloc(<u64>r << 3);
  const few = r < BIDIAGONAL_COLUMNS && jacobi(B, leading(k), k, r, values);
  const form = few ? changetype<Bidiagonal>(0) : bidiagonalForm(B, leading(k), k, r);
  // Rotations of several sweeps, each of which may change the length of two columns; or reflectors from both sides.
  const off = leftOut + reflectorError(reflectors + stage((few ? JACOBI_ROTATIONS : 2) * r));
  const sigma = r == 0 ? 0 : few ? load<f64>(values) : largestValue(form);
  claim.raiseSigma(sigma - off);
  claim.capSigma(sigma + off);
  claim.estimateSigma(min(sigma, claim.high));
  const by = few ? Method.Jacobi : Method.Bidiagonal;
  const count = above(form, values, r, claim.tolerance(sigma));
  if (!(leftOut <= LEFT_OUT_SHARE * claim.resolution())) {
    const least = above(form, values, r, claim.tolerance(claim.high) + off);
    if (least != above(form, values, r, claim.tolerance(claim.low) - off)) return false;
  }
  const lo: f64 = count ? value(form, values, count - 1) : 0;
  const up: f64 = count < r ? value(form, values, count) : 0;
  return claim.counted(count, lo - off, up + off, by);
}

/** How many of r singular values are above x: those of a bidiagonal form, or those listed. */
function above(form: Bidiagonal, values: usize, r: i32, x: f64): i32 {
  if (changetype<usize>(form)) return countAbove(form, x);
  let count = 0;
  while (count < r && load<f64>(values + (<usize>count << 3)) > x) count++;
  return count;
}

/** The i-th of them. */
function value(form: Bidiagonal, values: usize, i: i32): f64 {
  return changetype<usize>(form) ? valueAt(form, i) : load<f64>(values + (<usize>i << 3));
}
