// RankAccumulator: the rank of a matrix that comes row by row, or lies on many machines.
//
// Kept is a matrix `work` with the singular values of all rows pushed so far: at first these rows themselves,
// then, each time the space is full, the triangle R of their QR factorisation followed by fresh rows
// (sequential TSQR; Demmel, Grigori, Hoemmen & Langou 2012). Two accumulators merge by one taking the other's
// rows, and more rows at once than the space holds come as their triangle, which the kernel makes panel by panel.
// Elements are kept as x / 2^exponent, so that neither 1e300 nor denormals lose anything on the way.
// Memory: at most about 3 n^2 numbers for n columns, 256 rows at least. Cost: about 3 m n^2 flops for m rows.

import { embedded, halved, isComplex, partOf } from '../input/complex.js';
import { allocate } from '../input/elements.js';
import { floats } from '../input/floats.js';
import { describe, readOptions } from '../input/options.js';
import { element, readInput, type Stack } from '../input/stack.js';
import { close } from '../kernel/host.js';
import { type Kernel, kernel } from '../kernel/load.js';
import { copyOut, open } from '../kernel/memory.js';
import { forEachMatrix, throwUndecided, tolerances } from '../matrix/call.js';
import { emptyReport, METHODS } from '../matrix/rank.js';
import type { AccumulatorOptions, MatrixInput, NumericArray, RankOptions, RankReport } from '../types.js';
import { readState, type State, writeState } from './saved.js';

/** Magnitudes this many powers of two from 1 need no scaling: the kernel scales what it squares. */
const NEAR = 400;
const U = 2 ** -53;

type AccumulatorType = NonNullable<AccumulatorOptions['dtype']>;
const TYPES: readonly AccumulatorType[] = ['float32', 'float64', 'complex64', 'complex128'];

/** The rank of any number of rows, in the memory of a few hundred (or of 3 `columns` where that is more). */
export class RankAccumulator {
  /** Elements in a row. */
  readonly columns: number;
  #rows = 0;
  /** Numbers in a row of work: two for each complex column. */
  readonly #width: number;
  #chosen: AccumulatorType | undefined;
  #double = false; // rows of more than single precision came
  #work: Float64Array = new Float64Array(0);
  #filled = 0; // rows of work in use
  #exponent = 0;
  #folds = 0;

  /**
   * @param columns elements in a row
   * @param options `dtype` decides whose eps the default tolerance has, 'float32' or 'float64'. Without it
   *   float32 if all rows pushed are Float32Array (or 16-bit floats), else float64: as of the rows put
   *   together in NumPy. With 'complex64' or 'complex128' rows are complex: real and imaginary parts in turn
   */
  constructor(columns: number, options?: AccumulatorOptions) {
    const fn = 'RankAccumulator';
    if (typeof columns !== 'number') {
      throw new TypeError(`${fn}: columns must be a number; got ${describe(columns)}.`);
    }
    if (!Number.isInteger(columns) || columns < 1 || columns > 0x7fffffff) {
      throw new RangeError(`${fn}: columns must be a whole number from 1 to 2147483647; got ${columns}.`);
    }
    if (options !== undefined && (typeof options !== 'object' || options === null)) {
      throw new TypeError(
        `${fn}: options must be an object, such as { dtype: 'float32' }; got ${describe(options)}.`,
      );
    }
    for (const name of Object.keys(options ?? {})) {
      if (name !== 'dtype') {
        throw new TypeError(`${fn}: there is no option ${JSON.stringify(name)}; the only one is dtype.`);
      }
    }
    const dtype = options?.dtype;
    if (dtype !== undefined && !TYPES.includes(dtype)) {
      const got = typeof dtype === 'string' ? `'${dtype}'` : describe(dtype);
      throw new (typeof dtype === 'string' ? RangeError : TypeError)(
        `${fn}: dtype must be 'float32', 'float64', 'complex64' or 'complex128'; got ${got}.`,
      );
    }
    this.columns = columns;
    this.#chosen = dtype;
    this.#width = columns * this.#copies;
  }

  /** Rows pushed so far, those of merged accumulators among them. */
  get rows(): number {
    return this.#rows;
  }

  /** The precision whose eps the default tolerance has. */
  get dtype(): AccumulatorType {
    return this.#chosen ?? (this.#double || this.#rows === 0 ? 'float64' : 'float32');
  }

