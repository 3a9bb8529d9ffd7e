// A few dependent columns: Cholesky has set them aside (cholesky.ts), all others are independent beyond the tolerance. Each is expressed by
// the others: generalised conjugate residuals (GCR) on A itself, the factor at hand as preconditioner. The vectors v so found,
// A v ~ 0, are made orthonormal, and ||A V||_F bounds the singular values left. docs/certificates.md, "A few dependent columns".
// Cost: some five passes over A and over the factor for each column. Source: Eisenstat, Elman & Schultz 1983.
import { alloc, mark, release } from './arena';
import * as cholesky from './cholesky';
import * as claim from './claim';
import { axpy, column, createColumns, dot, leading, norm, scaleColumn } from './columns';
import { image } from './norms';
import { U } from './params';
import * as scan from './scan';
import { aside, solve } from './substitution';
import { combine, spread4 } from './vectors';
import * as source from './source';

/** Directions at most for one column. */
const STEPS: i32 = 12;

let P: usize = 0;
let s: i32 = 0;
let order: usize = 0;
let L: usize = 0;
let p: i32 = 0;
let N: usize = 0;
let M: usize = 0;
let r: usize = 0; // scratch: rows in the order of P
let g: usize = 0;

// @ts-ignore: decorator
@inline
function at(x: usize, i: i32): usize {
  return x + (<usize>i << 3);
}

/** d(K) ~ what takes A d nearest to y, by the normal equations of W and then the pivot block; d is zero elsewhere. */
function correct(d: usize, y: usize): void {
  const start = mark();
  const n = source.n;
  const count = cholesky.panels(n - p);
  const step = <usize>s << 5;
  const W = P + <usize>(p >> 2) * step;
  const four = alloc(32);
  for (let k = 0; k < s; k++) store<f64>(at(r, k), load<f64>(at(y, order ? load<i32>(order + (<usize>k << 2)) : k)));
  for (let k = p; p && k < s; k += 4) {
    combine(four, N + ((<usize>(k >> 2) * <usize>p) << 5), r, p);
    axpy(at(r, k), four, 1, 4);
  }
  for (let j = 0; j < count; j++) combine(g + (<usize>j << 5), W + <usize>j * step + (<usize>p << 5), at(r, p), s - p);
  solve(L, n - p, g);
  for (let j = 0; j < count; j++) spread4(r, W + <usize>j * step, g + (<usize>j << 5), p);
  memory.fill(d, 0, <usize>p << 3);
  for (let j = 0; j < p; j += 4) spread4(d, M + ((<usize>(j >> 2) * <usize>p) << 5), at(r, j), p);
  scaleColumn(d, -1, p);
  memory.copy(at(d, p), g, <usize>(n - p) << 3);
  release(start);
}

/** Steps of the last minimise(). */
let steps: i32 = 0;

/** Changes v(K) so that ||A v|| becomes small, at most `enough` ||v||. Returns ||A v|| as it is where no step was needed. */
function minimise(v: usize, enough: f64): f64 {
  const start = mark();
  const n = source.n;
  const m = source.m;
  const images = createColumns(m, STEPS); // orthonormal, those of
  const directions = createColumns(n, STEPS);
  const y = alloc(<u64>(m + 4) << 3); // A v
  let size = image(v, y);
  let slow = 0;
  let k = 0;
  for (; k < STEPS && size > enough * norm(v, n); k++) {
    const d = column(directions, leading(n), k);
    const b = column(images, leading(m), k);
    correct(d, y);
    image(d, b);
    for (let i = 0; i < k; i++) {
      const c = column(images, leading(m), i);
      const t = -dot(b, c, m);
      axpy(b, c, t, m);
      axpy(d, column(directions, leading(n), i), t, n);
    }
    const length = norm(b, m);
    if (!(length > 0)) break;
    scaleColumn(b, 1 / length, m);
    scaleColumn(d, 1 / length, n);
    const t = -dot(b, y, m);
    axpy(v, d, t, n);
    const next = Math.sqrt(axpy(y, b, t, m));
    // One step may gain nothing: the preconditioner is not symmetric.
    if (!(next < 0.9 * size) && ++slow == 3) break;
    size = next;
  }
  steps = k;
  release(start);
  return size;
}

/**
 * An upper bound of the singular values past the number of columns not set aside. P, s rows in column panels, holds A, its rows in the `order`
 * given; or after elimination of p columns (schur.ts) B2 above W, N holding -Y, M the inverse of the pivot block.
 */
export function bound(P_: usize, s_: i32, order_: usize, L_: usize, p_: i32, N_: usize, M_: usize): f64 {
  P = P_;
  s = s_;
  order = order_;
  L = L_;
  p = p_;
  N = N_;
  M = M_;
  const n = source.n;
  const few = cholesky.negatives;
  r = alloc(<u64>(s + 4) << 3);
  g = alloc(<u64>(n + 4) << 3);
  const V = createColumns(n, few);
  const enough = 0.25 * claim.tolerance(claim.low) / Math.sqrt(few);
  let total: f64 = 0;
  let k = 0;
  for (let f = p; f < n; f++) {
    if (!aside(L, f - p)) continue;
    const v = column(V, leading(n), k);
    store<f64>(at(v, f), 1);
    // What is orthogonal to the others may be short, and is then made longer, its image too.
    let size = minimise(v, enough);
    for (let tries = 0; steps && tries < 3; tries++) {
      if (size > claim.tolerance(claim.high) * norm(v, n)) break; // independent after all
      for (let i = 0; i < 2 * k; i++) {
        const w = column(V, leading(n), i % k); // twice is enough
        axpy(v, w, -dot(v, w, n), n);
      }
      scaleColumn(v, 1 / norm(v, n), n);
      size = minimise(v, enough);
    }
    if (steps) return Infinity;
    total += size * size;
    k++;
  }
  return Math.sqrt(total) + 0.5 * U * Math.sqrt(scan.total * few);
}
