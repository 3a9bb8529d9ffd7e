// A B^T of thin matrices, and transposes, in float64.
// Layout: A [p, inner] and B [q, inner], row-major, so that inner loops run over neighbours; tiles of 2 x 4 dot
// products, eight sums and six loads a step. Cost: 2 p q inner.
import { dot } from './vectors.js';

/** Side of the tiles of transpose(). */
const TILE = 16;

/** A B^T, [p, q]. */
export function multiplyTransposed(
  a: Float64Array,
  b: Float64Array,
  p: number,
  q: number,
  inner: number,
): Float64Array {
  const out = new Float64Array(p * q);
  const [wholeRows, wholeColumns] = [p & ~1, q & ~3];
  for (let i = 0; i < wholeRows; i += 2) {
    for (let j = 0; j < wholeColumns; j += 4) tile(a, b, q, inner, out, i, j);
    for (let j = wholeColumns; j < q; j++) {
      out[i * q + j] = dot(a, i * inner, b, j * inner, inner);
      out[(i + 1) * q + j] = dot(a, (i + 1) * inner, b, j * inner, inner);
    }
  }
  for (let i = wholeRows; i < p; i++) {
    for (let j = 0; j < q; j++) out[i * q + j] = dot(a, i * inner, b, j * inner, inner);
  }
  return out;
}

function tile(
  a: Float64Array,
  b: Float64Array,
  q: number,
  inner: number,
  out: Float64Array,
  i: number,
  j: number,
) {
  const [row0, row1] = [i * inner, (i + 1) * inner];
  const [at0, at1, at2, at3] = [j * inner, (j + 1) * inner, (j + 2) * inner, (j + 3) * inner];
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let [t0, t1, t2, t3] = [0, 0, 0, 0];
  for (let k = 0; k < inner; k++) {
    const x = a[row0 + k];
    const y = a[row1 + k];
    const b0 = b[at0 + k];
    const b1 = b[at1 + k];
    const b2 = b[at2 + k];
    const b3 = b[at3 + k];
    s0 += x * b0;
    s1 += x * b1;
    s2 += x * b2;
    s3 += x * b3;
    t0 += y * b0;
    t1 += y * b1;
    t2 += y * b2;
    t3 += y * b3;
  }
  const [first, second] = [i * q + j, (i + 1) * q + j];
  out[first] = s0;
  out[first + 1] = s1;
  out[first + 2] = s2;
  out[first + 3] = s3;
  out[second] = t0;
  out[second + 1] = t1;
  out[second + 2] = t2;
  out[second + 3] = t3;
}

/** The transpose of a rows x cols matrix, in float64; tiles, so that neither side runs through memory in leaps. */
export function transpose(
  data: ArrayLike<number>,
  rows: number,
  cols: number,
  out = new Float64Array(rows * cols),
): Float64Array {
  for (let top = 0; top < rows; top += TILE) {
    for (let left = 0; left < cols; left += TILE) {
      const [bottom, right] = [Math.min(rows, top + TILE), Math.min(cols, left + TILE)];
      for (let j = left; j < right; j++)
        for (let i = top; i < bottom; i++) out[j * rows + i] = data[i * cols + j];
    }
  }
  return out;
}
