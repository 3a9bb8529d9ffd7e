// A ~ Y V^T of k singular triplets, V orthonormal: no matrix of rank k is closer (Eckart & Young 1936).
//
// V are right singular vectors (spectrum/singular-vectors.ts) of A, of R of a tall A, or, where the spectrum has a gap
// at the rank, of the first rows [R11 R12] of a pivoted QR: left singular vectors of their transpose. Y = A V by one
// product over A, so that Y V^T is A projected: what V lacks in accuracy costs next to nothing. The error is computed
// from Y and V as they are. Cost: 4 m n k flops for the QR of rank k and 8 n k^2 behind it, or 4 m n^2 for the
// bidiagonal form; and 2 m n k flops twice. Everything is in the kernel's orientation, m >= n.
import { alloc, calloc, mark, release } from '../base/arena';
import { ENERGY_ROUNDING, NEGLIGIBLE_REST } from '../base/params';
import { madd44, zero44 } from '../blas/gemm';
import { dot } from '../blas/level1';
import { residualSquare } from '../blas/residual';
import { inverseNorm } from '../blas/trsm';
import * as claim from '../certificate/claim';
import * as qrcp from '../factor/qrcp';
import { dropReflectors } from '../factor/strong-rrqr';
import { matrix, rowsOfMatrix } from '../factor/tsqr';
import { column, createColumns, leading, transposeUpper } from '../matrix/columns';
import { indexed, indexedSource, offsets, pack } from '../matrix/pack';
import * as source from '../matrix/source';
import { packUpper, panels } from '../matrix/triangle';
import { decompose, vectors } from '../spectrum/singular-vectors';

/** What truncate() has kept: the right singular vectors, n x k. Lives until reset(). */
@unmanaged
export class Triplets {
  V: usize;
  k: i32;
}

/**
 * Pivoted QR of W up to the rank: the order of R11 where the rest is nothing beside sigma_k, else 0. W becomes R, of
 * all that was not factored.
 */
function cut(W: usize, ld: i32, m: i32, n: i32, perm: usize): i32 {
  const start = mark();
  const q = qrcp.begin(W, ld, m, n, perm);
  if (2 * claim.rank > n) {
    release(start);
    return 0;
  }
  qrcp.proceed(q, 0, 0, claim.rank);
  const k = min(q.steps, claim.rank);
  const rest = qrcp.residualAfter(q, k);
  dropReflectors(W, ld, m, q.steps);
  const gap = rest * inverseNorm(packUpper(W, ld, k), k) < NEGLIGIBLE_REST;
  release(start);
  return gap ? k : 0;
}

/** After rank(): as many triplets as leave an error of share ||A||_F^2, squared, but at most `most`. */
export function truncate(most: i32, share: f64): Triplets {
  source.keepAll();
  const t = changetype<Triplets>(alloc(offsetof<Triplets>()));
  t.k = 0;
  const n = source.n;
  if (n == 0 || claim.rank == 0) return t;
  const m = rowsOfMatrix();
  const ld = leading(m);
  const W = matrix();
  const perm = alloc(<u64>n << 2);
  const k = cut(W, ld, m, n, perm);
  const s = k
    ? decompose(transposeUpper(W, ld, k, n), leading(n), n, k, true)
    : decompose(W, ld, m, n, false);
  const limit = share * ENERGY_ROUNDING * dot(s.values, s.values, s.n);
  let kept = s.n;
  for (let rest: f64 = 0; kept > 0; kept--) {
    const x = load<f64>(s.values + (<usize>(kept - 1) << 3));
    rest += x * x;
    if (kept <= most && rest > limit) break;
  }
  const V = createColumns(n, kept);
  const vLd = leading(n);
  const X = createColumns(n, kept);
  vectors(s, kept, X);
  for (let i = 0; i < kept; i++) {
    for (let j = 0; j < n; j++) {
      const row = <usize>load<i32>(perm + (<usize>j << 2));
      store<f64>(column(V, vLd, i) + (row << 3), load<f64>(column(X, vLd, i) + (<usize>j << 3)));
    }
  }
  t.V = V;
  t.k = kept;
  return t;
}

