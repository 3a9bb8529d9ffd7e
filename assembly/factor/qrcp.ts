// Column-pivoted QR, blocked, truncated where the residual falls to a given size.
//
// Up to CLASSICAL_COLUMNS columns, pivots are the longest remaining columns (Businger & Golub 1965). Beyond,
// they come a block at a time from a small sketch Y = Omega W, which is factored with pivoting, shows which
// columns to bring forward, and is downdated instead of recomputed (Duersch & Gu 2017; Martinsson et al.
// 2017, HQRRP): nearly all flops are block applications (compact-wy.ts). What the sketch says decides
// nothing: the residual that ends the factorisation is computed from W itself.
// W: m x n column-major, overwritten by R (upper trapezoid) and the reflectors. Cost: about 4 m n k flops for k steps.
import { alloc, mark, release } from '../base/arena';
import { parallelFor } from '../base/parallel';
import {
  CLASSICAL_COLUMNS, CLASSICAL_STOP, ORDERED_LEAST, OVERSAMPLE, QR_BLOCK, SKETCH_TASK,
} from '../base/params';
import { SEED, twoPlaces } from '../base/random';
import { madd } from '../base/simd';
import { axpy, dot, swapColumns, swapIndices } from '../blas/level1';
import { column, createColumns, leading } from '../matrix/columns';
import { applyBlock, createBlock, formBlock, ReflectorBlock } from './compact-wy';
import { createPanel, factorPanel, factorPanelPivoted } from './householder';

/** Rows of the sketch. */
const ROWS: i32 = QR_BLOCK + OVERSAMPLE;

/**
 * A P = Q [R11 R12; 0 R22] after so many steps, and what it needs to be taken up again.
 * Lives above the mark of its maker.
 */
@unmanaged
export class PivotedQr {
  W: usize;
  ld: i32;
  m: i32;
  n: i32;
  /** Column j of W is the caller's column perm[j]. */
  perm: usize;
  steps: i32;
  /** ||R22||_F after these steps. */
  residual: f64;
  taus: usize;
  /** Squared norms of what remains of the columns, or of their sketch. */
  squares: usize;
  /** The sketch, QR_BLOCK + OVERSAMPLE rows of leading(), and the state of its random numbers. */
  Y: usize;
  random: u64;
  /** The sketch must be taken anew. */
  fresh: bool;
  /** The residual when it was last below `checkBelow`. */
  checked: f64;
  // For tasks: the sketch's table of rows, the width of the block done, the squares of columns.
  where: usize;
  block: i32;
  sums: usize;
}

// @ts-ignore: decorator
@inline
function tasksFor(columns: i32): i32 {
  return (columns + SKETCH_TASK - 1) / SKETCH_TASK;
}

function sketchTask(record: usize, index: i32, _thread: i32): void {
  const q = changetype<PivotedQr>(record);
  const yLd = leading(ROWS);
  const k = q.steps;
  const where = q.where;
  const count = q.m - k;
  const from = k + index * SKETCH_TASK;
  for (let j = from; j < min(q.n, from + SKETCH_TASK); j++) {
    const y = column(q.Y, yLd, j);
    memory.fill(y, 0, <usize>yLd << 3);
    const w = column(q.W, q.ld, j) + (<usize>k << 3);
    for (let i = 0; i < count; i++) {
      const bits = reinterpret<u64>(load<f64>(w + (<usize>i << 3)));
      const a = load<u32>(where + (<usize>i << 3));
      const b = load<u32>(where + (<usize>i << 3), 4);
      const to = y + <usize>(a & ~1);
      const too = y + <usize>(b & ~1);
      store<f64>(to, load<f64>(to) + reinterpret<f64>(bits ^ (<u64>a << 63)));
      store<f64>(too, load<f64>(too) + reinterpret<f64>(bits ^ (<u64>b << 63)));
    }
  }
}

/** Y(:, k:n) = Omega W(k:m, k:n): each row of W goes with random signs to two of the sketch's rows. */
function sketch(q: PivotedQr): void {
  const start = mark();
  const k = q.steps;
  const count = q.m - k;
  const yLd = leading(ROWS);
  const where = alloc(<u64>count << 3);
  q.random = twoPlaces(where, count, <u64>ROWS, 3, q.random);
  q.where = where;
  parallelFor(sketchTask, tasksFor(q.n - k), changetype<usize>(q));
  release(start);
}

/** Y(0:b, j) -= (Y11 R11^-1) R12 for the columns behind b from k on: the sketch of what remains after them. */
function downdate(q: PivotedQr, k: i32, b: i32): void {
  const Y = q.Y;
  const yLd = leading(ROWS);
  const W = q.W;
  const ld = q.ld;
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
  q.block = b;
  parallelFor(downdateTask, tasksFor(q.n - q.steps), changetype<usize>(q));
}

