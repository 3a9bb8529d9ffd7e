// One pass over A: the squared norm of each column, hence ||A||_F^2, and whether every element is finite.
// A sum that is neither finite nor within safe bounds asks for a second pass with a power-of-two scale.
// Cost: m n multiply-adds at memory speed.
import { alloc, calloc, mark, release } from '../base/arena';
import { parallelFor } from '../base/parallel';
import { SAFE_MAX, SAFE_MIN, SCAN_TASK } from '../base/params';
import { hsum, load1, load2, madd } from '../base/simd';
import * as source from './source';

/** Squared column norms of scale * A, after scan(). */
export let squares: usize = 0;
/** ||scale * A||_F^2; NaN when an element of A is not finite. */
export let total: f64 = 0;

function addRows<T>(from: usize, step: usize, count: i32, squares: usize, width: i32, s: f64): void {
  const ss = f64x2.splat(s);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    let p = from + <usize>i * step;
    let q = squares;
    let j = 0;
    for (; j + 2 <= width; j += 2) {
      const a = f64x2.mul(load2<T>(p), ss);
      const b = f64x2.mul(load2<T>(p + step), ss);
      const c = f64x2.mul(load2<T>(p + 2 * step), ss);
      const d = f64x2.mul(load2<T>(p + 3 * step), ss);
      const x = madd(a, a, madd(b, b, v128.load(q)));
      v128.store(q, f64x2.add(x, madd(c, c, f64x2.mul(d, d))));
      p += 2 * sizeof<T>();
      q += 16;
    }
    if (j < width) {
      for (const end = p + 4 * step; p < end; p += step) {
        const a = load1<T>(p) * s;
        store<f64>(q, load<f64>(q) + a * a);
      }
    }
  }
  for (; i < count; i++) {
    let p = from + <usize>i * step;
    let q = squares;
    for (let j = 0; j < width; j++) {
      const a = load1<T>(p) * s;
      store<f64>(q, load<f64>(q) + a * a);
      p += sizeof<T>();
      q += 8;
    }
  }
}

function addColumns<T>(at: usize, columns: usize, count: i32, squares: usize, width: i32, s: f64): void {
  const ss = f64x2.splat(s);
  for (let j = 0; j < width; j++) {
    let p = at + <usize>load<u32>(columns + (<usize>j << 2));
    let x = f64x2.splat(0);
    let y = x;
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      const a = f64x2.mul(load2<T>(p), ss);
      const b = f64x2.mul(load2<T>(p + 2 * sizeof<T>()), ss);
      x = madd(a, a, x);
      y = madd(b, b, y);
      p += 4 * sizeof<T>();
    }
    let sum = hsum(f64x2.add(x, y));
    for (; i < count; i++) {
      const a = load1<T>(p) * s;
      sum += a * a;
      p += sizeof<T>();
    }
    const q = squares + (<usize>j << 3);
    store<f64>(q, load<f64>(q) + sum);
  }
}

/** A panel of `count` rows. */
@unmanaged
class Panel {
  at: usize;
  columns: usize;
  count: i32;
  width: i32;
  squares: usize;
  single: bool;
  byRow: bool;
  scale: f64;
}

function squaresTask(record: usize, index: i32, _thread: i32): void {
  const p = changetype<Panel>(record);
  const j = index * SCAN_TASK;
  const some = min(SCAN_TASK, p.width - j);
  const to = p.squares + (<usize>j << 3);
  const columns = p.columns + (<usize>j << 2);
  const single = p.single;
  if (p.byRow) {
    const step = <usize>p.width << (single ? 2 : 3);
    const from = p.at + (<usize>j << (single ? 2 : 3));
    if (single) addRows<f32>(from, step, p.count, to, some, p.scale);
    else addRows<f64>(from, step, p.count, to, some, p.scale);
  } else {
    if (single) addColumns<f32>(p.at, columns, p.count, to, some, p.scale);
    else addColumns<f64>(p.at, columns, p.count, to, some, p.scale);
  }
}

