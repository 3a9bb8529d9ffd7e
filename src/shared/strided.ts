// Elements at strides, gathered into row-major order: column-major .npy files, PyTorch views, transposed kernels.
// Cost: one pass, in tiles of 32 x 32 over the two axes that are contiguous on either side, so that a transposition
// touches each cache line once. They are moved as words of their size: four types of array in the inner loop, not nine,
// keep it fast.
import { product } from './shape.js';

const TILE = 32;

/** The strides of a row-major array, in elements. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

/** The strides of a column-major array, in elements. */
export function columnMajorStrides(shape: readonly number[]): number[] {
  return rowMajorStrides([...shape].reverse()).reverse();
}

interface Typed {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly length: number;
  readonly BYTES_PER_ELEMENT: number;
}

function words({ buffer, byteOffset, length, BYTES_PER_ELEMENT: size }: Typed) {
  if (size === 8) return new Float64Array(buffer, byteOffset, length);
  if (size === 4) return new Int32Array(buffer, byteOffset, length);
  if (size === 2) return new Uint16Array(buffer, byteOffset, length);
  return new Uint8Array(buffer, byteOffset, length);
}

/** gather() for complex elements, two numbers each: shape and strides count elements. */
export function gatherPairs<T extends Typed>(
  data: T,
  shape: readonly number[],
  strides: readonly number[],
): T {
  return gather(data, [...shape, 2], [...strides.map((s) => 2 * s), 1]);
}

/** Real and imaginary parts side by side: complex elements. */
export function paired(re: ArrayLike<number>, im: ArrayLike<number>): Float32Array | Float64Array {
  const count = Math.min(re.length, im.length);
  const pairs = re instanceof Float32Array ? new Float32Array(2 * count) : new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    pairs[2 * i] = re[i];
    pairs[2 * i + 1] = im[i];
  }
  return pairs;
}

/** gatherInto() a new array of the type of `data`. */
export function gather<T extends Typed>(
  data: T,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): T {
  const out = new (data.constructor as new (n: number) => T)(product(shape));
  gatherInto(out, data, shape, strides, offset);
  return out;
}

/**
 * A row-major array of `shape` into `to`, of the type of `from`: element (i, j, ...) comes from
 * from[offset + i strides[0] + j strides[1] + ...].
 */
export function gatherInto(
  to: Typed,
  from: Typed,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): void {
  const out = words(to);
  const data = words(from);
  if (out.length === 0) return;
  // Axes of length 1 say nothing; the rest, outermost first.
  const axes = shape.map((_, i) => i).filter((i) => shape[i] > 1);
  if (axes.length === 0) {
    out[0] = data[offset];
    return;
  }
  const outStrides = rowMajorStrides(shape);
  const last = axes[axes.length - 1];
  const near = axes.reduce((a, b) => (Math.abs(strides[b]) <= Math.abs(strides[a]) ? b : a));
  const cross = near === last ? -1 : near;
  const outer = axes.filter((i) => i !== last && i !== cross);
  const index = outer.map(() => 0);
  const columns = shape[last];
  const step = strides[last];
  const rows = cross < 0 ? 1 : shape[cross];
  const rowStep = cross < 0 ? 0 : strides[cross];
  const outRow = cross < 0 ? 0 : outStrides[cross];
  for (;;) {
    let first = offset;
    let start = 0;
    for (let k = 0; k < outer.length; k++) {
      first += index[k] * strides[outer[k]];
      start += index[k] * outStrides[outer[k]];
    }
    if (cross < 0 && step === 1 && columns > TILE) {
      out.set(data.subarray(first, first + columns), start);
    } else {
      for (let r0 = 0; r0 < rows; r0 += TILE) {
        const r1 = Math.min(rows, r0 + TILE);
        for (let c0 = 0; c0 < columns; c0 += TILE) {
          const c1 = Math.min(columns, c0 + TILE);
          for (let r = r0; r < r1; r++) {
            const source = first + r * rowStep;
            const target = start + r * outRow;
            for (let c = c0; c < c1; c++) out[target + c] = data[source + c * step];
          }
        }
      }
    }
    let k = outer.length - 1;
    while (k >= 0 && ++index[k] === shape[outer[k]]) index[k--] = 0;
    if (k < 0) return;
  }
}

/** Whether elements lie side by side in row-major order. */
export function isDense(shape: readonly number[], strides: readonly number[]): boolean {
  const dense = rowMajorStrides(shape);
  return shape.every((n, i) => n <= 1 || strides[i] === dense[i]);
}

/** The element after the last one of a view. */
export function endOf(offset: number, shape: readonly number[], strides: readonly number[]): number {
  return shape.includes(0) ? offset : shape.reduce((sum, n, i) => sum + (n - 1) * strides[i], offset) + 1;
}
