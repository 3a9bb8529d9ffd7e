// All singular values, and the column-pivoted QR factor that callers see.
//
// Singular values: QR with pivoting, QR of R^T, one-sided Jacobi to full accuracy (dgejsv's preconditioning), about 5
// sweeps of up to 4 n^3 flops; or, where rows and columns are of even size and Jacobi could not be more
// accurate, by bidiagonalisation at a fifth of the cost.
import { alloc, calloc, mark, release } from '../base/arena';
import { BIDIAGONAL_COLUMNS, EVEN } from '../base/params';
import { dot } from '../blas/level1';
import { panel } from '../factor/householder';
import * as qrcp from '../factor/qrcp';
import { dropReflectors, sortPivots, strengthen } from '../factor/strong-rrqr';
import { matrix, tall } from '../factor/tsqr';
import { column, leading, readTransposed, transposeUpper } from '../matrix/columns';
import * as source from '../matrix/source';
import { bidiagonalValues } from '../spectrum/bidiagonal';
import { jacobi } from '../spectrum/jacobi';

/** The largest of n numbers over the smallest. */
function ratio(x: usize, n: i32): f64 {
  let least: f64 = Infinity;
  let most: f64 = 0;
  for (let i = 0; i < n; i++) {
    const t = load<f64>(x + (<usize>i << 3));
    least = min<f64>(least, t);
    most = max<f64>(most, t);
  }
  return most / least;
}

/**
 * Whether no scaling of rows or columns could make W much better conditioned, so that Jacobi has nothing to
 * gain: its errors are those of B in A = D1 B D2, and cond(B) >= cond(A) / (cond(D1) cond(D2)).
 */
function even(W: usize, ld: i32, m: i32, n: i32): bool {
  if (n < BIDIAGONAL_COLUMNS) return false;
  const start = mark();
  const columns = alloc(<u64>n << 3); // squared norms
  const rows = calloc(<u64>m << 3);
  for (let j = 0; j < n; j++) {
    const p = column(W, ld, j);
    store<f64>(columns + (<usize>j << 3), dot(p, p, m));
    for (let i = 0; i < m; i++) {
      const x = load<f64>(p + (<usize>i << 3));
      store<f64>(rows + (<usize>i << 3), load<f64>(rows + (<usize>i << 3)) + x * x);
    }
  }
  release(start);
  return ratio(columns, n) * (tall() ? 1 : ratio(rows, m)) <= EVEN * EVEN;
}

/** The n singular values of scale * A into values, descending. False when Jacobi did not converge. */
export function singularValues(values: usize): bool {
  const n = source.n;
  memory.fill(values, 0, <usize>source.width << 3);
  if (n == 0) return true;
  const start = mark();
  const m = tall() ? n : source.m;
  const W = matrix();
  if (even(W, leading(m), m, n)) {
    bidiagonalValues(W, leading(m), m, n, values);
    release(start);
    return true;
  }
  const perm = alloc(<u64>n << 2);
  const q = qrcp.begin(W, leading(m), m, n, perm);
  qrcp.proceed(q, 0, 0, n);
  const k = q.steps;
  const X = transposeUpper(W, leading(m), k, n);
  const p = qrcp.begin(X, leading(n), n, k, perm);
  qrcp.proceed(p, 0, 0, k);
  const r = p.steps;
  const B = transposeUpper(X, leading(n), r, k);
  const done = jacobi(B, leading(k), k, r, values);
  release(start);
  return done;
}

/**
 * Column-pivoted QR of scale * A, or of its transpose (the caller's matrix when the host turned it), the choice of the first `rank` columns
 * made strong. R, k x columns with k = min(m, n), goes to r row-major, the permutation to perm. Classical pivoting: |r_ii| descends, but for a
 * factor of at most 1.12 at place `rank` where columns were exchanged.
 */
export function pivotedQr(transposed: bool, rank: i32, r: usize, perm: usize): void {
  const start = mark();
  source.keepAll();
  const rows = transposed || tall() ? source.n : source.m;
  const columns = transposed ? source.m : source.n;
  const W = transposed ? readTransposed() : matrix();
  const ld = leading(rows);
  const k = min(rows, columns);
  for (let j = 0; j < columns; j++) store<i32>(perm + (<usize>j << 2), j);
  const taus = alloc(<u64>(k + 1) << 3);
  const squares = alloc(<u64>columns << 3);
  panel(W, ld, rows, 0, 0, columns, perm, taus, squares, -1, 1);
  dropReflectors(W, ld, rows, k);
  if (strengthen(W, ld, rows, columns, rank, perm)) sortPivots(W, ld, rows, columns, rank, perm, taus, squares);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < columns; j++) {
      const x: f64 = j < i ? 0 : load<f64>(column(W, ld, j) + (<usize>i << 3));
      store<f64>(r + ((<usize>i * <usize>columns + <usize>j) << 3), x / source.scale);
    }
  }
  release(start);
}
