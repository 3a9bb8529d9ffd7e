// The driver: from proof to proof, the cheapest first, and singular values only for what they leave open.
import { alloc, mark, release } from '../base/arena';
import { REPORT_COLUMNS, REPORT_ROWS, SAMPLE_COLUMNS, SAMPLE_ROWS, U } from '../base/params';
import { gramOfSource } from '../blas/syrk';
import * as claim from '../certificate/claim';
import { Method } from '../certificate/claim';
import { found, fullRank, hope, known, probe, smooth } from '../certificate/full-rank';
import { countable, inertia, reach } from '../certificate/inertia';
import { sampled } from '../certificate/low-rank';
import { byQr } from '../certificate/pivoted-qr';
import { rounding } from '../certificate/rounding';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { triangleBytes } from '../matrix/triangle';
import { largestEigenvalue } from '../spectrum/lanczos';

/**
 * The rank of the open source, scanned and finite. The tolerance is max(absolute, relative sigma_1), absolute in scaled
 * units. exact: for a report. Returns false when Jacobi did not converge; claim.ts holds the answer.
 */
export function decide(absolute: f64, relative: f64, exact: bool): bool {
  const n = source.n;
  let most: f64 = 0;
  for (let j = 0; j < n; j++) most = max(most, load<f64>(scan.squares + (<usize>j << 3)));
  const e = (<f64>source.m + <f64>n) * U; // rounding of the sums
  const low: f64 = n ? Math.sqrt(max(most, scan.total / <f64>n)) * (1 - e) : 0;
  const size = Math.sqrt(scan.total);
  claim.open(absolute, relative, exact && n > 1, n == 1 ? size : low, n == 1 ? size : size * (1 + e));
  if (!claim.exact) return prove(0);
  const start = mark();
  const G = alloc(triangleBytes(n));
  gramOfSource(G);
  claim.raise(Math.sqrt(largestEigenvalue(G, n, scan.total, 1e-11, 400, 0)));
  const done = prove(G);
  if (done && claim.method <= Method.Sample) reach(G);
  release(start);
  return done;
}

/** G is A^T A where it is known already, else 0. */
function prove(G: usize): bool {
  const m = source.m;
  const n = source.n;
  if (n == 0) return claim.answer(0, 0, 0, Method.Trivial);
  const low = claim.low;
  if (n == 1) return claim.answer(<i32>(low > claim.tolerance(low)), low, low, Method.Trivial);
  if (claim.relative >= 1 || claim.tolerance(low) >= claim.high) {
    return claim.answer(0, 0, claim.high, Method.Trivial);
  }
  if (claim.exact && n <= REPORT_COLUMNS && m <= REPORT_ROWS * n) return byQr(0);

  // The smallest sample that may prove full rank; nothing is lost but time if it does not.
  const threshold = claim.tolerance(claim.high);
  const shift = threshold * threshold + 4 * rounding(n, n, scan.total, scan.total) * (<f64>n / <f64>m);
  let s = n + (n >> 3) + 16;
  while (s < m && shift > hope(s)) s += s >> 2;
  if (G || s > m - (m >> 2)) s = m;
  const hopeful = shift <= hope(s);
  if (hopeful && fullRank(s, G)) return true;
  const guess = hopeful ? found : probe(n >> 2);
  const most = countable() ? (5 * n) >> 3 : smooth ? m >> 3 : n;
  const proved = hopeful ? known : 0;
  if (m >= SAMPLE_ROWS && n >= SAMPLE_COLUMNS && guess < most && sampled(guess, proved)) return true;
  if (inertia(G)) return true;
  return byQr(proved);
}
