// Lower bounds of sigma_1: ||A v|| for a unit v is one, whatever v is. The better v, the tighter the tolerance is
// known. Cost: two passes over the matrix an iteration.
import { alloc, mark, release } from '../base/arena';
import { madd44 } from '../blas/gemm';
import { combine } from '../blas/gemv';
import { axpy, dot, scaleColumn } from '../blas/level1';
import { column } from '../matrix/columns';
import { pack } from '../matrix/pack';
import * as source from '../matrix/source';

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

/** y = A v in one pass over the source, padded to a multiple of four rows; returns ||y||. */
export function applyToVector(v: usize, y: usize): f64 {
  const start = mark();
  const n = source.n;
  const four = alloc(<u64>n << 5);
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    for (let i = 0; i < count; i += 4) {
      packFour(four, i, count);
      combine(y + (<usize>(first + i) << 3), four, v, n);
    }
  }
  release(start);
  return Math.sqrt(dot(y, y, source.m));
}

/**
 * Y = A V in one pass over the source: micro-panels of four vectors, one every `step` of `bytes` bytes, as are those of
 * Y. Y is padded to a multiple of four rows.
 */
export function applyToPanels(V: usize, Y: usize, bytes: usize, step: usize): void {
  const start = mark();
  const n = source.n;
  const four = alloc(<u64>n << 5);
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    for (let i = 0; i < count; i += 4) {
      packFour(four, i, count);
      for (let b: usize = 0; b < bytes; b += step) {
        const y = Y + b + (<usize>(first + i) << 5);
        memory.fill(y, 0, 128);
        madd44(y, V + b, four, n);
      }
    }
  }
  release(start);
}

/** Rows i .. i + 4 of the source's panel of `count` rows, [n][4 rows], zero past the last. */
function packFour(out: usize, i: i32, count: i32): void {
  const rows = source.rows + (<usize>i << 2);
  const n = source.n;
  pack(out, n, source.at, source.columns, n, rows, min(4, count - i), source.single, source.scale);
}
