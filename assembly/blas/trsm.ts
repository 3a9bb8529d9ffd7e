// Triangular matrices by tiles: ||T^-1||_F, and T^-1 B for many right-hand sides.
//
// T comes as a packed triangle of row panels (matrix/triangle.ts): L itself, or R^T for an upper triangular R. A row
// panel is an operand of the tile kernel as it stands; right-hand sides are column panels [k][4],
// operand and tiles in one.
// Cost: inverse norm n^3 / 3, solve n^2 columns flops.
import { alloc, calloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { INVERSE_TASK, SHORT } from '../base/params';
import { madd } from '../base/simd';
import { column } from '../matrix/columns';
import { panels, rowPanel, triangleBytes } from '../matrix/triangle';
import { identity, madd44 } from './gemm';
import { dot } from './level1';

/** x += s y for rows of four. */
// @ts-ignore: decorator
@inline
export function addRow(x: usize, y: usize, s: f64): void {
  const t = f64x2.splat(s);
  v128.store(x, madd(t, v128.load(y), v128.load(x)));
  v128.store(x, madd(t, v128.load(y, 16), v128.load(x, 16)), 16);
}

/** x *= s for a row of four. */
// @ts-ignore: decorator
@inline
export function scaleRow(x: usize, s: f64): void {
  const t = f64x2.splat(s);
  v128.store(x, f64x2.mul(v128.load(x), t));
  v128.store(x, f64x2.mul(v128.load(x, 16), t), 16);
}

/**
 * Four rows x <- -L^-1 x for a tile of L, whose rows and columns they are; or x <- L^-1 x,
 * L having a unit diagonal and the tile being -L.
 */
export function forwardTile(x: usize, tile: usize, unit: bool): void {
  for (let c: usize = 0; c < 4; c++) {
    const own = x + (c << 5);
    const l = tile + (c << 5);
    if (!unit) scaleRow(own, -1 / load<f64>(l + (c << 3)));
    for (let r = c + 1; r < 4; r++) addRow(x + (r << 5), own, load<f64>(l + (r << 3)));
  }
}

/** Squared norms of the columns of `count` column panels of `steps` rows. */
export function columnSquares(X: usize, count: i32, steps: i32, squares: usize): void {
  for (let q = 0; q < count; q++) {
    let x = f64x2.splat(0);
    let y = x;
    for (const end = X + (<usize>steps << 5); X < end; X += 32) {
      const a = v128.load(X);
      const b = v128.load(X, 16);
      x = madd(a, a, x);
      y = madd(b, b, y);
    }
    v128.store(squares + (<usize>q << 5), x);
    v128.store(squares + (<usize>q << 5), y, 16);
  }
}

/** ||L^-1||_F for the packed lower triangle of a k x k L, whose padding is PAD; Infinity or NaN if singular. */
export function inverseNorm(L: usize, k: i32): f64 {
  return inverse(L, k, 0);
}

/** The squared norms of the columns of L^-1, which for L = R^T are the rows of R^-1, into 4 ceil(k / 4) numbers. */
export function inverseColumnSquares(L: usize, k: i32, squares: usize): void {
  inverse(L, k, squares);
}

/** -L^-1 or R^-1 B by column panels. */
@unmanaged
class Substitution {
  /** Row panels: L; or those of -R, each from its diagonal tile on. */
  L: usize;
  count: i32;
  /** Column panels of -L^-1 for each thread; or B. */
  X: usize;
  step: usize;
  /** The squares of the inverse's columns, and of the columns of each task. */
  squares: usize;
  sums: usize;
  /** Column panels in all, and of a task. */
  columns: i32;
  share: i32;
}

/** Column panels of -L^-1, by forward substitution. */
function inverseTask(record: usize, index: i32, thread: i32): void {
  const t = changetype<Substitution>(record);
  const L = t.L;
  const count = t.count;
  const step = t.step;
  const j0 = index * INVERSE_TASK;
  const j1 = min(count, j0 + INVERSE_TASK);
  const X = t.X + <usize>(thread * INVERSE_TASK) * step;
  memory.fill(X, 0, <usize>INVERSE_TASK * step);
  for (let i = j0; i < count; i++) {
    const Li = rowPanel(L, i);
    const diagonal = Li + (<usize>i << 7);
    for (let j = j0; j < min(j1, i + 1); j++) {
      const top = X + <usize>(j - j0) * step + (<usize>j << 7);
      const x = top + (<usize>(i - j) << 7);
      if (i == j) identity(x);
      madd44(x, top, Li + (<usize>j << 7), (i - j) << 2);
      forwardTile(x, diagonal, false);
    }
  }
  store<f64>(t.sums + (<usize>index << 3), dot(X, X, (j1 - j0) * (count << 4)));
  if (t.squares) columnSquares(X, j1 - j0, count << 2, t.squares + (<usize>j0 << 5));
}

function inverse(L: usize, k: i32, squares: usize): f64 {
  const start = mark();
  const t = changetype<Substitution>(alloc(offsetof<Substitution>()));
  t.L = L;
  t.count = panels(k);
  t.step = <usize>t.count << 7;
  const tasks = (t.count + INVERSE_TASK - 1) / INVERSE_TASK;
  t.X = alloc(<u64>(threads * INVERSE_TASK) * <u64>t.step);
  t.squares = squares;
  t.sums = alloc(<u64>tasks << 3);
  parallelFor(inverseTask, tasks, changetype<usize>(t));
  let sum: f64 = 0;
  for (let i = 0; i < tasks; i++) sum += load<f64>(t.sums + (<usize>i << 3));
  release(start);
  return Math.sqrt(sum);
}

/**
 * One step of back substitution: four rows x of a column panel, the `rest` rows below them done, <- those of U^-1 X. U
 * is a row panel of -U, [4 + rest][4 rows], from its diagonal tile on.
 */
export function backward(x: usize, U: usize, rest: i32): void {
  for (let p = 0; p < rest; p += SHORT) {
    const o = <usize>(p + 4) << 5;
    madd44(x, x + o, U + o, min(SHORT, rest - p));
  }
  for (let r = 3; r >= 0; r--) {
    const own = x + (<usize>r << 5);
    const column = U + (<usize>r << 5);
    scaleRow(own, -1 / load<f64>(column + (<usize>r << 3)));
    for (let q = 0; q < r; q++) addRow(x + (<usize>q << 5), own, load<f64>(column + (<usize>q << 3)));
  }
}

/**
 * B <- R^-1 B, R upper triangular of order k (column-major), B in column panels [ceil4(k)][4], `ld` steps apart.
 * Rows of B past k must be zero.
 */
export function solveUpper(R: usize, rLd: i32, k: i32, B: usize, ld: i32, count: i32): void {
  const start = mark();
  const t = changetype<Substitution>(alloc(offsetof<Substitution>()));
  t.count = panels(k);
  t.L = alloc(triangleBytes(k));
  packNegatedRows(t.L, R, rLd, k);
  t.X = B;
  t.step = <usize>ld << 5;
  t.columns = count;
  t.share = threads == 1 ? max(count, 1) : min(8, count / (3 * threads) + 1);
  parallelFor(solveTask, (count + t.share - 1) / t.share, changetype<usize>(t));
  release(start);
}

/** Row panel i of -R, from its diagonal tile on, stands where the triangle of the panels below it ends. */
// @ts-ignore: decorator
@inline
function negatedRow(L: usize, rows: i32, i: i32): usize {
  return rowPanel(L, rows - 1 - i);
}

function packNegatedRows(L: usize, R: usize, rLd: i32, k: i32): void {
  const rows = panels(k);
  for (let i = 0; i < rows; i++) {
    let out = negatedRow(L, rows, i);
    for (let p = i << 2; p < rows << 2; p++) {
      for (let row = i << 2; row < (i + 1) << 2; row++) {
        const x: f64 = p >= row ? -load<f64>(column(R, rLd, p) + (<usize>row << 3)) : 0;
        store<f64>(out, p >= k || row >= k ? -<f64>(p == row) : x);
        out += 8;
      }
    }
  }
}

function solveTask(record: usize, index: i32, _thread: i32): void {
  const t = changetype<Substitution>(record);
  const from = index * t.share;
  const end = min(t.columns, from + t.share);
  for (let i = t.count - 1; i >= 0; i--) {
    const panel = negatedRow(t.L, t.count, i);
    const rest = (t.count - 1 - i) << 2;
    for (let q = from; q < end; q++) backward(t.X + <usize>q * t.step + (<usize>i << 7), panel, rest);
  }
}

/**
 * R11^-1 R12, R11 of order k, in column panels of ceil4(k) steps, fresh, with two panels of zeros behind (residual.ts).
 */
export function coefficients(R: usize, ld: i32, k: i32, n: i32): usize {
  const others = n - k;
  const steps = panels(k) << 2;
  const T = calloc(<u64>(panels(others) + 2) * <u64>steps << 5);
  for (let j = 0; j < others; j++) {
    const from = column(R, ld, k + j);
    const to = T + ((<usize>(j >> 2) * <usize>steps) << 5) + (<usize>(j & 3) << 3);
    for (let i = 0; i < k; i++) store<f64>(to + (<usize>i << 5), load<f64>(from + (<usize>i << 3)));
  }
  solveUpper(R, ld, k, T, steps, panels(others));
  return T;
}
