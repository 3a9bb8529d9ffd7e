// The rank of a pooled feature map.
// Layout: whatever the operation returns, its first dimension the batch: [batch, -1].
// Cost: the operation, and one rank. maxPool and avgPool of windows.ts are ready-made operations.

import type { RankOptions } from '../types.js';
import { type BatchOptions, batchRank, checkOp, download, refusePromise } from './output.js';

/**
 * The rank of a pooled feature map: the output of `poolingOp`, reshaped to [batch, -1].
 *
 * Tensors are read by structure (tf.Tensor, onnxruntime's Tensor, ndarray, TensorLike) and stay with whoever made
 * them: with tfjs, `tf.tidy(() => poolingLayerRank((x) => tf.maxPool(x, 2, 2, 'valid'), x))` frees the output.
 *
 * @param poolingOp any function from a feature map to a pooled one; `maxPool(...)` and `avgPool(...)` make some
 * @param featureMap handed to `poolingOp` as it is
 * @param options the tolerance as in `matrixRank`; `batchAxis`, default 0, where the output's batch dimension is
 * @returns how many singular values of the [batch, -1] matrix are above the tolerance
 * @throws TypeError when poolingOp is no function, or returns a promise or something that is no tensor
 * @throws RangeError when the output is a scalar, has no such batchAxis, or holds a NaN or an infinity
 */
export function poolingLayerRank<T, U>(
  poolingOp: (featureMap: T) => U,
  featureMap: T,
  options?: RankOptions & BatchOptions,
): number {
  checkOp('poolingLayerRank', 'poolingOp', poolingOp);
  const output = poolingOp(featureMap);
  refusePromise('poolingLayerRank', 'poolingOp', output);
  return batchRank('poolingLayerRank', "poolingOp's output", output, options);
}

/**
 * `poolingLayerRank` for an operation that returns a promise, or a tensor whose elements are on a GPU: both are
 * awaited, the elements by the tensor's own `data()` (tfjs) or `getData()` (onnxruntime).
 *
 * Parameters, result and errors as in `poolingLayerRank`; every error is a rejection.
 */
export async function poolingLayerRankAsync<T, U>(
  poolingOp: (featureMap: T) => U | PromiseLike<U>,
  featureMap: T,
  options?: RankOptions & BatchOptions,
): Promise<number> {
  checkOp('poolingLayerRankAsync', 'poolingOp', poolingOp);
  const output = await download(await poolingOp(featureMap));
  return batchRank('poolingLayerRankAsync', "poolingOp's output", output, options);
}
