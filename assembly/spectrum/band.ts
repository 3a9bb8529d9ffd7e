// A = U B V^T, B upper triangular with so many superdiagonals: the first stage of a bidiagonal form in two.
//
// Column panels are factored by QR and row panels by LQ in turns, and what lies behind is updated by blocks of
// reflectors from the left and from the right: nearly all flops run in the tile kernel (Grosser & Lang 1999; Haidar,
// Ltaief & Dongarra 2012).
// W: m x n column-major, m >= n, destroyed. B: see bulge.ts. Cost: 4 m n^2 - 4/3 n^3 flops.
import { alloc, mark, release } from '../base/arena';
import { dot, square } from '../blas/level1';
import { applyBlock, applyRight, createBlock, formBlock } from '../factor/compact-wy';
import { createPanel, factorPanel } from '../factor/householder';
import { column, createColumns, leading } from '../matrix/columns';
import { Band } from './bulge';

/** Rows k .. k + rows of B: the triangle at A, and behind it the LQ factor whose transpose is in X. */
function keep(B: Band, k: i32, A: usize, ld: i32, rows: i32, X: usize, xLd: i32): void {
  const rest = B.n - k - rows;
  for (let i = 0; i < rows; i++) {
    for (let j = i; j < rows; j++) {
      store<f64>(B.at(k + i, k + j), load<f64>(column(A, ld, j) + (<usize>i << 3)));
    }
    for (let j = 0; j <= min(i, rest - 1); j++) {
      store<f64>(B.at(k + i, k + rows + j), load<f64>(column(X, xLd, i) + (<usize>j << 3)));
    }
  }
}

/** X, columns x rows, becomes the transpose of A, of so many rows and columns. */
function transpose(X: usize, xLd: i32, A: usize, ld: i32, rows: i32, columns: i32): void {
  for (let j = 0; j < columns; j++) {
    const from = column(A, ld, j);
    for (let i = 0; i < rows; i++) store<f64>(column(X, xLd, i) + (<usize>j << 3), load<f64>(from + (<usize>i << 3)));
  }
}

/** ||.||_F^2 of the triangle that the LQ factor of so many rows is. */
function lowerSquare(X: usize, xLd: i32, rows: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const x = column(X, xLd, i);
    sum += dot(x, x, i + 1);
  }
  return sum;
}

/**
 * Reduces W to B, whose width (superdiagonals) is that of the panels. B becomes smaller where the columns that
 * are left would change no value by more than `least`.
 */
export function reduceToBand(W: usize, ld: i32, m: i32, n: i32, B: Band, least: f64): void {
  const start = mark();
  const b = B.width;
  const taus = alloc(<u64>b << 3);
  const squares = alloc(<u64>b << 3);
  const left = createBlock(m, b);
  const right = createBlock(n, b);
  const xLd = leading(n);
  const X = createColumns(n, b);
  const limit = least * least;
  for (let k = 0; k < B.n; k += b) {
    const rows = min(b, n - k);
    const rest = n - k - rows;
    const scratch = mark();
    const A = column(W, ld, k) + (<usize>k << 3);
    let done = factorPanel(createPanel(A, ld, m - k, rows, taus, squares), -1, 0);
    if (rest) {
      formBlock(left, A, ld, m - k, done, taus);
      applyBlock(left, W, ld, k, k + rows, n);
      transpose(X, xLd, column(A, ld, rows), ld, rows, rest);
      done = factorPanel(createPanel(X, xLd, rest, rows, taus, squares), -1, 0);
      formBlock(right, X, xLd, rest, done, taus);
      applyRight(right, W, ld, k + rows, m, k + rows);
      const beside = lowerSquare(X, xLd, rows);
      // Diagonal matrices keep their values as they are.
      if (beside > 0 && beside <= limit && beside + square(W, ld, k + rows, m, k + rows, n) <= limit) B.n = k + rows;
    }
    keep(B, k, A, ld, rows, X, xLd);
    release(scratch);
  }
  release(start);
}
