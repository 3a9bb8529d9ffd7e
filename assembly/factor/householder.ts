// Householder QR of a panel of columns, in the order given or the longest remaining one first.
//
// The panel's R overwrites its upper triangle, the reflectors v_j = (1, x) stand below the diagonal,
// H_j = I - tau_j v_j v_j^T.
// Layout: column-major (matrix/columns.ts). Cost: 2 m b^2 flops for b columns. Source:
// Golub & Van Loan 5.2; Businger & Golub 1965.
import { alloc } from '../base/arena';
import { TINY } from '../base/params';
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
  /** tau of each reflector. */
  taus: usize;
  /** Squared length of what remains of each column. */
  squares: usize;
}

export function createPanel(A: usize, ld: i32, rows: i32, columns: i32, taus: usize, squares: usize): Panel {
  const p = changetype<Panel>(alloc(offsetof<Panel>()));
  p.A = A;
  p.ld = ld;
  p.rows = rows;
  p.columns = columns;
  p.taus = taus;
  p.squares = squares;
  return p;
}

function measureColumns(p: Panel): void {
  for (let j = 0; j < p.columns; j++) {
    const a = column(p.A, p.ld, j);
    store<f64>(p.squares + (<usize>j << 3), dot(a, a, p.rows));
  }
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

/** Step k: the reflector of column k, applied to those behind it, whose squared lengths are renewed. */
function reflectColumn(p: Panel, k: i32): void {
  const squares = p.squares;
  const length = p.rows - k;
  const v = column(p.A, p.ld, k) + (<usize>k << 3);
  const alpha = load<f64>(v);
  const size = norm(v, length);
  const beta = alpha > 0 ? -size : size;
  const tau = size < TINY ? 0 : (beta - alpha) / beta;
  store<f64>(p.taus + (<usize>k << 3), tau);
  if (size < TINY) {
    for (let j = k + 1; j < p.columns; j++) {
      const x = column(p.A, p.ld, j) + (<usize>(k + 1) << 3);
      store<f64>(squares + (<usize>j << 3), dot(x, x, length - 1));
    }
    return;
  }
  scaleColumn(v + 8, 1 / (alpha - beta), length - 1);
  let j = k + 1;
  if (j + 4 <= p.columns) {
    // The whole reflector, and a zero past an odd number of rows.
    const pairs = <usize>(length + 1 & ~1) << 3;
    const past = v + (<usize>length << 3);
    const kept = load<f64>(past);
    store<f64>(v, 1);
    store<f64>(past, 0);
    for (; j + 4 <= p.columns; j += 4) {
      const x = column(p.A, p.ld, j) + (<usize>k << 3);
      reflect4(x, <usize>p.ld << 3, v, 0, pairs, tau, squares + (<usize>j << 3));
    }
    store<f64>(past, kept);
  }
  store<f64>(v, beta);
  for (; j < p.columns; j++) {
    const x = column(p.A, p.ld, j) + (<usize>k << 3);
    const x0 = load<f64>(x);
    const w = tau * (x0 + dot(v + 8, x + 8, length - 1));
    store<f64>(x, x0 - w);
    store<f64>(squares + (<usize>j << 3), axpy(x + 8, v + 8, -w, length - 1));
  }
}

/**
 * Factors the panel in the order given. Ends early when the largest square that remains, times the `count` columns of
 * the matrix that are left, is within `limit`: never for a negative one. Returns the number of reflectors.
 */
export function factorPanel(p: Panel, limit: f64, count: i32): i32 {
  measureColumns(p);
  const last = min(p.columns, p.rows);
  for (let k = 0; k < last; k++) {
    if (limit >= 0) {
      const most = load<f64>(p.squares + (<usize>longest(p, k) << 3));
      if (most * <f64>(count - k) <= limit) return k;
    }
    reflectColumn(p, k);
  }
  return last;
}

/**
 * Factors the panel, the longest remaining column first: whole columns are exchanged, of which `above` elements stand
 * above the panel, and the entries of perm, whose first is of the panel's first column.
 * Ends early as factorPanel() does.
 */
export function factorPanelPivoted(p: Panel, above: i32, perm: usize, limit: f64): i32 {
  measureColumns(p);
  const last = min(p.columns, p.rows);
  const top = p.A - (<usize>above << 3);
  for (let k = 0; k < last; k++) {
    const best = longest(p, k);
    const own = p.squares + (<usize>best << 3);
    if (load<f64>(own) * <f64>(p.columns - k) <= limit) return k;
    if (best != k) {
      swapColumns(column(top, p.ld, k), column(top, p.ld, best), p.ld);
      store<f64>(own, load<f64>(p.squares + (<usize>k << 3)));
      swapIndices(perm, k, best);
    }
    reflectColumn(p, k);
  }
  return last;
}

/** The sum of the squared lengths that remain after k steps. */
export function remainingSquare(p: Panel, k: i32): f64 {
  let sum: f64 = 0;
  for (let j = k; j < p.columns; j++) sum += load<f64>(p.squares + (<usize>j << 3));
  return sum;
}

/**
 * Four columns from c on, `step` bytes apart, made (I - h v v^T) C over bytes at .. end, v being zero in the row before
 * where `at` is an odd one. Their squared norms below the row at `at` go to `squares`. For columns of a few dozen rows.
 */
// @ts-ignore: decorator
@inline
export function reflect4(
  c: usize, step: usize, v: usize, at: usize, end: usize, h: f64, squares: usize,
): void {
  const from = at & ~15; // pairs of rows
  const c1 = c + step;
  const c2 = c1 + step;
  const c3 = c2 + step;
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let o = from; o < end; o += 16) {
    const x = v128.load(v + o);
    s0 = madd(x, v128.load(c + o), s0);
    s1 = madd(x, v128.load(c1 + o), s1);
    s2 = madd(x, v128.load(c2 + o), s2);
    s3 = madd(x, v128.load(c3 + o), s3);
  }
  const w0 = f64x2.splat(-hsum(s0) * h);
  const w1 = f64x2.splat(-hsum(s1) * h);
  const w2 = f64x2.splat(-hsum(s2) * h);
  const w3 = f64x2.splat(-hsum(s3) * h);
  // Of the first pair of rows only an even row's successor lies below.
  const below = at & 8 ? f64x2.splat(0) : f64x2.replace_lane(f64x2.splat(0), 1, 1);
  s0 = first(c + from, v + from, w0, below);
  s1 = first(c1 + from, v + from, w1, below);
  s2 = first(c2 + from, v + from, w2, below);
  s3 = first(c3 + from, v + from, w3, below);
  for (let o = from + 16; o < end; o += 16) {
    const x = v128.load(v + o);
    let y = madd(w0, x, v128.load(c + o));
    v128.store(c + o, y);
    s0 = madd(y, y, s0);
    y = madd(w1, x, v128.load(c1 + o));
    v128.store(c1 + o, y);
    s1 = madd(y, y, s1);
    y = madd(w2, x, v128.load(c2 + o));
    v128.store(c2 + o, y);
    s2 = madd(y, y, s2);
    y = madd(w3, x, v128.load(c3 + o));
    v128.store(c3 + o, y);
    s3 = madd(y, y, s3);
  }
  store<f64>(squares, hsum(s0));
  store<f64>(squares, hsum(s1), 8);
  store<f64>(squares, hsum(s2), 16);
  store<f64>(squares, hsum(s3), 24);
}

// @ts-ignore: decorator
@inline
function first(c: usize, v: usize, w: v128, below: v128): v128 {
  const x = madd(w, v128.load(v), v128.load(c));
  v128.store(c, x);
  return f64x2.mul(f64x2.mul(x, x), below);
}
