// Singular vectors of one side, of as many of the largest singular values as are wanted.
//
// A = U B V^T in one stage, whose reflectors are kept; the values by bisection.ts; the vectors of B by inverse
// iteration with the matrix [0 B; B^T 0], rows and columns taken in turns, which is tridiagonal: its eigenvectors hold
// those of both sides. Values that stand together have vectors that inverse iteration does not tell apart: random
// starts span what they should, and a Householder QR of all of them makes them orthonormal, which moves the others by
// no more than their rounding; as random vectors may be nearly dependent, one more step from what is orthonormal then
// takes back what that has cost. Then U or V is applied. None of this is trusted further than that: V is orthonormal by
// construction, and whoever uses it computes what it leaves.
// Cost: 4 m n^2 - 4/3 n^3 flops at memory speed, 6 n k^2 or so at the tile rate for k vectors.
// Source: Golub & Kahan 1965; Wilkinson 1965, chapter 5, 48-56; Ipsen 1997 (inverse iteration).
import { alloc, calloc, mark, release } from '../base/arena';
import { INVERSE_ITERATIONS, QR_BLOCK, SHIFT_AWAY, TOGETHER, U } from '../base/params';
import { next, scrambled, SEED } from '../base/random';
import { dot, scaleColumn } from '../blas/level1';
import { applyBlockQ, createBlock, formBlock } from '../factor/compact-wy';
import { orthonormal } from '../factor/orthonormal';
import { column, createColumns, leading } from '../matrix/columns';
import { finish, valuesOf } from './bidiagonal';
import { createReflectors, golubKahan, Reflectors } from './golub-kahan';

/** What is known of W = U B V^T. */
@unmanaged
export class Decomposition {
  m: i32;
  n: i32;
  /** All n singular values, descending. */
  values: usize;
  /**
   * d_1, e_1, d_2, e_2, ... of B times `scale`, 2 n of them, the last zero; their largest singular value is at most
   * `bound`.
   */
  beside: usize;
  scale: f64;
  bound: f64;
  reflectors: Reflectors;
}

/**
 * Of W, m x n column-major with m >= n, destroyed. left: for left singular vectors. The record stays above the caller's
 * mark.
 */
export function decompose(W: usize, ld: i32, m: i32, n: i32, left: bool): Decomposition {
  const s = changetype<Decomposition>(alloc(offsetof<Decomposition>()));
  s.m = m;
  s.n = n;
  s.values = calloc(<u64>max(n, 1) << 3);
  s.beside = calloc(<u64>(n + 1) << 4);
  s.reflectors = createReflectors(W, ld, n, left);
  const start = mark();
  const d = calloc(<u64>(n + 1) << 4);
  const e = d + (<usize>n << 3);
  golubKahan(W, ld, m, n, d, s.reflectors, -1);
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    store<f64>(s.beside + (i << 1), load<f64>(d + i));
    store<f64>(s.beside + (i << 1), load<f64>(e + i), 8);
  }
  const B = finish(n, d, e);
  s.scale = B.scale;
  s.bound = B.bound * B.scale;
  scaleColumn(s.beside, B.scale, 2 * n);
  valuesOf(B, 0, n, s.values);
  release(start);
  return s;
}

/** A row of the upper factor of P L U = T - x I, its diagonal inverted, and what it took from the next row. */
@unmanaged
class Row {
  inverse: f64;
  next: f64;
  second: f64;
  multiplier: f64;
  swapped: f64;
}

const ROW = offsetof<Row>();

/** A pivot, or where it vanishes one as small as rounding. */
// @ts-ignore: decorator
@inline
function pivot(x: f64): f64 {
  return abs(x) > U * U ? x : U;
}

/** Elimination with partial pivoting of the tridiagonal matrix of order N with `beside` beside its diagonal of -x. */
function eliminate(rows: usize, beside: usize, N: i32, x: f64): void {
  let a = -x;
  let b = load<f64>(beside);
  for (let k = 0; k < N - 1; k++) {
    const row = changetype<Row>(rows);
    const o = load<f64>(beside + (<usize>k << 3));
    const next = load<f64>(beside + (<usize>k << 3), 8);
    if (abs(o) > abs(a)) {
      const t = a / o;
      row.inverse = 1 / o;
      row.next = -x;
      row.second = next;
      row.multiplier = t;
      row.swapped = 1;
      a = b + t * x;
      b = -t * next;
    } else {
      const p = pivot(a);
      const t = o / p;
      row.inverse = 1 / p;
      row.next = b;
      row.second = 0;
      row.multiplier = t;
      row.swapped = 0;
      a = -x - t * b;
      b = next;
    }
    rows += ROW;
  }
  const last = changetype<Row>(rows);
  last.inverse = 1 / pivot(a);
  last.next = 0;
  last.second = 0;
}

