// A ~ A(:, J) X: k columns of A, and the coefficients that give all columns from them (interpolative
// decomposition).
//
// Pivoted QR, A P = Q [R11 R12; 0 R22], and exchanges (strong-rrqr.ts) name the columns: J are the first k of P, X P =
// [I, R11^-1 R12] is the least-squares solution, and the error is ||R22||_F in exact arithmetic. What is returned is
// the error of the factors as they are: one more matrix product over all of A. Cost: about 4 m n k flops for the QR, n
// k^2 for X, 2 m n k for the error. Source: Cheng, Gimbutas, Martinsson & Rokhlin 2005, "On the compression
// of low rank matrices"; Golub & Van Loan 5.4.
import { alloc, calloc, mark, release } from '../base/arena';
import { dot, square } from '../blas/level1';
import { residualSquare } from '../blas/residual';
import { solveUpper } from '../blas/trsm';
import * as qrcp from '../factor/qrcp';
import { dropReflectors, strengthen } from '../factor/strong-rrqr';
import { matrix, tall } from '../factor/tsqr';
import { column, createColumns, leading, readTransposed } from '../matrix/columns';
import { pack } from '../matrix/pack';
import * as source from '../matrix/source';
import { panels } from '../matrix/triangle';

/** Ten equal singular values hold 90 % of the energy in nine, whatever rounding says. */
export const ROUNDING: f64 = 1 + 1e-10;

let transposed: bool = false; // the kernel sees the transpose of the caller's matrix
let rows: i32 = 0; // of W: the caller's, or less where a tall matrix was reduced
let width: i32 = 0; // the caller's columns
let W: usize = 0;
let perm: usize = 0;
let kept: i32 = 0;

/** The caller's matrix by columns, or R of a tall one. */
function readMatrix(): void {
  source.keepAll();
  rows = transposed ? source.n : source.m;
  width = transposed ? source.m : source.n;
  if (!transposed && tall()) rows = width;
  W = transposed ? readTransposed() : matrix();
}

/**
 * Chooses columns: at most `most` of them, and no more than leave an error of `share` ||A||_F^2, squared.
 * Returns how many. Scratch stays until reset().
 */
export function choose(transposed_: bool, most: i32, share: f64): i32 {
  transposed = transposed_;
  readMatrix();
  const ld = leading(rows);
  perm = alloc(<u64>width << 2);
  let total: f64 = 0;
  for (let j = 0; j < width; j++) total += dot(column(W, ld, j), column(W, ld, j), rows);
  const limit = share * ROUNDING * total;
  const start = mark();
  const q = qrcp.begin(W, ld, rows, width, perm);
  qrcp.proceed(q, Math.sqrt(limit), 0, most);
  const needed = qrcp.leastSteps(q, Math.sqrt(limit));
  const done = q.steps;
  release(start);
  kept = min(needed, most);
  dropReflectors(W, ld, rows, done);
  // Where the error was asked for, pivoting has kept it: an exchange might not.
  if (share > 0 && needed <= most) useFewer(limit);
  else strengthen(W, ld, rows, width, kept, perm);
  return kept;
}

/** One column fewer, as long as exchanges find a choice that leaves an error of no more than `limit`, squared. */
function useFewer(limit: f64): void {
  const ld = leading(rows);
  const bytes = <usize>ld * (width + 4) << 3;
  let other = createColumns(rows, width);
  let order = alloc(<u64>width << 2);
  for (; kept > 0; kept--) {
    memory.copy(other, W, bytes);
    memory.copy(order, perm, <usize>width << 2);
    strengthen(other, ld, rows, width, kept - 1, order);
    if (square(other, ld, kept - 1, rows, kept - 1, width) > limit) return;
    const w = W;
    W = other;
    other = w;
    const p = perm;
    perm = order;
    order = p;
  }
}

/** The chosen columns into J, the most important first but for those exchanged. */
export function copyChosen(J: usize): void {
  memory.copy(J, perm, <usize>kept << 2);
}

/** The chosen columns into J, X (k x columns) row-major into x. Returns ||A - A(:, J) X||_F of scale * A. */
export function interpolate(J: usize, x: usize): f64 {
  const start = mark();
  const k = kept;
  const ld = leading(rows);
  const steps = panels(k) << 2;
  const count = panels(width);
  copyChosen(J);
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
  const square = squaredError(J, k, X, steps);
  release(start);
  return Math.sqrt(square);
}

/** ||A - A(:, J) X||_F^2, the caller's A. */
function squaredError(J: usize, k: i32, X: usize, steps: i32): f64 {
  const start = mark();
  const n = source.n;
  // -A(:, J) in panels of four of its rows: all of them, or those of a panel of A.
  const C = calloc(<u64>(panels(transposed ? n : source.panelRows) + 2) * k << 5);
  const chosen = transposed ? source.select(J, k) : source.columnsOf(J, k); // select() moves source.at
  if (transposed) pack(C, k, source.at, chosen, k, source.selectedColumns(k), n, source.single, -source.scale);
  let sum: f64 = 0;
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    const part = X + ((<usize>(first >> 2) * steps) << 5);
    if (!transposed) pack(C, k, source.at, chosen, k, source.rows, count, source.single, -source.scale);
    sum += transposed
      ? residualSquare(source.rows, count, source.columns, n, part, steps, C, k, k)
      : residualSquare(source.rows, count, source.columns, n, C, k, X, steps, k);
  }
  release(start);
  return sum;
}
