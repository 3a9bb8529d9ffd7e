// How many singular values of a bidiagonal matrix B are above x, by signs of polynomials, and the last polynomial.
//
// The leading minors of x I - [0 B; B^T 0], rows and columns taken in turns (Golub & Kahan 1965), are N_0 = 1, N_1 = x,
// N_{k+1} = x N_k - o_k^2 N_{k-1}, where o = d_1, e_1, d_2, ... As N_{2i} = det(x^2 I - B_i^T B_i), its sign changes
// with i as often as singular values are above x (Sturm). Scaled, with a = +-N_{2i} / s_i, b = +-N_{2i+1} / (x r_i),
//
//     a <- a - x^2 beta_i b,   b <- b + alpha_i a,   beta_i = 1 / (alpha_{i-1} d_i^2),   alpha_i = 1 / (beta_i e_i^2),
//
// where now a changes its sign as often as values are below x. No division is needed, and rounding acts as a few u of
// each element of B (Wilkinson 1965, chapter 5, 37). Six points x at a time: eight need more registers than there are.
import { alloc } from '../base/arena';
import { GROUP_MOST, STURM_LEAST } from '../base/params';
import { madd } from '../base/simd';

/** N_{2n}(x) = f 2^exponent, the exponent with the same bias for all x, and how many values are above x. */
@unmanaged
export class Point {
  x: f64 = 0;
  f: f64 = 0;
  exponent: i64 = 0;
  above: i64 = 0;
  /** f to a scale of its interval. */
  scaled: f64 = 0;
}

/** Points are looked at six at a time: rows of their x, f, exponents and counts. */
export const SIX: usize = 48;
export const LOOK: usize = 4 * SIX;

// @ts-ignore: decorator
@inline
export function point(at: usize): Point {
  return changetype<Point>(at);
}

/** beta and alpha of each row from `w` to `end`, and where groups of rows end, with the ratio of the scales there. */
@unmanaged
export class Minors {
  w: usize;
  end: usize;
  groups: usize;
}

/**
 * beta and alpha of each row of the n x n matrix B whose d^2 and e^2 are given, none of them zero, for x up to `bound`,
 * in groups of rows, each with scales that begin with 1. A row makes the larger of a and b at most
 * (1 + alpha) (1 + x^2 beta) times larger or smaller, as it does not change areas. For a group the product is below
 * 2^500, with the ratio of the scales at its end below 2^500 too. As alpha_{i-1} beta_i and alpha_i beta_i are above
 * 1 / 16 that keeps beta above 2^-254, x^2 beta above 2^-454: nothing that matters leaves 2^+-1000.
 */
export function createMinors(d: usize, e: usize, n: i32, bound: f64): Minors {
  const minors = changetype<Minors>(alloc(offsetof<Minors>()));
  let w = alloc(<u64>n << 4);
  let groups = alloc(<u64>n << 4);
  minors.w = w;
  minors.groups = groups;
  let ratio: f64 = 1;
  let grown: f64 = 1;
  for (const last = d + (<usize>n << 3); d < last; d += 8, e += 8, w += 16) {
    const o = max<f64>(load<f64>(d), STURM_LEAST * STURM_LEAST);
    const p = max<f64>(load<f64>(e), STURM_LEAST * STURM_LEAST);
    let beta = ratio / o;
    let alpha = 1 / (beta * p);
    let grows = (1 + alpha) * (1 + bound * bound * beta);
    if (grown * grows * max<f64>(alpha, beta * p) > GROUP_MOST) {
      store<u32>(groups, <u32>w);
      store<f64>(groups, ratio, 8);
      groups += 16;
      beta = 1 / o;
      alpha = o / p;
      grows = (1 + alpha) * (1 + bound * bound * beta);
      grown = 1;
    }
    grown *= grows;
    ratio = beta * p;
    store<f64>(w, beta);
    store<f64>(w, alpha, 8);
  }
  store<u32>(groups, <u32>w);
  store<f64>(groups, ratio, 8);
  minors.end = w;
  return minors;
}

