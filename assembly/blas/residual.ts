// ||A + L R||_F^2 of a piece of A, without storing the difference:
// three tiles at a time are gathered, updated and summed.
//
// L is in row panels [k][4], R in column panels [k][4], both zero past their last row or column, R for two panels more:
// operands of the tile kernel.
// Cost: 2 k flops an element.
import { alloc, mark, release } from '../base/arena';
import { SHORT } from '../base/params';
import { hsum } from '../base/simd';
import { packHere } from '../matrix/pack';
import * as source from '../matrix/source';
import { madd412, square44 } from './gemm';

/** Products that are summed in one go: fewer where many would let rounding near a tolerance. */
export function chainOf(k: i32): i32 {
  return k > 4 * SHORT ? SHORT : k;
}

/**
 * For `count` rows of the current panel of the source and `width` columns, by tables of byte offsets. lStep, rStep:
 * steps from one panel of L or R to the next.
 */
export function residualSquare(
  rows: usize, count: i32, columns: usize, width: i32, L: usize, lStep: i32, R: usize, rStep: i32, k: i32,
): f64 {
  const start = mark();
  const tiles = alloc(384);
  const chain = chainOf(k);
  const step = <usize>rStep << 5;
  let sum = f64x2.splat(0);
  for (let q = 0; q < width; q += 12) {
    const b = R + <usize>(q >> 2) * step;
    const some = min(12, width - q);
    memory.fill(tiles, 0, 384); // past the last column they stay zero
    for (let i = 0; i < count; i += 4) {
      // A panel of 4 rows as [columns][4] is a row of tiles.
      const r = rows + (<usize>i << 2);
      const rowsLeft = min(4, count - i);
      packHere(tiles, 12, source.at, columns + (<usize>q << 2), some, r, rowsLeft, source.single, source.scale);
      const a = L + ((<usize>(i >> 2) * lStep) << 5);
      for (let p = 0; p < k; p += chain) {
        const o = <usize>p << 5;
        const steps = min(chain, k - p);
        madd412(tiles, a + o, b + o, b + o + step, b + o + 2 * step, steps);
      }
      for (let c: usize = 0; c < 384; c += 128) sum = f64x2.add(sum, square44(tiles + c));
    }
  }
  release(start);
  return hsum(sum);
}
