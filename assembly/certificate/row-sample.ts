// Rank k from a sample of rows: proves both sides without factoring A.
//
// A pivoted QR of s spread rows chooses k columns J and the coefficients T = R11^-1 R12 that give the other columns
// from them. Then A ~ A(:, J) [I T] has rank k, so sigma_{k+1}(A) <= ||A(:, rest) - A(:, J) T||_F (Eckart-Young), one
// matrix product over all rows; and sigma_k(A) >= sigma_k(A_S) >= 1 / ||R11^-1||_F (interlacing: leaving out
// rows only lowers singular values). What the sample misses shows in the residual: then nothing is decided.
// Cost: 2 m k (n - k) flops and two passes over A. docs/certificates.md, "Low rank from a sample".
import { alloc, calloc, mark, release } from '../base/arena';
import { U } from '../base/params';
import { combine } from '../blas/gemv';
import { dot } from '../blas/level1';
import { chainOf, residualSquare } from '../blas/residual';
import { gramOfColumns } from '../blas/syrk';
import { coefficients, inverseNorm } from '../blas/trsm';
import * as qrcp from '../factor/qrcp';
import { qr } from '../factor/tsqr';
import { column, createColumns, leading, read } from '../matrix/columns';
import { pack } from '../matrix/pack';
import { stratifiedRows } from '../matrix/rows';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { packUpper } from '../matrix/triangle';
import { image, power } from '../spectrum/power';

/** Proven: sigma_{k+1} <= upper and sigma_k >= lower. */
export let upper: f64 = 0;
export let lower: f64 = 0;
/** What rounding may hide of the residual behind `upper`. */
export let noise: f64 = 0;
/** A lower bound of sigma_1. */
export let sigma: f64 = 0;

/** Byte offsets of the rows of a panel that are not in the sample into `table`; returns their number. */
function unsampled(table: usize, first: i32, count: i32): i32 {
  let next = 0;
  while (next < s && load<i32>(list + (<usize>next << 2)) < first) next++;
  let others = 0;
  for (let i = 0; i < count; i++) {
    if (next < s && load<i32>(list + (<usize>next << 2)) == first + i) {
      next++;
    } else {
      store<u32>(table + (<usize>others << 2), load<u32>(source.rows + (<usize>i << 2)));
      others++;
    }
  }
  return others;
}

/**
 * ||A(:, rest) - A(:, J) T||_F^2 over the rows not sampled. J and rest are column tables;
 * T in column panels of kPad steps.
 */
function restOfRows(J: usize, k: i32, rest: usize, others: i32, T: usize, kPad: i32): f64 {
  const start = mark();
  const A1 = alloc(<u64>((source.panelRows + 3) & ~3) * <u64>kPad << 3);
  const rows = alloc(<u64>source.panelRows << 2);
  let sum: f64 = 0;
  for (let first = 0; first < source.m; first += source.panelRows) {
    const all = min(source.panelRows, source.m - first);
    source.panel(first, all);
    const count = unsampled(rows, first, all);
    // Row panels of -A(:, J): the roles of rows and columns exchanged in pack().
    pack(A1, kPad, source.at, J, k, rows, count, source.single, -source.scale);
    sum += residualSquare(rows, count, rest, others, A1, kPad, T, kPad, k);
  }
  release(start);
  return sum;
}

// The sample: s rows of A by columns, factored in place; its pivots and how far it has come.
let W: usize = 0;
let ld: i32 = 0;
let s: i32 = 0;
let list: usize = 0; // the rows sampled, ascending
let q: qrcp.PivotedQr = changetype<qrcp.PivotedQr>(0);
let left: f64 = 0;
let perm: usize = 0;
/** The rank that the sample sees, of so many `steps` of its factorisation. */
export let k: i32 = 0;
/** Byte offsets of A's columns in pivot order: J, then the rest. */
let table: usize = 0;
let T: usize = 0;
let kPad: i32 = 0;

/**
 * Reads a sample of `rows` rows; sigma becomes a lower bound of sigma_1(A). All of it lives above the caller's mark.
 */
