// The rank of an LSTM's outputs.
// Layout: whatever the cell returns, its first dimension the batch: [batch, -1].
// Cost: the cell, and one rank. lstm(weights) of lstm-cell.ts is a ready-made cell.

import type { RankOptions } from '../types.js';
import { type BatchOptions, batchRank, checkOp, download, refusePromise } from './output.js';

/**
 * The rank of an LSTM's outputs: what `lstmCell` returns for `inputSequence`, flattened to [batch, -1].
 *
 * A cell that returns an array, as one that returns its states does, is judged by the first entry: the outputs.
 * Tensors are read by structure (tf.Tensor, onnxruntime's Tensor, ndarray, TensorLike) and stay with whoever made
 * them: with tfjs, `tf.tidy(() => lstmLayerRank((x) => layer.apply(x), x))` frees the output.
 *
 * @param lstmCell any function from a sequence to its outputs; `lstm(weights)` makes one
 * @param inputSequence handed to `lstmCell` as it is
 * @param options the tolerance as in `matrixRank`; `batchAxis`, default 0, where the output's batch dimension is
 *   (2 for Y of an ONNX LSTM, [time, directions, batch, units])
 * @returns how many singular values of the [batch, -1] matrix are above the tolerance
 * @throws TypeError when lstmCell is no function, or returns a promise or something that is no tensor
 * @throws RangeError when the output is a scalar, has no such batchAxis, or holds a NaN or an infinity
 */
export function lstmLayerRank<T, U>(
  lstmCell: (inputSequence: T) => U | readonly [U, ...unknown[]],
  inputSequence: T,
  options?: RankOptions & BatchOptions,
): number {
  checkOp('lstmLayerRank', 'lstmCell', lstmCell);
  const output = lstmCell(inputSequence);
  refusePromise('lstmLayerRank', 'lstmCell', output);
  const sequence = outputs(output);
  refusePromise('lstmLayerRank', 'lstmCell', sequence);
  return batchRank('lstmLayerRank', "lstmCell's output", sequence, options);
}

/**
 * `lstmLayerRank` for a cell that returns a promise, as an onnxruntime session does, or a tensor whose elements are
 * on a GPU: both are awaited, the elements by the tensor's own `data()` (tfjs) or `getData()` (onnxruntime).
 *
 * @example lstmLayerRankAsync(async (X) => (await session.run({ X })).Y, X, { batchAxis: 2 })
 *
 * Parameters, result and errors as in `lstmLayerRank`; every error is a rejection.
 */
export async function lstmLayerRankAsync<T, U>(
  lstmCell: (
    inputSequence: T,
  ) => U | readonly [U, ...unknown[]] | PromiseLike<U | readonly [U, ...unknown[]]>,
  inputSequence: T,
  options?: RankOptions & BatchOptions,
): Promise<number> {
  checkOp('lstmLayerRankAsync', 'lstmCell', lstmCell);
  const output = await download(await outputs(await lstmCell(inputSequence)));
  return batchRank('lstmLayerRankAsync', "lstmCell's output", output, options);
}

/** The first entry of [outputs, ...states]; anything else, nested arrays of numbers included, as it is. */
function outputs(output: unknown): unknown {
  if (!Array.isArray(output)) return output;
  const [first] = output;
  return typeof first === 'object' && first !== null && !Array.isArray(first) ? first : output;
}
