// An upper triangular band matrix to bidiagonal form: the second stage.
//
// Row after row, a reflector from the right takes all but one element beside the diagonal; the bulge that it leaves
// below the diagonal goes by a reflector from the left, which leaves one beyond the band, and so on down the matrix, a
// band's width at a time (Lang 1996; Haidar, Ltaief & Dongarra 2012).
// Of each bulge only the first row or column is taken away: the next sweep, one further down, takes the next.
// Cost: 8 n^2 width flops, in cache. Threads follow each other through the band.
import { alloc, calloc, mark, release } from '../base/arena';
import { awaitCount, parallelInOrder, threads } from '../base/parallel';
import { BULGE_STEPS, MOST_SWEEPS, WIDE_BAND_WIDTH } from '../base/params';
import { hsum, madd } from '../base/simd';
import { reflector } from './golub-kahan';

/**
 * An n x n band matrix by columns, and `width` zero rows and columns more, so that all reflectors have the same length.
 * Column j holds rows j - 2 width ..
 * j + width, so that one step to the right in a row is `step` bytes. The width is a multiple of 8.
 */
@unmanaged
export class Band {
  n: i32 = 0;
  width: i32 = 0;
  step: usize = 0;
  /** Address of element (0, 0). */
  origin: usize = 0;

  /** Address of element (i, j). */
  // @ts-ignore: decorator
  @inline
  at(i: i32, j: i32): usize {
    return this.origin + (<usize>i << 3) + <usize>j * this.step;
  }
}

export function createBand(n: i32, width: i32): Band {
  const B = changetype<Band>(alloc(offsetof<Band>()));
  B.n = n;
  B.width = width;
  // An odd number of cache lines.
  const step = (3 * width + 7 >> 3 | 1) << 3;
  B.step = <usize>step << 3;
  B.origin = calloc(<u64>(n + 2 * width + 3) * <u64>(step + 1) << 3) + (<usize>(2 * width) << 3);
  return B;
}

/** C <- (I - tau v v^T) C for `columns` columns of b rows, four at a time. */
function applyLeft(C: usize, step: usize, v: usize, tau: f64, b: i32, columns: i32): void {
  const end = <usize>b << 3;
  for (let j = 0; j < columns; j += 4) {
    const c1 = C + step;
    const c2 = c1 + step;
    const c3 = c2 + step;
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let t0 = s0;
    let t1 = s0;
    let t2 = s0;
    let t3 = s0;
    for (let o: usize = 0; o < end; o += 32) {
      let x = v128.load(v + o);
      s0 = madd(x, v128.load(C + o), s0);
      s1 = madd(x, v128.load(c1 + o), s1);
      s2 = madd(x, v128.load(c2 + o), s2);
      s3 = madd(x, v128.load(c3 + o), s3);
      x = v128.load(v + o, 16);
      t0 = madd(x, v128.load(C + o, 16), t0);
      t1 = madd(x, v128.load(c1 + o, 16), t1);
      t2 = madd(x, v128.load(c2 + o, 16), t2);
      t3 = madd(x, v128.load(c3 + o, 16), t3);
    }
    s0 = f64x2.splat(-tau * hsum(f64x2.add(s0, t0)));
    s1 = f64x2.splat(-tau * hsum(f64x2.add(s1, t1)));
    s2 = f64x2.splat(-tau * hsum(f64x2.add(s2, t2)));
    s3 = f64x2.splat(-tau * hsum(f64x2.add(s3, t3)));
    for (let o: usize = 0; o < end; o += 16) {
      const x = v128.load(v + o);
      v128.store(C + o, madd(x, s0, v128.load(C + o)));
      v128.store(c1 + o, madd(x, s1, v128.load(c1 + o)));
      v128.store(c2 + o, madd(x, s2, v128.load(c2 + o)));
      v128.store(c3 + o, madd(x, s3, v128.load(c3 + o)));
    }
    C = c3 + step;
  }
}

/** C <- C (I - tau v v^T) for `rows` rows of b columns, eight at a time. */
function applyRight(C: usize, step: usize, v: usize, tau: f64, b: i32, rows: i32): void {
  const end = v + (<usize>b << 3);
  const t = f64x2.splat(-tau);
  for (let i = 0; i < rows; i += 8) {
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let c = C;
    for (let p = v; p < end; p += 8) {
      const x = v128.load64_splat(p);
      s0 = madd(x, v128.load(c), s0);
      s1 = madd(x, v128.load(c, 16), s1);
      s2 = madd(x, v128.load(c, 32), s2);
      s3 = madd(x, v128.load(c, 48), s3);
      c += step;
    }
    s0 = f64x2.mul(s0, t);
    s1 = f64x2.mul(s1, t);
    s2 = f64x2.mul(s2, t);
    s3 = f64x2.mul(s3, t);
    c = C;
    for (let p = v; p < end; p += 8) {
      const x = v128.load64_splat(p);
      v128.store(c, madd(x, s0, v128.load(c)));
      v128.store(c, madd(x, s1, v128.load(c, 16)), 16);
      v128.store(c, madd(x, s2, v128.load(c, 32)), 32);
      v128.store(c, madd(x, s3, v128.load(c, 48)), 48);
      c += step;
    }
    C += 64;
  }
}

