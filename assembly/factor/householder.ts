// Householder QR of a panel of columns, in the order given or the longest remaining one first.
//
// A reflector is applied in the pass over the columns behind it that forms their products with the next one: half of
// the memory traffic of two passes. The next pivot is known before, since a column's squared length loses r_kj^2 at
// step k, which its product tells; a length that has cancelled is computed anew, and that step takes two passes.
//
// The panel's R overwrites its upper triangle, the reflectors v_j = (1, x) stand below the diagonal,
// H_j = I - tau_j v_j v_j^T.
// Layout: column-major (matrix/columns.ts). Cost: 2 m b^2 flops for b columns. Source:
// Golub & Van Loan 5.2; Businger & Golub 1965; Drmac & Bujanovic 2008 (lengths that cancel).
import { alloc, calloc, mark, release } from '../base/arena';
import { CANCELLED, TINY } from '../base/params';
import { hsum, madd } from '../base/simd';
import { axpy, dot, norm, scaleColumn, swapColumns, swapIndices } from '../blas/level1';
import { column } from '../matrix/columns';

/** Columns of a matrix from some row down, and room for what becomes of them. It lives above its maker's mark. */
@unmanaged
export class Panel {
  /** The first element; columns are ld elements apart. */
  A: usize;
  ld: i32;
  rows: i32;
  columns: i32;
  /** Reflectors at most. */
  most: i32;
  /** tau of each reflector. */
  taus: usize;
  /** Squared length of what remains of each column. */
  squares: usize;
  /** The same when it was last computed from the column: in between, what each step takes is subtracted. */
  measured: usize;
  /** What each column takes of the last reflector, or its product with that. */
  weights: usize;
  /** The reflector that waits and the one after it, room for two numbers before each; a column of zeros. */
  last: usize;
  next: usize;
  zeros: usize;
}

export function createPanel(A: usize, ld: i32, rows: i32, columns: i32, taus: usize, squares: usize): Panel {
  const p = changetype<Panel>(alloc(offsetof<Panel>()));
  p.A = A;
  p.ld = ld;
  p.rows = rows;
  p.columns = columns;
  p.most = min(rows, columns);
  p.taus = taus;
  p.squares = squares;
  return p;
}

function measureColumn(p: Panel, k: i32, j: i32): void {
  const a = column(p.A, p.ld, j) + (<usize>k << 3);
  const square = dot(a, a, p.rows - k);
  store<f64>(p.squares + (<usize>j << 3), square);
  store<f64>(p.measured + (<usize>j << 3), square);
}

/** Whether column j's squared length has lost its digits since it was measured; NaN has. */
// @ts-ignore: decorator
@inline
function hasCancelled(p: Panel, j: i32): bool {
  return !(load<f64>(p.squares + (<usize>j << 3)) > CANCELLED * load<f64>(p.measured + (<usize>j << 3)));
}

/** The longest remaining column from k on. */
function longest(p: Panel, k: i32): i32 {
  let most: f64 = -1;
  let best = k;
  for (let j = k; j < p.columns; j++) {
    const s = load<f64>(p.squares + (<usize>j << 3));
    if (s > most) {
      most = s;
      best = j;
    }
  }
  return best;
}

/** Exchanges columns k and j, of which `above` elements stand above the panel, and all that is known of them. */
function exchange(p: Panel, k: i32, j: i32, above: i32, perm: usize): void {
  const top = p.A - (<usize>above << 3);
  swapColumns(column(top, p.ld, k), column(top, p.ld, j), p.ld);
  swapIndices(perm, k, j);
  swapNumbers(p.squares, k, j);
  swapNumbers(p.measured, k, j);
  swapNumbers(p.weights, k, j);
}

function swapNumbers(list: usize, i: i32, j: i32): void {
  const p = list + (<usize>i << 3);
  const q = list + (<usize>j << 3);
  const x = load<f64>(p);
  store<f64>(p, load<f64>(q));
  store<f64>(q, x);
}

/** Makes the reflector of column k: in its place, and in p.next, with zeros in the pair of rows before and behind. */
function makeReflector(p: Panel, k: i32): void {
  const length = p.rows - k;
  const a = column(p.A, p.ld, k) + (<usize>k << 3);
  const v = p.next + (<usize>k << 3);
  const alpha = load<f64>(a);
  const size = norm(a, length);
  const beta = alpha > 0 ? -size : size;
  const whole = size >= TINY;
  store<f64>(p.taus + (<usize>k << 3), whole ? (beta - alpha) / beta : 0);
  if (whole) {
    scaleColumn(a + 8, 1 / (alpha - beta), length - 1);
    store<f64>(a, beta);
  }
  memory.copy(v, a, <usize>length << 3);
  store<f64>(v, 1);
  store<f64>(v + (<usize>length << 3), 0);
  v128.store(v - 16, f64x2.splat(0));
}

/**
 * Columns from j on, four at a time: what p.last has left to do to them, from row k on, times p.weights,
 * and their products with p.next in the place of those.
 */
