// nullSpace, columnSpace: orthonormal bases with a bound of what they leave. dependencies: each dependent column as a
// combination of the others.
import { allocate, isComplex } from '../input/elements.js';
import { element, type Stack } from '../input/stack.js';
import type { Kernel } from '../kernel/load.js';
import { copyIn, copyOut, copyOutInt } from '../kernel/memory.js';
import type { Dependency, MatrixInput, NumericArray, RankOptions, SubspaceBasis } from '../types.js';
import { forEachMatrix, rankOpen, readCall, tolerances } from './call.js';
import { paired, sideBySide, unpaired } from './complex-spaces.js';
import { norm } from './vectors.js';

/**
 * An orthonormal basis of the null space: of all x with A x = 0, to within the tolerance. Its columns span what the
 * right singular vectors of the singular values up to the tolerance span,
 * as in scipy.linalg.null_space (the basis itself is another one: it is unique up to a rotation).
 *
 * `residual` bounds ||A basis||_2; rounding is counted in it.
 * The best that any orthonormal basis of this size has is sigma_{rank+1}.
 *
 * @param data elements in row-major order, with their shape [m, n]; or a matrix that knows its own shape
 * @param options the tolerance, as in `matrixRank`: by default sigma_1 * max(m, n) * eps;
 *   `hermitian` reads the lower triangle only
 * @returns basis: n x (n - rank), row-major, float64
 * @example
 * const { basis, shape } = nullSpace([[1, 2, 3], [2, 4, 6]]);
 * // shape: [3, 2]; basis[0 .. 1] is its first row
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function nullSpace(data: NumericArray, shape: readonly number[], options?: RankOptions): SubspaceBasis;
export function nullSpace(a: MatrixInput, options?: RankOptions): SubspaceBasis;
export function nullSpace(a: unknown, b?: unknown, c?: unknown): SubspaceBasis {
  return subspace('nullSpace', a, b, c, false);
}

/**
 * An orthonormal basis of the column space (range, image), to within the tolerance: it spans what the left singular
 * vectors of the singular values above the tolerance span, as MATLAB's and scipy.linalg's orth.
 *
 * `residual` bounds ||A - P A||_2, P the orthogonal projection on the basis; rounding is counted in it. The best that
 * any basis of this size has is sigma_{rank+1}.
 *
 * @param data elements in row-major order, with their shape [m, n]; or a matrix that knows its own shape
 * @param options the tolerance, as in `matrixRank`: by default sigma_1 * max(m, n) * eps;
 *   `hermitian` reads the lower triangle only
 * @returns basis: m x rank, row-major, float64
 * @example columnSpace([[1, 2], [2, 4], [3, 6]]).shape // [3, 1]
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function columnSpace(
  data: NumericArray,
  shape: readonly number[],
  options?: RankOptions,
): SubspaceBasis;
export function columnSpace(a: MatrixInput, options?: RankOptions): SubspaceBasis;
export function columnSpace(a: unknown, b?: unknown, c?: unknown): SubspaceBasis {
  return subspace('columnSpace', a, b, c, true);
}

function subspace(fn: string, a: unknown, b: unknown, c: unknown, range: boolean): SubspaceBasis {
  const { stack, hermitian, rankOf } = readMatrix(fn, a, b, c);
  const size = range ? stack.rows : stack.cols;
  const copies = isComplex(stack) ? 2 : 1;
  const whole = (residual: number): SubspaceBasis => ({
    basis: identity(fn, size, copies),
    shape: [size, size],
    residual,
  });
  if (stack.rows === 0 || stack.cols === 0) {
    return range ? { basis: new Float64Array(0), shape: [size, 0], residual: 0 } : whole(0);
  }
  let result: SubspaceBasis = { basis: new Float64Array(0), shape: [size, 0], residual: 0 };
  forEachMatrix(fn, stack, hermitian, (k, _, transposed) => {
    const rank = rankOf(k);
    const count = range ? rank : size - rank;
    // Of the whole space nothing is left over; of a matrix without rank, all of it.
    if (count === size) result = whole(range ? 0 : k.upper());
    else if (count === 0) result.residual = range ? k.upper() : 0;
    else {
      const numbers = copies * size * copies * count;
      const at = k.reserve(8 * numbers);
      const residual = k.subspace(transposed !== range, copies * rank, range, at);
      const basis = copyOut(at, numbers);
      result = { basis, shape: [size, count], residual };
      if (copies === 1) return;
      const vectors = unpaired(basis, size, 2 * count);
      copyIn(paired(vectors, size), at);
      result.basis = sideBySide(vectors, size);
      result.residual = k.residualOf(transposed !== range, 2 * count, range, at);
    }
  });
  return result;
}

/** The identity, of pairs where there are two numbers to an element. */
function identity(fn: string, n: number, numbers: number): Float64Array {
  const out = allocate(fn, Float64Array, numbers * n * n);
  for (let i = 0; i < n; i++) out[numbers * (i * n + i)] = 1;
  return out;
}

/** One matrix, and how its rank is decided. */
function readMatrix(fn: string, a: unknown, b: unknown, c: unknown) {
  const { stack, t, hermitian } = readCall(fn, [a, b, c], true);
  const rankOf = (k: Kernel) => rankOpen(fn, k, stack, tolerances(t, stack));
  return { stack, hermitian, rankOf };
}

/** Coefficients this near to a whole number are taken for it where that leaves no more. */
const NEAR = 1e-9;

