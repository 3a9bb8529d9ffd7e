// Full rank where the tolerance is too close to rounding for a Gram matrix, and sigma_n is expected far above it:
// QR without pivoting, and sigma_n >= 1 / ||R^-1||_F. docs/certificates.md, "Full rank by QR".
// Cost: 2 m n^2 - n^3 / 3 flops.
import { mark, release } from '../base/arena';
import { GUARD } from '../base/params';
import { inverseNorm } from '../blas/trsm';
import { matrix, qr, rowsOfMatrix, tall } from '../factor/tsqr';
import { leading } from '../matrix/columns';
import * as source from '../matrix/source';
import { packUpper } from '../matrix/triangle';
import * as claim from './claim';
import { Method } from './claim';
import { reductionStages, reflectorError, stage } from './rounding';

/** Claims full rank where it is proved. */
export function fullRankByQr(): bool {
  const n = source.n;
  const m = rowsOfMatrix();
  const start = mark();
  const W = matrix();
  if (!tall()) qr(W, leading(m), m, n);
  const done = decideFromInverse(packUpper(W, leading(m), n), (tall() ? reductionStages() : stage(n)) + stage(n));
  release(start);
  return done;
}

/**
 * The claim from L = R^T, packed, where R has the singular values of A but for so many reflectors, those that its
 * inverse counts for among them.
 */
export function decideFromInverse(L: usize, reflectors: i32): bool {
  const n = source.n;
  const inverse = inverseNorm(L, n);
  const lower: f64 = inverse > 0 && inverse < Infinity ? 1 / inverse - reflectorError(reflectors) : 0;
  return lower > GUARD * claim.tolerance(claim.high) && claim.answer(n, lower, 0, Method.Qr);
}
