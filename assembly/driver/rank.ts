// The driver: from proof to proof, the cheapest first, and singular values only for what they leave open.
import { alloc, mark, release } from '../base/arena';
import {
  CHOSEN_LEAST,
  CHOSEN_SHARE,
  DEFLATE_COLUMNS,
  DIRECT_COLUMNS,
  EXPECTED_ABOVE,
  EXPECTED_HIDDEN,
  GLANCE_COLUMNS,
  GROWTH,
  REPORT_COLUMNS,
  REPORT_ROWS,
  SAMPLE_AGAIN,
  SAMPLE_COLUMNS,
  SAMPLE_ROWS,
  SAMPLE_ROWS_A_COLUMN,
  SIGMA_FINE,
  TRIANGLE_COLUMNS,
  U,
} from '../base/params';
import { gramOfSource } from '../blas/syrk';
import * as claim from '../certificate/claim';
import { Method } from '../certificate/claim';
import { Attempt, createAttempt } from '../certificate/attempt';
import { byEquilibratedColumns, byEquilibratedRows } from '../certificate/equilibrated';
import { estimate, expectedSigmaMinSquare, isGraded } from '../certificate/estimate';
import { fullRank, fullRankOfNonzeros } from '../certificate/full-rank';
import { countable, inertia, widenBounds } from '../certificate/inertia';
import { sampled } from '../certificate/low-rank';
import { byQr } from '../certificate/pivoted-qr';
import { bySingularValues } from '../certificate/qlp';
import { rounding } from '../certificate/rounding';
import { enclose, encloseByNorms } from '../certificate/sigma1';
import { bySmallPair } from '../certificate/small-pair';
import { fullRankOfTriangle, triangleOfSource } from '../certificate/triangular';
import { fullRankByQr } from '../certificate/unpivoted-qr';
import { findNonzeros } from '../matrix/nonzeros';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { triangleBytes } from '../matrix/triangle';

/**
 * The rank of the open source, scanned and finite. The tolerance is max(absolute, relative sigma_1), absolute in scaled
 * units. report: with tight bounds. False where no method decided; claim.ts holds the answer.
 */
export function decide(absolute: f64, relative: f64, report: bool): bool {
  const n = source.n;
  claim.open(absolute, relative, report && n > 1);
  encloseByNorms();
  if (!claim.report) return prove(0);
  const start = mark();
  const G = alloc(triangleBytes(n));
  gramOfSource(G);
  enclose(G, rounding(source.m, n, scan.total, GROWTH * scan.total), SIGMA_FINE);
  const done = prove(G);
  if (done && claim.method <= Method.Sample && claim.method != Method.Inertia) widenBounds(G);
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
  if (claim.report && n <= REPORT_COLUMNS && m <= REPORT_ROWS * n) return byQr(0);

  const graded = !claim.report && n >= SAMPLE_COLUMNS && !countable() && isGraded();
  if (graded && (byEquilibratedColumns() || (n <= DIRECT_COLUMNS && byEquilibratedRows()))) return true;
  if (m == n && n >= TRIANGLE_COLUMNS && !claim.report && !countable()) {
    const L = triangleOfSource();
    // Where a triangle's inverse is large, singular values mostly fall without a gap: only QR tells.
    if (L) return fullRankOfTriangle(L) || byQr(0);
  }
  // The smallest sample that may prove full rank; nothing is lost but time if it does not.
  const threshold = claim.tolerance(claim.high);
  const shift = threshold * threshold + 4 * rounding(n, n, scan.total, scan.total) * (<f64>n / <f64>m);
  let s = n + (n >> 3) + 16;
  while (s < m && shift > expectedSigmaMinSquare(s)) s += s >> 2;
  const few = findNonzeros();
  if (G || few || s > m - (m >> 2)) s = m;
  const seen = s < m || G || few || n < GLANCE_COLUMNS ? createAttempt() : estimate(n >> 2, n >> 3);
  if (seen.low && sampled(seen.independent, 0, true)) return true;
  let full = few ? fullRankOfNonzeros(few, G) : tryFullRank(s, G, shift, seen);
  if (s < m && mayNeedRows(full, threshold) && SAMPLE_AGAIN * s <= m >> 1) {
    s *= SAMPLE_AGAIN;
    full = fullRank(s, 0, false);
  }
  if (full.decided || (!claim.report && bySmallPair())) return true;
  const most = countable() ? (5 * n) >> 3 : full.gapless ? m >> 3 : n;
  const guess = full.independent;
  const samples = m >= SAMPLE_ROWS && (n >= SAMPLE_COLUMNS || m >= SAMPLE_ROWS_A_COLUMN * n);
  const chosen = max(CHOSEN_LEAST, full.ordered / CHOSEN_SHARE);
  const ordered = full.gapless || claim.report ? 0 : full.ordered - chosen;
  if (samples && guess < most && sampled(guess, full.proved, false, ordered)) return true;
  if (inertia(G)) return true;
  // Rows of a sample may miss what the others have, and in all rows a few columns only be dependent.
  if (s < m && n >= DEFLATE_COLUMNS && !full.gapless && fullRank(m, 0, true).decided) return true;
  if (full.least < EXPECTED_ABOVE * threshold) {
    if (n > DIRECT_COLUMNS) return byQr(full.proved);
    return (!claim.report && !graded && byEquilibratedRows()) || bySingularValues();
  }
  if (full.least < Infinity && seen != full && fullRankByQr()) return true;
  return byQr(full.proved, ordered);
}

/** An attempt at full rank from s rows, by a Gram matrix or, where it is `seen` to hide sigma_n, by QR of all rows. */
function tryFullRank(s: i32, G: usize, shift: f64, seen: Attempt): Attempt {
  const n = source.n;
  if (EXPECTED_HIDDEN * seen.least * seen.least <= shift) {
    seen.independent = n; // a smooth spectrum has no rank that a sample of rows could show
    seen.decided = seen.least >= EXPECTED_ABOVE * claim.tolerance(claim.high) && fullRankByQr();
    return seen;
  }
  if (shift <= expectedSigmaMinSquare(s)) return fullRank(s, G, false);
  return n < SAMPLE_COLUMNS ? seen : estimate(n >> 2, n >> 2);
}

/** Whether more rows may show full rank: singular values seemed to end about the tolerance, and not in a gap. */
function mayNeedRows(a: Attempt, tolerance: f64): bool {
  const n = source.n;
  return !a.decided && a.gapless && (a.least > tolerance || a.independent > n - (n >> 2));
}
