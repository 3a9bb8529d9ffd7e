// The count of singular values above the tolerance where rows or columns fall over many orders: lines of one length
// have a Gram matrix with digits for all of them.
//
// A = B D, D diagonal: by Sylvester's law A^T A - x^2 I has as many positive eigenvalues as B^T B - x^2 D^-2. So it is
// for the rows of R, A = Q R and R = D S: what makes A close to singular stands in D, and S is far from it for next to
// every R of a QR without pivots. docs/certificates.md, "Equilibrated". Layout: column-major W, packed triangles as in
// cholesky.ts. Cost: m n^2 flops, or n^3 / 3 after QR, and n^3 / 3 for each count, one or two of them.
import { alloc, calloc, mark, release } from '../base/arena';
import {
  GRADED_SHIFT, GROWTH, LANCZOS_FIRST, LANCZOS_FIRST_STEPS, LANCZOS_SHARE, LANCZOS_STEPS,
  LEFT_FOR_SIGMA, ROUNDING_ROOM, ROWS_LEFT_OUT, SAFE_MIN, SIGMA_FINE, TIGHT, U,
} from '../base/params';
import { squareSymmetric } from '../blas/symv';
import { gram, gramOfSource } from '../blas/syrk';
import { Cholesky, factor } from '../factor/cholesky';
import { inverseRowsNormSquare } from '../factor/cholesky-solve';
import { rowSquares, sortColumns } from '../factor/grading';
import { matrix, qr, rowsOfMatrix, tall } from '../factor/tsqr';
import { clearBelow, column, leading } from '../matrix/columns';
import { packedBytes } from '../matrix/pack';
import { packSample } from '../matrix/rows';
import * as scan from '../matrix/scan';
import * as source from '../matrix/source';
import { copyTriangle, rowPanel, triangleBytes } from '../matrix/triangle';
import * as claim from './claim';
import { Method } from './claim';
import { isGraded } from './estimate';
import { reductionStages, reflectorError, rounding, stage } from './rounding';
import { capByCholesky, capByIntegers, raiseByLanczos } from './sigma1';
import { gramOfRows } from './trailing';

/** B D or D S, whose singular values are those of A to within `rest`. Lives above the mark of its maker. */
@unmanaged
class Equilibrated {
  n: i32;
  /** What G is a product of has so many terms an element. */
  rows: i32;
  rest: f64;
  /** D, powers of two no smaller than the lines. */
  D: usize;
  /** B^T B or S S^T, packed, and its trace. */
  G: usize;
  square: f64;
  /** The leading lines that leave little of sigma_1, and the square of what they leave. */
  some: i32;
  left: f64;
  /** Whether the last count is exact. */
  exact: bool;
}

/** The power of two above x. */
// @ts-ignore: decorator
@inline
function powerAbove(x: f64): f64 {
  return reinterpret<f64>((reinterpret<u64>(x) >> 52) + 1 << 52);
}

/** The first k rows of R, n columns, divided by D. */
function scaleRows(R: usize, ld: i32, n: i32, k: i32, D: usize): void {
  const start = mark();
  const inverses = alloc(<u64>(k + 1) << 3);
  for (let i: usize = 0; i < <usize>k << 3; i += 8) store<f64>(inverses + i, 1 / load<f64>(D + i));
  store<f64>(inverses + (<usize>k << 3), 0);
  for (let j = 0; j < n; j++) {
    const x = column(R, ld, j);
    for (let o: usize = 0; o <= <usize>min(j, k - 1) << 3; o += 16) {
      v128.store(x + o, f64x2.mul(v128.load(x + o), v128.load(inverses + o)));
    }
  }
  release(start);
}

/** The squares from k on. */
function sumFrom(squares: usize, k: i32, n: i32): f64 {
  let sum: f64 = 0;
  for (let i = n - 1; i >= k; i--) sum += load<f64>(squares + (<usize>i << 3));
  return sum;
}

/** The fewest leading lines, one at least, that leave no more than `limit` of the whole. */
function fewest(squares: usize, n: i32, limit: f64): i32 {
  let sum: f64 = 0;
  while (n > 1 && (sum += load<f64>(squares + (<usize>(n - 1) << 3))) <= limit * limit) n--;
  return n;
}

/**
 * From the squared lengths of n rows or columns, whose place D takes: powers of two above them and the tolerance
 * `least`, as no line below it need be made longer; nor one whose square may have lost digits.
 */
