// A call as it travels to a worker: the names of functions, and one tensor whose buffer is given away.

import { readOptions } from '../input/options.js';
import { readInput, type Stack } from '../input/stack.js';
import { split } from '../matrix/rank.js';
import type { MetricsOptions, NumericArray } from '../types.js';

export type TaskName = 'matrixRank' | 'matrixRanks' | 'rankReport' | 'singularValues' | 'spectralMetrics';

/** What structured clone can carry of a TensorLike. */
export interface TaskTensor {
  data: NumericArray;
  shape: number[];
  strides?: number[];
  dtype?: string;
}

export interface Task {
  /** Called one after the other with the same tensor. */
  names: readonly TaskName[];
  tensor: TaskTensor;
  options?: MetricsOptions;
}

/** Multiplications that a task takes, about: what the queue orders by. */
export function work({ tensor: { shape }, names }: Task): number {
  const cols = shape.at(-1) ?? 1;
  const rows = shape.at(-2) ?? 1;
  let count = 1;
  for (let k = 0; k < shape.length - 2; k++) count *= shape[k];
  const spectrum = names.includes('singularValues') || names.includes('spectralMetrics');
  return count * rows * cols * Math.min(rows, cols) * (spectrum ? 8 : 1);
}

/** The task of one call of `name`, with a copy of the elements: the caller's array stays as it is. */
export function toTask(name: TaskName, [a, b, c]: readonly unknown[]): Task {
  const [shape, options] = name === 'singularValues' ? [b, undefined] : split(b, c);
  const stack = readInput(name, [a, shape], name === 'matrixRanks' ? Number.POSITIVE_INFINITY : 2);
  readOptions(name, options, name === 'spectralMetrics' ? ['centered'] : []);
  return {
    names: [name],
    tensor: copied(stack),
    options: options === undefined ? undefined : { ...(options as MetricsOptions) },
  };
}

function copied(stack: Stack): TaskTensor {
  const { data, offset, kind, batch, count, rows, cols, colMajor, vector } = stack;
  const length = count * rows * cols;
  const elements = ArrayBuffer.isView(data)
    ? (data as Float64Array).slice(offset, offset + length)
    : Float64Array.from(offset === 0 && data.length === length ? data : data.slice(offset, offset + length));
  return {
    data: owns(elements) ? elements : new Uint8Array(elements), // a Buffer's slice is a view of its parent
    shape: vector ? [cols] : [...batch, rows, cols],
    strides: colMajor ? columnStrides(batch, rows, cols) : undefined,
    dtype: kind === 'f16' ? 'float16' : kind === 'bf16' ? 'bfloat16' : undefined,
  };
}

/** Whether the array is all of a buffer that may be given away. */
export function owns(array: ArrayBufferView): boolean {
  return array.buffer instanceof ArrayBuffer && array.byteLength === array.buffer.byteLength;
}

function columnStrides(batch: readonly number[], rows: number, cols: number): number[] {
  const strides = [1, rows];
  let step = rows * cols;
  for (let k = batch.length - 1; k >= 0; k--) {
    strides.unshift(step);
    step *= batch[k];
  }
  return strides;
}
