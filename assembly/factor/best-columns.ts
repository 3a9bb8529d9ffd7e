// More exchanges after those of strong-rrqr.ts: until the chosen columns are independent beyond a tolerance, where
// some exchange helps.
//
// det R11 being locally the largest, sigma_min(R11) is within a factor of the largest that k columns have, but not
// it. M = (R11^T R11)^-1, whose largest eigenvalue is 1 / sigma_min^2, is that of the rows d_l of the pseudoinverse.
// With f the part of the column that enters which is orthogonal to the k - 1 that stay, |f|^2 = T_ij^2 / M_ii +
// g_j^2, s_l = M_li / M_ii and t_l = T_lj - s_l T_ij, the exchange makes of it
//
//     M'_lm = M_lm - M_li M_mi / M_ii + t_l t_m / |f|^2,   M'_li = -t_l / |f|^2,   M'_ii = 1 / |f|^2.
//
// The exchange with the least lambda_max(M') is made while it lowers that. Where no exchange leads above the tolerance,
// or only to a choice without the bounds that strong-rrqr.ts has for f^2 = 2, the choice stays as it was: some 3 in
// 1000 matrices of up to five columns with sigma_k just above the tolerance then have a better one, several exchanges
// away (22 without this file). To find it always is a search of all choices (NP-hard: Civril & Magdon-Ismail 2009).
// Cost: 32 k^3 (n - k) flops an exchange; k^2 n to see that sigma_min is above the tolerance already.
import { alloc, mark, release } from '../base/arena';
import { BEST_COLUMNS_FACTOR, BEST_COLUMNS_MOST, POWER_MOST_STEPS, POWER_STEPS, WORTH_EXCHANGE } from '../base/params';
import { dot } from '../blas/level1';
import { column } from '../matrix/columns';
import { Exchanges, exchange, measure, openExchanges } from './strong-rrqr';

// @ts-ignore: decorator
@inline
function at(x: usize, i: i32): usize {
  return x + (<usize>i << 3);
}

/** M = (R11^T R11)^-1, k x k: the rows of R11^-1, one after the other in `rows`, times one another. */
function invert(e: Exchanges, rows: usize, M: usize): void {
  const k = e.k;
  memory.fill(rows, 0, <usize>(k * k) << 3);
  for (let i = k - 1; i >= 0; i--) {
    const d = 1 / load<f64>(at(column(e.R, e.ld, i), i));
    store<f64>(at(rows, i * k + i), d);
    for (let j = i + 1; j < k; j++) {
      let sum: f64 = 0;
      for (let l = i + 1; l <= j; l++) sum += load<f64>(at(column(e.R, e.ld, l), i)) * load<f64>(at(rows, l * k + j));
      store<f64>(at(rows, i * k + j), -d * sum);
    }
  }
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) store<f64>(at(M, i * k + j), dot(at(rows, i * k), at(rows, j * k), k));
  }
}

/** lambda_max of M, k x k, nearly, and never more. scratch: 2 k numbers. */
function largest(M: usize, k: i32, steps: i32, scratch: usize): f64 {
  const v = scratch;
  const w = at(scratch, k);
  let best = 0;
  for (let i = 1; i < k; i++) if (load<f64>(at(M, i * k + i)) > load<f64>(at(M, best * k + best))) best = i;
  memory.copy(v, at(M, best * k), <usize>k << 3);
  let value: f64 = 0;
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < k; i++) store<f64>(at(w, i), dot(at(M, i * k), v, k));
    value = dot(v, w, k) / dot(v, v, k);
    const inverse = 1 / Math.sqrt(dot(w, w, k));
    for (let i = 0; i < k; i++) store<f64>(at(v, i), load<f64>(at(w, i)) * inverse);
  }
  return value;
}

