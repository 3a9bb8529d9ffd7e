// float16 and bfloat16, as the 16 bits that they are stored in.

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** float16 bits as float32 bits. */
export function widenHalf(h: number): number {
  const sign = (h & 0x8000) << 16;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (!fraction) return sign;
  const shift = Math.clz32(fraction) - 21; // a denormal: its leading bit moves to the hidden place
  return sign | ((113 - shift) << 23) | ((fraction << (shift + 13)) & 0x7fffff);
}

/** IEEE 754 binary16 as a number. */
export function fromFloat16(h: number): number {
  bits[0] = widenHalf(h);
  return float[0];
}

/** bfloat16, the upper half of a float32, as a number. */
export function fromBfloat16(h: number): number {
  bits[0] = h << 16;
  return float[0];
}
