// A block of Householder reflectors, applied as one: I - V T V^T (compact WY).
//
// V^T C and C - V (T^T V^T C) are all matrix products, done four columns of C at a time while those stay in cache, so
// that the trailing matrix is read and written once a block. Layout: V by columns (unit diagonal and zeros filled in),
// by row panels ([rows / 4][b][4]) and by column panels ([b / 4][rows][4]), and -T row by row. Cost: 4 m n b flops.
// Source: Schreiber & Van Loan 1989.
import { alloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { CHAIN, REFLECT_COLUMNS_TASK, REFLECT_PANELS_TASK, REFLECT_ROWS_TASK } from '../base/params';
import { madd } from '../base/simd';
import { madd412, madd44 } from '../blas/gemm';
import { column } from '../matrix/columns';

/** A block of reflectors, ready to apply. It lives above its maker's mark. */
@unmanaged
export class ReflectorBlock {
  rows: i32;
  columns: i32;
  /** Where the reflectors come from. */
  A: usize;
  aLd: i32;
  V: usize;
  ld: i32;
  /** V by row panels. */
  Vp: usize;
  /** V by column panels. */
  Vc: usize;
  T: usize;
  /** T by column panels, as it is applied. */
  Tc: usize;
  /** For each thread C^T V of twice four columns of C, so many bytes each, and a stretch of four. */
  Z: usize;
  zBytes: usize;
  four: usize;
  // What it is applied to: rows r .. m of W, columns from c0 on, up to c1 from the left.
  W: usize;
  step: usize;
  r: i32;
  m: i32;
  c0: i32;
  c1: i32;
  transposed: bool;
  /** C V by row panels, and how many of those a task takes. */
  Y: usize;
  share: i32;
}

/** Room for blocks of up to m rows and b reflectors. */
export function createBlock(m: i32, b: i32): ReflectorBlock {
  const block = changetype<ReflectorBlock>(alloc(offsetof<ReflectorBlock>()));
  const rows = <u64>((m + 3) & ~3) + 8;
  block.V = alloc((rows * <u64>(b + 2)) << 3);
  block.Vp = alloc((rows * <u64>(b + 2)) << 3);
  block.Vc = alloc((rows * <u64>(b + 3 & ~3)) << 3);
  block.T = alloc(<u64>(b + 2) * <u64>(b + 2) << 3);
  block.Tc = alloc(<u64>(b + 3) * <u64>(b + 3) << 3);
  block.zBytes = <usize>(b + 3 & ~3) << 5;
  block.Z = alloc(<u64>threads * 2 * block.zBytes);
  block.four = alloc(<u64>threads * (CHAIN << 5));
  return block;
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

/** Some rows of V, with what reflectors do not store: ones, and zeros above them and past the last row. */
function copyRows(block: ReflectorBlock, first: i32, end: i32): void {
  const b = block.columns;
  const filled = end == block.rows ? block.ld : end;
  for (let j = 0; j < b + (b & 1); j++) {
    const to = column(block.V, block.ld, j);
    memory.fill(to + (<usize>first << 3), 0, <usize>(filled - first) << 3);
    if (j >= b) continue;
    if (first <= j && j < end) store<f64>(to + (<usize>j << 3), 1);
    const from = max(first, j + 1);
    const o = <usize>from << 3;
    if (end > from) memory.copy(to + o, column(block.A, block.aLd, j) + o, <usize>(end - from) << 3);
  }
}

/** Some rows of V by row panels. */
function packRows(block: ReflectorBlock, first: i32, end: i32): void {
  let out = block.Vp + (<usize>first * <usize>block.columns << 3);
  for (let i = first; i < end; i += 4) {
    const from = block.V + (<usize>i << 3);
    for (let j = 0; j < block.columns; j++) {
      const p = column(from, block.ld, j);
      v128.store(out, v128.load(p));
      v128.store(out, v128.load(p, 16), 16);
      out += 32;
    }
  }
}

/** Some rows of V by column panels, [b / 4][rows][4], the last filled up with zeros. */
function packColumns(block: ReflectorBlock, first: i32, end: i32): void {
  const step = <usize>block.ld << 3;
  for (let g = 0; g < block.columns; g += 4) {
    const v = column(block.V, block.ld, g);
    let out = block.Vc + (<usize>(g >> 2) * <usize>block.rows + <usize>first << 5);
    for (let i = <usize>first << 3; i < <usize>end << 3; i += 8) {
      let p = v + i;
      for (let j = 0; j < 4; j++) {
        store<f64>(out, g + j < block.columns ? load<f64>(p) : 0);
        out += 8;
        p += step;
      }
    }
  }
}

function formTask(record: usize, index: i32, _thread: i32): void {
  const block = changetype<ReflectorBlock>(record);
  const first = index * REFLECT_ROWS_TASK;
  const end = min(block.rows, first + REFLECT_ROWS_TASK);
  copyRows(block, first, end);
  packRows(block, first, end);
  packColumns(block, first, end);
}

/** Y += X^T V for four columns of X, [k][4], and a stretch of k rows of V by column panels. Y: [columns of V][4]. */
function multiply(Y: usize, X: usize, V: usize, panelBytes: usize, panels: i32, k: i32): void {
  let g = 0;
  for (; g + 3 <= panels; g += 3) {
    madd412(Y, X, V, V + panelBytes, V + 2 * panelBytes, k);
    Y += 384;
    V += 3 * panelBytes;
  }
  for (; g < panels; g++) {
    madd44(Y, X, V, k);
    Y += 128;
    V += panelBytes;
  }
}

/** Two rows of four columns, transposed. */
// @ts-ignore: decorator
@inline
function transpose2(to: usize, c: usize, step: usize): void {
  const x = v128.load(c);
  const y = v128.load(c + step);
  const z = v128.load(c + 2 * step);
  const w = v128.load(c + 3 * step);
  v128.store(to, i64x2.shuffle(x, y, 0, 2));
  v128.store(to, i64x2.shuffle(z, w, 0, 2), 16);
  v128.store(to, i64x2.shuffle(x, y, 1, 3), 32);
  v128.store(to, i64x2.shuffle(z, w, 1, 3), 48);
}

/**
 * Makes a block of the b reflectors, `rows` long, that factorPanel() left at A, the first element of the first of them.
 */
export function formBlock(block: ReflectorBlock, A: usize, ld: i32, rows: i32, b: i32, taus: usize): void {
  const T = block.T;
  const Z = block.Z;
  const blockLd = ((rows + 3) & ~3) + 2;
  block.A = A;
  block.aLd = ld;
  block.rows = rows;
  block.columns = b;
  block.ld = blockLd;
  parallelFor(formTask, (rows + REFLECT_ROWS_TASK - 1) / REFLECT_ROWS_TASK, changetype<usize>(block));
  // T(0:j, j) = -tau_j T(0:j, 0:j) V(:, 0:j)^T v_j, those products for four j at a time.
  const panelBytes = <usize>rows << 5;
  for (let g = 0; g < b; g += 4) {
    const panels = (g >> 2) + 1;
    memory.fill(Z, 0, <usize>panels << 7);
    for (let i = g; i < rows; i += CHAIN) {
      const V = block.Vc + (<usize>i << 5);
      multiply(Z, V + <usize>(panels - 1) * panelBytes, V, panelBytes, panels, min(CHAIN, rows - i));
    }
    for (let j = g; j < min(g + 4, b); j++) {
      const tau = load<f64>(taus + (<usize>j << 3));
      const z = Z + (<usize>(j - g) << 3);
      for (let i = 0; i < j; i++) {
        let s: f64 = 0;
        for (let p = i; p < j; p++) s += load<f64>(T + (<usize>(i * b + p) << 3)) * load<f64>(z + (<usize>p << 5));
        store<f64>(T + (<usize>(i * b + j) << 3), -tau * s);
      }
      store<f64>(T + (<usize>(j * b + j) << 3), -tau);
    }
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

/** T, or T^T, by column panels, [b / 4][b][4], filled up with zeros. */
function packT(block: ReflectorBlock, transposed: bool): void {
  const b = block.columns;
  const whole = b + 3 & ~3;
  let out = block.Tc;
  for (let g = 0; g < whole; g += 4) {
    for (let p = 0; p < whole; p++) {
      for (let i = g; i < g + 4; i++, out += 8) {
        const inside = transposed ? p <= i && i < b : i <= p && p < b;
        store<f64>(out, inside ? load<f64>(block.T + (<usize>(transposed ? p * b + i : i * b + p) << 3)) : 0);
      }
    }
  }
}

/** Z <- -T^T Z, or -T Z, for rows of four, by tiles; `tile` is room for one. */
function timesT(T: usize, Z: usize, panels: i32, transposed: bool, tile: usize): void {
  for (let q = 0; q < panels; q++) {
    const g = transposed ? panels - 1 - q : q;
    const from = transposed ? 0 : g;
    const count = (transposed ? g + 1 : panels - g) << 2;
    memory.fill(tile, 0, 128);
    madd44(tile, Z + (<usize>from << 7), T + (<usize>(g * panels + from) << 7), count);
    memory.copy(Z + (<usize>g << 7), tile, 128);
  }
}

function apply(block: ReflectorBlock, W: usize, ld: i32, r: i32, c0: i32, c1: i32, transposed: bool): void {
  block.W = W;
  block.step = <usize>ld << 3;
  block.r = r;
  block.c0 = c0;
  block.c1 = c1;
  block.transposed = transposed;
  packT(block, transposed);
  parallelFor(leftTask, (c1 - c0 + REFLECT_COLUMNS_TASK - 1) / REFLECT_COLUMNS_TASK, changetype<usize>(block));
}

function leftTask(record: usize, index: i32, thread: i32): void {
  const block = changetype<ReflectorBlock>(record);
  const b = block.columns;
  const rows = block.rows;
  const panels = b + 3 >> 2;
  const step = block.step;
  const Z = block.Z + <usize>thread * 2 * block.zBytes;
  const four = block.four + <usize>thread * (CHAIN << 5);
  const from = block.c0 + index * REFLECT_COLUMNS_TASK;
  const end = min(from + REFLECT_COLUMNS_TASK, block.c1);
  // Twice four columns share each stretch of V while it is in the L1 cache.
  for (let j = from; j < end; j += 8) {
    const first = block.W + <usize>j * step + (<usize>block.r << 3);
    const last = first + (j + 4 < end ? step << 2 : 0);
    memory.fill(Z, 0, 2 * block.zBytes);
    for (let i = 0; i < rows; i += CHAIN) {
      const some = min(CHAIN, rows - i);
      for (let C = first, z = Z; C <= last; C += step << 2, z += block.zBytes) {
        // The row past an odd number of them is not multiplied.
        for (let k = 0; k < some; k += 2) transpose2(four + (<usize>k << 5), C + (<usize>(i + k) << 3), step);
        multiply(z, four, block.Vc + (<usize>i << 5), <usize>rows << 5, panels, some);
      }
    }
    for (let C = first, z = Z; C <= last; C += step << 2, z += block.zBytes) {
      timesT(block.Tc, z, panels, block.transposed, four);
    }
    let a = block.Vp;
    for (let i: usize = 0; i < <usize>rows << 3; i += 32) {
      update44(first + i, step, a, Z, b);
      if (last != first) update44(last + i, step, a, Z + block.zBytes, b);
      a += <usize>b << 5;
    }
  }
}

/**
 * C <- C Q for rows r .. m of W, columns c .. c + block.rows;
 * touches up to 3 columns and rows past them (zero, and kept so).
 */
export function applyRight(block: ReflectorBlock, W: usize, ld: i32, r: i32, m: i32, c: i32): void {
  const start = mark();
  const count = m - r + 3 >> 2;
  block.W = W;
  block.step = <usize>ld << 3;
  block.r = r;
  block.m = m;
  block.c0 = c;
  packT(block, true);
  block.Y = alloc(<u64>count * <u64>(block.columns + 3 >> 2) << 7);
  block.share = threads == 1 ? max(count, 1) : min(REFLECT_PANELS_TASK, count / (4 * threads) + 1);
  parallelFor(rightTask, (count + block.share - 1) / block.share, changetype<usize>(block));
  release(start);
}

function rightTask(record: usize, index: i32, thread: i32): void {
  const block = changetype<ReflectorBlock>(record);
  const b = block.columns;
  const length = block.rows;
  const panels = b + 3 >> 2;
  const step = block.step;
  const rowBytes = <usize>panels << 7;
  const four = block.four + <usize>thread * (CHAIN << 5);
  const r = block.r + index * (block.share << 2);
  const m = min(block.m, r + (block.share << 2));
  const first = block.W + <usize>block.c0 * step;
  // Y = C V by row panels, [b][4].
  const Y = block.Y + <usize>(index * block.share) * rowBytes;
  memory.fill(Y, 0, <usize>(m - r + 3 >> 2) * rowBytes);
  for (let j = 0; j < length; j += CHAIN) {
    const some = min(CHAIN, length - j);
    for (let i = r, y = Y; i < m; i += 4, y += rowBytes) {
      let C = first + <usize>j * step + (<usize>i << 3);
      for (let to = four, end = to + (<usize>some << 5); to < end; to += 32) {
        v128.store(to, v128.load(C));
        v128.store(to, v128.load(C, 16), 16);
        C += step;
      }
      multiply(y, four, block.Vc + (<usize>j << 5), <usize>length << 5, panels, some);
    }
  }
  for (let i = r, y = Y; i < m; i += 4, y += rowBytes) timesT(block.Tc, y, panels, true, four);
  let v = block.Vp;
  for (let j = 0; j < length; j += 4) {
    const C = first + <usize>j * step;
    for (let i = r, y = Y; i < m; i += 4, y += rowBytes) update44(C + (<usize>i << 3), step, y, v, b);
    v += <usize>b << 5;
  }
}
