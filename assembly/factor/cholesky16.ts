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
import { BLOCK } from '../base/params';
import { panels, rowPanel } from '../matrix/triangle';

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
function coarsePanel(L: usize, i: i32): usize {
  return L + (<usize>i * <usize>(i + 1) << 4);
}

/**
 * Whether every pivot of I - G / theta is positive, which proves that no eigenvalue of G is above theta (1 +
 * coarseness(n)). L is scratch, of a quarter of the bytes of G; what else it takes is left to the caller to release.
 */
export function noneFarAbove(L: usize, G: usize, n: i32, theta: f64): bool {
  const count = panels(n);
  const bytes = <usize>count << 4;
  const x = alloc(64 + 2 * <u64>bytes);
  const inverses = x + 64; // of the pivots' roots
  // squares of the rows, above a start that lets them come to 0.996 before the sign changes
  const lengths = inverses + bytes;
  memory.fill(lengths, 0x40, bytes);
  const scale = (ONE / theta) * -ONE;
  for (let i0 = 0; i0 < count; i0 += BLOCK) {
    const i1 = min(count, i0 + BLOCK);
    for (let j = 0; j < i1; j++) {
      const Lj = coarsePanel(L, j);
      const at = <usize>j << 5; // of the tiles of column panel j in a row panel
      for (let i = max(i0, j); i < i1; i++) {
        const Li = coarsePanel(L, i);
        const g = rowPanel(G, i) + (<usize>j << 7);
        for (let e: usize = 0; e < 64; e += 4) store<i32>(x + e, <i32>(load<f64>(g + 2 * e) * scale));
        subtract(x, Li, Lj, j << 1);
        if (!solve(x, Li + at, Lj + at, inverses + (<usize>j << 4), lengths + (<usize>i << 4))) return false;
      }
    }
  }
  return true;
}

/** What rounding the elements of L to integers may hide, as a share of theta. */
export function coarseness(n: i32): f64 {
  return 0.51 / ONE * <f64>n;
}
