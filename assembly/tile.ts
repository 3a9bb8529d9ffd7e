// The 4x4 micro-kernel that nearly all flops run through.
//
// Operands are micro-panels: a is [k][4 rows], b is [k][4 columns], both contiguous in k. c is one tile,
// [4 columns][4 rows]. 8 accumulators of 2 lanes, 2 loads of a and 4 splats of b for 16 multiply-adds:
// what fits the 15 vector registers that engines leave on x86-64. Cost: 32 k flops.
import { madd } from './simd';

/**
 * c += a b^T over k >= 0 steps. Not unrolled: every unrolled form tried makes one engine or another spill,
 * at up to half the speed (docs/performance.md).
 */
export function madd44(c: usize, a: usize, b: usize, k: i32): void {
  let c00 = v128.load(c);
  let c10 = v128.load(c, 16);
  let c01 = v128.load(c, 32);
  let c11 = v128.load(c, 48);
  let c02 = v128.load(c, 64);
  let c12 = v128.load(c, 80);
  let c03 = v128.load(c, 96);
  let c13 = v128.load(c, 112);
  const end = a + (<usize>k << 5);
  while (a < end) {
    const a0 = v128.load(a);
    const a1 = v128.load(a, 16);
    let s = v128.load64_splat(b);
    c00 = madd(a0, s, c00);
    c10 = madd(a1, s, c10);
    s = v128.load64_splat(b, 8);
    c01 = madd(a0, s, c01);
    c11 = madd(a1, s, c11);
    s = v128.load64_splat(b, 16);
    c02 = madd(a0, s, c02);
    c12 = madd(a1, s, c12);
    s = v128.load64_splat(b, 24);
    c03 = madd(a0, s, c03);
    c13 = madd(a1, s, c13);
    a += 32;
    b += 32;
  }
  v128.store(c, c00);
  v128.store(c, c10, 16);
  v128.store(c, c01, 32);
  v128.store(c, c11, 48);
  v128.store(c, c02, 64);
  v128.store(c, c12, 80);
  v128.store(c, c03, 96);
  v128.store(c, c13, 112);
}

/** c = a b^T over k steps + d e^T over l steps: two operands' products in one set of accumulators. */
export function sum44(c: usize, a: usize, b: usize, k: i32, d: usize, e: usize, l: i32): void {
  let c00 = f64x2.splat(0);
  let c10 = c00;
  let c01 = c00;
  let c11 = c00;
  let c02 = c00;
  let c12 = c00;
  let c03 = c00;
  let c13 = c00;
  let end = a + (<usize>k << 5);
  while (a < end) {
    const a0 = v128.load(a);
    const a1 = v128.load(a, 16);
    let s = v128.load64_splat(b);
    c00 = madd(a0, s, c00);
    c10 = madd(a1, s, c10);
    s = v128.load64_splat(b, 8);
    c01 = madd(a0, s, c01);
    c11 = madd(a1, s, c11);
    s = v128.load64_splat(b, 16);
    c02 = madd(a0, s, c02);
    c12 = madd(a1, s, c12);
    s = v128.load64_splat(b, 24);
    c03 = madd(a0, s, c03);
    c13 = madd(a1, s, c13);
    a += 32;
    b += 32;
  }
  end = d + (<usize>l << 5);
  while (d < end) {
    const a0 = v128.load(d);
    const a1 = v128.load(d, 16);
    let s = v128.load64_splat(e);
    c00 = madd(a0, s, c00);
    c10 = madd(a1, s, c10);
    s = v128.load64_splat(e, 8);
    c01 = madd(a0, s, c01);
    c11 = madd(a1, s, c11);
    s = v128.load64_splat(e, 16);
    c02 = madd(a0, s, c02);
    c12 = madd(a1, s, c12);
    s = v128.load64_splat(e, 24);
    c03 = madd(a0, s, c03);
    c13 = madd(a1, s, c13);
    d += 32;
    e += 32;
  }
  v128.store(c, c00);
  v128.store(c, c10, 16);
  v128.store(c, c01, 32);
  v128.store(c, c11, 48);
  v128.store(c, c02, 64);
  v128.store(c, c12, 80);
  v128.store(c, c03, 96);
  v128.store(c, c13, 112);
}

/** Clears a tile. */
// @ts-ignore: decorator
@inline
export function zero44(c: usize): void {
  const z = f64x2.splat(0);
  v128.store(c, z);
  v128.store(c, z, 16);
  v128.store(c, z, 32);
  v128.store(c, z, 48);
  v128.store(c, z, 64);
  v128.store(c, z, 80);
  v128.store(c, z, 96);
  v128.store(c, z, 112);
}

/** Sum of the squares of a tile. */
// @ts-ignore: decorator
@inline
export function square44(c: usize): v128 {
  let s = f64x2.splat(0);
  let t = s;
  for (let o: usize = 0; o < 128; o += 32) {
    const x = v128.load(c + o);
    const y = v128.load(c + o, 16);
    s = madd(x, x, s);
    t = madd(y, y, t);
  }
  return f64x2.add(s, t);
}
