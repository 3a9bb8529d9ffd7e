// A few dependent columns: Cholesky has set them aside (cholesky.ts), all others are independent beyond the tolerance.
// Each is expressed by the others: conjugate residuals on A itself, the factor at hand as preconditioner, four columns
// sharing their directions. The vectors v so found, A v ~ 0, are made orthonormal,
// and ||A V||_F bounds the singular values left. docs/certificates.md, "A few dependent columns".
// Four vectors v are a micro-panel [n + 4][4], with their images A v, [m + 4][4], right behind;
// all panels pass A and the factor at once.
// Cost: some five passes, 6 n^2 flops for each column in each. Source: Eisenstat, Elman & Schultz 1983 (Orthomin(1));
// O'Leary 1980 for the blocks.
import { alloc, calloc } from '../base/arena';
import {
  DEFLATED_SHARE, DEFLATE_COLUMNS, REMAINDER_LEAST, RESIDUAL_AGAIN, RESIDUAL_FIRST, RESIDUAL_STEPS, SET_ASIDE,
  SHORTENED_LEAST, STEP_GAIN, TINY, U,
} from '../base/params';
import { madd44 } from '../blas/gemm';
import { subtract } from '../blas/gemv';
import { dot, scaleColumn } from '../blas/level1';
import { multiplyNonzeros, subtractNonzeros } from '../blas/sparse';
import { columnSquares } from '../blas/trsm';
import { Cholesky, isDeflated } from '../factor/cholesky';
import { solve } from '../factor/cholesky-solve';
import { PackedRows, rowOrder } from '../matrix/rows';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { applyToPanels, subtractTransposed } from '../spectrum/power';
import * as claim from './claim';

/** The vectors sought, and what passes over A need for them. It lives above its maker's mark. */
@unmanaged
export class Search {
  x: PackedRows;
  f: Cholesky;
  /** So many vectors. */
  few: i32;
  /** Bytes from one micro-panel to the next, of all of them, and from the vectors of a panel to its images. */
  step: usize;
  all: usize;
  below: usize;
  /** The vectors, above A V. */
  V: usize;
  /** Directions, above orthonormal images, and those of the step before. */
  D: usize;
  last: usize;
  /** Scratch: right-hand sides for the factor, above rows in the order of P. */
  G: usize;
  tile: usize;
  /** Squared lengths of images. */
  squares: usize;
  /** Steps of the last minimise(). */
  steps: i32;
}

/**
 * How many of n columns may be deflated, to be found dependent by passes over A:
 * none where QR of the rows at hand is cheaper.
 */
export function mayDeflate(s: i32, n: i32): i32 {
  const all = source.n;
  const pays = all >= DEFLATE_COLUMNS && (s == source.m || source.m < (all * all) >> 6);
  return pays ? min(SET_ASIDE, n / DEFLATED_SHARE) : 0;
}

// @ts-ignore: decorator
@inline
export function row(i: i32): usize {
  return <usize>i << 5;
}

/** Y = A V, micro-panels. */
export function multiply(S: Search, V: usize, Y: usize): void {
  const z = S.x.nonzeros;
  if (z) multiplyNonzeros(z, V, Y, S.all, S.step);
  else applyToPanels(V, Y, S.all, S.step);
}

/** S.G = -A^T Y. */
export function multiplyTransposed(S: Search, Y: usize): void {
  const z = S.x.nonzeros;
  memory.fill(S.G, 0, S.all);
  if (z) subtractNonzeros(z, Y, S.G, S.all, S.step);
  else subtractTransposed(Y, S.G, S.all, S.step);
}

/** The same of the nonzeros of A. */
function correctByNonzeros(S: Search): void {
  multiplyTransposed(S, S.V + S.below);
  solve(S.f, S.G, S.all, S.step);
  for (let b: usize = 0; b < S.all; b += S.step) memory.copy(S.D + b, S.G + b, row(source.n));
}

