// What is pushed into an accumulator, read as one matrix of its columns; complex rows become real ones, two for each.

import { embedded, partOf } from '../input/complex.js';
import { isComplex } from '../input/elements.js';
import { element, readInput, type Stack } from '../input/stack.js';
import type { NumericArray } from '../types.js';

/** The accumulator that is pushed into. */
export interface Target {
  /** The function that the caller called. */
  fn: string;
  columns: number;
  complex: boolean;
  /** Rows pushed before. */
  before: number;
}

/** A flat array of one row or more, or a matrix. */
export function readRows(target: Target, rows: unknown): Stack {
  const { fn, columns: n } = target;
  const flat =
    (ArrayBuffer.isView(rows) && 'length' in rows) || (Array.isArray(rows) && typeof rows[0] === 'number');
  if (Array.isArray(rows) && rows.length === 0) return readInput(fn, [[], [0, n]], 2);
  if (flat && target.complex) return readPairs(target, rows as NumericArray);
  if (flat) {
    const { length } = rows as ArrayLike<number>;
    if (length % n !== 0) {
      throw new RangeError(`${fn}: rows has ${length} elements, which is no multiple of the ${n} columns.`);
    }
    return readInput(fn, [rows, [length / n, n]], 2);
  }
  const stack = readInput(fn, [rows], 2, true);
  if (stack.cols !== n && stack.rows > 0) {
    throw new RangeError(`${fn}: rows has ${stack.cols} columns; this accumulator has ${n}.`);
  }
  return stack;
}

/** A flat array of real and imaginary parts in turn. */
function readPairs({ fn, columns: n }: Target, rows: NumericArray): Stack {
  if (rows.length % (2 * n) !== 0) {
    throw new RangeError(
      `${fn}: rows has ${rows.length} numbers, which is no multiple of ${2 * n}: ` +
        `real and imaginary parts of ${n} columns.`,
    );
  }
  const single = Object.prototype.toString.call(rows) === '[object Float32Array]';
  const data = Array.isArray(rows) ? Float64Array.from(rows) : rows;
  const dtype = single ? 'complex64' : 'complex128';
  return readInput(fn, [{ data, shape: [rows.length / (2 * n), n], dtype }], 2, true);
}

/** Complex rows as real ones, two for each (input/complex.ts). */
export function realRows(target: Target, stack: Stack): Stack {
  const complex = isComplex(stack);
  const { rows: count, cols } = stack;
  if (count > 0 && complex !== target.complex) {
    const why = complex
      ? "rows are complex; make the accumulator with { dtype: 'complex128' }"
      : 'rows are real, and this accumulator is complex; give them a dtype';
    throw new TypeError(`${target.fn}: ${why}.`);
  }
  if (!complex) return stack;
  for (let i = 0; i < count * cols; i++) {
    const x = partOf(stack, i);
    if (!Number.isFinite(x)) refuseElement(target, Math.floor(i / cols), i % cols, x);
  }
  const data = embedded(target.fn, stack, 0, false);
  const kind = stack.kind === 'c64' ? 'f32' : 'f64';
  return { ...stack, data, offset: 0, kind, rows: 2 * count, cols: 2 * cols };
}

/** Throws for the first element, row by row, that is not finite. */
export function refuse(target: Target, stack: Stack): never {
  const { rows, cols, colMajor } = stack;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const x = element(stack, colMajor ? j * rows + i : i * cols + j);
      if (!Number.isFinite(x)) refuseElement(target, i, j, x);
    }
  }
  throw new RangeError(`${target.fn}: the data changed while it was read.`);
}

function refuseElement({ fn, before }: Target, row: number, column: number, x: number): never {
  const where = before ? ` (row ${row} of this call)` : '';
  throw new RangeError(
    `${fn}: row ${before + row}${where}, column ${column} is ${x}; every element must be finite.`,
  );
}
