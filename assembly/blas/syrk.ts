// Gram matrices as packed triangles (matrix/triangle.ts), tile by tile: of a matrix in column panels [n/4][s][4], or of
// A, read from the source panel by panel. Columns of zeros at either end of some rows take no part in what these add.
// Cost: s n^2 flops, a third of them where A is triangular.
import { alloc, calloc, mark, release } from '../base/arena';
import { parallelFor } from '../base/parallel';
import { BLOCK, CHAIN, COMPENSATED_CHAIN, GRAM_TASK } from '../base/params';
import { findNonzeros } from '../matrix/nonzeros';
import { packedBytes, packPanel } from '../matrix/pack';
import * as source from '../matrix/source';
import { panels, rowPanel, triangleBytes } from '../matrix/triangle';
import { madd44, madd412 } from './gemm';
import { axpy } from './level1';
import { gramOfNonzeros } from './sparse';

/**
 * Tiles of row panels i0 .. i1 and column panels j0 .. j1, on and below the diagonal, += a_i b_j^T over steps from ..
 * k, CHAIN at a time. Operand a_i is at a + (i - i0) aStep, operand b_j at b + j bStep, or in the rows of a packed
 * triangle b when bStep is 0.
 */
export function addProducts(
  L: usize, i0: i32, i1: i32, j0: i32, j1: i32, a: usize, aStep: usize, b: usize, bStep: usize, from: i32, k: i32,
): void {
  for (let j = j0; j < min(i1, j1); j += 3) {
    const b0 = bStep ? b + <usize>j * bStep : rowPanel(b, j);
    const b1 = b0 + (bStep ? bStep : <usize>(j + 1) << 7);
    const b2 = b1 + (bStep ? bStep : <usize>(j + 2) << 7);
    for (let i = max(i0, j); i < i1; i++) {
      const c = rowPanel(L, i) + (<usize>j << 7);
      const ai = a + <usize>(i - i0) * aStep;
      const count = min(i + 1, j1) - j;
      for (let p = from; p < k; p += CHAIN) {
        const o = <usize>p << 5;
        const some = min(CHAIN, k - p);
        if (count >= 3) {
          madd412(c, ai + o, b0 + o, b1 + o, b2 + o, some);
        } else {
          madd44(c, ai + o, b0 + o, some);
          if (count == 2) madd44(c + 128, ai + o, b1 + o, some);
        }
      }
    }
  }
}

/** Row panels i0 .. count, from column panel `first` on, of G = P^T P or G += P^T P. */
@unmanaged
class Gram {
  G: usize;
  first: i32;
  i0: i32;
  count: i32;
  P: usize;
  step: usize;
  s: i32;
  fresh: bool;
}

/** How many tasks have the block of column panels from j0 on. */
// @ts-ignore: decorator
@inline
function tasksOf(g: Gram, j0: i32): i32 {
  return (g.count - max(g.i0, j0) + GRAM_TASK - 1) / GRAM_TASK;
}

// A block of column panels stays in the L2 cache while row panels pass; tiles are met in the order of memory.
function gramTiles(record: usize, index: i32, _thread: i32): void {
  const g = changetype<Gram>(record);
  let j0 = g.first;
  for (let some = tasksOf(g, j0); index >= some; some = tasksOf(g, j0)) {
    index -= some;
    j0 += BLOCK;
  }
  const j1 = min(g.count, j0 + BLOCK);
  const from = max(g.i0, j0) + index * GRAM_TASK;
  for (let i = from; i < min(g.count, from + GRAM_TASK); i++) {
    if (g.fresh) memory.fill(rowPanel(g.G, i) + (<usize>j0 << 7), 0, <usize>(min(i + 1, j1) - j0) << 7);
    addProducts(g.G, i, i + 1, j0, j1, g.P + <usize>i * g.step, g.step, g.P, g.step, 0, g.s);
  }
}

