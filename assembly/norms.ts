// Lower bounds of sigma_1: ||A v|| for a unit v is one, whatever v is. The better v, the tighter the tolerance is
// known. Cost: two passes over the matrix an iteration.
import { alloc, mark, release } from './arena';
import { axpy, column, dot, scaleColumn } from './columns';
import { pack } from './pack';
import * as source from './source';
import { combine } from './vectors';

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

/** y = A v in one pass over the source, four rows at a time, y padded to a multiple of four; returns ||A v||. */
export function image(v: usize, y: usize): f64 {
  const start = mark();
  const n = source.n;
  const four = alloc(<u64>n << 5); // [n][4 rows]
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    for (let i = 0; i < count; i += 4) {
      const rows = source.rows + (<usize>i << 2);
      pack(four, n, source.at, source.columns, n, rows, min(4, count - i), source.single, source.scale);
      combine(y + (<usize>(first + i) << 3), four, v, n);
    }
  }
  release(start);
  return Math.sqrt(dot(y, y, source.m));
}
