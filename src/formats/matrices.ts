// What one matrix is, for a weight of any number of dimensions: rows are what the operator puts out.
//   OIHW conv          [O, I kh kw]          as stored
//   HWIO conv (tfjs)   [O, I kh kw]          transposed
//   HWCM depthwise     [C M, kh kw]          transposed
//   rnn W, R           [directions, ...]     one matrix for each of one or two directions
//   anything else      [shape[0], the rest]  as stored; vectors and scalars are no matrices

import type { Bits, TensorData } from './decode.js';
import { gather, rowMajorStrides } from './strided.js';
import type { NamedTensor } from './types.js';

/** One matrix of a model, ready for matrixRank. */
export interface NamedMatrix {
  name: string;
  /** Row-major; the tensor's own array, or a view of it, where nothing had to move. */
  data: NamedTensor['data'];
  shape: [rows: number, columns: number];
  /** Set when `data` holds 16-bit patterns, as matrixRank's TensorLike has it. */
  dtype?: Bits;
}

const DIRECTIONS = ['forward', 'backward'];

/** The matrices of a tensor: none below two dimensions, one per direction for recurrent weights, otherwise one. */
export function toMatrices(tensor: NamedTensor): NamedMatrix[] {
  const { name, data, shape, layout } = tensor;
  const dims = shape.length;
  if (dims < 2) return [];
  const dtype = tensor.bits && { dtype: tensor.bits };
  if (layout === 'rnn' && dims >= 3 && shape[0] <= DIRECTIONS.length) {
    const [directions, rows] = shape;
    const columns = product(shape.slice(2));
    return Array.from({ length: directions }, (_, i) => ({
      name: directions === 1 ? name : `${name}[${DIRECTIONS[i]}]`,
      data: part(data, i * rows * columns, rows * columns),
      shape: [rows, columns],
      ...dtype,
    }));
  }
  if (layout === 'HWIO' && dims >= 3) {
    // ..., I, O -> O, I, ...
    const axes = [dims - 1, dims - 2, ...range(dims - 2)];
    return [
      {
        name,
        data: permute(data, shape, axes),
        shape: [shape[dims - 1], product(shape.slice(0, -1))],
        ...dtype,
      },
    ];
  }
  if (layout === 'HWCM' && dims >= 3) {
    // ..., C, M -> C, M, ...
    const axes = [dims - 2, dims - 1, ...range(dims - 2)];
    const rows = product(shape.slice(-2));
    return [{ name, data: permute(data, shape, axes), shape: [rows, product(shape.slice(0, -2))], ...dtype }];
  }
  return [{ name, data, shape: [shape[0], product(shape.slice(1))], ...dtype }];
}

function permute(data: NamedTensor['data'], shape: readonly number[], axes: readonly number[]) {
  const strides = rowMajorStrides(shape);
  const from = (ArrayBuffer.isView(data) ? data : Float64Array.from(data as ArrayLike<number>)) as TensorData;
  return gather(
    from,
    axes.map((a) => shape[a]),
    axes.map((a) => strides[a]),
  );
}

function part(data: NamedTensor['data'], from: number, length: number): NamedTensor['data'] {
  if (ArrayBuffer.isView(data)) return (data as Float32Array).subarray(from, from + length);
  return Array.from(data as ArrayLike<number>).slice(from, from + length);
}

const product = (numbers: readonly number[]) => numbers.reduce((a, b) => a * b, 1);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