function open(squares: usize, n: i32, rows: i32, rest: f64, least: f64): Equilibrated {
  const t = changetype<Equilibrated>(alloc(offsetof<Equilibrated>()));
  t.n = n;
  t.rows = rows;
  t.rest = rest;
  const some = fewest(squares, n, LEFT_FOR_SIGMA * claim.low);
  t.left = sumFrom(squares, some, n);
  t.some = min(n, (some + 3) & ~3);
  t.D = squares;
  t.square = 0;
  for (let o: usize = 0; o < <usize>n << 3; o += 8) {
    const square = load<f64>(squares + o);
    const d = powerAbove(max(max(Math.sqrt(square), least), SAFE_MIN));
    t.square += square / d / d;
    store<f64>(squares + o, d);
  }
  t.G = alloc(triangleBytes(n));
  return t;
}

/** Of R = W(0:n, 0:n), which is overwritten, without the last rows, as far as they are next to nothing. */
function ofRows(W: usize, ld: i32, n: i32, rest: f64): Equilibrated {
  clearBelow(W, ld, n, n);
  const squares = rowSquares(W, ld, n);
  const k = fewest(squares, n, ROWS_LEFT_OUT * claim.resolution());
  rest += Math.sqrt(sumFrom(squares, k, n));
  const t = open(squares, k, n, rest, claim.tolerance(claim.high) + rest);
  scaleRows(W, ld, n, k, t.D);
  gramOfRows(t.G, W, ld, k, n);
  return t;
}

/** Of the columns of A. */
export function ofColumns(): Equilibrated {
  const n = source.n;
  const squares = calloc(<u64>(n + 4) << 3);
  memory.copy(squares, scan.squares, <usize>n << 3);
  const t = open(squares, n, source.m, 0, claim.tolerance(claim.high));
  gramOfSource(t.G);
  scaleGram(t.G, t.G, n, t.D, true);
  return t;
}

// @ts-ignore: decorator
@inline
function diagonalOf(G: usize, i: i32): usize {
  return rowPanel(G, i >> 2) + (<usize>i << 5) + (<usize>(i & 3) << 3);
}

/**
 * No more than the number of singular values above x, or no fewer for `side` 1: -1, or n + 1, where it cannot be told.
 * For side 0 `exact` tells whether it is that number.
 */
export function count(t: Equilibrated, x: f64, side: i32): i32 {
  const start = mark();
  const n = t.n;
  const L = alloc(triangleBytes(n));
  copyTriangle(L, t.G, n, 1);
  let sum = t.square;
  for (let i = 0; i < n; i++) {
    const y = x / load<f64>(t.D + (<usize>i << 3));
    lower(L, i, y * y);
    sum += y * y;
  }
  const d = ROUNDING_ROOM * rounding(t.rows, n, sum, GROWTH * sum);
  for (let i = 0; side && i < n; i++) lower(L, i, -2 * d);
  const f = factor(L, n, d, false);
  const p = rounding(t.rows, n, sum, f.growth) <= d ? n - f.negativePivots : side ? n + 1 : -1;
  t.exact = p == n || (p >= 0 && !side && isExact(f, d));
  release(start);
  return p;
}

// @ts-ignore: decorator
@inline
function lower(G: usize, i: i32, x: f64): void {
  const p = diagonalOf(G, i);
  store<f64>(p, load<f64>(p) - x);
}

/** Whether f, of G - d I, has no fewer positive pivots than G + d I: where its negative eigenvalues are far below. */
function isExact(f: Cholesky, d: f64): bool {
  const n = f.n;
  if (f.negativePivots > n >> 3) return false; // another count costs less
  const square = inverseRowsNormSquare(f);
  const rho = <f64>(n + 16) * U * Math.sqrt(f.growth);
  return 2 * rho * Math.sqrt(square) + (rho * rho + 2 * d) * square < 0.5; // below 1 by more than the rounding of X
}

/** to = D G D, or D^-1 G D^-1, of order k; D is padded with zeros to whole panels. */
function scaleGram(to: usize, G: usize, k: i32, D: usize, divided: bool): void {
  const start = mark();
  const d = calloc(<u64>(k + 4) << 3);
  for (let o: usize = 0; o < <usize>k << 3; o += 8) {
    const x = load<f64>(D + o);
    store<f64>(d + o, divided ? 1 / x : x);
  }
  for (let i = 0; i < k; i += 4) {
    const x = v128.load(d + (<usize>i << 3));
    const y = v128.load(d + (<usize>i << 3), 16);
    for (let j = 0; j < i + 4; j++, G += 32, to += 32) {
      const s = v128.load64_splat(d + (<usize>j << 3));
      v128.store(to, f64x2.mul(f64x2.mul(v128.load(G), x), s));
      v128.store(to, f64x2.mul(f64x2.mul(v128.load(G, 16), y), s), 16);
    }
  }
  release(start);
}

