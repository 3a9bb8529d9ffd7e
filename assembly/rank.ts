// The driver: from proof to proof, the cheapest first, and singular values only for what they leave open.
// Every claim is a theorem in docs/certificates.md; section names are given where a claim is made.
//
// All quantities are of scale * A. sigma_1 is known to lie in [low, high]; a claim about the tolerance holds for
// every sigma_1 in there.
import { alloc, mark, release } from './arena';
import { countAbove, reduceToBidiagonal, value } from './bidiagonal';
import * as cholesky from './cholesky';
import { column, createColumns, leading, readAll } from './columns';
import { gramOfSource, packSource, packedBytes, squareSymmetric } from './grams';
import { coupling, jacobi } from './jacobi';
import { largestEigenvalue } from './lanczos';
import * as lowrank from './lowrank';
import { power } from './norms';
import { pack } from './pack';
import {
  BIDIAGONAL_COLUMNS, GUARD, REACH_STEPS, REPORT_COLUMNS, REPORT_ROWS, SAMPLE_COLUMNS, SMOOTH, U,
} from './params';
import * as qrcp from './qrcp';
import { reduce } from './reduce';
import * as scan from './scan';
import * as source from './source';
import { transposeUpper } from './squeeze';
import { inverseNorm, packUpper } from './triangular';

export const enum Method { Trivial, Cholesky, Inertia, Sample, Qr, Lq, Jacobi, Bidiagonal }

export let rank: i32 = 0;
export let lower: f64 = 0;
export let upper: f64 = 0;
export let method: Method = Method.Trivial;
/** sigma_1: a lower bound, accurate where asked for. */
export let low: f64 = 0;
/** An upper bound of sigma_1. */
export let high: f64 = 0;

let absolute: f64 = 0;
let relative: f64 = 0;
let exact: bool = false;

// @ts-ignore: decorator
@inline
export function tolerance(sigma: f64): f64 {
  return max<f64>(absolute, relative * sigma);
}

function answer(r: i32, lo: f64, up: f64, by: Method): bool {
  rank = r;
  lower = r == 0 ? Infinity : max<f64>(lo, 0);
  upper = r == min(source.m, source.width) ? 0 : up;
  method = by;
  return true;
}

/** Copies a packed triangle, times +-1. */
function copyTriangle(to: usize, from: usize, n: i32, sign: f64): void {
  const bytes = <usize>cholesky.triangleBytes(n);
  const s = f64x2.splat(sign);
  for (let o: usize = 0; o < bytes; o += 16) v128.store(to + o, f64x2.mul(v128.load(from + o), s));
}

/** What rounding can do to G = P^T P and its factor, as a perturbation of G: "Rounding of the Gram route". */
// @ts-ignore: decorator
@inline
function rounding(rows: i32, n: i32, square: f64, growth: f64): f64 {
  return (<f64>(rows + n + 16) * square + <f64>(rows + n + 16) * growth) * U;
}

/**
 * Full rank by Cholesky of a shifted Gram matrix, of a sample of s rows or of all. Returns the column where it
 * failed, or n when it is proved. "Full rank from a sample".
 */