export function take(rows: i32): void {
  s = rows;
  k = 0;
  const n = source.n;
  ld = leading(s);
  W = createColumns(s, n);
  perm = alloc(<u64>n << 2);
  list = alloc(<u64>s << 2);
  const start = mark();
  stratifiedRows(list, s, source.m);
  const ro = source.select(list, s);
  read(W, ld, 0, ro, s, source.selectedColumns(s), n);
  const v = calloc(<u64>n << 3);
  const own = power(W, ld, s, n, v, 2);
  sigma = max<f64>(own, image(v, alloc(<u64>(source.m + 4) << 3), 0, 0));
  release(start);
  q = qrcp.begin(W, ld, s, n, perm);
}

/** Factors the sample until its residual, scaled up to all rows, is <= stop (see qrcp.proceed). Returns k. */
export function extend(stop: f64, patience: f64): i32 {
  const part = Math.sqrt(<f64>s / <f64>source.m);
  qrcp.proceed(q, stop * part, patience * part, source.n);
  k = qrcp.leastSteps(q, stop * part);
  left = qrcp.residualAfter(q, k);
  return k;
}

/** Sets lower, from R11. */
export function boundBelow(): void {
  const start = mark();
  const inverse = inverseNorm(packUpper(W, ld, k), k);
  lower = inverse < Infinity ? 1 / inverse : 0;
  release(start);
}

/** |r_kk| of the sample, as if of all rows. */
export function lastPivot(): f64 {
  return abs(load<f64>(column(W, ld, k - 1) + (<usize>(k - 1) << 3))) * Math.sqrt(<f64>source.m / <f64>s);
}

/** ||R22||_F of the sample, likewise. */
export function rest(): f64 {
  return left * Math.sqrt(<f64>source.m / <f64>s);
}

/** Sets upper and noise, in one pass over A: R22 is the residual of the rows sampled. 0 < k < n. */
export function boundAbove(): void {
  const n = source.n;
  kPad = (k + 3) & ~3;
  const others = n - k;
  T = coefficients(W, ld, k, n);
  table = source.columnsOf(perm, n);
  const square = dot(T, T, ((others + 3) >> 2) * kPad << 2);
  const x = <f64>chainOf(k) / <f64>k;
  noise = 1.23 * U * Math.sqrt((x / 2 - x * x / 3) * squareOfPivots(scan.squares) * square);
  upper = Math.sqrt(restOfRows(table, k, table + (<usize>k << 2), others, T, kPad) + left * left);
}

/** A(:, J)^T A(:, J), packed lower triangle: sigma_k(A) >= sigma_k(A(:, J)). */
export function gramOfPivots(G: usize): void {
  gramOfColumns(G, 0, table, k);
}

/** ||A(:, J)||_F^2 */
export function squareOfPivots(squares: usize): f64 {
  let sum: f64 = 0;
  for (let j = 0; j < k; j++) sum += load<f64>(squares + (<usize>load<i32>(perm + (<usize>j << 2)) << 3));
  return sum;
}

/** (R1 [I T])^T, n x k: the singular values of A to within `upper`. R1 is the R factor of A(:, J). */
export function product(): usize {
  const n = source.n;
  const m = source.m;
  const X = createColumns(n, k);
  const xLd = leading(n);
  const start = mark();
  const A1 = createColumns(m, k);
  const aLd = leading(m);
  for (let first = 0; first < m; first += source.panelRows) {
    const count = min(source.panelRows, m - first);
    source.panel(first, count);
    read(A1, aLd, first, source.rows, count, table, k);
  }
  qr(A1, aLd, m, k);
  for (let i = 0; i < k; i++) {
    const x = column(X, xLd, i);
    for (let j = i; j < k; j++) store<f64>(x + (<usize>j << 3), load<f64>(column(A1, aLd, j) + (<usize>i << 3)));
    for (let j = 0; j < n - k; j += 4) {
      // R1(i, i:k) times a column panel of T. The last panel may pass the end of x by up to 3 elements: padding, where
      // products with zeros of T go.
      const panel = T + ((<usize>(j >> 2) * <usize>kPad + <usize>i) << 5);
      combine(x + (<usize>(k + j) << 3), panel, x + (<usize>i << 3), k - i);
    }
  }
  release(start);
  return X;
}
