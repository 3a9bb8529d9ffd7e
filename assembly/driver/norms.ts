// Norms and the ranks made of them, without a singular value decomposition.
//
// ||A||_F is a sum that scan() has made. With G = A^T A, ||G||_F^2 = sum sigma_i^4 costs one syrk. sigma_1^2
// is the largest eigenvalue of G, from below by Lanczos iteration; Cholesky of theta I - G then proves that
// none is larger than theta, a little above it (sigma1.ts). Cost: m n^2 + n^3 / 3 flops
// and some 2 n^2 for each Lanczos step. Source: Golub & Van Loan, chapter 10; Rump 2006 for the proof
// (docs/certificates.md, "Inertia"). All quantities are of scale * A.
import { alloc, mark, release } from '../base/arena';
import { NORM_ACCURACY } from '../base/params';
import { squareSymmetric } from '../blas/symv';
import { gramOfSource } from '../blas/syrk';
import * as claim from '../certificate/claim';
import { enclose, encloseByNorms } from '../certificate/sigma1';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { triangleBytes } from '../matrix/triangle';

/** sigma_1^2 */
export function largestSquare(): f64 {
  const n = source.n;
  if (n < 2) return scan.total;
  claim.open(0, 0, true);
  encloseByNorms();
  const start = mark();
  const G = alloc(triangleBytes(n));
  gramOfSource(G);
  enclose(G, 0, NORM_ACCURACY);
  release(start);
  return claim.sigma * claim.sigma;
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
