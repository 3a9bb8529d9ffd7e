// Householder QR of a panel.
//
// W is column-major (matrix/columns.ts). The panel's R overwrites its upper triangle, the reflectors
// v_j = (1, x) stand below the diagonal, H_j = I - tau_j v_j v_j^T.
// Cost: 2 m b^2 flops for b columns. Source: Golub & Van Loan 5.2; Businger & Golub 1965 for the pivots.
import { TINY } from '../base/params';
import { hsum, madd } from '../base/simd';
import { axpy, dot, norm, scaleColumn, swapColumns, swapIndices } from '../blas/level1';
import { column } from '../matrix/columns';

/** Largest remaining ||column||^2 and the sum of all of them, where panel() stopped. */
export let restMost: f64 = 0;
export let restTotal: f64 = 0;

/**
 * Factors columns c .. c + b of W from row r down, m rows in all: in the order given when perm is 0, else taking
 * the longest remaining column each time and swapping whole columns of W and entries of perm. Stops early when
 * every remaining column's squared norm times the `count` columns left is <= stop^2; never when stop < 0. squares and taus are scratch of b. Returns the
 * number of reflectors.
 */
export function panel(
  W: usize, ld: i32, m: i32, r: i32, c: i32, b: i32, perm: usize, taus: usize, squares: usize,
  stop: f64, count: i32,
): i32 {
  const limit = stop < 0 ? -1 : stop * stop;
  for (let j = 0; j < b; j++) {
    const p = column(W, ld, c + j) + (<usize>r << 3);
    store<f64>(squares + (<usize>j << 3), dot(p, p, m - r));
  }
  const last = min(b, m - r);
  let k = 0;
  for (; ; k++) {
    let most: f64 = -1;
    let best = k;
    let sum: f64 = 0;
    for (let j = k; j < b; j++) {
      const s = load<f64>(squares + (<usize>j << 3));
      sum += s;
      if (s > most) {
        most = s;
        best = j;
      }
    }
    restMost = max<f64>(most, 0);
    restTotal = sum;
    if (k >= last || (limit >= 0 && most * <f64>(count - k) <= limit)) return k;
    const pk = column(W, ld, c + k);
    if (perm && best != k) {
      swapColumns(pk, column(W, ld, c + best), ld);
      store<f64>(squares + (<usize>best << 3), load<f64>(squares + (<usize>k << 3)));
      swapIndices(perm, c + k, c + best);
    }
    const row = r + k;
    const v = pk + (<usize>row << 3);
    const length = m - row;
    const alpha = load<f64>(v);
    const size = norm(v, length);
    const beta = alpha > 0 ? -size : size;
    const tau = size < TINY ? 0 : (beta - alpha) / beta;
    store<f64>(taus + (<usize>k << 3), tau);
    if (size < TINY) {
      for (let j = k + 1; j < b; j++) {
        const x = column(W, ld, c + j) + (<usize>(row + 1) << 3);
        store<f64>(squares + (<usize>j << 3), dot(x, x, length - 1));
      }
      continue;
    }
    scaleColumn(v + 8, 1 / (alpha - beta), length - 1);
    store<f64>(v, beta);
    for (let j = k + 1; j < b; j++) {
      const x = column(W, ld, c + j) + (<usize>row << 3);
      const x0 = load<f64>(x);
      const w = tau * (x0 + dot(v + 8, x + 8, length - 1));
      store<f64>(x, x0 - w);
      store<f64>(squares + (<usize>j << 3), axpy(x + 8, v + 8, -w, length - 1));
    }
  }
  return k;
}

/**
 * Four columns from c on, `step` bytes apart, made (I - h v v^T) C over bytes from .. end, v being zero above its first row k; from
 * is k rounded down to a pair of rows, odd tells whether k was odd. Their squared norms below row k go to `squares`. For
 * columns of a few dozen rows.
 */
// @ts-ignore: decorator
@inline
export function reflect4(
  c: usize, step: usize, v: usize, from: usize, end: usize, h: f64, odd: bool, squares: usize,
): void {
  const c1 = c + step;
  const c2 = c1 + step;
  const c3 = c2 + step;
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let o = from; o < end; o += 16) {
    const x = v128.load(v + o);
    s0 = madd(x, v128.load(c + o), s0);
    s1 = madd(x, v128.load(c1 + o), s1);
    s2 = madd(x, v128.load(c2 + o), s2);
    s3 = madd(x, v128.load(c3 + o), s3);
  }
  const w0 = f64x2.splat(-hsum(s0) * h);
  const w1 = f64x2.splat(-hsum(s1) * h);
  const w2 = f64x2.splat(-hsum(s2) * h);
  const w3 = f64x2.splat(-hsum(s3) * h);
  // Of the first pair of rows only an even row's successor lies below row k.
  const below = odd ? f64x2.splat(0) : f64x2.replace_lane(f64x2.splat(0), 1, 1);
  s0 = first(c + from, v + from, w0, below);
  s1 = first(c1 + from, v + from, w1, below);
  s2 = first(c2 + from, v + from, w2, below);
  s3 = first(c3 + from, v + from, w3, below);
  for (let o = from + 16; o < end; o += 16) {
    const x = v128.load(v + o);
    let y = madd(w0, x, v128.load(c + o));
    v128.store(c + o, y);
    s0 = madd(y, y, s0);
    y = madd(w1, x, v128.load(c1 + o));
    v128.store(c1 + o, y);
    s1 = madd(y, y, s1);
    y = madd(w2, x, v128.load(c2 + o));
    v128.store(c2 + o, y);
    s2 = madd(y, y, s2);
    y = madd(w3, x, v128.load(c3 + o));
    v128.store(c3 + o, y);
    s3 = madd(y, y, s3);
  }
  store<f64>(squares, hsum(s0));
  store<f64>(squares, hsum(s1), 8);
  store<f64>(squares, hsum(s2), 16);
  store<f64>(squares, hsum(s3), 24);
}

// @ts-ignore: decorator
@inline
function first(c: usize, v: usize, w: v128, below: v128): v128 {
  const x = madd(w, v128.load(v), v128.load(c));
  v128.store(c, x);
  return f64x2.mul(f64x2.mul(x, x), below);
}
