// Complex matrices as real ones of twice the size: A = B + iC becomes [[B, -C], [C, B]], whose singular values are
// those of A, each twice (Golub & Van Loan 8.7; the same for the eigenvalues of a Hermitian A).
// Elements are stored as pairs, real and imaginary part.

import { allocate } from './elements.js';
import type { Stack } from './stack.js';

/**
 * Matrix number `index` of the stack so. hermitian: of the lower triangle alone,
 * the imaginary parts of the diagonal being left out.
 */
export function embedded(
  fn: string,
  stack: Stack,
  index: number,
  hermitian: boolean,
): Float64Array | Float32Array {
  const { rows: m, cols: n } = stack;
  if (hermitian && m !== n) throw new RangeError(`${fn}: hermitian needs a square matrix; got ${m}x${n}.`);
  const data = stack.data as Float64Array;
  const out = allocate<Float64Array | Float32Array>(
    fn,
    stack.kind === 'c64' ? Float32Array : Float64Array,
    4 * m * n,
  );
  let p = 2 * (stack.offset + index * m * n);
  const put = (i: number, j: number, re: number, im: number) => {
    const top = 2 * n * i + j;
    const bottom = top + 2 * n * m;
    out[top] = re;
    out[top + n] = -im;
    out[bottom] = im;
    out[bottom + n] = re;
  };
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++, p += 2) {
      if (!hermitian) put(i, j, data[p], data[p + 1]);
      else if (j < i) {
        put(i, j, data[p], data[p + 1]);
        put(j, i, data[p], -data[p + 1]);
      } else if (j === i) put(i, i, data[p], 0);
    }
  }
  return out;
}

/** The larger part of an element that is not finite, or its real part. */
export function partOf(stack: Stack, flatIndex: number): number {
  const p = 2 * (stack.offset + flatIndex);
  const im = stack.data[p + 1];
  return Number.isFinite(im) ? stack.data[p] : im;
}

/** One of each pair of values, descending: their mean. */
export function halved(values: Float64Array): Float64Array {
  return Float64Array.from(
    { length: values.length / 2 },
    (_, i) => values[2 * i] / 2 + values[2 * i + 1] / 2,
  );
}
