// Tensors of any order, read in place: a view for what only rearranges, dense real elements for what computes.
// Layout: element (i0, i1, ...) of a view is data[offset + i0 * strides[0] + i1 * strides[1] + ...], as in ndarray.
// Cost: a view costs nothing; `gather` and `readReal` copy only what is not dense, row-major and real already.

import { allocate, type Elements } from '../input/elements.js';
import { describe } from '../input/options.js';
import { checkReach, element, gather as gatherElements, readInput } from '../input/stack.js';
import { selfDescribedView } from '../input/view.js';
import { product } from '../shared/shape.js';
import { rowMajorStrides } from '../shared/strided.js';

/** A new dense, row-major tensor. */
export interface RealTensor {
  data: Float32Array | Float64Array;
  shape: number[];
}

/** A tensor in place, every element inside `data`. It is a TensorLike itself. */
export interface TensorView {
  data: Elements;
  shape: readonly number[];
  strides: readonly number[];
  offset: number;
  /** Set when `data` holds 16-bit patterns. */
  dtype?: 'float16' | 'bfloat16';
}

/**
 * The tensor that `value` is, in place. `fn` opens every message, as in "convLayerRank: kernel".
 *
 * @throws TypeError when it is no tensor, RangeError when its data and its shape do not fit
 */
export function readTensor(fn: string, value: unknown): TensorView {
  const found = selfDescribedView(fn, value);
  const { data, kind, shape, strides, offset } = found;
  checkReach(fn, found, product(shape));
  const dtype = kind === 'f16' ? 'float16' : kind === 'bf16' ? 'bfloat16' : undefined;
  const view: TensorView = { data, shape, strides: strides ?? rowMajorStrides(shape), offset: offset ?? 0 };
  if (dtype !== undefined) view.dtype = dtype;
  return view;
}

/**
 * The tensor with dense, row-major elements to compute with: float32 for float32 and 16-bit floats, float64 for all
 * else. In place where that changes nothing, so never write to it. A scalar comes as the shape [1].
 */
export function readReal(fn: string, value: unknown): RealTensor {
  const stack = readInput(fn, [value]);
  const { data, offset, kind, rows, cols, colMajor } = stack;
  const shape = stack.vector ? [cols] : [...stack.batch, rows, cols];
  const size = product(shape);
  if (!colMajor && (kind === 'f32' || kind === 'f64')) {
    return { data: (data as Float64Array).subarray(offset, offset + size), shape };
  }
  const out = allocate<RealTensor['data']>(fn, stack.single ? Float32Array : Float64Array, size);
  for (let at = 0, first = 0; at < size; first += rows * cols) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        out[at++] = element(stack, first + (colMajor ? j * rows + i : i * cols + j));
      }
    }
  }
  return { data: out, shape };
}

/** The elements of a view in row-major order, in a new array of the same type (number[]: Float64Array). */
export function gather({ data, shape, strides, offset }: TensorView): Elements {
  return gatherElements('matrix-rank', data, shape, strides, offset, product(shape));
}

/** A value for an error message: short ones as they would be typed, others by what they are. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.length <= 8) return `[${value.map(show).join(', ')}]`;
  return describe(value);
}
