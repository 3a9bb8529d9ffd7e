// What one matrix is, for a weight of any number of dimensions: rows are what the operator puts out.
//   OIHW conv          [O, I kh kw]          as stored
//   HWIO conv (tfjs)   [O, I kh kw]          transposed
//   HWCM depthwise     [C M, kh kw]          transposed
//   rnn W, R           [directions, ...]     one matrix for each of one or two directions
//   experts            [E, m, n]             E matrices
//   anything else      [shape[0], the rest]  as stored; vectors (the biases of experts, too), scalars and what is
//                                            packed are no matrices

import { product } from '../shared/shape.js';
import { gather, gatherPairs, rowMajorStrides } from '../shared/strided.js';
import type { TensorData } from './decode.js';
import { type Bits, isComplex } from './dtypes.js';
import { isExpertBias } from './layout.js';
import type { Factors, NamedTensor, TensorLayout } from './types.js';

/** One matrix of a model, ready for matrixRank. */
export interface NamedMatrix {
  name: string;
  /** Row-major; the tensor's own array, or a view of it, where nothing had to move. */
  data: NamedTensor['data'];
  shape: [rows: number, columns: number];
  /** Set when `data` holds 16-bit patterns, as matrixRank's TensorLike has it. */
  dtype?: Bits;
  /** The storage tolerance. */
  noise?: number;
  /** The matrix is this product, not formed; `data` is empty. */
  factors?: Factors;
}

const DIRECTIONS = ['forward', 'backward'];

/** The matrices of a tensor: none below two dimensions, one per direction for recurrent weights, otherwise one. */
export function toMatrices(tensor: NamedTensor): NamedMatrix[] {
  const { name, data, shape } = tensor;
  const layout = tensor.bits?.startsWith('complex') ? undefined : tensor.layout;
  const dims = shape.length;
  if (dims < 2 || tensor.packed !== undefined || isExpertBias(name, shape)) return [];
  const noise = (i: number) => {
    const one = typeof tensor.noise === 'object' ? tensor.noise[i] : tensor.noise;
    return one === undefined ? {} : { noise: one };
  };
  const kind = { ...(tensor.bits && { dtype: tensor.bits }), ...noise(0) };
  if (tensor.factors !== undefined) {
    return [{ name, data, shape: [shape[0], product(shape.slice(1))], factors: tensor.factors }];
  }
  if (isStack(shape, layout)) {
    const [directions, rows] = shape;
    const columns = product(shape.slice(2));
    const parts = isComplex(tensor.dtype) ? 2 : 1;
    return Array.from({ length: directions }, (_, i) => ({
      name: stackedName(name, layout, directions, i),
      data: part(data, parts * i * rows * columns, parts * rows * columns),
      shape: [rows, columns],
      ...kind,
      ...noise(i),
    }));
  }
  if (layout === 'HWIO' && dims >= 3) {
    // ..., I, O -> O, I, ...
    const axes = [dims - 1, dims - 2, ...range(dims - 2)];
    return [
      {
        name,
        data: permute(data, shape, axes, tensor.dtype),
        shape: [shape[dims - 1], product(shape.slice(0, -1))],
        ...kind,
      },
    ];
  }
  if (layout === 'HWCM' && dims >= 3) {
    // ..., C, M -> C, M, ...
    const axes = [dims - 2, dims - 1, ...range(dims - 2)];
    const rows = product(shape.slice(-2));
    return [
      {
        name,
        data: permute(data, shape, axes, tensor.dtype),
        shape: [rows, product(shape.slice(0, -2))],
        ...kind,
      },
    ];
  }
  return [{ name, data, shape: [shape[0], product(shape.slice(1))], ...kind }];
}

/** More experts than any model has: a shape may claim a hundred million of them, of nothing each. */
const MAX_EXPERTS = 8192;

/** Experts, or recurrent weights of one or two directions. */
function isStack(shape: readonly number[], layout: TensorLayout | undefined): boolean {
  if (shape.length < 3 || shape[0] > MAX_EXPERTS) return false;
  return layout === 'experts' || (layout === 'rnn' && shape[0] <= DIRECTIONS.length);
}

function stackedName(name: string, layout: TensorLayout | undefined, count: number, i: number): string {
  if (layout === 'experts') return `${name}[${i}]`;
  return count === 1 ? name : `${name}[${DIRECTIONS[i]}]`;
}

/**
 * The matrices that lie in a tensor one after the other, rows and columns perhaps changing places:
 * how many, and their shape.
 */
export function stackOf(
  shape: readonly number[],
  layout: TensorLayout | undefined,
): [count: number, rows: number, columns: number] {
  const dims = shape.length;
  if (dims < 2) return [0, 0, 0];
  if (isStack(shape, layout)) return [shape[0], shape[1], product(shape.slice(2))];
  const right = layout === 'HWIO' && dims >= 3 ? 1 : layout === 'HWCM' && dims >= 3 ? 2 : dims - 1;
  return [1, product(shape.slice(0, dims - right)), product(shape.slice(dims - right))];
}

function permute(
  data: NamedTensor['data'],
  shape: readonly number[],
  axes: readonly number[],
  dtype: string,
) {
  const strides = rowMajorStrides(shape);
  const from = (ArrayBuffer.isView(data) ? data : Float64Array.from(data as ArrayLike<number>)) as TensorData;
  return (isComplex(dtype) ? gatherPairs : gather)(
    from,
    axes.map((a) => shape[a]),
    axes.map((a) => strides[a]),
  );
}

function part(data: NamedTensor['data'], from: number, length: number): NamedTensor['data'] {
  if (ArrayBuffer.isView(data)) return (data as Float32Array).subarray(from, from + length);
  return Array.from(data as ArrayLike<number>).slice(from, from + length);
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
