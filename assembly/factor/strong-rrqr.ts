// Strong rank-revealing QR: exchanges columns of a finished pivoted QR until none would make |det
// R11| more than f = 1.12 times as large.
//
// A P = [R11 R12; 0 R22], R11 of order k. With T = R11^-1 R12, w_i the length of row i of R11^-1 and g_j that of column
// j of R22, the exchange of columns i and k + j multiplies |det R11| by sqrt(T_ij^2 + w_i^2 g_j^2).
// Where no such factor is above f,
//
//     sigma_i(R11) >= sigma_i(A) / q,   sigma_j(R22) <= q sigma_{k + j}(A),
//       q = sqrt(1 + f^2 k (n - k)),   |T_ij| <= f.
//
// Pivoting alone promises 2^k in the place of q, and Kahan's matrix takes it. An exchange moves column i to the end of
// R11 and turns what is below the diagonal away, moves column j to the front of R22 by a reflector, and one rotation
// joins the two; T, w and g follow by rank-2 updates, and are computed anew at the end,
// and after an exchange that changes much (cancellation).
// R: m x n column-major, zero below the diagonal of R11; R22 need not be triangular.
// Cost: k^2 n flops to look, O(m n) an exchange.
// Source: Gu & Eisenstat 1996, "Efficient algorithms for computing a strong
// rank-revealing QR factorization", section 4.
import { alloc, calloc, mark, release } from '../base/arena';
import { EXCHANGE_GAIN, EXCHANGE_UPDATE, TINY } from '../base/params';
import { madd } from '../base/simd';
import { axpy, dot, norm, scaleColumn, swapColumns, swapIndices } from '../blas/level1';
import { coefficients, inverseColumnSquares } from '../blas/trsm';
import { column } from '../matrix/columns';
import { packUpper, panels } from '../matrix/triangle';
import { createPanel, factorPanelPivoted } from './householder';

@unmanaged
export class Exchanges {
  R: usize;
  ld: i32;
  m: i32;
  n: i32;
  k: i32;
  perm: usize;
  /** T in column panels [steps][4]. */
  T: usize;
  steps: i32;
  /** w_i^2 and g_j^2. */
  inverseRows: usize;
  rest: usize;
  /** Scratch of n + 4 numbers each. */
  a: usize;
  s: usize;
  c: usize;
  // The exchange that search() found, and the square of its factor.
  i: i32;
  j: i32;
  factor: f64;
}

// @ts-ignore: decorator
@inline
function at(x: usize, i: i32): usize {
  return x + (<usize>i << 3);
}

/** Address of T's row i in the panel that holds column j. */
// @ts-ignore: decorator
@inline
function rowOf(e: Exchanges, i: i32, j: i32): usize {
  return e.T + ((<usize>(j >> 2) * <usize>e.steps + <usize>i) << 5);
}

/** T, w and g from R as it stands. */
export function measure(e: Exchanges): void {
  const start = mark();
  inverseColumnSquares(packUpper(e.R, e.ld, e.k), e.k, e.inverseRows);
  release(start);
  e.T = coefficients(e.R, e.ld, e.k, e.n);
  for (let j = e.k; j < e.n; j++) {
    const p = at(column(e.R, e.ld, j), e.k);
    store<f64>(at(e.rest, j - e.k), dot(p, p, e.m - e.k));
  }
}

/** The exchange with the largest factor above the limit; false where there is none. */
function search(e: Exchanges): bool {
  e.factor = EXCHANGE_GAIN;
  e.i = -1;
  for (let j = 0; j < e.n - e.k; j += 4) {
    const g0 = v128.load(at(e.rest, j));
    const g1 = v128.load(at(e.rest, j), 16);
    const T = rowOf(e, 0, j);
    let most = f64x2.splat(0);
    for (let i = 0; i < e.k; i++) {
      const w = v128.load64_splat(at(e.inverseRows, i));
      const t0 = v128.load(T + (<usize>i << 5));
      const t1 = v128.load(T + (<usize>i << 5), 16);
      most = f64x2.pmax(most, madd(t0, t0, f64x2.mul(w, g0)));
      most = f64x2.pmax(most, madd(t1, t1, f64x2.mul(w, g1)));
    }
    if (max<f64>(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1)) <= e.factor) continue;
    for (let i = 0; i < e.k; i++) {
      for (let c = j; c < min(j + 4, e.n - e.k); c++) {
        const t = load<f64>(rowOf(e, i, c) + (<usize>(c & 3) << 3));
        const factor = t * t + load<f64>(at(e.inverseRows, i)) * load<f64>(at(e.rest, c));
        if (!(factor > e.factor) || !(factor <= f64.MAX_VALUE)) continue;
        e.factor = factor;
        e.i = i;
        e.j = c;
      }
    }
  }
  return e.i >= 0;
}

/** Moves element i of x behind element k - 1, `width` bytes each; `spare` holds one. */
function rollUp(x: usize, i: i32, k: i32, width: usize, spare: usize): void {
  const p = x + <usize>i * width;
  memory.copy(spare, p, width);
  memory.copy(p, p + width, <usize>(k - 1 - i) * width);
  memory.copy(x + <usize>(k - 1) * width, spare, width);
}

