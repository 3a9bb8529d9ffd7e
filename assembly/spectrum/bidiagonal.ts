// The bidiagonal form of a matrix, and its singular values by counting.
//
// A = U B V^T with B upper bidiagonal has the singular values of A (docs/certificates.md, "Bidiagonal"). Those above x
// are counted by the signs of the stationary qds transform of B^T B - x^2 I (Fernando & Parlett 1994; Demmel 1997,
// section 5.3), at eight points at a time; every value comes by bisection on counts:
// no iteration that could fail to converge.
// Cost of a count: n divisions a point.
import { alloc, calloc, mark, release } from '../base/arena';
import { BAND_WIDTH, TWO_STAGE_COLUMNS, U, WIDE_BAND_COLUMNS, WIDE_BAND_WIDTH } from '../base/params';
import { qr } from '../factor/tsqr';
import { clearBelow } from '../matrix/columns';
import { reduceToBand } from './band';
import { chaseBulges, createBand } from './bulge';
import { golubKahan } from './golub-kahan';
import { sturmValues } from './sturm';

/**
 * B, squared, times a power of four that brings its norm near 1:
 * neither overflow nor harm from underflow, whatever A's scale.
 */
@unmanaged
export class Bidiagonal {
  n: i32 = 0;
  /** d_i^2 and e_i^2, n each; the last e is zero. */
  d: usize = 0;
  e: usize = 0;
  /** B times this power of two is what d and e are the squares of. */
  scale: f64 = 1;
  /** sigma_1 <= bound, by Gershgorin's theorem: at most twice sigma_1. */
  bound: f64 = 0;
}

/** 2^k, -1022 <= k <= 1023. */
// @ts-ignore: decorator
@inline
function power(k: i32): f64 {
  return reinterpret<f64>(<u64>(k + 1023) << 52);
}

/** Squares d (n) and e (n - 1), which hold B, in place. */
export function finish(n: i32, d: usize, e: usize): Bidiagonal {
  const B = changetype<Bidiagonal>(alloc(offsetof<Bidiagonal>()));
  B.n = n;
  B.d = d;
  B.e = e;
  // Gershgorin for the Golub-Kahan form: sigma_1 <= max(|d_i| + |e_i|, |d_i| + |e_{i-1}|).
  let most: f64 = 0;
  let before: f64 = 0;
  const end = <usize>n << 3;
  for (let o: usize = 0; o < end; o += 8) {
    const next = abs(load<f64>(e + o));
    most = max<f64>(most, abs(load<f64>(d + o)) + max<f64>(next, before));
    before = next;
  }
  B.bound = most * (1 + 4 * f64.EPSILON);
  const exponent = <i32>(reinterpret<u64>(most) >> 52) - 1023;
  B.scale = power(max(-1000, min(1000, -exponent)));
  for (let o: usize = 0; o < end; o += 8) {
    const x = load<f64>(d + o) * B.scale;
    const y = load<f64>(e + o) * B.scale;
    store<f64>(d + o, x * x);
    store<f64>(e + o, y * y);
  }
  return B;
}

/** d and e of a bidiagonal form of W. A tall W is reduced to its R first. */
function reduce(W: usize, ld: i32, m: i32, n: i32, d: usize, e: usize): void {
  const start = mark();
  if (3 * m > 5 * n) {
    qr(W, ld, m, n);
    clearBelow(W, ld, m, n);
    m = n;
  }
  if (n < TWO_STAGE_COLUMNS) {
    golubKahan(W, ld, m, n, d, e, null);
  } else {
    const B = createBand(n, n < WIDE_BAND_COLUMNS ? BAND_WIDTH : WIDE_BAND_WIDTH);
    reduceToBand(W, ld, m, n, B);
    chaseBulges(B, d, e);
  }
  release(start);
}

/** The bidiagonal form of W, m x n column-major with m >= n, destroyed. The record stays above the caller's mark. */
export function bidiagonalForm(W: usize, ld: i32, m: i32, n: i32): Bidiagonal {
  const d = calloc(<u64>n << 3);
  const e = calloc(<u64>n << 3);
  reduce(W, ld, m, n, d, e);
  return finish(n, d, e);
}

/**
 * For each of 8 points s (squared, of the scaled B), how many squared singular values are at most s, as doubles: the
 * negative or zero pivots p of L D L^T = B^T B - s I. A pivot that is zero becomes -2^-53 d^2, as a change of d by half
 * an ulp would make it, so that t / p never exceeds 2^54 and nothing overflows.
 */
