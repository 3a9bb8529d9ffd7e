// Lower bounds of sigma_1: ||A v|| for a unit v is one, whatever v is. The better v, the tighter the tolerance is
// known. Cost: two passes over the matrix an iteration.
import { alloc, calloc, mark, release } from './arena';
import { axpy, column, dot, scaleColumn } from './columns';
import { load1 } from './simd';
import * as source from './source';

/** Power iteration on W^T W. v (n) becomes the unit vector reached; returns ||W v||. */
export function power(W: usize, ld: i32, m: i32, n: i32, v: usize, iterations: i32): f64 {
  const start = mark();
  const y = alloc(<u64>m << 3);
  for (let j = 0; j < n; j++) store<f64>(v + (<usize>j << 3), 1 + 0.5 * <f64>(j % 7) - (j & 1 ? 3.5 : 0));
  let size: f64 = 0;
  for (let it = 0; ; it++) {
    const length = Math.sqrt(dot(v, v, n));
    if (!(length > 0)) break;
    scaleColumn(v, 1 / length, n);
    memory.fill(y, 0, <usize>m << 3);
    for (let j = 0; j < n; j++) axpy(y, column(W, ld, j), load<f64>(v + (<usize>j << 3)), m);
    size = Math.sqrt(dot(y, y, m));
    if (it == iterations) break;
    for (let j = 0; j < n; j++) store<f64>(v + (<usize>j << 3), dot(column(W, ld, j), y, m));
  }
  release(start);
  return size;
}

function rowsTimes<T>(count: i32, v: usize): f64 {
  const n = source.n;
  const s = source.scale;
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const row = source.at + <usize>load<u32>(source.rows + (<usize>i << 2));
    let x: f64 = 0;
    let y: f64 = 0;
    let j = 0;
    for (; j + 2 <= n; j += 2) {
      x += load1<T>(row + <usize>load<u32>(source.columns + (<usize>j << 2))) * load<f64>(v + (<usize>j << 3));
      y += load1<T>(row + <usize>load<u32>(source.columns + (<usize>j << 2), 4)) * load<f64>(v + (<usize>j << 3), 8);
    }
    if (j < n) x += load1<T>(row + <usize>load<u32>(source.columns + (<usize>j << 2))) * load<f64>(v + (<usize>j << 3));
    x = (x + y) * s;
    sum += x * x;
  }
  return sum;
}

function columnsTimes<T>(count: i32, v: usize, y: usize): f64 {
  memory.fill(y, 0, <usize>count << 3);
  for (let j = 0; j < source.n; j++) {
    const c = source.at + <usize>load<u32>(source.columns + (<usize>j << 2));
    const x = load<f64>(v + (<usize>j << 3)) * source.scale;
    for (let i = 0; i < count; i++) {
      const p = y + (<usize>i << 3);
      store<f64>(p, load<f64>(p) + x * load1<T>(c + <usize>i * sizeof<T>()));
    }
  }
  return dot(y, y, count);
}

/** ||A v|| in one pass over the source. */
export function imageNorm(v: usize): f64 {
  const start = mark();
  const y = calloc(<u64>source.panelRows << 3);
  let sum: f64 = 0;
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    if (source.byRow) sum += source.single ? rowsTimes<f32>(count, v) : rowsTimes<f64>(count, v);
    else sum += source.single ? columnsTimes<f32>(count, v, y) : columnsTimes<f64>(count, v, y);
  }
  release(start);
  return Math.sqrt(sum);
}
