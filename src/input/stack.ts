// What callers pass, to one record that the kernel copies from: a stack of matrices, contiguous.
// Layout: matrix k starts at offset + k rows cols, stored row by row or (colMajor) column by column.
// Cost: nothing for data that is contiguous in either order; one copy for nested arrays and for other strides.
import type { Floats } from '../kernel/host.js';
import { fromBfloat16, fromFloat16 } from '../shared/half.js';
import { product } from '../shared/shape.js';
import { gatherInto } from '../shared/strided.js';
import {
  allocate,
  count,
  type Elements,
  isComplex,
  type Kind,
  TYPED_ARRAYS,
  type TypedElements,
  type View,
} from './elements.js';
import { flatView, selfDescribedView } from './view.js';

export type { Elements, Kind } from './elements.js';

/** A stack of matrices. It may alias the caller's data: never write to it, never keep it. */
export interface Stack {
  /**
   * f16 and bf16: always a Uint16Array of bit patterns; a Float16Array is seen as one. c64 and c128: pairs, row-major.
   */
  data: Elements;
  /** Index in `data` of the first element. */
  offset: number;
  kind: Kind;
  /** float32's eps decides: f32, f16, bf16. */
  single: boolean;
  /** Leading dimensions; [] for one matrix. */
  batch: readonly number[];
  /** Number of matrices: the product of batch. */
  count: number;
  rows: number;
  cols: number;
  /** Each matrix is stored column by column. Never set where rows or cols is 1 or 0. */
  colMajor: boolean;
  /** The input had no or one dimension (rows is 1): the rank is 1 if any element is nonzero. */
  vector: boolean;
  /** The storage tolerance that the caller knows of; NaN: none. */
  noise: number;
}

const NO_BATCH: readonly number[] = Object.freeze([]);

/**
 * Reads the first arguments of `fn`: (data, shape), or (a) with no shape. More than `maxDims` dimensions (2 where
 * one matrix is meant) are a RangeError, complex elements a TypeError unless the caller takes them too.
 * NaN and Infinity pass: the kernel looks for them as it scans.
 *
 * @throws TypeError for a wrong type, RangeError for a wrong value
 */
export function readInput(
  fn: string,
  args: readonly [a: unknown, shape?: unknown],
  maxDims = Infinity,
  complexToo = false,
): Stack {
  return read(fn, args[0], args[1], maxDims, complexToo);
}

function read(fn: string, a: unknown, shape: unknown, maxDims: number, complexToo: boolean): Stack {
  // The common call, float64 or float32 data with [rows, columns], ends here.
  if (Array.isArray(shape) && shape.length === 2) {
    const rows = shape[0];
    const cols = shape[1];
    if (isIndex(rows) && isIndex(cols) && rows * cols > 0) {
      const size = rows * cols;
      // isView too: a Proxy of a typed array passes for an instance, and its length throws.
      if (!ArrayBuffer.isView(a)) return arrange(fn, flatView(fn, a, shape), maxDims);
      if (a instanceof Float64Array && a.length === size) {
        return oneMatrix(a, 'f64', rows, cols);
      }
      if (a instanceof Float32Array && a.length === size) {
        return oneMatrix(a, 'f32', rows, cols);
      }
    }
  }
  return arrange(
    fn,
    shape === undefined ? selfDescribedView(fn, a, complexToo) : flatView(fn, a, shape),
    maxDims,
  );
}

const isIndex = (value: unknown): value is number => typeof value === 'number' && value >>> 0 === value;

/** A row-major matrix of floats, from the first element of `data` on. */
export function oneMatrix(data: Floats, kind: 'f64' | 'f32', rows: number, cols: number): Stack {
  return {
    data,
    offset: 0,
    kind,
    single: kind === 'f32',
    batch: NO_BATCH,
    count: 1,
    rows,
    cols,
    colMajor: false,
    vector: false,
    noise: NaN,
  };
}

/** A view in place if its matrices are contiguous in either order, else gathered into row-major order. */
function arrange(fn: string, view: View, maxDims: number): Stack {
  const { shape } = view;
  let { data, kind } = view;
  const dims = shape.length;
  if (dims > maxDims) {
    throw new RangeError(
      `${fn}: shape [${shape.join(', ')}] has ${dims} dimensions, a matrix has 2; use matrixRanks for a stack of ` +
        'matrices, convLayerRank for a convolution kernel, or flatten the tensor first.',
    );
  }
  const size = product(shape);
  let offset = view.offset ?? 0;
  let colMajor = false;
  checkReach(fn, view, size);
  if (size === 0) {
    offset = 0;
  } else if (view.strides && !isContiguous(shape, view.strides)) {
    const pairs = isComplex({ kind });
    colMajor = !pairs && isContiguous(swapLast(shape), swapLast(view.strides));
    if (!colMajor) {
      if (Array.isArray(data)) kind = 'f64';
      data = pairs
        ? gather(fn, data, [...shape, 2], [...view.strides.map((step) => 2 * step), 1], 2 * offset, 2 * size)
        : gather(fn, data, shape, view.strides, offset, size);
      offset = 0;
    }
  }
  const vector = dims < 2;
  const batch = dims > 2 ? shape.slice(0, -2) : NO_BATCH;
  return {
    data,
    offset,
    kind,
    single: kind === 'f32' || kind === 'f16' || kind === 'bf16' || kind === 'c64',
    batch,
    count: product(batch),
    rows: vector ? 1 : shape[dims - 2],
    cols: dims === 0 ? 1 : shape[dims - 1],
    colMajor,
    vector,
    noise: view.noise ?? NaN,
  };
}

