// Full rank by Cholesky: of the Gram matrix of a sample of rows, shifted by the tolerance, or of all rows.
// docs/certificates.md, "Full rank from a sample". Cost: s n^2 + n^3 / 3 flops, and a pass over A.
import { alloc, mark, release } from '../base/arena';
import {
  CALL_BYTES, DEFLATED_SHARE, ELIMINATION_COLUMNS, ELIMINATION_DIGITS, ELIMINATION_MOST, HALFWAY_COLUMNS, PACKED_ROWS,
  ROUNDING_ROOM, SET_ASIDE,
} from '../base/params';
import { dot } from '../blas/level1';
import { gramOfNonzeros } from '../blas/sparse';
import { gramOfColumns } from '../blas/syrk';
import * as cholesky from '../factor/cholesky';
import { Cholesky } from '../factor/cholesky';
import { tall } from '../factor/tsqr';
import { packedBytes } from '../matrix/pack';
import { Nonzeros } from '../matrix/nonzeros';
import { PackedRows, packRows, restoreRows, rowsOfNonzeros } from '../matrix/rows';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { copyTriangle, panels, triangleBytes } from '../matrix/triangle';
import { Attempt, createAttempt } from './attempt';
import * as claim from './claim';
import { Method } from './claim';
import { eliminate } from './elimination';
import { extrapolatedLeast, inVain } from './estimate';
import { mayDeflate } from './null-space';
import { rounding } from './rounding';
import { settle } from './set-aside';

/** Whether all of A packed, with its factor, is more than the memory that a call may take. */
function large(): bool {
  const m = source.m;
  if (m > 2 * source.n && m > PACKED_ROWS) return true;
  // A quarter more than the elements themselves.
  const allowed = <u64>m * source.width * (source.single ? 5 : 10) + CALL_BYTES;
  return packedBytes(m, source.n) + triangleBytes(source.n) > allowed;
}

/** Of the Gram matrix of s rows: the tolerance, squared, and what rounding may take of a bound. */
function shiftFor(s: i32, square: f64): f64 {
  const threshold = claim.tolerance(claim.high);
  return threshold * threshold + ROUNDING_ROOM * rounding(s, source.n, square, square);
}

/**
 * Full rank, or all but a few, by Cholesky of a shifted Gram matrix, of a sample of s rows or of all;
 * G is A^T A where it is known, else 0.
 * `deflate`: dependent columns are expected, which only packed rows tell. "Full rank from a sample".
 */
export function fullRank(s: i32, G: usize, deflate: bool): Attempt {
  const a = createAttempt();
  const start = mark();
  const packed = s < source.m || (!G && (deflate || !large()));
  const x = packed ? packRows(s) : changetype<PackedRows>(0);
  const n = source.n;
  const square = s < source.m ? dot(x.P, x.P, <i32>(packedBytes(s, n) >> 3)) : scan.total;
  // Elimination loses some digits of its bound, which a tolerance above rounding does not leave.
  const near = claim.tolerance(claim.high) < ELIMINATION_DIGITS * Math.sqrt(shiftFor(s, square));
  const pays = near && n >= ELIMINATION_COLUMNS && n <= ELIMINATION_MOST;
  const room = mark();
  if (!packed || !pays || !eliminate(x, a)) {
    release(room);
    if (packed) restoreRows(x);
    byCholesky(a, x, s, G, square);
  }
  release(start);
  return a;
}

/** The same by all rows of a matrix of few nonzeros z: the Gram matrix costs next to nothing. */
export function fullRankOfNonzeros(z: Nonzeros, G: usize): Attempt {
  const a = createAttempt();
  const start = mark();
  byCholesky(a, rowsOfNonzeros(z), source.m, G, scan.total);
  release(start);
  return a;
}

/** Goes on to the end, unless halfway it is in vain: what that spares is next to nothing where A is tall, or small. */
function proceedInHope(f: Cholesky, P: usize, s: i32): void {
  const end = panels(f.n);
  const half = tall() || f.n < HALFWAY_COLUMNS ? 0 : end >> 1;
  if (cholesky.proceed(f, half, P, s, s) && (!half || !inVain(f))) cholesky.proceed(f, end, P, s, s);
}

/** Without a step of elimination. square: ||P||_F^2, or ||A||_F^2 where nothing is packed. */
function byCholesky(a: Attempt, x: PackedRows, s: i32, G: usize, square: f64): void {
  const n = source.n;
  const shift = shiftFor(s, square);
  const packed = changetype<usize>(x) != 0;
  const L = alloc(triangleBytes(n));
  if (G) copyTriangle(L, G, n, 1);
  else if (packed && x.nonzeros) gramOfNonzeros(L, x.nonzeros);
  const most = !packed ? 0 : x.P ? mayDeflate(s, n) : min(SET_ASIDE, n / DEFLATED_SHARE);
  const f = cholesky.begin(L, n, shift, true, most);
  if (packed && x.P) proceedInHope(f, x.P, s);
  else if (G || packed) proceedInHope(f, 0, 0);
  else factorStreamed(f);
  a.independent = a.proved = f.columns - f.deflated;
  a.ordered = cholesky.columnsBeforeDeflated(f);
  a.gapless = f.gapless;
  if (f.columns < n) {
    a.least = extrapolatedLeast(f);
    return;
  }
  // With columns deflated the growth is infinite; that of the others is at most the square.
  const lower = Math.sqrt(shift - rounding(s, n, square, min(square, f.growth)));
  if (f.deflated) settle(a, x, f, lower);
  else a.decided = claim.answer(n, lower, 0, Method.Cholesky);
}

/**
 * Cholesky of A^T A - shift I, a few hundred rows of A at a time: the Gram matrix grows by eighths,
 * for a deficiency to show early.
 */
function factorStreamed(f: Cholesky): void {
  const n = source.n;
  const count = panels(n);
  for (let i0 = 0; i0 < count && f.columns == n; ) {
    const i1 = min(count, i0 + ((count + 7) >> 3));
    gramOfColumns(f.L, i0, source.columns, min(n, i1 << 2));
    cholesky.proceed(f, i1, 0, 0, 0);
    i0 = i1;
  }
}
