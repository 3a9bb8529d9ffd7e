// All singular values of a bidiagonal matrix B: bisection where they stand together,
// zeros of a polynomial where one stands alone.
//
// The leading minors of x I - [0 B; B^T 0], rows and columns taken in turns (Golub & Kahan 1965), are N_0 = 1, N_1 = x,
// N_{k+1} = x N_k - o_k^2 N_{k-1}, where o = d_1, e_1, d_2, ... As N_{2i} = det(x^2 I - B_i^T B_i), its sign changes
// with i as often as singular values are above x (Sturm). Scaled, with a = +-N_{2i} / s_i, b = +-N_{2i+1} / (x r_i),
//
//     a <- a - x^2 beta_i b,   b <- b + alpha_i a,   beta_i = 1 / (alpha_{i-1} d_i^2),   alpha_i = 1 / (beta_i e_i^2),
//
// where now a changes its sign as often as values are below x. No division is needed, and rounding acts as a few u of
// each element of B (Wilkinson 1965, chapter 5, 37). N_{2n} vanishes at the singular values: in an interval with one of
// them inverse quadratic interpolation takes 6 to 10 counts, where bisection takes 50 (Chandrupatla 1997).
// Bisection is what every step falls back to: it cannot fail. Six points at a time: eight need more registers than
// there are. Cost: about 30 n^2 multiply-adds.
import { alloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { GROUP_LEAST, STURM_ACCURACY, STURM_LEAST, STURM_ROWS, STURM_STEPS, STURM_TASK } from '../base/params';
import { madd } from '../base/simd';

/** N_{2n}(x) = f 2^exponent, the exponent with the same bias for all x, and how many values are above x. */
@unmanaged
class Point {
  x: f64 = 0;
  f: f64 = 0;
  exponent: i64 = 0;
  above: i64 = 0;
}

// An interval is three points, its ends and the one that an end replaced last,
// then which end that was and the number of steps.
const HIGH: usize = 32;
const BEFORE: usize = 64;
const LATEST: usize = 96;
const STEPS: usize = 100;
const INTERVAL: usize = 128;

// Points are looked at six at a time: rows of their x, f, exponents and counts.
const SIX: usize = 48;
const LOOK: usize = 4 * SIX;

// @ts-ignore: decorator
@inline
function point(at: usize): Point {
  return changetype<Point>(at);
}

/** c - 1 in each lane where the signs of a and b differ. */
// @ts-ignore: decorator
@inline
function lessChanges(c: v128, a: v128, b: v128): v128 {
  return i64x2.add(c, i64x2.gt_s(i64x2.splat(0), v128.xor(a, b)));
}

/**
 * 1 / p, p being the larger of |a| and |b| rounded down to a power of two, whose (biased) exponent is added to a sum.
 */
// @ts-ignore: decorator
@inline
function carried(sum: usize, a: v128, b: v128): v128 {
  const p = v128.and(f64x2.max(f64x2.abs(a), f64x2.abs(b)), i64x2.splat(0x7ff0000000000000));
  v128.store(sum, i64x2.add(v128.load(sum), i64x2.shr_u(p, 52)));
  return i64x2.sub(i64x2.splat(0x7fe0000000000000), p);
}

// @ts-ignore: decorator
@inline
function storeSix(to: usize, a: v128, b: v128, c: v128): void {
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
}

/**
 * f, exponents and counts (i64) of six points x. w holds beta and alpha of each row, in groups, whose ends are listed
 * with the ratio of the scales there: a and b then get the same scale, which keeps them near 1.
 */
function evaluate(points: usize, w: usize, end: usize, groups: usize): void {
  let t = v128.load(points);
  const x0 = f64x2.neg(f64x2.mul(t, t));
  t = v128.load(points, 16);
  const x1 = f64x2.neg(f64x2.mul(t, t));
  t = v128.load(points, 32);
  const x2 = f64x2.neg(f64x2.mul(t, t));
  let a0 = f64x2.splat(1);
  let a1 = a0;
  let a2 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let c0 = i64x2.splat(0);
  storeSix(points + 2 * SIX, c0, c0, c0);
  c0 = i64x2.splat(<i64>(end - w) >> 4);
  let c1 = c0;
  let c2 = c0;
  while (w < end) {
    for (const group = <usize>load<u32>(groups); w < group; w += 16) {
      t = madd(f64x2.mul(x0, v128.load64_splat(w)), b0, a0);
      c0 = lessChanges(c0, a0, t);
      b0 = madd(t, v128.load64_splat(w, 8), b0);
      a0 = t;
      t = madd(f64x2.mul(x1, v128.load64_splat(w)), b1, a1);
      c1 = lessChanges(c1, a1, t);
      b1 = madd(t, v128.load64_splat(w, 8), b1);
      a1 = t;
      t = madd(f64x2.mul(x2, v128.load64_splat(w)), b2, a2);
      c2 = lessChanges(c2, a2, t);
      b2 = madd(t, v128.load64_splat(w, 8), b2);
      a2 = t;
    }
    const ratio = v128.load64_splat(groups, 8);
    groups += 16;
    b0 = f64x2.mul(b0, ratio);
    t = carried(points + 2 * SIX, a0, b0);
    a0 = f64x2.mul(a0, t);
    b0 = f64x2.mul(b0, t);
    b1 = f64x2.mul(b1, ratio);
    t = carried(points + 2 * SIX + 16, a1, b1);
    a1 = f64x2.mul(a1, t);
    b1 = f64x2.mul(b1, t);
    b2 = f64x2.mul(b2, ratio);
    t = carried(points + 2 * SIX + 32, a2, b2);
    a2 = f64x2.mul(a2, t);
    b2 = f64x2.mul(b2, t);
  }
  storeSix(points + SIX, a0, a1, a2);
  storeSix(points + 3 * SIX, c0, c1, c2);
}

// @ts-ignore: decorator
@inline
function copyPoint(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

/** How far an interval from x on may be narrowed. */
// @ts-ignore: decorator
@inline
function tolerance(x: f64): f64 {
  return max<f64>(f64.EPSILON * x, min<f64>(x / 256, STURM_ACCURACY));
}

/** f of a point relative to 2^exponent. */
// @ts-ignore: decorator
@inline
function relative(p: Point, exponent: i64): f64 {
  const shift = max<i64>(p.exponent - exponent, -1000);
  return p.f * reinterpret<f64>(<u64>(shift + 1023) << 52);
}

/**
 * The next point to look at: by inverse quadratic interpolation where the last three points allow
 * it (Chandrupatla 1997), else halfway.
 */
function choose(interval: usize): f64 {
  const low = point(interval);
  const high = point(interval + HIGH);
  if (low.x < STURM_ACCURACY) return Math.sqrt(low.x * high.x);
  const half = 0.5 * (low.x + high.x);
  const steps = load<i32>(interval, STEPS);
  if (steps == 0 || steps > STURM_STEPS || low.above - high.above > 1) return half;
  const a = point(interval + load<i32>(interval, LATEST));
  const b = point(interval + HIGH - load<i32>(interval, LATEST));
  const c = point(interval + BEFORE);
  const exponent = max<i64>(max<i64>(a.exponent, b.exponent), c.exponent);
  const fa = relative(a, exponent);
  const fb = relative(b, exponent);
  const fc = relative(c, exponent);
  const across = (a.x - b.x) / (c.x - b.x);
  const along = (fa - fb) / (fc - fb);
  if (!(along * along < across && (1 - along) * (1 - along) < 1 - across)) return half;
  const t = fa / (fb - fa) * (fc / (fb - fc)) + (c.x - a.x) / (b.x - a.x) * (fa / (fc - fa)) * (fb / (fc - fb));
  // Not so close to an end that the interval would stay as long.
  const margin = 0.5 * tolerance(low.x);
  const x = max<f64>(low.x + margin, min<f64>(high.x - margin, a.x + t * (b.x - a.x)));
  return x > low.x && x < high.x ? x : half;
}

/**
 * A stack of intervals still to be narrowed, from `stack` to `top`; where the values go, divided by `scale`, of which
 * those of indices from .. to - 1 are asked for.
 */
@unmanaged
class Search {
  from: i64;
  to: i64;
  stack: usize;
  top: usize;
  values: usize;
}

/** A search; behind it its points, the one that was found, and six intervals. */
const POINTS: usize = 64;
const FOUND: usize = POINTS + LOOK;
const SLOTS: usize = FOUND + HIGH;
const SEARCH: usize = SLOTS + 6 * INTERVAL;

/**
 * What all searches share: -o_k^2 from `w` to `end` and where groups of them end, the points of the first look, and
 * what was found there.
 */
@unmanaged
class Look {
  w: usize;
  end: usize;
  groups: usize;
  bound: f64;
  passes: i32;
  points: usize;
  first: usize;
  searches: usize;
}

/** Whether the interval is narrow enough: then its values are written; or none of them is asked for. */
function settled(search: Search, interval: usize): bool {
  const low = point(interval);
  const high = point(interval + HIGH);
  if (low.above <= search.from || high.above >= search.to) return true;
  if (high.x - low.x > tolerance(low.x) && low.above > high.above) return false;
  const x = 0.5 * (low.x + high.x);
  for (let k = <usize>high.above; k < <usize>low.above; k++) store<f64>(search.values + (k << 3), x);
  return true;
}

/** Pushes the interval between two points. */
function push(search: Search, low: usize, high: usize): void {
  const top = search.top;
  copyPoint(top, low);
  copyPoint(top + HIGH, high);
  store<i32>(top, 0, STEPS);
  if (!settled(search, top)) search.top += INTERVAL;
}

/**
 * Narrows an interval by a point between its ends; where values lie on both sides, the part below goes to the stack.
 */
function narrow(search: Search, interval: usize, found: usize): void {
  const low = point(interval);
  const high = point(interval + HIGH);
  // Rounding may count out of order by a few u.
  const above = max<i64>(high.above, min<i64>(low.above, point(found).above));
  point(found).above = above;
  let end: usize = 0;
  if (above == high.above) end = HIGH;
  else if (above != low.above) {
    push(search, interval, found);
    copyPoint(interval, found);
    store<i32>(interval, 0, STEPS);
    return;
  }
  copyPoint(interval + BEFORE, interval + end);
  copyPoint(interval + end, found);
  store<i32>(interval, <i32>end, LATEST);
  store<i32>(interval, load<i32>(interval, STEPS) + 1, STEPS);
}

/** Takes point c of six out. */
function take(points: usize, c: usize, to: usize): void {
  const p = point(to);
  const at = points + (c << 3);
  p.x = load<f64>(at);
  p.f = load<f64>(at, SIX);
  p.exponent = load<i64>(at, 2 * SIX);
  p.above = load<i64>(at, 3 * SIX);
}

/**
 * beta and alpha of each row of the n x n matrix B whose d^2 and e^2 are given, none of them zero, in groups of rows,
 * each with scales that begin with 1. Of p = N_{2i} and q = N_{2i+1} / x the larger becomes at most 48 times larger
 * in a row, as x < 4, and at most 48 / (d^2 e^2) times smaller. Within a group that is less than 2^358 and 2^506,
 * and scales are between 2^-506 and 2^256: neither a, b nor the coefficients leave 2^+-960.
 */
function coefficients(look: Look, d: usize, e: usize, n: i32): void {
  let w = alloc(<u64>n << 4);
  let groups = alloc(<u64>n << 4);
  look.w = w;
  look.groups = groups;
  let shrunk: f64 = 1;
  let ratio: f64 = 1;
  let rows = 0;
  for (const last = d + (<usize>n << 3); d < last; d += 8, e += 8, w += 16, rows++) {
    const o = max<f64>(load<f64>(d), STURM_LEAST * STURM_LEAST);
    const p = max<f64>(load<f64>(e), STURM_LEAST * STURM_LEAST);
    const step = min<f64>(o * p / 48, 1);
    shrunk *= step;
    if (rows == STURM_ROWS || shrunk < GROUP_LEAST) {
      store<u32>(groups, <u32>w);
      store<f64>(groups, ratio, 8);
      groups += 16;
      rows = 0;
      shrunk = step;
      ratio = 1;
    }
    const beta = ratio / o;
    ratio = beta * p;
    store<f64>(w, beta);
    store<f64>(w, 1 / ratio, 8);
  }
  store<u32>(groups, <u32>w);
  store<f64>(groups, ratio, 8);
  look.end = w;
}

/** Six points of the first look. */
function lookTask(record: usize, index: i32, _thread: i32): void {
  const look = changetype<Look>(record);
  const points = look.points + <usize>index * LOOK;
  const sections = <f64>(look.passes * 6 - 1);
  for (let c = 0; c < 6; c++) {
    const x = look.bound * <f64>(index * 6 + c) / sections;
    store<f64>(points + (<usize>c << 3), max<f64>(x, STURM_LEAST));
  }
  evaluate(points, look.w, look.end, look.groups);
  const first = look.first + <usize>(index * 6) * HIGH;
  for (let c = 0; c < 6; c++) take(points, c, first + <usize>c * HIGH);
}

/** Narrows all intervals of a search, six at a time. No value depends on which six are together. */
function searchTask(record: usize, index: i32, _thread: i32): void {
  const look = changetype<Look>(record);
  const search = changetype<Search>(look.searches + <usize>index * SEARCH);
  const points = changetype<usize>(search) + POINTS;
  const found = changetype<usize>(search) + FOUND;
  const slots = changetype<usize>(search) + SLOTS;
  for (let c: usize = 0; c < 6; c++) store<i32>(slots + c * INTERVAL, -1, STEPS);
  for (;;) {
    let busy = false;
    for (let c: usize = 0; c < 6; c++) {
      const slot = slots + c * INTERVAL;
      if (load<i32>(slot, STEPS) < 0 && search.top > search.stack) {
        search.top -= INTERVAL;
        for (let o: usize = 0; o < INTERVAL; o += HIGH) copyPoint(slot + o, search.top + o);
      }
      const idle = load<i32>(slot, STEPS) < 0;
      store<f64>(points + (c << 3), idle ? look.bound : choose(slot));
      if (!idle) busy = true;
    }
    if (!busy) return;
    evaluate(points, look.w, look.end, look.groups);
    for (let c: usize = 0; c < 6; c++) {
      const slot = slots + c * INTERVAL;
      if (load<i32>(slot, STEPS) < 0) continue;
      take(points, c, found);
      narrow(search, slot, found);
      if (settled(search, slot)) store<i32>(slot, -1, STEPS);
    }
  }
}

/**
 * The singular values of indices from .. to - 1 of B, n x n, into their places of out, descending; what stands in the
 * others is undefined. d and e: n squares each of a B with 1 <= `bound` < 4, which no singular value exceeds.
 */
export function sturmValues(d: usize, e: usize, n: i32, bound: f64, from: i32, to: i32, out: usize): void {
  const start = mark();
  const look = changetype<Look>(alloc(offsetof<Look>()));
  coefficients(look, d, e, n);
  look.bound = bound;
  // A first look at 6, 12, 18 ... points, from the least to the largest.
  const passes = (to - from + 12) / 24 || 1;
  look.passes = passes;
  look.points = alloc(<u64>passes * LOOK);
  look.first = alloc(<u64>(passes * 6) * HIGH);
  const parts = threads == 1 ? 1 : (passes + STURM_TASK - 1) / STURM_TASK;
  look.searches = alloc(<u64>parts * SEARCH);
  parallelFor(lookTask, passes, changetype<usize>(look));

  // Nor may the first counts be out of order.
  let at = look.first;
  const last = at + <usize>(passes * 6 - 1) * HIGH;
  point(last).above = 0;
  memory.fill(out, 0, <usize>n << 3);
  point(at).above = min<i64>(point(at).above, n);
  for (let p = at; p < last; p += HIGH) point(p + HIGH).above = min<i64>(point(p + HIGH).above, point(p).above);
  // No search has more intervals at a time than values.
  let stack = alloc(<u64>(n + parts) * INTERVAL);
  for (let k = 0; k < parts; k++) {
    const search = changetype<Search>(look.searches + <usize>k * SEARCH);
    const end = parts == 1 ? last : min(last, at + <usize>STURM_TASK * 6 * HIGH);
    search.stack = search.top = stack;
    search.from = from;
    search.to = to;
    search.values = out;
    stack += <usize>(point(at).above - point(end).above + 1) * INTERVAL;
    for (; at < end; at += HIGH) push(search, at, at + HIGH);
  }
  parallelFor(searchTask, parts, changetype<usize>(look));
  release(start);
}
