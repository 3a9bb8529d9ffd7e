// What rounding does, as a perturbation of A or of A^T A. docs/certificates.md, "Full rank from a sample", "Slack".
import { CHAIN, MORE_REFLECTORS, U } from '../base/params';
import { levels, tall } from '../factor/tsqr';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';

/** Strict: what rounding can do to G = P^T P and its factor, as a perturbation of G: "Full rank from a sample". */
export function rounding(rows: i32, n: i32, square: f64, growth: f64): f64 {
  const longest = min(rows + n, CHAIN + (rows + n) / CHAIN + 2);
  return <f64>(longest + 16) * (square + growth) * U;
}

/**
 * Statistical: what so many Householder reflectors, all that A went through one after the other,
 * do to its singular values at most. "Slack".
 */
export function reflectorError(count: i32): f64 {
  return Math.sqrt(<f64>count * scan.total) * U;
}

/**
 * What a factorisation by k reflectors counts for, or the inverse of a triangle of order k: a few more,
 * since some do more than their share.
 */
// @ts-ignore: decorator
@inline
export function stage(k: i32): i32 {
  return k + MORE_REFLECTORS;
}

/** What tsqr.matrix() counts for: n on every level of a tall matrix, nothing otherwise. */
export function reductionStages(): i32 {
  return tall() ? stage(source.n) * levels() : 0;
}