/** Column i of R11 becomes its last; rotations of rows i .. k restore the triangle. */
function moveLast(e: Exchanges): void {
  const i = e.i;
  const last = e.k - 1;
  rollUp(e.perm, i, e.k, 4, e.s);
  rollUp(e.inverseRows, i, e.k, 8, e.s);
  for (let j = 0; j < e.n - e.k; j += 4) rollUp(rowOf(e, 0, j), i, e.k, 32, e.s);
  for (let l = i; l < last; l++) swapColumns(column(e.R, e.ld, l), column(e.R, e.ld, l + 1), e.ld);
  for (let l = i; l < e.n; l++) {
    const x = column(e.R, e.ld, l);
    let top = load<f64>(at(x, i));
    const end = min(l, last);
    for (let q = i; q < end; q++) {
      const c = load<f64>(at(e.c, q));
      const s = load<f64>(at(e.s, q));
      const below = load<f64>(at(x, q + 1));
      store<f64>(at(x, q), c * top + s * below);
      top = c * below - s * top;
    }
    if (l >= last) {
      store<f64>(at(x, end), top);
      continue;
    }
    // A column of R11 that reaches one row too deep: the next rotation.
    const below = load<f64>(at(x, l + 1));
    const size = Math.sqrt(top * top + below * below);
    store<f64>(at(e.c, l), size > TINY ? top / size : 1);
    store<f64>(at(e.s, l), size > TINY ? below / size : 0);
    store<f64>(at(x, l), size > TINY ? size : top);
    store<f64>(at(x, l + 1), 0);
  }
}

/** A reflector makes column j of R22 a multiple of the first unit vector; all of R22 follows. */
function reflect(e: Exchanges): void {
  const rows = e.m - e.k;
  if (rows < 2) return;
  const p = at(column(e.R, e.ld, e.k + e.j), e.k);
  const size = norm(p, rows);
  if (size < TINY) return;
  const alpha = load<f64>(p);
  const beta = alpha > 0 ? -size : size;
  const start = mark();
  const v = alloc(<u64>(rows + 1) << 3);
  memory.copy(v, p, <usize>rows << 3);
  scaleColumn(v + 8, 1 / (alpha - beta), rows - 1);
  store<f64>(v, 1);
  const tau = (beta - alpha) / beta;
  for (let l = e.k; l < e.n; l++) {
    const x = at(column(e.R, e.ld, l), e.k);
    axpy(x, v, -tau * dot(v, x, rows), rows);
  }
  store<f64>(p, beta);
  memory.fill(p + 8, 0, <usize>(rows - 1) << 3);
  release(start);
}

/**
 * Exchanges columns k - 1 and k + j, whose parts below row k - 1 are (0) and (beta, 0 ..);
 * a rotation of rows k - 1 and k follows.
 */
function join(e: Exchanges): void {
  const last = e.k - 1;
  const p = column(e.R, e.ld, last);
  swapColumns(p, column(e.R, e.ld, e.k + e.j), e.ld);
  swapIndices(e.perm, last, e.k + e.j);
  const top = load<f64>(at(p, last));
  const below = load<f64>(at(p, e.k));
  const size = Math.sqrt(top * top + below * below);
  const c = top / size;
  const s = below / size;
  store<f64>(at(p, last), size);
  store<f64>(at(p, e.k), 0);
  for (let l = e.k; l < e.n; l++) {
    const x = at(column(e.R, e.ld, l), last);
    const g = at(e.rest, l - e.k);
    const x0 = load<f64>(x);
    const x1 = load<f64>(x, 8);
    const y = c * x1 - s * x0;
    store<f64>(x, c * x0 + s * x1);
    store<f64>(x, y, 8);
    store<f64>(g, max<f64>(load<f64>(g) - x1 * x1 + y * y, 0));
  }
}

/** The exchange that search() found. */
export function exchange(e: Exchanges): void {
  moveLast(e);
  const last = e.k - 1;
  const p = column(e.R, e.ld, last);
  const diagonal = load<f64>(at(p, last)); // 1 / w, of the column that leaves
  // a = -U^-1 b, where [U b] are the first rows of R11: what the others have of the column that leaves.
  for (let i = 0; i < last; i++) store<f64>(at(e.a, i), -load<f64>(at(p, i)));
  for (let i = last - 1; i >= 0; i--) {
    const u = column(e.R, e.ld, i);
    const x = load<f64>(at(e.a, i)) / load<f64>(at(u, i));
    store<f64>(at(e.a, i), x);
    axpy(e.a, u, -x, i);
  }
  const enters = <usize>(e.j & 3) << 3;
  const t = load<f64>(rowOf(e, last, e.j) + enters);
  for (let i = 0; i < last; i++) {
    const own = load<f64>(rowOf(e, i, e.j) + enters);
    store<f64>(at(e.s, i), own - load<f64>(at(e.a, i)) * t);
    store<f64>(rowOf(e, i, e.j) + enters, 0);
  }
  store<f64>(rowOf(e, last, e.j) + enters, 1); // the column that leaves stands in its place
  reflect(e);
  // Its own square is left out of rest: join() adds what it has below row k - 1.
  store<f64>(at(e.rest, e.j), 0);
  join(e);
  const pivot = load<f64>(at(p, last));
  for (let i = 0; i < last; i++) {
    const a = load<f64>(at(e.a, i)) / diagonal;
    const s = load<f64>(at(e.s, i)) / pivot;
    const w = at(e.inverseRows, i);
    store<f64>(w, max<f64>(load<f64>(w) - a * a, 0) + s * s);
  }
  store<f64>(at(e.inverseRows, last), 1 / (pivot * pivot));
  updateCoefficients(e, pivot);
}