/** M' of the exchange of columns i and k + j. */
function exchanged(e: Exchanges, M: usize, i: i32, j: i32, t: usize, to: usize): void {
  const k = e.k;
  const own = load<f64>(at(M, i * k + i));
  const row = e.T + ((<usize>(j >> 2) * <usize>e.steps) << 5) + (<usize>(j & 3) << 3);
  const enters = load<f64>(row + (<usize>i << 5));
  const inverse = 1 / (enters * enters / own + load<f64>(at(e.rest, j)));
  for (let l = 0; l < k; l++) {
    store<f64>(at(t, l), l == i ? -1 : load<f64>(row + (<usize>l << 5)) - load<f64>(at(M, l * k + i)) / own * enters);
  }
  for (let l = 0; l < k; l++) {
    const s = load<f64>(at(M, l * k + i)) / own;
    const u = load<f64>(at(t, l)) * inverse;
    for (let m = 0; m < k; m++) {
      const rest = load<f64>(at(M, l * k + m)) - s * load<f64>(at(M, m * k + i));
      store<f64>(at(to, l * k + m), (l == i || m == i ? 0 : rest) + u * load<f64>(at(t, m)));
    }
  }
}

/** The best exchange into e.i and e.j; false where none lowers `value`, lambda_max(M), by a share worth it. */
function searchBest(e: Exchanges, M: usize, value: f64, scratch: usize): bool {
  const k = e.k;
  const v = at(scratch, k * k);
  let best = value * (1 - WORTH_EXCHANGE);
  let improved = false;
  for (let j = 0; j < e.n - k; j++) {
    for (let i = 0; i < k; i++) {
      exchanged(e, M, i, j, v, scratch);
      const next = largest(scratch, k, POWER_STEPS, v);
      if (!(next < best)) continue;
      best = next;
      improved = true;
      e.i = i;
      e.j = j;
    }
  }
  return improved;
}

function sumOf(x: usize, n: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) sum += load<f64>(at(x, i));
  return sum;
}

/**
 * Whether both bounds of strong-rrqr.ts hold with the f^2 that is promised: 1 + |T|^2 + |R11^-1|^2 |R22|^2, Frobenius
 * norms, is all that they need.
 */
function isStrong(e: Exchanges): bool {
  let t2: f64 = 0;
  for (let j = 0; j < e.n - e.k; j++) {
    const row = e.T + ((<usize>(j >> 2) * <usize>e.steps) << 5) + (<usize>(j & 3) << 3);
    for (let i = 0; i < e.k; i++) t2 += load<f64>(row + (<usize>i << 5)) * load<f64>(row + (<usize>i << 5));
  }
  const w2 = sumOf(e.inverseRows, e.k);
  const g2 = sumOf(e.rest, e.n - e.k);
  return t2 + w2 * g2 <= BEST_COLUMNS_FACTOR * <f64>e.k * <f64>(e.n - e.k);
}

/**
 * Exchanges until 1 / lambda_max(M) is above `square`. False where none helps, or where the promise would be broken.
 */
function exchangeUntil(e: Exchanges, square: f64): bool {
  const k = e.k;
  const M = alloc(<u64>(2 * k * k + 2 * k) << 3);
  const rows = at(M, k * k);
  const inner = mark();
  for (let count = 0; count <= e.n; count++) {
    invert(e, rows, M);
    const value = largest(M, k, POWER_MOST_STEPS, rows);
    measure(e);
    if (value * square < 1 && isStrong(e)) return true;
    if (!searchBest(e, M, value, rows)) return false;
    exchange(e);
    release(inner);
  }
  return false;
}

/**
 * Exchanges columns until sigma_k of the first k of n is above `tolerance`, where some exchanges do that. R is as
 * strengthen() leaves it.
 */
export function improve(R: usize, ld: i32, m: i32, n: i32, k: i32, perm: usize, tolerance: f64): void {
  if (k <= 0 || k >= n || <f64>k * <f64>k * <f64>k * <f64>(n - k) > BEST_COLUMNS_MOST) return;
  const start = mark();
  const e = openExchanges(R, ld, m, n, k, perm);
  const square = tolerance * tolerance;
  measure(e);
  // The trace of M is at least lambda_max(M).
  if (!(sumOf(e.inverseRows, k) * square < 1)) {
    const bytes = <usize>ld * <usize>n << 3;
    const before = alloc(bytes);
    const order = alloc(<u64>n << 2);
    memory.copy(before, R, bytes);
    memory.copy(order, perm, <usize>n << 2);
    if (!exchangeUntil(e, square)) {
      memory.copy(R, before, bytes);
      memory.copy(perm, order, <usize>n << 2);
    }
  }
  release(start);
}
