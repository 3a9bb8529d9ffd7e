// The bidiagonal form of a matrix, and its singular values by counting.
//
// A = U B V^T with B upper bidiagonal has the singular values of A (docs/certificates.md, "Bidiagonal"). Those above x
// are counted by the signs of the stationary qds transform of B^T B - x^2 I (Fernando & Parlett 1994; Demmel 1997,
// section 5.3); bisection.ts has the values. Cost of a count: n divisions.
import { alloc, calloc, mark, release } from '../base/arena';
import {
  BAND_WIDTH, REST_SHARE, TWO_STAGE_COLUMNS, U, WHOLE_COLUMNS, WIDE_BAND_COLUMNS, WIDE_BAND_WIDTH,
} from '../base/params';
import { scaleColumn, square } from '../blas/level1';
import { qr } from '../factor/tsqr';
import { clearBelow } from '../matrix/columns';
import { reduceToBand } from './band';
import { chaseBulges, createBand } from './bulge';
import { golubKahan } from './golub-kahan';
import { sturmValues } from './bisection';

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

/** Whether a matrix is so small, and so little taller than wide, that to reduce it to its R first costs more. */
export function staysWhole(m: i32, n: i32): bool {
  return m < 2 * n && n <= WHOLE_COLUMNS;
}

/**
 * d and, n elements behind it, e of a bidiagonal form of W. A tall W that does not stay whole is reduced to its R
 * first. Returns how many columns it has: fewer than n where the others would change no value by more than `least`.
 */
function reduce(W: usize, ld: i32, m: i32, n: i32, d: usize, least: f64): i32 {
  const start = mark();
  if (3 * m > 5 * n && !staysWhole(m, n)) {
    qr(W, ld, m, n);
    clearBelow(W, ld, m, n);
    m = n;
  }
  if (n < TWO_STAGE_COLUMNS) {
    n = golubKahan(W, ld, m, n, d, null, least);
  } else {
    const B = createBand(n, n < WIDE_BAND_COLUMNS ? BAND_WIDTH : WIDE_BAND_WIDTH);
    reduceToBand(W, ld, m, n, B, least);
    chaseBulges(B, d, d + (<usize>n << 3));
    n = B.n;
  }
  release(start);
  return n;
}

/** The bidiagonal form of W, with all columns or, where `least` is not 0, those that matter. */
function form(W: usize, ld: i32, m: i32, n: i32, least: f64): Bidiagonal {
  const d = calloc(<u64>n << 4);
  return finish(reduce(W, ld, m, n, d, least), d, d + (<usize>n << 3));
}

/** The bidiagonal form of W, m x n column-major with m >= n, destroyed. The record stays above the caller's mark. */
export function bidiagonalForm(W: usize, ld: i32, m: i32, n: i32): Bidiagonal {
  return form(W, ld, m, n, 0);
}

/**
 * How many singular values are strictly greater than x: the positive pivots p of L D L^T = B^T B - x^2 I. A pivot that
 * is zero becomes -2^-53 d^2, as a change of d by half an ulp would make it, so that t / p never exceeds 2^54 and
 * nothing overflows.
 */
export function countAbove(B: Bidiagonal, x: f64): i32 {
  if (x < 0) return B.n;
  if (x >= B.bound) return 0;
  const s = x * B.scale * (x * B.scale);
  let t = -s;
  let count = 0;
  for (let o: usize = 0; o < <usize>B.n << 3; o += 8) {
    const q = load<f64>(B.d + o);
    let p = q + t;
    if (p > 0) count++;
    if (p == 0) p = -U * q - f64.MIN_NORMAL_VALUE;
    t = load<f64>(B.e + o) * (t / p) - s;
  }
  return count;
}

/** The singular values of indices from .. to - 1, descending from index 0, each to its place in `values`. */
export function valuesOf(B: Bidiagonal, from: i32, to: i32, values: usize): void {
  sturmValues(B.d, B.e, B.n, B.bound * B.scale, from, to, values);
  scaleColumn(values + (<usize>from << 3), 1 / B.scale, to - from); // a power of two
}

/** sigma_1, to some ulps. */
export function largestValue(B: Bidiagonal): f64 {
  const start = mark();
  const values = alloc(<u64>B.n << 3);
  valuesOf(B, 0, 1, values);
  release(start);
  return load<f64>(values);
}

/**
 * All singular values of W into values, descending. Where so many are zero but for rounding that a bidiagonal form ends
 * before its last column, they are zero.
 */
export function bidiagonalValues(W: usize, ld: i32, m: i32, n: i32, values: usize): void {
  const start = mark();
  memory.fill(values, 0, <usize>n << 3);
  const least = REST_SHARE * U * Math.sqrt(<f64>n * square(W, ld, 0, m, 0, n));
  const B = form(W, ld, m, n, least);
  valuesOf(B, 0, B.n, values);
  release(start);
}
