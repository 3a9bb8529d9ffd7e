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
import { indexedSource, pack } from '../matrix/pack';
import { stratifiedRows } from '../matrix/rows';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { packUpper } from '../matrix/triangle';
import { applyToVector, power } from '../spectrum/power';

/** The sample, its factorisation, and what they prove. Lives above the mark of its maker, all of it. */
@unmanaged
export class RowSample {
  /** So many rows of A, by columns, factored in place. */
  size: i32;
  W: usize;
  ld: i32;
  /** The rows sampled, ascending. */
  list: usize;
  q: qrcp.PivotedQr;
  perm: usize;
  /** The rank that the sample sees, of so many `steps` of its factorisation. */
  k: i32;
  /** ||R22||_F after k steps. */
  residual: f64;
  /** Byte offsets of A's columns in pivot order: J, then the rest. */
  table: usize;
  /** R11^-1 R12 in column panels of kPad steps. */
  T: usize;
  kPad: i32;
  /** Proven: sigma_{k+1} <= upper + noise, what rounding may hide of it; sigma_k >= lower; sigma_1 >= sigma. */
  upper: f64;
  noise: f64;
  lower: f64;
  sigma: f64;
  /** The right singular vector of the sample that sigma is of, about; whether sigma has been computed from all rows. */
  v: usize;
  all: bool;
}

/** Byte offsets of the rows of a panel that are not in the sample into `table`; returns their number. */
function unsampled(sample: RowSample, table: usize, first: i32, count: i32): i32 {
  const list = sample.list;
  const size = sample.size;
  let next = 0;
  while (next < size && load<i32>(list + (<usize>next << 2)) < first) next++;
  let others = 0;
  for (let i = 0; i < count; i++) {
    if (next < size && load<i32>(list + (<usize>next << 2)) == first + i) {
      next++;
    } else {
      store<u32>(table + (<usize>others << 2), load<u32>(source.rows + (<usize>i << 2)));
      others++;
    }
  }
  return others;
}

/** ||A(:, rest) - A(:, J) T||_F^2 over the rows not sampled. */
function restOfRows(sample: RowSample): f64 {
  const start = mark();
  const k = sample.k;
  const kPad = sample.kPad;
  const A1 = alloc(<u64>((source.panelRows + 3) & ~3) * <u64>kPad << 3);
  const rows = alloc(<u64>source.panelRows << 2);
  const rest = sample.table + (<usize>k << 2);
  let sum: f64 = 0;
  for (let first = 0; first < source.m; first += source.panelRows) {
    const all = min(source.panelRows, source.m - first);
    source.panel(first, all);
    const count = unsampled(sample, rows, first, all);
    // Row panels of -A(:, J): the roles of rows and columns exchanged in pack().
    pack(A1, kPad, indexedSource(sample.table, rows, -1), k, count);
    sum += residualSquare(indexedSource(rest, rows, 1), count, source.n - k, A1, kPad, sample.T, kPad, k);
  }
  release(start);
  return sum;
}

function createSample(size: i32): RowSample {
  const n = source.n;
  const sample = changetype<RowSample>(alloc(offsetof<RowSample>()));
  sample.size = size;
  sample.W = createColumns(size, n);
  sample.ld = leading(size);
  sample.list = alloc(<u64>size << 2);
  sample.perm = alloc(<u64>n << 2);
  sample.k = 0;
  sample.sigma = 0;
  sample.v = calloc(<u64>n << 3);
  sample.all = false;
  return sample;
}

/** A sample of so many rows, with a lower bound of sigma_1(A). */
export function drawSample(size: i32): RowSample {
  const n = source.n;
  const sample = createSample(size);
  const W = sample.W;
  const ld = sample.ld;
  const start = mark();
  stratifiedRows(sample.list, size, source.m);
  const rows = source.select(sample.list, size);
  read(W, ld, 0, rows, size, source.selectedColumns(size), n);
  sample.sigma = power(W, ld, size, n, sample.v, 2);
  release(start);
  sample.q = qrcp.begin(W, ld, size, n, sample.perm);
  return sample;
}

/** A sketch of so many rows (matrix/sketch.ts), none of which is a row of A. */
export function sketchedSample(S: usize, size: i32): RowSample {
  const sample = createSample(size);
  store<i32>(sample.list, source.m);
  for (let j = 0; j < source.n; j++) {
    let from = S + (<usize>(j >> 2) * <usize>size << 5) + (<usize>(j & 3) << 3);
    const to = column(sample.W, sample.ld, j);
    for (let i: usize = 0; i < <usize>size << 3; i += 8, from += 32) store<f64>(to + i, load<f64>(from));
  }
  sample.q = qrcp.begin(sample.W, sample.ld, size, source.n, sample.perm);
  return sample;
}

