// The count itself, by Sylvester's law of inertia: eigenvalues of A^T A above a shift, from the signs of L S L^T.
// docs/certificates.md, "Inertia". Cost: m n^2 flops for the Gram matrix, n^3 / 3 for each count, up to three of them.
import { alloc, mark, release } from '../base/arena';
import {
  GROWTH, LANCZOS_FIRST, LANCZOS_FIRST_STEPS, LANCZOS_SHARE, LANCZOS_STEPS, NEAREST_ACCURACY,
  NEAREST_STEPS, REACH_COLUMNS, REACH_DOWN, REACH_LARGE_STEPS, REACH_STEPS, REACH_UP, SIGMA_FINE, SIGMA_NEAR, SMOOTH,
  U,
} from '../base/params';
import { squareSymmetric } from '../blas/symv';
import { gramOfSource } from '../blas/syrk';
import * as cholesky from '../factor/cholesky';
import { Cholesky, factor } from '../factor/cholesky';
import { inverseRowsNormSquare } from '../factor/cholesky-solve';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { copyTriangle, panels, triangleBytes } from '../matrix/triangle';
import { largestOfInverse, largestOfNegativeInverse } from '../spectrum/lanczos';
import * as claim from './claim';
import { Method } from './claim';
import { rounding } from './rounding';
import { capByCholesky, capByIntegers, raiseByLanczos } from './sigma1';

/** Eigenvalues of G above a shift, or -1 when the pivots grew past what rounding allows for. */
function countAbove(L: usize, G: usize, shift: f64): i32 {
  const start = mark();
  const p = positivePivots(factorShifted(L, G, shift));
  release(start);
  return p;
}

/** y (y - 3 rho): how far below its shift the eigenvalues below it are, where they are few; else 0. */
function depth(f: Cholesky): f64 {
  if (f.negativePivots > f.n >> 7) return 0;
  // 0.999: the rounding of X and of its norm ("Inertia").
  const y = 0.999 / Math.sqrt(inverseRowsNormSquare(f));
  return y * (y - 3 * <f64>(f.n + 16) * U * Math.sqrt(f.growth));
}

/** L S L^T = G - shift I. */
function factorShifted(L: usize, G: usize, shift: f64): Cholesky {
  copyTriangle(L, G, source.n, 1);
  return factor(L, source.n, shift, false);
}

/**
 * The same, or no more of its columns than show many eigenvalues below the shift, and a gap above it: the eigenvalues
 * of leading columns interlace those of all.
 */
function factorLeading(L: usize, G: usize, shift: f64): Cholesky {
  const n = source.n;
  copyTriangle(L, G, n, 1);
  const f = cholesky.begin(L, n, shift, false, 0);
  for (const count = panels(n); f.panelsDone < count; ) {
    cholesky.proceed(f, cholesky.next(f.panelsDone, count), 0, 0, 0);
    if (f.negativePivots > n >> 7 && f.leastPivot > SMOOTH * shift) break;
  }
  return f;
}

/** The number of positive pivots so far, or -1 when they grew past what rounding allows for. */
function positivePivots(f: Cholesky): i32 {
  return f.growth <= GROWTH * scan.total ? min(f.n, f.panelsDone << 2) - f.negativePivots : -1;
}

/** Whether the tolerance is so far above rounding that inertia() may answer. */
export function countable(): bool {
  const most = claim.tolerance(claim.high);
  return rounding(source.m, source.n, scan.total, GROWTH * scan.total) <= 0.25 * most * most;
}

/** Whether an eigenvalue at the least that the tolerance may be, squared, stands out from rounding. */
function resolves(slack: f64): bool {
  const least = claim.tolerance(claim.low);
  return slack <= 0.25 * least * least;
}

function raise(G: usize, slack: f64): void {
  raiseByLanczos(G, source.n, slack, LANCZOS_FIRST, LANCZOS_FIRST_STEPS, 0);
}

/**
 * The count itself, by Sylvester's law of inertia. G is A^T A where the caller has it,
 * and sigma_1 with it, else 0. "Inertia".
 */
export function inertia(G: usize): bool {
  const n = source.n;
  if (!countable()) return false;
  const slack = rounding(source.m, n, scan.total, GROWTH * scan.total);
  const start = mark();
  const known = G != 0;
  if (!known) {
    G = alloc(triangleBytes(n));
    gramOfSource(G);
  }
  claim.capSigma(Math.sqrt(Math.sqrt(squareSymmetric(G, n)) + slack));
  const L = alloc(triangleBytes(n));
  // Where the least singular value of a generic matrix is near the tolerance, sigma_1 comes first; else it waits until
  // a count asks for it: full rank may need no better bound than that.
  const near = claim.tolerance(claim.high) > 0.25 * Math.sqrt(scan.total / n) / <f64>n;
  if (near && !known) raise(G, slack);
  if (near && !isEnclosed() && resolves(slack)) capByIntegers(L, G, n, slack);
  let done = sameCountAtBothEnds(L, G, slack, !near && !known);
  if (!done && resolves(slack)) {
    done = !isEnclosed() && capByIntegers(L, G, n, slack) && sameCountAtBothEnds(L, G, slack, false);
    if (!done) {
      // A dense spectrum at the tolerance: sigma_1 to more digits.
      raiseByLanczos(G, n, slack, LANCZOS_SHARE * SIGMA_FINE, LANCZOS_STEPS, 0);
      done = capByCholesky(L, G, n, slack, SIGMA_FINE) && sameCountAtBothEnds(L, G, slack, false);
    }
  }
  release(start);
  return done;
}

