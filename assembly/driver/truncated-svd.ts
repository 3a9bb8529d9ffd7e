// A ~ Y V^T of k singular triplets, V orthonormal: no matrix of rank k is closer (Eckart & Young 1936).
//
// As svd.ts, A P = Q R (or R of a tall A), R^T P2 = Q2 R2, and Jacobi makes the columns of B = R2^T
// orthogonal: u_i sigma_i, the left singular vectors of R. Then v_i = R^T u_i / sigma_i, once more
// orthogonalised, and Y = A V by one product over A, so that Y V^T is A projected: what V lacks in accuracy
// costs next to nothing. The error is computed from Y and V as they are. Cost: the singular values, and 2 m n
// k flops twice. Everything is in the kernel's orientation, m >= n.
import { alloc, calloc, mark, release } from '../base/arena';
import { U } from '../base/params';
import { madd44, zero44 } from '../blas/gemm';
import { axpy, dot, scaleColumn, square } from '../blas/level1';
import { residualSquare } from '../blas/residual';
import * as qrcp from '../factor/qrcp';
import { matrix, tall } from '../factor/tsqr';
import { column, createColumns, leading, transposeUpper } from '../matrix/columns';
import { offsets, pack } from '../matrix/pack';
import * as source from '../matrix/source';
import { panels } from '../matrix/triangle';
import { jacobi } from '../spectrum/jacobi';
import { ROUNDING } from './interpolative';

let V: usize = 0; // n x kept
/** Triplets of the last truncate(). */
export let kept: i32 = 0;

/**
 * As many triplets as leave an error of share ||A||_F^2, squared, but at most `most`; -1 when Jacobi did not
 * converge. The vectors stay until reset().
 */
export function truncate(most: i32, share: f64): i32 {
  source.keepAll();
  const n = source.n;
  const m = tall() ? n : source.m;
  const ld = leading(m);
  const W = matrix();
  // What rounding leaves of a matrix of low rank is not factored further: each step would leave less of less.
  const stop = 0.25 * U * Math.sqrt(square(W, ld, 0, m, 0, n));
  const p1 = alloc(<u64>n << 2);
  const first = qrcp.begin(W, ld, m, n, p1);
  qrcp.proceed(first, stop, 0, n);
  const k = first.steps;
  const X = transposeUpper(W, ld, k, n);
  const p2 = alloc(<u64>max(k, 1) << 2);
  const second = qrcp.begin(X, leading(n), n, k, p2);
  qrcp.proceed(second, stop, 0, k);
  const r = second.steps;
  const B = transposeUpper(X, leading(n), r, k);
  const values = alloc(<u64>max(r, 1) << 3);
  if (!jacobi(B, leading(k), k, r, values)) return -1;

  const total = dot(values, values, r);
  const limit = share * ROUNDING * total;
  kept = r;
  for (let rest: f64 = 0; kept > 0; kept--) {
    const s = load<f64>(values + (<usize>(kept - 1) << 3));
    rest += s * s;
    if (kept <= most && rest > limit) break;
  }

  V = createColumns(n, kept);
  const vLd = leading(n);
  const squares = alloc(<u64>max(r, 1) << 3);
  for (let i = 0; i < r; i++) {
    const b = column(B, leading(k), i);
    store<f64>(squares + (<usize>i << 3), dot(b, b, k));
  }
  const u = alloc(<u64>max(k, 1) << 3);
  for (let i = 0; i < kept; i++) {
    let best = 0;
    for (let j = 1; j < r; j++) {
      if (load<f64>(squares + (<usize>j << 3)) > load<f64>(squares + (<usize>best << 3))) best = j;
    }
    store<f64>(squares + (<usize>best << 3), -1);
    const b = column(B, leading(k), best);
    for (let p = 0; p < k; p++) {
      store<f64>(u + (<usize>load<i32>(p2 + (<usize>p << 2)) << 3), load<f64>(b + (<usize>p << 3)));
    }
    const v = column(V, vLd, i);
    for (let j = 0; j < n; j++) {
      const at = v + (<usize>load<i32>(p1 + (<usize>j << 2)) << 3);
      store<f64>(at, dot(column(W, ld, j), u, min(j + 1, k)));
    }
    for (let pass = 0; pass < 3; pass++) {
      scaleColumn(v, 1 / Math.sqrt(dot(v, v, n)), n);
      if (pass == 2) break;
      for (let j = 0; j < i; j++) axpy(v, column(V, vLd, j), -dot(column(V, vLd, j), v, n), n);
    }
  }
  return kept;
}