/**
 * What depends on what: for each column that is not among `independentColumns`, its combination of those that are, with
 * what the combination leaves. The statistician's question of a design matrix that is not of full rank.
 *
 * Coefficients that are whole numbers but for rounding come out whole; terms below the tolerance are left out.
 * `residual` is the length of the column less its combination, as printed, computed in float64.
 *
 * @param data elements in row-major order, with their shape [m, n]; or a matrix that knows its own shape
 * @param options the tolerance, as in `matrixRank`: by default sigma_1 * max(m, n) * eps
 * @returns one entry for each dependent column, ascending; none where the columns are independent
 * @example
 * dependencies([[1, 0, 2, 1], [0, 1, 0, 1], [1, 1, 2, 2]]).map((d) => d.text)
 * // ['column 0 = 0.5 column 2', 'column 3 = column 1 + 0.5 column 2'], or another choice of independent columns
 * @throws TypeError for wrong types, RangeError for wrong values, among them NaN or Infinity anywhere
 */
export function dependencies(
  data: NumericArray,
  shape: readonly number[],
  options?: RankOptions,
): Dependency[];
export function dependencies(a: MatrixInput, options?: RankOptions): Dependency[];
export function dependencies(a: unknown, b?: unknown, c?: unknown): Dependency[] {
  const fn = 'dependencies';
  const { stack, hermitian, rankOf } = readMatrix(fn, a, b, c);
  if (isComplex(stack)) {
    throw new TypeError(
      `${fn}: takes real matrices; of a complex one rankFactors has columns and their coefficients.`,
    );
  }
  const { rows, cols } = stack;
  const out: Dependency[] = [];
  if (cols === 0) return out;
  if (rows === 0) return Array.from({ length: cols }, (_, j) => dependency(j, [], [], 0));
  forEachMatrix(fn, stack, hermitian, (k, _, transposed) => {
    const rank = rankOf(k);
    if (rank === cols) return;
    const tolerance = k.tolerance();
    const kept = k.choose(transposed, rank, 0);
    k.makeIndependent();
    const at = k.reserve(4 * kept);
    const right = k.reserve(8 * kept * cols);
    k.interpolate(at, right);
    const chosen = copyOutInt(at, kept);
    const x = copyOut(right, kept * cols);
    const order = Array.from(chosen.keys()).sort((p, q) => chosen[p] - chosen[q]);
    const columns = order.map((p) => columnOf(fn, stack, chosen[p], hermitian));
    for (let j = 0; j < cols; j++) {
      if (chosen.includes(j)) continue;
      const own = columnOf(fn, stack, j, hermitian);
      const coefficients = order.map((p) => x[p * cols + j]);
      // biome-ignore format: a line
      out.push(tidy(j, own, order.map((p) => chosen[p]), columns, coefficients, tolerance));
    }
  });
  return out;
}

function columnOf(fn: string, stack: Stack, j: number, hermitian: boolean): Float64Array {
  const { rows, cols } = stack;
  const column = allocate(fn, Float64Array, rows);
  for (let i = 0; i < rows; i++) {
    // Of a symmetric matrix only the lower triangle counts.
    const [row, at] = hermitian && j > i ? [j, i] : [i, j];
    column[i] = element(stack, stack.colMajor ? at * rows + row : row * cols + at);
  }
  return column;
}

/** The entry for column j, with what rounding did to its coefficients taken back where nothing is lost by it. */
function tidy(
  j: number,
  own: Float64Array,
  chosen: readonly number[],
  columns: readonly Float64Array[],
  exact: readonly number[],
  tolerance: number,
): Dependency {
  const lengths = columns.map(norm);
  const near = exact.map((c, p) => {
    const whole = Math.round(2 * c) / 2;
    if (Math.abs(c) * lengths[p] <= tolerance) return 0;
    return Math.abs(c - whole) <= NEAR * Math.max(1, Math.abs(c)) ? whole : c;
  });
  const left = rest(own, columns, exact);
  const simple = rest(own, columns, near);
  const [coefficients, residual] = simple <= Math.max(left, tolerance) ? [near, simple] : [exact, left];
  const terms = chosen.map((_, p) => p).filter((p) => coefficients[p] !== 0);
  // biome-ignore format: a line
  return dependency(j, terms.map((p) => chosen[p]), terms.map((p) => coefficients[p]), residual);
}

/** The length of what a combination leaves. */
function rest(own: Float64Array, columns: readonly Float64Array[], coefficients: readonly number[]): number {
  const v = own.slice();
  coefficients.forEach((c, p) => {
    if (c !== 0) for (let i = 0; i < v.length; i++) v[i] -= c * columns[p][i];
  });
  return norm(v);
}

function dependency(column: number, columns: number[], coefficients: number[], residual: number): Dependency {
  const text = `column ${column} = ${sumText(columns, coefficients)}`;
  return {
    column,
    columns: Int32Array.from(columns),
    coefficients: Float64Array.from(coefficients),
    residual,
    text,
  };
}

/** "2 column 0 - column 2" */
function sumText(columns: readonly number[], coefficients: readonly number[]): string {
  if (columns.length === 0) return '0';
  return columns
    .map((column, p) => {
      const c = coefficients[p];
      const size = Math.abs(c) === 1 ? '' : `${Number(Math.abs(c).toPrecision(6))} `;
      const sign = c < 0 ? '-' : '+';
      return p === 0 ? `${c < 0 ? '-' : ''}${size}column ${column}` : `${sign} ${size}column ${column}`;
    })
    .join(' ');
}
