// All singular values of a bidiagonal matrix: bisection where they stand together, zeros of a polynomial where one
// stands alone.
//
// Sturm's counts (sturm.ts) tell how many values an interval has. N_{2n} vanishes at the singular values: where an
// interval has one, inverse quadratic interpolation takes 6 to 8 counts, bisection 50 (Chandrupatla 1997), which is
// what every step falls back to: it cannot fail. Cost: about 30 n^2 multiply-adds.
import { alloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { STURM_ACCURACY, STURM_LEAST, STURM_STEPS, STURM_TASK } from '../base/params';
import { createMinors, evaluate, LOOK, Minors, Point, point, take } from './sturm';

// An interval is three points, its ends and the one that an end replaced last; then which end that was, the number of
// steps, and what its scale of f takes.
const HIGH: usize = 40;
const BEFORE: usize = 2 * HIGH;
const LATEST: usize = 3 * HIGH;
const STEPS: usize = LATEST + 4;
const GROWTH: usize = STEPS + 4;
const INVERSE: usize = GROWTH + 8;
const LEVEL: usize = INVERSE + 8;
const INTERVAL: usize = LEVEL + 8;

// @ts-ignore: decorator
@inline
function copyPoint(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  store<f64>(to, load<f64>(from, 32), 32);
}

/** How far an interval from x on may be narrowed. */
// @ts-ignore: decorator
@inline
function tolerance(x: f64): f64 {
  return max<f64>(f64.EPSILON * x, min<f64>(x / 256, STURM_ACCURACY));
}

/**
 * f of a point to the scale of an interval: N_{2n}, less what it grows by from x to the upper end where all values
 * below are much smaller, as x^2 for each of them: without that, what is interpolated is closer to a line.
 * log(1 + u) is taken as u - u^2 / 2 + u^3 / 3, 2^t to 1 in 500; with t at most +-200 products of some neither
 * overflow nor underflow.
 */
function scale(interval: usize, p: Point): void {
  const u = p.x * load<f64>(interval, INVERSE) - 1;
  const grown = load<f64>(interval, GROWTH) * u * (1 + u * (u * (1 / 3.0) - 0.5));
  const t = max<f64>(-200, min<f64>(200, <f64>(p.exponent - load<i64>(interval, LEVEL)) - grown));
  const whole = floor(t);
  const rest = t - whole;
  p.scaled = p.f * reinterpret<f64>(<u64>(<i64>whole + 1023) << 52) * (1 + rest * (rest + 2) * (1 / 3.0));
}

/** No point is known but the ends. */
function begin(interval: usize, n: i64): void {
  const low = point(interval);
  const high = point(interval + HIGH);
  store<i64>(interval, 0, LATEST); // and STEPS
  store<f64>(interval, 2 * Math.LOG2E * <f64>(n - low.above), GROWTH);
  store<f64>(interval, 1 / high.x, INVERSE);
  store<i64>(interval, high.exponent, LEVEL);
  scale(interval, low);
  scale(interval, high);
  copyPoint(interval + BEFORE, interval + HIGH);
}

/**
 * The next point to look at: by inverse quadratic interpolation where the last three points allow it (Chandrupatla
 * 1997), else by the secant, and so that a quarter goes; halfway where there are more values, or too many steps.
 */
function choose(interval: usize): f64 {
  const low = point(interval);
  const high = point(interval + HIGH);
  if (low.x < STURM_ACCURACY) return Math.sqrt(low.x * high.x);
  const half = 0.5 * (low.x + high.x);
  if (low.above - high.above > 1 || load<i32>(interval, STEPS) > STURM_STEPS) return half;
  const a = point(interval + load<i32>(interval, LATEST));
  const b = point(interval + HIGH - load<i32>(interval, LATEST));
  const c = point(interval + BEFORE);
  const ab = a.x - b.x;
  const cb = c.x - b.x;
  const ca = c.x - a.x;
  const fab = a.scaled - b.scaled;
  const fcb = c.scaled - b.scaled;
  const fca = c.scaled - a.scaled;
  // With s = ab / cb and t = fab / fcb: t^2 < s and (1 - t)^2 < 1 - s.
  const square = fcb * fcb * cb;
  let x: f64;
  if (fab * cb * (fab * cb) < ab * square && fca * cb * (fca * cb) < ca * square) {
    const more = ab * c.scaled * fca - ca * b.scaled * fab;
    x = a.x - a.scaled * more / (fab * fcb * fca);
  } else {
    x = a.x - max<f64>(0.25, min<f64>(1 - 0.25, a.scaled / fab)) * ab;
  }
  // Not so close to an end that the interval would stay as long.
  const margin = 0.5 * tolerance(low.x);
  x = max<f64>(low.x + margin, min<f64>(high.x - margin, x));
  return x > low.x && x < high.x ? x : half;
}

/**
 * A stack of intervals still to be narrowed, from `stack` to `top`; where the values go, divided by `scale`, of which
 * those of indices from .. to - 1 are asked for.
 */
@unmanaged
class Search {
  n: i64;
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

/** What all searches share: the matrix, the points of the first look, and what was found there. */
@unmanaged
class Look {
  minors: Minors;
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
    begin(interval, search.n);
    return;
  }
  scale(interval, point(found));
  copyPoint(interval + BEFORE, interval + end);
  copyPoint(interval + end, found);
  store<i32>(interval, <i32>end, LATEST);
  store<i32>(interval, load<i32>(interval, STEPS) + 1, STEPS);
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
  evaluate(points, look.minors);
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
        copyPoint(slot, search.top);
        copyPoint(slot + HIGH, search.top + HIGH);
        begin(slot, search.n);
      }
      const idle = load<i32>(slot, STEPS) < 0;
      store<f64>(points + (c << 3), idle ? look.bound : choose(slot));
      if (!idle) busy = true;
    }
    if (!busy) return;
    evaluate(points, look.minors);
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
  look.minors = createMinors(d, e, n, bound);
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
    search.n = n;
    search.from = from;
    search.to = to;
    search.values = out;
    stack += <usize>(point(at).above - point(end).above + 1) * INTERVAL;
    for (; at < end; at += HIGH) push(search, at, at + HIGH);
  }
  parallelFor(searchTask, parts, changetype<usize>(look));
  release(start);
}
