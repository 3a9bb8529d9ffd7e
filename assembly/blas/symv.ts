// Packed symmetric matrices as they stand: the norm, and a product with a vector.
// Cost: one pass over the triangle, 2 n^2 flops.
import { alloc } from '../base/arena';
import { panels, rowPanel, triangleBytes } from '../matrix/triangle';
import { spreadCombine } from './gemv';
import { axpy, dot, scaleColumn } from './level1';

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