/**
 * Y (m x k) row-major into y, V^T (k x n) into vt. A's singular values go to Y's columns, or with
 * `turned` to V. Returns ||scale A - Y V^T||_F, Y and V^T being of scale A too.
 */
export function product(t: Triplets, y: usize, vt: usize, turned: bool): f64 {
  const n = source.n;
  const k = t.k;
  applyTo(t, y);
  for (let i = 0; i < k; i++) {
    const sigma: f64 = turned ? normalise(y, k, i) : 1;
    const v = column(t.V, leading(n), i);
    for (let j = 0; j < n; j++) {
      store<f64>(vt + ((<usize>i * n + <usize>j) << 3), load<f64>(v + (<usize>j << 3)) * sigma);
    }
  }
  return error(y, vt, k);
}

/** Y = A V, row-major. */
function applyTo(t: Triplets, y: usize): void {
  const start = mark();
  const n = source.n;
  const k = t.k;
  const groups = panels(k);
  // V as [groups][n][4], zero past k.
  const V = alloc(<u64>groups * n << 5);
  pack(V, n, indexed(t.V, offsets(n, 8), offsets(k, leading(n) << 3), 1), n, k);
  const rows = alloc(<u64>panels(source.panelRows) * n << 5); // A in row panels
  const tile = alloc(128);
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    pack(rows, n, indexedSource(source.columns, source.rows, 1), n, count);
    for (let i = 0; i < count; i += 4) {
      for (let g = 0; g < groups; g++) {
        zero44(tile);
        madd44(tile, rows + ((<usize>(i >> 2) * n) << 5), V + ((<usize>g * n) << 5), n);
        for (let c = 0; c < min(4, k - (g << 2)); c++) {
          for (let r = 0; r < min(4, count - i); r++) {
            const to = y + ((<usize>(first + i + r) * k + <usize>((g << 2) + c)) << 3);
            store<f64>(to, load<f64>(tile + (<usize>(c * 4 + r) << 3)));
          }
        }
      }
    }
  }
  release(start);
}

/** Column i of y (m x k, row-major) divided by its length, which is returned. */
function normalise(y: usize, k: i32, i: i32): f64 {
  const end = y + (<usize>source.m * k << 3);
  let s: f64 = 0;
  for (let at = y + (<usize>i << 3); at < end; at += <usize>k << 3) s += load<f64>(at) * load<f64>(at);
  const sigma = Math.sqrt(s);
  for (let at = y + (<usize>i << 3); at < end; at += <usize>k << 3) store<f64>(at, load<f64>(at) / sigma);
  return sigma;
}

/** ||A - Y V^T||_F of the factors as they are. */
function error(y: usize, vt: usize, k: i32): f64 {
  const start = mark();
  const n = source.n;
  const m = source.m;
  // In the order that residualSquare() needs: -Y in row panels [k][4], V^T in column panels [k][4].
  const Y = alloc(<u64>panels(source.panelRows) * k << 5);
  const V = calloc(<u64>(panels(n) + 2) * k << 5);
  pack(V, k, indexed(vt, offsets(k, n << 3), offsets(n, 8), 1), k, n);
  const left = indexed(y, offsets(k, 8), offsets(source.panelRows, k << 3), -1);
  let sum: f64 = 0;
  for (let first = 0; first < m; first += source.panelRows) {
    const count = min(source.panelRows, m - first);
    source.panel(first, count);
    left.at = y + ((<usize>first * k) << 3);
    pack(Y, k, left, k, count);
    sum += residualSquare(indexedSource(source.columns, source.rows, 1), count, n, Y, k, V, k, k);
  }
  release(start);
  return Math.sqrt(sum);
}
