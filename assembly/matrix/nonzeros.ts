// The nonzero elements of A, row by row, where they are few: one-hot tables, graphs, sparse matrices.
// Layout: compressed sparse rows; an entry is its element (f64) and its column (i32), 16 bytes, columns ascending.
// Cost: a look at a few rows; where these have few, a pass over A.
import { alloc, calloc, mark, release } from '../base/arena';
import { NONZERO_ROWS, NONZERO_SHARE } from '../base/params';
import * as source from './source';

/** It lives above its maker's mark. */
@unmanaged
export class Nonzeros {
  /** Row i has the entries from i to i + 1 of these addresses (u32). */
  rows: usize;
  /** How many each column has (i32). */
  counts: usize;
}

/** Address of the first entry of row i; that of row m is the end. */
// @ts-ignore: decorator
@inline
export function entries(z: Nonzeros, i: i32): usize {
  return <usize>load<u32>(z.rows + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function columnOf(entry: usize): i32 {
  return load<i32>(entry, 8);
}

/** Whether a few rows have no more than a share of nonzeros. */
function lookFew(): bool {
  const start = mark();
  const n = source.n;
  const s = min(NONZERO_ROWS, source.m);
  const list = alloc(<u64>s << 2);
  for (let i = 0; i < s; i++) store<i32>(list + (<usize>i << 2), <i32>(<u64>(2 * i + 1) * source.m / (2 * s)));
  const rows = source.select(list, s);
  const columns = source.selectedColumns(s);
  let left = s * n / NONZERO_SHARE;
  for (let i = 0; i < s && left >= 0; i++) {
    const row = source.at + <usize>load<u32>(rows + (<usize>i << 2));
    for (let j = 0; j < n && left >= 0; j++) {
      left -= <i32>(source.element(row + <usize>load<u32>(columns + (<usize>j << 2))) != 0);
    }
  }
  release(start);
  return left >= 0;
}

/** Takes nonzero elements in, row by row, and counts those of each column. */
@unmanaged
class Collector {
  z: Nonzeros;
  /** Where the next entry goes. */
  entry: usize;
  scale: f64;
}

// @ts-ignore: decorator
@inline
function collect(c: Collector, x: f64, j: i32): void {
  if (x == 0) return;
  store<f64>(c.entry, x * c.scale);
  store<i32>(c.entry, j, 8);
  c.entry += 16;
  const count = c.z.counts + (<usize>j << 2);
  store<i32>(count, load<i32>(count) + 1);
}

/** A row whose elements stand one behind the other: the columns left out are zero. */
function collectRow<T>(c: Collector, row: usize, width: i32, places: usize): void {
  const each = 32 / <i32>sizeof<T>();
  for (let j = 0; j < width; j += each) {
    const p = row + <usize>j * sizeof<T>();
    const end = min(width, j + each);
    if (end - j == each && !v128.any_true(v128.or(v128.load(p), v128.load(p, 16)))) continue;
    for (let k = j; k < end; k++) {
      collect(c, <f64>load<T>(row + <usize>k * sizeof<T>()), load<i32>(places + (<usize>k << 2)));
    }
  }
}

/** Places of the caller's columns among those kept. */
function placesOfColumns(): usize {
  const places = calloc(<u64>source.width << 2);
  for (let j = 0; j < source.n; j++) store<i32>(places + (<usize>source.original(j) << 2), j);
  return places;
}

/** The nonzeros of A, or null where they are not few. */
export function findNonzeros(): Nonzeros {
  const none = changetype<Nonzeros>(0);
  if (source.n < NONZERO_SHARE || !lookFew()) return none;
  const start = mark();
  const m = source.m;
  const n = source.n;
  const z = changetype<Nonzeros>(alloc(offsetof<Nonzeros>()));
  z.rows = alloc(<u64>(m + 1) << 2);
  z.counts = calloc(<u64>n << 2);
  const c = changetype<Collector>(alloc(offsetof<Collector>()));
  c.z = z;
  c.scale = source.scale;
  const places = source.byRow ? placesOfColumns() : 0;
  const from = mark();
  const most = <u64>m * n / NONZERO_SHARE;
  const last = <u64>from + ((most + n) << 4);
  c.entry = from;
  for (let first = 0; first < m; first += source.panelRows) {
    const count = min(source.panelRows, m - first);
    source.panel(first, count);
    // Room for all elements of the panel, right behind the entries so far.
    const end = min(<u64>c.entry + (<u64>count * n << 4), last);
    if (end > mark()) alloc(end - mark());
    for (let i = 0; i < count; i++) {
      const row = source.at + <usize>load<u32>(source.rows + (<usize>i << 2));
      store<u32>(z.rows + (<usize>(first + i) << 2), <u32>c.entry);
      if (!source.byRow) {
        for (let j = 0; j < n; j++) {
          collect(c, source.element(row + <usize>load<u32>(source.columns + (<usize>j << 2))), j);
        }
      } else if (source.single) {
        collectRow<f32>(c, row, source.width, places);
      } else {
        collectRow<f64>(c, row, source.width, places);
      }
      if (<u64>(c.entry - from) > most << 4) {
        release(start);
        return none;
      }
    }
  }
  store<u32>(z.rows + (<usize>m << 2), <u32>c.entry);
  release((c.entry + 63) & ~63); // what they left of it
  return z;
}