/**
 * Copies b elements, `step` bytes apart, and makes them the reflector that leaves (beta, 0, ...) of them; tau goes
 * behind its last. Returns beta.
 */
function take(from: usize, step: usize, b: i32, v: usize): f64 {
  for (let o: usize = 0; o < <usize>b << 3; o += 8) {
    store<f64>(v + o, load<f64>(from));
    from += step;
  }
  return reflector(v, b, v + (<usize>b << 3));
}

/** Puts (beta, 0, ...) there. */
function put(to: usize, step: usize, b: i32, beta: f64): void {
  store<f64>(to, beta);
  for (let i = 1; i < b; i++) {
    to += step;
    store<f64>(to, 0);
  }
}

/** Steps from .. to of sweep s, the reflectors in v: each makes an element of the bidiagonal form, or a new bulge. */
function sweep(B: Band, s: i32, from: i32, to: i32, v: usize): void {
  const b = B.width;
  const step = B.step;
  const tau = v + (<usize>b << 3);
  const end = min(B.n, s + 1 + to * b);
  for (let c = s + 1 + max(from, 0) * b; c < end; c += b) {
    // Row r keeps one element of columns c .. c + b; so far the rows from r on reach into them.
    const r = max(s, c - b);
    let beta = take(B.at(r, c), step, b, v);
    const above = r == s ? 0 : b;
    applyRight(B.at(c - above, c), step, v, load<f64>(tau), b, b + above);
    put(B.at(r, c), step, b, beta);
    beta = take(B.at(c, c), 8, b, v);
    applyLeft(B.at(c, c + 1), step, v, load<f64>(tau), b, 2 * b - 1);
    put(B.at(c, c), 8, b, beta);
  }
}

/**
 * A turn takes a group of sweeps, each two steps behind the one before, through the band, BULGE_STEPS steps at a time.
 * A step needs the next two of the sweep before, and what is three steps on is apart from it: a group follows the one
 * before, which another thread may be at, at a distance. However the sweeps are grouped, each element comes out of the
 * same steps in the same order.
 */
@unmanaged
class Chase {
  B: Band;
  /** Sweeps of a group. */
  sweeps: i32;
  /** Tiles that each group is through, alone in lines of the cache. */
  done: usize;
  /** A reflector for each thread. */
  scratch: usize;
}

const LINE = 64;
const REFLECTOR: usize = (WIDE_BAND_WIDTH + 8) << 3;

function groupTask(record: usize, group: i32, thread: i32): void {
  const chase = changetype<Chase>(record);
  const sweeps = chase.sweeps;
  const first = group * sweeps;
  const last = min(chase.B.n - 1, first + sweeps);
  const before = chase.done + <usize>(group - 1) * LINE;
  const ahead = 1 + 2 * sweeps / BULGE_STEPS; // tiles, and the one that this one is
  const v = chase.scratch + <usize>thread * REFLECTOR;
  // The last sweep is the last to end.
  const end = (chase.B.n - 2 - first) / chase.B.width + 2 * sweeps + 1;
  let tiles = 0;
  for (let from = 0; from < end; from += BULGE_STEPS) {
    if (group) awaitCount(before, tiles + ahead);
    for (let s = first; s < last; s++) {
      const step = from - 2 * (s - first);
      sweep(chase.B, s, step, max(0, step + BULGE_STEPS), v);
    }
    atomic.store<i32>(before + LINE, ++tiles);
  }
  atomic.store<i32>(before + LINE, i32.MAX_VALUE);
}

function chaseTogether(B: Band): void {
  const chase = changetype<Chase>(alloc(offsetof<Chase>()));
  const steps = B.n / B.width;
  chase.B = B;
  // Larger groups hand less over from cache to cache, smaller ones follow each other more closely.
  chase.sweeps = max(BULGE_STEPS / 2, min(MOST_SWEEPS, steps / (4 * threads)) & -(BULGE_STEPS / 2));
  const groups = (B.n - 2) / chase.sweeps + 1;
  chase.done = calloc(<u64>groups * LINE);
  chase.scratch = alloc(<u64>threads * REFLECTOR);
  parallelInOrder(groupTask, groups, changetype<usize>(chase));
}

/** The diagonal d (n) and the superdiagonal e (n - 1) of the bidiagonal form of B, which is destroyed. */
export function chaseBulges(B: Band, d: usize, e: usize): void {
  const start = mark();
  const n = B.n;
  if (threads > 1) chaseTogether(B);
  else {
    const v = alloc(REFLECTOR);
    for (let s = 0; s < n - 1; s++) sweep(B, s, 0, n, v);
  }
  for (let i = 0; i < n; i++) {
    store<f64>(d + (<usize>i << 3), load<f64>(B.at(i, i)));
    if (i < n - 1) store<f64>(e + (<usize>i << 3), load<f64>(B.at(i, i + 1)));
  }
  release(start);
}
