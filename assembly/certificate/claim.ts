// What is being claimed: the tolerance, what is known of sigma_1, and the answer once there is one.
//
// All quantities are of scale * A. sigma_1 lies in [low, high], and a claim about the tolerance must hold for every
// sigma_1 in there (docs/certificates.md, "sigma_1"): a lower bound is held against tolerance(high), an upper one
// against tolerance(low).
import { RESOLUTION, U } from '../base/params';
import { Cholesky } from '../factor/cholesky';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { Bidiagonal } from '../spectrum/bidiagonal';

/** The step that decided; the host knows them by these numbers. */
export const enum Method { Trivial, Cholesky, Inertia, Sample, Qr, Lq, Bidiagonal, Trailing, Equilibrated }

export let rank: i32 = 0;
/** sigma_rank >= lower, Infinity when rank = 0. */
export let lower: f64 = 0;
/** sigma_{rank + 1} <= upper, 0 when rank = min(m, n). */
export let upper: f64 = 0;
export let method: Method = Method.Trivial;
/** Both bounds clear the tolerance, for every sigma_1 in [low, high]. */
export let proven: bool = false;

export let low: f64 = 0;
export let high: f64 = 0;
/** The best that is known of sigma_1, within [low, high] but for rounding. */
export let sigma: f64 = 0;
export let absolute: f64 = 0;
export let relative: f64 = 0;
/** A report is wanted: [low, high] holds sigma_1 to 1e-6, the bounds should be tight. */
export let report: bool = false;

/** Opens a claim: the tolerance is max(absolute, relative sigma_1), and nothing is known of sigma_1. */
export function open(absolute_: f64, relative_: f64, report_: bool): void {
  absolute = absolute_;
  relative = relative_;
  report = report_;
  low = sigma = 0;
  high = Infinity;
}

// @ts-ignore: decorator
@inline
export function tolerance(sigma1: f64): f64 {
  return max<f64>(absolute, relative * sigma1);
}

/** A better lower bound of sigma_1. */
export function raiseSigma(bound: f64): void {
  low = max<f64>(low, bound);
  sigma = max<f64>(sigma, bound);
}

/** A better upper bound of sigma_1. */
export function capSigma(bound: f64): void {
  high = min<f64>(high, bound);
}

/** sigma_1 to nearly all digits. */
export function estimateSigma(value: f64): void {
  sigma = max<f64>(sigma, value);
}

/**
 * How close to the tolerance a singular value may be without being told from it ("Exactness"): what a count may be off
 * by, all rounding and all that was set aside included.
 */
export function resolution(): f64 {
  return RESOLUTION * Math.sqrt(<f64>source.n * scan.total) * U;
}

/** The rank, proved: sigma_r >= lo > tolerance, sigma_{r + 1} <= up <= tolerance. Always true: the claim is made. */
export function answer(r: i32, lo: f64, up: f64, by: Method): bool {
  rank = r;
  lower = r == 0 ? Infinity : max<f64>(lo, 0);
  // Beyond the columns kept there are zero columns only.
  upper = r == source.n ? 0 : up;
  method = by;
  proven = true;
  return true;
}

/** The rank by a count that is right but for singular values within the resolution of the tolerance. Always true. */
export function counted(r: i32, lo: f64, up: f64, by: Method): bool {
  answer(r, lo, up, by);
  proven = lower > tolerance(high) && upper <= tolerance(low);
  return true;
}

/** Bounds that a report has moved further out. */
export function widen(lo: f64, up: f64): void {
  lower = lo;
  upper = up;
}
