// A tall matrix reduced to its R factor, by halves: R = qr([R of the upper rows; R of the lower rows]).
// Memory n (2 n log2(m / leaf) + leaf), leaf = 5 n rows; rounding grows with the depth and not with m.
// R has the singular values of A.
// Cost: about 2.5 m n^2 flops. Source: Demmel, Grigori, Hoemmen & Langou 2012 (TSQR on a binary tree).
import { alloc, mark, release } from '../base/arena';
import { QR_BLOCK, REDUCTION_ROWS } from '../base/params';
import { dot } from '../blas/level1';
import { clearBelow, column, createColumns, leading, read, readAll } from '../matrix/columns';
import { endRow, negligible } from '../matrix/extent';
import * as source from '../matrix/source';
import { applyBlock, createBlock, formBlock } from './compact-wy';
import { createPanel, factorPanel } from './householder';

/** Unpivoted blocked QR in place; where `lower`, W has zeros above its diagonal and only its rows that matter count. */
function factor(W: usize, ld: i32, m: i32, n: i32, lower: bool): void {
  const start = mark();
  const b = min(QR_BLOCK, n);
  const taus = alloc(<u64>b << 3);
  const squares = alloc(<u64>b << 3);
  const block = createBlock(m, b);
  let end = lower ? 0 : m;
  for (let k = 0; k < min(m, n); k += b) {
    const width = min(b, min(m, n) - k);
    end = max(end, k + width);
    for (let j = k; lower && j < k + width; j++) {
      const w = column(W, ld, j);
      end = max(end, endRow(w, j, m, negligible(dot(w, w, m))));
    }
    const A = column(W, ld, k) + (<usize>k << 3);
    const done = factorPanel(createPanel(A, ld, end - k, width, taus, squares), -1, 0);
    // Those from `end` on begin below.
    const columns = lower ? min(n, end) : n;
    if (k + width < columns) {
      formBlock(block, A, ld, end - k, done, taus);
      applyBlock(block, W, ld, k, k + width, columns);
    }
  }
  release(start);
}

/** Unpivoted blocked QR in place. */
export function qr(W: usize, ld: i32, m: i32, n: i32): void {
  factor(W, ld, m, n, false);
}

/**
 * The same of a lower trapezoid, each column of which changes by less than rounding does (extent.ts): where they fall
 * off below the diagonal, as those of graded matrices do, it is a band of b rows, and takes 4 n b^2 flops.
 */
export function qrLower(X: usize, ld: i32, m: i32, n: i32): void {
  factor(X, ld, m, n, true);
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