/** D(K) ~ what takes A D nearest to A V, by the normal equations of W and then the pivot block; D is zero elsewhere. */
function correct(S: Search): void {
  const x = S.x;
  if (x.nonzeros) return correctByNonzeros(S);
  const s = x.s;
  const p = x.p;
  const q = source.n - p;
  const V = S.V;
  const D = S.D;
  const G = S.G;
  const all = S.all;
  const step = S.step;
  const W = x.P + row(p >> 2) * s;
  const R = G + S.below;
  const first = row(p);
  const order = rowOrder(x);
  for (let k = 0; k < s; k++) {
    const i = load<i32>(order + (<usize>k << 2));
    for (let b: usize = 0; b < all; b += step) memory.copy(R + b + row(k), V + b + S.below + row(i), 32);
  }
  for (let k = p; p && k < s; k += 4) {
    for (let b: usize = 0; b < all; b += step) madd44(R + b + row(k), R + b, x.N + row(k >> 2) * p, p);
  }
  for (let j = 0; j < q; j += 4) {
    const w = W + row(j >> 2) * s;
    for (let b: usize = 0; b < all; b += step) {
      memory.fill(G + b + row(j), 0, 128);
      madd44(G + b + row(j), R + b + first, w + first, s - p);
    }
  }
  solve(S.f, G, all, step);
  for (let j = 0; j < q; j += 4) {
    for (let b: usize = 0; b < all; b += step) subtract(R + b, W + row(j >> 2) * s, G + b + row(j), p);
  }
  for (let b: usize = 0; b < all; b += step) {
    memory.fill(D + b, 0, first);
    for (let j = 0; j < p; j += 4) subtract(D + b, x.M + row(j >> 2) * p, R + b + row(j), p);
    scaleColumn(D + b, -1, p << 2);
    memory.copy(D + b + first, G + b, row(q));
  }
}

/**
 * Y -= X C, C = X^T Y of `count` rows from an offset: what lies along an orthonormal
 * X is taken from Y, above and below.
 */
function project(S: Search, X: usize, Y: usize, from: usize, count: i32): void {
  memory.fill(S.tile, 0, 128);
  madd44(S.tile, Y + from, X + from, count);
  subtract(Y, X, S.tile, <i32>(S.step >> 5));
}

/**
 * Makes those rows of X orthonormal: first their lengths, then Gram and Schmidt. A vector whose square is not above
 * `least`, then or of what the others leave of it, becomes zero.
 */
function orthonormalise(S: Search, X: usize, from: usize, count: i32, least: f64): void {
  const tile = S.tile;
  const T = tile + 128;
  let known = false;
  for (let c: usize = 0; c < 8; c++) {
    memory.fill(T, 0, 128);
    if (!known) {
      memory.fill(tile, 0, 128);
      madd44(tile, X + from, X + from, count);
    }
    let o = (c & 3) * 40;
    const square = load<f64>(tile + o);
    known = square == 0;
    if (known) continue; // no vector, or none any more
    const inverse = square > (c < 4 ? least : max<f64>(least, REMAINDER_LEAST)) ? 1 / square : 0;
    store<f64>(T + o, 1 - Math.sqrt(inverse));
    if (c > 3) while ((o += 8) & 31) store<f64>(T + o, load<f64>(tile + o) * inverse);
    subtract(X, X, T, <i32>(S.step >> 5));
  }
}

/** ||X||_F of `count` rows of all panels. */
export function size(S: Search, X: usize, count: i32): f64 {
  let sum: f64 = 0;
  for (let b: usize = 0; b < S.all; b += S.step) sum += dot(X + b, X + b, count << 2);
  return Math.sqrt(sum);
}

