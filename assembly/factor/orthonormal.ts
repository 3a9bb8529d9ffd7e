// Columns of the orthogonal factor itself: X = Q R by blocked Householder reflectors, and then any of Q's m columns,
// those past X's own too, which span what is orthogonal to X.
// Orthonormal to some rounding errors whatever the condition of X (Higham 2002, theorem 19.13).
// Cost: 2 m k^2 flops for the reflectors of k columns, 4 m k c for c columns of Q. Source: Golub & Van Loan 5.1.6.
import { alloc, mark, release } from '../base/arena';
import { QR_BLOCK } from '../base/params';
import { column } from '../matrix/columns';
import { applyBlock, applyBlockQ, createBlock, formBlock } from './compact-wy';
import { createPanel, factorPanel } from './householder';

/**
 * Columns from .. to of Q into `out` (m x (to - from), fresh zeros, leading dimension ld), for X m x k,
 * m >= k, which is overwritten.
 */
export function orthonormal(X: usize, ld: i32, m: i32, k: i32, from: i32, to: i32, out: usize): void {
  const start = mark();
  const taus = alloc(<u64>(k + 1) << 3);
  const squares = alloc(<u64>(k + 1) << 3);
  const block = createBlock(m, min(QR_BLOCK, max(k, 1)));
  for (let j = 0; j < k; j += QR_BLOCK) {
    const b = min(QR_BLOCK, k - j);
    const A = column(X, ld, j) + (<usize>j << 3);
    factorPanel(createPanel(A, ld, m - j, b, taus + (<usize>j << 3), squares), -1, 0);
    if (j + b == k) break;
    formBlock(block, column(X, ld, j) + (<usize>j << 3), ld, m - j, b, taus + (<usize>j << 3));
    applyBlock(block, X, ld, j, j + b, k);
  }
  for (let j = from; j < to; j++) store<f64>(column(out, ld, j - from) + (<usize>j << 3), 1);
  for (let j = ((k - 1) / QR_BLOCK) * QR_BLOCK; j >= 0 && k; j -= QR_BLOCK) {
    const b = min(QR_BLOCK, k - j);
    formBlock(block, column(X, ld, j) + (<usize>j << 3), ld, m - j, b, taus + (<usize>j << 3));
    applyBlockQ(block, out, ld, j, 0, to - from);
  }
  release(start);
}
