// Singular values by bidiagonalisation: the fast way, where Jacobi would be no more accurate.
//
// Householder reflectors from both sides make A = U B V^T, B upper bidiagonal (Golub & Kahan 1965); each step reads
// the trailing matrix twice: once to take in the previous step's rank-2 update and form A^T u, once for A v. The singular
// values of B come by bisection on the count of those below x, read from the stationary qds transform (Fernando & Parlett
// 1994; Demmel 1997, section 5.3), eight at a time: no iteration that could fail to converge.
// W: m x n column-major, m >= n, destroyed. Cost: 4 m n^2 - 4/3 n^3 flops at memory speed, and 60 n^2 divisions.
import { alloc, calloc, mark, release } from '../base/arena';
import { column, dot, norm, scaleColumn } from '../matrix/columns';
import { TINY } from '../base/params';
import { hsum, madd } from '../base/simd';

/** a -= y u + v x, and a^T w of the new a, in one pass; up to 3 rows past the last are touched: zeros, and kept so. */
function updateDot(a: usize, u: usize, y: f64, x: usize, v: f64, w: usize, rows: i32): f64 {
  const yy = f64x2.splat(-y);
  const vv = f64x2.splat(-v);
  let s = f64x2.splat(0);
  let t = s;
  for (let o: usize = 0; o < <usize>rows << 3; o += 32) {
    const p = madd(vv, v128.load(x + o), madd(yy, v128.load(u + o), v128.load(a + o)));
    const q = madd(vv, v128.load(x + o, 16), madd(yy, v128.load(u + o, 16), v128.load(a + o, 16)));
    v128.store(a + o, p);
    v128.store(a + o, q, 16);
    s = madd(p, v128.load(w + o), s);
    t = madd(q, v128.load(w + o, 16), t);
  }
  return hsum(f64x2.add(s, t));
}

/** x = sum of v_j a_j over columns c .. n, rows r .. m (x is addressed by row). Past n, v and the columns are zero. */
function combine(x: usize, W: usize, ld: i32, r: i32, m: i32, c: i32, n: i32, v: usize): void {
  const from = <usize>r << 3;
  const end = <usize>m << 3;
  const step = <usize>ld << 3;
  memory.fill(x + from, 0, end - from);
  for (let j = c; j < n; j += 4) {
    const a = column(W, ld, j);
    const v0 = v128.load64_splat(v + (<usize>j << 3));
    const v1 = v128.load64_splat(v + (<usize>j << 3), 8);
    const v2 = v128.load64_splat(v + (<usize>j << 3), 16);
    const v3 = v128.load64_splat(v + (<usize>j << 3), 24);
    // One element past the end may be touched: a row of padding in W, scratch in x.
    for (let o = from; o < end; o += 16) {
      let s = madd(v0, v128.load(a + o), v128.load(x + o));
      s = madd(v1, v128.load(a + step + o), s);
      s = madd(v2, v128.load(a + 2 * step + o), s);
      v128.store(x + o, madd(v3, v128.load(a + 3 * step + o), s));
    }
  }
}

/** Makes x, n long, the Householder vector (1, ...) of itself. Returns beta; tau is left in `tau`. */
let tau: f64 = 0;
function reflector(x: usize, n: i32): f64 {
  const size = norm(x, n);
  tau = 0;
  if (size < TINY || n == 1) {
    // What is too small to invert is left out: it is nothing beside the rest of a scaled matrix.
    const beta = load<f64>(x);
    store<f64>(x, 1);
    return beta;
  }
  const alpha = load<f64>(x);
  const beta = alpha > 0 ? -size : size;
  tau = (beta - alpha) / beta;
  scaleColumn(x + 8, 1 / (alpha - beta), n - 1);
  store<f64>(x, 1);
  return beta;
}

