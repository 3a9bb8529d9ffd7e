// A micro-panel [k][4] times a vector, from either side; columns times a vector.
import { madd } from '../base/simd';

/** out[4] = sum over k of panel[k] v[k]. */
export function combine(out: usize, panel: usize, v: usize, k: i32): void {
  let x = f64x2.splat(0);
  let y = x;
  for (const end = v + (<usize>k << 3); v < end; v += 8, panel += 32) {
    const s = v128.load64_splat(v);
    x = madd(v128.load(panel), s, x);
    y = madd(v128.load(panel, 16), s, y);
  }
  v128.store(out, x);
  v128.store(out, y, 16);
}

/** The same, and y[k] -= panel[k] four, for an even k: the panel is read once. */
export function spreadCombine(y: usize, panel: usize, four: usize, out: usize, v: usize, k: i32): void {
  const a = v128.load(four);
  const b = v128.load(four, 16);
  let x = f64x2.splat(0);
  let z = x;
  for (const end = y + (<usize>k << 3); y < end; y += 16, v += 16, panel += 64) {
    const p0 = v128.load(panel);
    const q0 = v128.load(panel, 16);
    const p1 = v128.load(panel, 32);
    const q1 = v128.load(panel, 48);
    let s = v128.load64_splat(v);
    x = madd(p0, s, x);
    z = madd(q0, s, z);
    s = v128.load64_splat(v, 8);
    x = madd(p1, s, x);
    z = madd(q1, s, z);
    const p = madd(p0, a, f64x2.mul(q0, b));
    const q = madd(p1, a, f64x2.mul(q1, b));
    const sum = f64x2.add(v128.shuffle<f64>(p, q, 0, 2), v128.shuffle<f64>(p, q, 1, 3));
    v128.store(y, f64x2.sub(v128.load(y), sum));
  }
  v128.store(out, x);
  v128.store(out, z, 16);
}

/** X -= P T, row by row: X and P are micro-panels of so many rows, which may be the same, T is a tile of four rows. */
export function subtract(X: usize, P: usize, T: usize, rows: i32): void {
  const a0 = v128.load(T);
  const b0 = v128.load(T, 16);
  const a1 = v128.load(T, 32);
  const b1 = v128.load(T, 48);
  const a2 = v128.load(T, 64);
  const b2 = v128.load(T, 80);
  const a3 = v128.load(T, 96);
  const b3 = v128.load(T, 112);
  for (const end = X + (<usize>rows << 5); X < end; X += 32, P += 32) {
    let s = v128.load64_splat(P);
    let x = f64x2.mul(a0, s);
    let y = f64x2.mul(b0, s);
    s = v128.load64_splat(P, 8);
    x = madd(a1, s, x);
    y = madd(b1, s, y);
    s = v128.load64_splat(P, 16);
    x = madd(a2, s, x);
    y = madd(b2, s, y);
    s = v128.load64_splat(P, 24);
    x = madd(a3, s, x);
    y = madd(b3, s, y);
    v128.store(X, f64x2.sub(v128.load(X), x));
    v128.store(X, f64x2.sub(v128.load(X, 16), y), 16);
  }
}

/** x += A v, four columns, `step` bytes apart, at a time; past the last, v and the columns are zero. */
export function multiply(x: usize, a: usize, step: usize, bytes: usize, columns: i32, v: usize): void {
  for (const last = v + (<usize>columns << 3); v < last; v += 32) {
    const v0 = v128.load64_splat(v);
    const v1 = v128.load64_splat(v, 8);
    const v2 = v128.load64_splat(v, 16);
    const v3 = v128.load64_splat(v, 24);
    const b = a + step;
    const c = b + step;
    const d = c + step;
    let o: usize = 0;
    // Unrolled: half of the addresses.
    for (; o + 64 <= bytes; o += 64) {
      let s0 = madd(v0, v128.load(a + o), v128.load(x + o));
      let s1 = madd(v0, v128.load(a + o, 16), v128.load(x + o, 16));
      let s2 = madd(v0, v128.load(a + o, 32), v128.load(x + o, 32));
      let s3 = madd(v0, v128.load(a + o, 48), v128.load(x + o, 48));
      s0 = madd(v1, v128.load(b + o), s0);
      s1 = madd(v1, v128.load(b + o, 16), s1);
      s2 = madd(v1, v128.load(b + o, 32), s2);
      s3 = madd(v1, v128.load(b + o, 48), s3);
      s0 = madd(v2, v128.load(c + o), s0);
      s1 = madd(v2, v128.load(c + o, 16), s1);
      s2 = madd(v2, v128.load(c + o, 32), s2);
      s3 = madd(v2, v128.load(c + o, 48), s3);
      v128.store(x + o, madd(v3, v128.load(d + o), s0));
      v128.store(x + o, madd(v3, v128.load(d + o, 16), s1), 16);
      v128.store(x + o, madd(v3, v128.load(d + o, 32), s2), 32);
      v128.store(x + o, madd(v3, v128.load(d + o, 48), s3), 48);
    }
    // One element past the end may be touched: a row of padding in W, scratch in x.
    for (; o < bytes; o += 16) {
      let s = madd(v0, v128.load(a + o), v128.load(x + o));
      s = madd(v1, v128.load(b + o), s);
      s = madd(v2, v128.load(c + o), s);
      v128.store(x + o, madd(v3, v128.load(d + o), s));
    }
    a = d + step;
  }
}
