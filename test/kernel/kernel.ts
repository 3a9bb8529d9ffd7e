// The kernel's inner routines in the build under test, with memory that is watched: within watch(), a byte that changes
// outside the areas declared writable (and outside fresh scratch above them) is an error.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { simd } from '../../src/kernel/load.js';
import { type Matrix, matrix } from '../numbers.js';

type Value = WebAssembly.Global;

/** Addresses of records. */
type Cholesky = number;
type ReflectorBlock = number;
type Panel = number;
type Band = number;
type Attempt = number;
type Nonzeros = number;

interface Exports {
  memory: WebAssembly.Memory;
  // claim.ts: all of it is of scale * A
  openClaim(absolute: number, relative: number, report: boolean): void;
  raiseSigma(bound: number): void;
  capSigma(bound: number): void;
  low: Value;
  high: Value;
  claimed: Value;
  lower: Value;
  upper: Value;
  method: Value;
  proven: Value;
  // certificates; G is A^T A, or 0
  encloseByNorms(): void;
  raiseByLanczos(G: number, n: number, slack: number, accuracy: number, steps: number, start: number): void;
  capByCholesky(L: number, G: number, n: number, slack: number, share: number): number;
  capByIntegers(L: number, G: number, n: number, slack: number): number;
  enclose(G: number, slack: number, share: number): void;
  rounding(rows: number, n: number, square: number, growth: number): number;
  reflectorError(count: number): number;
  stage(k: number): number;
  fullRank(s: number, G: number): Attempt;
  fullRankOfNonzeros(z: Nonzeros, G: number): Attempt;
  eliminateAll(s: number): Attempt;
  decided(a: Attempt): number;
  proved(a: Attempt): number;
  independent(a: Attempt): number;
  inertia(G: number): number;
  packRows(s: number): number;
  stratifiedRows(list: number, count: number, m: number): void;
  openSearch(x: number, f: Cholesky): number;
  nullSpaceBound(search: number): number;
  boundOfSpan(search: number, r: number, omega: number): number;
  bySingularValues(): number;
  byEquilibratedColumns(): number;
  ofColumns(): number;
  count(t: number, x: number, side: number): number;
  byEquilibratedTriangle(W: number, ld: number, rest: number): number;
  fullRankByQr(): number;
  byTransposed(X: number, k: number, leftOut: number, reflectors: number): number;
  byTrailing(q: number, rest: number): number;
  alloc(bytes: bigint): number;
  mark(): number;
  release(to: number): void;
  reset(): void;
  golubKahan(W: number, ld: number, m: number, n: number, d: number, kept: number, least: number): number;
  createBand(n: number, width: number): Band;
  reduceToBand(W: number, ld: number, m: number, n: number, B: Band, least: number): void;
  chaseBulges(B: Band, d: number, e: number): void;
  bidiagonalForm(W: number, ld: number, m: number, n: number): number;
  bidiagonalValues(W: number, ld: number, m: number, n: number, values: number): void;
  countAbove(B: number, x: number): number;
  sturmValues(d: number, e: number, n: number, bound: number, from: number, to: number, out: number): void;
  largestValue(B: number): number;
  factor(L: number, n: number, shift: number, definite: boolean): Cholesky;
  beginFactor(L: number, n: number, shift: number, definite: boolean, mayDeflate: number): Cholesky;
  proceedFactor(f: Cholesky, to: number, P: number, ld: number, s: number): number;
  columnsOf(f: Cholesky): number;
  negativePivots(f: Cholesky): number;
  deflated(f: Cholesky): number;
  growth(f: Cholesky): number;
  inverseRowsNormSquare(f: Cholesky): number;
  gram(G: number, from: number, n: number, P: number, ld: number, s: number, fresh: boolean): void;
  multiply(y: number, G: number, n: number, x: number): void;
  triangleBytes(n: number): bigint;
  axpy(b: number, a: number, s: number, n: number): number;
  createColumns(m: number, n: number): number;
  dot(a: number, b: number, n: number): number;
  leading(m: number): number;
  norm(a: number, n: number): number;
  readAll(W: number, ld: number): void;
  rotate(a: number, b: number, c: number, s: number, third: number, n: number): number;
  square(W: number, ld: number, r0: number, m: number, c0: number, n: number): number;
  swapColumns(a: number, b: number, n: number): void;
  gramOfSource(G: number): void;
  /** 0 where they are not few. */
  findNonzeros(): Nonzeros;
  gramOfNonzeros(G: number, z: Nonzeros): void;
  multiplyNonzeros(z: Nonzeros, V: number, Y: number, bytes: number, step: number): void;
  subtractNonzeros(z: Nonzeros, Y: number, X: number, bytes: number, step: number): void;
  packSource(P: number): void;
  squareSymmetric(G: number, n: number): number;
  createBlock(m: number, b: number): ReflectorBlock;
  applyBlock(block: ReflectorBlock, W: number, ld: number, r: number, c0: number, c1: number): void;
  applyRight(block: ReflectorBlock, W: number, ld: number, r: number, m: number, c: number): void;
  formBlock(block: ReflectorBlock, A: number, ld: number, rows: number, b: number, taus: number): void;
  createPanel(A: number, ld: number, rows: number, columns: number, taus: number, squares: number): Panel;
  factorPanel(p: Panel, limit: number, count: number): number;
  factorPanelPivoted(p: Panel, above: number, perm: number, limit: number): number;
  jacobi(B: number, ld: number, m: number, n: number, values: number): number;
  largestEigenvalue(
    G: number,
    n: number,
    trace: number,
    accuracy: number,
    steps: number,
    seed: number,
  ): number;
  largestOfInverse(f: number, n: number, bound: number, accuracy: number, steps: number): number;
  largestOfNegativeInverse(f: number, n: number, bound: number, accuracy: number, steps: number): number;
  integerRounding(n: number): number;
  provesUpperBound(L: number, G: number, n: number, theta: number): number;
  factorBlock(T: number, r: number, p: number, N: number, rows: number, least: number): number;
  invert(M: number, p: number, N: number): void;
  applyToVector(v: number, y: number): number;
  applyToPanels(V: number, Y: number, bytes: number, step: number): void;
  power(W: number, ld: number, m: number, n: number, v: number, iterations: number): number;
  createIndexed(at: number, down: number, across: number, single: boolean, scale: number): number;
  pack(to: number, ld: number, A: number, K: number, Q: number): void;
  /** A pivoted QR (qrcp.ts), and the steps that it has done when taken up. */
  begin(W: number, ld: number, m: number, n: number, perm: number): number;
  proceed(q: number, stop: number, checkBelow: number, cap: number): number;
  inOrder(q: number, k: number): void;
  residual(q: number): number;
  leastSteps(q: number, limit: number): number;
  residualAfter(q: number, steps: number): number;
  reduce(): number;
  scan(): number;
  squares: Value;
  total: Value;
  kept: Value;
  open(base: number, m: number, n: number, single: boolean, byRow: boolean): void;
  original(j: number): number;
  scale: Value;
  transposeUpper(W: number, ld: number, k: number, n: number): number;
  madd412(c: number, a: number, b0: number, b1: number, b2: number, k: number): void;
  madd44(c: number, a: number, b: number, k: number): void;
  inverseNorm(L: number, k: number): number;
  packUpper(R: number, ld: number, k: number): number;
  solve(f: Cholesky, X: number, all: number, step: number): void;
  subtract(X: number, P: number, T: number, rows: number): void;
  solveUpper(R: number, rLd: number, k: number, B: number, ld: number, count: number): void;
}

