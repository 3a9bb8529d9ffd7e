// Orthonormal bases of the null space and of the row space of a matrix M: its right singular vectors, as far as they
// are told apart by the tolerance. (The column space of A is the row space of A^T.)
//
// Strong pivoted QR, M P = Q [R11 R12; 0 R22], R11 of order k = rank, T = R11^-1 R12: [-T; I] is mapped to R22, [I T]^T
// spans what is orthogonal to it. Off the singular subspaces they are by (||R22|| / sigma_k)^2, which is nothing where
// the spectrum has a gap; else orthogonal iteration with R^T R brings them there,
// the distance falling by (sigma_{k+1} / sigma_k)^2 a step. Householder reflectors make them orthonormal.
// The residual is computed from M and the basis as they are, all rounding counted: ||M N||_2, or ||M - M V V^T||_2.
// docs/certificates.md, "Subspaces".
// Cost: 4 m n k flops for the QR, 4 n (n - k) min(k, n - k) for the basis;
// m n c products for the residual of c vectors, 25 flops each up to 2^26.
// Source: Gu & Eisenstat 1996; Stewart 1998, Matrix Algorithms I, 5.2; Golub & Van Loan 8.2.4.
import { alloc, calloc, mark, release } from '../base/arena';
import { COMPENSATED_PRODUCTS, SHORT, SUBSPACE_FLOPS, SUBSPACE_MOST_STEPS, SUBSPACE_STEPS, U } from '../base/params';
import { hsum } from '../base/simd';
import { addTileExactly } from '../blas/compensated';
import { madd44, square44, zero44 } from '../blas/gemm';
import { axpy, dot, square } from '../blas/level1';
import { coefficients, inverseNorm } from '../blas/trsm';
import * as claim from '../certificate/claim';
import { orthonormal } from '../factor/orthonormal';
import * as qrcp from '../factor/qrcp';
import { dropReflectors, strengthen } from '../factor/strong-rrqr';
import { matrix, tall } from '../factor/tsqr';
import { column, createColumns, leading, readAll, readTransposed } from '../matrix/columns';
import { indexed, indexedSource, offsets, pack, packHere } from '../matrix/pack';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { packUpper, panels } from '../matrix/triangle';

/** The strong pivoted QR of M: R is rows x width, [R11 R12; 0 R22]. */
@unmanaged
class Factored {
  R: usize;
  ld: i32;
  rows: i32;
  width: i32;
  /** Order of R11: the rank, or less where R22 is exactly zero before. */
  k: i32;
  perm: usize;
}

function factor(transposed: bool, rank: i32): Factored {
  const f = changetype<Factored>(alloc(offsetof<Factored>()));
  f.width = transposed ? source.m : source.n;
  f.rows = transposed ? source.n : tall() ? source.n : source.m;
  f.R = transposed ? readTransposed() : matrix();
  f.ld = leading(f.rows);
  f.perm = alloc(<u64>f.width << 2);
  const start = mark();
  const q = qrcp.begin(f.R, f.ld, f.rows, f.width, f.perm);
  qrcp.proceed(q, 0, 0, rank);
  f.k = min(q.steps, rank);
  dropReflectors(f.R, f.ld, f.rows, q.steps);
  release(start);
  strengthen(f.R, f.ld, f.rows, f.width, f.k, f.perm);
  return f;
}

/** How many steps of orthogonal iteration bring the subspaces within rounding of the singular ones. */
function stepsNeeded(f: Factored): i32 {
  if (f.k == 0 || f.k == min(f.rows, f.width)) return 0;
  const start = mark();
  const above = max<f64>(claim.lower, 1 / inverseNorm(packUpper(f.R, f.ld, f.k), f.k));
  release(start);
  const below = min<f64>(claim.upper, Math.sqrt(square(f.R, f.ld, f.k, f.rows, f.k, f.width)));
  const ratio = below / above;
  const affordable = SUBSPACE_FLOPS / (4 * <f64>f.rows * <f64>f.width * <f64>f.k);
  const most = max(SUBSPACE_STEPS, <i32>min<f64>(SUBSPACE_MOST_STEPS, affordable));
  if (!(ratio < 1)) return most;
  let left = ratio * ratio;
  let steps = 0;
  for (; left > U && steps < most; steps++) left *= ratio * ratio;
  return steps;
}