function fullRank(s: i32): i32 {
  const n = source.n;
  const start = mark();
  const threshold = tolerance(high);
  let failed = 0;
  if (s == source.m && (s > 2 * n && s > 4096 || packedBytes(s) + cholesky.triangleBytes(n) > <u64>source.m * source.width * (source.single ? 5 : 10) + (12 << 20))) {
    const shift = threshold * threshold + 2 * rounding(s, n, scan.total, scan.total);
    const L = alloc(cholesky.triangleBytes(n));
    gramOfSource(L);
    failed = cholesky.factor(L, n, 0, 0, 0, shift, true);
    if (failed == n) answer(n, Math.sqrt(shift - rounding(s, n, scan.total, cholesky.growth)), 0, Method.Cholesky);
    release(start);
    return failed;
  }
  const P = alloc(packedBytes(s));
  let square = scan.total;
  if (s == source.m) {
    packSource(P);
  } else {
    const inner = mark();
    const list = alloc(<u64>s << 2);
    lowrank.spread(list, s, source.m);
    const rows = source.select(list, s);
    pack(P, s, source.at, rows, s, source.selectedColumns(s), n, source.single, source.scale);
    release(inner);
    square = 0;
    const end = P + <usize>packedBytes(s);
    for (let p = P; p < end; p += 8) square += load<f64>(p) * load<f64>(p);
  }
  const shift = threshold * threshold + 2 * rounding(s, n, square, square);
  const L = alloc(cholesky.triangleBytes(n));
  failed = cholesky.factor(L, n, P, s, s, shift, true);
  if (failed == n) answer(n, Math.sqrt(shift - rounding(s, n, square, cholesky.growth)), 0, Method.Cholesky);
  release(start);
  return failed;
}

/** A guess at the rank, from the corner of a small sample: n where it shows no deficiency. Decides nothing. */
function probe(): i32 {
  const n = source.n;
  const s = n >> 2;
  if (n < SAMPLE_COLUMNS || s >= source.m) return n;
  const start = mark();
  const P = alloc(packedBytes(s));
  const list = alloc(<u64>s << 2);
  lowrank.spread(list, s, source.m);
  const rows = source.select(list, s);
  pack(P, s, source.at, rows, s, source.selectedColumns(s), s, source.single, source.scale);
  const L = alloc(cholesky.triangleBytes(s));
  const share = scan.total * <f64>s / <f64>source.m * <f64>s / <f64>n;
  const failed = cholesky.factor(L, s, P, s, s, 1e-12 * share, true);
  release(start);
  return failed < s - (s >> 3) ? failed : n;
}

/** The sigma_min^2 one may hope for in s rows of a generic matrix: sizes the sample, decides nothing. */
function hope(s: i32): f64 {
  const n = <f64>source.n;
  const gap = Math.sqrt(<f64>s) - Math.sqrt(n);
  return (scan.total / (n * <f64>source.m)) * max(0.3 * gap * gap, 0.01 / n);
}

/** Eigenvalues of G above a shift, or -1 when the pivots grew past what rounding allows for. */
function above(L: usize, G: usize, shift: f64): i32 {
  const n = source.n;
  copyTriangle(L, G, n, 1);
  cholesky.factor(L, n, 0, 0, 0, shift, false);
  return cholesky.growth > 10 * scan.total ? -1 : n - cholesky.negatives;
}

/** The count itself, by Sylvester's law of inertia. "Inertia". */
function inertia(): bool {
  const n = source.n;
  const slack = rounding(source.m, n, scan.total, 10 * scan.total);
  if (slack > 0.25 * tolerance(high) * tolerance(high)) return false;
  const start = mark();
  const G = alloc(cholesky.triangleBytes(n));
  gramOfSource(G);
  low = max<f64>(low, Math.sqrt(max<f64>(largestEigenvalue(G, n, scan.total, 1e-4, 60) - slack, 0)));
  high = min<f64>(high, Math.sqrt(Math.sqrt(squareSymmetric(G, n)) + slack));
  const least = tolerance(low);
  let done = false;
  if (slack <= 0.25 * least * least) {
    const L = alloc(cholesky.triangleBytes(n));
    if (tolerance(high) > 0.25 * Math.sqrt(scan.total / n) / <f64>n) certify(L, G, slack);
    done = between(L, G, slack) || (certify(L, G, slack) && between(L, G, slack));
  }
  release(start);
  return done;
}

/** Lowers `high` to just above `low` when Cholesky of theta I - G proves it. */
function certify(L: usize, G: usize, slack: f64): bool {
  const n = source.n;
  const theta = low * low * 1.01 + slack;
  if (high * high <= theta * 1.01) return false;
  copyTriangle(L, G, n, -1);
  if (cholesky.factor(L, n, 0, 0, 0, -theta, true) < n) return false;
  high = min<f64>(high, Math.sqrt(theta + rounding(source.m, n, scan.total, cholesky.growth)));
  return true;
}