function pass(): void {
  const start = mark();
  const n = source.width;
  memory.fill(squares, 0, <usize>n << 3);
  const p = changetype<Panel>(alloc(offsetof<Panel>()));
  p.columns = source.columns;
  p.width = n;
  p.squares = squares;
  p.single = source.single;
  p.byRow = source.byRow;
  p.scale = source.scale;
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    p.at = source.at;
    p.count = count;
    parallelFor(squaresTask, (n + SCAN_TASK - 1) / SCAN_TASK, changetype<usize>(p));
  }
  release(start);
  total = 0;
  for (let j = 0; j < n; j++) total += load<f64>(squares + (<usize>j << 3));
}

/** Whether sums of squares have neither overflowed nor lost what matters to underflow. */
function safe(): bool {
  return total >= SAFE_MIN && total <= SAFE_MAX;
}

/**
 * The largest |a_ij|, infinite or NaN when one is, of the columns whose square is in doubt: all of them, or those of
 * square 0 where sums are safe. Marks columns that hold a nonzero element too small to square. Few matrices come here.
 */
function largest(): f64 {
  const start = mark();
  const list = alloc(<u64>source.width << 2);
  let doubtful = 0;
  for (let j = 0; j < source.width; j++) {
    if (safe() && load<f64>(squares + (<usize>j << 3)) != 0) continue;
    store<i32>(list + (<usize>doubtful << 2), j);
    doubtful++;
  }
  let most: f64 = 0;
  for (let first = 0; doubtful && first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    for (let i = 0; i < count; i++) {
      const row = source.at + <usize>load<u32>(source.rows + (<usize>i << 2));
      for (let c = 0; c < doubtful; c++) {
        const j = load<i32>(list + (<usize>c << 2));
        const p = row + <usize>load<u32>(source.columns + (<usize>j << 2));
        const q = squares + (<usize>j << 3);
        const a = abs(source.element(p));
        if (a != 0 && load<f64>(q) == 0) store<f64>(q, f64.MIN_NORMAL_VALUE);
        most = max(most, a);
      }
    }
  }
  release(start);
  return most;
}

/** Moves the scale so that ||A||_F is about 1: no later step depends on the units, not even in its last bit. */
function normalise(): void {
  const exponent = (<i32>(reinterpret<u64>(total) >> 52) - 1023) >> 1;
  const s = reinterpret<f64>(<u64>(1023 - exponent) << 52);
  if (!(source.scale * s <= f64.MAX_VALUE)) return; // denormals: as near to 1 as a factor can bring them
  for (let j = 0; j < source.width; j++) {
    const p = squares + (<usize>j << 3);
    store<f64>(p, load<f64>(p) * s * s);
  }
  total *= s * s;
  source.setScale(source.scale * s);
}

/** ||A||_F^2 to a few ulps, however many elements there are: summed with compensation (Neumaier 1974). */
export function compensatedSquare(): f64 {
  let sum: f64 = 0;
  let lost: f64 = 0;
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    for (let i = 0; i < count; i++) {
      const row = source.at + <usize>load<u32>(source.rows + (<usize>i << 2));
      for (let j = 0; j < source.n; j++) {
        const p = row + <usize>load<u32>(source.columns + (<usize>j << 2));
        const x = source.element(p) * source.scale;
        const square = x * x;
        const next = sum + square;
        lost += sum >= square ? sum - next + square : square - next + sum;
        sum = next;
      }
    }
  }
  return sum + lost;
}

/** Scans A, chooses the scale, drops zero columns. Returns false when an element is not finite. */
export function scan(): bool {
  squares = calloc(<u64>source.width << 3);
  pass();
  if (!safe()) {
    const most = largest();
    if (!(most <= f64.MAX_VALUE)) {
      total = NaN;
      return false;
    }
    if (most == 0) {
      source.keep(squares);
      return true;
    }
    // 2^-exponent(most), kept normal: the largest element becomes about 1 (2^-51 for the tiniest denormals).
    const exponent = <i32>(reinterpret<u64>(most) >> 52) - 1023;
    const e = max(-1022, min(1022, -exponent));
    source.setScale(reinterpret<f64>(<u64>(e + 1023) << 52));
    pass();
  }
  normalise();
  largest();
  let zeros = 0;
  for (let j = 0; j < source.width; j++) zeros += <i32>(load<f64>(squares + (<usize>j << 3)) == 0);
  if (zeros) {
    source.keep(squares);
    for (let j = 0; j < source.n; j++) {
      store<f64>(squares + (<usize>j << 3), load<f64>(squares + (<usize>source.original(j) << 3)));
    }
  }
  return true;
}
