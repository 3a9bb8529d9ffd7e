// Null space, column space and dependencies, against spaces known by construction: A = U S V^T with U and V at hand.
import { describe, expect, test } from 'vitest';
import { columnSpace, dependencies, matrixRank, nullSpace, type RankOptions } from '../../src/index.js';
import { kahan } from '../families.js';
import { type Matrix, matrix, multiply, Random, transpose } from '../numbers.js';

interface Known {
  x: Matrix;
  /** Orthogonal, m x m and n x n. */
  u: Matrix;
  v: Matrix;
  sigma: number[];
}

const identity = (n: number) => matrix(n, n, (i, j) => Number(i === j));
const columnsOf = ({ m, n, a }: Matrix, from: number, to: number): Matrix =>
  matrix(m, to - from, (i, j) => a[i * n + from + j]);

function known(random: Random, m: number, n: number, sigma: number[]): Known {
  const u = random.reflect(identity(m), 5);
  const v = random.reflect(identity(n), 5);
  const us = matrix(m, Math.min(m, n), (i, j) => u.a[i * m + j] * sigma[j]);
  return { x: multiply(us, transpose(columnsOf(v, 0, Math.min(m, n)))), u, v, sigma };
}

const largest = (a: ArrayLike<number>) => Array.from(a).reduce((s, t) => Math.max(s, Math.abs(t)), 0);

/** How far the span of `basis` is from that of the orthonormal columns of `own`: the largest element of B - Q Q^T B. */
function distance(basis: Matrix, own: Matrix): number {
  const p = multiply(own, multiply(transpose(own), basis));
  return largest(basis.a.map((x, i) => x - p.a[i]));
}

function checkOrthonormal({ m, n, a }: Matrix): void {
  const g = multiply(transpose({ m, n, a }), { m, n, a });
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (!(Math.abs(g.a[i * n + j] - Number(i === j)) < 1e-14)) expect.fail(`${i}, ${j}: ${g.a[i * n + j]}`);
    }
  }
}

/** Both spaces of x, whose rank is k; `unit` is what x was multiplied by. */
function check({ x, u, v, sigma }: Known, k: number, options: RankOptions = {}, unit = 1): void {
  const { m, n } = x;
  const a = x.a.map((t) => t * unit);
  const next = sigma[k] ?? 0;
  const gap = k > 0 && k < sigma.length ? sigma[k - 1] - next : (sigma[k - 1] ?? 1);
  const near = (1e-14 * Math.sqrt(m + n) * (sigma[0] || 1)) / gap + 1e-14;
  const rounding = 3e-14 * (sigma[0] || 1);

  const nothing = nullSpace(a, [m, n], options);
  expect(nothing.shape).toEqual([n, n - k]);
  const N = { m: n, n: n - k, a: nothing.basis };
  checkOrthonormal(N);
  expect(distance(N, columnsOf(v, k, n))).toBeLessThan(near);
  const image = n > k ? multiply(x, N) : matrix(0, 0, () => 0);
  expect(nothing.residual / unit).toBeGreaterThanOrEqual(
    largest(image.a) * (1 - 1e-9) - 1e-15 * Math.sqrt(m + n) * (sigma[0] || 0),
  );
  expect(nothing.residual / unit).toBeLessThanOrEqual(Math.sqrt(n) * next * 1.01 + rounding);

  const range = columnSpace(a, [m, n], options);
  expect(range.shape).toEqual([m, k]);
  const B = { m, n: k, a: range.basis };
  checkOrthonormal(B);
  expect(distance(B, columnsOf(u, 0, k))).toBeLessThan(near);
  expect(range.residual / unit).toBeLessThanOrEqual(Math.sqrt(m) * next * 1.01 + rounding);
  expect(range.residual / unit).toBeGreaterThanOrEqual(
    next * (1 - 1e-9) - 1e-15 * Math.sqrt(m + n) * (sigma[0] || 0),
  );
}

// biome-ignore format: a list
const shapes = [
  [5, 5, 3], [12, 5, 3], [5, 12, 3], [60, 40, 25], [40, 60, 25], [300, 20, 7], [20, 300, 7], [90, 90, 89],
  [90, 90, 10], [4, 1, 1], [1, 4, 1], [70, 70, 70], [30, 60, 30], [60, 30, 30],
];