/** Whether sigma_1 is known so well that integers would gain little. */
function isEnclosed(): bool {
  return claim.high * claim.high <= SIGMA_NEAR * claim.low * claim.low;
}

/**
 * Whether the count is the same at both ends of what the tolerance may be. Then it is the answer. open: nothing but
 * norms is known of sigma_1 from below.
 */
function sameCountAtBothEnds(L: usize, G: usize, slack: f64, open: bool): bool {
  const n = source.n;
  const most = claim.tolerance(claim.high);
  const start = mark();
  const shift = most * most + slack;
  let f = factorLeading(L, G, shift);
  let p = positivePivots(f);
  if (p < n && open) raise(G, slack);
  const least = claim.tolerance(claim.low);
  let once = false;
  let same = f.panelsDone < panels(n) && isCount(L, G, p, slack);
  if (!same) {
    if (f.panelsDone < panels(n)) {
      f = factorShifted(L, G, shift);
      p = positivePivots(f);
    }
    const below = shift + slack - depth(f); // of the eigenvalues not counted, at most
    once = p == n || below <= least * least;
    same = p >= 0 && (once || isCount(L, G, p, slack));
  }
  if (same) {
    claim.answer(p, most, least, Method.Inertia);
    if (claim.report && isWide(slack)) widen(once ? f : factorShifted(L, G, shift), G, shift, slack);
  }
  release(start);
  return same;
}

/** Whether no more than p singular values are above the least that the tolerance may be. L is overwritten. */
function isCount(L: usize, G: usize, p: i32, slack: f64): bool {
  const least = claim.tolerance(claim.low);
  return p >= 0 && resolves(slack) && countAbove(L, G, least * least - slack) == p;
}

/** Whether G can tell more of the bounds: it does not see the side of a small upper one; a gap of 1e7 needs none. */
function isWide(slack: f64): bool {
  return claim.rank == source.n || claim.upper * claim.upper > 4 * slack;
}

/**
 * For reports: moves lower up and upper down as far as the inertia of G = A^T A proves the same count.
 * inertia() does so itself.
 */
export function widenBounds(G: usize): void {
  const n = source.n;
  const slack = rounding(source.m, n, scan.total, GROWTH * scan.total);
  if (!isWide(slack)) return;
  const shift = max<f64>(claim.lower * claim.lower, 4 * slack) + slack;
  const start = mark();
  widen(factorShifted(alloc(triangleBytes(n)), G, shift), G, shift, slack);
  release(start);
}

/**
 * From f = L S L^T of G - s I, which is overwritten. Where to look is told by the eigenvalues nearest to s: Lanczos
 * iteration with the inverse.
 */
function widen(f: Cholesky, G: usize, s: f64, slack: f64): void {
  const n = source.n;
  const full = claim.rank == n;
  const least = 4 * slack;
  if (positivePivots(f) != claim.rank) return;
  claim.widen(max<f64>(claim.lower, Math.sqrt(s - slack)), claim.upper);
  // How far the next eigenvalues are, at most: the iteration may not have found the nearest.
  const up = 1 / largestOfInverse(f, n, 1 / slack, NEAREST_ACCURACY, NEAREST_STEPS);
  const down = full ? 0 : 1 / largestOfNegativeInverse(f, n, 1 / slack, NEAREST_ACCURACY, NEAREST_STEPS);
  const steps = n > REACH_COLUMNS ? REACH_LARGE_STEPS : REACH_STEPS; // of n^3 / 3 flops
  for (let side = full ? 0 : 1; side >= 0; side--) {
    let bad = side ? max<f64>(s - down, least) : s + up;
    let good = side ? claim.upper * claim.upper : claim.lower * claim.lower;
    for (let i = 0; i < steps && (side ? bad < 0.5 * good : good < 0.5 * bad); i++) {
      const first = side ? max<f64>(s - REACH_DOWN * down, least) : s + REACH_UP * up;
      const t = i ? Math.sqrt(good) * Math.sqrt(bad) : first;
      const p = countAbove(f.L, G, side ? t - slack : t + slack);
      if (side ? p >= 0 && p <= claim.rank : p >= claim.rank) {
        claim.widen(side ? claim.lower : Math.sqrt(t), side ? Math.sqrt(t) : claim.upper);
        good = t;
      } else {
        bad = t;
      }
    }
  }
}
