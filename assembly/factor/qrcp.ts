// Column-pivoted QR, blocked, truncated where the residual falls to a given size.
//
// Up to CLASSICAL_COLUMNS columns, pivots are the longest remaining columns (Businger & Golub 1965). Beyond,
// they come a block at a time from a small sketch Y = Omega W, which is factored with pivoting, shows which
// columns to bring forward, and is downdated instead of recomputed (Duersch & Gu 2017; Martinsson et al.
// 2017, HQRRP): nearly all flops are the block applications of householder.ts. What the sketch says decides
// nothing: the residual that ends the factorisation is computed from W itself.
// W: m x n column-major, overwritten by R (upper trapezoid) and the reflectors. Cost: about 4 m n k flops for k steps.
import { alloc, mark, release } from '../base/arena';
import { axpy, column, createColumns, dot, leading, reflect4, square, swapColumns, swapIndices } from '../matrix/columns';
import { allocBlock, applyBlock, formBlock, panel, restTotal } from './householder';
import { CLASSICAL_COLUMNS, OVERSAMPLE, QR_BLOCK, TINY } from '../base/params';
import { madd } from '../base/simd';

/** ||R22||_F of the last factorisation. */
export let residual: f64 = 0;

let state: u64 = 0;

/** xorshift64*: seeded, so that the same input always takes the same path. */
function random(): u64 {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1d;
}

/** Y(:, k:n) = Omega W(k:m, k:n): each row of W goes with random signs to two of the sketch's `rows` rows. */
function sketch(Y: usize, yLd: i32, rows: i32, W: usize, ld: i32, m: i32, k: i32, n: i32): void {
  const start = mark();
  const count = m - k;
  const where = alloc(<u64>count << 3);
  for (let i = 0; i < count; i++) {
    const x = random();
    const a = <u32>((x >> 33) % <u64>rows);
    let b = <u32>((x & 0x7fffffff) % <u64>(rows - 1));
    if (b >= a) b++;
    // Byte offset of the element, the lowest bit telling the sign.
    store<u32>(where + (<usize>i << 3), (a << 3) | <u32>(x >> 32 & 1));
    store<u32>(where + (<usize>i << 3), (b << 3) | <u32>(x >> 31 & 1), 4);
  }
  for (let j = k; j < n; j++) {
    const y = column(Y, yLd, j);
    memory.fill(y, 0, <usize>yLd << 3);
    const w = column(W, ld, j) + (<usize>k << 3);
    for (let i = 0; i < count; i++) {
      const bits = reinterpret<u64>(load<f64>(w + (<usize>i << 3)));
      const a = load<u32>(where + (<usize>i << 3));
      const b = load<u32>(where + (<usize>i << 3), 4);
      const p = y + <usize>(a & ~1);
      const q = y + <usize>(b & ~1);
      store<f64>(p, load<f64>(p) + reinterpret<f64>(bits ^ (<u64>a << 63)));
      store<f64>(q, load<f64>(q) + reinterpret<f64>(bits ^ (<u64>b << 63)));
    }
  }
  release(start);
}

/** Y(0:b, j) -= (Y11 R11^-1) R12 for the columns behind the block: the sketch of what remains. */
function downdate(Y: usize, yLd: i32, W: usize, ld: i32, k: i32, b: i32, n: i32): void {
  // M = -S11 R11^-1, column by column: M(:, j) = -(S11(:, j) + M(:, 0:j) R11(0:j, j)) / r_jj. In place of S11.
  for (let j = 0; j < b; j++) {
    const mj = column(Y, yLd, k + j);
    const rj = column(W, ld, k + j) + (<usize>k << 3);
    memory.fill(mj + (<usize>(j + 1) << 3), 0, <usize>(yLd - j - 1) << 3);
    for (let i = 0; i < j; i++) axpy(mj, column(Y, yLd, k + i), load<f64>(rj + (<usize>i << 3)), i + 1);
    const inverse = -1 / load<f64>(rj + (<usize>j << 3));
    for (let i = 0; i <= j; i++) {
      const p = mj + (<usize>i << 3);
      store<f64>(p, load<f64>(p) * inverse);
    }
  }
  const M = column(Y, yLd, k);
  for (let j = k + b; j < n; j++) {
    addProduct(column(Y, yLd, j), M, yLd, column(W, ld, j) + (<usize>k << 3), b);
  }
}

