// Column-major float64 matrices: the layout of every QR and Jacobi routine, and A or a part of it copied into it.
//
// A matrix of m x n lives at W with `ld` elements a column, ld = leading(m): room for the rows that whole
// tiles touch past the last one (kept zero), and an odd number of cache lines, so that the columns of a
// panel do not all fall into the same cache set. Zero columns follow the last, as whole tiles touch up to three.
import { alloc, calloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { EVEN_BITS, READ_TASK } from '../base/params';
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

/**
 * By how many powers of two the largest elements of n lines of n elements differ: rows or columns of W, `line` bytes
 * apart, their elements `element` bytes. Lines of zeros do not count.
 */
export function spreadOfLines(W: usize, n: i32, line: usize, element: usize): i32 {
  let least = 2048;
  let most = 0;
  for (let i = 0; i < n; i++) {
    let exponent = 0;
    let p = W + <usize>i * line;
    for (let j = 0; j < n; j++, p += element) exponent = max(exponent, <i32>(load<u64>(p) >> 52 & 2047));
    if (exponent) least = min(least, exponent);
    most = max(most, exponent);
  }
  return most - min(least, most);
}

/**
 * Whether the elements of every line of W (m x n) are in the mean, of their powers of two, within EVEN_BITS of the
 * largest of W: scaling lines cannot make much of such a matrix.
 */
export function evenLines(W: usize, ld: i32, m: i32, n: i32): bool {
  const start = mark();
  const rows = calloc(<u64>(m + 1) << 3);
  const mask = i64x2.splat(2047);
  let most = f64x2.splat(0);
  let least: i64 = 0;
  let even = true;
  for (let j = 0; j < n && even; j++) {
    let sums = i64x2.splat(0);
    for (let o: usize = 0, w = column(W, ld, j); o < <usize>m << 3; o += 16) {
      const x = v128.load(w + o);
      const exponents = v128.and(i64x2.shr_u(x, 52), mask);
      most = f64x2.max(most, f64x2.abs(x));
      sums = i64x2.add(sums, exponents);
      v128.store(rows + o, i64x2.add(v128.load(rows + o), exponents));
    }
    const top = max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
    least = <i64>(reinterpret<u64>(top) >> 52) - EVEN_BITS;
    even = i64x2.extract_lane(sums, 0) + i64x2.extract_lane(sums, 1) >= least * m;
  }
  for (let i = 0; i < m && even; i++) even = load<i64>(rows + (<usize>i << 3)) >= least * n;
  release(start);
  return even;
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

/** Orders the rows of W by the exponent of their largest element, the largest first. */
export function sortRows(W: usize, ld: i32, m: i32, n: i32): void {
  const start = mark();
  const ranks = calloc(<u64>m << 2);
  for (let j = 0; j < n; j++) {
    const from = column(W, ld, j);
    for (let i = 0; i < m; i++) {
      const rank = <i32>(load<u64>(from + (<usize>i << 3)) >> 52 & 2047);
      const at = ranks + (<usize>i << 2);
      if (rank > load<i32>(at)) store<i32>(at, rank);
    }
  }
  // Counting sort: places[r] is where the next row of rank r goes.
  const places = calloc(2049 << 2);
  for (let i = 0; i < m; i++) {
    const at = places + (<usize>load<i32>(ranks + (<usize>i << 2)) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  for (let r = 2047, before = 0; r >= 0; r--) {
    const at = places + (<usize>r << 2);
    const count = load<i32>(at);
    store<i32>(at, before);
    before += count;
  }
  for (let i = 0; i < m; i++) {
    const own = ranks + (<usize>i << 2);
    const at = places + (<usize>load<i32>(own) << 2);
    const place = load<i32>(at);
    store<i32>(at, place + 1);
    store<i32>(own, place);
  }
  const sorted = alloc(<u64>m << 3);
  for (let j = 0; j < n; j++) {
    const from = column(W, ld, j);
    for (let i = 0; i < m; i++) {
      const place = <usize>load<i32>(ranks + (<usize>i << 2));
      store<f64>(sorted + (place << 3), load<f64>(from + (<usize>i << 3)));
    }
    memory.copy(from, sorted, <usize>m << 3);
  }
  release(start);
}
