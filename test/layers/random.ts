// Seeded numbers for the tests of layers: mulberry32, and matrices and tensors of a known rank made from it.

export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Uniform in [-1, 1). */
export function uniform(length: number, seed: number): Float64Array {
  const next = generator(seed);
  return Float64Array.from({ length }, () => 2 * next() - 1);
}

/** Small integers, so that sums and products are exact and a rank is what theory says, to the last bit. */
export function integers(length: number, seed: number): Float64Array {
  const next = generator(seed);
  return Float64Array.from({ length }, () => Math.floor(next() * 9) - 4);
}

/** An m x n product of m x k and k x n integers, row-major: rank k (almost surely, and for every seed used here). */
export function ofRank(m: number, n: number, k: number, seed: number): Float64Array {
  const left = integers(m * k, seed);
  const right = integers(k * n, seed + 7919);
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      for (let j = 0; j < n; j++) out[i * n + j] += left[i * k + p] * right[p * n + j];
    }
  }
  return out;
}

/** The tensor with its axes in another order, dense: axis i of the result is axis order[i] of the input. */
export function permute(
  data: Float64Array,
  shape: readonly number[],
  order: readonly number[],
): { data: Float64Array; shape: number[] } {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const outShape = order.map((axis) => shape[axis]);
  const out = new Float64Array(data.length);
  for (let at = 0; at < out.length; at++) {
    let from = 0;
    for (let axis = order.length - 1, rest = at; axis >= 0; axis--) {
      from += (rest % outShape[axis]) * strides[order[axis]];
      rest = Math.floor(rest / outShape[axis]);
    }
    out[at] = data[from];
  }
  return { data: out, shape: outShape };
}