/** T(i, :) -= a_i T(k - 1, :) + s_i t for i < k - 1, and T(k - 1, :) <- t, t = R(k - 1, k:n) / pivot. */
function updateCoefficients(e: Exchanges, pivot: f64): void {
  const last = e.k - 1;
  for (let j = 0; j < e.n - e.k; j += 4) {
    const own = rowOf(e, last, j);
    const x0 = f64x2.neg(v128.load(own));
    const x1 = f64x2.neg(v128.load(own, 16));
    for (let c: i32 = 0; c < min(4, e.n - e.k - j); c++) {
      store<f64>(own + (<usize>c << 3), load<f64>(at(column(e.R, e.ld, e.k + j + c), last)) / pivot);
    }
    const y0 = f64x2.neg(v128.load(own));
    const y1 = f64x2.neg(v128.load(own, 16));
    let row = rowOf(e, 0, j);
    for (let i = 0; i < last; i++) {
      const a = v128.load64_splat(at(e.a, i));
      const s = v128.load64_splat(at(e.s, i));
      v128.store(row, madd(s, y0, madd(a, x0, v128.load(row))));
      v128.store(row, madd(s, y1, madd(a, x1, v128.load(row, 16))), 16);
      row += 32;
    }
  }
}

/** Zeros where the reflectors of the first `done` columns stood. */
export function dropReflectors(R: usize, ld: i32, m: i32, done: i32): void {
  for (let j = 0; j < done; j++) memory.fill(at(column(R, ld, j), j + 1), 0, <usize>(m - j - 1) << 3);
}

/** Room for exchanges among the first k of n columns and the others. */
export function openExchanges(R: usize, ld: i32, m: i32, n: i32, k: i32, perm: usize): Exchanges {
  const e = changetype<Exchanges>(alloc(offsetof<Exchanges>()));
  e.R = R;
  e.ld = ld;
  e.m = m;
  e.n = n;
  e.k = k;
  e.perm = perm;
  e.steps = panels(k) << 2;
  e.inverseRows = alloc(<u64>e.steps << 3);
  e.rest = calloc(<u64>(n + 4) << 3);
  e.a = alloc(<u64>(n + 4) << 3);
  e.s = alloc(<u64>(n + 4) << 3);
  e.c = alloc(<u64>(n + 4) << 3);
  return e;
}

/** Makes the choice of the first k of n columns strong. Returns how many exchanges it took. */
export function strengthen(R: usize, ld: i32, m: i32, n: i32, k: i32, perm: usize): i32 {
  if (k <= 0 || k >= n) return 0;
  const start = mark();
  const e = openExchanges(R, ld, m, n, k, perm);
  const inner = mark();
  let count = 0;
  measure(e);
  for (let updated = false; ; ) {
    const gains = search(e);
    if (!gains && !updated) break;
    if (gains) {
      // Each multiplies |det R11| by f or more: rounding alone could go on for ever.
      if (count > n) break;
      exchange(e);
      count++;
      updated = true;
    }
    if (!gains || e.factor > EXCHANGE_UPDATE) {
      release(inner);
      measure(e);
      updated = false;
    }
  }
  release(start);
  return count;
}

/** Pivots once more within R11 and within R22, after exchanges: the diagonal of R descends in both. */
export function sortPivots(R: usize, ld: i32, m: i32, n: i32, k: i32, perm: usize): void {
  const start = mark();
  const taus = alloc(<u64>n << 3);
  const squares = alloc(<u64>n << 3);
  factorPanelPivoted(createPanel(R, ld, k, k, taus, squares), 0, perm, -1);
  for (let j = k; j < n; j++) {
    const x = column(R, ld, j);
    for (let i = 0; i < k; i++) {
      const v = at(column(R, ld, i), i);
      const y = at(x, i);
      const w = load<f64>(at(taus, i)) * (load<f64>(y) + dot(v + 8, y + 8, k - i - 1));
      store<f64>(y, load<f64>(y) - w);
      axpy(y + 8, v + 8, -w, k - i - 1);
    }
  }
  const behind = createPanel(column(R, ld, k) + (<usize>k << 3), ld, m - k, n - k, taus, squares);
  factorPanelPivoted(behind, k, perm + (<usize>k << 2), -1);
  release(start);
}
