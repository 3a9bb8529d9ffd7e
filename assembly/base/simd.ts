// Two-lane float64 arithmetic. In the relaxed build a multiply-add is one fused instruction.

/** a * b + c */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** Sum of both lanes. */
// @ts-ignore: decorator
@inline
export function hsum(a: v128): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}

/** Two consecutive elements, float32 (widened) or float64. */
// @ts-ignore: decorator
@inline
export function load2<T>(p: usize): v128 {
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(p));
  return v128.load(p);
}

/** One element, widened. */
// @ts-ignore: decorator
@inline
export function load1<T>(p: usize): f64 {
  return <f64>load<T>(p);
}
