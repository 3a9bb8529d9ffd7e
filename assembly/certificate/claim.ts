// What is being claimed: the tolerance, what is known of sigma_1, and the answer once there is one.
//
// All quantities are of scale * A. sigma_1 lies in [low, high], and a claim about the tolerance must hold for every
// sigma_1 in there (docs/certificates.md, "sigma_1"): a lower bound is held against tolerance(high), an upper one against
// tolerance(low).
import { Cholesky } from '../factor/cholesky';
import * as source from '../matrix/source';
import { Bidiagonal } from '../spectrum/bidiagonal';

/** The step that decided; the host knows them by these numbers. */
export const enum Method { Trivial, Cholesky, Inertia, Sample, Qr, Lq, Jacobi, Bidiagonal, Trailing }

export let rank: i32 = 0;
/** sigma_rank >= lower, Infinity when rank = 0. */
export let lower: f64 = 0;
/** sigma_{rank + 1} <= upper, 0 when rank = min(m, n). */
export let upper: f64 = 0;
export let method: Method = Method.Trivial;

export let low: f64 = 0;
export let high: f64 = 0;
export let absolute: f64 = 0;
export let relative: f64 = 0;
/** A report is wanted: low is sigma_1 to near full accuracy, the bounds should be tight. */
export let exact: bool = false;

/** Opens a claim: the tolerance is max(absolute, relative sigma_1), sigma_1 in [low, high]. */
export function open(absolute_: f64, relative_: f64, exact_: bool, low_: f64, high_: f64): void {
  absolute = absolute_;
  relative = relative_;
  exact = exact_;
  low = low_;
  high = high_;
}

// @ts-ignore: decorator
@inline
export function tolerance(sigma: f64): f64 {
  return max<f64>(absolute, relative * sigma);
}

/** A better lower bound of sigma_1. */
export function raise(sigma: f64): void {
  low = max<f64>(low, sigma);
}

/** A better upper bound of sigma_1. */
export function cap(sigma: f64): void {
  high = min<f64>(high, sigma);
}

/** sigma_1 as computed by a method that needs no bracket. */
export function settle(sigma: f64): void {
  low = sigma;
}

/** The rank, with sigma_r >= lo and sigma_{r + 1} <= up. Always true: the claim is made. */
export function answer(r: i32, lo: f64, up: f64, by: Method): bool {
  rank = r;
  lower = r == 0 ? Infinity : max<f64>(lo, 0);
  upper = r == min(source.m, source.width) ? 0 : up;
  method = by;
  return true;
}

/** Bounds that a report has moved further out. */
export function widen(lo: f64, up: f64): void {
  lower = lo;
  upper = up;
}