/** Exactly one element for each of the shape's; with strides or an offset, all of them inside the data. */
export function checkReach(fn: string, view: View, size: number): void {
  const { shape, strides, offset } = view;
  const length = isComplex(view) ? view.data.length / 2 : view.data.length;
  const shapeText = `shape [${shape.join(', ')}]`;
  if (strides === null && offset === null) {
    if (length !== size) {
      throw new RangeError(`${fn}: data has ${count(length, 'element')}, ${shapeText} needs ${size}.`);
    }
    return;
  }
  if (size === 0) return;
  let first = offset ?? 0;
  let last = first;
  if (strides === null) last += size - 1;
  for (let k = 0; strides !== null && k < shape.length; k++) {
    const span = (shape[k] - 1) * strides[k];
    if (span < 0) first += span;
    else last += span;
  }
  if (first < 0 || last >= length) {
    const steps = strides === null ? '' : `strides [${strides.join(', ')}] and `;
    throw new RangeError(
      `${fn}: ${shapeText} with ${steps}offset ${offset ?? 0} reads data[${first < 0 ? first : last}]; ` +
        `data has ${count(length, 'element')}.`,
    );
  }
}

/** Whether the strides are those of a row-major array. A dimension of one element may have any stride. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let k = shape.length - 1; k >= 0; k--) {
    if (shape[k] !== 1 && strides[k] !== step) return false;
    step *= shape[k];
  }
  return true;
}

function swapLast(list: readonly number[]): readonly number[] {
  const n = list.length;
  return n < 2 ? list : [...list.slice(0, -2), list[n - 1], list[n - 2]];
}

/**
 * The elements of a strided view in row-major order, in a fresh array of the same type (number[]: Float64Array).
 */
export function gather(
  fn: string,
  data: Elements,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  size: number,
): Elements {
  const typed = Array.isArray(data) ? Float64Array.from(data) : (data as TypedElements);
  const out = allocate(fn, TYPED_ARRAYS[typed[Symbol.toStringTag]], size);
  gatherInto(out, typed, shape, strides, offset);
  return out;
}

/**
 * Where element number `flatIndex` of the stack stands (counted from `offset`, in storage order), in the caller's
 * own indices: "[2]" in a vector, "[0, 3]" in a matrix, "[5, 0, 3]" in a stack.
 */
export function position(stack: Stack, flatIndex: number): string {
  const { batch, rows, cols } = stack;
  let matrix = Math.floor(flatIndex / (rows * cols));
  const within = flatIndex % (rows * cols);
  const line = stack.colMajor ? rows : cols;
  const major = Math.floor(within / line);
  const minor = within % line;
  if (stack.vector) return `[${minor}]`;
  const indices = stack.colMajor ? [minor, major] : [major, minor];
  for (let k = batch.length - 1; k >= 0; k--) {
    indices.unshift(matrix % batch[k]);
    matrix = Math.floor(matrix / batch[k]);
  }
  return `[${indices.join(', ')}]`;
}

/** Element number `flatIndex` of the stack (counted as for `position`) as a number. */
export function element(stack: Stack, flatIndex: number): number {
  const value = stack.data[stack.offset + flatIndex];
  return stack.kind === 'f16' ? fromFloat16(value) : stack.kind === 'bf16' ? fromBfloat16(value) : value;
}

/**
 * Matrix number `index` of the stack, square, with its lower triangle mirrored to the upper, row-major: what a
 * symmetric matrix means when only its lower triangle is stored. Nothing above the diagonal is read.
 */
export function symmetrized(stack: Stack, index: number, fn = 'matrixRank'): Float64Array {
  const { rows: n, cols, colMajor } = stack;
  if (n !== cols) throw new RangeError(`${fn}: hermitian needs a square matrix; got ${n}x${cols}.`);
  const out = allocate(fn, Float64Array, n * n);
  const first = index * n * n;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = element(stack, first + (colMajor ? j * n + i : i * n + j));
      out[i * n + j] = value;
      out[j * n + i] = value;
    }
  }
  return out;
}

const SCRATCH = new Float64Array(1024);
let turn = 0;

/**
 * A small matrix given as rows of plain numbers, in scratch that the next call overwrites: a typed array of its own
 * would cost more than the rank. Undefined where it is large, or anything else stands in it:
 * readInput() then says what.
 */
export function smallRows(a: unknown): Stack | undefined {
  if (!Array.isArray(a) || !Array.isArray(a[0])) return undefined;
  const rows = a.length;
  const cols = a[0].length;
  if (cols === 0 || rows * cols > SCRATCH.length) return undefined;
  const mine = ++turn;
  let p = 0;
  for (let i = 0; i < rows; i++) {
    const row = a[i];
    if (!Array.isArray(row) || row.length !== cols) return undefined;
    for (let j = 0; j < cols; j++) {
      const value = row[j];
      if (typeof value !== 'number') return undefined;
      SCRATCH[p++] = value;
    }
  }
  // A getter among the rows may have asked for a rank itself, and left its matrix here.
  if (turn !== mine) return undefined;
  return oneMatrix(SCRATCH, 'f64', rows, cols);
}
