// The ABI: what the host calls, one matrix at a time. reset(), reserve() memory for its elements or leave them to be
// pulled, open() it, scan() it, then ask: rank(), singularValues(), qr() and the others below. ranks() does all of that
// for small matrices. Host imports: pull and gather (source.ts), outOfMemory (arena.ts).
import { alloc, mark, release } from './base/arena';
import { PAIR_COLUMNS } from './base/params';
import * as interpolative from './driver/interpolative';
import { Choice } from './driver/interpolative';
import * as norms from './driver/norms';
import * as claim from './certificate/claim';
import { decide } from './driver/rank';
import * as scanner from './matrix/scan';
import { fits, smallRanks } from './certificate/small-pair';
import * as source from './matrix/source';
import * as spaces from './driver/subspace';
import * as spectra from './driver/singular-values';
import * as truncatedSvd from './driver/truncated-svd';
import { Triplets } from './driver/truncated-svd';

export { peakBytes, reset } from './base/arena';
export { open } from './matrix/source';
export { fork, help, join } from './base/parallel';

/** Scratch of so many bytes, until reset(). */
export function reserve(bytes: f64): usize {
  return alloc(<u64>bytes);
}

/** One pass over the open matrix; false when an element is not finite. */
export function scan(): bool {
  return scanner.scan();
}

/**
 * Rank for the tolerance max(absolute, relative sigma_1); -1 where no method decided. report: sigma() to near full
 * accuracy. The getters below tell the rest.
 */
export function rank(absolute: f64, relative: f64, report: bool): i32 {
  return decide(absolute * source.scale, relative, report) ? claim.rank : -1;
}

/**
 * Ranks of `count` matrices that stand one after the other at `base`, opened here.
 * Returns how many were done: fewer where one is not finite.
 */
export function ranks(
  out: usize, base: usize, count: i32, m: i32, n: i32, single: bool, byRow: bool, absolute: f64, relative: f64,
): i32 {
  const step = <usize>m * <usize>n * (single ? 4 : 8);
  const start = mark();
  const small = fits(m, n);
  // From PAIR_COLUMNS on full rank costs less by a Gram matrix; what the matrix before lacked this one may lack, too.
  let pairs = small && n <= PAIR_COLUMNS;
  for (let i = 0; i < count; i++) {
    const to = out + (<usize>i << 2);
    if (small && n > PAIR_COLUMNS && i > 0 && !(i & 1)) pairs = load<i32>(to - 4) < n;
    if (pairs) {
      if (!(i & 1)) {
        const a = base + <usize>i * step;
        const both = i + 1 < count;
        smallRanks(to, a, both ? a + step : a, m, n, single, byRow, absolute, relative);
      }
      if (load<i32>(to) >= 0) continue;
    }
    source.open(base + <usize>i * step, m, n, single, byRow);
    if (!scanner.scan() || !decide(absolute * source.scale, relative, false)) {
      release(start);
      return i;
    }
    store<i32>(to, claim.rank);
    release(start);
  }
  return count;
}

/**
 * In the caller's units, rounded down: a quotient that is denormal may have been rounded up,
 * and sigma_1 may be past all numbers.
 */
export function lower(): f64 {
  const x = claim.lower / source.scale;
  if (claim.lower == Infinity) return Infinity;
  if (x > f64.MAX_VALUE) return f64.MAX_VALUE;
  return x * source.scale > claim.lower ? reinterpret<f64>(reinterpret<u64>(x) - 1) : x;
}

/** In the caller's units, rounded up. */
export function upper(): f64 {
  const x = claim.upper / source.scale;
  return x * source.scale < claim.upper ? reinterpret<f64>(reinterpret<u64>(x) + 1) : x;
}

/** sigma_1, or the largest number where it is larger. */
export function sigma(): f64 {
  return min<f64>(claim.sigma / source.scale, f64.MAX_VALUE);
}

/** relative * sigma_1: the tolerance, unless the absolute one is larger. */
export function tolerance(): f64 {
  return claim.relative * claim.sigma / source.scale;
}

