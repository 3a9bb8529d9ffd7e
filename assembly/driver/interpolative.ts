// A ~ A(:, J) X: k columns of A, and the coefficients that give all columns from them (interpolative
// decomposition).
//
// Pivoted QR, A P = Q [R11 R12; 0 R22], and exchanges (strong-rrqr.ts) name the columns: J are the first k of P, X P =
// [I, R11^-1 R12] is the least-squares solution, and the error is ||R22||_F in exact arithmetic. What is returned is
// the error of the factors as they are: one more matrix product over all of A. Cost: about 4 m n k flops for the QR, n
// k^2 for X, 2 m n k for the error. Source: Cheng, Gimbutas, Martinsson & Rokhlin 2005, "On the compression
// of low rank matrices"; Golub & Van Loan 5.4.
import { alloc, calloc, mark, release } from '../base/arena';
import { ENERGY_ROUNDING } from '../base/params';
import { dot, square } from '../blas/level1';
import { residualSquare } from '../blas/residual';
import { solveUpper } from '../blas/trsm';
import * as claim from '../certificate/claim';
import { improve } from '../factor/best-columns';
import * as qrcp from '../factor/qrcp';
import { dropReflectors, strengthen } from '../factor/strong-rrqr';
import { matrix, tall } from '../factor/tsqr';
import { column, createColumns, leading, readTransposed } from '../matrix/columns';
import { indexedSource, pack } from '../matrix/pack';
import * as source from '../matrix/source';
import { panels } from '../matrix/triangle';

/** Which columns choose() has chosen. Lives until reset(). */
@unmanaged
export class Choice {
  /** The kernel sees the transpose of the caller's matrix. */
  transposed: bool;
  /** Of W: the caller's, or less where a tall matrix was reduced. */
  rows: i32;
  /** The caller's. */
  columns: i32;
  /** R of the caller's matrix, its columns in the order of perm; the first k are chosen. */
  W: usize;
  perm: usize;
  k: i32;
}

/** The caller's matrix by columns, or R of a tall one. */
function readMatrix(transposed: bool): Choice {
  const c = changetype<Choice>(alloc(offsetof<Choice>()));
  source.keepAll();
  c.transposed = transposed;
  c.columns = transposed ? source.m : source.n;
  c.rows = transposed ? source.n : source.m;
  if (!transposed && tall()) c.rows = c.columns;
  c.W = transposed ? readTransposed() : matrix();
  c.perm = alloc(<u64>c.columns << 2);
  return c;
}

/** Chooses columns: at most `most` of them, and no more than leave an error of `share` ||A||_F^2, squared. */
export function choose(transposed: bool, most: i32, share: f64): Choice {
  const c = readMatrix(transposed);
  const rows = c.rows;
  const ld = leading(rows);
  let total: f64 = 0;
  for (let j = 0; j < c.columns; j++) total += dot(column(c.W, ld, j), column(c.W, ld, j), rows);
  const limit = share * ENERGY_ROUNDING * total;
  const start = mark();
  const q = qrcp.begin(c.W, ld, rows, c.columns, c.perm);
  qrcp.proceed(q, Math.sqrt(limit), 0, most);
  const needed = qrcp.leastSteps(q, Math.sqrt(limit));
  const done = q.steps;
  release(start);
  c.k = min(needed, most);
  dropReflectors(c.W, ld, rows, done);
  // Where the error was asked for, pivoting has kept it: an exchange might not.
  if (share > 0 && needed <= most) useFewer(c, limit);
  else strengthen(c.W, ld, rows, c.columns, c.k, c.perm);
  return c;
}

/** Exchanges more of them, where that makes them independent beyond the tolerance that rank() has decided by. */
export function makeIndependent(c: Choice): void {
  improve(c.W, leading(c.rows), c.rows, c.columns, c.k, c.perm, claim.tolerance(claim.sigma));
}

/** One column fewer, as long as exchanges find a choice that leaves an error of no more than `limit`, squared. */
function useFewer(c: Choice, limit: f64): void {
  const ld = leading(c.rows);
  const bytes = <usize>ld * (c.columns + 4) << 3;
  let other = createColumns(c.rows, c.columns);
  let order = alloc(<u64>c.columns << 2);
  for (; c.k > 0; c.k--) {
    memory.copy(other, c.W, bytes);
    memory.copy(order, c.perm, <usize>c.columns << 2);
    strengthen(other, ld, c.rows, c.columns, c.k - 1, order);
    if (square(other, ld, c.k - 1, c.rows, c.k - 1, c.columns) > limit) return;
    const W = c.W;
    c.W = other;
    other = W;
    const perm = c.perm;
    c.perm = order;
    order = perm;
  }
}

/** The chosen columns into J, the most important first but for those exchanged. */
export function copyChosen(c: Choice, J: usize): void {
  memory.copy(J, c.perm, <usize>c.k << 2);
}

/** The chosen columns into J, X (k x columns) row-major into x. Returns ||A - A(:, J) X||_F of scale * A. */
export function interpolate(c: Choice, J: usize, x: usize): f64 {
  const start = mark();
  const k = c.k;
  const W = c.W;
  const perm = c.perm;
  const width = c.columns;
  const ld = leading(c.rows);
  const steps = panels(k) << 2;
  const count = panels(width);
  copyChosen(c, J);
  // Right-hand sides R(0:k, :) in the caller's order of columns, [steps][4] for every four.
  const X = calloc(<u64>(count + 2) * steps << 5);
  for (let p = 0; p < width; p++) {
    const j = load<i32>(perm + (<usize>p << 2));
    const to = X + ((<usize>(j >> 2) * steps) << 5) + (<usize>(j & 3) << 3);
    const from = column(W, ld, p);
    for (let i = 0; i < min(p + 1, k); i++) store<f64>(to + (<usize>i << 5), load<f64>(from + (<usize>i << 3)));
  }
  solveUpper(W, ld, k, X, steps, count);
  for (let p = 0; p < k; p++) {
    const j = load<i32>(perm + (<usize>p << 2));
    const to = X + ((<usize>(j >> 2) * steps) << 5) + (<usize>(j & 3) << 3);
    for (let i = 0; i < k; i++) store<f64>(to + (<usize>i << 5), <f64>(i == p));
  }
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < width; j++) {
      const from = X + ((<usize>(j >> 2) * steps + i) << 5) + (<usize>(j & 3) << 3);
      store<f64>(x + ((<usize>i * width + j) << 3), load<f64>(from));
    }
  }
  const square = squaredError(c, J, X, steps);
  release(start);
  return Math.sqrt(square);
}

/** ||A - A(:, J) X||_F^2, the caller's A. */
function squaredError(c: Choice, J: usize, X: usize, steps: i32): f64 {
  const start = mark();
  const k = c.k;
  const transposed = c.transposed;
  const n = source.n;
  // -A(:, J) in panels of four of its rows: all of them, or those of a panel of A.
  const C = calloc(<u64>(panels(transposed ? n : source.panelRows) + 2) * k << 5);
  const chosen = transposed ? source.select(J, k) : source.columnsOf(J, k); // select() moves source.at
  if (transposed) pack(C, k, indexedSource(chosen, source.selectedColumns(k), -1), k, n);
  let sum: f64 = 0;
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    const part = X + ((<usize>(first >> 2) * steps) << 5);
    if (!transposed) pack(C, k, indexedSource(chosen, source.rows, -1), k, count);
    const A = indexedSource(source.columns, source.rows, 1);
    sum += transposed
      ? residualSquare(A, count, n, part, steps, C, k, k)
      : residualSquare(A, count, n, C, k, X, steps, k);
  }
  release(start);
  return sum;
}
