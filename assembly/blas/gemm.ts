// The micro-kernels that nearly all flops run through.
//
// Operands are micro-panels: a is [k][4 rows], b is [k][4 columns], both contiguous in k. c is one tile,
// [4 columns][4 rows]. 8 accumulators of 2 lanes, 2 loads of a and 4 splats of b for 16 multiply-adds:
// what fits the 15 vector registers that engines leave on x86-64. Cost: 32 k flops.
import { CHAIN } from '../base/params';
import { madd } from '../base/simd';

/** One column of a tile. */
// @ts-ignore: decorator
@inline
function add(c: usize, x: v128, y: v128): void {
  v128.store(c, f64x2.add(v128.load(c), x));
  v128.store(c, f64x2.add(v128.load(c, 16), y), 16);
}

/**
 * c += a b^T over k >= 0 steps. The products have their own sum, begun with the first one, and meet c at the end:
 * rounding grows with k and not with what c has seen. Not unrolled: every unrolled form tried makes one engine or
 * another spill, at up to half the speed (docs/performance.md).
 */
export function madd44(c: usize, a: usize, b: usize, k: i32): void {
  if (k <= 0) return;
  const end = a + (<usize>k << 5);
  let a0 = v128.load(a);
  let a1 = v128.load(a, 16);
  let s = v128.load64_splat(b);
  let c00 = f64x2.mul(a0, s);
  let c10 = f64x2.mul(a1, s);
  s = v128.load64_splat(b, 8);
  let c01 = f64x2.mul(a0, s);
  let c11 = f64x2.mul(a1, s);
  s = v128.load64_splat(b, 16);
  let c02 = f64x2.mul(a0, s);
  let c12 = f64x2.mul(a1, s);
  s = v128.load64_splat(b, 24);
  let c03 = f64x2.mul(a0, s);
  let c13 = f64x2.mul(a1, s);
  a += 32;
  b += 32;
  while (a < end) {
    a0 = v128.load(a);
    a1 = v128.load(a, 16);
    s = v128.load64_splat(b);
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
  add(c, c00, c10);
  add(c + 32, c01, c11);
  add(c + 64, c02, c12);
  add(c + 96, c03, c13);
}

/** The same for 4 rows x 6 columns: 4 columns of one operand x into cx, 2 of another, y, into cy. 12 accumulators. */
function madd46(cx: usize, cy: usize, a: usize, x: usize, y: usize, k: i32): void {
  if (k <= 0) return;
  const end = a + (<usize>k << 5);
  let a0 = v128.load(a);
  let a1 = v128.load(a, 16);
  let s = v128.load64_splat(x);
  let c00 = f64x2.mul(a0, s);
  let c10 = f64x2.mul(a1, s);
  s = v128.load64_splat(x, 8);
  let c01 = f64x2.mul(a0, s);
  let c11 = f64x2.mul(a1, s);
  s = v128.load64_splat(x, 16);
  let c02 = f64x2.mul(a0, s);
  let c12 = f64x2.mul(a1, s);
  s = v128.load64_splat(x, 24);
  let c03 = f64x2.mul(a0, s);
  let c13 = f64x2.mul(a1, s);
  s = v128.load64_splat(y);
  let c04 = f64x2.mul(a0, s);
  let c14 = f64x2.mul(a1, s);
  s = v128.load64_splat(y, 8);
  let c05 = f64x2.mul(a0, s);
  let c15 = f64x2.mul(a1, s);
  a += 32;
  x += 32;
  y += 32;
  while (a < end) {
    a0 = v128.load(a);
    a1 = v128.load(a, 16);
    s = v128.load64_splat(x);
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
  add(cx, c00, c10);
  add(cx + 32, c01, c11);
  add(cx + 64, c02, c12);
  add(cx + 96, c03, c13);
  add(cy, c04, c14);
  add(cy + 32, c05, c15);
}

/**
 * Three neighbouring tiles: c += a [b0 b1 b2]^T. Fused multiply-adds have the latency of 4 x 2: 8 accumulators only
 * just fill it, 12 do with room to spare. Where products need a register of their own (baseline), 12 would spill.
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

/** Ones on the diagonal of a tile of zeros. */
// @ts-ignore: decorator
@inline
export function identity(tile: usize): void {
  for (let d: usize = 0; d < 160; d += 40) store<f64>(tile + d, 1);
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

/** `count` neighbouring tiles at c += a b_i^T over k steps, b_i `step` apart. */
export function tiles(c: usize, a: usize, b: usize, step: usize, count: i32, k: i32): void {
  for (let q = 0; q < k; q += CHAIN) {
    const some = min(CHAIN, k - q);
    let to = c;
    let t = b;
    let i = 2;
    for (; i < count; i += 3, to += 384, t += 3 * step) madd412(to, a, t, t + step, t + 2 * step, some);
    for (; i < count + 2; i++, to += 128, t += step) madd44(to, a, t, some);
    a += <usize>CHAIN << 5;
    b += <usize>CHAIN << 5;
  }
}

/** The transpose of a tile times -1. */
export function negated(out: usize, tile: usize): void {
  for (let r: usize = 0; r < 32; r += 8) {
    for (let c: usize = 0; c < 128; c += 32, out += 8) store<f64>(out, -load<f64>(tile + r + c));
  }
}
