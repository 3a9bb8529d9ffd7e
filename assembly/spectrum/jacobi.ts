// One-sided Jacobi SVD of a column-major matrix: plane rotations make its columns orthogonal, their norms
// are then the singular values, each to high relative accuracy where the columns are well scaled.
//
// Pairs are met by blocks of columns. Where most pairs are orthogonal already (late sweeps; graded columns from the
// first one on) the cosines of two blocks come from the tile kernel, and only blocks with a pair to rotate are entered.
// A block has only rows that matter to one of its columns (extent.ts): graded columns fall off on both sides of the
// diagonal, and those far apart have no row in common.
// Cost: up to 4 n^3 flops a sweep (m = n), n^3 at the tile rate where little is left to do.
// Source: Drmac & Veselic 2008 (LAPACK's dgejsv, dgesvj); de Rijk 1989.
import { alloc, calloc, mark, release } from '../base/arena';
import { JACOBI_BLOCK, JACOBI_CACHED, JACOBI_LOOK_COLUMNS, MAX_SWEEPS, TINY, U } from '../base/params';
import { tiles } from '../blas/gemm';
import { dot, norm, rotate } from '../blas/level1';
import { column } from '../matrix/columns';
import { endRow, firstRow, negligible } from '../matrix/extent';
import { Indexed, indexed, offsets, packedBytes, packHere } from '../matrix/pack';
import { panels } from '../matrix/triangle';

/** Columns that are being made orthogonal. */
@unmanaged
class Columns {
  B: usize;
  ld: i32;
  /** Even: the row past an odd number is zero. */
  m: i32;
  n: i32;
  /** Squared length of each column, and its length, with zeros behind. */
  squares: usize;
  lengths: usize;
  /** Pairs whose |cos| is at most this are orthogonal; so are those whose product is lost to underflow. */
  threshold: f64;
  /** The columns by panels, [n/4][m][4], and the tables that pack them. */
  P: usize;
  A: Indexed;
  /** Tiles of cosines. */
  T: usize;
  /** Of each block its first row and the one behind its last, others being zero: both even. */
  rows: usize;
  /** One byte for each pair of blocks: no pair was to be rotated when last looked at. */
  marks: usize;
  /** Pairs rotated, and blocks passed over, in the last sweep. */
  rotated: i32;
  passed: i32;
}

function openColumns(B: usize, ld: i32, m: i32, n: i32): Columns {
  const x = changetype<Columns>(alloc(offsetof<Columns>()));
  x.B = B;
  x.ld = ld;
  x.m = m + 1 & ~1;
  x.n = n;
  x.squares = alloc(<u64>n << 3);
  x.lengths = calloc(<u64>(n + 4) << 3);
  x.threshold = U * Math.sqrt(<f64>m) * 2;
  x.P = alloc(packedBytes(x.m, n));
  x.A = indexed(B, offsets(x.m, 8), offsets(n, ld << 3), 1);
  x.T = alloc(JACOBI_BLOCK << 5);
  const blocks = <u64>(n + JACOBI_BLOCK - 1) / JACOBI_BLOCK;
  x.rows = alloc(blocks << 3);
  x.marks = calloc(blocks * (blocks + 1) >> 1);
  return x;
}

// @ts-ignore: decorator
@inline
function rowsOf(x: Columns, j: i32): usize {
  return x.rows + (<usize>(j / JACOBI_BLOCK) << 3);
}

function setRows(x: Columns, j: i32, first: i32, end: i32): void {
  store<i32>(rowsOf(x, j), first);
  store<i32>(rowsOf(x, j), end, 4);
}

/** Squared lengths. */
function measure(x: Columns): void {
  for (let j = 0; j < x.n; j++) {
    const first = load<i32>(rowsOf(x, j));
    const p = column(x.B, x.ld, j) + (<usize>first << 3);
    store<f64>(x.squares + (<usize>j << 3), dot(p, p, load<i32>(rowsOf(x, j), 4) - first));
  }
}

