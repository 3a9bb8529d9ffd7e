// Cholesky of I - G / theta in 16-bit integers: where it runs to completion no eigenvalue of G is far above theta,
// which is all that an upper bound of sigma_1 is needed for. Eight products an instruction, sums without rounding,
// and a quarter of the bytes of float64.
//
// L has units of 1 / ONE, the products and what is left of the diagonal 1 / ONE^2.
// Every row of L has at most the length 1, so that by
// Cauchy and Schwarz no sum of products leaves 32 bits. "Inertia" in docs/certificates.md.
// Layout: a packed triangle as in matrix/triangle.ts, a row panel being [2 (i + 1) pairs of columns][4 rows][2
// columns]. Cost: n^3 / 3 operations.
import { alloc } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { BLOCK, CHOLESKY16_DIAGONAL, CHOLESKY16_TASK } from '../base/params';
import { panels, rowPanel } from '../matrix/triangle';

/** 1 as an integer of 16 bits, with room for rounding: elements are at most 1. */
const ONE: f64 = 32600;

/** x -= a b^T for a tile x, [4 columns][4 rows] of 32 bits, over k pairs of columns. */
function subtract(x: usize, a: usize, b: usize, k: i32): void {
  let c0 = i32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  const end = a + (<usize>k << 4);
  while (a < end) {
    const p = v128.load(a);
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(p, v128.load32_splat(b)));
    c1 = i32x4.add(c1, i32x4.dot_i16x8_s(p, v128.load32_splat(b, 4)));
    c2 = i32x4.add(c2, i32x4.dot_i16x8_s(p, v128.load32_splat(b, 8)));
    c3 = i32x4.add(c3, i32x4.dot_i16x8_s(p, v128.load32_splat(b, 12)));
    a += 16;
    b += 16;
  }
  v128.store(x, i32x4.sub(v128.load(x), c0));
  v128.store(x, i32x4.sub(v128.load(x, 16), c1), 16);
  v128.store(x, i32x4.sub(v128.load(x, 32), c2), 32);
  v128.store(x, i32x4.sub(v128.load(x, 48), c3), 48);
}

/**
 * Four columns of L from what is left of them: the tile x becomes its elements, which go to the tile `to` of L.
 * `diagonal`: that of the columns' pivots, `to` itself where they are found here. `lengths` of the rows grow;
 * false where a pivot or a length is out of bounds.
 */
function solve(x: usize, to: usize, diagonal: usize, inverses: usize, lengths: usize): bool {
  for (let c: usize = 0; c < 4; c++) {
    const own = x + (c << 4);
    const inverse = inverses + (c << 2);
    const place = ((c >> 1) << 4) + ((c & 1) << 1); // of row 0 of the column in a tile of L
    if (to == diagonal) {
      const pivot = own + (c << 2);
      const d = <i32>(ONE * ONE) + load<i32>(pivot);
      if (d <= 0) return false;
      store<i32>(pivot, d);
      store<f32>(inverse, <f32>(1 / sqrt(<f64>d)));
    }
    const s = f32x4.nearest(f32x4.mul(f32x4.convert_i32x4_s(v128.load(own)), v128.load32_splat(inverse)));
    const t = i32x4.trunc_sat_f32x4_s(s);
    const l = i32x4.extend_low_i16x8_s(i16x8.narrow_i32x4_s(t, t));
    v128.store(own, l);
    for (let r: usize = 0; r < 16; r += 4) store<i16>(to + place + r, load<i32>(own + r));
    const sum = i32x4.add(v128.load(lengths), i32x4.mul(l, l));
    if (i32x4.bitmask(sum)) return false;
    v128.store(lengths, sum);
    for (let r = c + 1; r < 4; r++) {
      const p = x + (r << 4);
      v128.store(p, i32x4.sub(v128.load(p), i32x4.mul(l, i32x4.splat(<i32>load<i16>(diagonal + place + (r << 2))))));
    }
  }
  return true;
}