  /**
   * Takes rows in: a flat array of one row or more, or a matrix [rows, columns] that knows its own shape.
   * Copied, never kept.
   *
   * @throws TypeError for wrong types; RangeError for rows of another length, or for NaN or Infinity, naming
   *   its row, counted from the first one ever pushed, and its column. The accumulator is then as it was.
   */
  push(rows: NumericArray | MatrixInput): this {
    const fn = 'RankAccumulator.push';
    const stack = this.#read(fn, rows);
    const { rows: count } = stack;
    const real = this.#real(fn, stack);
    if (real.rows > rowsKept(this.#width)) this.#appendFactor(fn, real);
    else this.#appendRows(fn, real);
    if (count > 0) this.#double ||= !stack.single;
    this.#rows += count;
    return this;
  }

  #appendRows(fn: string, stack: Stack): void {
    const { rows: count, cols, colMajor } = stack;
    const size = count * cols;
    const { data, offset } = floats(stack);
    let largest = 0;
    for (let i = offset; i < offset + size; i++) {
      const x = Math.abs(data[i]);
      if (x > largest) largest = x;
      if (!(x < Infinity)) this.#refuse(fn, stack);
    }
    this.#append(data, offset, count, colMajor, largest, 0);
  }

  /** More rows than the space holds: the kernel scans and factors them where they lie. */
  #appendFactor(fn: string, stack: Stack): void {
    const { rows: count, cols: n, colMajor } = stack;
    const { data, offset } = floats(stack);
    const k = kernel();
    try {
      open(data, offset, count, n, colMajor);
      if (!k.scan()) this.#refuse(fn, stack);
      const { factor, exponent } = factorOf(k, n);
      let largest = 0;
      for (const x of factor) {
        largest = Math.max(largest, Math.abs(x));
        if (!(largest < Infinity)) this.#refuse(fn, stack);
      }
      this.#append(factor, 0, n, false, largest, exponent);
      this.#folds += Math.ceil(count / rowsFactored(n));
    } finally {
      close();
    }
  }