/** Whether the count is the same at both ends of what the tolerance may be. */
function between(L: usize, G: usize, slack: f64): bool {
  const n = source.n;
  const most = tolerance(high);
  const least = tolerance(low);
  const p = above(L, G, most * most + slack);
  if (p < 0) return false;
  if (p < n && above(L, G, least * least - slack) != p) return false;
  return answer(p, most, least, Method.Inertia);
}

/** Rank k < n from a sample of rows. "Low rank from a sample". */
function sampled(guess: i32): bool {
  const start = mark();
  const done = fromSample(guess);
  release(start);
  return done;
}

function fromSample(guess: i32): bool {
  const n = source.n;
  let k = 0;
  const start = mark();
  // A very early failure of Cholesky says little of the rank: duplicates, or a smooth matrix.
  let s = guess < n >> 4 ? max(n >> 2, 48) : guess + (guess >> 2) + 32;
  for (; ; s <<= 1) {
    s = (s + 3) & ~3;
    // No saving: the sample is as large as what it should spare.
    if (s > source.m - (source.m >> 2) || s > n + (n >> 2) + 32) return false;
    release(start);
    lowrank.take(s);
    low = max<f64>(low, lowrank.sigma);
    k = lowrank.extend(tolerance(low) / GUARD, 0);
    if (k <= s - 8) break; // else it has no rows to spare and may not have seen all of the row space
  }
  if (k == 0 || k == n) return false;
  let slack = Math.sqrt(<f64>k) * U * high;
  const threshold = GUARD * tolerance(high);
  lowrank.boundBelow();
  if (lowrank.lower - slack >= threshold || lowrank.lastPivot() > SMOOTH * lowrank.rest()) {
    lowrank.boundAbove();
    const up = lowrank.upper + lowrank.noise + slack;
    if (up > tolerance(low)) return false;
    if (lowrank.lower - slack >= threshold) return answer(k, lowrank.lower - slack, up, Method.Sample);

    // All rows of the pivot columns say more about sigma_k than the sample does.
    const L = alloc(cholesky.triangleBytes(k));
    lowrank.gramOfPivots(L);
    const square = lowrank.squareOfPivots(scan.squares);
    const most = tolerance(high);
    const shift = most * most + 2 * rounding(source.m, k, square, square);
    if (cholesky.factor(L, k, 0, 0, 0, shift, true) == k) {
      return answer(k, Math.sqrt(shift - rounding(source.m, k, square, cholesky.growth)), up, Method.Sample);
    }
  }

  // The spectrum passes through the tolerance: go below it, then look at what is left. Pivots at rounding level need a
  // sample with rows to spare, or T grows.
  if (s < 2 * k) {
    s = (2 * k + 67) & ~3;
    if (s > source.m - (source.m >> 2)) return false;
    release(start);
    lowrank.take(s);
  }
  k = lowrank.extend(tolerance(low) / 128, tolerance(low) / 32);
  if (k == n) return false;
  lowrank.boundAbove();
  slack = Math.sqrt(<f64>k) * U * high;
  const rest = lowrank.upper + lowrank.noise;
  if (rest > 0.25 * tolerance(low)) return false;
  return squeeze(lowrank.product(), k, rest, slack);
}

