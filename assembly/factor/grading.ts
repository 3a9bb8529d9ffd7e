// Graded matrices, before a QR: by how much their rows and columns differ in size, and the orders in which a QR keeps
// the digits of each.
//
// Size goes by the exponent of the largest element, or by the squared length. Layout: column-major (matrix/columns.ts).
// Cost: one pass over the elements each. Source: Cox & Higham 1998 (rows in descending order).
import { alloc, calloc, mark, release } from '../base/arena';
import { EVEN_BITS } from '../base/params';
import { madd } from '../base/simd';
import { swapColumns } from '../blas/level1';
import { column } from '../matrix/columns';

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

/** Squared lengths of the rows of R (n x n upper, zeros below). */
export function rowSquares(R: usize, ld: i32, n: i32): usize {
  const squares = calloc(<u64>(n + 4) << 3); // up to a whole panel
  for (let j = 0; j < n; j++) {
    const x = column(R, ld, j);
    for (let o: usize = 0; o <= <usize>j << 3; o += 16) {
      const a = v128.load(x + o);
      v128.store(squares + o, madd(a, a, v128.load(squares + o)));
    }
  }
  return squares;
}

/** Orders the rows of W by the exponent of their largest element, the largest first. */
export function sortRows(W: usize, ld: i32, m: i32, n: i32): void {
  const start = mark();
  const exponents = calloc(<u64>m << 2);
  for (let j = 0; j < n; j++) {
    const from = column(W, ld, j);
    for (let i = 0; i < m; i++) {
      const exponent = <i32>(load<u64>(from + (<usize>i << 3)) >> 52 & 2047);
      const at = exponents + (<usize>i << 2);
      if (exponent > load<i32>(at)) store<i32>(at, exponent);
    }
  }
  // Counting sort: places[r] is where the next row of exponent r goes.
  const places = calloc(2049 << 2);
  for (let i = 0; i < m; i++) {
    const at = places + (<usize>load<i32>(exponents + (<usize>i << 2)) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  for (let r = 2047, before = 0; r >= 0; r--) {
    const at = places + (<usize>r << 2);
    const count = load<i32>(at);
    store<i32>(at, before);
    before += count;
  }
  for (let i = 0; i < m; i++) {
    const own = exponents + (<usize>i << 2);
    const at = places + (<usize>load<i32>(own) << 2);
    const place = load<i32>(at);
    store<i32>(at, place + 1);
    store<i32>(own, place); // instead of its exponent
  }
  const sorted = alloc(<u64>m << 3);
  for (let j = 0; j < n; j++) {
    const from = column(W, ld, j);
    for (let i = 0; i < m; i++) {
      const place = <usize>load<i32>(exponents + (<usize>i << 2));
      store<f64>(sorted + (place << 3), load<f64>(from + (<usize>i << 3)));
    }
    memory.copy(from, sorted, <usize>m << 3);
  }
  release(start);
}

/** The n columns of W, as long as `squares` says, the longest first. */
export function sortColumns(W: usize, ld: i32, n: i32, squares: usize): void {
  const start = mark();
  const left = alloc(<u64>n << 3);
  memory.copy(left, squares, <usize>n << 3);
  for (let k = 0; k < n - 1; k++) {
    let best = k;
    for (let j = k + 1; j < n; j++) {
      if (load<f64>(left + (<usize>j << 3)) > load<f64>(left + (<usize>best << 3))) best = j;
    }
    if (best == k) continue;
    swapColumns(column(W, ld, k), column(W, ld, best), ld);
    store<f64>(left + (<usize>best << 3), load<f64>(left + (<usize>k << 3)));
  }
  release(start);
}