/** c - 1 in each lane where the signs of a and b differ. */
// @ts-ignore: decorator
@inline
function lessChanges(c: v128, a: v128, b: v128): v128 {
  return i64x2.add(c, i64x2.gt_s(i64x2.splat(0), v128.xor(a, b)));
}

/**
 * 1 / p, p being the larger of |a| and |b| rounded down to a power of two, whose (biased) exponent is added to a sum.
 */
// @ts-ignore: decorator
@inline
function carried(sum: usize, a: v128, b: v128): v128 {
  const p = v128.and(f64x2.max(f64x2.abs(a), f64x2.abs(b)), i64x2.splat(0x7ff0000000000000));
  v128.store(sum, i64x2.add(v128.load(sum), i64x2.shr_u(p, 52)));
  return i64x2.sub(i64x2.splat(0x7fe0000000000000), p);
}

// @ts-ignore: decorator
@inline
function storeSix(to: usize, a: v128, b: v128, c: v128): void {
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
}

/**
 * f, exponents and counts (i64) of six points x. Where a group of rows ends, a and b get the same scale, which keeps
 * them near 1.
 */
export function evaluate(points: usize, minors: Minors): void {
  let w = minors.w;
  const end = minors.end;
  let groups = minors.groups;
  let t = v128.load(points);
  const x0 = f64x2.neg(f64x2.mul(t, t));
  t = v128.load(points, 16);
  const x1 = f64x2.neg(f64x2.mul(t, t));
  t = v128.load(points, 32);
  const x2 = f64x2.neg(f64x2.mul(t, t));
  let a0 = f64x2.splat(1);
  let a1 = a0;
  let a2 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let c0 = i64x2.splat(0);
  storeSix(points + 2 * SIX, c0, c0, c0);
  c0 = i64x2.splat(<i64>(end - w) >> 4);
  let c1 = c0;
  let c2 = c0;
  while (w < end) {
    for (const group = <usize>load<u32>(groups); w < group; w += 16) {
      t = madd(f64x2.mul(x0, v128.load64_splat(w)), b0, a0);
      c0 = lessChanges(c0, a0, t);
      b0 = madd(t, v128.load64_splat(w, 8), b0);
      a0 = t;
      t = madd(f64x2.mul(x1, v128.load64_splat(w)), b1, a1);
      c1 = lessChanges(c1, a1, t);
      b1 = madd(t, v128.load64_splat(w, 8), b1);
      a1 = t;
      t = madd(f64x2.mul(x2, v128.load64_splat(w)), b2, a2);
      c2 = lessChanges(c2, a2, t);
      b2 = madd(t, v128.load64_splat(w, 8), b2);
      a2 = t;
    }
    const ratio = v128.load64_splat(groups, 8);
    groups += 16;
    b0 = f64x2.mul(b0, ratio);
    t = carried(points + 2 * SIX, a0, b0);
    a0 = f64x2.mul(a0, t);
    b0 = f64x2.mul(b0, t);
    b1 = f64x2.mul(b1, ratio);
    t = carried(points + 2 * SIX + 16, a1, b1);
    a1 = f64x2.mul(a1, t);
    b1 = f64x2.mul(b1, t);
    b2 = f64x2.mul(b2, ratio);
    t = carried(points + 2 * SIX + 32, a2, b2);
    a2 = f64x2.mul(a2, t);
    b2 = f64x2.mul(b2, t);
  }
  storeSix(points + SIX, a0, a1, a2);
  storeSix(points + 3 * SIX, c0, c1, c2);
}

/** Takes point c of six out. */
export function take(points: usize, c: usize, to: usize): void {
  const p = point(to);
  const at = points + (c << 3);
  p.x = load<f64>(at);
  p.f = load<f64>(at, SIX);
  p.exponent = load<i64>(at, 2 * SIX);
  p.above = load<i64>(at, 3 * SIX);
}