/** Whether a column panel of s rows has nothing but (positive) zeros. */
function isZero(panel: usize, s: i32): bool {
  for (let o: usize = 0; o < <usize>s << 5; o += 16) if (v128.any_true(v128.load(panel + o))) return false;
  return true;
}

/** Row panels i0 .. of G += P^T P, or G = P^T P when fresh. */
export function gram(G: usize, i0: i32, n: i32, P: usize, ld: i32, s: i32, fresh: bool): void {
  const step = <usize>ld << 5;
  const count = panels(n);
  let first = 0;
  let end = count;
  while (end > 0 && isZero(P + <usize>(end - 1) * step, s)) end--;
  while (first < end && isZero(P + <usize>first * step, s)) first++;
  if (fresh && end - first < count) {
    memory.fill(rowPanel(G, i0), 0, rowPanel(G, count) - rowPanel(G, i0));
    fresh = false;
  }
  if (end <= i0) return;
  const start = mark();
  const g = changetype<Gram>(alloc(offsetof<Gram>()));
  g.G = G;
  g.first = first;
  g.i0 = max(i0, first);
  g.count = end;
  g.P = P;
  g.step = step;
  g.s = s;
  g.fresh = fresh;
  let tasks = 0;
  for (let j0 = first; j0 < end; j0 += BLOCK) tasks += tasksOf(g, j0);
  parallelFor(gramTiles, tasks, changetype<usize>(g));
  release(start);
}

/** G += T, what rounding leaves of each sum collected in C (Knuth's TwoSum). */
function addCompensated(G: usize, C: usize, T: usize, bytes: usize): void {
  for (let o: usize = 0; o < bytes; o += 16) {
    const a = v128.load(G + o);
    const b = v128.load(T + o);
    const s = f64x2.add(a, b);
    const t = f64x2.sub(s, a);
    const rest = f64x2.add(f64x2.sub(a, f64x2.sub(s, t)), f64x2.sub(b, t));
    v128.store(G + o, s);
    v128.store(C + o, f64x2.add(v128.load(C + o), rest));
  }
}

/** G = A^T A, packed lower triangle. */
export function gramOfSource(G: usize): void {
  const start = mark();
  const few = findNonzeros();
  if (few) gramOfNonzeros(G, few);
  else gramOfColumns(G, 0, source.columns, source.n);
  release(start);
}

/** Row panels i0 .. of the same, for the n columns of a table of byte offsets; a few hundred rows of A at a time. */
export function gramOfColumns(G: usize, i0: i32, columns: usize, n: i32): void {
  sumOfChunks(G, i0, columns, n, CHAIN, false);
}

/**
 * The same from row panel 0 on, a few rows at a time whose sums are added in twice the working precision: rounding does
 * not grow with the rows, be they all the same.
 */
export function compensatedGram(G: usize, columns: usize, n: i32): void {
  sumOfChunks(G, 0, columns, n, COMPENSATED_CHAIN, true);
}

function sumOfChunks(G: usize, i0: i32, columns: usize, n: i32, chunk: i32, compensated: bool): void {
  const start = mark();
  const ld = min(chunk, source.m);
  const P = alloc(packedBytes(ld, n));
  const bytes = <usize>triangleBytes(n);
  const T = compensated ? alloc(bytes) : G;
  const C: usize = compensated ? calloc(bytes) : 0;
  if (compensated) memory.fill(G, 0, bytes);
  let filled = 0;
  let fresh = true;
  for (let first = 0; first < source.m; ) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    first += count;
    for (let used = 0; used < count; ) {
      const take = min(count - used, ld - filled);
      packPanel(P + (<usize>filled << 5), ld, used, take, columns, n);
      used += take;
      filled += take;
      if (filled < ld && (used < count || first < source.m)) continue;
      gram(T, i0, n, P, ld, filled, fresh);
      if (compensated) addCompensated(G, C, T, bytes);
      fresh = compensated;
      filled = 0;
    }
  }
  if (compensated) axpy(G, C, 1, <i32>(bytes >> 3));
  release(start);
}
