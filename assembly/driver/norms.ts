// Norms and the ranks made of them, without a singular value decomposition.
//
// ||A||_F is a sum that scan() has made. With G = A^T A, ||G||_F^2 = sum sigma_i^4 costs one syrk. sigma_1^2
// is the largest eigenvalue of G, from below by Lanczos iteration; Cholesky of theta I - G then proves that
// none is larger than theta, a little above it, and where the proof fails (the iteration stopped at a smaller
// one, or not yet close enough) it goes on, in the end with all singular values. Cost: m n^2 + n^3 / 3 flops
// and some 2 n^2 for each Lanczos step. Source: Golub & Van Loan, chapter 10; Rump 2006 for the proof
// (docs/certificates.md, "Inertia"). All quantities are of scale * A.
import { alloc, mark, release } from '../base/arena';
import { squareSymmetric } from '../blas/symv';
import { gramOfSource } from '../blas/syrk';
import { noneAbove } from '../certificate/inertia';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { triangleBytes } from '../matrix/triangle';
import { largestEigenvalue } from '../spectrum/lanczos';
import * as svd from './singular-values';

/** sigma_1^2 is proved to within this, relative, beside what rounding did to G. */
const CERTIFIED: f64 = 1e-10;

/** Steps of the first Lanczos run; a second one may take three for each column. */
const STEPS: i32 = 200;

/** sigma_1^2; -1 when neither the iteration nor Jacobi converged. */
export function largestSquare(): f64 {
  const n = source.n;
  if (n < 2) return scan.total;
  const start = mark();
  const G = alloc(triangleBytes(n));
  const L = alloc(triangleBytes(n));
  gramOfSource(G);
  let theta = largestEigenvalue(G, n, scan.total, 1e-15, STEPS, 0);
  if (!noneAbove(L, G, n, theta * (1 + CERTIFIED))) {
    if (n > STEPS / 3) theta = largestEigenvalue(G, n, scan.total, 1e-16, 3 * n, 0);
    if (n <= STEPS / 3 || !noneAbove(L, G, n, theta * (1 + CERTIFIED))) {
      const values = alloc(<u64>source.width << 3);
      theta = svd.singularValues(values, false) ? load<f64>(values) * load<f64>(values) : -1;
    }
  }
  release(start);
  return theta;
}

/** (sum sigma_i^2)^2 / sum sigma_i^4; 0 for a zero matrix. */
export function participation(): f64 {
  if (source.n == 0) return 0;
  if (source.n == 1) return 1;
  const start = mark();
  const G = alloc(triangleBytes(source.n));
  gramOfSource(G);
  const square = squareSymmetric(G, source.n);
  release(start);
  return scan.total / square * scan.total;
}
