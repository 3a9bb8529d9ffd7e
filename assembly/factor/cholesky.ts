// Cholesky and L S L^T of a Gram matrix, tile by tile: G = P^T P is formed, shifted and factored in one sweep,
// so that a failure at column j has cost only the leading j x j block.
//
// Layout: L is a packed triangle (matrix/triangle.ts), P is packed by columns: [n/4 panels][s][4].
//
// The factor is L S L^T with S = diag(+-1), |L| |L|^T being what rounding is measured by: Cholesky when
// every sign is +, and by Sylvester's law of inertia the number of + signs is the number of eigenvalues
// of G above the shift. Cost: s n^2 + n^3 / 3 flops. Source: Golub & Van Loan, section 4.2; Demmel 1989.
import { alloc } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { BLOCK, CHAIN, CHOLESKY_TASK, FIRST, SMOOTH } from '../base/params';
import { hsum } from '../base/simd';
import { madd44, square44 } from '../blas/gemm';
import { addProducts } from '../blas/syrk';
import { panels, rowPanel } from '../matrix/triangle';
import { solveTile } from './cholesky-tile';

/**
 * A factorisation: what it is of, how far it has come, and what it found. It lives, with its scratch,
 * above its maker's mark.
 */
@unmanaged
export class Cholesky {
  /** The packed triangle, overwritten by the factor. */
  L: usize;
  n: i32;
  /** G - shift I is factored. */
  shift: f64;
  /**
   * Ends at the first pivot that is not positive, but for those columns that it may deflate; else signs are counted.
   */
  definite: bool;
  /** Whether pivots fell to the size of the shift, without a gap, before a definite factorisation failed. */
  gapless: bool;
  /** Columns that may be deflated: set aside, their diagonal infinite, so that they take no part in anything. */
  mayDeflate: i32;
  deflated: i32;
  negativePivots: i32;
  /** Row panels done. */
  panelsDone: i32;
  /** Columns before the one that a definite factorisation failed at; n where none did. */
  columns: i32;
  /** ||L||_F^2; infinite where columns were deflated. */
  growth: f64;
  leastPivot: f64;
  /** +-1 for each column. */
  signs: usize;
  /** sign / pivot for each column. */
  inverses: usize;
  /** Squared norms of row panels, in two parts each. */
  squares: usize;
  /** -L S for the row panels of a block, which are `step` bytes apart. */
  negated: usize;
  step: usize;
  // The block in hand: row panels i0 .. i1, column panels j .. j1 of them, and P, s rows in column panels `pStep`
  // bytes apart.
  i0: i32;
  i1: i32;
  j: i32;
  j1: i32;
  P: usize;
  pStep: usize;
  s: i32;
  /** Row panels that a task takes. */
  rows: i32;
}

/** Factors the 4x4 diagonal tile at column 4j. Returns how many pivots came before a forbidden one (4: all). */
function diagonal(f: Cholesky, j: i32, tile: usize, negative: usize): i32 {
  const signs = f.signs + (<usize>j << 5);
  const inverses = f.inverses + (<usize>j << 5);
  const own = f.n - (j << 2); // columns that are not padding
  for (let k = 0; k < 4; k++) {
    const column = tile + (<usize>k << 5);
    // Padding gets a pivot too small to count in the growth.
    let d = k < own ? load<f64>(column + (<usize>k << 3)) : abs(f.shift) + f64.MIN_NORMAL_VALUE;
    const deflate = f.definite && !(d > 0);
    if (deflate) {
      if (f.deflated == f.mayDeflate) return k;
      f.deflated++;
    } else if (!(d > 0)) {
      f.negativePivots++;
    }
    const sign: f64 = d > 0 ? 1 : -1;
    if (d > 0 && k < own) f.leastPivot = min(f.leastPivot, d);
    // An exact zero is moved by a rounding error of the shift, which the bound on rounding covers.
    d = max(abs(d), f.shift * f64.EPSILON + f64.MIN_NORMAL_VALUE);
    const root = deflate ? Infinity : Math.sqrt(d);
    const inverse = sign / root;
    store<f64>(signs + (<usize>k << 3), sign);
    store<f64>(inverses + (<usize>k << 3), inverse);
    for (let r = 0; r < k; r++) store<f64>(column + (<usize>r << 3), 0);
    store<f64>(column + (<usize>k << 3), root);
    for (let r = k + 1; r < 4; r++) {
      store<f64>(column + (<usize>r << 3), load<f64>(column + (<usize>r << 3)) * inverse);
    }
    for (let c = k + 1; c < 4; c++) {
      const t = load<f64>(column + (<usize>c << 3)) * sign;
      const other = tile + (<usize>c << 5);
      for (let r = c; r < 4; r++) {
        const p = other + (<usize>r << 3);
        store<f64>(p, load<f64>(p) - load<f64>(column + (<usize>r << 3)) * t);
      }
    }
  }
  for (let k = 0; k < 4; k++) {
    const s = f64x2.splat(-load<f64>(signs + (<usize>k << 3)));
    const o = <usize>k << 5;
    v128.store(negative + o, f64x2.mul(v128.load(tile + o), s));
    v128.store(negative + o, f64x2.mul(v128.load(tile + o, 16), s), 16);
  }
  return 4;
}

