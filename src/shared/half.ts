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

/** The nearest IEEE 754 binary16 (ties to even) as its bits; what is too large is infinite. */
export function toFloat16(x: number): number {
  float[0] = x;
  const sign = (bits[0] >>> 16) & 0x8000;
  const size = bits[0] & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x47800000) return sign | 0x7c00;
  if (size < 0x38800000) {
    float[0] = Math.abs(x) + 0.5; // the last place of 0.5 in float32 is a denormal's: adding rounds
    return sign | (bits[0] - 0x3f000000);
  }
  return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
}

/** The nearest bfloat16 (ties to even) as its bits. */
export function toBfloat16(x: number): number {
  float[0] = x;
  const [word] = bits;
  if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}