/** The diagonal d and superdiagonal e of B. */
function bidiagonalize(W: usize, ld: i32, m: i32, n: i32, d: usize, e: usize): void {
  let u = calloc(<u64>(m + 4) << 3);
  let uOld = calloc(<u64>(m + 4) << 3);
  const x = calloc(<u64>(m + 4) << 3);
  let y = calloc(<u64>(n + 4) << 3);
  let yOld = calloc(<u64>(n + 4) << 3);
  const v = calloc(<u64>(n + 4) << 3);
  for (let k = 0; k < n; k++) {
    const row = <usize>k << 3;
    const rows = m - k;
    const a = column(W, ld, k) + row;
    updateDot(a, uOld + row, load<f64>(yOld + row), x + row, load<f64>(v + row), u + row, rows);
    memory.copy(u + row, a, <usize>rows << 3);
    store<f64>(d + row, reflector(u + row, rows));
    const left = tau;
    const rest = n - k - 1;
    if (rest == 0) break;
    // y = tau A^T u; the new row k goes to v's place once v's old values have been used.
    for (let j = k + 1; j < n; j++) {
      const o = <usize>j << 3;
      const c = column(W, ld, j) + row;
      const s = left * updateDot(c, uOld + row, load<f64>(yOld + o), x + row, load<f64>(v + o), u + row, rows);
      store<f64>(y + o, s);
      store<f64>(v + o, load<f64>(c) - s);
    }
    const tail = row + 8;
    store<f64>(e + row, reflector(v + tail, rest));
    const right = tau;
    combine(x, W, ld, k + 1, m, k + 1, n, v);
    // x = tau (A - u y^T) v
    const yv = dot(y + tail, v + tail, rest);
    for (let i = k + 1; i < m; i++) {
      const o = <usize>i << 3;
      store<f64>(x + o, right * (load<f64>(x + o) - yv * load<f64>(u + o)));
    }
    let t = uOld;
    uOld = u;
    u = t;
    t = yOld;
    yOld = y;
    y = t;
  }
}

/** For each of 8 points s (squared), how many squared singular values of B lie below it, as doubles. */
function countBelow(counts: usize, points: usize, q: usize, e: usize, n: i32): void {
  const one = f64x2.splat(1);
  const tiny = f64x2.splat(-f64.MIN_NORMAL_VALUE);
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
  for (let o: usize = 0; o < <usize>n << 3; o += 8) {
    const d = v128.load64_splat(q + o);
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

// B, squared, as countBelow() wants it.
let q: usize = 0;
let f: usize = 0;
let size: i32 = 0;
/** An upper bound of sigma_1(B). */
let most: f64 = 0;
let points: usize = 0;
let counts: usize = 0;

/** Bidiagonalises W; scratch stays above the caller's mark. */
function reduceToBidiagonal(W: usize, ld: i32, m: i32, n: i32): void {
  size = n;
  q = calloc(<u64>n << 3);
  f = calloc(<u64>n << 3);
  points = alloc(64);
  counts = alloc(64);
  const start = mark();
  bidiagonalize(W, ld, m, n, q, f);
  release(start);
  // Gershgorin for the Golub-Kahan form: sigma_1 <= max(|d_i| + |e_i|, |d_i| + |e_{i-1}|).
  most = 0;
  let before: f64 = 0;
  for (let o: usize = 0; o < <usize>n << 3; o += 8) {
    const x = abs(load<f64>(q + o));
    const next = abs(load<f64>(f + o));
    most = max<f64>(most, x + max<f64>(next, before));
    before = next;
    store<f64>(q + o, x * x);
    store<f64>(f + o, next * next);
  }
  most *= 1 + 4 * f64.EPSILON;
}

/** All singular values of W into values, descending. */
export function bidiagonalValues(W: usize, ld: i32, m: i32, n: i32, values: usize): void {
  const start = mark();
  reduceToBidiagonal(W, ld, m, n);
  const low = alloc(64);
  const high = alloc(64);
  for (let first = 0; first < n; first += 8) {
    for (let c: usize = 0; c < 64; c += 8) {
      store<f64>(low + c, 0);
      store<f64>(high + c, most);
    }
    for (let it = 0; it < 55; it++) {
      for (let c: usize = 0; c < 64; c += 8) {
        const x = 0.5 * (load<f64>(low + c) + load<f64>(high + c));
        store<f64>(points + c, x * x);
      }
      countBelow(counts, points, q, f, n);
      for (let c = 0; c < 8; c++) {
        const o = <usize>c << 3;
        const x = 0.5 * (load<f64>(low + o) + load<f64>(high + o));
        // The value of index first + c from above has n - 1 - first - c values below it.
        if (load<f64>(counts + o) <= <f64>(n - 1 - first - c)) store<f64>(low + o, x);
        else store<f64>(high + o, x);
      }
    }
    for (let c = 0; c < min(8, n - first); c++) {
      const o = <usize>c << 3;
      store<f64>(values + (<usize>(first + c) << 3), 0.5 * (load<f64>(low + o) + load<f64>(high + o)));
    }
  }
  release(start);
}
