// A block of Householder reflectors, applied as one: I - V T V^T (compact WY).
//
// V^T C and C - V (T^T V^T C) are all matrix products, done four columns of C at a time while those stay in cache, so that the trailing
// matrix is read and written once a block. Layout: V by columns (unit diagonal and zeros filled in), V by row panels ([rows / 4][b][4]),
// and -T row by row. Cost: 4 m n b flops. Source: Schreiber & Van Loan 1989.
import { alloc } from '../base/arena';
import { hsum, madd } from '../base/simd';
import { dot } from '../blas/level1';
import { column } from '../matrix/columns';

/** A block of reflectors, ready to apply. It lives above its maker's mark. */
@unmanaged
export class ReflectorBlock {
  rows: i32;
  columns: i32;
  ld: i32;
  V: usize;
  /** V by row panels. */
  Vp: usize;
  T: usize;
  /** V^T C of four columns. */
  Z: usize;
}

/** Room for blocks of up to m rows and b reflectors. */
export function createBlock(m: i32, b: i32): ReflectorBlock {
  const block = changetype<ReflectorBlock>(alloc(offsetof<ReflectorBlock>()));
  const rows = <u64>((m + 3) & ~3) + 8;
  block.V = alloc((rows * <u64>(b + 2)) << 3);
  block.Vp = alloc((rows * <u64>(b + 2)) << 3);
  block.T = alloc(<u64>(b + 2) * <u64>(b + 2) << 3);
  block.Z = alloc(<u64>(b + 2) << 5);
  return block;
}

/** 2 x 4 products of columns: out[i][0..3] = v_i^T c_j over an even number of rows. */
function dots24(out: usize, v0: usize, v1: usize, c0: usize, step: usize, rows: i32): void {
  let a00 = f64x2.splat(0);
  let a01 = a00;
  let a02 = a00;
  let a03 = a00;
  let a10 = a00;
  let a11 = a00;
  let a12 = a00;
  let a13 = a00;
  const c1 = c0 + step;
  const c2 = c1 + step;
  const c3 = c2 + step;
  const end = <usize>rows << 3;
  for (let o: usize = 0; o < end; o += 16) {
    const p = v128.load(v0 + o);
    const q = v128.load(v1 + o);
    let s = v128.load(c0 + o);
    a00 = madd(p, s, a00);
    a10 = madd(q, s, a10);
    s = v128.load(c1 + o);
    a01 = madd(p, s, a01);
    a11 = madd(q, s, a11);
    s = v128.load(c2 + o);
    a02 = madd(p, s, a02);
    a12 = madd(q, s, a12);
    s = v128.load(c3 + o);
    a03 = madd(p, s, a03);
    a13 = madd(q, s, a13);
  }
  store<f64>(out, hsum(a00));
  store<f64>(out, hsum(a01), 8);
  store<f64>(out, hsum(a02), 16);
  store<f64>(out, hsum(a03), 24);
  store<f64>(out, hsum(a10), 32);
  store<f64>(out, hsum(a11), 40);
  store<f64>(out, hsum(a12), 48);
  store<f64>(out, hsum(a13), 56);
}

/** C += a b^T for a strided tile: C is 4 rows x 4 columns, columns `step` bytes apart; k steps. */
function update44(c0: usize, step: usize, a: usize, b: usize, k: i32): void {
  const c1 = c0 + step;
  const c2 = c1 + step;
  const c3 = c2 + step;
  let x0 = v128.load(c0);
  let y0 = v128.load(c0, 16);
  let x1 = v128.load(c1);
  let y1 = v128.load(c1, 16);
  let x2 = v128.load(c2);
  let y2 = v128.load(c2, 16);
  let x3 = v128.load(c3);
  let y3 = v128.load(c3, 16);
  const end = a + (<usize>k << 5);
  while (a < end) {
    const p = v128.load(a);
    const q = v128.load(a, 16);
    let s = v128.load64_splat(b);
    x0 = madd(p, s, x0);
    y0 = madd(q, s, y0);
    s = v128.load64_splat(b, 8);
    x1 = madd(p, s, x1);
    y1 = madd(q, s, y1);
    s = v128.load64_splat(b, 16);
    x2 = madd(p, s, x2);
    y2 = madd(q, s, y2);
    s = v128.load64_splat(b, 24);
    x3 = madd(p, s, x3);
    y3 = madd(q, s, y3);
    a += 32;
    b += 32;
  }
  v128.store(c0, x0);
  v128.store(c0, y0, 16);
  v128.store(c1, x1);
  v128.store(c1, y1, 16);
  v128.store(c2, x2);
  v128.store(c2, y2, 16);
  v128.store(c3, x3);
  v128.store(c3, y3, 16);
}

