// A tall matrix reduced to its R factor, panel of rows by panel of rows: R <- qr([R; next rows]).
// Memory n (n + chunk), whatever m is. R has the singular values of A. Cost: about 2.5 m n^2 flops.
// Source: Demmel, Grigori, Hoemmen & Langou 2012 (sequential TSQR).
import { alloc, mark, release } from '../base/arena';
import { QR_BLOCK } from '../base/params';
import { clearBelow, column, createColumns, leading, read, readAll } from '../matrix/columns';
import * as source from '../matrix/source';
import { applyBlock, createBlock, formBlock } from './compact-wy';
import { panel } from './householder';

/** Unpivoted blocked QR in place. */
export function qr(W: usize, ld: i32, m: i32, n: i32): void {
  const start = mark();
  const b = min(QR_BLOCK, n);
  const taus = alloc(<u64>b << 3);
  const squares = alloc(<u64>b << 3);
  const block = createBlock(m, b);
  for (let k = 0; k < min(m, n); k += b) {
    const width = min(b, min(m, n) - k);
    const done = panel(W, ld, m, k, k, width, 0, taus, squares, -1, 1);
    if (k + width < n) {
      formBlock(block, column(W, ld, k) + (<usize>k << 3), ld, m - k, done, taus);
      applyBlock(block, W, ld, k, k + width, n);
    }
  }
  release(start);
}

/** Whether A is tall enough that reducing it first pays. */
export function tall(): bool {
  return source.m > source.n + (source.n >> 1);
}

/** A, or R of a tall A, by columns. */
export function matrix(): usize {
  if (tall()) return reduce();
  const W = createColumns(source.m, source.n);
  readAll(W, leading(source.m));
  return W;
}

/** R of A, n x n, in a fresh matrix of leading(n) whose address is returned. */
export function reduce(): usize {
  const n = source.n;
  const m = source.m;
  const rLd = leading(n);
  const R = createColumns(n, n);
  const start = mark();
  const most = min(m, max(4 * n, 256));
  const W = createColumns(n + most, n);
  const ld = leading(n + most);
  let filled = 0; // rows of W in use: R so far, then fresh rows
  let first = 0;
  while (first < m) {
    while (first < m && filled < n + most) {
      const count = min(min(source.panelRows, m - first), n + most - filled);
      source.panel(first, count);
      read(W, ld, filled, source.rows, count, source.columns, n);
      filled += count;
      first += count;
    }
    qr(W, ld, filled, n);
    clearBelow(W, ld, filled, n);
    filled = min(filled, n);
  }
  for (let j = 0; j < n; j++) memory.copy(column(R, rLd, j), column(W, ld, j), <usize>filled << 3);
  release(start);
  return R;
}
