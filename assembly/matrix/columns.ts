// Column-major float64 matrices: the layout of every QR and Jacobi routine, and their BLAS-1 loops.
//
// A matrix of m x n lives at W with `ld` elements a column, ld = leading(m): room for the rows that whole
// tiles touch past the last one (kept zero), and an odd number of cache lines, so that the columns of a
// panel do not all fall into the same cache set. Three zero columns follow the last for the same reason.
import { calloc } from '../base/arena';
import { hsum, madd } from '../base/simd';
import * as source from './source';

export function leading(m: i32): i32 {
  return (((m + 4 + 7) >> 3) | 1) << 3;
}

export function createColumns(m: i32, n: i32): usize {
  return calloc((<u64>leading(m) * <u64>(n + 4)) << 3);
}

// @ts-ignore: decorator
@inline
export function column(W: usize, ld: i32, j: i32): usize {
  return W + ((<usize>j * <usize>ld) << 3);
}

/** Copies `count` rows of the current panel or selection to rows row .. row + count of W. */
export function read(W: usize, ld: i32, row: i32, ro: usize, count: i32, co: usize, n: i32): void {
  const s = source.scale;
  const base = source.at;
  // 8 rows at a time: whichever way A is stored, the lines touched stay in the L1 cache.
  for (let i0 = 0; i0 < count; i0 += 8) {
    const i1 = min(count, i0 + 8);
    for (let j = 0; j < n; j++) {
      const from = base + <usize>load<u32>(co + (<usize>j << 2));
      const to = column(W, ld, j) + (<usize>row << 3);
      for (let i = i0; i < i1; i++) {
        const p = from + <usize>load<u32>(ro + (<usize>i << 2));
        store<f64>(to + (<usize>i << 3), (source.single ? <f64>load<f32>(p) : load<f64>(p)) * s);
      }
    }
  }
}

/** All of A as columns. */
export function readAll(W: usize, ld: i32): void {
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    read(W, ld, first, source.rows, count, source.columns, source.n);
  }
}

/** A^T by columns. */
export function readTransposed(): usize {
  const ld = leading(source.n);
  const W = createColumns(source.n, source.m);
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    read(column(W, ld, first), ld, 0, source.columns, source.n, source.rows, count);
  }
  return W;
}

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
  if (sum >= 1e-280 && sum <= 1e280) return Math.sqrt(sum);
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

/** Plane rotation of two columns: (a, b) <- (c a - s b, s a + c b). */
export function rotate(a: usize, b: usize, c: f64, s: f64, n: i32): void {
  const cc = f64x2.splat(c);
  const ss = f64x2.splat(s);
  const rr = f64x2.splat(-s);
  for (let i = 0; i < n; i += 2) {
    const x = v128.load(a);
    const y = v128.load(b);
    v128.store(a, madd(rr, y, f64x2.mul(cc, x)));
    v128.store(b, madd(ss, x, f64x2.mul(cc, y)));
    a += 16;
    b += 16;
  }
}

/** Exchanges two entries of a permutation. */
export function swapIndices(perm: usize, i: i32, j: i32): void {
  const p = perm + (<usize>i << 2);
  const q = perm + (<usize>j << 2);
  const t = load<i32>(p);
  store<i32>(p, load<i32>(q));
  store<i32>(q, t);
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
