// Substitution with a factor L of cholesky.ts, four right-hand sides at a time: X is a micro-panel, [n][4], padded to
// whole row panels. Columns set aside, whose diagonal is infinite, take no part: their component is zero.
// Cost: 4 n^2 flops a triangle, at memory speed.
import { alloc, calloc } from '../base/arena';
import { madd44, negated } from '../blas/gemm';
import { subtract } from '../blas/gemv';
import { dot } from '../blas/level1';
import { backward, forwardTile, scaleRow } from '../blas/trsm';
import { panels, rowPanel } from '../matrix/triangle';
import { Cholesky, isNegative } from './cholesky';

/** X <- L^-T X, a micro-panel every `step` of `all` bytes. */
function solveTransposed(f: Cholesky, X: usize, all: usize, step: usize): void {
  const L = f.L;
  const U = alloc(128);
  for (let i = panels(f.n) - 1; i >= 0; i--) {
    negated(U, rowPanel(L, i) + (<usize>i << 7));
    for (let b: usize = 0; b < all; b += step) {
      const from = X + b;
      const x = from + (<usize>i << 7);
      backward(x, U, 0);
      subtract(from, rowPanel(L, i), x, i << 2);
    }
  }
}

/** X <- (L S L^T)^-1 X, a micro-panel every `step` of `all` bytes. */
export function solve(f: Cholesky, X: usize, all: usize, step: usize): void {
  const L = f.L;
  const count = panels(f.n);
  for (let i = 0; i < count; i++) {
    for (let b: usize = 0; b < all; b += step) {
      const from = X + b;
      const x = from + (<usize>i << 7);
      madd44(x, from, rowPanel(L, i), i << 2);
      forwardTile(x, rowPanel(L, i) + (<usize>i << 7), false); // times -1
    }
  }
  for (let b: usize = 0; b < all; b += step) {
    for (let j = 0; j < f.n; j++) scaleRow(X + b + (<usize>j << 5), isNegative(f, j) ? 1 : -1);
  }
  solveTransposed(f, X, all, step);
}

/** ||L^-T E||_F^2, E being the unit vectors of the negative pivots. Cost: n^2 flops for each of them. */
export function inverseRowsNormSquare(f: Cholesky): f64 {
  const n = f.n;
  const count = panels(n);
  const X = calloc(<u64>count << 7);
  let sum: f64 = 0;
  let c: usize = 0;
  for (let j = 0; j <= n; j++) {
    if (c == 32 || (c && j == n)) {
      solveTransposed(f, X, 1, 1);
      sum += dot(X, X, count << 4);
      memory.fill(X, 0, <usize>count << 7);
      c = 0;
    }
    if (j < n && isNegative(f, j)) {
      store<f64>(X + (<usize>j << 5) + c, 1);
      c += 8;
    }
  }
  return sum;
}
