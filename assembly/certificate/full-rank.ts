// Full rank by Cholesky: of the Gram matrix of a sample of rows, shifted by the tolerance, or of all rows.
// docs/certificates.md, "Full rank from a sample". Cost: s n^2 + n^3 / 3 flops, and a pass over A.
import { alloc, mark, release } from '../base/arena';
import { ELIMINATION_COLUMNS, ELIMINATION_MOST, SAMPLE_COLUMNS } from '../base/params';
import { dot } from '../blas/level1';
import { gramOfColumns } from '../blas/syrk';
import * as cholesky from '../factor/cholesky';
import { Cholesky } from '../factor/cholesky';
import { pack, packedBytes, packSource } from '../matrix/pack';
import { stratifiedRows } from '../matrix/rows';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { copyTriangle, panels, triangleBytes } from '../matrix/triangle';
import * as claim from './claim';
import { Method } from './claim';
import * as schur from './elimination';
import { bound, mayDeflate } from './null-space';
import { rounding } from './rounding';

/** Columns that the last fullRank() found independent, and those of them that it proved to be so beyond the tolerance. */
export let found: i32 = 0;
export let known: i32 = 0;
/** Whether its pivots fell to the size of the shift without a gap. */
export let smooth: bool = false;

/** The first n columns of s spread rows into P, [n/4][s][4]. */
function packSample(P: usize, s: i32, n: i32): void {
  const start = mark();
  const list = alloc(<u64>s << 2);
  stratifiedRows(list, s, source.m);
  const rows = source.select(list, s);
  pack(P, s, source.at, rows, s, source.selectedColumns(s), n, source.single, source.scale);
  release(start);
}

/** Whether all of A packed, with its factor, is more than the memory that a call may take. */
function large(): bool {
  const m = source.m;
  if (m > 2 * source.n && m > 4096) return true;
  const allowed = <u64>m * source.width * (source.single ? 5 : 10) + (12 << 20);
  return packedBytes(m, source.n) + triangleBytes(source.n) > allowed;
}

/** s rows of A into P. */
function fill(P: usize, s: i32): void {
  if (s < source.m) packSample(P, s, source.n);
  else packSource(P);
}

/**
 * Full rank, or all but a few, by Cholesky of a shifted Gram matrix, of a sample of s rows or of all; G is A^T A where it is known, else 0.
 * Returns whether the claim is made; if not, `found` and `known` tell how far it came. "Full rank from a sample".
 */
export function fullRank(s: i32, G: usize): bool {
  const start = mark();
  const done = attempt(s, G);
  release(start);
  return done;
}

function attempt(s: i32, G: usize): bool {
  const n = source.n;
  let P: usize = 0; // the rows packed, unless L begins as their Gram matrix
  let square = scan.total;
  if (s < source.m) {
    P = alloc(packedBytes(s, n));
    fill(P, s);
    square = dot(P, P, <i32>(packedBytes(s, n) >> 3));
  } else if (!G && !large()) {
    P = alloc(packedBytes(s, n));
    fill(P, s);
  }
  const threshold = claim.tolerance(claim.high);
  const shift = threshold * threshold + 1.1 * rounding(s, n, square, square);
  // Elimination loses some digits of its bound, which a tolerance above rounding does not leave.
  if (P && n >= ELIMINATION_COLUMNS && n <= ELIMINATION_MOST && threshold < 1e-5 * Math.sqrt(shift)) {
    const room = mark();
    if (schur.eliminate(P, s)) {
      found = schur.found;
      known = schur.known;
      smooth = schur.gapless;
      return known == n;
    }
    release(room);
    if (schur.spoiled) fill(P, s);
  }
  const L = alloc(triangleBytes(n)); // after what packing needed for a while
  if (G) copyTriangle(L, G, n, 1);
  const f = cholesky.begin(L, n, shift, true, P ? mayDeflate(s, n) : 0);
  if (P || G) cholesky.proceed(f, panels(n), P, s, P ? s : 0);
  else factorStreamed(f);
  found = known = f.columns - f.deflated;
  smooth = f.gapless;
  if (f.columns < n) return false;
  let rest: f64 = 0;
  if (found < n) {
    const list = alloc(<u64>s << 2);
    stratifiedRows(list, s, source.m);
    rest = bound(P, s, list, f, 0, 0, 0);
  }
  if (!(rest <= claim.tolerance(claim.low))) return false;
  // With columns set aside the growth is infinite; that of the others is at most the square.
  return claim.answer(found, Math.sqrt(shift - rounding(s, n, square, min(square, f.growth))), rest, Method.Cholesky);
}

/** Cholesky of A^T A - shift I, a few hundred rows of A at a time: the Gram matrix grows by eighths, for a deficiency to show early. */
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

/** A guess at the rank, from a corner of s rows and columns: n where it shows no deficiency. Decides nothing. */
export function probe(s: i32): i32 {
  const n = source.n;
  if (n < SAMPLE_COLUMNS || s >= source.m) return n;
  const start = mark();
  const P = alloc(packedBytes(s, s));
  packSample(P, s, s);
  const L = alloc(triangleBytes(s));
  const share = scan.total * <f64>s / <f64>source.m * <f64>s / <f64>n;
  const f = cholesky.begin(L, s, 1e-12 * share, true, 0);
  cholesky.proceed(f, panels(s), P, s, s);
  const failed = f.columns;
  smooth = f.gapless;
  release(start);
  return failed < s - (s >> 3) ? failed : n;
}

/** The sigma_min^2 one may hope for in s rows of a generic matrix: sizes the sample, decides nothing. */
export function hope(s: i32): f64 {
  const n = <f64>source.n;
  const gap = Math.sqrt(<f64>s) - Math.sqrt(n);
  return (scan.total / (n * <f64>source.m)) * max(0.3 * gap * gap, 0.01 / n);
}
