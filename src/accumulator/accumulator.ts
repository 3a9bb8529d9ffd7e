// RankAccumulator: the rank of a matrix that comes row by row, or lies on many machines.
// What it keeps, and its cost: working-matrix.ts; what rows may be: pushed-rows.ts; the saved form: saved.ts.

import { halved } from '../input/complex.js';
import { describe, readOptions } from '../input/options.js';
import { copyOut } from '../kernel/memory.js';
import { forEachMatrix, throwUndecided, tolerances } from '../matrix/call.js';
import { emptyReport, METHODS, marginOf } from '../matrix/rank.js';
import type { AccumulatorOptions, MatrixInput, NumericArray, RankOptions, RankReport } from '../types.js';
import { readRows, realRows, refuse } from './pushed-rows.js';
import { readState, writeState } from './saved.js';
import { timesPower, WorkingMatrix } from './working-matrix.js';

const U = 2 ** -53;

type AccumulatorType = NonNullable<AccumulatorOptions['dtype']>;
const TYPES: readonly AccumulatorType[] = ['float32', 'float64', 'complex64', 'complex128'];

/** The rank of any number of rows, in the memory of a few hundred (or of 3 `columns` where that is more). */
export class RankAccumulator {
  /** Elements in a row. */
  readonly columns: number;
  #rows = 0;
  #chosen: AccumulatorType | undefined;
  #double = false; // rows of more than single precision came
  /** A row has two numbers for each complex column. */
  readonly #work: WorkingMatrix;

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
    this.#work = new WorkingMatrix(columns * this.#copies);
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
    const { columns } = this;
    const target = { fn: 'RankAccumulator.push', columns, complex: this.#copies === 2, before: this.#rows };
    const stack = readRows(target, rows);
    const real = realRows(target, stack);
    this.#work.push(real, () => refuse(target, real));
    if (stack.rows > 0) this.#double ||= !stack.single;
    this.#rows += stack.rows;
    return this;
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
    const rows = other.#rows; // its own ones, where it is this one itself
    this.#work.merge(other.#work);
    this.#double ||= other.#double;
    this.#rows += rows;
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
    const { stack, filled, width, exponent } = this.#work;
    const count = Math.min(filled, width);
    let values: Float64Array = new Float64Array(count);
    if (count === 0) return values;
    forEachMatrix('RankAccumulator.singularValues', stack, false, (k) => {
      const at = k.reserve(8 * count);
      k.spectrum(at);
      const scale = k.scale();
      values = copyOut(at, count).map((x) => timesPower(x / scale, exponent));
    });
    return this.#copies === 2 ? halved(values) : values;
  }

  /** The state, to go on with elsewhere: about 8 columns^2 bytes at most, with a format number and a checksum. */
  toBytes(): Uint8Array {
    const work = this.#work;
    if (work.filled > work.width) work.fold();
    return writeState({ rows: this.#rows, chosen: this.#chosen, double: this.#double, work });
  }

  /** An accumulator from what `toBytes` gave. Bytes of anything else, cut or changed ones are a RangeError. */
  static fromBytes(bytes: Uint8Array): RankAccumulator {
    const { rows, chosen, double, work } = readState('RankAccumulator.fromBytes', bytes);
    const copies = chosen?.startsWith('complex') ? 2 : 1;
    const made = new RankAccumulator(work.width / copies, { dtype: chosen });
    made.#rows = rows;
    made.#double = double;
    Object.assign(made.#work, work);
    return made;
  }

  /** Numbers that a column takes. */
  get #copies(): 1 | 2 {
    return this.#chosen?.startsWith('complex') ? 2 : 1;
  }

  #decide(fn: string, options: RankOptions | undefined, exact: boolean): RankReport {
    const t = readOptions(fn, options);
    if (t.storage)
      throw new TypeError(`${fn}: tol 'storage' needs all rows as they were stored; give a number.`);
    if (t.hermitian) throw new TypeError(`${fn}: hermitian is for square matrices, not for rows that go on.`);
    const { stack, filled, width, exponent, folds } = this.#work;
    const single = this.dtype === 'float32' || this.dtype === 'complex64';
    const whole = { ...stack, single, rows: this.#rows, cols: this.columns };
    const { absolute, relative } = tolerances(t, whole);
    let report = emptyReport(this.#rows, this.columns, absolute);
    if (filled === 0) return report;
    forEachMatrix(fn, stack, false, (k) => {
      const scaled = timesPower(absolute, -exponent);
      const count = k.rank(scaled, relative, exact);
      if (count < 0) throwUndecided(fn);
      const rank = Math.floor(count / this.#copies); // pairs, as rankOpen() has it
      // What the folds did, as "Slack" in docs/certificates.md has it.
      const slack = U * k.frobenius() * Math.sqrt(folds * (width + 8));
      const full = rank === Math.min(this.#rows, this.columns);
      const lower = Math.max(k.lower() - slack, 0);
      const upper = full ? 0 : k.upper() + slack;
      const tolerance = Math.max(scaled, k.tolerance());
      const margin = marginOf(lower, upper, tolerance);
      const unscale = (x: number) => timesPower(x, exponent);
      report = {
        rank,
        shape: [this.#rows, this.columns],
        tolerance: unscale(tolerance),
        method: METHODS[k.method()],
        lower: unscale(lower),
        upper: unscale(upper),
        sigmaMax: unscale(k.sigma()),
        margin,
        proven: k.proven() !== 0 && lower > tolerance && upper <= tolerance,
      };
    });
    return report;
  }
}
