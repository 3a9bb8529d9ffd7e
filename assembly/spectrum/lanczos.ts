// The largest eigenvalue of a packed symmetric positive semidefinite matrix, from below: Lanczos iteration.
//
// Every Ritz value is at most lambda_1, and the largest one converges to it; a seeded start vector makes the
// result repeatable. No reorthogonalisation: ghosts of converged values do not harm the largest one (Paige 1980).
// Cost: 2 n^2 flops a step, at memory speed. Source: Golub & Van Loan, chapter 10.
import { alloc, calloc, mark, release } from '../base/arena';
import { LANCZOS_END, LANCZOS_TWICE, RITZ_HALVINGS, RITZ_ROOM } from '../base/params';
import { congruential, SEED } from '../base/random';
import { axpy, dot, scaleColumn } from '../blas/level1';
import { multiply } from '../blas/symv';
import { Cholesky } from '../factor/cholesky';
import { solve } from '../factor/cholesky-solve';
import { panels } from '../matrix/triangle';

/** The largest eigenvalue of the k x k tridiagonal (alpha, beta), by bisection on Sturm counts. */
function largestRitz(alpha: usize, beta: usize, k: i32, low: f64, high: f64): f64 {
  for (let it = 0; it < RITZ_HALVINGS; it++) {
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

/** to = operator v, `operand` being what the operator is made of. */
type Operator = (to: usize, operand: usize, n: i32, v: usize) => void;

/** (L S L^T)^-1 v, v being one of four right-hand sides, the others zero. */
function applyInverse(to: usize, operand: usize, n: i32, v: usize): void {
  const start = mark();
  const X = calloc(<u64>panels(n) << 7);
  for (let i = 0; i < n; i++) store<f64>(X + (<usize>i << 5), load<f64>(v + (<usize>i << 3)));
  solve(changetype<Cholesky>(operand), X, 1, 1);
  for (let i = 0; i < n; i++) store<f64>(to + (<usize>i << 3), load<f64>(X + (<usize>i << 5)));
  release(start);
}

function applyNegativeInverse(to: usize, operand: usize, n: i32, v: usize): void {
  applyInverse(to, operand, n, v);
  scaleColumn(to, -1, n);
}

/**
 * A lower bound of lambda_1(G), but for rounding, within `accuracy` of it once the iteration has converged.
 * trace >= lambda_1 >= 0.
 */
export function largestEigenvalue(G: usize, n: i32, trace: f64, accuracy: f64, steps: i32, seed: i32): f64 {
  return largest(multiply, G, n, trace, accuracy, steps, seed);
}

/**
 * The same of (L S L^T)^-1, which is at most `bound`: 1 over the distance of the nearest eigenvalue
 * above the shift that f was made with.
 */
export function largestOfInverse(f: Cholesky, n: i32, bound: f64, accuracy: f64, steps: i32): f64 {
  return largest(applyInverse, changetype<usize>(f), n, bound, accuracy, steps, 0);
}

/** The same of -(L S L^T)^-1: of the nearest eigenvalue below the shift. */
export function largestOfNegativeInverse(f: Cholesky, n: i32, bound: f64, accuracy: f64, steps: i32): f64 {
  return largest(applyNegativeInverse, changetype<usize>(f), n, bound, accuracy, steps, 0);
}

/** The start vector of that number, of length 1. */
function startVector(v: usize, n: i32, number: i32): void {
  let seed: u64 = SEED * <u64>(2 * number + 1);
  for (let i = 0; i < n; i++) {
    seed = congruential(seed);
    store<f64>(v + (<usize>i << 3), 0.25 + <f64>(seed >> 40) / <f64>(1 << 24) - (seed & 1 << 39 ? 1.5 : 0));
  }
  scaleColumn(v, 1 / Math.sqrt(dot(v, v, n)), n);
}

function largest(apply: Operator, operand: usize, n: i32, bound: f64, accuracy: f64, steps: i32, seed: i32): f64 {
  const start = mark();
  const length = panels(n) << 2;
  let v = calloc(<u64>length << 3);
  let w = alloc(<u64>length << 3);
  let u = calloc(<u64>length << 3);
  const alpha = alloc(<u64>steps << 3);
  const beta = alloc(<u64>steps << 3);
  startVector(v, n, seed);
  let theta: f64 = 0;
  let converged = 0;
  let before: f64 = 0;
  for (let k = 0; k < steps; k++) {
    apply(w, operand, n, v);
    if (k) axpy(w, u, -load<f64>(beta + (<usize>(k - 1) << 3)), n);
    const a = dot(v, w, n);
    store<f64>(alpha + (<usize>k << 3), a);
    const b = Math.sqrt(axpy(w, v, -a, n));
    store<f64>(beta + (<usize>k << 3), b);
    if ((k & 3) == 3 || k == steps - 1 || b <= LANCZOS_END * bound) {
      theta = largestRitz(alpha, beta, k + 1, theta, bound * (1 + RITZ_ROOM));
      converged = theta - before <= accuracy * theta ? converged + 1 : 0;
      before = theta;
      if (converged == (accuracy < LANCZOS_TWICE ? 2 : 1) || b <= LANCZOS_END * bound) break;
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