/** Whether a column that is not zero has only zeros in the sample, once it is factored: nothing is seen of it. */
export function missesColumns(sample: RowSample): bool {
  for (let j = sample.k; j < source.n; j++) {
    const r = column(sample.W, sample.ld, j);
    const whole = load<f64>(scan.squares + (<usize>load<i32>(sample.perm + (<usize>j << 2)) << 3));
    if (whole > 0 && dot(r, r, sample.k) == 0) return true;
  }
  return false;
}

/** A better bound of sigma_1, in a pass over all rows. */
export function seeAll(sample: RowSample): void {
  if (sample.all) return;
  sample.all = true;
  const start = mark();
  sample.sigma = max<f64>(sample.sigma, applyToVector(sample.v, alloc(<u64>(source.m + 4) << 3)));
  release(start);
}

/** Factors the sample until its residual, scaled up to all rows, is <= stop (see qrcp.proceed). Returns k. */
export function factorSample(sample: RowSample, stop: f64, checkBelow: f64): i32 {
  const part = Math.sqrt(<f64>sample.size / <f64>source.m);
  const q = sample.q;
  qrcp.proceed(q, stop * part, checkBelow * part, source.n);
  const k = qrcp.leastSteps(q, stop * part);
  sample.k = k;
  sample.residual = qrcp.residualAfter(q, k);
  return k;
}

/** Sets lower, from R11. */
export function boundBelow(sample: RowSample): void {
  const start = mark();
  const inverse = inverseNorm(packUpper(sample.W, sample.ld, sample.k), sample.k);
  sample.lower = inverse < Infinity ? 1 / inverse : 0;
  release(start);
}

/** |r_kk| of the sample, as if of all rows. */
export function lastPivot(sample: RowSample): f64 {
  return qrcp.lastPivot(sample.q, sample.k) * Math.sqrt(<f64>source.m / <f64>sample.size);
}

/** ||R22||_F of the sample, likewise. */
export function scaledResidual(sample: RowSample): f64 {
  return sample.residual * Math.sqrt(<f64>source.m / <f64>sample.size);
}

/** Sets upper and noise, in one pass over A: R22 is the residual of the rows sampled. 0 < k < n. */
export function boundAbove(sample: RowSample): void {
  const n = source.n;
  const k = sample.k;
  const kPad = (k + 3) & ~3;
  const T = coefficients(sample.W, sample.ld, k, n);
  sample.kPad = kPad;
  sample.T = T;
  sample.table = source.columnsOf(sample.perm, n);
  const square = dot(T, T, ((n - k + 3) >> 2) * kPad << 2);
  const x = <f64>chainOf(k) / <f64>k;
  // 1.23: three times its standard deviation is added ("Low rank from a sample").
  sample.noise = 1.23 * U * Math.sqrt((x / 2 - x * x / 3) * squareOfPivots(sample) * square);
  sample.upper = Math.sqrt(restOfRows(sample) + sample.residual * sample.residual);
}

/** A(:, J)^T A(:, J), packed lower triangle: sigma_k(A) >= sigma_k(A(:, J)). */
export function gramOfPivots(sample: RowSample, G: usize): void {
  gramOfColumns(G, 0, sample.table, sample.k);
}

/** ||A(:, J)||_F^2 */
export function squareOfPivots(sample: RowSample): f64 {
  let sum: f64 = 0;
  for (let j = 0; j < sample.k; j++) {
    sum += load<f64>(scan.squares + (<usize>load<i32>(sample.perm + (<usize>j << 2)) << 3));
  }
  return sum;
}

/** (R1 [I T])^T, n x k: the singular values of A to within `upper`. R1 is the R factor of A(:, J). */
export function product(sample: RowSample): usize {
  const m = source.m;
  const k = sample.k;
  const X = createColumns(source.n, k);
  const start = mark();
  const A1 = createColumns(m, k);
  const aLd = leading(m);
  for (let first = 0; first < m; first += source.panelRows) {
    const count = min(source.panelRows, m - first);
    source.panel(first, count);
    read(A1, aLd, first, source.rows, count, sample.table, k);
  }
  qr(A1, aLd, m, k);
  combineRows(sample, A1, aLd, X);
  release(start);
  return X;
}

/** X = (R [I T])^T, n x k, for an upper triangular R of order k. */
export function combineRows(sample: RowSample, R: usize, ld: i32, X: usize): void {
  const n = source.n;
  const k = sample.k;
  for (let i = 0; i < k; i++) {
    const x = column(X, leading(n), i);
    for (let j = i; j < k; j++) store<f64>(x + (<usize>j << 3), load<f64>(column(R, ld, j) + (<usize>i << 3)));
    for (let j = 0; j < n - k; j += 4) {
      // R(i, i:k) times a column panel of T. The last panel may pass the end of x by up to 3 elements: padding, where
      // products with zeros of T go.
      const panel = sample.T + ((<usize>(j >> 2) * <usize>sample.kPad + <usize>i) << 5);
      combine(x + (<usize>(k + j) << 3), panel, x + (<usize>i << 3), k - i);
    }
  }
}
