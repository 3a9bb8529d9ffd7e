// Singular values of a tall A by Cholesky of a Gram matrix, m n^2 flops at the tile kernel's rate instead of 2 m n^2
// at half of it, where that rounds no more than Householder reflectors do.
//
// Float32: where float32's digits ask for no more. Float64: of columns that are well conditioned. Of others a sketch
// shows which k are independent, J, and the coefficients T that give the rest of them; where ||A(:, rest) - A(:, J) T||
// is of the order of rounding, R1 [I T] has the values of A, R1^T R1 = A(:, J)^T A(:, J).
// docs/certificates.md, "Float32 spectra", "Tall spectra".
import { alloc, mark, release } from '../base/arena';
import {
  EXACT_CONDITION,
  GRADED,
  GRAM_ROWS_A_COLUMN,
  INVERSE_ROOM,
  SINGLE_SHARE,
  SKETCH_COLUMNS,
  SKETCH_ROOM,
  SKETCH_SPARE,
  TALL_CONDITION,
  TALL_CONDITION_COLUMN,
  U,
} from '../base/params';
import { compensatedGram, gramOfSource } from '../blas/syrk';
import { inverseNorm } from '../blas/trsm';
import { estimate } from '../certificate/estimate';
import { rounding } from '../certificate/rounding';
import { boundAbove, boundBelow, combineRows, RowSample, sketchedSample } from '../certificate/row-sample';
import { begin, Cholesky, factor, proceed } from '../factor/cholesky';
import * as qrcp from '../factor/qrcp';
import { createColumns, leading } from '../matrix/columns';
import { packedBytes } from '../matrix/pack';
import * as scan from '../matrix/scan';
import { sketch } from '../matrix/sketch';
import * as source from '../matrix/source';
import { packUpper, panels, triangleBytes, unpackTransposed } from '../matrix/triangle';
import { bidiagonalValues } from '../spectrum/bidiagonal';

/** The n values of a tall A, descending; false where they would not be as good as by Householder reflectors. */
export function tallValues(values: usize): bool {
  const start = mark();
  const done = source.single ? ofSingle(values) : ofDouble(values);
  release(start);
  return done;
}

/** Each value within a quarter of float32's unit roundoff of sigma_1, which is proved. "Float32 spectra". */
function ofSingle(values: usize): bool {
  const n = source.n;
  // Low ranks show in a corner, at a fraction of the cost.
  if (estimate(n >> 1, n >> 1).independent < n) return false;
  const L = alloc(triangleBytes(n));
  gramOfSource(L);
  const f = factor(L, n, 0, true);
  const error = rounding(source.m, n, scan.total, f.growth); // of sigma^2
  // No pivot is below sigma_n^2: most of what is hopeless ends here.
  if (f.columns < n || error > SINGLE_SHARE * Math.sqrt(scan.total * f.leastPivot)) return false;
  bidiagonalValues(unpackTransposed(L, n), leading(n), n, n, values);
  return error <= SINGLE_SHARE * load<f64>(values) * load<f64>(values + (<usize>(n - 1) << 3));
}

/** Condition numbers of which a Gram matrix loses no more than Householder reflectors round. "Tall spectra". */
function mostCondition(exact: bool): f64 {
  return (TALL_CONDITION + TALL_CONDITION_COLUMN * <f64>source.n) * (exact ? EXACT_CONDITION : 1);
}

function ofDouble(values: usize): bool {
  const n = source.n;
  if (n < SKETCH_COLUMNS) return source.m >= GRAM_ROWS_A_COLUMN * n && ofAllColumns(values, mostCondition(false));
  const s = n + (n >> 1) + SKETCH_SPARE;
  if (source.m < SKETCH_ROOM * s) return false;
  const S = alloc(packedBytes(s, n));
  const most = mostCondition(sketch(S, s));
  return looksIndependent(S, s, most) ? ofAllColumns(values, most) : ofSomeColumns(values, S, s, most);
}

/** Whether the pivots of a Gram matrix of so large a trace allow for a condition number of `most`. */
function mayBeConditioned(f: Cholesky, trace: f64, most: f64): bool {
  return f.columns == f.n && f.leastPivot * most * most >= trace;
}

/** The same of a sketch. */
function looksIndependent(S: usize, s: i32, most: f64): bool {
  const n = source.n;
  const start = mark();
  const f = begin(alloc(triangleBytes(n)), n, 0, true, 0);
  proceed(f, panels(n), S, s, s);
  release(start);
  return mayBeConditioned(f, 2 * scan.total, most);
}

function ofAllColumns(values: usize, most: f64): bool {
  const n = source.n;
  const L = alloc(triangleBytes(n));
  compensatedGram(L, source.columns, n);
  if (!mayBeConditioned(factor(L, n, 0, true), scan.total, most)) return false;
  bidiagonalValues(unpackTransposed(L, n), leading(n), n, n, values);
  return most * load<f64>(values + (<usize>(n - 1) << 3)) >= load<f64>(values);
}

function ofSomeColumns(values: usize, S: usize, s: i32, most: f64): bool {
  const n = source.n;
  const norm = Math.sqrt(scan.total);
  const error = <f64>n * U; // of sigma_1
  const sample = sketchedSample(S, s);
  const stop = 2 * error * norm / Math.sqrt(<f64>n);
  qrcp.proceed(sample.q, stop, 0, n);
  const k = qrcp.leastSteps(sample.q, stop);
  if (k == 0 || k == n) return false;
  sample.k = k;
  sample.residual = 0;
  boundBelow(sample);
  most *= INVERSE_ROOM;
  // A sketch may be twice as bad.
  if (abs(load<f64>(sample.W)) > 2 * most * sample.lower || dropsShortColumns(sample)) return false;
  boundAbove(sample);
  if (sample.upper > error * norm) return false;
  const L = alloc(triangleBytes(k));
  compensatedGram(L, sample.table, k);
  if (factor(L, k, 0, true).columns < k) return false;
  const R = unpackTransposed(L, k);
  const inverse = inverseNorm(packUpper(R, leading(k), k), k);
  const X = createColumns(n, k);
  combineRows(sample, R, leading(k), X);
  bidiagonalValues(X, leading(n), n, k, values);
  return sample.upper <= error * load<f64>(values) && load<f64>(values) * inverse <= most;
}

/** Whether a column that was not chosen is so short that it may have a value of its own. */
function dropsShortColumns(sample: RowSample): bool {
  for (let j = sample.k; j < source.n; j++) {
    const square = load<f64>(scan.squares + (<usize>load<i32>(sample.perm + (<usize>j << 2)) << 3));
    if (square < GRADED * scan.total) return true;
  }
  return false;
}
