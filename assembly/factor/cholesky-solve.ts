// Substitution with a factor L of cholesky.ts, four right-hand sides at a time: X is a micro-panel, [n][4], padded to whole row panels. Columns
// set aside, whose diagonal is infinite, take no part: their component is zero. Cost: 4 n^2 flops a triangle, at memory speed.
import { alloc, calloc } from '../base/arena';
import { negative, panels, rowPanel } from './cholesky';
import { dot } from '../matrix/columns';
import { negated } from './lu';
import { madd44 } from '../blas/gemm';
import { backward, forwardTile, scaleRow } from '../blas/trsm';
import { subtract } from '../blas/gemv';

/** Whether column j was set aside. */
export function aside(L: usize, j: i32): bool {
  return load<f64>(rowPanel(L, j >> 2) + (<usize>j << 5) + (<usize>(j & 3) << 3)) == Infinity;
}

/** X <- L^-T X, a micro-panel every `step` of `all` bytes. */
function transposed(L: usize, count: i32, X: usize, all: usize, step: usize): void {
  const U = alloc(128);
  for (let i = count - 1; i >= 0; i--) {
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
export function solve(L: usize, n: i32, X: usize, all: usize, step: usize): void {
  const count = panels(n);
  for (let i = 0; i < count; i++) {
    for (let b: usize = 0; b < all; b += step) {
      const from = X + b;
      const x = from + (<usize>i << 7);
      madd44(x, from, rowPanel(L, i), i << 2);
      forwardTile(x, rowPanel(L, i) + (<usize>i << 7), false); // times -1
    }
  }
  for (let b: usize = 0; b < all; b += step) {
    for (let j = 0; j < n; j++) scaleRow(X + b + (<usize>j << 5), negative(j) ? 1 : -1);
  }
  transposed(L, count, X, all, step);
}

/** ||L^-T E||_F^2, E being the unit vectors of the negative pivots of the last factorisation. Cost: n^2 flops for each of them. */
export function dual(L: usize, n: i32): f64 {
  const count = panels(n);
  const X = calloc(<u64>count << 7);
  let sum: f64 = 0;
  let c: usize = 0;
  for (let j = 0; j <= n; j++) {
    if (c == 32 || (c && j == n)) {
      transposed(L, count, X, 1, 1);
      sum += dot(X, X, count << 4);
      memory.fill(X, 0, <usize>count << 7);
      c = 0;
    }
    if (j < n && negative(j)) {
      store<f64>(X + (<usize>j << 5) + c, 1);
      c += 8;
    }
  }
  return sum;
}
