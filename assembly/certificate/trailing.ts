// The count where singular values run through the tolerance without a gap, from the trailing matrix of a pivoted QR.
//
// A P = Q [R11 R12; 0 R22], sigma_min(R11) far above the tolerance t, ||R22|| within some 10^5 of it: then the Gram
// matrix of R22 has the digits that A^T A lacks. With T = R11^-1 R12 the rank is k + the positive eigenvalues of R22^T
// R22 - t^2 (I + T^T T), which an L S L^T counts. docs/certificates.md, "Trailing matrix". Layout: column-major W,
// packed triangles as in cholesky.ts.
// Cost with d = n - k: k^2 d + (m - k) d^2 + k d^2 flops, d^3 / 3 for each count, and k^2 n for sigma_1,
// all of them in the tile kernel.
import { alloc, mark, release } from '../base/arena';
import {
  CHAIN, FEW_LEFT, GROWTH, LANCZOS_FIRST, LANCZOS_FIRST_STEPS, LANCZOS_SHARE, LANCZOS_STEPS, LEFT_FOR_SIGMA, NOISE,
  REACH, SHORT_ROWS, SHORT_ROWS_CHAIN, SIGMA_FINE, U, WIDEN_UNTIL,
} from '../base/params';
import { dot } from '../blas/level1';
import { gram } from '../blas/syrk';
import { coefficients, inverseNorm } from '../blas/trsm';
import { factor } from '../factor/cholesky';
import * as qrcp from '../factor/qrcp';
import { clearBelow, column } from '../matrix/columns';
import { indexed, offsets, pack, packedBytes } from '../matrix/pack';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { packUpper, panels, triangleBytes } from '../matrix/triangle';
import * as claim from './claim';
import { Method } from './claim';
import { rounding } from './rounding';
import { capByCholesky, capByIntegers, raiseByLanczos } from './sigma1';

/** The Gram matrices behind the counts, and what they are off by. Lives above the mark of its maker, all of it. */
@unmanaged
class Trailing {
  /** Steps of the QR, and the columns that remain. */
  k: i32;
  d: i32;
  /** R22^T R22 and T^T T, packed. */
  C: usize;
  M: usize;
  /** ||R22||_F^2, ||T||_F^2. */
  c2: f64;
  m2: f64;
  /** sigma_min(R11), at least. */
  omega: f64;
  /** What A differs by from the matrix whose singular values are counted, and what rounding does to T. */
  perturbation: f64;
}

/** R R^T of order k, R = W(0:k, 0:n): its largest eigenvalue is sigma_1^2, but for what R22 adds. */
export function gramOfRows(G: usize, W: usize, ld: i32, k: i32, n: i32): void {
  const start = mark();
  const chain = n <= SHORT_ROWS ? SHORT_ROWS_CHAIN : CHAIN;
  const P = alloc(packedBytes(chain, k));
  const steps = offsets(chain, ld << 3);
  const rows = offsets(k, 8);
  memory.fill(G, 0, <usize>triangleBytes(k));
  for (let j = 0; j < n; j += chain) {
    const count = min(chain, n - j);
    const some = min(k, j + count); // rows past these are zero
    pack(P, chain, indexed(column(W, ld, j), steps, rows, 1), count, some);
    gram(G, 0, some, P, chain, count, false);
  }
  release(start);
}

/**
 * Positive eigenvalues of C - s (I + M), or -1 when rounding may have done more than `noise`,
 * or `all` are asked for and not there.
 */
function positive(t: Trailing, s: f64, noise: f64, all: bool): i32 {
  const start = mark();
  const d = t.d;
  const bytes = <usize>triangleBytes(d);
  const L = alloc(bytes);
  for (let o: usize = 0; o < bytes; o += 8) store<f64>(L + o, load<f64>(t.C + o) - s * load<f64>(t.M + o));
  const f = factor(L, d, s, all);
  const own = rounding(source.m, source.n, t.c2 + s * (t.m2 + <f64>d), f.growth);
  const p = f.columns < d || !(own <= noise) ? -1 : d - f.negativePivots;
  release(start);
  return p;
}

/** Whether a count can tell singular values above x from those below. */
function tells(t: Trailing, x: f64): bool {
  return t.omega > 2 * x && t.perturbation < 0.5 * x;
}

/**
 * At least so many singular values of A are above x; or at most, for side 1; -1 where that cannot be told,
 * or `all` are asked for and are not.
 */
function countAbove(t: Trailing, x: f64, side: i32, all: bool): i32 {
  if (!tells(t, x)) return -1;
  const y = side ? x - t.perturbation : x + t.perturbation;
  const s = side ? y * y - NOISE * x * x : y * y / (1 - y * y / (t.omega * t.omega)) + NOISE * x * x;
  const p = positive(t, s, NOISE * x * x, all);
  return p < 0 ? p : t.k + p;
}