/** Householder QR of all of A with pivoting, then the squeeze if that leaves it open. "Pivoted QR". */
function byQr(): bool {
  const n = source.n;
  const m = source.m > n + (n >> 1) ? n : source.m;
  const ld = leading(m);
  let W: usize;
  if (m < source.m) {
    W = reduce();
  } else {
    W = createColumns(m, n);
    readAll(W, ld);
  }
  const v = alloc(<u64>n << 3);
  low = max<f64>(low, power(W, ld, m, n, v, 3));
  const perm = alloc(<u64>n << 2);
  qrcp.begin(m, n, perm);
  let k = qrcp.proceed(W, ld, m, n, perm, 0, tolerance(low) / GUARD, 0);
  const slack = Math.sqrt(<f64>min(k + 1, n)) * U * high;
  if (settle(W, ld, k, n, 0, slack, Method.Qr)) return true;

  // The residual is made small beside the tolerance, then R^T is factored.
  k = qrcp.proceed(W, ld, m, n, perm, k, tolerance(low) / 32, tolerance(low) / GUARD);
  const rest = qrcp.residual;
  return squeeze(transposeUpper(W, ld, k, n), k, rest, slack);
}

/** X (n x k) has the singular values of A to within `rest`. "Squeeze". */
function squeeze(X: usize, k: i32, rest: f64, slack: f64): bool {
  const n = source.n;
  const ld = leading(n);
  // No gap at the tolerance and many values: a second QR would not decide it either.
  const smooth = abs(load<f64>(column(X, ld, k - 1) + (<usize>(k - 1) << 3))) < SMOOTH * tolerance(low);
  if (k >= BIDIAGONAL_COLUMNS && k > n >> 1 && smooth) return byBidiagonal(X, n, k, rest + slack);
  const perm = alloc(<u64>k << 2);
  qrcp.begin(n, k, perm);
  let r = qrcp.proceed(X, ld, n, k, perm, 0, tolerance(low) / GUARD, 0);
  if (settle(X, ld, r, k, rest, slack, Method.Lq)) return true;

  r = qrcp.proceed(X, ld, n, k, perm, r, 0, 0);
  // k x r, lower triangular, its columns close to orthogonal already.
  const B = transposeUpper(X, ld, r, k);
  if (r >= BIDIAGONAL_COLUMNS) return byBidiagonal(B, k, r, rest + slack);
  return byJacobi(B, k, r, rest + slack);
}

/** Singular values of B (m x n), each known to within d sqrt(1 -+ ||E||) -+ slack. "Jacobi". */
function byJacobi(B: usize, m: i32, n: i32, slack: f64): bool {
  const values = alloc(<u64>n << 3);
  if (!jacobi(B, leading(m), m, n, values, absolute, relative, slack)) return false;
  // Stopped early, Jacobi knows sigma_1 well enough for the count, not for a report.
  if (!exact) low = load<f64>(values);
  const tau = tolerance(low);
  const e = min<f64>(coupling + 8 * U, 1);
  let count = 0;
  while (count < n && load<f64>(values + (<usize>count << 3)) > tau) count++;
  const lo: f64 = count ? load<f64>(values + (<usize>(count - 1) << 3)) * Math.sqrt(1 - e) : 0;
  const up: f64 = count < n ? load<f64>(values + (<usize>count << 3)) * Math.sqrt(1 + e) : 0;
  return answer(count, lo - slack, up + slack, Method.Jacobi);
}

/** The count itself from the bidiagonal form of B (m x n, m >= n). "Bidiagonal". */
function byBidiagonal(B: usize, m: i32, n: i32, slack: f64): bool {
  reduceToBidiagonal(B, leading(m), m, n);
  low = value(0);
  const count = countAbove(tolerance(low));
  const lo: f64 = exact && count ? value(count - 1) : tolerance(low);
  const up: f64 = exact && count < n ? value(count) : tolerance(low);
  return answer(count, lo - slack, (count < n ? up : 0) + slack, Method.Bidiagonal);
}

/** Decides from the leading k x k triangle of R and what it leaves: "Pivoted QR". */
function settle(R: usize, ld: i32, k: i32, n: i32, rest: f64, slack: f64, by: Method): bool {
  k = qrcp.trim(R, ld, k, n, tolerance(low) - rest - slack);
  const up = qrcp.residual + rest + slack;
  if (k < source.n && up > tolerance(low)) return false;
  if (k == 0) return answer(0, 0, up, by);
  const start = mark();
  const inverse = inverseNorm(packUpper(R, ld, k), k);
  release(start);
  const lo: f64 = inverse > 0 && inverse < Infinity ? 1 / inverse - rest - slack : 0;
  if (lo < GUARD * tolerance(high)) return false;
  return answer(k, lo, k < source.n ? up : slack, by);
}

