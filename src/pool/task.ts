// A call as it travels to a thread: the names of functions, and one tensor whose buffer is given away.

import { isComplex, TYPED_ARRAYS } from '../input/elements.js';
import { describe, readOptions } from '../input/options.js';
import { readInput, type Stack } from '../input/stack.js';
import { readTensor, type TensorView } from '../layers/tensor.js';
import { splitArguments } from '../matrix/call.js';
import type { MetricsOptions, NumericArray } from '../types.js';
import { lend } from './buffers.js';

interface Signature {
  /** Takes a stack of matrices. */
  stack?: true;
  /** Takes a tensor of any order, which its errors call so. */
  of?: string;
  /** The second argument is a shape, never options. */
  plain?: true;
  /** Computes all singular values. */
  spectral?: true;
  /** Takes two matrices, left and right, and then options, with which right travels. */
  pair?: true;
}

/** The functions that a thread knows (run.ts has them): all public ones of one matrix, or of one stack. */
export const SIGNATURES = {
  matrixRank: {},
  matrixRanks: { stack: true },
  rankReport: {},
  singularValues: { spectral: true },
  qr: {},
  independentColumns: {},
  nullSpace: {},
  columnSpace: {},
  dependencies: {},
  rankFactors: {},
  productReport: { pair: true, spectral: true },
  productFactors: { pair: true, spectral: true },
  spectralMetrics: { spectral: true },
  heavyTail: { plain: true, spectral: true },
  frobeniusNorm: { plain: true },
  spectralNorm: { plain: true },
  stableRank: { plain: true },
  participationRatio: { plain: true },
  convLayerRank: { of: 'kernel' },
  denseLayerRank: { of: 'kernel' },
  multilinearRank: { of: 'tensor' },
} satisfies Record<string, Signature>;

type MatrixFunction = keyof typeof SIGNATURES;

/** Those, and what is done with the chunks of a tall matrix (accumulate.ts). */
export type TaskName = MatrixFunction | 'accumulate' | 'summarize';

const signature = (name: TaskName): Signature =>
  name in SIGNATURES ? SIGNATURES[name as MatrixFunction] : {};

/** What structured clone can carry of a TensorLike. */
export interface TaskTensor {
  data: NumericArray;
  shape: number[];
  strides?: number[];
  offset?: number;
  dtype?: string;
  noise?: number;
}

/** Of the rows of a tall matrix (accumulate.ts). */
export interface AccumulateOptions {
  /** Elements in a row; only without `states`. */
  columns?: number;
  /** Saved accumulators that the rows are added to, in this order. */
  states?: readonly Uint8Array[];
  /** Which row of the whole matrix the first one is, for errors. */
  first?: number;
  /** The rows are columns of the matrix that is meant. */
  transposed?: boolean;
}

export interface Task {
  /** Called one after the other with the same tensor. */
  names: readonly TaskName[];
  tensor: TaskTensor;
  options?: MetricsOptions & AccumulateOptions;
  /** Called after them, where the method of the first, a report, is one of these. */
  also?: { methods: readonly string[]; name: TaskName };
}

/** Multiplications that a task takes, about: what the queue orders by. */
export function work({ tensor: { shape }, names }: Task): number {
  const cols = shape.at(-1) ?? 1;
  const rows = shape.at(-2) ?? 1;
  let count = 1;
  for (let k = 0; k < shape.length - 2; k++) count *= shape[k];
  const spectrum = names.some((name) => signature(name).spectral);
  return count * rows * cols * Math.min(rows, cols) * (spectrum ? 8 : 1);
}

/** The shorter side, and multiplications, from which helpers are worth sending for. */
const SIDE = 400;
const MUCH = 1e8;