/** Renews the squared lengths of the images. Whether one above `enough` has lost three quarters of it, or more. */
function gains(S: Search, enough: f64): bool {
  let gain = false;
  for (let c = 0, b: usize = 0; b < S.all; b += S.step) {
    columnSquares(S.V + b + S.below, 1, source.m, S.tile);
    for (let o: usize = 0; o < 32; o += 8, c++) {
      const own = S.squares + (<usize>c << 3);
      const last = load<f64>(own);
      const next = load<f64>(S.tile + o);
      if (last > enough && next < STEP_GAIN * last) gain = true;
      store<f64>(own, next);
    }
  }
  return gain;
}

/**
 * Changes V(K) so that ||A V||_F becomes small, at most `enough` ||V||_F.
 * Returns ||A V||_F as it is where no step was needed.
 */
export function minimise(S: Search, enough: f64): f64 {
  const n = source.n;
  const m = source.m;
  const V = S.V;
  const D = S.D;
  const all = S.all;
  const step = S.step;
  const below = S.below;
  multiply(S, V, V + below);
  gains(S, 0);
  let k = 0;
  for (; k < RESIDUAL_STEPS && size(S, V + below, m) > enough * size(S, V, n); k++) {
    correct(S);
    multiply(S, D, D + below);
    for (let b: usize = 0; b < all; b += step) {
      project(S, S.last + b, D + b, below, m);
      orthonormalise(S, D + b, below, m, TINY);
      project(S, D + b, V + b, below, m);
    }
    memory.copy(S.last, D, all);
    if (!gains(S, enough * enough)) {
      // Dependent columns gain a factor of 30 and more a step. This one has changed V all the same.
      k++;
      break;
    }
  }
  S.steps = k;
  return size(S, V + below, m);
}

/** Makes V orthonormal, twice; images go with it. What is orthogonal to the others may be short, and becomes longer. */
export function orthonormaliseAll(S: Search): void {
  const n = source.n;
  const V = S.V;
  for (let b: usize = 0; b < S.all; b += S.step) {
    for (let twice = 0; twice < 2; twice++) {
      for (let a: usize = 0; a < b; a += S.step) project(S, V + a, V + b, 0, n);
      orthonormalise(S, V + b, 0, n, twice ? SHORTENED_LEAST : TINY);
    }
  }
}

/** The unit vectors of the columns that f has deflated, of those of x. */
export function openSearch(x: PackedRows, f: Cholesky): Search {
  const S = changetype<Search>(alloc(offsetof<Search>()));
  S.x = x;
  S.f = f;
  S.few = f.deflated;
  S.below = row(source.n + 4);
  S.step = S.below + row(source.m + 4);
  S.all = S.step * ((f.deflated + 3) >> 2);
  S.tile = alloc(256);
  S.squares = alloc(<u64>(f.deflated + 3) << 3);
  S.G = alloc(S.all);
  S.V = calloc(S.all);
  S.D = calloc(S.all);
  S.last = calloc(S.all);
  for (let j = x.p, k = 0; j < source.n; j++) {
    if (!isDeflated(f, j - x.p)) continue;
    store<f64>(S.V + S.step * (k >> 2) + row(j) + (<usize>(k & 3) << 3), 1);
    k++;
  }
  return S;
}

/**
 * An upper bound of all but n - few singular values. Infinity where there is none within the tolerance: columns of V
 * are independent after all.
 */
export function nullSpaceBound(S: Search): f64 {
  const few = <f64>S.few;
  const enough = claim.tolerance(claim.low) / Math.sqrt(few);
  for (let tries = 0; tries < 4; tries++) {
    const rest = minimise(S, (tries ? RESIDUAL_AGAIN : RESIDUAL_FIRST) * enough);
    const length = size(S, S.V, source.n);
    // None of them may have become zero, nor have come out of rounding.
    if (!S.steps && length * length > few - 0.5) return rest + 0.5 * U * Math.sqrt(scan.total * few);
    if (rest > claim.tolerance(claim.low) * length) break;
    orthonormaliseAll(S);
  }
  return Infinity;
}
