// The rank of a dense layer's kernel.
// Layout: [inputs, outputs] (TensorFlow) or [outputs, inputs] (PyTorch): the rank is the same.
// Cost: one rank.

import { readOptions } from '../input/options.js';
import { readInput } from '../input/stack.js';
import { ranksOf } from '../matrix/rank.js';
import type { MatrixInput, RankOptions } from '../types.js';
import { readTensor, show } from './tensor.js';

/**
 * The rank of a dense (fully connected, linear) layer's kernel: a matrix [inputs, outputs] or [outputs, inputs].
 *
 * @param kernel a tensor of order 2, read by structure (tf.Tensor, onnxruntime Tensor, ndarray, TensorLike, ...)
 * @param options the tolerance as in `matrixRank`
 * @returns how many singular values are above the tolerance
 * @example denseLayerRank(tfDense.kernel.read())
 * @throws TypeError when kernel is no tensor; RangeError when it is no matrix, or holds a NaN or an infinity
 */
export function denseLayerRank(kernel: MatrixInput, options?: RankOptions): number {
  const t = readOptions('denseLayerRank', options);
  const view = readTensor('denseLayerRank: kernel', kernel);
  if (view.shape.length !== 2) {
    throw new RangeError(
      `denseLayerRank: kernel must have 2 dimensions, inputs and outputs; got the shape ${show(view.shape)}.`,
    );
  }
  return ranksOf('denseLayerRank', readInput('denseLayerRank', [view]), t)[0];
}
