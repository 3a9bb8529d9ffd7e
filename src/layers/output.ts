// What a caller's operation gives back, to the rank of its [batch, -1] matrix.
// Layout: any; the batch is the output's first dimension unless `batchAxis` names another. The order of the columns
// does not change the rank, so the cheapest one is taken.

import { readOptions } from '../input/options.js';
import { readInput } from '../input/stack.js';
import { ranksOf } from '../matrix/rank.js';
import type { RankOptions } from '../types.js';
import { readTensor, show } from './tensor.js';
import { unfoldAnyOrder } from './unfold.js';

/** Which dimension of an output is the batch. */
export interface BatchOptions {
  /** Default 0. onnxruntime's LSTM, whose Y is [time, directions, batch, units], has it at 2. */
  batchAxis?: number;
}

/** Whether awaiting `value` would change it. */
function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Throws unless `op` is a function. */
export function checkOp(caller: string, argument: string, op: unknown): void {
  if (typeof op !== 'function') {
    throw new TypeError(`${caller}: ${argument} must be a function; got ${show(op)}.`);
  }
}

/** Throws when a synchronous function meets a promise. */
export function refusePromise(caller: string, argument: string, output: unknown): void {
  if (isPromise(output)) {
    throw new TypeError(`${caller}: ${argument} must return a tensor; got a promise. Use ${caller}Async.`);
  }
}

/** The rank of `output` as a matrix [batch, everything else]. */
export function batchRank(
  caller: string,
  argument: string,
  output: unknown,
  options: (RankOptions & BatchOptions) | undefined,
): number {
  const t = readOptions(caller, options, ['batchAxis']);
  const { batchAxis = 0 } = options ?? {};
  const view = readTensor(`${caller}: ${argument}`, output);
  const order = view.shape.length;
  if (order === 0) {
    throw new RangeError(`${caller}: ${argument} must have a batch dimension; got a scalar.`);
  }
  if (typeof batchAxis !== 'number') {
    throw new TypeError(`${caller}: batchAxis must be a number; got ${show(batchAxis)}.`);
  }
  if (!Number.isInteger(batchAxis) || batchAxis < 0 || batchAxis >= order) {
    throw new RangeError(
      `${caller}: batchAxis must be an integer from 0 to ${order - 1} for a tensor ${show(view.shape)}; ` +
        `got ${batchAxis}.`,
    );
  }
  return ranksOf(caller, readInput(caller, [unfoldAnyOrder(view, batchAxis)]), t)[0];
}

/**
 * `output` with its elements in memory: as it is when they are, else as its own asynchronous `getData()` (onnxruntime)
 * or `data()` (tfjs) delivers them. Nothing is disposed.
 */
export async function download(output: unknown): Promise<unknown> {
  if (typeof output !== 'object' || output === null) return output;
  const tensor = output as Record<string, unknown>;
  const read = typeof tensor.getData === 'function' ? tensor.getData : tensor.data;
  const { shape, dims = shape, dtype, type = dtype } = tensor;
  if (typeof read !== 'function' || !Array.isArray(dims)) return output;
  return { data: await read.call(tensor), shape: dims, dtype: type };
}