/** Whether a count as of the best sigma_1 is that of some matrix within the resolution. */
function isTight(t: Equilibrated): bool {
  return claim.tolerance(claim.high) - claim.tolerance(claim.low) + 2 * t.rest <= TIGHT * claim.resolution();
}

/** Encloses sigma_1 until a count at its tolerance decides, or to nearly all digits. */
function enclose(t: Equilibrated): void {
  const start = mark();
  const k = t.some;
  const H = alloc(triangleBytes(k));
  scaleGram(H, t.G, k, t.D, false);
  const slack = rounding(t.rows, t.n, scan.total, GROWTH * scan.total) + t.rest * (2 * claim.high + t.rest);
  const beyond = slack + t.left;
  claim.capSigma(Math.sqrt(Math.sqrt(squareSymmetric(H, k)) + beyond));
  raiseByLanczos(H, k, slack, LANCZOS_FIRST, LANCZOS_FIRST_STEPS, 0);
  if (!isTight(t)) {
    const L = alloc(triangleBytes(k));
    capByIntegers(L, H, k, beyond);
    if (!isTight(t)) {
      raiseByLanczos(H, k, slack, LANCZOS_SHARE * SIGMA_FINE, LANCZOS_STEPS, 0);
      capByCholesky(L, H, k, beyond, SIGMA_FINE);
    }
  }
  release(start);
}

/** The claim: the count as it stands where that is within the resolution, else the same count at both ends. */
function decide(t: Equilibrated): bool {
  enclose(t);
  const rest = t.rest;
  const high = claim.tolerance(claim.high);
  const low = claim.tolerance(claim.low);
  if (isTight(t)) {
    const tau = claim.tolerance(min(claim.sigma, claim.high));
    const p = count(t, tau, 0);
    const far = t.exact ? tau : low + claim.resolution() - rest;
    if (p < 0 || (!t.exact && count(t, far, 1) > p)) return false;
    return claim.counted(p, tau - rest, far + rest, Method.Equilibrated);
  }
  const p = count(t, high + rest, 0);
  const same = p == source.n || (p >= 0 && low > rest && (p == t.n || count(t, low - rest, 1) == p));
  return same && claim.answer(p, high, low, Method.Equilibrated);
}

/** Decides from R = W(0:n, 0:n), whose singular values are those of A to within `rest`; it is overwritten. */
export function byEquilibratedTriangle(W: usize, ld: i32, rest: f64): bool {
  return decide(ofRows(W, ld, source.n, rest));
}

/** Decides from R of a QR without pivots. "Equilibrated". */
export function byEquilibratedRows(): bool {
  const start = mark();
  const m = rowsOfMatrix();
  const W = matrix();
  // Of columns in order of length the rows of R, made as long as each other, are far from dependent.
  if (!tall() && isGraded()) sortColumns(W, leading(m), source.n, scan.squares);
  if (!tall()) qr(W, leading(m), m, source.n);
  const done = byEquilibratedTriangle(W, leading(m), reflectorError(tall() ? reductionStages() : stage(source.n)));
  release(start);
  return done;
}

/** Whether some columns, made as long as each other, are far from dependent: a guess for all of them. */
function areIndependent(): bool {
  const n = source.n;
  const start = mark();
  const s = n >> 3;
  const rows = n >> 2;
  const P = alloc(packedBytes(rows, s));
  packSample(P, rows, s);
  const G = alloc(triangleBytes(s));
  gram(G, 0, s, P, rows, rows, true);
  const D = calloc(<u64>(s + 4) << 3);
  for (let j = 0; j < s; j++) store<f64>(D + (<usize>j << 3), powerAbove(Math.sqrt(load<f64>(diagonalOf(G, j)))));
  scaleGram(G, G, s, D, true);
  const f = factor(G, s, GRADED_SHIFT, true);
  const done = f.columns == s;
  release(start);
  return done;
}

/** Decides where columns are of many lengths. "Equilibrated". */
export function byEquilibratedColumns(): bool {
  const start = mark();
  const done = areIndependent() && decide(ofColumns());
  release(start);
  return done;
}
