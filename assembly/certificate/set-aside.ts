// What the columns that Cholesky has set aside come to: all of them dependent, or some with singular values of their
// own, too small for a Gram matrix and far above the tolerance. docs/certificates.md, "A few small singular values".
//
// The vectors of null-space.ts, made orthonormal, and their images Y = A V tell them apart: Gram and Schmidt on Y, the
// longest first, which V goes along with. The r that stay long are V1, A V1 ~ orthonormal; with the columns K that were
// not set aside they span a space on which A is large. The others go back to null-space.ts.
// Layout: as there; by columns (V above Y) for Gram and Schmidt. Cost: some three passes over A more.
import { alloc, calloc, mark, release } from '../base/arena';
import { GUARD, SMALL_ABOVE, U } from '../base/params';
import { madd44 } from '../blas/gemm';
import { axpy, dot, scaleColumn, swapColumns } from '../blas/level1';
import { Cholesky, isDeflated } from '../factor/cholesky';
import { column, leading } from '../matrix/columns';
import { PackedRows } from '../matrix/rows';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { Attempt } from './attempt';
import * as claim from './claim';
import { Method } from './claim';
import {
  minimise, multiply, multiplyTransposed, nullSpaceBound, openSearch, orthonormaliseAll, row, Search, size,
} from './null-space';

/** Vector c of panels with its image, to a column of n + m numbers, or back. */
function move(S: Search, panels: usize, c: i32, to: usize, back: bool): void {
  const x = panels + <usize>(c >> 2) * S.step + (<usize>(c & 3) << 3);
  for (let i = 0; i < source.n + source.m; i++) {
    const p = x + row(i) + (i < source.n ? 0 : S.below - row(source.n));
    const q = to + (<usize>i << 3);
    if (back) store<f64>(p, load<f64>(q));
    else store<f64>(q, load<f64>(p));
  }
}

/** Splits V: in S.V remain the S.few that are small, the others, of nearly orthonormal images, are returned. */
function split(S: Search, least: f64): usize {
  const n = source.n;
  const m = source.m;
  const few = S.few;
  orthonormaliseAll(S);
  multiply(S, S.V, S.V + S.below);
  const own = calloc(S.all);
  const start = mark();
  const ld = leading(n + m);
  const X = alloc(<u64>ld * <u64>few << 3);
  for (let c = 0; c < few; c++) move(S, S.V, c, column(X, ld, c), false);
  let r = 0;
  for (; r < few; r++) {
    let best = r;
    let most: f64 = 0;
    for (let c = r; c < few; c++) {
      const y = column(X, ld, c) + (<usize>n << 3);
      const s = dot(y, y, m);
      if (s > most) {
        most = s;
        best = c;
      }
    }
    if (!(most > least * least)) break;
    const x = column(X, ld, r);
    swapColumns(x, column(X, ld, best), n + m);
    scaleColumn(x, 1 / Math.sqrt(most), n + m);
    for (let c = r + 1; c < few; c++) {
      const other = column(X, ld, c);
      axpy(other, x, -dot(other + (<usize>n << 3), x + (<usize>n << 3), m), n + m);
    }
  }
  memory.fill(S.V, 0, S.all);
  for (let c = 0; c < few; c++) move(S, c < r ? own : S.V, c < r ? c : c - r, column(X, ld, c), true);
  release(start);
  S.few = few - r;
  return own;
}

/**
 * Of the r vectors in S.V and the columns K not set aside, sigma_k of them at least `omega`: sigma_{k + r}(A) is at
 * least what is returned.
 */
export function boundOfSpan(S: Search, r: i32, omega: f64): f64 {
  const m = source.m;
  const V = S.V;
  const below = S.below;
  minimise(S, 0);
  const Z = S.D + below;
  multiply(S, V, Z);
  multiplyTransposed(S, V + below);
  // What of U^T Z differs from the identity.
  let other: f64 = 0;
  for (let a: usize = 0; a < S.all; a += S.step) {
    for (let b: usize = 0; b < S.all; b += S.step) {
      memory.fill(S.tile, 0, 128);
      madd44(S.tile, V + below + a, Z + b, m);
      const whole = min(4, r - <i32>(a / S.step << 2));
      for (let i = 0; a == b && i < whole; i++) {
        const p = S.tile + (<usize>i * 40);
        store<f64>(p, load<f64>(p) - 1);
      }
      other += dot(S.tile, S.tile, 16);
    }
  }
  let eps: f64 = 0;
  for (let b: usize = 0; b < S.all; b += S.step) {
    for (let j = 0; j < source.n; j++) {
      const g = S.G + b + row(j);
      if (!isDeflated(S.f, j)) eps += dot(g, g, 4);
    }
  }
  const a = Math.sqrt(scan.total);
  const v = size(S, V, source.n);
  const u = size(S, V + below, m);
  const noise = 0.5 * U * a * v;
  eps = Math.sqrt(eps) + U * a * u;
  const zeta = size(S, Z, m) + noise;
  const g = 1 - Math.sqrt(other) - u * noise - eps * zeta / omega;
  return g > 0 ? 1 / (1 / omega + (v + zeta / omega) * (u + eps / omega) / g) : 0;
}

/**
 * Claims the rank where columns have been set aside by f, of the rows in x or of what elimination has left of them:
 * the others are independent, sigma_k of them at least `omega`.
 */
export function settle(a: Attempt, x: PackedRows, f: Cholesky, omega: f64): void {
  const tau = claim.tolerance(claim.low);
  const S = openSearch(x, f);
  let rest = nullSpaceBound(S);
  let k = a.independent;
  if (rest > tau) {
    if (x.p) return; // with elimination images are made small, but not orthogonal to the others
    const V1 = split(S, SMALL_ABOVE * tau);
    const V0 = S.V;
    const r = f.deflated - S.few;
    if (!r) return;
    S.V = V1;
    S.all = S.step * ((r + 3) >> 2);
    omega = boundOfSpan(S, r, omega);
    if (!(omega > GUARD * claim.tolerance(claim.high))) return;
    S.V = V0;
    S.all = S.step * ((S.few + 3) >> 2);
    orthonormaliseAll(S);
    rest = S.few ? nullSpaceBound(S) : 0;
    k += r;
  }
  a.decided = rest <= tau && claim.answer(k, omega, rest, Method.Cholesky);
}
