// The rank of a convolution's kernel, as the matrix from its inputs' patches to its outputs.
// Layout: OIHW (PyTorch, ONNX), HWIO (TensorFlow) or HWCM (TensorFlow, depthwise), any number of spatial dimensions.
// Cost: one rank, or one for each group; a copy of the kernel only where no stride leads from one column to the next
// (transposed convolutions). Rank does not change under transposition, nor under a reordering of the columns, so
// HWIO is read as stored.

import { readOptions, type Tolerance } from '../input/options.js';
import { readInput } from '../input/stack.js';
import { ranksOf } from '../matrix/rank.js';
import type { MatrixInput, RankOptions } from '../types.js';
import { readTensor, show, type TensorView } from './tensor.js';
import { unfoldAnyOrder } from './unfold.js';

/** How a kernel is stored, beside the tolerance. */
export interface ConvLayerOptions extends RankOptions {
  /**
   * Order of the kernel's dimensions, default 'OIHW'. Any number of spatial dimensions may stand for HW: OIW and OIDHW
   * are 'OIHW' too.
   * - 'OIHW', PyTorch and ONNX: [outputs, inputs / groups, ...spatial]
   * - 'HWIO', TensorFlow: [...spatial, inputs / groups, outputs]
   * - 'HWCM', TensorFlow, depthwise: [...spatial, channels, multiplier], one group for each channel
   */
  layout?: 'OIHW' | 'HWIO' | 'HWCM';
  /**
   * Number of groups, default 1 (for 'HWCM' the channels). A depthwise kernel has as many groups as channels: in
   * PyTorch and ONNX [channels * multiplier, 1, ...spatial]. With 'HWIO' a kernel whose outputs `groups` does not
   * divide is taken for 'HWCM' when it has `groups` channels.
   */
  groups?: number;
  /**
   * The kernel belongs to a transposed convolution, which swaps its two channel dimensions: [inputs, outputs / groups,
   * ...spatial] in PyTorch and ONNX, [...spatial, outputs / groups, inputs] in TensorFlow. Default false.
   */
  transposed?: boolean;
}

/**
 * The rank of a convolution's kernel as a matrix [outputs, inputs * spatial].
 *
 * Groups make this matrix block-diagonal, and its rank the sum of the groups' ranks. They are decided group by group:
 * each has the default tolerance (and `rtol`) of its own matrix and its own sigma_1, so scaling one group, as folding
 * a batch normalisation does, changes nothing. `tol` and `atol` are absolute and the same for all. For one tolerance
 * relative to the largest sigma_1 of all groups, compute it and pass it as `tol`.
 *
 * @param kernel a tensor of order 2 or more, read by structure (tf.Tensor, onnxruntime Tensor, ndarray, TensorLike)
 * @param options the tolerance as in `matrixRank`; `layout`, `groups`, `transposed`
 * @returns how many singular values are above the tolerance
 * @example convLayerRank({ data, shape: [512, 512, 3, 3] })
 * @example convLayerRank(tfConv2d.kernel.read(), { layout: 'HWIO' })
 * @throws TypeError when kernel is no tensor or an option has a wrong type
 * @throws RangeError when the layout does not fit the shape, when groups do not divide it, for NaN or Infinity
 */
export function convLayerRank(kernel: MatrixInput, options?: ConvLayerOptions): number {
  const t = readOptions('convLayerRank', options, ['layout', 'groups', 'transposed']);
  const { layout = 'OIHW', groups, transposed = false } = options ?? {};
  if (layout !== 'OIHW' && layout !== 'HWIO' && layout !== 'HWCM') {
    const Kind = typeof layout === 'string' ? RangeError : TypeError;
    throw new Kind(`convLayerRank: layout must be 'OIHW', 'HWIO' or 'HWCM'; got ${show(layout)}.`);
  }
  if (typeof transposed !== 'boolean') {
    throw new TypeError(`convLayerRank: transposed must be true or false; got ${show(transposed)}.`);
  }
  if (groups !== undefined && typeof groups !== 'number') {
    throw new TypeError(`convLayerRank: groups must be a number; got ${show(groups)}.`);
  }
  if (groups !== undefined && (!Number.isInteger(groups) || groups < 1)) {
    throw new RangeError(`convLayerRank: groups must be an integer from 1; got ${groups}.`);
  }
  const view = readTensor('convLayerRank: kernel', kernel);
  const order = view.shape.length;
  if (order < 2) {
    throw new RangeError(
      `convLayerRank: kernel must have at least 2 dimensions, as layout '${layout}' has; ` +
        `got the shape ${show(view.shape)}.`,
    );
  }
  // The two channel dimensions: [outer, inner], where groups divide the outer one.
  const [outer, inner] = layout === 'OIHW' ? [0, 1] : [order - 1, order - 2];
  if (
    layout === 'HWCM' ||
    (layout === 'HWIO' && !transposed && isDepthwise(view, groups ?? 1, outer, inner))
  ) {
    checkDepthwise(view, groups ?? view.shape[inner], inner, transposed);
    return total(unfoldAnyOrder(view, outer, inner), t);
  }
  if (groups === undefined || groups === 1) {
    return total(unfoldAnyOrder(view, transposed ? inner : outer), t);
  }
  const split = splitAxis(view, outer, groups, transposed, layout);
  const [group, each] = [outer, outer + 1];
  const rows = transposed ? (inner < outer ? inner : inner + 1) : each;
  return total(unfoldAnyOrder(split, rows, group), t);
}

/** Whether a HWIO kernel can only be a depthwise one. */
function isDepthwise(view: TensorView, groups: number, outer: number, inner: number): boolean {
  return view.shape[outer] % groups !== 0 && view.shape[inner] === groups;
}

function checkDepthwise(view: TensorView, groups: number, channels: number, transposed: boolean): void {
  if (transposed) {
    throw new RangeError(
      "convLayerRank: layout 'HWCM' has no transposed form; give 'HWIO' or 'OIHW' and groups.",
    );
  }
  if (groups !== view.shape[channels]) {
    throw new RangeError(
      "convLayerRank: layout 'HWCM' has one group for each channel, " +
        `${view.shape[channels]} for the shape ${show(view.shape)}; got groups ${groups}.`,
    );
  }
}

/** The view with `axis` as two: [groups, each], the group's channels lying together. */
function splitAxis(
  view: TensorView,
  axis: number,
  groups: number,
  transposed: boolean,
  layout: string,
): TensorView {
  const extent = view.shape[axis];
  if (extent % groups !== 0) {
    const name = transposed ? 'inputs' : 'outputs';
    const hint = layout === 'HWIO' && !transposed ? " A depthwise kernel's layout is 'HWCM'." : '';
    throw new RangeError(
      `convLayerRank: groups must divide the ${extent} ${name} of the kernel ${show(view.shape)} (${layout}); ` +
        `got ${groups}.${hint}`,
    );
  }
  const each = extent / groups;
  const stride = view.strides[axis];
  return {
    ...view,
    shape: view.shape.toSpliced(axis, 1, groups, each),
    strides: view.strides.toSpliced(axis, 1, each * stride, stride),
  };
}

/** The rank of a matrix, or the sum of the ranks of a stack. */
function total(matrices: TensorView, t: Tolerance): number {
  const ranks = ranksOf('convLayerRank', readInput('convLayerRank', [matrices]), t);
  return ranks.reduce((sum, rank) => sum + rank, 0);
}
