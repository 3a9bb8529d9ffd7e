// sigma_1 between two bounds: norms, Ritz values from below, Cholesky of theta I - G from above.
// docs/certificates.md, "sigma_1".
//
// No start vector is trusted: a Ritz value may belong to another singular value,
// and then Cholesky does not prove the bound above it. After
// SIGMA_STARTS start vectors the bidiagonal form of all of A tells.
import { alloc, mark, release } from '../base/arena';
import { ENCLOSE_SHARE, LANCZOS_STEPS, SIGMA_COARSE, SIGMA_COARSE_MOST, SIGMA_STARTS, U } from '../base/params';
import { Cholesky, factor } from '../factor/cholesky';
import { integerRounding, provesUpperBound } from '../factor/cholesky16';
import { matrix, rowsOfMatrix } from '../factor/tsqr';
import { leading } from '../matrix/columns';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { copyTriangle, triangleBytes } from '../matrix/triangle';
import { bidiagonalForm, largestValue } from '../spectrum/bidiagonal';
import { largestEigenvalue } from '../spectrum/lanczos';
import * as claim from './claim';
import { reductionStages, reflectorError, rounding, stage } from './rounding';

/** max_j ||a_j|| and ||A||_F / sqrt(n) <= sigma_1 <= ||A||_F, of the scanned matrix. */
export function encloseByNorms(): void {
  const n = source.n;
  let most: f64 = 0;
  for (let j = 0; j < n; j++) most = max(most, load<f64>(scan.squares + (<usize>j << 3)));
  const e = (<f64>source.m + <f64>n) * U; // rounding of the sums
  claim.raiseSigma(n ? Math.sqrt(max(most, scan.total / <f64>n)) * (1 - e) : 0);
  claim.capSigma(Math.sqrt(scan.total) * (1 + e));
}

/** Raises `low` to the largest Ritz value of G, of order n, less what rounding may have added: `slack`, of G. */
export function raiseByLanczos(G: usize, n: i32, slack: f64, accuracy: f64, steps: i32, start: i32): void {
  const theta = largestEigenvalue(G, n, scan.total, accuracy, steps, start);
  claim.raiseSigma(Math.sqrt(max<f64>(theta - slack, 0)));
  claim.estimateSigma(Math.sqrt(theta));
}

/** A `share` above `low`, squared: what an upper bound is tried with. slack: what A^T A may have beside G. */
function target(slack: f64, share: f64): f64 {
  return claim.low * claim.low * (1 + share) + slack;
}

/** Whether `high` is within a share of it already. */
function isBelow(theta: f64, share: f64): bool {
  return claim.high * claim.high <= theta * (1 + share);
}

/**
 * Cholesky of theta I - G: where it is complete no eigenvalue of G is above theta,
 * up to its rounding. L is overwritten.
 */
function factorBelow(L: usize, G: usize, n: i32, theta: f64): Cholesky {
  copyTriangle(L, G, n, -1);
  return factor(L, n, -theta, true);
}

/**
 * Lowers `high` to within a `share` of `low` (of their squares) where Cholesky proves it.
 * Returns whether it is lower now.
 */
export function capByCholesky(L: usize, G: usize, n: i32, slack: f64, share: f64): bool {
  const theta = target(slack, share);
  if (isBelow(theta, share)) return false;
  const start = mark();
  const f = factorBelow(L, G, n, theta);
  const proved = f.columns == n;
  if (proved) claim.capSigma(Math.sqrt(theta + slack + rounding(source.m, n, scan.total, f.growth)));
  release(start);
  return proved;
}

/** The same to a per cent or two, in integers where they are close enough. */
export function capByIntegers(L: usize, G: usize, n: i32, slack: f64): bool {
  if (n > SIGMA_COARSE_MOST) return capByCholesky(L, G, n, slack, SIGMA_COARSE);
  const theta = target(slack, SIGMA_COARSE);
  const bound = theta * (1 + integerRounding(n)) + slack;
  if (isBelow(bound, SIGMA_COARSE) || !provesUpperBound(L, G, n, theta)) return false;
  claim.capSigma(Math.sqrt(bound));
  return true;
}

/** Brings `low` and `high` to within a `share` of each other (of their squares), whatever it takes. G = A^T A. */
export function enclose(G: usize, slack: f64, share: f64): void {
  const n = source.n;
  const start = mark();
  const L = alloc(triangleBytes(n));
  for (let i = 0; i < SIGMA_STARTS; i++) {
    raiseByLanczos(G, n, slack, ENCLOSE_SHARE * share, LANCZOS_STEPS, i);
    if (capByCholesky(L, G, n, slack, share) || isBelow(target(slack, share), share)) {
      release(start);
      return;
    }
  }
  release(start);
  const W = matrix();
  const sigma = largestValue(bidiagonalForm(W, leading(rowsOfMatrix()), rowsOfMatrix(), n));
  const error = reflectorError(reductionStages() + stage(2 * n));
  claim.raiseSigma(sigma - error);
  claim.capSigma(sigma + error);
  claim.estimateSigma(sigma);
  release(start);
}
