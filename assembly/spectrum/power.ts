// Lower bounds of sigma_1: ||A v|| for a unit v is one, whatever v is. The better v, the tighter the tolerance is
// known. Cost: two passes over the matrix an iteration.
import { alloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { PRODUCT_COLUMNS_TASK, PRODUCT_GROUPS_TASK, PRODUCT_ROWS_TASK } from '../base/params';
import { madd44 } from '../blas/gemm';
import { combine, subtract } from '../blas/gemv';
import { axpy, dot, scaleColumn } from '../blas/level1';
import { column } from '../matrix/columns';
import { Indexed, indexedSource, packHere } from '../matrix/pack';
import * as source from '../matrix/source';

@unmanaged
class Columns {
  W: usize;
  ld: i32;
  m: i32;
  n: i32;
  v: usize;
  y: usize;
}

/** y = W v for some rows. */
function rowsTask(record: usize, index: i32, _thread: i32): void {
  const c = changetype<Columns>(record);
  const from = index * PRODUCT_ROWS_TASK;
  const count = min(PRODUCT_ROWS_TASK, c.m - from);
  const y = c.y + (<usize>from << 3);
  const W = c.W + (<usize>from << 3);
  memory.fill(y, 0, <usize>count << 3);
  for (let j = 0; j < c.n; j++) axpy(y, column(W, c.ld, j), load<f64>(c.v + (<usize>j << 3)), count);
}

/** v = W^T y for some columns. */
function columnsTask(record: usize, index: i32, _thread: i32): void {
  const c = changetype<Columns>(record);
  const from = index * PRODUCT_COLUMNS_TASK;
  for (let j = from; j < min(c.n, from + PRODUCT_COLUMNS_TASK); j++) {
    store<f64>(c.v + (<usize>j << 3), dot(column(c.W, c.ld, j), c.y, c.m));
  }
}

/** Power iteration on W^T W. v (n) becomes the unit vector reached; returns ||W v||. */
export function power(W: usize, ld: i32, m: i32, n: i32, v: usize, iterations: i32): f64 {
  const start = mark();
  const c = changetype<Columns>(alloc(offsetof<Columns>()));
  const y = alloc(<u64>m << 3);
  c.W = W;
  c.ld = ld;
  c.m = m;
  c.n = n;
  c.v = v;
  c.y = y;
  // Both signs, and no pattern that a matrix is likely to have.
  for (let j = 0; j < n; j++) store<f64>(v + (<usize>j << 3), 1 + 0.5 * <f64>(j % 7) - (j & 1 ? 3.5 : 0));
  let size: f64 = 0;
  for (let it = 0; ; it++) {
    const length = Math.sqrt(dot(v, v, n));
    if (!(length > 0)) break;
    scaleColumn(v, 1 / length, n);
    parallelFor(rowsTask, (m + PRODUCT_ROWS_TASK - 1) / PRODUCT_ROWS_TASK, changetype<usize>(c));
    size = Math.sqrt(dot(y, y, m));
    if (it == iterations) break;
    parallelFor(columnsTask, (n + PRODUCT_COLUMNS_TASK - 1) / PRODUCT_COLUMNS_TASK, changetype<usize>(c));
  }
  release(start);
  return size;
}

/** A product with a panel of the source, of `count` rows from `first` on. */
@unmanaged
class Pass {
  first: i32;
  count: i32;
  n: i32;
  /** The panel, transposed. */
  A: Indexed;
  /** [n][4] for each thread. */
  four: usize;
  V: usize;
  Y: usize;
  /** Of all micro-panels, 0 for a vector, and from one to the next. */
  bytes: usize;
  step: usize;
}

function groupsTask(record: usize, index: i32, thread: i32): void {
  const p = changetype<Pass>(record);
  const n = p.n;
  const four = p.four + (<usize>thread * <usize>n << 5);
  const from = index * (PRODUCT_GROUPS_TASK << 2);
  for (let i = from; i < min(p.count, from + (PRODUCT_GROUPS_TASK << 2)); i += 4) {
    packHere(four, n, p.A, 0, n, i, min(4, p.count - i));
    if (!p.bytes) combine(p.Y + (<usize>(p.first + i) << 3), four, p.V, n);
    for (let b: usize = 0; b < p.bytes; b += p.step) {
      const y = p.Y + b + (<usize>(p.first + i) << 5);
      memory.fill(y, 0, 128);
      madd44(y, p.V + b, four, n);
    }
  }
}

function pass(V: usize, Y: usize, bytes: usize, step: usize): void {
  const start = mark();
  const p = changetype<Pass>(alloc(offsetof<Pass>()));
  p.n = source.n;
  p.four = alloc(<u64>threads * p.n << 5);
  p.V = V;
  p.Y = Y;
  p.bytes = bytes;
  p.step = step;
  for (p.first = 0; p.first < source.m; p.first += source.panelRows) {
    p.count = min(source.panelRows, source.m - p.first);
    source.panel(p.first, p.count);
    p.A = indexedSource(source.columns, source.rows, 1);
    const rows = PRODUCT_GROUPS_TASK << 2;
    parallelFor(groupsTask, (p.count + rows - 1) / rows, changetype<usize>(p));
  }
  release(start);
}

/** y = A v in one pass over the source, padded to a multiple of four rows; returns ||y||. */
export function applyToVector(v: usize, y: usize): f64 {
  pass(v, y, 0, 0);
  return Math.sqrt(dot(y, y, source.m));
}

/**
 * Y = A V in one pass over the source: micro-panels of four vectors, one every `step` of `bytes` bytes, as are those of
 * Y. Y is padded to a multiple of four rows.
 */
export function applyToPanels(V: usize, Y: usize, bytes: usize, step: usize): void {
  pass(V, Y, bytes, step);
}

/** X -= A^T Y, panels likewise. */
export function subtractTransposed(Y: usize, X: usize, bytes: usize, step: usize): void {
  const start = mark();
  const n = source.n;
  const four = alloc(<u64>n << 5);
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    const A = indexedSource(source.columns, source.rows, 1);
    for (let i = 0; i < count; i += 4) {
      packHere(four, n, A, 0, n, i, min(4, count - i));
      for (let b: usize = 0; b < bytes; b += step) subtract(X + b, four, Y + b + (<usize>(first + i) << 5), n);
    }
  }
  release(start);
}
