// Unfoldings of tensors, and the rank of each: the multilinear rank.
// Layout: any strides in, a matrix [shape[mode], product of the other dimensions] out, in place wherever one row and
// one column stride can express it: the first and the last mode of a dense tensor always, the ones between when what
// is before or after them has one element. Cost: nothing in place, else one copy of the tensor.
// Source: Kolda & Bader 2009, "Tensor decompositions and applications", sections 2.4 and 3; De Lathauwer et al. 2000.

import { readOptions } from '../input/options.js';
import { readInput } from '../input/stack.js';
import { ranksOf } from '../matrix/rank.js';
import { product } from '../shared/shape.js';
import { rowMajorStrides } from '../shared/strided.js';
import type { MatrixInput, RankOptions } from '../types.js';
import { gather, readTensor, show, type TensorView } from './tensor.js';

/**
 * The mode-n unfolding: a matrix [shape[mode], product of the other dimensions], whose rows are the slices along
 * `mode`. The other dimensions keep their order, the last varies fastest, as `np.moveaxis(t, mode, 0).reshape(n, -1)`
 * and TensorLy's `unfold` do. (Kolda & Bader let the first vary fastest: the same columns in another order.)
 *
 * @param tensor a tensor of order 1 or more, read by structure
 * @param mode which dimension the rows are, from 0
 * @returns { data, shape, strides, offset }, a view of the tensor's own elements when strides can express it, else a
 *   dense copy; write to neither
 * @throws TypeError for what is no tensor, RangeError for a mode that the tensor does not have
 */
export function unfold(tensor: MatrixInput, mode: number): TensorView {
  const view = readTensor('unfold: tensor', tensor);
  const order = view.shape.length;
  if (typeof mode !== 'number') throw new TypeError(`unfold: mode must be a number; got ${show(mode)}.`);
  if (!Number.isInteger(mode) || mode < 0 || mode >= order) {
    const modes =
      order === 0 ? ', but a scalar has none' : ` from 0 to ${order - 1} for a tensor ${show(view.shape)}`;
    throw new RangeError(`unfold: mode must be an integer${modes}; got ${mode}.`);
  }
  return regroup(view, [[mode], otherAxes(view, mode)]);
}

/**
 * The multilinear rank: the rank of every unfolding, (rank_1, ..., rank_N). The smallest core that a Tucker
 * decomposition can have.
 *
 * @param tensor a tensor of any order, read by structure
 * @param options the tolerance as in `matrixRank`, applied to every unfolding by itself
 * @returns one rank for each dimension, in order; [] for a scalar
 * @throws TypeError for what is no tensor, RangeError for a NaN or an infinity
 */
export function multilinearRank(tensor: MatrixInput, options?: RankOptions): number[] {
  const t = readOptions('multilinearRank', options);
  const view = readTensor('multilinearRank: tensor', tensor);
  const ranks: number[] = [];
  const [first, second, ...more] = view.shape.flatMap((extent, axis) => (extent === 1 ? [] : [axis]));
  for (let mode = 0; mode < view.shape.length; mode++) {
    // Two dimensions that matter are a matrix, and its transpose has the same rank.
    const known = mode === second && more.length === 0;
    const fn = `multilinearRank: unfolding ${mode}`;
    ranks.push(known ? ranks[first] : ranksOf(fn, readInput(fn, [unfoldAnyOrder(view, mode)]), t)[0]);
  }
  return ranks;
}

/**
 * An unfolding, or with `stackAxis` one for each index along it: [stack, rows, columns]. The columns come in whatever
 * order needs no copy, where one does: their order changes no singular value.
 */
export function unfoldAnyOrder(view: TensorView, mode: number, stackAxis?: number): TensorView {
  const columns = otherAxes(view, mode, stackAxis);
  columns.sort((a, b) => Math.abs(view.strides[b]) - Math.abs(view.strides[a]));
  return regroup(view, stackAxis === undefined ? [[mode], columns] : [[stackAxis], [mode], columns]);
}

/** The tensor with each group of axes as one dimension, the group's last axis fastest; in place where strides can. */
function regroup(view: TensorView, groups: readonly (readonly number[])[]): TensorView {
  const shape = groups.map((axes) => product(axes.map((axis) => view.shape[axis])));
  const strides = groups.map((axes) => mergedStride(view, axes));
  if (!strides.includes(undefined)) return { ...view, shape, strides: strides as number[] };
  const axes = groups.flat();
  const ordered = {
    ...view,
    shape: axes.map((axis) => view.shape[axis]),
    strides: axes.map((axis) => view.strides[axis]),
  };
  return { ...view, data: gather(ordered), shape, strides: rowMajorStrides(shape), offset: 0 };
}

/** The one stride that walks `axes` as one dimension, the last fastest; undefined when there is none. */
function mergedStride(view: TensorView, axes: readonly number[]): number | undefined {
  const real = axes.filter((axis) => view.shape[axis] !== 1);
  for (let i = 1; i < real.length; i++) {
    const [outer, inner] = [real[i - 1], real[i]];
    if (view.strides[outer] !== view.strides[inner] * view.shape[inner]) return undefined;
  }
  return real.length === 0 ? 1 : view.strides[real[real.length - 1]];
}

function otherAxes(view: TensorView, mode: number, stackAxis?: number): number[] {
  return view.shape.map((_, axis) => axis).filter((axis) => axis !== mode && axis !== stackAxis);
}
