// The micro-kernels that nearly all flops run through.
//
// Operands are micro-panels: a is [k][4 rows], b is [k][4 columns], both contiguous in k. c is one tile,
// [4 columns][4 rows]. 8 accumulators of 2 lanes, 2 loads of a and 4 splats of b for 16 multiply-adds:
// what fits the 15 vector registers that engines leave on x86-64. Cost: 32 k flops.
import { madd } from './simd';

/**
 * c += a b^T over k >= 0 steps. Not unrolled: every unrolled form tried makes one engine or another spill, at up to half the
 * speed. The last step stands alone: then V8 11 to 12 keep b's offsets in registers, a fifth faster (docs/performance.md).
 */
export function madd44(c: usize, a: usize, b: usize, k: i32): void {
  if (k <= 0) return;
  let c00 = v128.load(c);
  let c10 = v128.load(c, 16);
  let c01 = v128.load(c, 32);
  let c11 = v128.load(c, 48);
  let c02 = v128.load(c, 64);
  let c12 = v128.load(c, 80);
  let c03 = v128.load(c, 96);
  let c13 = v128.load(c, 112);
  const end = a + (<usize>(k - 1) << 5);
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
  v128.store(c, c00);
  v128.store(c, c10, 16);
  v128.store(c, c01, 32);
  v128.store(c, c11, 48);
  v128.store(c, c02, 64);
  v128.store(c, c12, 80);
  v128.store(c, c03, 96);
  v128.store(c, c13, 112);
}

/** The same for 4 rows x 6 columns: 4 columns of one operand x into cx, 2 of another, y, into cy. 12 accumulators. */
function madd46(cx: usize, cy: usize, a: usize, x: usize, y: usize, k: i32): void {
  let c00 = v128.load(cx);
  let c10 = v128.load(cx, 16);
  let c01 = v128.load(cx, 32);
  let c11 = v128.load(cx, 48);
  let c02 = v128.load(cx, 64);
  let c12 = v128.load(cx, 80);
  let c03 = v128.load(cx, 96);
  let c13 = v128.load(cx, 112);
  let c04 = v128.load(cy);
  let c14 = v128.load(cy, 16);
  let c05 = v128.load(cy, 32);
  let c15 = v128.load(cy, 48);
  const end = a + (<usize>k << 5);
  while (a < end) {
    const a0 = v128.load(a);
    const a1 = v128.load(a, 16);
    let s = v128.load64_splat(x);
    c00 = madd(a0, s, c00);
    c10 = madd(a1, s, c10);
    s = v128.load64_splat(x, 8);
    c01 = madd(a0, s, c01);
    c11 = madd(a1, s, c11);
    s = v128.load64_splat(x, 16);
    c02 = madd(a0, s, c02);
    c12 = madd(a1, s, c12);
    s = v128.load64_splat(x, 24);
    c03 = madd(a0, s, c03);
    c13 = madd(a1, s, c13);
    s = v128.load64_splat(y);
    c04 = madd(a0, s, c04);
    c14 = madd(a1, s, c14);
    s = v128.load64_splat(y, 8);
    c05 = madd(a0, s, c05);
    c15 = madd(a1, s, c15);
    a += 32;
    x += 32;
    y += 32;
  }
  v128.store(cx, c00);
  v128.store(cx, c10, 16);
  v128.store(cx, c01, 32);
  v128.store(cx, c11, 48);
  v128.store(cx, c02, 64);
  v128.store(cx, c12, 80);
  v128.store(cx, c03, 96);
  v128.store(cx, c13, 112);
  v128.store(cy, c04);
  v128.store(cy, c14, 16);
  v128.store(cy, c05, 32);
  v128.store(cy, c15, 48);
}

/**
 * Three neighbouring tiles: c += a [b0 b1 b2]^T. Fused multiply-adds have the latency of 4 x 2: 8 accumulators only just
 * fill it, 12 do with room to spare. Where products need a register of their own (baseline), 12 would spill.
 */
export function madd412(c: usize, a: usize, b0: usize, b1: usize, b2: usize, k: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    madd46(c, c + 128, a, b0, b1, k);
    madd46(c + 256, c + 192, a, b2, b1 + 16, k);
  } else {
    madd44(c, a, b0, k);
    madd44(c + 128, a, b1, k);
    madd44(c + 256, a, b2, k);
  }
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
