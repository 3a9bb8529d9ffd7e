// Ranks of two small matrices of one shape at once, one in each lane: no arena, no tables,
// no scratch but a fixed 60 KiB.
//
// Classical pivoted Householder QR of at most 64 x 32, until what remains is at rounding level; then the same two
// bounds as elsewhere: ||R22||_F from above, 1 / ||R11^-1||_F from below. sigma_1 is bounded from below by two products
// with the reduced matrix. What they leave open, or what needs scaling, is left to the general driver. "Pivoted QR".
//
// Layout: by columns, an element of both matrices in one vector. Each lane has pivots of its own, so no column moves: a
// column that has been a lane's pivot is dead there, keeps its part of R above, and below it rounding dust that nobody
// reads. Dead in both lanes, it leaves the list of columns that later reflectors are applied to.
// Cost: 4/3 to 2 n^3 flops a matrix (m = n).
import { GUARD, MORE_REFLECTORS, SAFE_MAX, SAFE_MIN, SMALL_COLUMNS, SMALL_ROWS, U } from '../base/params';
import { load1, load2, madd } from '../base/simd';
import * as source from '../matrix/source';
import * as claim from './claim';
import { Method } from './claim';

/** What rounding does to norms and products of norms here, relative to them. */
const NORMS: f64 = <f64>(SMALL_ROWS * SMALL_COLUMNS) * U;

const area = memory.data(64 * 33 * 16, 16); // both matrices, m vectors a column, and a column of zeros
// The columns that are not dead in both lanes, and up to three of zeros, for reflect() takes four at a time.
const list = memory.data(36 * 16, 16); // where each one begins, in both lanes
const squares = memory.data(36 * 16, 16); // ||column||^2 of what remains; 0 in a lane where it is dead
const alive = memory.data(36 * 16, 16); // masks
const order = memory.data(32 * 16, 16); // where each step's pivot column begins
const reflector = memory.data(64 * 16, 16);
const vector = memory.data(64 * 16, 16);
const inverse = memory.data(32 * 32 * 16, 16); // R11^-1 by columns

export function fits(m: i32, n: i32): bool {
  return n <= SMALL_COLUMNS && m <= SMALL_ROWS;
}

// @ts-ignore: decorator
@inline
function at(base: usize, i: i32): usize {
  return base + (<usize>i << 4);
}

/** Reads both matrices and the squared norms of their columns. Returns ||A||_F^2. */
function read<T>(a: usize, b: usize, m: i32, n: i32, byRow: bool): v128 {
  const down: usize = byRow ? <usize>n * sizeof<T>() : sizeof<T>();
  const right: usize = byRow ? sizeof<T>() : <usize>m * sizeof<T>();
  let to = area;
  let total = f64x2.splat(0);
  for (let j = 0; j < n; j++) {
    let o = <usize>j * right;
    v128.store(at(list, j), i64x2.splat(to));
    let sum = f64x2.splat(0);
    let i = 0;
    if (!byRow) {
      for (; i + 2 <= m; i += 2) {
        const p = load2<T>(a + o);
        const q = load2<T>(b + o);
        const x = v128.shuffle<f64>(p, q, 0, 2);
        const y = v128.shuffle<f64>(p, q, 1, 3);
        v128.store(to, x);
        v128.store(to, y, 16);
        sum = madd(y, y, madd(x, x, sum));
        to += 32;
        o += 2 * sizeof<T>();
      }
    }
    for (; i < m; i++) {
      const x = f64x2.replace_lane(f64x2.splat(load1<T>(a + o)), 1, load1<T>(b + o));
      v128.store(to, x);
      sum = madd(x, x, sum);
      to += 16;
      o += down;
    }
    v128.store(at(squares, j), sum);
    v128.store(at(alive, j), i64x2.splat(-1));
    total = f64x2.add(total, sum);
  }
  memory.fill(to, 0, <usize>m << 4);
  return total;
}

/** The vector at offset o of a column of each lane, the columns at p and q. */
// @ts-ignore: decorator
@inline
function pick(p: usize, q: usize, o: usize): v128 {
  return v128.load_lane<f64>(q + o, v128.load64_zero(p + o), 1);
}

/**
 * ||R11^-1||_F^2 of the leading triangle, column by column: X T(:, j) = e_j. Columns of X are padded with zeros to four
 * rows. Steps past a lane's own have an infinite pivot.
 */