function countBelow(counts: usize, points: usize, B: Bidiagonal): void {
  const one = f64x2.splat(1);
  const zero = f64x2.splat(0);
  const s0 = v128.load(points);
  const s1 = v128.load(points, 16);
  const s2 = v128.load(points, 32);
  const s3 = v128.load(points, 48);
  let t0 = f64x2.neg(s0);
  let t1 = f64x2.neg(s1);
  let t2 = f64x2.neg(s2);
  let t3 = f64x2.neg(s3);
  let c0 = zero;
  let c1 = zero;
  let c2 = zero;
  let c3 = zero;
  const q = B.d;
  const e = B.e;
  for (let o: usize = 0; o < <usize>B.n << 3; o += 8) {
    const x = load<f64>(q + o);
    const d = f64x2.splat(x);
    const tiny = f64x2.splat(-U * x - f64.MIN_NORMAL_VALUE);
    const f = v128.load64_splat(e + o);
    let p = f64x2.add(d, t0);
    p = v128.bitselect(tiny, p, f64x2.eq(p, zero));
    c0 = f64x2.add(c0, v128.and(one, f64x2.lt(p, zero)));
    t0 = f64x2.sub(f64x2.mul(f, f64x2.div(t0, p)), s0);
    p = f64x2.add(d, t1);
    p = v128.bitselect(tiny, p, f64x2.eq(p, zero));
    c1 = f64x2.add(c1, v128.and(one, f64x2.lt(p, zero)));
    t1 = f64x2.sub(f64x2.mul(f, f64x2.div(t1, p)), s1);
    p = f64x2.add(d, t2);
    p = v128.bitselect(tiny, p, f64x2.eq(p, zero));
    c2 = f64x2.add(c2, v128.and(one, f64x2.lt(p, zero)));
    t2 = f64x2.sub(f64x2.mul(f, f64x2.div(t2, p)), s2);
    p = f64x2.add(d, t3);
    p = v128.bitselect(tiny, p, f64x2.eq(p, zero));
    c3 = f64x2.add(c3, v128.and(one, f64x2.lt(p, zero)));
    t3 = f64x2.sub(f64x2.mul(f, f64x2.div(t3, p)), s3);
  }
  v128.store(counts, c0);
  v128.store(counts, c1, 16);
  v128.store(counts, c2, 32);
  v128.store(counts, c3, 48);
}

/** How many singular values are strictly greater than x. */
export function countAbove(B: Bidiagonal, x: f64): i32 {
  if (x < 0) return B.n;
  if (x >= B.bound) return 0;
  const start = mark();
  const points = alloc(64);
  const counts = alloc(64);
  const y = x * B.scale;
  for (let c: usize = 0; c < 64; c += 8) store<f64>(points + c, y * y);
  countBelow(counts, points, B);
  release(start);
  return B.n - <i32>load<f64>(counts);
}

/** sigma_1, to some ulps. */
export function largestValue(B: Bidiagonal): f64 {
  return valueAt(B, 0);
}

/**
 * The singular value of index i, descending from index 0, to some ulps of sigma_1:
 * its place among eight points of an interval, again and again.
 */
export function valueAt(B: Bidiagonal, i: i32): f64 {
  const start = mark();
  const points = alloc(64);
  const counts = alloc(64);
  let low: f64 = 0;
  let high = B.bound * B.scale;
  for (let it = 0; it < 18; it++) {
    for (let c = 0; c < 8; c++) {
      const x = low + (high - low) * <f64>(c + 1) / 9;
      store<f64>(points + (<usize>c << 3), x * x);
    }
    countBelow(counts, points, B);
    let inside = 0;
    while (inside < 8 && load<f64>(counts + (<usize>inside << 3)) < <f64>(B.n - i)) inside++;
    const step = (high - low) / 9;
    if (inside < 8) high = low + step * <f64>(inside + 1);
    low += step * <f64>inside;
  }
  release(start);
  return 0.5 * (low + high) / B.scale;
}

/** All singular values of W into values, descending. */
export function bidiagonalValues(W: usize, ld: i32, m: i32, n: i32, values: usize): void {
  const start = mark();
  const B = bidiagonalForm(W, ld, m, n);
  sturmValues(B.d, B.e, n, B.bound * B.scale, B.scale, values);
  release(start);
}