  /** Takes in all rows of another accumulator, which stays as it is. The rank does not depend on the order. */
  merge(other: RankAccumulator): this {
    const fn = 'RankAccumulator.merge';
    if (!(other instanceof RankAccumulator)) {
      throw new TypeError(`${fn}: other must be a RankAccumulator; got ${describe(other)}.`);
    }
    if (other.columns !== this.columns) {
      throw new RangeError(`${fn}: other has ${other.columns} columns, this one ${this.columns}.`);
    }
    if (other.#chosen !== this.#chosen) {
      const [theirs, own] = [other.#chosen, this.#chosen].map((dtype) => dtype ?? 'none');
      throw new RangeError(`${fn}: other was made with dtype ${theirs}, this one with ${own}.`);
    }
    const n = this.#width;
    const count = other.#filled;
    const work = other === this ? other.#work.slice(0, count * n) : other.#work;
    const [rows, double, folds, exponent] = [other.#rows, other.#double, other.#folds, other.#exponent];
    let largest = 0;
    for (let i = 0; i < count * n; i++) largest = Math.max(largest, Math.abs(work[i]));
    this.#append(work, 0, count, false, largest, exponent);
    this.#double ||= double;
    this.#rows += rows;
    this.#folds += folds;
    return this;
  }

  /** The rank of all rows as one matrix, as `matrixRank`; default tolerance sigma_1 max(rows, columns) eps. */
  rank(options?: RankOptions): number {
    return this.#decide('RankAccumulator.rank', options, false).rank;
  }

  /**
   * The rank with its proof, as `rankReport`. The bounds are those of the kept factor, apart by what rounding
   * does on the way to it: 2^-53 ||A||_F times the square root of columns and of factorisations, the growth
   * that is seen, not the worst case.
   */
  report(options?: RankOptions): RankReport {
    return this.#decide('RankAccumulator.report', options, true);
  }

  /** The singular values of all rows as one matrix, descending, min(rows, columns) of them. */
  singularValues(): Float64Array {
    const count = Math.min(this.#filled, this.#width);
    let values: Float64Array = new Float64Array(count);
    if (count === 0) return values;
    forEachMatrix('RankAccumulator.singularValues', this.#stack(), false, (k) => {
      const at = k.reserve(8 * count);
      k.spectrum(at);
      const scale = k.scale();
      values = copyOut(at, count).map((x) => timesPower(x / scale, this.#exponent));
    });
    return this.#copies === 2 ? halved(values) : values;
  }

  /** The state, to go on with elsewhere: about 8 columns^2 bytes at most, with a format number and a checksum. */
  toBytes(): Uint8Array {
    if (this.#filled > this.#width) this.#fold();
    return writeState({
      columns: this.#width,
      rows: this.#rows,
      chosen: this.#chosen,
      double: this.#double,
      exponent: this.#exponent,
      folds: this.#folds,
      filled: this.#filled,
      work: this.#work,
    });
  }

  /** An accumulator from what `toBytes` gave. Bytes of anything else, cut or changed ones are a RangeError. */
  static fromBytes(bytes: Uint8Array): RankAccumulator {
    const state: State = readState('RankAccumulator.fromBytes', bytes);
    const copies = state.chosen?.startsWith('complex') ? 2 : 1;
    const made = new RankAccumulator(state.columns / copies, { dtype: state.chosen });
    made.#rows = state.rows;
    made.#double = state.double;
    made.#exponent = state.exponent;
    made.#folds = state.folds;
    made.#filled = state.filled;
    made.#work = state.work;
    return made;
  }

  /** Numbers that a column takes. */
  get #copies(): 1 | 2 {
    return this.#chosen?.startsWith('complex') ? 2 : 1;
  }

  /** Complex rows as real ones, two for each (input/complex.ts). */
  #real(fn: string, stack: Stack): Stack {
    const complex = isComplex(stack);
    const { rows: count, cols } = stack;
    if (count > 0 && complex !== (this.#copies === 2)) {
      const why = complex
        ? "rows are complex; make the accumulator with { dtype: 'complex128' }"
        : 'rows are real, and this accumulator is complex; give them a dtype';
      throw new TypeError(`${fn}: ${why}.`);
    }
    if (!complex) return stack;
    for (let i = 0; i < count * cols; i++) {
      const x = partOf(stack, i);
      if (!Number.isFinite(x)) this.#refuseElement(fn, Math.floor(i / cols), i % cols, x);
    }
    const data = embedded(fn, stack, 0, false);
    const kind = stack.kind === 'c64' ? 'f32' : 'f64';
    return { ...stack, data, offset: 0, kind, rows: 2 * count, cols: 2 * cols };
  }

  #read(fn: string, rows: unknown): Stack {
    const n = this.columns;
    const complex = this.#copies === 2;
    const flat =
      (ArrayBuffer.isView(rows) && 'length' in rows) || (Array.isArray(rows) && typeof rows[0] === 'number');
    if (Array.isArray(rows) && rows.length === 0) return readInput(fn, [[], [0, n]], 2);
    if (flat && complex) return this.#readPairs(fn, rows as NumericArray);
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
  #readPairs(fn: string, rows: NumericArray): Stack {
    const n = this.columns;
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

  /** Throws for the first element, row by row, that is not finite. */
  #refuse(fn: string, stack: Stack): never {
    const { rows, cols, colMajor } = stack;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const x = element(stack, colMajor ? j * rows + i : i * cols + j);
        if (!Number.isFinite(x)) this.#refuseElement(fn, i, j, x);
      }
    }
    throw new RangeError(`${fn}: the data changed while it was read.`);
  }

  #refuseElement(fn: string, row: number, column: number, x: number): never {
    const where = this.#rows ? ` (row ${row} of this call)` : '';
    throw new RangeError(
      `${fn}: row ${this.#rows + row}${where}, column ${column} is ${x}; every element must be finite.`,
    );
  }

