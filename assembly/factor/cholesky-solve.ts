// Substitution with a factor L of cholesky.ts, four right-hand sides at a time: X is a micro-panel, [n][4], padded to
// whole row panels. Columns set aside, whose diagonal is infinite, take no part: their component is zero.
// Cost: 4 n^2 flops a triangle, at memory speed.
import { alloc, calloc } from '../base/arena';
import { parallelFor } from '../base/parallel';
import { SOLVE_STEP, SOLVE_TASK } from '../base/params';
import { madd44, negated } from '../blas/gemm';
import { subtract } from '../blas/gemv';
import { dot } from '../blas/level1';
import { backward, forwardTile, scaleRow } from '../blas/trsm';
import { panels, rowPanel } from '../matrix/triangle';
import { Cholesky, isNegative } from './cholesky';

/** Right-hand sides, a micro-panel every `step` of `all` bytes, and the row panels i0 .. i1 in hand. */
@unmanaged
class Sides {
  L: usize;
  X: usize;
  all: usize;
  step: usize;
  i0: i32;
  i1: i32;
}

function openSides(f: Cholesky, X: usize, all: usize, step: usize): Sides {
  const t = changetype<Sides>(alloc(offsetof<Sides>()));
  t.L = f.L;
  t.X = X;
  t.all = all;
  t.step = step;
  return t;
}

/** Rows of the step, less what those before it give. */
function takeTask(record: usize, index: i32, _thread: i32): void {
  const t = changetype<Sides>(record);
  const from = t.i0 + index * SOLVE_TASK;
  for (let i = from; i < min(t.i1, from + SOLVE_TASK); i++) {
    for (let b: usize = 0; b < t.all; b += t.step) {
      madd44(t.X + b + (<usize>i << 7), t.X + b, rowPanel(t.L, i), t.i0 << 2);
    }
  }
}

/** Rows before the step, less what it gives. */
function giveTask(record: usize, index: i32, _thread: i32): void {
  const t = changetype<Sides>(record);
  const o = <usize>(index * SOLVE_TASK) << 7;
  const rows = min(SOLVE_TASK, t.i0 - index * SOLVE_TASK) << 2;
  for (let i = t.i1 - 1; i >= t.i0; i--) {
    for (let b: usize = 0; b < t.all; b += t.step) {
      subtract(t.X + b + o, rowPanel(t.L, i) + o, t.X + b + (<usize>i << 7), rows);
    }
  }
}

/** X <- L^-T X, a micro-panel every `step` of `all` bytes. */
function solveTransposed(f: Cholesky, X: usize, all: usize, step: usize): void {
  const L = f.L;
  const U = alloc(128);
  const t = openSides(f, X, all, step);
  for (t.i1 = panels(f.n); t.i1 > 0; t.i1 = t.i0) {
    t.i0 = (t.i1 - 1) / SOLVE_STEP * SOLVE_STEP;
    const o = <usize>t.i0 << 7;
    for (let i = t.i1 - 1; i >= t.i0; i--) {
      negated(U, rowPanel(L, i) + (<usize>i << 7));
      for (let b: usize = 0; b < all; b += step) {
        const x = X + b + (<usize>i << 7);
        backward(x, U, 0);
        subtract(X + b + o, rowPanel(L, i) + o, x, (i - t.i0) << 2);
      }
    }
    parallelFor(giveTask, (t.i0 + SOLVE_TASK - 1) / SOLVE_TASK, changetype<usize>(t));
  }
}

/** X <- (L S L^T)^-1 X, a micro-panel every `step` of `all` bytes. */
export function solve(f: Cholesky, X: usize, all: usize, step: usize): void {
  const L = f.L;
  const count = panels(f.n);
  const t = openSides(f, X, all, step);
  for (t.i0 = 0; t.i0 < count; t.i0 = t.i1) {
    t.i1 = min(count, t.i0 + SOLVE_STEP);
    if (t.i0) parallelFor(takeTask, (t.i1 - t.i0 + SOLVE_TASK - 1) / SOLVE_TASK, changetype<usize>(t));
    const o = <usize>t.i0 << 7;
    for (let i = t.i0; i < t.i1; i++) {
      for (let b: usize = 0; b < all; b += step) {
        const x = X + b + (<usize>i << 7);
        madd44(x, X + b + o, rowPanel(L, i) + o, (i - t.i0) << 2);
        forwardTile(x, rowPanel(L, i) + (<usize>i << 7), false); // times -1
      }
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
