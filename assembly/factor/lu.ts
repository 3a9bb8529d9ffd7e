// The inverse of a well-conditioned square block, by LU with partial pivoting among more rows than it needs: which rows
// make the block is part of the answer.
//
// T holds the r candidate rows in column panels [p/4][r][4]; four columns at a time are brought up to date with all
// before them, then factored (left-looking). -L and -U go to N in row panels [p][4 rows], operands of the tile kernel.
// p and r are multiples of 4.
// Nothing is claimed of the accuracy: whoever uses the inverse checks it. Cost: r p^2 + p^3 flops.
// Source: Golub & Van Loan, 3.4.
import { alloc, mark, release } from '../base/arena';
import { parallelFor } from '../base/parallel';
import { identity, madd44, negated, tiles } from '../blas/gemm';
import { swapIndices, swapRows } from '../blas/level1';
import { addRow, backward, forwardTile } from '../blas/trsm';

/** Row groups from .. to of a column panel X <- L^-1 X; those before them are zero, or not there. */
function forward(X: usize, N: usize, step: usize, from: i32, to: i32): void {
  const o = <usize>from << 7;
  for (let i = from; i < to; i++) {
    const x = X + (<usize>i << 7);
    const own = N + <usize>i * step;
    madd44(x, X + o, own + o, (i - from) << 2);
    forwardTile(x, own + (<usize>i << 7), true);
  }
}

/** Where the element of row i in the first column of N is. */
// @ts-ignore: decorator
@inline
function inRow(N: usize, step: usize, i: i32): usize {
  return N + <usize>(i >> 2) * step + (<usize>(i & 3) << 3);
}

/**
 * Factors T, swapping entries of `rows` with its rows: the first p are the block.
 * Returns the column of a pivot of at most `least`, or p.
 */
export function factor(T: usize, r: i32, p: i32, N: usize, rows: usize, least: f64): i32 {
  const step = <usize>p << 5;
  const start = mark();
  const swaps = alloc(<u64>p << 2);
  const pivotRow = alloc(32);
  let done = p;
  for (let j = 0; j < done; j += 4) {
    const X = T + ((<usize>(j >> 2) * <usize>r) << 5);
    for (let k = 0; k < j; k++) swapRows(X + (<usize>k << 5), X + (<usize>load<i32>(swaps + (<usize>k << 2)) << 5));
    forward(X, N, step, 0, j >> 2);
    tiles(X + (<usize>j << 5), X, N + <usize>(j >> 2) * step, step, (r - j) >> 2, j);
    for (let k = j; k < min(j + 4, done); k++) {
      const column = <usize>(k & 3) << 3;
      let best = k;
      let most: f64 = 0;
      for (let i = k; i < r; i++) {
        const x = abs(load<f64>(X + (<usize>i << 5) + column));
        if (x > most) {
          most = x;
          best = i;
        }
      }
      if (!(most > least)) done = k;
      const pivot = X + (<usize>k << 5);
      store<i32>(swaps + (<usize>k << 2), best);
      if (best != k) {
        swapRows(pivot, X + (<usize>best << 5));
        swapIndices(rows, k, best);
        const a = inRow(N, step, k);
        const b = inRow(N, step, best);
        for (let o: usize = 0; o < <usize>j << 5; o += 32) {
          const x = load<f64>(a + o);
          store<f64>(a + o, load<f64>(b + o));
          store<f64>(b + o, x);
        }
      }
      // Whole rows are updated: the columns done take zeros.
      memory.fill(pivotRow, 0, 32);
      for (let o = column + 8; o < 32; o += 8) store<f64>(pivotRow + o, load<f64>(pivot + o));
      const inverse = 1 / load<f64>(pivot + column);
      for (let x = pivot + 32; x < X + (<usize>r << 5); x += 32) {
        const l = load<f64>(x + column) * inverse;
        addRow(x, pivotRow, -l);
        store<f64>(x + column, l);
      }
    }
    for (let i = 0; i < r >> 2; i++) negated(N + <usize>i * step + (<usize>j << 5), X + (<usize>i << 7));
  }
  release(start);
  return done;
}

@unmanaged
class Inverse {
  M: usize;
  p: i32;
  N: usize;
}

/** A column panel of the inverse. */
function inverseTask(record: usize, q: i32, _thread: i32): void {
  const t = changetype<Inverse>(record);
  const p = t.p;
  const step = <usize>p << 5;
  const count = p >> 2;
  const M = t.M + <usize>q * step;
  memory.fill(M, 0, step);
  identity(M + (<usize>q << 7));
  forward(M, t.N, step, q, count);
  for (let i = count - 1; i >= 0; i--) {
    const o = <usize>i << 7;
    backward(M + o, t.N + <usize>i * step + o, p - 4 - (i << 2));
  }
}

/** M, [p/4][p][4], the inverse of the block that factor() left in N. */
export function invert(M: usize, p: i32, N: usize): void {
  const start = mark();
  const t = changetype<Inverse>(alloc(offsetof<Inverse>()));
  t.M = M;
  t.p = p;
  t.N = N;
  parallelFor(inverseTask, p >> 2, changetype<usize>(t));
  release(start);
}
