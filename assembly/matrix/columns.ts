// Column-major float64 matrices: the layout of every QR and Jacobi routine, and A or a part of it copied into it.
//
// A matrix of m x n lives at W with `ld` elements a column, ld = leading(m): room for the rows that whole
// tiles touch past the last one (kept zero), and an odd number of cache lines, so that the columns of a
// panel do not all fall into the same cache set. Zero columns follow the last, as whole tiles touch up to three.
import { alloc, calloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { READ_TASK } from '../base/params';
import * as source from './source';

export function leading(m: i32): i32 {
  return (((m + 4 + 7) >> 3) | 1) << 3;
}

export function createColumns(m: i32, n: i32): usize {
  return calloc((<u64>leading(m) * <u64>(n + 4)) << 3);
}

// @ts-ignore: decorator
@inline
export function column(W: usize, ld: i32, j: i32): usize {
  return W + ((<usize>j * <usize>ld) << 3);
}

/** The arguments of read(), and how many columns a task takes. */
@unmanaged
class Reading {
  to: usize;
  ld: i32;
  /** The source: byte offsets of its rows and columns from there on. */
  at: usize;
  down: usize;
  across: usize;
  single: bool;
  scale: f64;
  count: i32;
  n: i32;
  share: i32;
}

function readColumns(record: usize, index: i32, _thread: i32): void {
  const r = changetype<Reading>(record);
  const down = r.down;
  const single = r.single;
  const scale = r.scale;
  const first = index * r.share;
  const end = min(r.n, first + r.share);
  // 8 rows at a time: whichever way A is stored, the lines touched stay in the L1 cache.
  for (let i0 = 0; i0 < r.count; i0 += 8) {
    const i1 = min(r.count, i0 + 8);
    for (let j = first; j < end; j++) {
      const from = r.at + <usize>load<u32>(r.across + (<usize>j << 2));
      const to = column(r.to, r.ld, j);
      for (let i = i0; i < i1; i++) {
        const p = from + <usize>load<u32>(down + (<usize>i << 2));
        store<f64>(to + (<usize>i << 3), (single ? <f64>load<f32>(p) : load<f64>(p)) * scale);
      }
    }
  }
}

/** Copies `count` rows of the current panel or selection to rows row .. row + count of W. */
export function read(W: usize, ld: i32, row: i32, ro: usize, count: i32, co: usize, n: i32): void {
  const start = mark();
  const r = changetype<Reading>(alloc(offsetof<Reading>()));
  r.to = W + (<usize>row << 3);
  r.ld = ld;
  r.at = source.at;
  r.down = ro;
  r.across = co;
  r.single = source.single;
  r.scale = source.scale;
  r.count = count;
  r.n = n;
  r.share = threads == 1 ? max(n, 1) : READ_TASK;
  parallelFor(readColumns, (n + r.share - 1) / r.share, changetype<usize>(r));
  release(start);
}

/** All of A as columns. */
export function readAll(W: usize, ld: i32): void {
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    read(W, ld, first, source.rows, count, source.columns, source.n);
  }
}

/** A^T by columns. */
export function readTransposed(): usize {
  const ld = leading(source.n);
  const W = createColumns(source.n, source.m);
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    read(column(W, ld, first), ld, 0, source.columns, source.n, source.rows, count);
  }
  return W;
}

/** Zeros below the diagonal of the leading `rows` rows. */
export function clearBelow(W: usize, ld: i32, rows: i32, n: i32): void {
  for (let j = 0; j < n; j++) {
    const from = min(j + 1, rows);
    memory.fill(column(W, ld, j) + (<usize>from << 3), 0, <usize>(rows - from) << 3);
  }
}

/** X = R(0:k, 0:n)^T, n x k lower trapezoidal, of leading(n). */
export function transposeUpper(W: usize, ld: i32, k: i32, n: i32): usize {
  const X = createColumns(n, k);
  const xLd = leading(n);
  for (let j = 0; j < n; j++) {
    const from = column(W, ld, j);
    for (let i = 0; i < min(j + 1, k); i++) {
      store<f64>(column(X, xLd, i) + (<usize>j << 3), load<f64>(from + (<usize>i << 3)));
    }
  }
  return X;
}

/** W (n x n) becomes W^T. */
export function transposeSquare(W: usize, ld: i32, n: i32): void {
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < j; i++) {
      const p = column(W, ld, j) + (<usize>i << 3);
      const q = column(W, ld, i) + (<usize>j << 3);
      const x = load<f64>(p);
      store<f64>(p, load<f64>(q));
      store<f64>(q, x);
    }
  }
}
