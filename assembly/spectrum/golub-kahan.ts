// A = U B V^T, B upper bidiagonal, one row and one column at a time.
//
// Householder reflectors from both sides (Golub & Kahan 1965). Each step passes over the trailing matrix once: four
// columns, while they are in the L1 cache, take in the previous step's rank-2 update, give their part of A^T u and with
// it their elements z of the new row, and add those times themselves to A z. The reflector v is z but for its first
// element and a factor, both known at the end, so that A v follows from A z (as in Howell et al. 2008, one pass more).
// W: m x n column-major, m >= n, destroyed. Cost: 4 m n^2 - 4/3 n^3 flops.
import { alloc, calloc, mark, release } from '../base/arena';
import { REST_LOOKS, SMALL_ROW, TINY } from '../base/params';
import { hsum, madd } from '../base/simd';
import { multiply } from '../blas/gemv';
import { axpy, dot, norm, scaleColumn } from '../blas/level1';
import { column, createColumns, leading } from '../matrix/columns';

/** Makes x, n long, the Householder vector (1, ...) of itself. Returns beta; tau goes to an address. */
export function reflector(x: usize, n: i32, tau: usize): f64 {
  const size = norm(x, n);
  store<f64>(tau, 0);
  if (size < TINY || n == 1) {
    // What is too small to invert is left out: it is nothing beside the rest of a scaled matrix.
    const beta = load<f64>(x);
    store<f64>(x, 1);
    return beta;
  }
  const alpha = load<f64>(x);
  const beta = alpha > 0 ? -size : size;
  store<f64>(tau, (beta - alpha) / beta);
  scaleColumn(x + 8, 1 / (alpha - beta), n - 1);
  store<f64>(x, 1);
  return beta;
}

/**
 * The reflectors of U or V, where they are asked for: that of step k in column k of A, from row k down, or for V from
 * row k + 1.
 */
@unmanaged
export class Reflectors {
  left: bool;
  A: usize;
  ld: i32;
  taus: usize;
}

/** Of U they stand in W itself. */
export function createReflectors(W: usize, ld: i32, n: i32, left: bool): Reflectors {
  const q = changetype<Reflectors>(alloc(offsetof<Reflectors>()));
  q.left = left;
  q.A = left ? W : createColumns(n, n);
  q.ld = left ? ld : leading(n);
  q.taus = calloc(<u64>n << 3);
  return q;
}

/** Keeps the reflector of step k, `length` long. */
function keep(q: Reflectors | null, left: bool, k: i32, v: usize, length: i32, tau: f64): void {
  if (q === null || q.left != left) return;
  store<f64>(q.taus + (<usize>k << 3), tau);
  memory.copy(column(q.A, q.ld, k) + (<usize>(left ? k : k + 1) << 3), v, <usize>length << 3);
}

/** The vectors of a step and of the one before, whose update A - u y^T - x v^T the matrix has not yet taken in. */
@unmanaged
class Vectors {
  u: usize;
  uOld: usize;
  x: usize;
  xOld: usize;
  y: usize;
  yOld: usize;
  v: usize;
  /** Bytes of the rows that are left, the first of them even: the one before row k is done with, and left out. */
  from: usize;
  to: usize;
  /** The next step at which to look at what is left. */
  look: i32;

  next(): void {
    let old = this.uOld;
    this.uOld = this.u;
    this.u = old;
    old = this.xOld;
    this.xOld = this.x;
    this.x = old;
    old = this.yOld;
    this.yOld = this.y;
    this.y = old;
  }
}

function createVectors(m: i32, n: i32): Vectors {
  const p = changetype<Vectors>(alloc(offsetof<Vectors>()));
  p.u = calloc(<u64>(m + 4) << 3);
  p.uOld = calloc(<u64>(m + 4) << 3);
  p.x = calloc(<u64>(m + 4) << 3);
  p.xOld = calloc(<u64>(m + 4) << 3);
  p.y = calloc(<u64>(n + 4) << 3);
  p.yOld = calloc(<u64>(n + 4) << 3);
  p.v = calloc(<u64>(n + 4) << 3);
  p.look = 1;
  return p;
}

/**
 * Columns j and j + 1 of the matrix, `a` and `step` bytes behind it: what the step before left, and their products with
 * the new u to p.y. Up to 3 rows past the last are touched: zeros, and kept so.
 */
function updatePair(p: Vectors, j: i32, a: usize, step: usize): void {
  const o = <usize>j << 3;
  const y0 = f64x2.neg(v128.load64_splat(p.yOld + o));
  const y1 = f64x2.neg(v128.load64_splat(p.yOld + o, 8));
  const v0 = f64x2.neg(v128.load64_splat(p.v + o));
  const v1 = f64x2.neg(v128.load64_splat(p.v + o, 8));
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let t0 = s0;
  let t1 = s0;
  let u = p.uOld + p.from;
  let x = p.xOld + p.from;
  let w = p.u + p.from;
  const end = p.u + p.to;
  while (w < end) {
    const b = a + step;
    let f = v128.load(u);
    let g = v128.load(x);
    let r = v128.load(w);
    let z = madd(v0, g, madd(y0, f, v128.load(a)));
    v128.store(a, z);
    s0 = madd(z, r, s0);
    z = madd(v1, g, madd(y1, f, v128.load(b)));
    v128.store(b, z);
    s1 = madd(z, r, s1);
    f = v128.load(u, 16);
    g = v128.load(x, 16);
    r = v128.load(w, 16);
    z = madd(v0, g, madd(y0, f, v128.load(a, 16)));
    v128.store(a, z, 16);
    t0 = madd(z, r, t0);
    z = madd(v1, g, madd(y1, f, v128.load(b, 16)));
    v128.store(b, z, 16);
    t1 = madd(z, r, t1);
    a += 32;
    u += 32;
    x += 32;
    w += 32;
  }
  store<f64>(p.y + o, hsum(f64x2.add(s0, t0)));
  store<f64>(p.y + o, hsum(f64x2.add(s1, t1)), 8);
}