/** Whether a matrix of the task is so large that other threads can help: not where there are many small ones. */
export function gainsFromThreads(task: Task): boolean {
  const {
    names,
    tensor: { shape },
  } = task;
  const [rows = 1, cols = 1] = shape.slice(-2);
  const layer = names.some((name) => signature(name).of);
  const side = layer
    ? Math.sqrt(shape.reduce((product, extent) => product * extent, 1))
    : Math.min(rows, cols);
  return (
    side >= SIDE &&
    (layer || work(task) >= MUCH) &&
    !names.some((name) => name === 'accumulate' || name === 'summarize')
  );
}

/**
 * The task of one call of `name`, with a copy of the elements: the caller's array stays as it is. Throws what the
 * function would throw of its tensor; its options are left to it.
 */
export function toTask(name: TaskName, [a, b, c]: readonly unknown[]): Task {
  const { plain, of, stack, pair } = signature(name);
  if (pair) return pairTask(name, a, b, c);
  const [shape, options] = plain ? [b, undefined] : splitArguments(b, c, a);
  const tensor = of
    ? copiedView(readTensor(`${name}: ${of}`, a))
    : copied(readInput(name, [a, shape], stack ? Number.POSITIVE_INFINITY : 2, true));
  return { names: [name], tensor, options: options as MetricsOptions | undefined };
}

function pairTask(name: TaskName, left: unknown, right: unknown, options: unknown): Task {
  const tensor = copied(readInput(`${name}: left`, [left], 2, true));
  const other = copied(readInput(`${name}: right`, [right], 2, true));
  readOptions(name, options, name === 'productFactors' ? ['rank', 'energy'] : []); // what is none is not spread
  return { names: [name], tensor, options: { ...(options as object), right: other } as MetricsOptions };
}

/** Names of the types that an array alone does not tell. */
const DTYPES: Partial<Record<Stack['kind'], string>> = {
  f16: 'float16',
  bf16: 'bfloat16',
  c64: 'complex64',
  c128: 'complex128',
};

function copied(stack: Stack): TaskTensor {
  const { data, offset, kind, batch, count, rows, cols, colMajor, vector, noise } = stack;
  return {
    data: isComplex(stack)
      ? slice(data, 2 * offset, 2 * count * rows * cols)
      : slice(data, offset, count * rows * cols),
    shape: vector ? [cols] : [...batch, rows, cols],
    strides: colMajor ? columnStrides(batch, rows, cols) : undefined,
    dtype: DTYPES[kind],
    noise: Number.isNaN(noise) ? undefined : noise,
  };
}

/** The stretch of the elements that the view reaches. */
function copiedView(view: TensorView): TaskTensor {
  const { data, shape, strides, offset } = view;
  const empty = shape.includes(0);
  const spans = shape.map((extent, axis) => (extent - 1) * strides[axis]);
  const first = empty ? 0 : spans.reduce((sum, span) => sum + Math.min(span, 0), offset);
  const last = empty ? -1 : spans.reduce((sum, span) => sum + Math.max(span, 0), offset);
  return {
    ...view,
    data: slice(data, first, last - first + 1),
    shape: [...shape],
    strides: [...strides],
    offset: empty ? 0 : offset - first,
  };
}

/** A copy of `length` elements, of the same type, alone in a buffer. */
function slice(data: Stack['data'], first: number, length: number): NumericArray {
  const whole = first === 0 && data.length === length;
  if (!ArrayBuffer.isView(data)) return Float64Array.from(whole ? data : data.slice(first, first + length));
  const from = data as Float64Array;
  const Type = TYPED_ARRAYS[from[Symbol.toStringTag]];
  if (!Type) throw new TypeError(`matrix-rank: ${describe(data)} cannot be sent to a thread.`);
  const copy = new Type(lend(length * from.BYTES_PER_ELEMENT), 0, length);
  copy.set(whole ? from : from.subarray(first, first + length));
  return copy;
}

/** Whether the array is all of a buffer that may be given away. */
export function owns({ buffer, byteLength }: ArrayBufferView): boolean {
  return isArrayBuffer(buffer) && byteLength === buffer.byteLength;
}

/** Of any realm, and not shared. */
export function isArrayBuffer(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return Object.prototype.toString.call(buffer) === '[object ArrayBuffer]';
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
