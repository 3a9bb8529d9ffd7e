// What QR leaves open: a second QR, of R^T, then a count from its trailing matrix, in the end the singular values themselves.
//
// QR of R^T (Stewart's QLP) moves R12 into the triangle: both bounds become nearly tight, and the transpose of its factor
// has columns close to orthogonal (Drmac & Veselic 2008; Huckaby & Chan 2003). Jacobi and the bidiagonal form are for tolerances that
// rounding does not keep. docs/certificates.md, "Pivoted QR", "Squeeze", "Trailing matrix", "Jacobi", "Bidiagonal". Cost: 4/3 n k^2 and more.
import { alloc, mark, release } from '../base/arena';
import { BIDIAGONAL_COLUMNS, GUARD } from '../base/params';
import { inverseNorm } from '../blas/trsm';
import * as qrcp from '../factor/qrcp';
import { leading, transposeUpper } from '../matrix/columns';
import * as source from '../matrix/source';
import { packUpper } from '../matrix/triangle';
import { bidiagonalValues } from '../spectrum/bidiagonal';
import { jacobi } from '../spectrum/jacobi';
import * as claim from './claim';
import { Method } from './claim';
import { byTrailing } from './trailing';

/** Decides from the leading k x k triangle of R and what it leaves, so many values being known to be above the tolerance: "Pivoted QR". */
export function settle(q: qrcp.PivotedQr, rest: f64, slack: f64, known: i32, by: Method): bool {
  const k = qrcp.leastSteps(q, max<f64>(claim.tolerance(claim.low) - rest - slack, 0));
  const up = qrcp.residualAfter(q, k) + rest + slack;
  if (k < source.n && !(up <= claim.tolerance(claim.low))) return false;
  if (k <= (claim.exact ? 0 : known)) return claim.answer(k, claim.tolerance(claim.high), up, by);
  const start = mark();
  const inverse = inverseNorm(packUpper(q.W, q.ld, k), k);
  release(start);
  const lo: f64 = inverse > 0 && inverse < Infinity ? 1 / inverse - rest - slack : 0;
  if (lo < GUARD * claim.tolerance(claim.high)) return false;
  return claim.answer(k, lo, k < source.n ? up : slack, by);
}

/** X (n x k) has the singular values of A to within `rest`. "Squeeze". */
export function squeeze(X: usize, k: i32, rest: f64, slack: f64): bool {
  const n = source.n;
  const ld = leading(n);
  const perm = alloc(<u64>k << 2);
  const q = qrcp.begin(X, ld, n, k, perm);
  qrcp.proceed(q, claim.tolerance(claim.low) / GUARD, 0, k);
  if (settle(q, rest, slack, 0, Method.Lq)) return true;

  qrcp.proceed(q, 0, 0, k);
  const r = q.steps;
  if (byTrailing(q, rest + slack)) return true;
  // k x r, lower triangular, its columns close to orthogonal already.
  const B = transposeUpper(X, ld, r, k);
  const values = alloc(<u64>r << 3);
  const many = r >= BIDIAGONAL_COLUMNS;
  if (many) bidiagonalValues(B, leading(k), k, r, values);
  else if (!jacobi(B, leading(k), k, r, values)) return false;
  claim.settle(load<f64>(values));
  const tau = claim.tolerance(claim.low);
  let count = 0;
  while (count < r && load<f64>(values + (<usize>count << 3)) > tau) count++;
  const lo: f64 = count ? load<f64>(values + (<usize>(count - 1) << 3)) : 0;
  const up: f64 = count < r ? load<f64>(values + (<usize>count << 3)) : 0;
  return claim.answer(count, lo - rest - slack, up + rest + slack, many ? Method.Bidiagonal : Method.Jacobi);
}