/**
 * Columns k + 1 .. n of the matrix, four at a time, with the update that was left: y = tau A^T u, the new row k = z in
 * v's place, whose old values have been used, and x = A z.
 */
function pass(p: Vectors, W: usize, ld: i32, k: i32, n: i32, tau: f64): void {
  const step = <usize>ld << 3;
  const row = <usize>k << 3;
  const x = p.x + p.from;
  const bytes = p.to - p.from;
  memory.fill(x, 0, bytes);
  for (let j = k + 1; j < n; j += 4) {
    const y = p.y + (<usize>j << 3);
    const v = p.v + (<usize>j << 3);
    const c = column(W, ld, j);
    updatePair(p, j, c + p.from, step);
    updatePair(p, j + 2, c + 2 * step + p.from, step);
    let z = c + row;
    for (let o: usize = 0; o < 32; o += 8, z += step) {
      const s = tau * load<f64>(y + o);
      store<f64>(y + o, s);
      store<f64>(v + o, load<f64>(z) - s);
    }
    multiply(x, c + p.from, step, bytes, 4, v);
  }
}

/** The Frobenius norm of columns k .. n and of as many rows, with the update that was left. */
function restNorm(p: Vectors, W: usize, ld: i32, k: i32, n: i32): f64 {
  const row = <usize>k << 3;
  const x = p.u + row;
  const bytes = p.to - row;
  const count = <i32>(bytes >> 3);
  let sum: f64 = 0;
  for (let j = k; j < n; j++) {
    const o = <usize>j << 3;
    memory.copy(x, column(W, ld, j) + row, bytes);
    axpy(x, p.uOld + row, -load<f64>(p.yOld + o), count);
    axpy(x, p.xOld + row, -load<f64>(p.v + o), count);
    sum += dot(x, x, count);
  }
  return Math.sqrt(sum);
}

/** Whether B may end before column k, which the last element of its superdiagonal is then cut off from. */
function endsBefore(p: Vectors, W: usize, ld: i32, k: i32, n: i32, d: usize, least: f64): bool {
  const last = d + (<usize>(k - 1) << 3);
  const beside = last + (<usize>n << 3);
  if (k < p.look || max<f64>(abs(load<f64>(last)), abs(load<f64>(beside))) > least) return false;
  const size = restNorm(p, W, ld, k, n);
  p.look = k + 1 + ((n - k) >> REST_LOOKS);
  // Diagonal matrices keep their values as they are.
  if (size > least || (size > 0 && load<f64>(beside) == 0)) return false;
  store<f64>(beside, 0);
  return true;
}

/**
 * The diagonal of B, n elements, and behind it the superdiagonal, zeros so far, signs and all. W is destroyed. Returns
 * how many columns B has: fewer than n where the others would change no value by more than `least`.
 */
export function golubKahan(
  W: usize, ld: i32, m: i32, n: i32, d: usize, kept: Reflectors | null, least: f64,
): i32 {
  const start = mark();
  const p = createVectors(m, n);
  const v = p.v;
  const e = d + (<usize>n << 3);
  const tau = alloc(8);
  p.to = <usize>m << 3;
  let columns = 0;
  while (columns < n && !endsBefore(p, W, ld, columns, n, d, least)) {
    const k = columns++;
    const row = <usize>k << 3;
    const even = row & ~15;
    p.from = even;
    const bytes = p.to - even;
    const u = p.u;
    let c = column(W, ld, k) + row;
    axpy(c, p.uOld + row, -load<f64>(p.yOld + row), m - k);
    axpy(c, p.xOld + row, -load<f64>(v + row), m - k);
    if (even < row) store<f64>(u + even, 0);
    memory.copy(u + row, c, p.to - row);
    store<f64>(d + row, reflector(u + row, m - k, tau));
    const left = load<f64>(tau);
    keep(kept, true, k, u + row, m - k, left);
    const rest = n - k - 1;
    if (rest == 0) break;
    pass(p, W, ld, k, n, left);
    // x = tau (A - u y^T) v, where z is alpha - beta times v and beta more in its first place.
    const x = p.x + even;
    const tail = row + 8;
    c = column(W, ld, k + 1) + even;
    let shift = load<f64>(v + tail);
    const beta = reflector(v + tail, rest, tau);
    store<f64>(e + row, beta);
    const right = load<f64>(tau);
    keep(kept, false, k, v + tail, rest, right);
    let scale = right / (shift - beta);
    shift = -scale * beta;
    if (right == 0 || abs(beta) < SMALL_ROW) {
      // Underflow may have taken digits of A z, or there is no reflector.
      memory.fill(x, 0, bytes);
      multiply(x, c, <usize>ld << 3, bytes, rest, v + tail);
      scale = right;
      shift = 0;
    }
    const yv = f64x2.splat(-right * dot(p.y + tail, v + tail, rest));
    const ss = f64x2.splat(scale);
    const tt = f64x2.splat(shift);
    for (let o: usize = 0; o < bytes; o += 16) {
      const au = madd(tt, v128.load(c + o), f64x2.mul(yv, v128.load(u + even + o)));
      v128.store(x + o, madd(ss, v128.load(x + o), au));
    }
    store<f64>(p.x + row, 0);
    p.next();
  }
  release(start);
  return columns;
}
