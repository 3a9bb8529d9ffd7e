// A packed for the tile kernel, and its Gram matrix, read from the source panel by panel; packed symmetric matrices.
import { alloc, mark, release } from '../base/arena';
import { gram, panels, rowPanel, triangleBytes } from '../factor/cholesky';
import { axpy, dot, scaleColumn } from '../matrix/columns';
import { pack } from '../matrix/pack';
import { CHAIN } from '../base/params';
import * as source from '../matrix/source';
import { spreadCombine } from './gemv';

/** Bytes of n columns of so many rows packed. */
export function packedBytes(rows: i32, n: i32): u64 {
  return (<u64>panels(n) * <u64>rows) << 5;
}

/** All rows of A into P, [n/4][m][4]. */
export function packSource(P: usize): void {
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    packPanel(P + (<usize>first << 5), source.m, 0, count, source.columns, source.n);
  }
}

function packPanel(to: usize, ld: i32, from: i32, count: i32, columns: usize, n: i32): void {
  const rows = source.rows + (<usize>from << 2);
  pack(to, ld, source.at, rows, count, columns, n, source.single, source.scale);
}

/** G = A^T A, packed lower triangle. */
export function gramOfSource(G: usize): void {
  gramOfColumns(G, 0, source.columns, source.n);
}

/** Row panels i0 .. of the same, for the n columns of a table of byte offsets; a few hundred rows of A at a time. */
export function gramOfColumns(G: usize, i0: i32, columns: usize, n: i32): void {
  const start = mark();
  const ld = min(CHAIN, source.m);
  const P = alloc(packedBytes(ld, n));
  let filled = 0;
  let fresh = true;
  for (let first = 0; first < source.m; ) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    for (let used = 0; used < count; ) {
      const take = min(count - used, ld - filled);
      packPanel(P + (<usize>filled << 5), ld, used, take, columns, n);
      used += take;
      filled += take;
      if (filled == ld) {
        gram(G, i0, n, P, ld, filled, fresh);
        fresh = false;
        filled = 0;
      }
    }
    first += count;
  }
  if (filled || fresh) gram(G, i0, n, P, ld, filled, fresh);
  release(start);
}

/** Copies a packed triangle, times +-1. */
export function copyTriangle(to: usize, from: usize, n: i32, sign: f64): void {
  const bytes = <usize>triangleBytes(n);
  const s = f64x2.splat(sign);
  for (let o: usize = 0; o < bytes; o += 16) v128.store(to + o, f64x2.mul(v128.load(from + o), s));
}

/** ||G||_F^2 of a packed symmetric matrix. */
export function squareSymmetric(G: usize, n: i32): f64 {
  let sum = 2 * dot(G, G, <i32>(triangleBytes(n) >> 3));
  for (let i = 0; i < panels(n); i++) {
    const tile = rowPanel(G, i) + (<usize>i << 7);
    sum -= dot(tile, tile, 16);
  }
  return sum;
}

/** y = G x for a packed symmetric G: each row panel serves twice. x and y are padded to whole panels. */
export function multiply(y: usize, G: usize, n: i32, x: usize): void {
  const count = panels(n);
  const sum = alloc(32);
  memory.fill(y, 0, <usize>count << 5);
  for (let i = 0; i < count; i++) {
    const panel = rowPanel(G, i);
    const own = x + (<usize>i << 5);
    spreadCombine(y, panel, own, sum, x, i << 2);
    for (let k: usize = 0; k < 4; k++) {
      for (let r: usize = 0; r < 4; r++) {
        const v = load<f64>(panel + (<usize>i << 7) + (k << 5) + (r << 3));
        store<f64>(sum + (r << 3), load<f64>(sum + (r << 3)) + v * load<f64>(own + (k << 3)));
      }
    }
    axpy(y + (<usize>i << 5), sum, -1, 4);
  }
  scaleColumn(y, -1, count << 2);
}