describe('spaces known by construction', () => {
  test.each(shapes)('%i x %i of rank %i', (m, n, k) => {
    const random = new Random(m * n + k);
    const size = Math.min(m, n);
    const sigma = Array.from({ length: size }, (_, i) => (i < k ? 2 - i / k : 0));
    const exact = known(random, m, n, sigma);
    for (const unit of [1, 2 ** 990, 2 ** -990]) check(exact, k, {}, unit);
    const graded = Array.from({ length: size }, (_, i) => (i < k ? 10 ** ((-6 * i) / k) : 0));
    check(known(random, m, n, graded), k);
    if (k === size) return;
    // A tolerance inside the spectrum: singular vectors are what is asked for, not what pivoting happens to leave.
    for (const ratio of [1e-3, 0.3, 0.7]) {
      const dense = Array.from({ length: size }, (_, i) =>
        i < k ? 0.99 ** i : 0.99 ** k * ratio * 0.98 ** (i - k),
      );
      check(known(random, m, n, dense), k, { tol: 0.99 ** k * (0.5 + ratio / 2) });
    }
  });

  test('of hermitian matrices, which share both spaces', () => {
    const random = new Random(4);
    for (const [n, k] of [
      [6, 2],
      [40, 30],
    ]) {
      const q = random.reflect(identity(n), 4);
      const d = matrix(n, n, (i, j) => (i === j && i < k ? (i % 2 ? -1 : 1) * (1 + i) : 0));
      const x = multiply(multiply(q, d), transpose(q));
      const lower = matrix(n, n, (i, j) => (j > i ? Number.NaN : x.a[i * n + j]));
      const none = nullSpace(lower.a, [n, n], { hermitian: true });
      const range = columnSpace(lower.a, [n, n], { hermitian: true });
      expect(distance({ m: n, n: n - k, a: none.basis }, columnsOf(q, k, n))).toBeLessThan(1e-13);
      expect(distance({ m: n, n: k, a: range.basis }, columnsOf(q, 0, k))).toBeLessThan(1e-13);
    }
  });

  test("Kahan's matrices: the residual is the smallest singular value, not what pivoting leaves", () => {
    for (const [n, c] of [
      [60, 0.5],
      [90, 0.5],
    ]) {
      const { a } = kahan(n, Math.acos(c));
      const { shape, residual } = nullSpace(a, [n, n]);
      expect(shape).toEqual([n, 1]);
      expect(residual).toBeLessThan(n * 2 ** -52 * 10);
      expect(columnSpace(a, [n, n]).residual).toBeLessThan(n * 2 ** -52 * 10);
    }
  });

  test('equal and zero columns, float32, strides, rows of numbers', () => {
    const random = new Random(9);
    const x = multiply(random.matrix(30, 4), random.matrix(4, 20));
    for (let i = 0; i < 30; i++) {
      x.a[i * 20 + 7] = 0;
      x.a[i * 20 + 9] = x.a[i * 20 + 3];
    }
    const single = Float32Array.from(x.a);
    const t = transpose(x);
    const inputs = [
      { data: single, shape: [30, 20] },
      { data: x.a, shape: [30, 20] },
      { data: t.a, shape: [30, 20], strides: [1, 30] },
      Array.from({ length: 30 }, (_, i) => [...x.a.subarray(i * 20, i * 20 + 20)]),
    ];
    const bases = inputs.map((a) => nullSpace(a));
    bases.forEach(({ basis, shape, residual }, i) => {
      expect(shape).toEqual([20, 16]);
      checkOrthonormal({ m: 20, n: 16, a: basis });
      expect(residual).toBeLessThan(i ? 1e-13 : 1e-5);
    });
    expect(distance({ m: 20, n: 16, a: bases[1].basis }, { m: 20, n: 16, a: bases[3].basis })).toBeLessThan(
      1e-14,
    );
  });
});

describe('the ends', () => {
  test('of zeros all is null space, nothing is range', () => {
    expect(nullSpace(new Float64Array(6), [2, 3])).toEqual({
      basis: identity(3).a,
      shape: [3, 3],
      residual: 0,
    });
    expect(columnSpace(new Float64Array(6), [2, 3])).toEqual({
      basis: new Float64Array(0),
      shape: [2, 0],
      residual: 0,
    });
  });
  test('of nothing', () => {
    expect(nullSpace([], [0, 3])).toEqual({ basis: identity(3).a, shape: [3, 3], residual: 0 });
    expect(nullSpace([], [3, 0]).shape).toEqual([0, 0]);
    expect(columnSpace([], [3, 0])).toEqual({ basis: new Float64Array(0), shape: [3, 0], residual: 0 });
    expect(columnSpace([], [0, 3]).shape).toEqual([0, 0]);
    expect(dependencies([], [3, 0])).toEqual([]);
    expect(dependencies([], [0, 2]).map((d) => d.text)).toEqual(['column 0 = 0', 'column 1 = 0']);
  });
  test('of full rank, of one number, of a vector', () => {
    // biome-ignore format: a line
    expect(nullSpace([[1, 2], [3, 4]])).toEqual({ basis: new Float64Array(0), shape: [2, 0], residual: 0 });
    // biome-ignore format: a line
    expect(columnSpace([[1, 2], [3, 4]])).toEqual({ basis: identity(2).a, shape: [2, 2], residual: 0 });
    expect(columnSpace([[5]]).basis).toEqual(Float64Array.of(1));
    expect(nullSpace([3, 4], [2]).shape).toEqual([2, 1]);
    const { basis } = nullSpace([3, 4], [2]);
    expect(Math.abs(3 * basis[0] + 4 * basis[1])).toBeLessThan(1e-15);
  });
  test('below a tolerance that leaves nothing, the residual is the norm', () => {
    const { shape, residual } = nullSpace([[3, 0], [0, 4]], { tol: 10 }); // biome-ignore format: a line
    expect(shape).toEqual([2, 2]);
    expect(residual).toBeGreaterThanOrEqual(4);
    expect(residual).toBeLessThanOrEqual(5.000001);
  });
  test.each([nullSpace, columnSpace, dependencies])('bad input is refused by name', (fn) => {
    expect(() => fn([1, Number.NaN], [1, 2])).toThrow(`${fn.name}: element [0, 1] is NaN`);
    expect(() => fn([1, 2], [3])).toThrow(`${fn.name}: data has 2 elements`);
    expect(() => fn([1, 2], [1, 2], { tol: -1 })).toThrow(`${fn.name}: tol must be 0 or more`);
    expect(() => fn(new Float64Array(8), [2, 2, 2])).toThrow(`${fn.name}: shape [2, 2, 2] has 3 dimensions`);
    expect(() => fn('a' as never)).toThrow(TypeError);
  });
});