/** y += M r for an upper triangular M of order b, zeros below: 8 rows at a time, in registers. */
function addProduct(y: usize, M: usize, yLd: i32, r: usize, b: i32): void {
  const step = <usize>yLd << 3;
  for (let i = 0; i < b; i += 8) {
    const o = <usize>i << 3;
    let p = v128.load(y + o);
    let q = v128.load(y + o, 16);
    let s = v128.load(y + o, 32);
    let t = v128.load(y + o, 48);
    let m = M + <usize>i * step + o;
    for (let c = i; c < b; c++) {
      const x = v128.load64_splat(r + (<usize>c << 3));
      p = madd(v128.load(m), x, p);
      q = madd(v128.load(m, 16), x, q);
      s = madd(v128.load(m, 32), x, s);
      t = madd(v128.load(m, 48), x, t);
      m += step;
    }
    v128.store(y + o, p);
    v128.store(y + o, q, 16);
    v128.store(y + o, s, 32);
    v128.store(y + o, t, 48);
  }
}

/** Squared norms of the sketch's columns; half their sum estimates ||R22||_F^2. */
function measure(Y: usize, yLd: i32, rows: i32, k: i32, n: i32, squares: usize): f64 {
  let sum: f64 = 0;
  for (let j = k; j < n; j++) {
    const y = column(Y, yLd, j);
    const s = dot(y, y, rows);
    store<f64>(squares + (<usize>j << 3), s);
    sum += s;
  }
  return 0.5 * sum;
}

/**
 * Brings up to b columns that the sketch prefers to the front of columns k .. n, in Y, W and perm: fewer where what they leave of the sketch
 * is within `enough`, the square of a residual. Returns how many.
 */
function choose(
  Y: usize, yLd: i32, rows: i32, W: usize, ld: i32, k: i32, b: i32, n: i32, perm: usize, squares: usize, enough: f64,
): i32 {
  const end = <usize>rows << 3;
  const step = <usize>yLd << 3;
  for (let t = 0; t < b; t++) {
    let best = k + t;
    let sum: f64 = 0;
    for (let j = best; j < n; j++) {
      const s = load<f64>(squares + (<usize>j << 3));
      sum += s;
      if (s > load<f64>(squares + (<usize>best << 3))) best = j;
    }
    // Half of the sum estimates the square of what is left, and t rows of the sketch are used up.
    if (t && sum * <f64>rows <= enough * <f64>(rows - t)) return t;
    if (best != k + t) {
      swapColumns(column(Y, yLd, k + t), column(Y, yLd, best), yLd);
      swapColumns(column(W, ld, k + t), column(W, ld, best), ld);
      swapIndices(perm, k + t, best);
      store<f64>(squares + (<usize>best << 3), load<f64>(squares + (<usize>(k + t) << 3)));
    }
    const c = column(Y, yLd, k + t);
    const at = <usize>t << 3;
    const from = at & ~15;
    const size = Math.sqrt(dot(c + at, c + at, rows - t));
    if (size < TINY) return b;
    const alpha = load<f64>(c + at);
    const beta = alpha > 0 ? -size : size;
    memory.copy(reflector + from, c + from, end - from);
    if (t & 1) store<f64>(reflector + from, 0);
    store<f64>(reflector + at, alpha - beta);
    store<f64>(c + at, beta);
    memory.fill(c + at + 8, 0, end - at - 8);
    const h = 1 / (beta * (beta - alpha));
    // The last four may pass the end, into columns of zeros.
    for (let j = k + t + 1; j < n; j += 4) {
      reflect4(column(Y, yLd, j), step, reflector, from, end, h, bool(t & 1), squares + (<usize>j << 3));
    }
  }
  return b;
}

// What a factorisation needs to be taken up again with a smaller stop.
let Y: usize = 0;
let taus: usize = 0;
let squares: usize = 0;
let reflector: usize = 0;
let fresh = true; // the sketch must be taken anew
let before: f64 = 0; // the residual when it was last below the patience

