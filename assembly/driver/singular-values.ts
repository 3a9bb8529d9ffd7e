// All singular values, and the column-pivoted QR factor that callers see.
//
// Singular values to absolute accuracy: bidiagonal form and counts, for which tall matrices are reduced first
// (tall-values.ts, else tsqr.ts). To relative accuracy: the same where all lines are even, so that no scaling makes the
// matrix better conditioned, and these values tell that it is well conditioned as is; else QR with pivoting, some QRs
// of the transposed triangle (dgejsv's preconditioning has one) and one-sided Jacobi.
import { alloc, mark, release } from '../base/arena';
import { EVEN_LEAST, MORE_TRIANGLES, RELATIVE_ELEMENTS, SAFE_MIN } from '../base/params';
import { evenLines, sortRows, spreadOfLines } from '../factor/grading';
import { createPanel, factorPanelPivoted } from '../factor/householder';
import * as qrcp from '../factor/qrcp';
import { dropReflectors, sortPivots, strengthen } from '../factor/strong-rrqr';
import { matrix, qrLower, tall } from '../factor/tsqr';
import {
  clearBelow, column, createColumns, leading, readAll, readTransposed, transposeSquare, transposeUpper,
} from '../matrix/columns';
import * as source from '../matrix/source';
import { bidiagonalValues, staysWhole } from '../spectrum/bidiagonal';
import { jacobi } from '../spectrum/jacobi';
import { tallValues } from './tall-values';

/**
 * The n singular values of scale * A into values, descending. False when Jacobi,
 * for relative accuracy, did not converge.
 */
export function singularValues(values: usize, relative: bool): bool {
  const n = source.n;
  memory.fill(values, 0, <usize>source.width << 3);
  const direct = !tall() || staysWhole(source.m, n);
  // For float32 data the Gram matrix pays sooner.
  if (n == 0 || (!relative && tall() && (source.single || !direct) && tallValues(values))) return true;
  const start = mark();
  // A tall matrix that is reduced first loses what scaled rows mean.
  const whole = relative ? <u64>source.m * <u64>n <= RELATIVE_ELEMENTS : direct;
  const m = whole || !tall() ? source.m : n;
  const W = whole ? createColumns(m, n) : matrix();
  if (whole) readAll(W, leading(m));
  if (!relative || (whole && evenLines(W, leading(m), m, n))) {
    bidiagonalValues(W, leading(m), m, n, values);
    if (!relative || load<f64>(values + (<usize>(n - 1) << 3)) > EVEN_LEAST * load<f64>(values)) {
      release(start);
      return true;
    }
    memory.fill(values, 0, <usize>n << 3);
    readAll(W, leading(m));
  }
  // Columns that differ in scale keep their digits whatever they are; rows do as well as their order lets them.
  const step = <usize>leading(m) << 3;
  if (m == n && spreadOfLines(W, n, 8, step) > spreadOfLines(W, n, step, 8)) transposeSquare(W, leading(m), n);
  // Rows in descending order: each is then kept to its own digits (Cox & Higham 1998).
  sortRows(W, leading(m), m, n);
  const perm = alloc(<u64>n << 2);
  const q = qrcp.begin(W, leading(m), m, n, perm);
  qrcp.proceed(q, SAFE_MIN, 0, n); // what is less has squares that underflow
  const k = q.steps;
  const X = transposeUpper(W, leading(m), k, n);
  qrLower(X, leading(n), n, k);
  // Each QR of the transposed triangle brings it closer to a diagonal, in less time than the rotations that it saves.
  const L = transposeUpper(X, leading(n), k, k);
  for (let i = 0; i < MORE_TRIANGLES; i++) {
    qrLower(L, leading(k), k, k);
    clearBelow(L, leading(k), k, k);
    transposeSquare(L, leading(k), k);
  }
  const done = jacobi(L, leading(k), k, k, values);
  release(start);
  return done;
}

/**
 * Column-pivoted QR of scale * A, or of its transpose (the caller's matrix when the host turned it), the choice of the
 * first `rank` columns made strong. R, k x columns with k = min(m, n), goes to r row-major, the permutation to perm.
 * Classical pivoting: |r_ii| descends, but for a factor of at most 1.12 at place `rank` where columns were exchanged.
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
  factorPanelPivoted(createPanel(W, ld, rows, columns, taus, squares), 0, perm, -1);
  dropReflectors(W, ld, rows, k);
  if (strengthen(W, ld, rows, columns, rank, perm)) sortPivots(W, ld, rows, columns, rank, perm);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < columns; j++) {
      const x: f64 = j < i ? 0 : load<f64>(column(W, ld, j) + (<usize>i << 3));
      store<f64>(r + ((<usize>i * <usize>columns + <usize>j) << 3), x / source.scale);
    }
  }
  release(start);
}