describe('dependencies', () => {
  test('in words', () => {
    // 4 = 2 (0) - (2), 1 = 0
    const x = matrix(6, 5, (i, j) => [i * i, 0, 1 + i, i ** 3, 0][j]);
    for (let i = 0; i < 6; i++) x.a[i * 5 + 4] = 2 * x.a[i * 5] - x.a[i * 5 + 2];
    const found = dependencies(x.a, [6, 5]);
    expect(found.length).toBe(2);
    const zero = {
      column: 1,
      columns: new Int32Array(0),
      coefficients: new Float64Array(0),
      residual: 0,
      text: 'column 1 = 0',
    };
    expect(found).toContainEqual(zero);
    // One of the three is the combination of the others; which one, pivoting says.
    const other = found.find((d) => d.column !== 1);
    expect([
      'column 4 = 2 column 0 - column 2',
      'column 0 = 0.5 column 2 + 0.5 column 4',
      'column 2 = 2 column 0 - column 4',
    ]).toContain(other?.text);
    expect(other?.residual).toBe(0);
  });

  test('a one-hot table with an intercept', () => {
    const levels = [0, 1, 2, 0, 1, 2, 2, 1];
    const groups = [0, 0, 0, 1, 1, 1, 0, 1];
    const x = matrix(8, 6, (i, j) =>
      j === 0 ? 1 : j < 4 ? Number(levels[i] === j - 1) : Number(groups[i] === j - 4),
    );
    const found = dependencies(x.a, [8, 6]);
    expect(found.length).toBe(6 - matrixRank(x.a, [8, 6]));
    for (const { column, columns, coefficients, residual } of found) {
      expect([...coefficients].every((c) => Number.isInteger(c))).toBe(true);
      expect(residual).toBe(0);
      for (let i = 0; i < 8; i++) {
        const sum = columns.reduce((s, j, p) => s + coefficients[p] * x.a[i * 6 + j], 0);
        expect(sum).toBe(x.a[i * 6 + column]);
      }
    }
  });

  test('of random matrices of low rank, wide, tall, hermitian, at any scale', () => {
    const random = new Random(11);
    for (const [m, n, k] of [
      [20, 30, 6],
      [30, 20, 6],
      [200, 8, 5],
      [70, 90, 66],
    ]) {
      for (const unit of [1, 1e300, 1e-300]) {
        const x = multiply(random.matrix(m, k), random.matrix(k, n));
        const size = largest(x.a);
        const a = x.a.map((t) => (t / size) * unit);
        const found = dependencies(a, [m, n]);
        expect(found.map((d) => d.column)).toEqual([...found.map((d) => d.column)].sort((p, q) => p - q));
        expect(found.length).toBe(n - k);
        for (const { column, columns, coefficients, residual } of found) {
          for (let i = 0; i < m; i++) {
            const sum = columns.reduce((s, j, p) => s + coefficients[p] * (a[i * n + j] / unit), 0);
            expect(Math.abs(sum - a[i * n + column] / unit)).toBeLessThan(1e-12);
          }
          expect(residual / unit).toBeLessThan(1e-12);
        }
      }
    }
    const lower = [2, Number.NaN, 4, 8]; // [[2, 4], [4, 8]]
    expect(dependencies(lower, [2, 2], { hermitian: true })[0].text).toBe('column 0 = 0.5 column 1');
    expect(dependencies([[1, 2], [3, 4]])).toEqual([]); // biome-ignore format: a line
  });
});
