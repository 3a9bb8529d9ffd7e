// Vectors: products, norms, sums, rotations and exchanges,
// of columns as matrix/columns.ts lays them out. Cost: one pass each.
import { NORM_SAFE_MAX, NORM_SAFE_MIN } from '../base/params';
import { hsum, madd } from '../base/simd';
import { column } from '../matrix/columns';

/** a^T b. Four accumulators: two would wait for each other's additions. */
export function dot(a: usize, b: usize, n: i32): f64 {
  let x = f64x2.splat(0);
  let y = x;
  let z = x;
  let w = x;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    x = madd(v128.load(a), v128.load(b), x);
    y = madd(v128.load(a, 16), v128.load(b, 16), y);
    z = madd(v128.load(a, 32), v128.load(b, 32), z);
    w = madd(v128.load(a, 48), v128.load(b, 48), w);
    a += 64;
    b += 64;
  }
  let sum = hsum(f64x2.add(f64x2.add(x, y), f64x2.add(z, w)));
  for (; i < n; i++) {
    sum += load<f64>(a) * load<f64>(b);
    a += 8;
    b += 8;
  }
  return sum;
}

/** b += s a; returns the new b^T b. */
export function axpy(b: usize, a: usize, s: f64, n: i32): f64 {
  const ss = f64x2.splat(s);
  let x = f64x2.splat(0);
  let y = x;
  let z = x;
  let w = x;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    let p = madd(v128.load(a), ss, v128.load(b));
    let q = madd(v128.load(a, 16), ss, v128.load(b, 16));
    v128.store(b, p);
    v128.store(b, q, 16);
    x = madd(p, p, x);
    y = madd(q, q, y);
    p = madd(v128.load(a, 32), ss, v128.load(b, 32));
    q = madd(v128.load(a, 48), ss, v128.load(b, 48));
    v128.store(b, p, 32);
    v128.store(b, q, 48);
    z = madd(p, p, z);
    w = madd(q, q, w);
    a += 64;
    b += 64;
  }
  let sum = hsum(f64x2.add(f64x2.add(x, y), f64x2.add(z, w)));
  for (; i < n; i++) {
    const p = load<f64>(b) + s * load<f64>(a);
    store<f64>(b, p);
    sum += p * p;
    a += 8;
    b += 8;
  }
  return sum;
}

/** Euclidean norm, safe for elements too small or too large to square. */
export function norm(a: usize, n: i32): f64 {
  const sum = dot(a, a, n);
  if (sum >= NORM_SAFE_MIN && sum <= NORM_SAFE_MAX) return Math.sqrt(sum);
  let most: f64 = 0;
  for (let i = 0; i < n; i++) most = max(most, abs(load<f64>(a + (<usize>i << 3))));
  if (most == 0 || !(most <= f64.MAX_VALUE)) return most;
  let s: f64 = 0;
  for (let i = 0; i < n; i++) {
    const x = load<f64>(a + (<usize>i << 3)) / most;
    s += x * x;
  }
  return most * Math.sqrt(s);
}

export function scaleColumn(a: usize, s: f64, n: i32): void {
  for (let i = 0; i < n; i++) {
    store<f64>(a, load<f64>(a) * s);
    a += 8;
  }
}

/** Exchanges the first n elements of two columns. */
export function swapColumns(a: usize, b: usize, n: i32): void {
  for (let i = 0; i < n; i += 2) {
    const x = v128.load(a);
    v128.store(a, v128.load(b));
    v128.store(b, x);
    a += 16;
    b += 16;
  }
}

/** ||W(r0:m, c0:n)||_F^2 */
export function square(W: usize, ld: i32, r0: i32, m: i32, c0: i32, n: i32): f64 {
  let sum: f64 = 0;
  for (let j = c0; j < n; j++) {
    const a = column(W, ld, j) + (<usize>r0 << 3);
    sum += dot(a, a, m - r0);
  }
  return sum;
}

/**
 * Plane rotation of two columns: (a, b) <- (c a - s b, s a + c b). Returns a third's product with the new a. The row
 * past an odd number of them takes part.
 */
export function rotate(a: usize, b: usize, c: f64, s: f64, third: usize, n: i32): f64 {
  const cc = f64x2.splat(c);
  const ss = f64x2.splat(s);
  const rr = f64x2.splat(-s);
  const end = a + (<usize>(n + 1 & ~1) << 3);
  let p = f64x2.splat(0);
  let q = p;
  for (; a + 32 <= end; a += 32, b += 32, third += 32) {
    let x = v128.load(a);
    let y = v128.load(b);
    let z = madd(rr, y, f64x2.mul(cc, x));
    v128.store(a, z);
    v128.store(b, madd(ss, x, f64x2.mul(cc, y)));
    p = madd(z, v128.load(third), p);
    x = v128.load(a, 16);
    y = v128.load(b, 16);
    z = madd(rr, y, f64x2.mul(cc, x));
    v128.store(a, z, 16);
    v128.store(b, madd(ss, x, f64x2.mul(cc, y)), 16);
    q = madd(z, v128.load(third, 16), q);
  }
  if (a < end) {
    const x = v128.load(a);
    const y = v128.load(b);
    const z = madd(rr, y, f64x2.mul(cc, x));
    v128.store(a, z);
    v128.store(b, madd(ss, x, f64x2.mul(cc, y)));
    p = madd(z, v128.load(third), p);
  }
  return hsum(f64x2.add(p, q));
}

/** Exchanges two rows of a column panel. */
export function swapRows(x: usize, y: usize): void {
  const a = v128.load(x);
  const b = v128.load(x, 16);
  v128.store(x, v128.load(y));
  v128.store(x, v128.load(y, 16), 16);
  v128.store(y, a);
  v128.store(y, b, 16);
}

/** Exchanges two entries of a permutation. */
export function swapIndices(perm: usize, i: i32, j: i32): void {
  const p = perm + (<usize>i << 2);
  const q = perm + (<usize>j << 2);
  const t = load<i32>(p);
  store<i32>(p, load<i32>(q));
  store<i32>(q, t);
}