/**
 * Y (m x kept) row-major into y, V^T (kept x n) into vt. A's singular values go to Y's columns, or with
 * `turned` to V. Returns ||scale A - Y V^T||_F, Y and V^T being of scale A too.
 */
export function product(y: usize, vt: usize, turned: bool): f64 {
  const start = mark();
  const n = source.n;
  const m = source.m;
  const k = kept;
  const vLd = leading(n);
  const groups = panels(k);
  // V as [groups][n][4] for Y = A V, zero past k.
  const Vk = alloc(<u64>groups * n << 5);
  pack(Vk, n, V, offsets(n, 8), n, offsets(k, vLd << 3), k, false, 1);
  const inner = mark();
  const rows = alloc(<u64>panels(source.panelRows) * n << 5); // A in row panels
  const tile = alloc(128);
  for (let first = 0; first < m; first += source.panelRows) {
    const count = min(source.panelRows, m - first);
    source.panel(first, count);
    pack(rows, n, source.at, source.columns, n, source.rows, count, source.single, source.scale);
    for (let i = 0; i < count; i += 4) {
      for (let g = 0; g < groups; g++) {
        zero44(tile);
        madd44(tile, rows + ((<usize>(i >> 2) * n) << 5), Vk + ((<usize>g * n) << 5), n);
        for (let c = 0; c < min(4, k - (g << 2)); c++) {
          for (let r = 0; r < min(4, count - i); r++) {
            const to = y + ((<usize>(first + i + r) * k + <usize>((g << 2) + c)) << 3);
            store<f64>(to, load<f64>(tile + (<usize>(c * 4 + r) << 3)));
          }
        }
      }
    }
  }
  release(inner);
  for (let i = 0; i < k; i++) {
    let sigma: f64 = 1;
    if (turned) {
      let s: f64 = 0;
      for (let r = 0; r < m; r++) {
        const x = load<f64>(y + ((<usize>r * k + <usize>i) << 3));
        s += x * x;
      }
      sigma = Math.sqrt(s);
      for (let r = 0; r < m; r++) {
        const at = y + ((<usize>r * k + <usize>i) << 3);
        store<f64>(at, load<f64>(at) / sigma);
      }
    }
    for (let j = 0; j < n; j++) {
      store<f64>(vt + ((<usize>i * n + <usize>j) << 3), load<f64>(column(V, vLd, i) + (<usize>j << 3)) * sigma);
    }
  }
  // Both once more, in the order that the error needs: -Y in row panels [k][4], V^T in column panels [k][4].
  const Yp = alloc(<u64>panels(source.panelRows) * k << 5);
  const Vp = calloc(<u64>(panels(n) + 2) * k << 5);
  const one = offsets(k, 8);
  const line = offsets(source.panelRows, k << 3);
  pack(Vp, k, vt, offsets(k, n << 3), k, offsets(n, 8), n, false, 1);
  let sum: f64 = 0;
  for (let first = 0; first < m; first += source.panelRows) {
    const count = min(source.panelRows, m - first);
    source.panel(first, count);
    pack(Yp, k, y + ((<usize>first * k) << 3), one, k, line, count, false, -1);
    sum += residualSquare(source.rows, count, source.columns, n, Yp, k, Vp, k, k);
  }
  release(start);
  return Math.sqrt(sum);
}