  /** Appends `count` rows of data * 2^exponent, whose largest magnitude is largest * 2^exponent. */
  #append(
    data: Float64Array | Float32Array,
    offset: number,
    count: number,
    colMajor: boolean,
    largest: number,
    exponent: number,
  ): void {
    const n = this.#width;
    this.#fit(largest, exponent);
    const power = exponent - this.#exponent;
    const capacity = rowsKept(n);
    for (let i = 0; i < count; ) {
      if (this.#filled === capacity) this.#fold();
      const take = Math.min(count - i, capacity - this.#filled);
      this.#grow(this.#filled + take);
      const to = this.#filled * n;
      const work = this.#work.subarray(to, to + take * n);
      if (!colMajor) {
        work.set(data.subarray(offset + i * n, offset + (i + take) * n));
      } else {
        for (let r = 0; r < take; r++) {
          for (let j = 0; j < n; j++) work[r * n + j] = data[offset + j * count + i + r];
        }
      }
      if (power !== 0) for (let p = 0; p < work.length; p++) work[p] = timesPower(work[p], power);
      this.#filled += take;
      i += take;
    }
  }

  /** Chooses the exponent anew where elements of this size need it. */
  #fit(largest: number, exponent: number): void {
    if (largest === 0) return;
    const size = exponent + Math.floor(Math.log2(largest));
    const empty =
      this.#filled === 0 || !this.#work.subarray(0, this.#filled * this.#width).some((x) => x !== 0);
    if (empty) this.#exponent = Math.abs(size) <= NEAR ? 0 : size;
    if (size <= this.#exponent + NEAR) return;
    const power = this.#exponent - size;
    this.#exponent = size;
    const end = this.#filled * this.#width;
    for (let i = 0; i < end; i++) this.#work[i] = timesPower(this.#work[i], power);
  }

  #grow(rows: number): void {
    const have = this.#work.length / this.#width;
    if (rows <= have) return;
    const size = Math.min(rowsKept(this.#width), Math.max(rows, 2 * have)) * this.#width;
    const wider = allocate('RankAccumulator', Float64Array, size);
    wider.set(this.#work);
    this.#work = wider;
  }

  /** All rows kept become a triangle. */
  #fold(): void {
    const n = this.#width;
    forEachMatrix('RankAccumulator', this.#stack(), false, (k) => {
      const { factor, exponent } = factorOf(k, n);
      this.#work.set(exponent === 0 ? factor : factor.map((x) => timesPower(x, exponent)));
    });
    this.#filled = n;
    this.#folds++;
  }

  #stack(): Stack {
    return {
      data: this.#work,
      offset: 0,
      kind: 'f64',
      single: this.dtype === 'float32' || this.dtype === 'complex64',
      batch: [],
      count: 1,
      rows: this.#filled,
      cols: this.#width,
      colMajor: false,
      vector: false,
      noise: NaN,
    };
  }

  #decide(fn: string, options: RankOptions | undefined, exact: boolean): RankReport {
    const t = readOptions(fn, options);
    if (t.storage)
      throw new TypeError(`${fn}: tol 'storage' needs all rows as they were stored; give a number.`);
    if (t.hermitian) throw new TypeError(`${fn}: hermitian is for square matrices, not for rows that go on.`);
    const stack = this.#stack();
    const { absolute, relative } = tolerances(t, { ...stack, rows: this.#rows, cols: this.columns });
    const shape: [number, number] = [this.#rows, this.columns];
    let report = emptyReport(this.#rows, this.columns, absolute);
    if (this.#filled === 0) return report;
    forEachMatrix(fn, stack, false, (k) => {
      const scaled = timesPower(absolute, -this.#exponent);
      const found = k.rank(scaled, relative, exact);
      if (found < 0) throwUndecided(fn);
      const rank = Math.floor(found / this.#copies); // pairs, as rankOpen() has it
      // What the folds did, as "Slack" in docs/certificates.md has it.
      const slack = this.#folds ? U * k.frobenius() * Math.sqrt(this.#width * this.#folds + 8) : 0;
      const full = rank === Math.min(this.#rows, this.columns);
      const lower = Math.max(k.lower() - slack, 0);
      const upper = full ? 0 : k.upper() + slack;
      const tolerance = Math.max(scaled, k.tolerance());
      const margin = Math.min(ratio(lower, tolerance), ratio(tolerance, upper));
      const [low, high, tol, sigmaMax] = [lower, upper, tolerance, k.sigma()].map((x) =>
        timesPower(x, this.#exponent),
      );
      report = {
        rank,
        shape,
        tolerance: tol,
        method: METHODS[k.method()],
        lower: low,
        upper: high,
        sigmaMax,
        margin,
        proven: k.proven() !== 0 && lower > tolerance && upper <= tolerance,
      };
    });
    return report;
  }
}

/** Rows that the working matrix holds before it is factored. */
function rowsKept(columns: number): number {
  return columns + (columns > 1024 ? columns : Math.max(2 * columns, 256));
}

/** Rows that the kernel factors at a time (factor/tsqr.ts). */
function rowsFactored(columns: number): number {
  return Math.max(4 * columns, 256);
}

/** R of the open matrix: factor * 2^exponent. */
function factorOf(k: Kernel, n: number): { factor: Float64Array; exponent: number } {
  const at = k.reserve(8 * n * n);
  k.triangle(at);
  return { factor: copyOut(at, n * n), exponent: -Math.log2(k.scale()) };
}

/** x 2^power, |power| up to 3000: in three steps, of which each is a number. */
function timesPower(x: number, power: number): number {
  const step = Math.trunc(power / 3);
  return x * 2 ** step * 2 ** step * 2 ** (power - 2 * step);
}

/** a / b, where 0 / 0 and Infinity / anything set no limit. */
function ratio(a: number, b: number): number {
  return b === 0 || a === Infinity ? Infinity : a / b;
}