/** Starts a factorisation: perm becomes the identity. Scratch stays above the caller's mark. */
export function begin(m: i32, n: i32, perm: usize): void {
  state = 0x9e3779b97f4a7c15;
  for (let j = 0; j < n; j++) store<i32>(perm + (<usize>j << 2), j);
  taus = alloc(<u64>min(m, n) + 1 << 3);
  squares = alloc(<u64>(n + 3) << 3);
  if (n <= CLASSICAL_COLUMNS) return;
  allocBlock(m, QR_BLOCK);
  Y = createColumns(QR_BLOCK + OVERSAMPLE, n);
  reflector = alloc((QR_BLOCK + OVERSAMPLE) << 3);
  fresh = true;
  before = 0;
}

/** Steps from k on with the longest remaining column each, until ||R22||_F <= stop. */
function classical(W: usize, ld: i32, m: i32, n: i32, perm: usize, k: i32, stop: f64): i32 {
  return k + panel(W, ld, m, k, k, n - k, perm, taus + (<usize>k << 3), squares, stop, n - k);
}

/**
 * Goes on from step k until ||R22||_F <= stop, or `cap` steps are done (classical pivoting may do more). Below `patience` it ends after the
 * first block, and when taken up again after one that does not halve the residual. Returns the number of steps done; sets residual.
 */
export function proceed(
  W: usize, ld: i32, m: i32, n: i32, perm: usize, k: i32, stop: f64, patience: f64, cap: i32,
): i32 {
  const most = min(min(m, n), cap);
  if (n <= CLASSICAL_COLUMNS) {
    k = classical(W, ld, m, n, perm, k, stop);
    residual = k == min(m, n) ? 0 : Math.sqrt(restTotal);
    return k;
  }
  const rows = QR_BLOCK + OVERSAMPLE;
  const yLd = leading(rows);
  const limit = stop * stop;
  for (const from = k; k < most; ) {
    if (fresh) sketch(Y, yLd, rows, W, ld, m, k, n);
    fresh = false;
    const estimate = measure(Y, yLd, rows, k, n, squares);
    // Only a sketch that is small asks for the exact residual, which costs a pass over the trailing matrix.
    if (estimate <= 16 * limit || estimate <= patience * patience) {
      residual = Math.sqrt(square(W, ld, k, m, k, n));
      if (residual <= stop || (k > from && residual <= patience && residual > 0.5 * before)) return k;
      if (residual <= patience) before = residual;
    }
    const b = choose(Y, yLd, rows, W, ld, k, min(QR_BLOCK, most - k), n, perm, squares, limit);
    const done = panel(W, ld, m, k, k, b, 0, taus + (<usize>k << 3), squares, stop, n - k);
    if (done) {
      formBlock(W, ld, m, k, k, done, taus + (<usize>k << 3));
      applyBlock(W, ld, k, k + b, n);
      if (done == b) downdate(Y, yLd, W, ld, k, b, n);
    }
    k += done;
    if (done < b && k < most) {
      fresh = true; // the sketch knows nothing of a block cut short, and may have been wrong about its columns
      residual = Math.sqrt(square(W, ld, k, m, k, n));
      if (residual <= stop) return k;
      if (done == 0) {
        // Every column it chose is small though the rest is not: the longest ones, at least one of which is not small.
        k = classical(W, ld, m, n, perm, k, 0.99 * stop);
      }
    }
  }
  residual = Math.sqrt(square(W, ld, k, m, k, n));
  return k;
}

/**
 * Steps that the last factorisation, of k, could have done without: the smallest k' that leaves ||R22||_F <= limit, which becomes
 * `residual`. A block overshoots where the rank ends inside it.
 */
export function trim(W: usize, ld: i32, k: i32, n: i32, limit: f64): i32 {
  let sum = residual * residual;
  while (k > 0) {
    let row: f64 = 0;
    for (let j = k - 1; j < n; j++) {
      const x = load<f64>(column(W, ld, j) + (<usize>(k - 1) << 3));
      row += x * x;
    }
    if (!(sum + row <= limit * limit)) break;
    sum += row;
    k--;
  }
  residual = Math.sqrt(sum);
  return k;
}

// @ts-ignore: decorator
@inline
function bits(x: f64): i32 {
  return <i32>(reinterpret<u64>(x) >> 52) - 1023;
}

/** Whether k steps, which brought ||R22||_F from `size` to `rest`, are likely to become no more than a third of n on the way to `stop`. */
export function few(k: i32, n: i32, size: f64, rest: f64, stop: f64): bool {
  return 3 * k * bits(size / stop) <= n * bits(size / max(rest, stop));
}
