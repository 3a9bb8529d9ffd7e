// Packed symmetric matrices as they stand: the norm, and a product with a vector. Cost: one pass over the triangle, 2
// n^2 flops.
import { alloc, mark, release } from '../base/arena';
import { parallelFor } from '../base/parallel';
import { SYMV_PARTS, SYMV_PARTS_FROM } from '../base/params';
import { panels, rowPanel } from '../matrix/triangle';
import { spreadCombine } from './gemv';
import { axpy, dot } from './level1';

@unmanaged
class Product {
  G: usize;
  x: usize;
  count: i32;
  parts: i32;
  /** -y of each part, `step` bytes apart. */
  sums: usize;
  step: usize;
}

/** The first row panel of a part: all have about the same bytes. */
function firstOf(p: Product, part: i32): i32 {
  return <i32>(Math.sqrt(<f64>part / <f64>p.parts) * <f64>p.count);
}

function open(G: usize, n: i32): Product {
  const p = changetype<Product>(alloc(offsetof<Product>()));
  p.G = G;
  p.count = panels(n);
  p.parts = p.count < SYMV_PARTS_FROM ? 1 : SYMV_PARTS;
  return p;
}

/** 2 ||L||_F^2 less the diagonal tiles', for row panels of a part. */
function squareOfPart(record: usize, part: i32, _thread: i32): void {
  const p = changetype<Product>(record);
  const from = firstOf(p, part);
  const end = firstOf(p, part + 1);
  const first = rowPanel(p.G, from);
  let sum = 2 * dot(first, first, <i32>((rowPanel(p.G, end) - first) >> 3));
  for (let i = from; i < end; i++) {
    const tile = rowPanel(p.G, i) + (<usize>i << 7);
    sum -= dot(tile, tile, 16);
  }
  store<f64>(p.sums + (<usize>part << 3), sum);
}

/** ||G||_F^2 of a packed symmetric matrix. */
export function squareSymmetric(G: usize, n: i32): f64 {
  const start = mark();
  const p = open(G, n);
  p.sums = alloc(<u64>p.parts << 3);
  parallelFor(squareOfPart, p.parts, changetype<usize>(p));
  let sum: f64 = 0;
  for (let part = 0; part < p.parts; part++) sum += load<f64>(p.sums + (<usize>part << 3));
  release(start);
  return sum;
}

/** -y += G x for a part of the row panels, each of which serves twice. */
function rowsOfProduct(record: usize, part: i32, _thread: i32): void {
  const p = changetype<Product>(record);
  const x = p.x;
  const end = firstOf(p, part + 1);
  const y = p.sums + <usize>part * p.step;
  const sum = y + (<usize>p.count << 5);
  memory.fill(y, 0, <usize>end << 5);
  for (let i = firstOf(p, part); i < end; i++) {
    const panel = rowPanel(p.G, i);
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
}

/** y = G x for a packed symmetric G. x and y are padded to whole panels. */
export function multiply(y: usize, G: usize, n: i32, x: usize): void {
  const start = mark();
  const p = open(G, n);
  p.x = x;
  p.step = (<usize>p.count << 5) + 64;
  p.sums = alloc(<u64>p.parts * p.step);
  parallelFor(rowsOfProduct, p.parts, changetype<usize>(p));
  memory.fill(y, 0, <usize>p.count << 5);
  for (let part = 0; part < p.parts; part++) axpy(y, p.sums + <usize>part * p.step, -1, firstOf(p, part + 1) << 2);
  release(start);
}