/** y <- (T - x I)^-1 y, times what makes its largest element 1. y has two zeros behind it. */
function solve(rows: usize, y: usize, N: i32): void {
  let row = rows;
  let carried = load<f64>(y);
  for (let k = 0; k < N - 1; k++) {
    const r = changetype<Row>(row);
    const at = y + (<usize>k << 3);
    const below = load<f64>(at, 8);
    const swapped = r.swapped != 0;
    const own = swapped ? below : carried;
    store<f64>(at, own);
    carried = (swapped ? carried : below) - r.multiplier * own;
    row += ROW;
  }
  store<f64>(y + (<usize>(N - 1) << 3), carried);
  let one: f64 = 0;
  let two: f64 = 0;
  let most: f64 = 0;
  for (let k = N - 1; k >= 0; k--) {
    const r = changetype<Row>(row);
    const at = y + (<usize>k << 3);
    const v = (load<f64>(at) - r.next * one - r.second * two) * r.inverse;
    store<f64>(at, v);
    most = max<f64>(most, abs(v));
    two = one;
    one = v;
    row -= ROW;
  }
  scaleColumn(y, 1 / most, N);
}

/** From -1 to 1. */
function random(at: usize): f64 {
  const state = next(load<u64>(at));
  store<u64>(at, state);
  return <f64>(<i64>scrambled(state) >> 11) * f64.EPSILON;
}

/**
 * The vectors of B for its k largest values, of U or V, into the columns of X; not yet orthogonal where values stand
 * together. They start from random ones, or `again` from those in X.
 */
function iterate(s: Decomposition, k: i32, X: usize, ld: i32, again: bool): void {
  const start = mark();
  const N = 2 * s.n;
  const rows = alloc(<u64>N * ROW);
  const y = calloc(<u64>(N + 2) << 3);
  const half: usize = s.reflectors.left ? 8 : 0;
  const state = alloc(8);
  store<u64>(state, SEED);
  for (let j = 0; j < k; j++) {
    const x = column(X, ld, j);
    eliminate(rows, s.beside, N, load<f64>(s.values + (<usize>j << 3)) * s.scale + SHIFT_AWAY * s.bound);
    for (let i = 0; !again && i < N; i++) store<f64>(y + (<usize>i << 3), random(state));
    for (let i = 0; again && i < s.n; i++) {
      const at = y + (<usize>i << 4);
      store<f64>(at, 0);
      store<f64>(at, 0, 8);
      store<f64>(at + half, load<f64>(x + (<usize>i << 3)));
    }
    for (let i = again ? INVERSE_ITERATIONS - 1 : 0; i < INVERSE_ITERATIONS; i++) solve(rows, y, N);
    for (let i = 0; i < s.n; i++) store<f64>(x + (<usize>i << 3), load<f64>(y + half + (<usize>i << 4)));
    scaleColumn(x, 1 / Math.sqrt(dot(x, x, s.n)), s.n);
  }
  release(start);
}

/** Whether two of the k largest values, or the next, stand together. */
function clustered(s: Decomposition, k: i32): bool {
  for (let j = 1; j < min(k + 1, s.n); j++) {
    const at = s.values + (<usize>j << 3);
    if ((load<f64>(at - 8) - load<f64>(at)) * s.scale <= TOGETHER * s.bound) return true;
  }
  return false;
}

/** The singular vectors of the k largest values as the columns of `out`: m or n of leading(), fresh zeros. */
export function vectors(s: Decomposition, k: i32, out: usize): void {
  if (k == 0) return;
  const start = mark();
  const q = s.reflectors;
  const n = s.n;
  const size = q.left ? s.m : n;
  const ld = leading(size);
  const X = createColumns(n, k);
  iterate(s, k, X, leading(n), false);
  const B = createColumns(n, k);
  orthonormal(X, leading(n), n, k, 0, k, B);
  if (clustered(s, k)) {
    const bytes = <usize>leading(n) * k << 3;
    memory.copy(X, B, bytes);
    memory.fill(B, 0, bytes);
    iterate(s, k, X, leading(n), true);
    orthonormal(X, leading(n), n, k, 0, k, B);
  }
  for (let j = 0; j < k; j++) memory.copy(column(out, ld, j), column(B, leading(n), j), <usize>n << 3);
  // The reflectors in blocks, the last first; those of V begin one row further down.
  const down = q.left ? 0 : 1;
  const count = q.left ? n : n - 1;
  const block = createBlock(size, QR_BLOCK);
  for (let j = ((count - 1) / QR_BLOCK) * QR_BLOCK; j >= 0 && count; j -= QR_BLOCK) {
    const at = column(q.A, q.ld, j) + (<usize>(j + down) << 3);
    formBlock(block, at, q.ld, size - j - down, min(QR_BLOCK, count - j), q.taus + (<usize>j << 3));
    applyBlockQ(block, out, ld, j + down, 0, k);
  }
  release(start);
}
