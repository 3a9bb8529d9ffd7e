// The largest eigenvalue of a packed symmetric positive semidefinite matrix, from below: Lanczos iteration.
//
// Every Ritz value is at most lambda_1, and the largest one converges to it; a seeded start vector makes the
// result repeatable. No reorthogonalisation: ghosts of converged values do not harm the largest one (Paige 1980).
// Cost: 2 n^2 flops a step, at memory speed. Source: Golub & Van Loan, chapter 10.
import { alloc, calloc, mark, release } from '../base/arena';
import { axpy, dot, scaleColumn } from '../blas/level1';
import { multiply } from '../blas/symv';
import { Cholesky } from '../factor/cholesky';
import { solve } from '../factor/cholesky-solve';
import { panels } from '../matrix/triangle';

/** The largest eigenvalue of the k x k tridiagonal (alpha, beta), by bisection on Sturm counts. */
function largestRitz(alpha: usize, beta: usize, k: i32, low: f64, high: f64): f64 {
  for (let it = 0; it < 80; it++) {
    const x = 0.5 * (low + high);
    if (x <= low || x >= high) break;
    let above = false;
    let d: f64 = 1;
    for (let i = 0; i < k; i++) {
      const b: f64 = i ? load<f64>(beta + (<usize>(i - 1) << 3)) : 0;
      d = load<f64>(alpha + (<usize>i << 3)) - x - (i ? b * b / d : 0);
      if (d > 0) {
        above = true;
        break;
      }
      if (d == 0) d = -f64.MIN_NORMAL_VALUE;
    }
    if (above) low = x;
    else high = x;
  }
  return low;
}

/**
 * A lower bound of lambda_1(G), within `accuracy` of it once the iteration has settled. trace >= lambda_1 >= 0. With inverse = 1 or -1 the same
 * of +-(L S L^T)^-1, a Cholesky being in G's place.
 */
export function largestEigenvalue(G: usize, n: i32, trace: f64, accuracy: f64, steps: i32, inverse: i32, start_: i32): f64 {
  const start = mark();
  const length = panels(n) << 2;
  let v = calloc(<u64>length << 3);
  let w = alloc(<u64>length << 3);
  let u = calloc(<u64>length << 3);
  const X = calloc(<u64>length << 5); // v as one of four right-hand sides, the others zero
  const alpha = alloc(<u64>steps << 3);
  const beta = alloc(<u64>steps << 3);
  let seed: u64 = 0x9e3779b97f4a7c15 * <u64>(2 * start_ + 1);
  for (let i = 0; i < n; i++) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    store<f64>(v + (<usize>i << 3), 0.25 + <f64>(seed >> 40) / 16777216.0 - (seed & 1 << 39 ? 1.5 : 0));
  }
  scaleColumn(v, 1 / Math.sqrt(dot(v, v, n)), n);
  let theta: f64 = 0;
  let settled = 0;
  let before: f64 = 0;
  for (let k = 0; k < steps; k++) {
    if (inverse) {
      for (let i = 0; i < n; i++) store<f64>(X + (<usize>i << 5), load<f64>(v + (<usize>i << 3)));
      solve(changetype<Cholesky>(G), X, 1, 1);
      for (let i = 0; i < n; i++) store<f64>(w + (<usize>i << 3), load<f64>(X + (<usize>i << 5)) * <f64>inverse);
    } else {
      multiply(w, G, n, v);
    }
    if (k) axpy(w, u, -load<f64>(beta + (<usize>(k - 1) << 3)), n);
    const a = dot(v, w, n);
    store<f64>(alpha + (<usize>k << 3), a);
    const b = Math.sqrt(axpy(w, v, -a, n));
    store<f64>(beta + (<usize>k << 3), b);
    if ((k & 3) == 3 || k == steps - 1 || b <= 1e-15 * trace) {
      theta = largestRitz(alpha, beta, k + 1, theta, trace * (1 + 1e-14));
      settled = theta - before <= accuracy * theta ? settled + 1 : 0;
      before = theta;
      if (settled == (accuracy < 1e-4 ? 2 : 1) || b <= 1e-15 * trace) break;
    }
    const t = u;
    u = v;
    v = w;
    w = t;
    scaleColumn(v, 1 / b, n);
  }
  release(start);
  return theta;
}
