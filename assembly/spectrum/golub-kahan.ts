// A = U B V^T, B upper bidiagonal, one row and one column at a time.
//
// Householder reflectors from both sides (Golub & Kahan 1965); each step reads the trailing matrix twice: once to take
// in the previous step's rank-2 update and form A^T u, once for A v.
// W: m x n column-major, m >= n, destroyed. Cost: 4 m n^2 - 4/3 n^3 flops at memory speed.
import { alloc, calloc, mark, release } from '../base/arena';
import { TINY } from '../base/params';
import { hsum, madd } from '../base/simd';
import { dot, norm, scaleColumn } from '../blas/level1';
import { column, createColumns, leading } from '../matrix/columns';

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

/** x = A v, A of so many rows and columns; past the last, v and the columns are zero. */
function multiply(x: usize, A: usize, ld: i32, rows: i32, columns: i32, v: usize): void {
  const end = <usize>rows << 3;
  const step = <usize>ld << 3;
  memory.fill(x, 0, end);
  for (let j = 0; j < columns; j += 4) {
    const a = column(A, ld, j);
    const v0 = v128.load64_splat(v + (<usize>j << 3));
    const v1 = v128.load64_splat(v + (<usize>j << 3), 8);
    const v2 = v128.load64_splat(v + (<usize>j << 3), 16);
    const v3 = v128.load64_splat(v + (<usize>j << 3), 24);
    // One element past the end may be touched: a row of padding in W, scratch in x.
    for (let o: usize = 0; o < end; o += 16) {
      let s = madd(v0, v128.load(a + o), v128.load(x + o));
      s = madd(v1, v128.load(a + step + o), s);
      s = madd(v2, v128.load(a + 2 * step + o), s);
      v128.store(x + o, madd(v3, v128.load(a + 3 * step + o), s));
    }
  }
}

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

/** The diagonal d (n) and the superdiagonal e (n - 1) of B, signs and all. W is destroyed. */
export function golubKahan(
  W: usize, ld: i32, m: i32, n: i32, d: usize, e: usize, kept: Reflectors | null,
): void {
  const start = mark();
  let u = calloc(<u64>(m + 4) << 3);
  let uOld = calloc(<u64>(m + 4) << 3);
  const x = calloc(<u64>(m + 4) << 3);
  let y = calloc(<u64>(n + 4) << 3);
  let yOld = calloc(<u64>(n + 4) << 3);
  const v = calloc(<u64>(n + 4) << 3);
  const tau = alloc(8);
  for (let k = 0; k < n; k++) {
    const row = <usize>k << 3;
    const rows = m - k;
    const a = column(W, ld, k) + row;
    updateDot(a, uOld + row, load<f64>(yOld + row), x + row, load<f64>(v + row), u + row, rows);
    memory.copy(u + row, a, <usize>rows << 3);
    store<f64>(d + row, reflector(u + row, rows, tau));
    const left = load<f64>(tau);
    keep(kept, true, k, u + row, rows, left);
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
    store<f64>(e + row, reflector(v + tail, rest, tau));
    const right = load<f64>(tau);
    keep(kept, false, k, v + tail, rest, right);
    multiply(x + tail, column(W, ld, k + 1) + tail, ld, rows - 1, rest, v + tail);
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
  release(start);
}