/** Makes a block of the b reflectors, `rows` long, that factorPanel() left at A, the first element of the first of them. */
export function formBlock(block: ReflectorBlock, A: usize, ld: i32, rows: i32, b: i32, taus: usize): void {
  const V = block.V;
  const T = block.T;
  const Z = block.Z;
  const blockLd = ((rows + 3) & ~3) + 2;
  block.rows = rows;
  block.columns = b;
  block.ld = blockLd;
  const even = (b + 1) & ~1;
  for (let j = 0; j < even; j++) {
    const to = column(V, blockLd, j);
    memory.fill(to, 0, <usize>blockLd << 3);
    if (j >= b) continue;
    const from = column(A, ld, j);
    store<f64>(to + (<usize>j << 3), 1);
    const skip = <usize>(j + 1) << 3;
    if (rows > j + 1) memory.copy(to + skip, from + skip, <usize>(rows - j - 1) << 3);
  }
  let out = block.Vp;
  for (let i = 0; i < rows; i += 4) {
    const from = V + (<usize>i << 3);
    for (let j = 0; j < b; j++) {
      const p = column(from, blockLd, j);
      v128.store(out, v128.load(p));
      v128.store(out, v128.load(p, 16), 16);
      out += 32;
    }
  }
  // T(0:j, j) = -tau_j T(0:j, 0:j) V(:, 0:j)^T v_j
  for (let j = 0; j < b; j++) {
    const tau = load<f64>(taus + (<usize>j << 3));
    const vj = column(V, blockLd, j);
    for (let i = 0; i < j; i++) {
      store<f64>(Z + (<usize>i << 3), dot(column(V, blockLd, i) + (<usize>j << 3), vj + (<usize>j << 3), rows - j));
    }
    for (let i = 0; i < j; i++) {
      let s: f64 = 0;
      for (let p = i; p < j; p++) {
        s += load<f64>(T + (<usize>(i * b + p) << 3)) * load<f64>(Z + (<usize>p << 3));
      }
      store<f64>(T + (<usize>(i * b + j) << 3), -tau * s);
    }
    store<f64>(T + (<usize>(j * b + j) << 3), -tau);
  }
}

/** C <- Q^T C for columns c0 .. c1 of W, rows r down; touches up to 3 columns past c1 (zero, and kept so). */
export function applyBlock(block: ReflectorBlock, W: usize, ld: i32, r: i32, c0: i32, c1: i32): void {
  apply(block, W, ld, r, c0, c1, true);
}

/** C <- Q C, likewise. */
export function applyBlockQ(block: ReflectorBlock, W: usize, ld: i32, r: i32, c0: i32, c1: i32): void {
  apply(block, W, ld, r, c0, c1, false);
}

/** Z <- -T^T Z, or -T Z, for rows of four. */
// @ts-ignore: decorator
@inline
function timesT(T: usize, Z: usize, b: i32, transposed: bool): void {
  for (let q = 0; q < b; q++) {
    const i = transposed ? b - 1 - q : q;
    let x = f64x2.splat(0);
    let y = x;
    const end = transposed ? i + 1 : b;
    for (let p = transposed ? 0 : i; p < end; p++) {
      const t = v128.load64_splat(T + (<usize>(transposed ? p * b + i : i * b + p) << 3));
      x = madd(t, v128.load(Z + (<usize>p << 5)), x);
      y = madd(t, v128.load(Z + (<usize>p << 5), 16), y);
    }
    v128.store(Z + (<usize>i << 5), x);
    v128.store(Z + (<usize>i << 5), y, 16);
  }
}

function apply(block: ReflectorBlock, W: usize, ld: i32, r: i32, c0: i32, c1: i32, transposed: bool): void {
  const b = block.columns;
  const rows = block.rows;
  const even = (rows + 1) & ~1;
  const step = <usize>ld << 3;
  const V = block.V;
  const T = block.T;
  const Z = block.Z;
  const vStep = <usize>block.ld << 3;
  for (let j = c0; j < c1; j += 4) {
    const C = column(W, ld, j) + (<usize>r << 3);
    for (let i = 0; i < b; i += 2) {
      // Rows above i of reflector i are zero; pairs start at i, an even offset.
      const v = V + <usize>i * vStep;
      const o = <usize>i << 3;
      dots24(Z + (<usize>i << 5), v + o, v + vStep + o, C + o, step, even - i);
    }
    if (transposed) timesT(T, Z, b, true);
    else timesT(T, Z, b, false);
    let a = block.Vp;
    for (let i = 0; i < rows; i += 4) {
      update44(C + (<usize>i << 3), step, a, Z, b);
      a += <usize>b << 5;
    }
  }
}