// A block of row panels i0 .. i1 goes in three steps: its tiles left of the block, row panel by row panel; what those
// columns do to its own; then its own columns, BLOCK at a time, the diagonal on one thread and the rows below as
// tasks. A tile takes the same sums in the same order however long the block is.

// @ts-ignore: decorator
@inline
function tasksFor(f: Cholesky, rows: i32): i32 {
  return (rows + f.rows - 1) / f.rows;
}

/** Start of -L S for row panel i. */
// @ts-ignore: decorator
@inline
function negatedPanel(f: Cholesky, i: i32): usize {
  return f.negated + <usize>(i - f.i0) * f.step;
}

/**
 * Columns of tiles j .. j1, which belong to the block of columns from j0 on, of row panels i .. end: all below the
 * diagonal.
 */
function solveTiles(f: Cholesky, i: i32, end: i32, j0: i32, j: i32, j1: i32): void {
  const L = f.L;
  for (; j < j1; j++) {
    const Lj = rowPanel(L, j);
    const sj = f.signs + (<usize>j << 5);
    const ij = f.inverses + (<usize>j << 5);
    for (let r = i; r < end; r++) {
      const own = negatedPanel(f, r);
      const tile = rowPanel(L, r) + (<usize>j << 7);
      madd44(tile, own + (<usize>j0 << 7), Lj + (<usize>j0 << 7), (j - j0) << 2);
      solveTile(tile, own + (<usize>j << 7), Lj + (<usize>j << 7), sj, ij);
      addSquare(f, r, tile);
    }
  }
}

// @ts-ignore: decorator
@inline
function addSquare(f: Cholesky, i: i32, tile: usize): void {
  const to = f.squares + (<usize>i << 4);
  v128.store(to, f64x2.add(v128.load(to), square44(tile)));
}

/** The tiles of some row panels left of the block, and G of their own columns. */
function leftTask(record: usize, index: i32, _thread: i32): void {
  const f = changetype<Cholesky>(record);
  const L = f.L;
  const i0 = f.i0;
  const i = i0 + index * f.rows;
  const end = min(f.i1, i + f.rows);
  const P = f.P;
  const pStep = f.pStep;
  memory.fill(f.squares + (<usize>i << 4), 0, <usize>(end - i) << 4);
  if (f.s) memory.fill(rowPanel(L, i), 0, rowPanel(L, end) - rowPanel(L, i));
  for (let j0 = 0; j0 < end; j0 += BLOCK) {
    const j1 = min(end, j0 + BLOCK);
    if (f.s) addProducts(L, i, end, j0, j1, P + <usize>i * pStep, pStep, P, pStep, 0, f.s);
    if (j0 >= i0) continue;
    const before = min(j1, i0);
    addProducts(L, i, end, j0, before, negatedPanel(f, i), f.step, L, 0, 0, j0 << 2);
    solveTiles(f, i, end, j0, j0, before);
  }
}

/**
 * Products of the columns left of the block that the tiles of column panels from j0 on take before those of the
 * block: whole chains.
 */
// @ts-ignore: decorator
@inline
function early(i0: i32, j0: i32): i32 {
  return j0 <= i0 ? j0 << 2 : (i0 << 2) / CHAIN * CHAIN;
}

/** What the columns left of the block do to its own, in some row panels. */
function ownTask(record: usize, index: i32, _thread: i32): void {
  const f = changetype<Cholesky>(record);
  const i = f.i0 + index * f.rows;
  const end = min(f.i1, i + f.rows);
  for (let j0 = f.i0 / BLOCK * BLOCK; j0 < end; j0 += BLOCK) {
    const j1 = min(end, j0 + BLOCK);
    addProducts(f.L, i, end, max(j0, f.i0), j1, negatedPanel(f, i), f.step, f.L, 0, 0, early(f.i0, j0));
  }
}

/** Row panels below the diagonal of the column panels f.j .. f.j1. */
function belowTask(record: usize, index: i32, _thread: i32): void {
  const f = changetype<Cholesky>(record);
  const i = f.j1 + index * f.rows;
  const end = min(f.i1, i + f.rows);
  const j0 = f.j / BLOCK * BLOCK;
  addProducts(f.L, i, end, f.j, f.j1, negatedPanel(f, i), f.step, f.L, 0, early(f.i0, j0), j0 << 2);
  solveTiles(f, i, end, j0, f.j, f.j1);
}

/**
 * The tiles of the column panels f.j .. f.j1 on and above their last diagonal tile. Returns the column of a forbidden
 * pivot, or -1.
 */
