// A tall matrix reduced to its R factor, by halves: R = qr([R of the upper rows; R of the lower rows]).
// Memory n (2 n log2(m / leaf) + leaf), leaf = 5 n rows; rounding grows with the depth and not with m.
// R has the singular values of A.
// Cost: about 2.5 m n^2 flops. Source: Demmel, Grigori, Hoemmen & Langou 2012 (TSQR on a binary tree).
import { alloc, mark, release } from '../base/arena';
import { QR_BLOCK, REDUCTION_ROWS } from '../base/params';
import { clearBelow, column, createColumns, leading, read, readAll } from '../matrix/columns';
import * as source from '../matrix/source';
import { applyBlock, createBlock, formBlock } from './compact-wy';
import { createPanel, factorPanel } from './householder';

/** Unpivoted blocked QR in place. */
export function qr(W: usize, ld: i32, m: i32, n: i32): void {
  const start = mark();
  const b = min(QR_BLOCK, n);
  const taus = alloc(<u64>b << 3);
  const squares = alloc(<u64>b << 3);
  const block = createBlock(m, b);
  for (let k = 0; k < min(m, n); k += b) {
    const width = min(b, min(m, n) - k);
    const A = column(W, ld, k) + (<usize>k << 3);
    const done = factorPanel(createPanel(A, ld, m - k, width, taus, squares), -1, 0);
    if (k + width < n) {
      formBlock(block, A, ld, m - k, done, taus);
      applyBlock(block, W, ld, k, k + width, n);
    }
  }
  release(start);
}

/** Whether A is tall enough that reducing it first pays. */
export function tall(): bool {
  return source.m > source.n + (source.n >> 1);
}

/** Rows of matrix(). */
export function rowsOfMatrix(): i32 {
  return tall() ? source.n : source.m;
}

/** A, or R of a tall A, by columns. */
export function matrix(): usize {
  if (tall()) return reduce();
  const W = createColumns(source.m, source.n);
  readAll(W, leading(source.m));
  return W;
}

/** Rows that are factored at once: enough beside the n x n triangles that are joined, few enough for the cache. */
function leafRows(): i32 {
  return max(5 * source.n, REDUCTION_ROWS);
}

/** How many factorisations a row of a tall A goes through. */
export function levels(): i32 {
  let count = 1;
  for (let rows = source.m; rows > leafRows(); rows = (rows + 1) >> 1) count++;
  return count;
}

/** R of A, n x n, in a fresh matrix of leading(n) whose address is returned. */
export function reduce(): usize {
  const n = source.n;
  const R = createColumns(n, n);
  reduceRows(0, source.m, R, leading(n), 0);
  return R;
}

/** R of rows first .. first + count of A to row `to` of R and those below it; returns how many rows it has. */
function reduceRows(first: i32, count: i32, R: usize, ld: i32, to: i32): i32 {
  const n = source.n;
  const leaf = count <= leafRows();
  const most = leaf ? count : 2 * n;
  const start = mark();
  const W = createColumns(most, n);
  const wLd = leading(most);
  let rows = 0;
  if (leaf) {
    for (; rows < count; rows += source.panelRows) {
      const some = min(source.panelRows, count - rows);
      source.panel(first + rows, some);
      read(W, wLd, rows, source.rows, some, source.columns, n);
    }
    rows = count;
  } else {
    const half = count >> 1;
    rows = reduceRows(first, half, W, wLd, 0);
    rows += reduceRows(first + half, count - half, W, wLd, rows);
  }
  qr(W, wLd, rows, n);
  clearBelow(W, wLd, rows, n);
  rows = min(rows, n);
  for (let j = 0; j < n; j++) memory.copy(column(R, ld, j) + (<usize>to << 3), column(W, wLd, j), <usize>rows << 3);
  release(start);
  return rows;
}