/** Leaves block j the rows that matter. */
function trim(x: Columns, j: i32): void {
  const from = load<i32>(rowsOf(x, j));
  const to = load<i32>(rowsOf(x, j), 4);
  let first = to;
  let end = from;
  for (let q = j; q < min(x.n, j + JACOBI_BLOCK); q++) {
    const limit = negligible(load<f64>(x.squares + (<usize>q << 3)));
    const a = column(x.B, x.ld, q);
    first = min(first, firstRow(a, from, to, limit));
    end = max(end, endRow(a, from, to, limit));
  }
  setRows(x, j, first & ~1, max(first, end) + 1 & ~1);
}

/**
 * Makes columns p and q orthogonal, whose product is g, the longer one first (de Rijk). Returns the product of the new
 * one with a third. B is the first of `rows` rows.
 */
function rotatePair(x: Columns, B: usize, rows: i32, p: i32, q: i32, g: f64, third: usize): f64 {
  const sp = x.squares + (<usize>p << 3);
  const sq = x.squares + (<usize>q << 3);
  const a = load<f64>(sp);
  const b = load<f64>(sq);
  const zeta = (b - a) / (2 * g);
  const t = (zeta < 0 ? -1.0 : 1.0) / (abs(zeta) + Math.sqrt(1 + zeta * zeta));
  let c = 1 / Math.sqrt(1 + t * t);
  let s = c * t;
  const first = max<f64>(a - t * g, 0);
  const second = max<f64>(b + t * g, 0);
  if (first < second) {
    const longer = s;
    s = -c;
    c = longer;
  }
  store<f64>(sp, max<f64>(first, second));
  store<f64>(sq, min<f64>(first, second));
  return rotate(column(B, x.ld, p), column(B, x.ld, q), c, s, third, rows);
}

/**
 * All pairs of a column of block i with a later one of block j, so many of j at a time that they stay in the L1 cache.
 * Each rotation gives the product for the next pair. Returns how many there were.
 */
function rotateBlocks(x: Columns, i: i32, j: i32): i32 {
  let count = 0;
  const end = min(x.n, j + JACOBI_BLOCK);
  const first = min(load<i32>(rowsOf(x, i)), load<i32>(rowsOf(x, j)));
  const rows = max(load<i32>(rowsOf(x, i), 4), load<i32>(rowsOf(x, j), 4)) - first;
  const B = x.B + (<usize>first << 3);
  const some = max(2, min(JACOBI_BLOCK, JACOBI_CACHED / max(rows, 1)));
  const squares = x.squares;
  for (let from = j; from < end; from += some) {
    const last = min(end, from + some);
    for (let p = i; p < min(last, i + JACOBI_BLOCK); p++) {
      const bp = column(B, x.ld, p);
      let q = max(from, p + 1);
      if (q >= last) continue;
      let g = dot(bp, column(B, x.ld, q), rows);
      for (; q < last; q++) {
        const next = column(B, x.ld, min(q + 1, last - 1));
        const size = Math.sqrt(load<f64>(squares + (<usize>p << 3))) * Math.sqrt(load<f64>(squares + (<usize>q << 3)));
        if (size > 0 && abs(g) > x.threshold * size + TINY) {
          g = rotatePair(x, B, rows, p, q, g, next);
          count++;
        } else if (q + 1 < last) {
          g = dot(bp, next, rows);
        }
      }
    }
  }
  if (!count) return 0;
  setRows(x, i, first, first + rows);
  setRows(x, j, first, first + rows);
  trim(x, i);
  if (j > i) trim(x, j);
  return count;
}

/** Row i of the packed columns from j on. */
// @ts-ignore: decorator
@inline
function packed(x: Columns, j: i32, i: i32): usize {
  return x.P + (<usize>j * <usize>x.m << 3) + (<usize>i << 5);
}