/**
 * min(lower / tolerance, tolerance / upper), of the scaled matrix: no overflow. An upper bound of zero sets no limit,
 * a lower one allows no margin.
 */
export function margin(): f64 {
  const t = claim.tolerance(claim.sigma);
  const below: f64 = claim.rank == 0 ? Infinity : claim.lower == 0 ? 0 : claim.lower / t;
  return min<f64>(below, claim.upper == 0 ? Infinity : t / claim.upper);
}

/** Both bounds clear the tolerance. */
export function proven(): bool {
  return claim.proven;
}

export function method(): i32 {
  return claim.method;
}

/** min(m, n) values into `values`, descending; false when Jacobi, for relative accuracy, did not converge. */
export function singularValues(values: usize, relative: bool): bool {
  const done = spectra.singularValues(values, relative);
  for (let j = 0; j < source.n; j++) {
    const p = values + (<usize>j << 3);
    store<f64>(p, load<f64>(p) / source.scale);
  }
  return done;
}

/** Pivoted QR, its first `rank` columns independent. */
export function qr(transposed: bool, rank: i32, r: usize, perm: usize): void {
  spectra.pivotedQr(transposed, rank, r, perm);
}

/** scale * A is what the kernel computes with. */
export function scale(): f64 {
  return source.scale;
}

/** As singularValues(), to absolute accuracy, of scale * A. */
export function spectrum(values: usize): void {
  spectra.singularValues(values, false);
}

/** ||A||_F */
export function frobenius(): f64 {
  return Math.sqrt(scanner.total) / source.scale;
}

/** sigma_1 */
export function spectral(): f64 {
  return Math.sqrt(norms.largestSquare()) / source.scale;
}

/** ||A||_F^2 / sigma_1^2; 0 for a zero matrix. */
export function stable(): f64 {
  return source.n ? scanner.total / norms.largestSquare() : 0;
}

export { participation } from './driver/norms';
export { triangle } from './driver/accumulate';

// What choose() and truncate() have made, for the calls that follow; reset() ends it.
let choice = changetype<Choice>(0);
let triplets = changetype<Triplets>(0);

/** Chooses the columns of an interpolative factorisation; returns how many. */
export function choose(transposed: bool, most: i32, share: f64): i32 {
  choice = interpolative.choose(transposed, most, share);
  return choice.k;
}

/**
 * After rank(), whose tolerance counts: a better choice of as many columns, where the one of choose() is not
 * independent beyond it.
 */
export function makeIndependent(): void {
  interpolative.makeIndependent(choice);
}

/** Copies the columns that choose() has chosen. */
export function chosen(columns: usize): void {
  interpolative.copyChosen(choice, columns);
}

/** The chosen columns, the coefficients of all others, and the Frobenius norm of the error. */
export function interpolate(columns: usize, right: usize): f64 {
  return interpolative.interpolate(choice, columns, right) / source.scale;
}

/** An orthonormal basis of the null space of A (or A^T), or of its row space; a bound of the residual. */
export function subspace(transposed: bool, rank: i32, range: bool, basis: usize): f64 {
  return spaces.subspace(transposed, rank, range, basis) / source.scale;
}

/** The bound of the residual of `count` vectors of the host, where subspace() would have put its own. */
export function residualOf(transposed: bool, count: i32, range: bool, basis: usize): f64 {
  return spaces.residualOf(transposed, count, range, basis) / source.scale;
}

/** As many singular triplets as leave an error of share ||A||_F^2, squared, but at most `most`; returns how many. */
export function truncate(most: i32, share: f64): i32 {
  triplets = truncatedSvd.truncate(most, share);
  return triplets.k;
}

/** The factors that truncate() chose, and the Frobenius norm of the error. */
export function truncated(y: usize, vt: usize, turned: bool): f64 {
  const error = truncatedSvd.product(triplets, y, vt, turned);
  const inScale = turned ? vt : y;
  const count = turned ? source.n : source.m;
  for (let i: usize = 0; i < <usize>count * triplets.k; i++) {
    store<f64>(inScale + (i << 3), load<f64>(inScale + (i << 3)) / source.scale);
  }
  return error / source.scale;
}
