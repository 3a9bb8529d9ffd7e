// One-sided Jacobi SVD of a small column-major matrix: plane rotations make its columns orthogonal, their norms
// are then the singular values, each to high relative accuracy where the columns are well scaled.
//
// It can stop before that. With d_i the column norms and E = D^-1 B^T B D^-1 - I, every sigma_i lies
// within d_i sqrt(1 -+ ||E||_2) (Ostrowski): once no such interval holds the tolerance, the count is known.
// Cost: up to 4 n^3 flops a sweep (m = n). Source: Drmac & Veselic 2008 (LAPACK's dgejsv, dgesvj); de Rijk 1989.
import { alloc, mark, release } from './arena';
import { gram, panels, rowPanel, triangleBytes } from './cholesky';
import { column, dot, norm, rotate, swapColumns } from './columns';
import { squareSymmetric } from './grams';
import { MAX_SWEEPS, U } from './params';

/** ||E||_F when the last call ended. */
export let coupling: f64 = 0;

/** Squared norms of all columns. */
function refresh(B: usize, ld: i32, m: i32, n: i32, squares: usize): void {
  for (let j = 0; j < n; j++) {
    const p = column(B, ld, j);
    store<f64>(squares + (<usize>j << 3), dot(p, p, m));
  }
}

/** One sweep over all pairs. Returns the largest |cos| met. */
function sweep(B: usize, ld: i32, m: i32, n: i32, squares: usize, threshold: f64): f64 {
  let most: f64 = 0;
  const even = (m + 1) & ~1;
  for (let p = 0; p < n - 1; p++) {
    // De Rijk: the longest remaining column first, which sorts the values and speeds up convergence.
    let best = p;
    for (let j = p + 1; j < n; j++) {
      if (load<f64>(squares + (<usize>j << 3)) > load<f64>(squares + (<usize>best << 3))) best = j;
    }
    const bp = column(B, ld, p);
    const sp = squares + (<usize>p << 3);
    if (best != p) {
      swapColumns(bp, column(B, ld, best), even);
      const sb = squares + (<usize>best << 3);
      const t = load<f64>(sp);
      store<f64>(sp, load<f64>(sb));
      store<f64>(sb, t);
    }
    for (let q = p + 1; q < n; q++) {
      const sq = squares + (<usize>q << 3);
      const a = load<f64>(sp);
      const b = load<f64>(sq);
      const size = Math.sqrt(a) * Math.sqrt(b);
      if (!(size > 0)) continue;
      const bq = column(B, ld, q);
      const g = dot(bp, bq, m);
      const cosine = abs(g) / size;
      if (cosine > most) most = cosine;
      if (cosine <= threshold) continue;
      const zeta = (b - a) / (2 * g);
      const t = (zeta < 0 ? -1.0 : 1.0) / (abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const c = 1 / Math.sqrt(1 + t * t);
      rotate(bp, bq, c, c * t, even);
      store<f64>(sp, max<f64>(a - t * g, 0));
      store<f64>(sq, max<f64>(b + t * g, 0));
    }
  }
  return most;
}

/** ||E||_F, from the Gram matrix of the columns by the tile kernel. */
function measure(B: usize, ld: i32, m: i32, n: i32, squares: usize): f64 {
  const start = mark();
  const P = alloc(<u64>panels(n) * <u64>m << 5);
  for (let q = 0; q < panels(n); q++) {
    let out = P + ((<usize>q * <usize>m) << 5);
    for (let i = 0; i < m; i++) {
      for (let c = q << 2; c < (q + 1) << 2; c++) {
        const s: f64 = c < n ? load<f64>(squares + (<usize>c << 3)) : 0;
        store<f64>(out, s > 0 ? load<f64>(column(B, ld, c) + (<usize>i << 3)) / Math.sqrt(s) : 0);
        out += 8;
      }
    }
  }
  const G = alloc(triangleBytes(n));
  gram(G, 0, n, P, m, m, true);
  for (let i = 0; i < n; i++) {
    const p = rowPanel(G, i >> 2) + (<usize>i << 5) + (<usize>(i & 3) << 3);
    if (load<f64>(p) != 0) store<f64>(p, load<f64>(p) - 1);
  }
  const sum = squareSymmetric(G, n);
  release(start);
  return Math.sqrt(sum);
}

/**
 * Whether no interval d_i sqrt(1 -+ e) holds the tolerance max(absolute, relative sigma_1), itself known to within
 * `slack` and the interval of sigma_1.
 */
function clear(n: i32, squares: usize, e: f64, absolute: f64, relative: f64, slack: f64): bool {
  let most: f64 = 0;
  for (let j = 0; j < n; j++) most = max(most, load<f64>(squares + (<usize>j << 3)));
  const low = max<f64>(max<f64>(absolute, relative * Math.sqrt(most * (1 - e))) - slack, 0);
  const high = max<f64>(absolute, relative * Math.sqrt(most * (1 + e))) + slack;
  for (let j = 0; j < n; j++) {
    const s = load<f64>(squares + (<usize>j << 3));
    if (s * (1 + e) > low * low && s * (1 - e) <= high * high) return false;
  }
  return true;
}

/**
 * Singular values of the m x n matrix B (overwritten, rows padded to an even number with zeros) into values,
 * descending. With absolute >= 0 the sweeps stop as soon as the count above max(absolute, relative sigma_1) is known,
 * `slack` included; with absolute < 0 they go on to full accuracy. Returns false when MAX_SWEEPS did not suffice.
 */
export function jacobi(
  B: usize, ld: i32, m: i32, n: i32, values: usize,
  absolute: f64, relative: f64, slack: f64,
): bool {
  const start = mark();
  const squares = alloc(<u64>n << 3);
  const threshold = U * Math.sqrt(<f64>m) * 2;
  let converged = n < 2;
  coupling = n < 2 ? 0 : NaN;
  refresh(B, ld, m, n, squares);
  for (let s = 0; s < MAX_SWEEPS && !converged; s++) {
    const most = sweep(B, ld, m, n, squares, threshold);
    refresh(B, ld, m, n, squares);
    converged = most <= threshold;
    if (converged || absolute >= 0) {
      coupling = measure(B, ld, m, n, squares);
      if (absolute >= 0 && coupling < 0.5 && clear(n, squares, coupling, absolute, relative, slack)) converged = true;
    }
  }
  for (let j = 0; j < n; j++) store<f64>(values + (<usize>j << 3), norm(column(B, ld, j), m));
  // Insertion sort: de Rijk's pivoting left them nearly sorted.
  for (let j = 1; j < n; j++) {
    const x = load<f64>(values + (<usize>j << 3));
    let i = j;
    for (; i > 0 && load<f64>(values + (<usize>(i - 1) << 3)) < x; i--) {
      store<f64>(values + (<usize>i << 3), load<f64>(values + (<usize>(i - 1) << 3)));
    }
    store<f64>(values + (<usize>i << 3), x);
  }
  release(start);
  return converged;
}