/** What pull() and gather() read: an m x n matrix, stored by rows or by columns. */
let streamed: { data: Float64Array | Float32Array; m: number; n: number; byRow: boolean };

const module = new WebAssembly.Module(
  readFileSync(new URL(`../../build/test-${simd}.wasm`, import.meta.url)),
);

const instance = new WebAssembly.Instance(module, {
  env: { memory: new WebAssembly.Memory({ initial: 2, maximum: 65536 }) },
  host: {
    pull(first: number, count: number, ld: number, to: number) {
      copyRows(
        Array.from({ length: count }, (_, i) => first + i),
        ld,
        to,
      );
    },
    gather(list: number, count: number, ld: number, to: number) {
      copyRows([...new Int32Array(k.memory.buffer, list, count)], ld, to);
    },
    outOfMemory(bytes: number) {
      throw new RangeError(`out of memory: ${bytes}`);
    },
  },
});

export const k = instance.exports as unknown as Exports;

function copyRows(rows: number[], ld: number, to: number): void {
  const { data, m, n, byRow } = streamed;
  const out = new (data instanceof Float64Array ? Float64Array : Float32Array)(k.memory.buffer, to);
  rows.forEach((row, i) => {
    for (let j = 0; j < n; j++) {
      if (byRow) out[i * n + j] = data[row * n + j];
      else out[j * ld + i] = data[j * m + row];
    }
  });
}

/** Opens x as the kernel's source: whole in its memory, or streamed from here. */
export function openSource(x: Matrix, single: boolean, byRow: boolean, resident: boolean): void {
  const data = new (single ? Float32Array : Float64Array)(x.m * x.n);
  for (let i = 0; i < x.m; i++) {
    for (let j = 0; j < x.n; j++) data[byRow ? i * x.n + j : j * x.m + i] = x.a[i * x.n + j];
  }
  streamed = { data, m: x.m, n: x.n, byRow };
  let at = 0;
  if (resident) {
    at = area(data.byteLength);
    if (single) new Float32Array(k.memory.buffer, at, data.length).set(data);
    else f64(at, data.length).set(data);
  }
  k.open(at, x.m, x.n, single, byRow);
}

export function f64(pointer: number, length: number): Float64Array {
  return new Float64Array(k.memory.buffer, pointer, length);
}