/** Start of row panel i of L. */
// @ts-ignore: decorator
@inline
function integerPanel(L: usize, i: i32): usize {
  return L + (<usize>i * <usize>(i + 1) << 4);
}

/** A factorisation under way: row panels i0 .. i1, of which the columns from j to j1 are next. */
@unmanaged
class Integers {
  L: usize;
  G: usize;
  /** A tile for each thread. */
  x: usize;
  /** Of the pivots' roots. */
  inverses: usize;
  /** Squares of the rows, above a start that lets them come to 0.996 before the sign changes. */
  lengths: usize;
  scale: f64;
  i0: i32;
  i1: i32;
  j: i32;
  j1: i32;
  /** A pivot or a length was out of bounds. */
  failed: u32;
}

/** Tiles of row panels i .. end in column panels j .. j1, as far as they are not above the diagonal. */
function tiles(f: Integers, i0: i32, end: i32, j0: i32, j1: i32, thread: i32): void {
  const x = f.x + (<usize>thread << 6);
  for (let j = j0; j < j1; j++) {
    const Lj = integerPanel(f.L, j);
    const at = <usize>j << 5; // of the tiles of column panel j in a row panel
    for (let i = max(i0, j); i < end; i++) {
      const Li = integerPanel(f.L, i);
      const g = rowPanel(f.G, i) + (<usize>j << 7);
      for (let e: usize = 0; e < 64; e += 4) store<i32>(x + e, <i32>(load<f64>(g + 2 * e) * f.scale));
      subtract(x, Li, Lj, j << 1);
      if (!solve(x, Li + at, Lj + at, f.inverses + (<usize>j << 4), f.lengths + (<usize>i << 4))) {
        atomic.store<u32>(changetype<usize>(f), 1, offsetof<Integers>('failed'));
        return;
      }
    }
  }
}

/** Rows of the block in its columns j .. j1, or below those where they are its own. */
function rowsTask(record: usize, index: i32, thread: i32): void {
  const f = changetype<Integers>(record);
  const i = max(f.i0, f.j1) + index * CHOLESKY16_TASK;
  tiles(f, i, min(f.i1, i + CHOLESKY16_TASK), f.j, f.j1, thread);
}

/**
 * Whether every pivot of I - G / theta is positive, which proves that no eigenvalue of G is above
 * theta (1 + integerRounding(n)). L is scratch, of a quarter of the bytes of G; what else it takes is left to the
 * caller to release.
 */
export function provesUpperBound(L: usize, G: usize, n: i32, theta: f64): bool {
  const count = panels(n);
  const bytes = <u64>count << 4;
  const f = changetype<Integers>(alloc(offsetof<Integers>()));
  f.L = L;
  f.G = G;
  f.x = alloc(<u64>threads << 6);
  f.inverses = alloc(bytes);
  f.lengths = alloc(bytes);
  memory.fill(f.lengths, 0x40, <usize>bytes);
  f.scale = (ONE / theta) * -ONE;
  f.failed = 0;
  const length = threads == 1 ? BLOCK : BLOCK * threads;
  for (f.i0 = 0; f.i0 < count && !f.failed; f.i0 = f.i1) {
    f.i1 = min(count, f.i0 + length);
    f.j = 0;
    f.j1 = f.i0;
    below(f);
    for (f.j = f.i0; f.j < f.i1 && !f.failed; f.j = f.j1) {
      f.j1 = min(f.i1, f.j + CHOLESKY16_DIAGONAL);
      tiles(f, f.j, f.j1, f.j, f.j1, 0);
      if (!f.failed) below(f);
    }
  }
  return !f.failed;
}

/** The rows of the block below column panels j .. j1. */
function below(f: Integers): void {
  const rows = f.i1 - max(f.i0, f.j1);
  parallelFor(rowsTask, (rows + CHOLESKY16_TASK - 1) / CHOLESKY16_TASK, changetype<usize>(f));
}

/** What rounding the elements of L to integers may hide, as a share of theta: half a unit each ("Inertia"). */
export function integerRounding(n: i32): f64 {
  return 0.51 / ONE * <f64>n;
}