function pass(p: Panel, k: i32, j: i32): void {
  const step = <usize>p.ld << 3;
  const v = p.last;
  const next = p.next;
  const end = <usize>p.rows << 3;
  for (; j < p.columns; j += 4) {
    const some = p.columns - j;
    const c = column(p.A, p.ld, j);
    const c1 = some > 1 ? c + step : p.zeros;
    const c2 = some > 2 ? c + 2 * step : p.zeros;
    const c3 = some > 3 ? c + 3 * step : p.zeros;
    const w = p.weights + (<usize>j << 3);
    const w0 = v128.load64_splat(w);
    const w1 = v128.load64_splat(w, 8);
    const w2 = v128.load64_splat(w, 16);
    const w3 = v128.load64_splat(w, 24);
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let o = <usize>(k & ~1) << 3; o < end; o += 16) {
      const x = v128.load(v + o);
      const y = v128.load(next + o);
      let a = madd(w0, x, v128.load(c + o));
      v128.store(c + o, a);
      s0 = madd(y, a, s0);
      a = madd(w1, x, v128.load(c1 + o));
      v128.store(c1 + o, a);
      s1 = madd(y, a, s1);
      a = madd(w2, x, v128.load(c2 + o));
      v128.store(c2 + o, a);
      s2 = madd(y, a, s2);
      a = madd(w3, x, v128.load(c3 + o));
      v128.store(c3 + o, a);
      s3 = madd(y, a, s3);
    }
    store<f64>(w, hsum(s0));
    store<f64>(w, hsum(s1), 8);
    store<f64>(w, hsum(s2), 16);
    store<f64>(w, hsum(s3), 24);
  }
}

/**
 * Of the products with reflector k: by how much columns behind it change. With `squares` what remains of their squared
 * lengths, too; false where that has cancelled.
 */
function weigh(p: Panel, k: i32, squares: bool): bool {
  const tau = load<f64>(p.taus + (<usize>k << 3));
  let whole = true;
  for (let j = k + 1; j < p.columns; j++) {
    const at = <usize>j << 3;
    const w = -tau * load<f64>(p.weights + at);
    store<f64>(p.weights + at, w);
    if (!squares) continue;
    const r = load<f64>(column(p.A, p.ld, j) + (<usize>k << 3)) + w;
    store<f64>(p.squares + at, load<f64>(p.squares + at) - r * r);
    if (hasCancelled(p, j)) whole = false;
  }
  return whole;
}

/** Squared lengths from row k down, of the columns whose own has cancelled. */
function measureCancelled(p: Panel, k: i32): void {
  for (let j = k; j < p.columns; j++) if (hasCancelled(p, j)) measureColumn(p, k, j);
}

/**
 * A reflector waits until the next one is known: one pass then applies it and forms the products with the next.
 * perm: 0 where columns stay in order.
 */
function factorColumns(p: Panel, above: i32, perm: usize, limit: f64, count: i32): i32 {
  const start = mark();
  const n = p.columns;
  const squares = perm != 0 || limit >= 0;
  const bytes = <u64>(p.rows + 4) << 3;
  p.last = calloc(bytes) + 16;
  p.next = alloc(bytes) + 16;
  p.zeros = calloc(bytes);
  p.weights = calloc(<u64>(n + 3) << 3);
  p.measured = alloc(<u64>n << 3);
  for (let j = 0; squares && j < n; j++) measureColumn(p, 0, j);
  let k = 0;
  let waits = false;
  for (; k < p.most; k++) {
    if (squares) {
      const best = longest(p, k);
      if (load<f64>(p.squares + (<usize>best << 3)) * <f64>(count - k) <= limit) break;
      if (perm && best != k) exchange(p, k, best, above, perm);
    }
    const before = max(k - 1, 0);
    if (waits) {
      const o = <usize>before << 3;
      axpy(column(p.A, p.ld, k) + o, p.last + o, load<f64>(p.weights + (<usize>k << 3)), p.rows - before);
    }
    makeReflector(p, k);
    pass(p, before, k + 1);
    const v = p.last;
    p.last = p.next;
    p.next = v;
    waits = true;
    if (weigh(p, k, squares)) continue;
    pass(p, k, k + 1);
    memory.fill(p.weights, 0, <usize>n << 3);
    measureCancelled(p, k + 1);
    waits = false;
  }
  if (waits) pass(p, k - 1, k);
  release(start);
  return k;
}

/**
 * Factors the panel in the order given. Ends early when the largest square that remains, times the `count` columns of
 * the matrix that are left, is within `limit`: never for a negative one. Returns the number of reflectors.
 */
export function factorPanel(p: Panel, limit: f64, count: i32): i32 {
  return factorColumns(p, 0, 0, limit, count);
}

/**
 * Factors the panel, the longest remaining column first: whole columns are exchanged, of which `above` elements stand
 * above the panel, and the entries of perm, whose first is of the panel's first column.
 * Ends early as factorPanel() does.
 */
export function factorPanelPivoted(p: Panel, above: i32, perm: usize, limit: f64): i32 {
  return factorColumns(p, above, perm, limit, p.columns);
}