export function i32(pointer: number, length: number): Int32Array {
  return new Int32Array(k.memory.buffer, pointer, length);
}

const GUARD = 256;

/** An area of kernel memory, with bytes of 0xff (NaN) before and after it. */
export function area(bytes: number): number {
  const gap = () => {
    const at = k.alloc(BigInt(GUARD)); // memory may grow: its buffer is another one then
    new Uint8Array(k.memory.buffer, at, GUARD).fill(0xff);
  };
  gap();
  const at = k.alloc(BigInt(bytes));
  new Uint8Array(k.memory.buffer, at, (bytes + 63) & ~63).fill(0xff);
  gap();
  return at;
}

export function put(values: ArrayLike<number>): number {
  const at = area(8 * values.length);
  f64(at, values.length).set(values);
  return at;
}

export function putInts(values: ArrayLike<number>): number {
  const at = area(4 * values.length);
  i32(at, values.length).set(values);
  return at;
}

/** Runs `action`; nothing below the arena's top may change except in `writable`, a list of [pointer, bytes]. */
export function watch<T>(writable: [number, number][], action: () => T): T {
  const top = k.mark();
  const before = Buffer.from(new Uint8Array(k.memory.buffer, 0, top));
  const result = action();
  const after = Buffer.from(k.memory.buffer, 0, top);
  let from = 0;
  for (const [at, bytes] of [...writable].sort((a, b) => a[0] - b[0]).concat([[top, 0]])) {
    if (before.compare(after, from, at, from, at) !== 0) {
      let p = from;
      while (before[p] === after[p]) p++;
      expect.fail(`byte ${p} was written; allowed are ${JSON.stringify(writable)}`);
    }
    from = at + bytes;
  }
  return result;
}

/** Columns: x at W, column-major, with the leading dimension that columns.ts asks for; and the size of the area. */
export function putColumns(x: Matrix): { W: number; ld: number; bytes: number } {
  const ld = k.leading(x.m);
  const bytes = 8 * ld * (x.n + 4);
  const W = area(bytes);
  const w = f64(W, ld * (x.n + 4)).fill(0);
  for (let i = 0; i < x.m; i++) for (let j = 0; j < x.n; j++) w[j * ld + i] = x.a[i * x.n + j];
  return { W, ld, bytes };
}

export function getColumns(W: number, ld: number, m: number, n: number): Matrix {
  const w = f64(W, ld * n);
  return matrix(m, n, (i, j) => w[j * ld + i]);
}

/** Everything that columns.ts keeps zero: the rows past m, and the columns past n. */
export function paddingIsZero(W: number, ld: number, m: number, n: number): boolean {
  const w = f64(W, ld * (n + 3));
  return w.every((x, p) => x === 0 || (p % ld < m && p < n * ld));
}

/** x packed in column panels, [n / 4][ld][4]; the steps past m are NaN. */
export function putPanels(x: Matrix, ld = x.m): number {
  const count = Math.ceil(x.n / 4);
  const P = area(32 * count * ld);
  const p = f64(P, 4 * count * ld);
  for (let q = 0; q < count; q++) {
    for (let i = 0; i < x.m; i++) {
      for (let c = 0; c < 4; c++) p[4 * (q * ld + i) + c] = 4 * q + c < x.n ? x.a[i * x.n + 4 * q + c] : 0;
    }
  }
  return P;
}

/** Index of element (i, j), i >= j, of a packed lower triangle. */
export function inTriangle(i: number, j: number): number {
  const panel = i >> 2;
  return 8 * panel * (panel + 1) + 4 * j + (i & 3);
}

/** The lower triangle at G, mirrored. */
export function getSymmetric(G: number, n: number): Matrix {
  const g = f64(G, Number(k.triangleBytes(n)) / 8);
  return matrix(n, n, (i, j) => g[i >= j ? inTriangle(i, j) : inTriangle(j, i)]);
}

export function putSymmetric(x: Matrix): number {
  const G = area(Number(k.triangleBytes(x.n)));
  const g = f64(G, Number(k.triangleBytes(x.n)) / 8).fill(0);
  for (let i = 0; i < x.n; i++) {
    for (let j = 0; j <= (i | 3) && j < x.n; j++) g[inTriangle(i, j)] = x.a[i * x.n + j];
  }
  return G;
}

/** Largest difference of two matrices, relative to `size`. */
export function distance(x: Matrix, y: Matrix, size = 1): number {
  expect([x.m, x.n]).toEqual([y.m, y.n]);
  let most = 0;
  for (let i = 0; i < x.a.length; i++) {
    const d = Math.abs(x.a[i] - y.a[i]);
    if (!(d <= most)) most = d; // NaN counts
  }
  return most / size;
}

/** Odd sizes, those around a tile, and those around a block. */
export const SIZES = [...Array.from({ length: 17 }, (_, i) => i + 1), 31, 32, 33, 63, 64, 65, 66, 100];