/** [I T]^T, width x k, in the order of the permutation; or [-T; I], width x (width - k). */
function frame(f: Factored, range: bool): usize {
  const k = f.k;
  const ld = leading(f.width);
  const X = createColumns(f.width, range ? k : f.width - k);
  const start = mark();
  const T = coefficients(f.R, f.ld, k, f.width);
  const steps = panels(k) << 2;
  for (let j = 0; j < f.width - k; j++) {
    const from = T + ((<usize>(j >> 2) * <usize>steps) << 5) + (<usize>(j & 3) << 3);
    for (let i = 0; i < k; i++) {
      const t = load<f64>(from + (<usize>i << 5));
      if (range) store<f64>(column(X, ld, i) + (<usize>(k + j) << 3), t);
      else store<f64>(column(X, ld, j) + (<usize>i << 3), -t);
    }
    if (!range) store<f64>(column(X, ld, j) + (<usize>(k + j) << 3), 1);
  }
  for (let i = 0; range && i < k; i++) store<f64>(column(X, ld, i) + (<usize>i << 3), 1);
  release(start);
  return X;
}

/** X <- R^T orth(R orth(X)), X width x k. */
function iterate(f: Factored, X: usize): void {
  const start = mark();
  const k = f.k;
  const ld = leading(f.width);
  const V = createColumns(f.width, k);
  orthonormal(X, ld, f.width, k, 0, k, V);
  const Y = createColumns(f.rows, k);
  const Z = createColumns(f.rows, k);
  for (let j = 0; j < k; j++) {
    for (let p = 0; p < f.width; p++) {
      axpy(column(Y, f.ld, j), column(f.R, f.ld, p), load<f64>(column(V, ld, j) + (<usize>p << 3)), f.rows);
    }
  }
  orthonormal(Y, f.ld, f.rows, k, 0, k, Z);
  for (let j = 0; j < k; j++) {
    memory.fill(column(X, ld, j), 0, <usize>ld << 3);
    for (let p = 0; p < f.width; p++) {
      store<f64>(column(X, ld, j) + (<usize>p << 3), dot(column(f.R, f.ld, p), column(Z, f.ld, j), f.rows));
    }
  }
  release(start);
}

/** The basis in panels of four columns, [n][4], or of four rows, [c][4]. */
function panelsOf(B: usize, ld: i32, n: i32, c: i32, byRow: bool): usize {
  const P = calloc(<u64>panels(byRow ? n : c) * <u64>(byRow ? c : n) << 5);
  const down = offsets(n, 8);
  const across = offsets(c, ld << 3);
  if (byRow) pack(P, c, indexed(B, across, down, 1), c, n);
  else pack(P, n, indexed(B, down, across, 1), n, c);
  return P;
}

/** What the residual of four rows of M needs. */
@unmanaged
class Residual {
  n: i32;
  c: i32;
  range: bool;
  exact: bool;
  /** V or N by four columns; V by four rows. */
  columns: usize;
  rows: usize;
  /** Four rows of M, [n][4], zeros behind. */
  four: usize;
  /** -M V of them, [c][4]. */
  image: usize;
  tile: usize;
}

/** ||M N||_F^2, or ||M - M V V^T||_F^2, of the four rows of M. */
function fourRows(r: Residual): f64 {
  const a = r.range ? r.image : r.four;
  const b = r.range ? r.rows : r.columns;
  const inner = r.range ? r.c : r.n;
  for (let p = 0; r.range && p < panels(r.c); p++) {
    zero44(r.tile);
    madd44(r.tile, r.four, r.columns + (<usize>p * <usize>r.n << 5), r.n);
    for (let o: usize = 0; o < 128; o += 8) store<f64>(r.image + (<usize>p << 7) + o, -load<f64>(r.tile + o));
  }
  let sum = f64x2.splat(0);
  for (let j = 0; j < panels(r.range ? r.n : r.c); j++) {
    const y = b + (<usize>j * <usize>inner << 5);
    if (r.range) memory.copy(r.tile, r.four + (<usize>j << 7), 128);
    else zero44(r.tile);
    if (r.exact) addTileExactly(r.tile, a, y, inner);
    else {
      for (let p = 0; p < inner; p += SHORT) {
        madd44(r.tile, a + (<usize>p << 5), y + (<usize>p << 5), min(SHORT, inner - p));
      }
    }
    sum = f64x2.add(sum, square44(r.tile));
  }
  return hsum(sum);
}

/**
 * A bound of ||M N||_2, or of ||M - P M||_2, P the projection on the range of V, for the basis B (n x c by columns).
 */
