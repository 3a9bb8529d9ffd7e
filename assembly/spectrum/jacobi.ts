// One-sided Jacobi SVD of a small column-major matrix: plane rotations make its columns orthogonal, their norms
// are then the singular values, each to high relative accuracy where the columns are well scaled.
// Cost: up to 4 n^3 flops a sweep (m = n). Source: Drmac & Veselic 2008 (LAPACK's dgejsv, dgesvj); de Rijk 1989.
import { alloc, mark, release } from '../base/arena';
import { MAX_SWEEPS, U } from '../base/params';
import { dot, norm, rotate, swapColumns } from '../blas/level1';
import { column } from '../matrix/columns';

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

/**
 * Singular values of the m x n matrix B (overwritten, rows padded to an even number with zeros) into values,
 * descending. Returns false when MAX_SWEEPS did not suffice.
 */
export function jacobi(B: usize, ld: i32, m: i32, n: i32, values: usize): bool {
  const start = mark();
  const squares = alloc(<u64>n << 3);
  const threshold = U * Math.sqrt(<f64>m) * 2;
  let converged = n < 2;
  refresh(B, ld, m, n, squares);
  for (let s = 0; s < MAX_SWEEPS && !converged; s++) {
    const most = sweep(B, ld, m, n, squares, threshold);
    refresh(B, ld, m, n, squares);
    converged = most <= threshold;
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