function inverseSquare(k: i32, steps: v128): v128 {
  const zero = f64x2.splat(0);
  let total = zero;
  for (let j = 0; j < k; j++) {
    const o = at(order, j);
    const p = load<usize>(o);
    const q = load<usize>(o, 8) + 8;
    const own = f64x2.gt(steps, f64x2.splat(<f64>j));
    for (let i = 0; i < j; i++) v128.store(at(vector, i), v128.and(pick(p, q, <usize>i << 4), own));
    const d = v128.and(f64x2.div(f64x2.splat(1), pick(p, q, <usize>j << 4)), own);
    const minus = f64x2.neg(d);
    const to = inverse + (<usize>j << 9);
    for (let i = 0; i <= j; i += 4) {
      let x = zero;
      let y = zero;
      let z = zero;
      let w = zero;
      let from = at(inverse + (<usize>i << 9), i);
      for (let t = at(vector, i); t < at(vector, j); t += 16) {
        const r = v128.load(t);
        x = madd(r, v128.load(from), x);
        y = madd(r, v128.load(from, 16), y);
        z = madd(r, v128.load(from, 32), z);
        w = madd(r, v128.load(from, 48), w);
        from += 512;
      }
      x = f64x2.mul(x, minus);
      y = f64x2.mul(y, minus);
      z = f64x2.mul(z, minus);
      w = f64x2.mul(w, minus);
      v128.store(at(to, i), x);
      v128.store(at(to, i), y, 16);
      v128.store(at(to, i), z, 32);
      v128.store(at(to, i), w, 48);
      total = madd(x, x, madd(y, y, madd(z, z, madd(w, w, total))));
    }
    v128.store(at(to, j), d);
    total = madd(d, d, total);
  }
  return total;
}

/** A lower bound of sigma_1: ||M^T z|| / ||z||, z = M M^T e_1, M the first k rows, k > 0, of the reduced matrix. */
function sigmaFromBelow(k: i32, m: i32, n: i32): v128 {
  for (let i = 0; i < k; i++) v128.store(at(vector, i), f64x2.splat(0));
  let c = area;
  for (let j = 0; j < n; j++) {
    const y = v128.load(c);
    for (let i = 0; i < k; i++) v128.store(at(vector, i), madd(y, v128.load(at(c, i)), v128.load(at(vector, i))));
    c = at(c, m);
  }
  let z = f64x2.splat(0);
  for (let i = 0; i < k; i++) z = madd(v128.load(at(vector, i)), v128.load(at(vector, i)), z);
  let sum = f64x2.splat(0);
  c = area;
  for (let j = 0; j < n; j++) {
    let s = f64x2.splat(0);
    for (let i = 0; i < k; i++) s = madd(v128.load(at(vector, i)), v128.load(at(c, i)), s);
    sum = madd(s, s, sum);
    c = at(c, m);
  }
  return f64x2.sqrt(f64x2.div(sum, z));
}

/**
 * Applies the reflector, h being -2 / ||v||^2, to the columns listed from row k down, four at a time,
 * and renews their squared norms below it.
 */