/** The columns of block j for orthogonal(). */
function packBlock(x: Columns, j: i32): void {
  const count = min(JACOBI_BLOCK, x.n - j);
  for (let k = <usize>j << 3; k < <usize>(j + count) << 3; k += 8) {
    store<f64>(x.lengths + k, Math.sqrt(load<f64>(x.squares + k)));
  }
  const first = load<i32>(rowsOf(x, j));
  const rows = load<i32>(rowsOf(x, j), 4) - first;
  packHere(packed(x, j, first), x.m, x.A, first, rows, j, count);
}

/** Whether no column of block i has a later one of block j to be rotated with. */
function orthogonal(x: Columns, i: i32, j: i32): bool {
  const step = <usize>x.m << 5;
  const count = panels(min(JACOBI_BLOCK, x.n - j));
  const first = max(load<i32>(rowsOf(x, i)), load<i32>(rowsOf(x, j)));
  const rows = min(load<i32>(rowsOf(x, i), 4), load<i32>(rowsOf(x, j), 4)) - first;
  if (rows <= 0) return true;
  for (let p = i; p < min(x.n, i + JACOBI_BLOCK); p += 4) {
    memory.fill(x.T, 0, <usize>count << 7);
    tiles(x.T, packed(x, p, first), packed(x, j, first), step, count, rows);
    let g = x.T;
    for (let q = j; q < j + (count << 2); q++) {
      const limit = x.threshold * load<f64>(x.lengths + (<usize>q << 3));
      for (let r = p; r < p + 4; r++, g += 8) {
        if (r < q && abs(load<f64>(g)) > limit * load<f64>(x.lengths + (<usize>r << 3)) + TINY) return false;
      }
    }
  }
  return true;
}

/** One sweep over all pairs, but for blocks marked, where not `all`; `look` where most may be orthogonal. */
function sweep(x: Columns, look: bool, all: bool): void {
  measure(x);
  x.rotated = x.passed = 0;
  let mark = x.marks;
  for (let j = 0; look && j < x.n; j += JACOBI_BLOCK) packBlock(x, j);
  for (let i = 0; i < x.n; i += JACOBI_BLOCK) {
    for (let j = i; j < x.n; j += JACOBI_BLOCK, mark++) {
      if (!all && load<u8>(mark)) {
        x.passed++;
        continue;
      }
      const done = look && orthogonal(x, i, j);
      store<u8>(mark, <u8>done);
      if (done) continue;
      const count = rotateBlocks(x, i, j);
      x.rotated += count;
      if (!look || !count) continue;
      packBlock(x, i);
      if (j > i) packBlock(x, j);
    }
  }
}

/**
 * Singular values of the m x n matrix B (overwritten, rows padded to an even number with zeros) into values,
 * descending. Returns false when MAX_SWEEPS did not suffice.
 */
export function jacobi(B: usize, ld: i32, m: i32, n: i32, values: usize): bool {
  const start = mark();
  const x = openColumns(B, ld, m, n);
  for (let j = 0; j < n; j += JACOBI_BLOCK) setRows(x, j, 0, x.m);
  measure(x);
  for (let j = 0; j < n; j += JACOBI_BLOCK) trim(x, j);
  let converged = n < 2;
  let look = n >= JACOBI_LOOK_COLUMNS;
  let all = true;
  for (let s = 0; s < MAX_SWEEPS && !converged; s++) {
    sweep(x, look, all);
    // Blocks that were orthogonal once are looked at again when all others are.
    all = x.rotated == 0;
    converged = all && x.passed == 0;
    look = n >= JACOBI_LOOK_COLUMNS && x.rotated < n * (n - 1) >> 2;
  }
  for (let j = 0; j < n; j++) store<f64>(values + (<usize>j << 3), norm(column(B, ld, j), m));
  // Insertion sort: de Rijk's pivoting left them nearly sorted.
  for (let j = 1; j < n; j++) {
    const v = load<f64>(values + (<usize>j << 3));
    let i = j;
    for (; i > 0 && load<f64>(values + (<usize>(i - 1) << 3)) < v; i--) {
      store<f64>(values + (<usize>i << 3), load<f64>(values + (<usize>(i - 1) << 3)));
    }
    store<f64>(values + (<usize>i << 3), v);
  }
  release(start);
  return converged;
}
