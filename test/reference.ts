// The independent oracle: singular values to about 30 digits, slowly. One-sided Jacobi on unevaluated sums of two
// doubles (double-double arithmetic: Dekker 1971, Knuth's TwoSum), with no preconditioning,
// no early end and no code of the library.
// Cost: about 0.3 s at n = 60.
import type { Matrix } from './numbers.js';

/** A vector of double-doubles: value i is hi[i] + lo[i]. */
interface Vector {
  hi: Float64Array;
  lo: Float64Array;
}

// Results of the scalar operations below: a pair without an allocation.
let h = 0;
let l = 0;

const SPLIT = 2 ** 27 + 1;

function twoProduct(a: number, b: number): void {
  h = a * b;
  let t = SPLIT * a;
  const a1 = t - (t - a);
  const a2 = a - a1;
  t = SPLIT * b;
  const b1 = t - (t - b);
  const b2 = b - b1;
  l = a2 * b2 - (h - a1 * b1 - a2 * b1 - a1 * b2);
}

function add(ah: number, al: number, bh: number, bl: number): void {
  const s = ah + bh;
  const t = s - ah;
  let e = ah - (s - t) + (bh - t);
  const u = al + bl;
  const w = u - al;
  const f = al - (u - w) + (bl - w);
  e += u;
  const p = s + e;
  e = e - (p - s) + f;
  h = p + e;
  l = e - (h - p);
}

function multiply(ah: number, al: number, bh: number, bl: number): void {
  twoProduct(ah, bh);
  const p = h;
  const e = l + (ah * bl + al * bh);
  h = p + e;
  l = e - (h - p);
}

function divide(ah: number, al: number, bh: number, bl: number): void {
  const q1 = ah / bh;
  multiply(q1, 0, bh, bl);
  add(ah, al, -h, -l);
  const q2 = h / bh;
  const r = h;
  const rl = l;
  multiply(q2, 0, bh, bl);
  add(r, rl, -h, -l);
  const q3 = h / bh;
  add(q1, 0, q2, 0);
  add(h, l, q3, 0);
}

function root(ah: number, al: number): void {
  if (ah <= 0) {
    h = 0;
    l = 0;
    return;
  }
  const x = 1 / Math.sqrt(ah);
  const y = ah * x;
  twoProduct(y, y);
  add(ah, al, -h, -l);
  add(y, 0, h * x * 0.5, 0);
}

function dot(x: Vector, y: Vector): void {
  let sh = 0;
  let sl = 0;
  for (let i = 0; i < x.hi.length; i++) {
    multiply(x.hi[i], x.lo[i], y.hi[i], y.lo[i]);
    add(sh, sl, h, l);
    sh = h;
    sl = l;
  }
}

/** (x, y) <- (c x - s y, s x + c y) */
function rotate(x: Vector, y: Vector, ch: number, cl: number, sh: number, sl: number): void {
  for (let i = 0; i < x.hi.length; i++) {
    const xh = x.hi[i];
    const xl = x.lo[i];
    const yh = y.hi[i];
    const yl = y.lo[i];
    multiply(ch, cl, xh, xl);
    let ph = h;
    let pl = l;
    multiply(sh, sl, yh, yl);
    add(ph, pl, -h, -l);
    x.hi[i] = h;
    x.lo[i] = l;
    multiply(sh, sl, xh, xl);
    ph = h;
    pl = l;
    multiply(ch, cl, yh, yl);
    add(ph, pl, h, l);
    y.hi[i] = h;
    y.lo[i] = l;
  }
}

/**
 * All min(m, n) singular values, descending, of the exact elements; `tail` adds 2^-53 or less to each,
 * for spectra known to 30 digits.
 */
export function referenceValues({ m, n, a }: Matrix, tail?: Float64Array): Float64Array {
  const wide = n > m;
  const columns = wide ? m : n;
  const rows = wide ? n : m;
  const most = a.reduce((x, y) => Math.max(x, Math.abs(y)), 0);
  const values = new Float64Array(columns);
  if (most === 0) return values;
  // Two powers of two: 2^1074 is none.
  const e = Math.floor(Math.log2(most));
  const scale1 = 2 ** -Math.trunc(e / 2);
  const scale2 = 2 ** -(e - Math.trunc(e / 2));
  const B: Vector[] = [];
  for (let j = 0; j < columns; j++) {
    const at = (i: number) => (wide ? j * n + i : i * n + j);
    B.push({
      hi: Float64Array.from({ length: rows }, (_, i) => a[at(i)] * scale1 * scale2),
      lo: Float64Array.from({ length: rows }, (_, i) => (tail ? tail[at(i)] * scale1 * scale2 : 0)),
    });
  }
  let rotated = true;
  for (let sweep = 0; rotated; sweep++) {
    if (sweep === 60) throw new Error('the reference did not converge');
    rotated = false;
    const size = new Map(B.map((b) => [b, b.hi.reduce((s, x) => s + x * x, 0)]));
    B.sort((x, y) => size.get(y)! - size.get(x)!);
    for (let p = 0; p < columns; p++) {
      for (let q = p + 1; q < columns; q++) {
        dot(B[p], B[p]);
        const ah = h;
        const al = l;
        dot(B[q], B[q]);
        const bh = h;
        const bl = l;
        dot(B[p], B[q]);
        const gh = h;
        const gl = l;
        if (!(Math.abs(gh) > 1e-29 * Math.sqrt(ah) * Math.sqrt(bh)) || Math.sqrt(bh) < 1e-60) continue;
        rotated = true;
        // zeta = (b - a) / 2g, t = sign(zeta) / (|zeta| + sqrt(1 + zeta^2))
        add(bh, bl, -ah, -al);
        divide(h, l, 2 * gh, 2 * gl);
        const sign = h < 0 ? -1 : 1;
        const zh = sign * h;
        const zl = sign * l;
        let th: number;
        let tl: number;
        if (zh > 1e100) {
          divide(0.5, 0, zh, zl);
          th = sign * h;
          tl = sign * l;
        } else {
          multiply(zh, zl, zh, zl);
          add(h, l, 1, 0);
          root(h, l);
          add(h, l, zh, zl);
          divide(1, 0, h, l);
          th = sign * h;
          tl = sign * l;
        }
        multiply(th, tl, th, tl);
        add(h, l, 1, 0);
        root(h, l);
        divide(1, 0, h, l);
        const ch = h;
        const cl = l;
        multiply(ch, cl, th, tl);
        rotate(B[p], B[q], ch, cl, h, l);
      }
    }
  }
  for (let j = 0; j < columns; j++) {
    dot(B[j], B[j]);
    root(h, l);
    values[j] = h / scale1 / scale2;
  }
  return values.sort().reverse();
}