function diagonalTiles(f: Cholesky): i32 {
  const L = f.L;
  const end = f.j1;
  const j0 = f.j / BLOCK * BLOCK;
  addProducts(L, f.j, end, f.j, end, negatedPanel(f, f.j), f.step, L, 0, early(f.i0, j0), j0 << 2);
  for (let j = f.j; j < end; j++) {
    const own = negatedPanel(f, j);
    const tile = rowPanel(L, j) + (<usize>j << 7);
    madd44(tile, own + (<usize>j0 << 7), rowPanel(L, j) + (<usize>j0 << 7), (j - j0) << 2);
    for (let k: usize = 0; k < 160; k += 40) store<f64>(tile + k, load<f64>(tile + k) - f.shift);
    const k = diagonal(f, j, tile, own + (<usize>j << 7));
    if (k < 4) {
      f.gapless = f.leastPivot < SMOOTH * f.shift;
      return (j << 2) + k;
    }
    addSquare(f, j, tile);
    solveTiles(f, j + 1, end, j0, j, j + 1);
  }
  return -1;
}

/** Row panels i0 .. i1 of the factor. Returns the column of a forbidden pivot, or -1. */
function block(f: Cholesky): i32 {
  const record = changetype<usize>(f);
  const rows = f.i1 - f.i0;
  f.rows = threads == 1 ? rows : max(1, min(CHOLESKY_TASK, rows / (2 * threads))); // the last block may be narrow
  parallelFor(leftTask, tasksFor(f, rows), record);
  parallelFor(ownTask, tasksFor(f, rows), record);
  for (f.j = f.i0; f.j < f.i1; f.j = f.j1) {
    f.j1 = min(f.i1, (f.j / BLOCK + 1) * BLOCK);
    const failed = diagonalTiles(f);
    if (failed >= 0) return failed;
    parallelFor(belowTask, tasksFor(f, f.i1 - f.j1), record);
  }
  for (let i = f.i0; i < f.i1; i++) f.growth += hsum(v128.load(f.squares + (<usize>i << 4)));
  return -1;
}

/**
 * A factorisation of G - shift I in L, none of it done: Cholesky where `definite`,
 * of which up to `mayDeflate` columns may be deflated; else
 * L S L^T, whose negative pivots are counted.
 */
export function begin(L: usize, n: i32, shift: f64, definite: bool, mayDeflate: i32): Cholesky {
  const f = changetype<Cholesky>(alloc(offsetof<Cholesky>()));
  const count = panels(n);
  f.L = L;
  f.n = n;
  f.shift = shift;
  f.definite = definite;
  f.gapless = false;
  f.mayDeflate = mayDeflate;
  f.deflated = 0;
  f.negativePivots = 0;
  f.panelsDone = 0;
  f.columns = n;
  f.growth = 0;
  f.leastPivot = Infinity;
  f.signs = alloc(<u64>count << 5);
  f.inverses = alloc(<u64>count << 5);
  f.squares = alloc(<u64>count << 4);
  f.step = <usize>count << 7;
  f.negated = alloc(<u64>min(count, BLOCK) * f.step);
  return f;
}

/**
 * Where the block of row panels from i0 on ends: blocks grow from a few panels on, for an early failure to cost little.
 */
export function next(i0: i32, i1: i32): i32 {
  return min(i1, i0 + min(BLOCK, max(FIRST, i0)));
}

/**
 * Goes on to row panel `to` of G = P^T P (s > 0), or of the triangle that L holds (s = 0). False where a definite
 * factorisation fails.
 */
export function proceed(f: Cholesky, to: i32, P: usize, ld: i32, s: i32): bool {
  f.P = P;
  f.pStep = <usize>ld << 5;
  f.s = s;
  while (f.panelsDone < to) {
    f.i0 = f.panelsDone;
    f.i1 = next(f.i0, to);
    const failed = block(f);
    if (failed >= 0) {
      f.columns = failed;
      return false;
    }
    f.panelsDone = f.i1;
  }
  return true;
}

/**
 * Factors the triangle in L less shift I: Cholesky where `definite`,
 * which ends at the first pivot that is not positive, else L S L^T.
 */
export function factor(L: usize, n: i32, shift: f64, definite: bool): Cholesky {
  const f = begin(L, n, shift, definite, 0);
  proceed(f, panels(n), 0, 0, 0);
  return f;
}

/** The pivot of column j, in absolute value; infinite where it was deflated. */
export function pivot(f: Cholesky, j: i32): f64 {
  const root = load<f64>(rowPanel(f.L, j >> 2) + (<usize>j << 5) + (<usize>(j & 3) << 3));
  return root * root;
}

/** Whether the pivot of column j was negative. */
export function isNegative(f: Cholesky, j: i32): bool {
  return load<f64>(f.signs + (<usize>j << 3)) < 0;
}

/** Whether column j was deflated. */
export function isDeflated(f: Cholesky, j: i32): bool {
  return pivot(f, j) == Infinity;
}

/** How many columns are before the first that was deflated, or where f ends. */
export function columnsBeforeDeflated(f: Cholesky): i32 {
  let j = 0;
  while (j < f.columns && !isDeflated(f, j)) j++;
  return j;
}
