// The count itself, by Sylvester's law of inertia: eigenvalues of A^T A above a shift, from the signs of L S L^T.
// docs/certificates.md, "Inertia". Cost: m n^2 flops for the Gram matrix, n^3 / 3 for each count, up to three of them.
import { alloc, mark, release } from './arena';
import * as cholesky from './cholesky';
import * as claim from './claim';
import { Method } from './claim';
import { rounding } from './definite';
import { copyTriangle, gramOfSource, squareSymmetric } from './grams';
import { largestEigenvalue } from './lanczos';
import { CLOSE, COARSE, FINE, GROWTH, REACH_STEPS, U } from './params';
import * as scan from './scan';
import * as source from './source';
import { dual } from './substitution';

/** y (y - 3 rho) of the last factor: how far below its shift the eigenvalues below it are, where they are few; else 0. */
let depth: f64 = 0;

/** Eigenvalues of G above a shift, or -1 when the pivots grew past what rounding allows for. Sets depth where at most `few` are not. */
function above(L: usize, G: usize, shift: f64, few: i32): i32 {
  const n = source.n;
  const start = mark();
  copyTriangle(L, G, n, 1);
  cholesky.begin(n, 0);
  cholesky.proceed(L, 0, cholesky.panels(n), n, 0, 0, 0, shift, false);
  depth = 0;
  if (cholesky.negatives <= few) {
    const y = 0.999 / Math.sqrt(dual(L, n));
    depth = y * (y - 3 * <f64>(n + 16) * U * Math.sqrt(cholesky.growth));
  }
  release(start);
  return cholesky.growth > GROWTH * scan.total ? -1 : n - cholesky.negatives;
}

/** Whether the tolerance is so far above rounding that inertia() may answer. */
export function countable(): bool {
  const most = claim.tolerance(claim.high);
  return rounding(source.m, source.n, scan.total, GROWTH * scan.total) <= 0.25 * most * most;
}

/** The count itself, by Sylvester's law of inertia. G is A^T A where the caller has it, and sigma_1 with it, else 0. "Inertia". */
export function inertia(G: usize): bool {
  const n = source.n;
  if (!countable()) return false;
  const slack = rounding(source.m, n, scan.total, GROWTH * scan.total);
  const start = mark();
  if (!G) {
    G = alloc(cholesky.triangleBytes(n));
    gramOfSource(G);
    approach(G, n, slack, 1e-3, 60);
  }
  claim.cap(Math.sqrt(Math.sqrt(squareSymmetric(G, n)) + slack));
  const least = claim.tolerance(claim.low);
  let done = false;
  if (slack <= 0.25 * least * least) {
    const L = alloc(cholesky.triangleBytes(n));
    if (claim.tolerance(claim.high) > 0.25 * Math.sqrt(scan.total / n) / <f64>n) certify(L, G, n, slack, COARSE);
    done = between(L, G, slack) || (certify(L, G, n, slack, COARSE) && between(L, G, slack));
    if (!done) {
      // A dense spectrum at the tolerance: sigma_1 to more digits.
      approach(G, n, slack, 0.01 * FINE, 400);
      done = certify(L, G, n, slack, FINE) && between(L, G, slack);
    }
  }
  release(start);
  return done;
}

/** Whether Cholesky of theta I - G proves that no eigenvalue of G is above theta, up to its rounding. L is scratch. */
export function noneAbove(L: usize, G: usize, n: i32, theta: f64): bool {
  copyTriangle(L, G, n, -1);
  return cholesky.factor(L, n, 0, 0, 0, -theta, true) == n;
}

/** Raises `low` to the largest Ritz value. */
export function approach(G: usize, n: i32, slack: f64, accuracy: f64, steps: i32): void {
  claim.raise(Math.sqrt(max<f64>(largestEigenvalue(G, n, scan.total, accuracy, steps) - slack, 0)));
}

/** Lowers `high` to within a `share` of `low` (of their squares) when Cholesky of theta I - G proves it. */
export function certify(L: usize, G: usize, n: i32, slack: f64, share: f64): bool {
  const theta = claim.low * claim.low * (1 + share) + slack;
  if (claim.high * claim.high <= theta * (1 + share)) return false;
  if (!noneAbove(L, G, n, theta)) return false;
  claim.cap(Math.sqrt(theta + slack + rounding(source.m, n, scan.total, cholesky.growth)));
  return true;
}

/** Whether the count is the same at both ends of what the tolerance may be. */
function between(L: usize, G: usize, slack: f64): bool {
  const n = source.n;
  const most = claim.tolerance(claim.high);
  const least = claim.tolerance(claim.low);
  const p = above(L, G, most * most + slack, n >> 7);
  if (p < 0) return false;
  const below = most * most + 2 * slack - depth; // of the eigenvalues not counted, at most
  if (p < n && !(below <= least * least) && above(L, G, least * least - slack, 0) != p) return false;
  return claim.answer(p, most, least, Method.Inertia);
}

// What the counts of reach() are taken from.
let G_: usize = 0;
let L_: usize = 0;
let slack_: f64 = 0;

/** At least so many singular values are above x; or at most so many, for side 1. */
function ofGram(x: f64, side: i32): i32 {
  return above(L_, G_, x * x + (side ? -slack_ : slack_), 0);
}

/** For reports: the bounds as far out as the inertia of G = A^T A proves the same count. */
export function reachOfGram(G: usize): void {
  const size = <f64>source.n;
  G_ = G;
  L_ = alloc(cholesky.triangleBytes(source.n));
  slack_ = rounding(source.m, source.n, scan.total, GROWTH * scan.total);
  // The factorisations cost no more than the Gram matrix did, or a tenth of a second.
  const budget = max<f64>(<f64>source.m * size * size, 2e9) / (0.667 * size * size * size);
  reach(Math.sqrt(4 * slack_), <i32>min<f64>(REACH_STEPS, max<f64>(1, budget)), ofGram);
}

/**
 * Moves lower up and upper down, not below `least`, as far as `count` proves the rank: at least so many singular values above x, for side 1
 * at most so many, -1 where it cannot tell.
 */
export function reach(least: f64, steps: i32, count: (x: f64, side: i32) => i32): void {
  // sigma_rank first, then sigma_{rank + 1}: between a bound that holds and one that is not to be hoped for.
  for (let side = 0; side < 2; side++) {
    let bad = side ? least : claim.high;
    let good = side ? claim.upper : max<f64>(claim.lower, least);
    if (claim.rank == (side ? source.n : 0)) continue;
    for (let i = 0; i < steps && (side ? bad < CLOSE * good : good < CLOSE * bad); i++) {
      const x = Math.sqrt(good * bad);
      const p = count(x, side);
      if (side ? p >= 0 && p <= claim.rank : p >= claim.rank) {
        claim.widen(side ? claim.lower : x, side ? x : claim.upper);
        good = x;
      } else {
        bad = x;
      }
    }
  }
}
