// Products with a matrix of few nonzeros (matrix/nonzeros.ts): A^T A, and A or A^T times micro-panels of four vectors.
// Cost: two flops for each pair of nonzeros in a row; eight for each nonzero and micro-panel.
import { calloc, mark, release } from '../base/arena';
import { CHAIN } from '../base/params';
import { columnOf, entries, Nonzeros } from '../matrix/nonzeros';
import * as source from '../matrix/source';
import { rowPanel, triangleBytes } from '../matrix/triangle';
import { addRow } from './trsm';

// @ts-ignore: decorator
@inline
function isLong(z: Nonzeros, j: i32): bool {
  return load<i32>(z.counts + (<usize>j << 2)) > CHAIN;
}

/** Rows from .. to of G += A^T A; elements of two long columns go to the triangle T. */
function addRows(G: usize, T: usize, z: Nonzeros, from: i32, to: i32): void {
  for (let k = from; k < to; k++) {
    const first = entries(z, k);
    const end = entries(z, k + 1);
    for (let a = first; a < end; a += 16) {
      const i = columnOf(a);
      const x = load<f64>(a);
      const panel = rowPanel(isLong(z, i) ? T : G, i >> 2);
      const own = panel + (<usize>(i & 3) << 3);
      for (let b = first; b <= a; b += 16) {
        const j = columnOf(b);
        const p = own + (<usize>j << 5);
        const sum = load<f64>(p) + x * load<f64>(b);
        store<f64>(p, sum);
        if (j >> 2 == i >> 2) store<f64>(panel + (<usize>i << 5) + (<usize>(j & 3) << 3), sum);
      }
    }
  }
}

/** G += T, T = 0, of the row panels that hold long columns. */
function flush(G: usize, T: usize, z: Nonzeros): void {
  const n = source.n;
  for (let i = 0; i < n; i++) {
    if (!isLong(z, i)) continue;
    const panel = i >> 2;
    const to = rowPanel(G, panel);
    const bytes = <usize>(panel + 1) << 7;
    for (let p = rowPanel(T, panel), o: usize = 0; o < bytes; o += 16) {
      v128.store(to + o, f64x2.add(v128.load(to + o), v128.load(p + o)));
      v128.store(p + o, f64x2.splat(0));
    }
    i |= 3;
  }
}

/** G = A^T A, packed lower triangle: products are summed in chains of CHAIN at most, as in syrk.ts. */
export function gramOfNonzeros(G: usize, z: Nonzeros): void {
  const start = mark();
  const m = source.m;
  const n = source.n;
  memory.fill(G, 0, <usize>triangleBytes(n));
  let long = false;
  for (let j = 0; j < n; j++) long = long || isLong(z, j);
  const T = long ? calloc(triangleBytes(n)) : 0;
  const step = long ? CHAIN : m;
  for (let from = 0; from < m; from += step) {
    addRows(G, T, z, from, min(m, from + step));
    if (long) flush(G, T, z);
  }
  release(start);
}

/** Y = A V for micro-panels, one every `step` of `bytes` bytes. */
export function multiplyNonzeros(z: Nonzeros, V: usize, Y: usize, bytes: usize, step: usize): void {
  for (let b: usize = 0; b < bytes; b += step) {
    let y = Y + b;
    for (let i = 0; i < source.m; i++, y += 32) {
      memory.fill(y, 0, 32);
      const end = entries(z, i + 1);
      for (let a = entries(z, i); a < end; a += 16) addRow(y, V + b + (<usize>columnOf(a) << 5), load<f64>(a));
    }
  }
}

/** X -= A^T Y, likewise. */
export function subtractNonzeros(z: Nonzeros, Y: usize, X: usize, bytes: usize, step: usize): void {
  for (let b: usize = 0; b < bytes; b += step) {
    let y = Y + b;
    for (let i = 0; i < source.m; i++, y += 32) {
      const end = entries(z, i + 1);
      for (let a = entries(z, i); a < end; a += 16) addRow(X + b + (<usize>columnOf(a) << 5), y, -load<f64>(a));
    }
  }
}