/** The Gram matrices, from the steps of QR. */
function trailingOf(q: qrcp.PivotedQr, rest: f64): Trailing {
  const t = changetype<Trailing>(alloc(offsetof<Trailing>()));
  const W = q.W;
  const ld = q.ld;
  const m = q.m;
  const n = q.n;
  clearBelow(W, ld, m, q.steps);
  const k = qrcp.leastSteps(q, REACH * claim.tolerance(claim.low));
  const d = n - k;
  const left = qrcp.residualAfter(q, k);
  t.k = k;
  t.d = d;
  t.c2 = left * left;
  t.C = alloc(triangleBytes(d));
  t.M = alloc(triangleBytes(d));
  const start = mark();
  t.omega = 1 / inverseNorm(packUpper(W, ld, k), k);
  release(start);
  const T = coefficients(W, ld, k, n);
  const steps = panels(k) << 2;
  t.m2 = dot(T, T, panels(d) * steps << 2);
  gram(t.M, 0, d, T, steps, steps, true);
  release(start);
  const P = alloc(packedBytes(m - k, d));
  const R22 = indexed(column(W, ld, k) + (<usize>k << 3), offsets(m - k, 8), offsets(d, ld << 3), 1);
  pack(P, m - k, R22, m - k, d);
  gram(t.C, 0, d, P, m - k, m - k, true);
  release(start);
  t.perturbation = rest + 0.5 * U * Math.sqrt(scan.total * t.m2);
  return t;
}

/**
 * The rank from the steps of a pivoted QR of a matrix that has the singular values of A to within `rest`. False
 * where nothing comes of it. "Trailing matrix".
 */
export function byTrailing(q: qrcp.PivotedQr, rest: f64): bool {
  if (!(rest < 0.5 * claim.tolerance(claim.high))) return false; // no count could tell
  const start = mark();
  const t = trailingOf(q, rest);
  const done = decide(t, q);
  if (done && claim.report) widenBounds(t);
  release(start);
  return done;
}

/** For reports: moves lower up and upper down as far as the count stays the same. */
function widenBounds(t: Trailing): void {
  // sigma_rank first, then sigma_{rank + 1}: between a bound that holds and one that is not to be hoped for. Each step
  // halves the logarithm of their ratio: seven at most.
  for (let side = 0; side < 2; side++) {
    if (claim.rank == (side ? source.n : 0)) continue;
    let bad = side ? 3 * t.perturbation : claim.high;
    let good = side ? claim.upper : claim.lower;
    while (side ? bad < WIDEN_UNTIL * good : good < WIDEN_UNTIL * bad) {
      const x = Math.sqrt(good * bad);
      const p = countAbove(t, x, side, false);
      if (side ? p >= 0 && p <= claim.rank : p >= claim.rank) {
        claim.widen(side ? claim.lower : x, side ? x : claim.upper);
        good = x;
      } else {
        bad = x;
      }
    }
  }
}

/**
 * The claim: full rank without knowing more of sigma_1; the same count at both ends of the tolerance;
 * or the values as they stand.
 */
function decide(t: Trailing, q: qrcp.PivotedQr): bool {
  const n = q.n;
  const high = claim.tolerance(claim.high);
  if (countAbove(t, high, 0, true) == n) return claim.answer(n, high, claim.tolerance(claim.low), Method.Trailing);

  // Where few columns remain, counts cost less than sigma_1.
  if (t.d <= n / FEW_LEFT && sameCount(t)) return true;
  // sigma_1 from the leading rows of R: those that leave little of it.
  const some = qrcp.leastSteps(q, max<f64>(LEFT_FOR_SIGMA * claim.low, Math.sqrt(t.c2)));
  const left = qrcp.residualAfter(q, some);
  const G = alloc(triangleBytes(some));
  gramOfRows(G, q.W, q.ld, some, n);
  const L = alloc(triangleBytes(some));
  const slack = rounding(n, n, scan.total, GROWTH * scan.total);
  const beyond = slack + left * left + perturbationOfSquare(t);
  raiseByLanczos(G, some, slack + perturbationOfSquare(t), LANCZOS_FIRST, LANCZOS_FIRST_STEPS, 0);
  capByIntegers(L, G, some, beyond);
  if (sameCount(t)) return true;
  // The spectrum is dense: there are values within what is known of the tolerance. They are counted as they stand,
  // where that is within the resolution: sigma_1 to more digits,
  // then a count that is exact for some tolerance between `least` and `most`.
  raiseByLanczos(G, some, slack + perturbationOfSquare(t), LANCZOS_SHARE * SIGMA_FINE, LANCZOS_STEPS, 0);
  capByCholesky(L, G, some, beyond, SIGMA_FINE);
  const tau = claim.tolerance(claim.sigma);
  const square = (1 - NOISE) * tau * tau;
  const least = Math.sqrt(square / (1 + square / (t.omega * t.omega))) - t.perturbation;
  const most = Math.sqrt(1 + NOISE) * tau + t.perturbation;
  const gap = max(most - claim.tolerance(claim.low), claim.tolerance(claim.high) - least);
  if (!(gap <= claim.resolution())) return false;
  const counted = tells(t, tau) ? positive(t, tau * tau, NOISE * tau * tau, false) : -1;
  return counted >= 0 && claim.counted(t.k + counted, least, most, Method.Trailing);
}

/** The claim, where the count is the same at both ends of the tolerance. */
function sameCount(t: Trailing): bool {
  const high = claim.tolerance(claim.high);
  const low = claim.tolerance(claim.low);
  const p = countAbove(t, high, 0, false);
  return p >= 0 && countAbove(t, low, 1, false) == p && claim.answer(p, high, low, Method.Trailing);
}

/** What `rest` may change of sigma_1^2. */
function perturbationOfSquare(t: Trailing): f64 {
  return t.perturbation * (2 * claim.high + t.perturbation);
}