function residual(transposed: bool, B: usize, ld: i32, n: i32, c: i32, range: bool): f64 {
  const start = mark();
  const r = changetype<Residual>(alloc(offsetof<Residual>()));
  r.n = n;
  r.c = c;
  r.range = range;
  r.exact = <u64>source.m * <u64>source.n * <u64>c <= COMPENSATED_PRODUCTS;
  r.columns = panelsOf(B, ld, n, c, false);
  r.rows = range ? panelsOf(B, ld, n, c, true) : 0;
  r.four = calloc(<u64>(n + 4) << 5);
  r.image = alloc(<u64>(c + 4) << 5);
  r.tile = alloc(128);
  let sum: f64 = 0;
  if (transposed) {
    // Rows of M are columns of the source.
    const length = leading(n);
    const W = createColumns(n, source.n);
    readAll(W, length);
    const M = indexed(W, offsets(n, 8), offsets(4, length << 3), 1);
    for (let i = 0; i < source.n; i += 4) {
      M.at = column(W, length, i);
      pack(r.four, n, M, n, min(4, source.n - i));
      sum += fourRows(r);
    }
  } else {
    for (let first = 0; first < source.m; first += source.panelRows) {
      const count = min(source.panelRows, source.m - first);
      source.panel(first, count);
      const M = indexedSource(source.columns, source.rows, 1);
      for (let i = 0; i < count; i += 4) {
        packHere(r.four, n, M, 0, n, i, min(4, count - i));
        sum += fourRows(r);
      }
    }
  }
  const k = <f64>(range ? c : n) + 2;
  const unit = r.exact ? 2 * (k * U) * (k * U) + U * U : (<f64>SHORT + 3 + k / <f64>SHORT) * U;
  const sums = (<f64>source.m + <f64>source.n + 8) * U;
  release(start);
  // 1.05: the rounding of ||B||_F and of the norms ("Subspaces").
  return Math.sqrt(sum) * (1 + sums + 2 * U) + 1.05 * unit * Math.sqrt(scan.total * (<f64>c + 1));
}

/**
 * The null space of M, width x (width - rank), or with `range` its row space, width x rank, row-major into `basis`; M
 * is the source, or its transpose. Returns a bound of the residual, of scale * A. After rank(), which proved the rank.
 */
export function subspace(transposed: bool, rank: i32, range: bool, basis: usize): f64 {
  const start = mark();
  source.keepAll();
  const f = factor(transposed, rank);
  const n = f.width;
  const c = range ? rank : n - rank;
  const ld = leading(n);
  const steps = stepsNeeded(f);
  const B = createColumns(n, c);
  if (!range && steps == 0 && f.k == rank && c <= rank) {
    orthonormal(frame(f, false), ld, n, c, 0, c, B);
  } else {
    const X = frame(f, true);
    for (let s = 0; s < steps; s++) iterate(f, X);
    orthonormal(X, ld, n, f.k, range ? 0 : rank, range ? rank : n, B);
  }
  // Rows back in the order of M's columns.
  const own = createColumns(n, c);
  // 8 rows at a time: the lines touched stay in the L1 cache.
  for (let i0 = 0; i0 < n; i0 += 8) {
    const i1 = min(n, i0 + 8);
    for (let j = 0; j < c; j++) {
      for (let i = i0; i < i1; i++) {
        const row = <usize>load<i32>(f.perm + (<usize>i << 2));
        const x = load<f64>(column(B, ld, j) + (<usize>i << 3));
        store<f64>(column(own, ld, j) + (row << 3), x);
        store<f64>(basis + ((row * <usize>c + <usize>j) << 3), x);
      }
    }
  }
  const bound = residual(transposed, own, ld, n, c, range);
  release(start);
  return bound;
}

/** The residual of `count` vectors that the host has made, row-major, as subspace() has it of its own. */
export function residualOf(transposed: bool, count: i32, range: bool, basis: usize): f64 {
  const start = mark();
  source.keepAll();
  const n = transposed ? source.m : source.n;
  const ld = leading(n);
  const B = createColumns(n, count);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < count; j++) {
      store<f64>(column(B, ld, j) + (<usize>i << 3), load<f64>(basis + ((<usize>i * <usize>count + <usize>j) << 3)));
    }
  }
  const bound = residual(transposed, B, ld, n, count, range);
  release(start);
  return bound;
}