/**
 * The rank of the open source, scanned and finite. The tolerance is max(absolute, relative sigma_1), absolute in scaled
 * units. exact: also sigma_1 to near full accuracy. Returns false when Jacobi did not converge.
 */
export function decide(absolute_: f64, relative_: f64, exact_: bool): bool {
  const n = source.n;
  bracket();
  absolute = absolute_;
  relative = relative_;
  exact = exact_ && n > 1;
  if (!exact) return prove();
  const start = mark();
  const G = alloc(cholesky.triangleBytes(n));
  gramOfSource(G);
  low = max<f64>(low, Math.sqrt(largestEigenvalue(G, n, scan.total, 1e-11, 400)));
  const done = prove();
  if (done && method <= Method.Sample) reach(G);
  release(start);
  return done;
}

/** What the scan says of sigma_1: low <= sigma_1 <= high. */
function bracket(): void {
  const n = source.n;
  let most: f64 = 0;
  for (let j = 0; j < n; j++) most = max(most, load<f64>(scan.squares + (<usize>j << 3)));
  const e = (<f64>source.m + <f64>n) * U; // rounding of the sums
  low = n ? Math.sqrt(max(most, scan.total / <f64>n)) * (1 - e) : 0;
  high = Math.sqrt(scan.total) * (1 + e);
}

/** For reports: moves lower up and upper down as far as the inertia of G proves the same count. */
function reach(G: usize): void {
  const n = source.n;
  const slack = rounding(source.m, n, scan.total, 10 * scan.total);
  const least = Math.sqrt(4 * slack);
  const L = alloc(cholesky.triangleBytes(n));
  // The factorisations cost no more than the Gram matrix did, or a tenth of a second.
  const size = <f64>n;
  const budget = max<f64>(<f64>source.m * size * size, 2e9) / (0.667 * size * size * size);
  const steps = <i32>min<f64>(REACH_STEPS, max<f64>(1, budget));
  let bad = high;
  let good = max<f64>(lower, least);
  for (let i = 0; i < steps && rank > 0 && good < 0.5 * bad; i++) {
    const x = Math.sqrt(good * bad);
    if (above(L, G, x * x + slack) >= rank) lower = good = x;
    else bad = x;
  }
  bad = least;
  good = upper;
  for (let i = 0; i < steps && rank < n && bad < 0.5 * good; i++) {
    const x = Math.sqrt(good * bad);
    const p = above(L, G, x * x - slack);
    if (p >= 0 && p <= rank) upper = good = x;
    else bad = x;
  }
}

function prove(): bool {
  const m = source.m;
  const n = source.n;
  if (n == 0) return answer(0, 0, 0, Method.Trivial);
  if (n == 1) return answer(<i32>(low > tolerance(low)), low, low, Method.Trivial);
  if (relative >= 1 || tolerance(low) >= high) return answer(0, 0, high, Method.Trivial);
  if (exact && n <= REPORT_COLUMNS && m <= REPORT_ROWS * n) return byQr();

  // The smallest sample that may prove full rank; nothing is lost but time if it does not.
  const threshold = tolerance(high);
  const shift = threshold * threshold + 4 * rounding(n, n, scan.total, scan.total) * (<f64>n / <f64>m);
  let s = n + (n >> 3) + 16;
  while (s < m && shift > hope(s)) s += s >> 2;
  if (s > m - (m >> 2)) s = m;
  let failed: i32;
  if (shift <= hope(s)) {
    failed = fullRank(s);
    if (failed == n) return true;
  } else {
    failed = probe();
  }
  if (n >= SAMPLE_COLUMNS && failed < n - (n >> 2) && sampled(failed)) return true;
  if (inertia()) return true;
  return byQr();
}