// @ts-ignore: decorator
@inline
function reflect(k: i32, m: i32, live: i32, h: v128): void {
  const from = reflector + (<usize>k << 4);
  const end = reflector + (<usize>m << 4);
  const down = <usize>k << 4;
  for (let j = 0; j < live; j += 4) {
    const l = at(list, j);
    const c = load<usize>(l) + down;
    const c1 = load<usize>(l, 16) + down;
    const c2 = load<usize>(l, 32) + down;
    const c3 = load<usize>(l, 48) + down;
    let w0 = f64x2.splat(0);
    let w1 = w0;
    let w2 = w0;
    let w3 = w0;
    for (let p = from, o: usize = 0; p < end; p += 16, o += 16) {
      const v = v128.load(p);
      w0 = madd(v, v128.load(c + o), w0);
      w1 = madd(v, v128.load(c1 + o), w1);
      w2 = madd(v, v128.load(c2 + o), w2);
      w3 = madd(v, v128.load(c3 + o), w3);
    }
    w0 = f64x2.mul(w0, h);
    w1 = f64x2.mul(w1, h);
    w2 = f64x2.mul(w2, h);
    w3 = f64x2.mul(w3, h);
    const v = v128.load(from);
    v128.store(c, madd(w0, v, v128.load(c)));
    v128.store(c1, madd(w1, v, v128.load(c1)));
    v128.store(c2, madd(w2, v, v128.load(c2)));
    v128.store(c3, madd(w3, v, v128.load(c3)));
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let p = from + 16, o: usize = 16; p < end; p += 16, o += 16) {
      const v = v128.load(p);
      let x = madd(w0, v, v128.load(c + o));
      v128.store(c + o, x);
      s0 = madd(x, x, s0);
      x = madd(w1, v, v128.load(c1 + o));
      v128.store(c1 + o, x);
      s1 = madd(x, x, s1);
      x = madd(w2, v, v128.load(c2 + o));
      v128.store(c2 + o, x);
      s2 = madd(x, x, s2);
      x = madd(w3, v, v128.load(c3 + o));
      v128.store(c3 + o, x);
      s3 = madd(x, x, s3);
    }
    const t = at(squares, j);
    const a = at(alive, j);
    v128.store(t, v128.and(s0, v128.load(a)));
    v128.store(t, v128.and(s1, v128.load(a, 16)), 16);
    v128.store(t, v128.and(s2, v128.load(a, 32)), 32);
    v128.store(t, v128.and(s3, v128.load(a, 48)), 48);
  }
}

/** The last column of the list takes the place of column j, which is dead in both lanes. */
// @ts-ignore: decorator
@inline
function moveLast(last: i32, j: i32): void {
  v128.store(at(list, j), v128.load(at(list, last)));
  v128.store(at(squares, j), v128.load(at(squares, last)));
  v128.store(at(alive, j), v128.load(at(alive, last)));
}

/** Each active lane's pivot column is dead there. */
// @ts-ignore: decorator
@inline
function markDead(pivots: v128, active: v128, live: i32): void {
  for (let j = 0; j < live; j++) {
    const dead = v128.and(active, i64x2.eq(pivots, v128.load(at(list, j))));
    v128.store(at(alive, j), v128.andnot(v128.load(at(alive, j)), dead));
  }
}

/**
 * Ranks of the m x n matrices at a and b (m >= n, fits()) to `out` and the i32 after it;
 * -1 where this code cannot tell.
 */
export function smallRanks(
  out: usize, a: usize, b: usize, m: i32, n: i32, single: bool, byRow: bool, absolute: f64, relative: f64,
): void {
  if (m == n) byRow = false; // the transpose has the same rank, and its columns are contiguous
  const total = single ? read<f32>(a, b, m, n, byRow) : read<f64>(a, b, m, n, byRow);
  const size = f64x2.sqrt(total);
  // Rounding level, or a quarter of the least the tolerance can be.
  const least = f64x2.pmax(f64x2.splat(absolute), f64x2.mul(size, f64x2.splat(relative / Math.sqrt(<f64>n))));
  const stop = f64x2.pmax(f64x2.mul(size, f64x2.splat(4 * U)), f64x2.mul(least, f64x2.splat(1 / GUARD)));
  const limit = f64x2.mul(stop, stop);
  let left = total; // ||R22||_F^2 of each lane when it stopped
  let active = i64x2.splat(-1);
  let steps = f64x2.splat(0);
  const zeros = i64x2.splat(area + (<usize>(n * m) << 4));
  let live = n;
  let k = 0;
  for (; k < n; k++) {
    let most = f64x2.splat(-1);
    let best = zeros;
    let rest = f64x2.splat(0);
    for (let j = 0; j < live; j++) {
      if (!v128.any_true(v128.load(at(alive, j)))) {
        moveLast(--live, j--);
        continue;
      }
      const square = v128.load(at(squares, j));
      rest = f64x2.add(rest, square);
      best = v128.bitselect(v128.load(at(list, j)), best, f64x2.gt(square, most));
      most = f64x2.pmax(most, square);
    }
    left = v128.bitselect(rest, left, active);
    active = v128.and(active, f64x2.gt(rest, limit));
    if (!v128.any_true(active)) break;
    steps = f64x2.add(steps, v128.and(active, f64x2.splat(1)));
    v128.store(at(order, k), best);
    if (k == m - 1) {
      k++; // one row: it is R already
      break;
    }
    const p = <usize>i64x2.extract_lane(best, 0);
    const q = <usize>i64x2.extract_lane(best, 1) + 8;
    for (let o = <usize>k << 4; o < <usize>m << 4; o += 16) v128.store(reflector + o, pick(p, q, o));
    markDead(best, active, live);
    for (let j = live; j & 3; j++) v128.store(at(list, j), zeros);
    const alpha = v128.load(at(reflector, k));
    // beta = -+||column||, of the sign that alpha has not; 1 / (beta (beta - alpha)), or 0 for a lane that is done.
    const beta = v128.or(f64x2.sqrt(most), v128.andnot(i64x2.splat(i64.MIN_VALUE), alpha));
    v128.store(at(reflector, k), f64x2.sub(alpha, beta));
    const h = f64x2.div(f64x2.splat(-1), f64x2.mul(beta, f64x2.sub(beta, alpha)));
    reflect(k, m, live, v128.and(h, active));
  }
  const limits = f64x2.replace_lane(f64x2.splat(absolute), 1, relative);
  const done = proved(m, n, limits, k, steps, size, left);
  const done0 = i64x2.extract_lane(done, 0);
  const done1 = i64x2.extract_lane(done, 1);
  store<i32>(out, judge(f64x2.extract_lane(total, 0), f64x2.extract_lane(steps, 0), done0, area, m * n));
  store<i32>(out, judge(f64x2.extract_lane(total, 1), f64x2.extract_lane(steps, 1), done1, area + 8, m * n), 4);
}

