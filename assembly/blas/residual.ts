// ||A + L R||_F^2 of a piece of A, without storing the difference:
// three tiles at a time are gathered, updated and summed.
//
// L is in row panels [k][4], R in column panels [k][4], both zero past their last row or column, R for two panels more:
// operands of the tile kernel.
// Cost: 2 k flops an element.
import { alloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { SHORT } from '../base/params';
import { hsum } from '../base/simd';
import { Indexed, packHere } from '../matrix/pack';
import { madd412, square44 } from './gemm';

/** Products that are summed in one go: fewer where many would let rounding near a tolerance. */
export function chainOf(k: i32): i32 {
  return k > 4 * SHORT ? SHORT : k;
}

/**
 * For `count` columns and `width` rows of A, a piece transposed. lStep, rStep: steps from one panel of L or R to
 * the next.
 */
export function residualSquare(
  A: Indexed, count: i32, width: i32, L: usize, lStep: i32, R: usize, rStep: i32, k: i32,
): f64 {
  const start = mark();
  const tasks = (width + 11) / 12;
  const r = changetype<Residual>(alloc(offsetof<Residual>()));
  r.A = A;
  r.count = count;
  r.width = width;
  r.L = L;
  r.lStep = <usize>lStep << 5;
  r.R = R;
  r.rStep = <usize>rStep << 5;
  r.k = k;
  r.tiles = alloc(<u64>threads * 384);
  r.sums = alloc(<u64>tasks << 3);
  parallelFor(twelveColumns, tasks, changetype<usize>(r));
  let sum: f64 = 0;
  for (let q = 0; q < tasks; q++) sum += load<f64>(r.sums + (<usize>q << 3));
  release(start);
  return sum;
}

@unmanaged
class Residual {
  A: Indexed;
  count: i32;
  width: i32;
  L: usize;
  lStep: usize;
  R: usize;
  rStep: usize;
  k: i32;
  /** Three tiles for each thread. */
  tiles: usize;
  sums: usize;
}

function twelveColumns(record: usize, index: i32, thread: i32): void {
  const r = changetype<Residual>(record);
  const k = r.k;
  const chain = chainOf(k);
  const step = r.rStep;
  const tiles = r.tiles + <usize>thread * 384;
  const q = index * 12;
  const b = r.R + <usize>(q >> 2) * step;
  const some = min(12, r.width - q);
  let sum = f64x2.splat(0);
  memory.fill(tiles, 0, 384); // past the last column they stay zero
  for (let i = 0; i < r.count; i += 4) {
    // A panel of 4 rows as [columns][4] is a row of tiles.
    packHere(tiles, 12, r.A, q, some, i, min(4, r.count - i));
    const a = r.L + <usize>(i >> 2) * r.lStep;
    for (let p = 0; p < k; p += chain) {
      const o = <usize>p << 5;
      madd412(tiles, a + o, b + o, b + o + step, b + o + 2 * step, min(chain, k - p));
    }
    for (let c: usize = 0; c < 384; c += 128) sum = f64x2.add(sum, square44(tiles + c));
  }
  store<f64>(r.sums + (<usize>index << 3), hsum(sum));
}
