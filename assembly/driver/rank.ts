// The driver: from proof to proof, the cheapest first, and singular values only for what they leave open.
import { alloc, mark, release } from '../base/arena';
import { GROWTH, REPORT_COLUMNS, REPORT_ROWS, SAMPLE_COLUMNS, SAMPLE_ROWS, SIGMA_FINE, U } from '../base/params';
import { gramOfSource } from '../blas/syrk';
import * as claim from '../certificate/claim';
import { Method } from '../certificate/claim';
import { estimateRank, expectedSigmaMinSquare, fullRank } from '../certificate/full-rank';
import { countable, inertia, widenBounds } from '../certificate/inertia';
import { sampled } from '../certificate/low-rank';
import { byQr } from '../certificate/pivoted-qr';
import { rounding } from '../certificate/rounding';
import { enclose, encloseByNorms } from '../certificate/sigma1';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { triangleBytes } from '../matrix/triangle';

/**
 * The rank of the open source, scanned and finite. The tolerance is max(absolute, relative sigma_1), absolute in scaled
 * units. exact: for a report. Returns false when Jacobi did not converge; claim.ts holds the answer.
 */
export function decide(absolute: f64, relative: f64, exact: bool): bool {
  const n = source.n;
  claim.open(absolute, relative, exact && n > 1);
  encloseByNorms();
  if (!claim.exact) return prove(0);
  const start = mark();
  const G = alloc(triangleBytes(n));
  gramOfSource(G);
  enclose(G, rounding(source.m, n, scan.total, GROWTH * scan.total), SIGMA_FINE);
  const done = prove(G);
  if (done && claim.method <= Method.Sample) widenBounds(G);
  release(start);
  return done;
}

/** One nonzero column: sigma_1 is its norm. */
function proveOneColumn(): bool {
  claim.estimateSigma(Math.sqrt(scan.total));
  if (claim.low > claim.tolerance(claim.high)) return claim.answer(1, claim.low, 0, Method.Trivial);
  const norm = Math.sqrt(scan.compensatedSquare());
  claim.raiseSigma(norm * (1 - 4 * U));
  claim.capSigma(norm * (1 + 4 * U));
  const none = claim.relative >= 1 || claim.tolerance(claim.low) >= claim.high;
  if (none) return claim.answer(0, 0, claim.high, Method.Trivial);
  if (claim.low > claim.tolerance(claim.high)) return claim.answer(1, claim.low, 0, Method.Trivial);
  const above = norm > claim.tolerance(norm);
  return claim.counted(<i32>above, claim.low, above ? 0 : claim.high, Method.Trivial);
}

/** G is A^T A where it is known already, else 0. */
function prove(G: usize): bool {
  const m = source.m;
  const n = source.n;
  if (n == 0) return claim.answer(0, 0, 0, Method.Trivial);
  const low = claim.low;
  if (n == 1) return proveOneColumn();
  if (claim.relative >= 1 || claim.tolerance(low) >= claim.high) {
    return claim.answer(0, 0, claim.high, Method.Trivial);
  }
  if (claim.exact && n <= REPORT_COLUMNS && m <= REPORT_ROWS * n) return byQr(0);

  // The smallest sample that may prove full rank; nothing is lost but time if it does not.
  const threshold = claim.tolerance(claim.high);
  const shift = threshold * threshold + 4 * rounding(n, n, scan.total, scan.total) * (<f64>n / <f64>m);
  let s = n + (n >> 3) + 16;
  while (s < m && shift > expectedSigmaMinSquare(s)) s += s >> 2;
  if (G || s > m - (m >> 2)) s = m;
  const full = shift <= expectedSigmaMinSquare(s) ? fullRank(s, G) : estimateRank(n >> 2);
  if (full.decided) return true;
  const guess = full.independent;
  const most = countable() ? (5 * n) >> 3 : full.gapless ? m >> 3 : n;
  if (m >= SAMPLE_ROWS && n >= SAMPLE_COLUMNS && guess < most && sampled(guess, full.proved)) return true;
  if (inertia(G)) return true;
  return byQr(full.proved);
}