/**
 * Both bounds beside the tolerance: a mask of the lanes whose rank is the number of their steps, k the larger of them.
 * size: ||A||_F, left: ||R22||_F^2; limits: the absolute and the relative tolerance.
 */
// @ts-ignore: decorator
@inline
function proved(m: i32, n: i32, limits: v128, k: i32, steps: v128, size: v128, left: v128): v128 {
  const own = v128.shuffle<f64>(limits, limits, 0, 0);
  const relative = v128.shuffle<f64>(limits, limits, 1, 1);
  // "Slack": of QR, and of QR and the inverse.
  const unit = f64x2.mul(size, f64x2.splat(U));
  const slack = f64x2.mul(f64x2.sqrt(f64x2.add(steps, f64x2.splat(<f64>MORE_REFLECTORS))), unit);
  const twice = f64x2.mul(f64x2.sqrt(f64x2.add(f64x2.add(steps, steps), f64x2.splat(2 * MORE_REFLECTORS))), unit);
  const up = f64x2.add(f64x2.sqrt(left), slack);
  const below = f64x2.sub(f64x2.div(f64x2.splat(1), f64x2.sqrt(inverseSquare(k, steps))), twice);
  const full = f64x2.eq(steps, f64x2.splat(<f64>n));
  let low = f64x2.mul(size, f64x2.splat(1 / Math.sqrt(<f64>n)));
  if (!v128.all_true<i64>(full)) low = f64x2.pmax(low, sigmaFromBelow(k, m, n));
  low = f64x2.mul(low, f64x2.splat(1 - NORMS));
  const high = f64x2.mul(size, f64x2.splat(1 + NORMS));
  return v128.and(
    v128.or(full, f64x2.le(up, f64x2.pmax(own, f64x2.mul(low, relative)))),
    v128.or(
      f64x2.eq(steps, f64x2.splat(0)),
      f64x2.ge(below, f64x2.mul(f64x2.pmax(own, f64x2.mul(high, relative)), f64x2.splat(GUARD))),
    ),
  );
}

/** The rank of one lane. */
function judge(total: f64, steps: f64, done: i64, elements: usize, count: i32): i32 {
  if (total >= SAFE_MIN && total <= SAFE_MAX) return done ? <i32>steps : -1;
  if (total != 0) return -1;
  for (let i = 0; i < count; i++) if (load<f64>(at(elements, i)) != 0) return -1;
  return 0;
}

const one = memory.data(8, 8);

/** The open matrix, which is resident, alone: whether that decides its rank. */
export function bySmallPair(): bool {
  const m = source.m;
  const n = source.width;
  if (!fits(m, n)) return false;
  source.panel(0, m);
  const a = source.at;
  smallRanks(one, a, a, m, n, source.single, source.byRow, claim.absolute / source.scale, claim.relative);
  const rank = load<i32>(one);
  return rank >= 0 && claim.answer(rank, claim.tolerance(claim.high), claim.tolerance(claim.low), Method.Qr);
}