function downdateTask(record: usize, index: i32, _thread: i32): void {
  const q = changetype<PivotedQr>(record);
  const yLd = leading(ROWS);
  const b = q.block;
  const k = q.steps - b;
  const M = column(q.Y, yLd, k);
  const from = k + b + index * SKETCH_TASK;
  for (let j = from; j < min(q.n, from + SKETCH_TASK); j++) {
    addProduct(column(q.Y, yLd, j), M, yLd, column(q.W, q.ld, j) + (<usize>k << 3), b);
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

/** ||R22||_F^2, estimated as half the square of the sketch. */
function estimateSquare(q: PivotedQr): f64 {
  const yLd = leading(ROWS);
  const y = column(q.Y, yLd, q.steps);
  return 0.5 * dot(y, y, yLd * (q.n - q.steps)); // zeros past the rows
}

/**
 * Brings up to b columns that the sketch prefers to the front of the remaining ones, in Y, W and perm: fewer where what
 * they leave of the sketch is small beside `enough`, the square of a residual. Returns how many. Y becomes the R factor
 * of the sketch.
 */
function choose(q: PivotedQr, b: i32, enough: f64): i32 {
  const start = mark();
  const k = q.steps;
  const count = q.n - k;
  const yLd = leading(ROWS);
  const order = alloc(<u64>count << 2);
  for (let j = 0; j < count; j++) store<i32>(order + (<usize>j << 2), j);
  const p = createPanel(column(q.Y, yLd, k), yLd, ROWS, count, alloc(ROWS << 3), q.squares + (<usize>k << 3));
  p.most = b;
  const done = factorPanelPivoted(p, 0, order, 0.25 * enough);
  for (let t = 0; t < done; t++) {
    const at = order + (<usize>t << 2);
    let from = load<i32>(at);
    while (from < t) from = load<i32>(order + (<usize>from << 2)); // where an earlier exchange has taken it
    store<i32>(at, from);
    if (from == t) continue;
    swapColumns(column(q.W, q.ld, k + t), column(q.W, q.ld, k + from), q.ld);
    swapIndices(q.perm, k + t, k + from);
  }
  release(start);
  return done;
}

/**
 * Opens a factorisation of W (m x n), which it overwrites: perm becomes the identity.
 * Scratch stays above the caller's mark.
 */
export function begin(W: usize, ld: i32, m: i32, n: i32, perm: usize): PivotedQr {
  const q = changetype<PivotedQr>(alloc(offsetof<PivotedQr>()));
  q.W = W;
  q.ld = ld;
  q.m = m;
  q.n = n;
  q.perm = perm;
  q.steps = 0;
  q.residual = Infinity;
  q.random = SEED;
  q.fresh = true;
  q.checked = 0;
  for (let j = 0; j < n; j++) store<i32>(perm + (<usize>j << 2), j);
  q.taus = alloc(<u64>min(m, n) + 1 << 3);
  q.squares = alloc(<u64>(n + 3) << 3);
  if (n > CLASSICAL_COLUMNS) q.Y = createColumns(ROWS, n);
  return q;
}

/** Up to `most` steps in all, with the longest remaining column each, until ||R22||_F <= stop. */
function classical(q: PivotedQr, stop: f64, most: i32): void {
  const k = q.steps;
  const A = column(q.W, q.ld, k) + (<usize>k << 3);
  const p = createPanel(A, q.ld, q.m - k, q.n - k, q.taus + (<usize>k << 3), q.squares);
  p.most = most - k;
  const done = factorPanelPivoted(p, k, q.perm + (<usize>k << 2), stop * stop);
  q.steps = k + done;
  if (q.steps == min(q.m, q.n)) q.residual = 0;
  else measureResidual(q); // the panel's squares, downdated, say where to go on, not what is left
}

/** ||R22(:, j)||^2 of some columns. */
function squareTask(record: usize, index: i32, _thread: i32): void {
  const q = changetype<PivotedQr>(record);
  const k = q.steps;
  const from = k + index * SKETCH_TASK;
  for (let j = from; j < min(q.n, from + SKETCH_TASK); j++) {
    const x = column(q.W, q.ld, j) + (<usize>k << 3);
    store<f64>(q.sums + (<usize>(j - k) << 3), dot(x, x, q.m - k));
  }
}

/** ||R22||_F, from W itself. */
function measureResidual(q: PivotedQr): f64 {
  // The squares belong to the sketch, or are measured anew by whoever needs them: a place of their own.
  const start = mark();
  const k = q.steps;
  q.sums = alloc(<u64>(q.n - k + 1) << 3);
  parallelFor(squareTask, tasksFor(q.n - k), changetype<usize>(q));
  let sum: f64 = 0;
  for (let j = 0; j < q.n - k; j++) sum += load<f64>(q.sums + (<usize>j << 3));
  q.residual = Math.sqrt(sum);
  release(start);
  return q.residual;
}

/**
 * Goes on until ||R22||_F <= stop, or `cap` steps are done. Below `checkBelow` it ends after the first block, and when
 * taken up again after one that does not halve the residual.
 */
export function proceed(q: PivotedQr, stop: f64, checkBelow: f64, cap: i32): void {
  const most = min(min(q.m, q.n), cap);
  if (q.n <= CLASSICAL_COLUMNS) return singleSteps(q, stop, checkBelow, most);
  const start = mark();
  blocks(q, createBlock(q.m, QR_BLOCK), stop, checkBelow, most);
  release(start);
}

function singleSteps(q: PivotedQr, stop: f64, checkBelow: f64, most: i32): void {
  const looks = checkBelow > stop;
  const from = q.steps;
  if (looks) classical(q, checkBelow, most);
  for (let done = -1; q.residual > stop && q.steps < most && q.steps > done; ) {
    if (looks && q.steps > from && q.residual > 0.5 * q.checked) return;
    q.checked = q.residual;
    done = q.steps;
    classical(q, stop, looks ? min(most, done + QR_BLOCK) : most);
  }
}

/** The first k steps, if any, with the columns as they stand: fewer where these are short beside the others. */
export function inOrder(q: PivotedQr, k: i32): void {
  if (k <= 0) return;
  const start = mark();
  const reflectors = createBlock(q.m, QR_BLOCK);
  const size = measureResidual(q);
  const limit = ORDERED_LEAST * size * size;
  while (q.steps < k) {
    const b = min(QR_BLOCK, k - q.steps);
    if (takeBlock(q, reflectors, b, limit) < b) break;
  }
  release(start);
}

function blocks(q: PivotedQr, reflectors: ReflectorBlock, stop: f64, checkBelow: f64, most: i32): void {
  const limit = stop * stop;
  for (const from = q.steps; q.steps < most; ) {
    if (q.fresh) sketch(q);
    q.fresh = false;
    const estimate = estimateSquare(q);
    // Only a sketch that is small asks for the exact residual, which costs a pass over the trailing matrix.
    if (estimate <= 16 * limit || estimate <= checkBelow * checkBelow) {
      const residual = measureResidual(q);
      if (residual <= stop || (q.steps > from && residual <= checkBelow && residual > 0.5 * q.checked)) return;
      if (residual <= checkBelow) q.checked = residual;
    }
    if (!block(q, reflectors, choose(q, min(QR_BLOCK, most - q.steps), limit), stop) && q.steps < most) {
      q.fresh = true; // the sketch knows nothing of a block cut short, and may have been wrong about its columns
      if (measureResidual(q) <= stop) return;
    }
  }
  measureResidual(q);
}

/** The next b steps at most, with the columns that stand there, as long as they are not within `limit`, squared. */
function takeBlock(q: PivotedQr, reflectors: ReflectorBlock, b: i32, limit: f64): i32 {
  const k = q.steps;
  const taus = q.taus + (<usize>k << 3);
  const A = column(q.W, q.ld, k) + (<usize>k << 3);
  const done = factorPanel(createPanel(A, q.ld, q.m - k, b, taus, q.squares), limit, q.n - k);
  if (done) {
    formBlock(reflectors, A, q.ld, q.m - k, done, taus);
    applyBlock(reflectors, q.W, q.ld, k, k + b, q.n);
    q.steps = k + done;
  }
  return done;
}

/** The next b steps, with the columns that stand there. False where it was cut short: the columns left are small. */
function block(q: PivotedQr, reflectors: ReflectorBlock, b: i32, stop: f64): bool {
  const k = q.steps;
  const done = takeBlock(q, reflectors, b, stop * stop);
  if (done == b) downdate(q, k, b);
  if (done) return done == b;
  // Every column that the sketch chose is small: where the rest is not, the longest ones,
  // at least one of which is not small.
  if (k < min(q.m, q.n) && measureResidual(q) > stop) classical(q, CLASSICAL_STOP * stop, min(q.m, q.n));
  return false;
}

/** ||R22||_F as it would be after the first k of the steps done. */
export function residualAfter(q: PivotedQr, k: i32): f64 {
  let sum = q.residual * q.residual;
  for (let i = q.steps - 1; i >= k; i--) sum += rowSquare(q, i);
  return Math.sqrt(sum);
}

/** The fewest of the steps done that leave ||R22||_F <= limit: a block overshoots where the rank ends inside it. */
export function leastSteps(q: PivotedQr, limit: f64): i32 {
  let k = q.steps;
  for (let sum = q.residual * q.residual; k > 0; k--) {
    sum += rowSquare(q, k - 1);
    if (!(sum <= limit * limit)) break;
  }
  return k;
}

/** |r_kk|, of the last of the first k steps. */
export function lastPivot(q: PivotedQr, k: i32): f64 {
  return abs(load<f64>(column(q.W, q.ld, k - 1) + (<usize>(k - 1) << 3)));
}

/** ||R(i, :)||^2 */
function rowSquare(q: PivotedQr, i: i32): f64 {
  let sum: f64 = 0;
  for (let j = i; j < q.n; j++) {
    const x = load<f64>(column(q.W, q.ld, j) + (<usize>i << 3));
    sum += x * x;
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function bits(x: f64): i32 {
  return <i32>(reinterpret<u64>(x) >> 52) - 1023;
}

/**
 * Whether k steps, which brought ||R22||_F from `size` to `rest`,
 * are likely to become no more than a third of n on the way to `stop`.
 */
export function fewStepsMore(k: i32, n: i32, size: f64, rest: f64, stop: f64): bool {
  return 3 * k * bits(size / stop) <= n * bits(size / max(rest, stop));
}
