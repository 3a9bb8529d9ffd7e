// The matrix that stands in an accumulator for all rows pushed: it has their singular values.
//
// At first it holds these rows themselves, then, each time the space is full, the triangle R of their QR
// factorisation followed by fresh rows (sequential TSQR; Demmel, Grigori, Hoemmen & Langou 2012). Two of them merge by
// one taking the other's rows, and more rows at once than the space holds come as their triangle, which the kernel
// makes panel by panel.
// Layout: row-major, `filled` rows of `width` numbers, each kept as x / 2^exponent, so that neither 1e300 nor
// denormals lose anything on the way.
// Memory: at most about 3 n^2 numbers for a width of n, 256 rows at least. Cost: about 3 m n^2 flops for m rows.

import { allocate } from '../input/elements.js';
import { floats } from '../input/floats.js';
import { oneMatrix, type Stack } from '../input/stack.js';
import { close, type Floats } from '../kernel/host.js';
import { type Kernel, kernel } from '../kernel/load.js';
import { copyOut, open } from '../kernel/memory.js';
import { forEachMatrix } from '../matrix/call.js';

/** Magnitudes this many powers of two from 1 need no scaling: the kernel scales what it squares. */
const NEAR = 400;

/** `count` rows of a common scale: data * 2^exponent. */
interface Rows {
  data: Floats;
  offset: number;
  count: number;
  colMajor: boolean;
  exponent: number;
  /** The largest magnitude in data. */
  largest: number;
}

export class WorkingMatrix {
  data: Float64Array = new Float64Array(0);
  /** Rows in use. */
  filled = 0;
  exponent = 0;
  /** Factorisations so far: what rounding has done grows with their number. */
  folds = 0;

  /** @param width numbers in a row */
  constructor(readonly width: number) {}

  /** As the functions of one matrix take it; without its exponent. */
  get stack(): Stack {
    return oneMatrix(this.data, 'f64', this.filled, this.width);
  }

  /** Takes in rows of floats. Where one is not finite, `refuse` throws, and nothing was changed. */
  push(stack: Stack, refuse: () => never): void {
    if (stack.rows > rowsKept(this.width)) this.#pushFactor(stack, refuse);
    else this.#pushRows(stack, refuse);
  }

  #pushRows(stack: Stack, refuse: () => never): void {
    const { rows: count, cols, colMajor } = stack;
    const { data, offset } = floats(stack);
    let largest = 0;
    for (let i = offset; i < offset + count * cols; i++) {
      const x = Math.abs(data[i]);
      if (x > largest) largest = x;
      if (!(x < Infinity)) refuse();
    }
    this.#append({ data, offset, count, colMajor, exponent: 0, largest });
  }

  /** More rows than the space holds: the kernel scans and factors them where they lie. */
  #pushFactor(stack: Stack, refuse: () => never): void {
    const { rows: count, cols: n, colMajor } = stack;
    const { data, offset } = floats(stack);
    const k = kernel();
    try {
      open(data, offset, count, n, colMajor);
      if (!k.scan()) refuse();
      const { factor, exponent } = factorOf(k, n);
      const largest = largestOf(factor);
      if (!(largest < Infinity)) refuse();
      this.#append({ data: factor, offset: 0, count: n, colMajor: false, exponent, largest });
      this.folds += Math.ceil(count / rowsFactored(n));
    } finally {
      close();
    }
  }

  /** Takes in all rows of another one, which may be this one itself. */
  merge(other: WorkingMatrix): void {
    const { filled: count, folds, exponent } = other;
    const used = other.data.subarray(0, count * this.width);
    const data = other === this ? used.slice() : used;
    this.#append({ data, offset: 0, count, colMajor: false, exponent, largest: largestOf(data) });
    this.folds += folds;
  }

  #append({ data, offset, count, colMajor, exponent, largest }: Rows): void {
    const n = this.width;
    this.#fit(largest, exponent);
    const power = exponent - this.exponent;
    const capacity = rowsKept(n);
    for (let i = 0; i < count; ) {
      if (this.filled === capacity) this.fold();
      const take = Math.min(count - i, capacity - this.filled);
      this.#grow(this.filled + take);
      const to = this.filled * n;
      const target = this.data.subarray(to, to + take * n);
      if (!colMajor) {
        target.set(data.subarray(offset + i * n, offset + (i + take) * n));
      } else {
        for (let r = 0; r < take; r++) {
          for (let j = 0; j < n; j++) target[r * n + j] = data[offset + j * count + i + r];
        }
      }
      if (power !== 0) for (let p = 0; p < target.length; p++) target[p] = timesPower(target[p], power);
      this.filled += take;
      i += take;
    }
  }

  /** Chooses the exponent anew where elements of this size need it. */
  #fit(largest: number, exponent: number): void {
    if (largest === 0) return;
    const size = exponent + Math.floor(Math.log2(largest));
    const end = this.filled * this.width;
    const empty = !this.data.subarray(0, end).some((x) => x !== 0);
    if (empty) this.exponent = Math.abs(size) <= NEAR ? 0 : size;
    if (size <= this.exponent + NEAR) return;
    const power = this.exponent - size;
    this.exponent = size;
    for (let i = 0; i < end; i++) this.data[i] = timesPower(this.data[i], power);
  }

  #grow(rows: number): void {
    const have = this.data.length / this.width;
    if (rows <= have) return;
    const size = Math.min(rowsKept(this.width), Math.max(rows, 2 * have)) * this.width;
    const wider = allocate('RankAccumulator', Float64Array, size);
    wider.set(this.data);
    this.data = wider;
  }

  /** All rows kept become a triangle. */
  fold(): void {
    const n = this.width;
    forEachMatrix('RankAccumulator', this.stack, false, (k) => {
      const { factor, exponent } = factorOf(k, n);
      this.data.set(exponent === 0 ? factor : factor.map((x) => timesPower(x, exponent)));
    });
    this.filled = n;
    this.folds++;
  }
}

/** Rows that the working matrix holds before it is factored. */
function rowsKept(columns: number): number {
  return columns + (columns > 1024 ? columns : Math.max(2 * columns, 256));
}

/**
 * Rows that count as one factorisation where the kernel reduces many at once, by halves (factor/tsqr.ts): a row goes
 * through no more than that makes.
 */
function rowsFactored(columns: number): number {
  return Math.max(4 * columns, 256);
}

/** R of the open matrix: factor * 2^exponent. */
function factorOf(k: Kernel, n: number): { factor: Float64Array; exponent: number } {
  const at = k.reserve(8 * n * n);
  k.triangle(at);
  return { factor: copyOut(at, n * n), exponent: -Math.log2(k.scale()) };
}

/** The largest magnitude; NaN where there is one. */
function largestOf(values: Float64Array): number {
  let largest = 0;
  for (const x of values) largest = Math.max(largest, Math.abs(x));
  return largest;
}

/** x 2^power, |power| up to 3000: in three steps, of which each is a number. */
export function timesPower(x: number, power: number): number {
  const step = Math.trunc(power / 3);
  return x * 2 ** step * 2 ** step * 2 ** (power - 2 * step);
}
