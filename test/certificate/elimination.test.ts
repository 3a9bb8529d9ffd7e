// float64 matrices of full rank or a few short of it, by Cholesky, from 128 columns on after one step of block
// elimination: where that serves, where it cannot, and its bounds.
import { describe, expect, test } from 'vitest';
import { matrixRank } from '../../src/index.js';
import { kernel } from '../../src/kernel/load.js';
import { area, i32, k as module } from '../kernel/kernel.js';
import { beside, blockDiagonal, type Matrix, matrix, permuted, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { openClaim } from './open.js';

const CHOLESKY = 1; // of claim.ts
const EPS = 2 ** -52;

/** Singular values from 1 down to `last`: evenly, but for the last one. */
const spectrum = (n: number, last: number) =>
  Array.from({ length: n }, (_, i) => (i === n - 1 ? last : 1 - (0.9 * i) / n));

const shapes: [m: number, n: number][] = [
  [128, 128],
  [131, 129],
  [190, 150],
  [257, 255],
  [300, 300],
  [700, 200],
];

describe.each(shapes)('%i x %i', (m, n) => {
  test.each([1e-1, 1e-3, 1e-4])('last singular value %f: proved by Cholesky, the bound holds', (last) => {
    const x = new Random(m + n).withSpectrum(m, n, spectrum(n, last), n);
    expect(matrixRank(x.a, [m, n])).toBe(n);
    expect(kernel().method()).toBe(CHOLESKY);
    expect(kernel().lower()).toBeLessThanOrEqual(last * (1 + 1e-9));
    expect(kernel().lower()).toBeGreaterThan(m * EPS);
    expect(matrixRank(transpose(x).a, [n, m])).toBe(n);
  });

  test.each([1e-7, 1e-9, 1e-11, 10 * m * EPS])('last singular value %f: right', (last) => {
    const x = new Random(m * n).withSpectrum(m, n, spectrum(n, last));
    expect(matrixRank(x.a, [m, n])).toBe(n);
  });

  test('last singular value below the tolerance: one less', () => {
    const x = new Random(m + 7).withSpectrum(m, n, spectrum(n, 0.05 * m * EPS));
    expect(matrixRank(x.a, [m, n])).toBe(n - 1);
  });

  test.each([1e-12, 1e-6, 1e-3])('tolerance %f is kept', (rtol) => {
    const values = spectrum(n, 2 * rtol);
    values[n - 2] = 3 * rtol;
    const x = new Random(m - n + 3).withSpectrum(m, n, values);
    expect(matrixRank(x.a, [m, n], { rtol })).toBe(n);
    expect(matrixRank(x.a, [m, n], { rtol: 2.5 * rtol })).toBe(n - 1);
    expect(matrixRank(x.a, [m, n], { rtol: 4 * rtol })).toBe(n - 2);
  });

  test('any scale', () => {
    const x = new Random(n).matrix(m, n);
    for (const scale of [2 ** -900, 1e-200, 1e150, 2 ** 900]) {
      expect(
        matrixRank(
          x.a.map((t) => t * scale),
          [m, n],
        ),
      ).toBe(n);
    }
  });
});

describe('leading columns that make no pivot block', () => {
  const n = 160;
  const r = new Random(5);
  const random = r.matrix(n, n);
  const order = r.permutation(n);
  const straight = Array.from({ length: n }, (_, i) => i);
  const identity = matrix(n, n, (i, j) => (i === j ? 1 : 0));
  /** Columns 0 .. 32, where the block is looked for, changed. */
  const leading = (f: (i: number, j: number, x: number) => number) =>
    matrix(n, n, (i, j) => (j < 32 ? f(i, j, random.a[i * n + j]) : random.a[i * n + j]));
  const half = matrix(n / 2, n / 2, (i, j) => random.a[i * n + j]);

  const cases: [name: string, x: Matrix, rank: number][] = [
    ['the identity', identity, n],
    ['a permutation', permuted(identity, order, straight), n],
    ['two blocks', blockDiagonal(half, half), n],
    [
      'two blocks, exchanged',
      permuted(
        blockDiagonal(half, half),
        straight.map((i) => (i + n / 2) % n),
        straight,
      ),
      n,
    ],
    ['tridiagonal', matrix(n, n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)), n],
    ['lower triangular', matrix(n, n, (i, j) => (i === j ? 4 : i > j ? 1 : 0)), n],
    ['a column twice', leading((i, j, x) => (j === 20 ? random.a[i * n + 3] : x)), n - 1],
    ['a column nearly twice', leading((i, j, x) => (j === 20 ? random.a[i * n + 3] + 1e-9 * x : x)), n],
    ['a block of rank 20', leading((i, j) => random.a[i * n + (j % 20)]), n - 12],
    ['a block that is tiny', leading((_, __, x) => 1e-10 * x), n],
    ['a block at the tolerance', leading((_, __, x) => 1e-18 * x), n - 32],
    ['a block that is huge', leading((_, __, x) => 1e8 * x), n],
    ['one row that is huge', matrix(n, n, (i, j) => (i === 3 ? 1e8 : 1) * random.a[i * n + j]), n],
    ['a last column twice', matrix(n, n, (i, j) => random.a[i * n + (j === n - 1 ? 9 : j)]), n - 1],
    [
      'half of the columns twice',
      beside(
        matrix(n, n / 2, (i, j) => random.a[i * n + j]),
        matrix(n, n / 2, (i, j) => random.a[i * n + j]),
      ),
      n / 2,
    ],
  ];

  test.each(cases)('%s', (_, x, rank) => {
    expect(matrixRank(x.a, [n, n])).toBe(rank);
    expect(matrixRank(transpose(x).a, [n, n])).toBe(rank);
  });
});

describe.each([
  [70, 70],
  [100, 99],
  [128, 128],
  [203, 201],
  [256, 250],
  [120, 90],
  [420, 200],
])('%i x %i, a few columns dependent', (m, n) => {
  /** Gaussian, the columns at `where` combinations of the others, plus noise of that size. */
  const dependent = (where: number[], noise = 0) => {
    const r = new Random(m + where.length);
    const x = r.matrix(m, n);
    const others = r.permutation(n).filter((j) => !where.includes(j));
    for (const at of where) {
      const c = others.map(() => r.normal());
      for (let i = 0; i < m; i++) {
        let sum = noise * r.normal();
        for (let p = 0; p < others.length; p++) sum += x.a[i * n + others[p]] * c[p];
        x.a[i * n + at] = sum;
      }
    }
    return x.a;
  };

  // As many as are set aside, or about that: one in 14 (11 of those left by elimination), and no more than 24.
  const most = Math.min(24, Math.floor(n / 14));
  const late = (count: number) => Array.from({ length: count }, (_, i) => n - count + i);
  const places = [
    [0],
    [n >> 1],
    [n - 1],
    [3, n - 2],
    [1, 2, 60],
    [5, 61, n - 3, n - 1],
    late(most - 1),
    late(most),
    late(most + 1),
    Array.from({ length: most }, (_, i) => 3 * i),
  ];

  test.each(places.map((where) => [where]))('columns %j', (where) => {
    expect(matrixRank(dependent(where), [m, n])).toBe(n - where.length);
  });

  test.each(places.map((where) => [where]))('columns %j but for a difference', (where) => {
    expect(matrixRank(dependent(where, 1e-6), [m, n])).toBe(n);
  });

  test.each([[[n - 5]], [late(5)], [late(most - 2)]])(
    '%j: decided without a QR, its bounds hold',
    (where) => {
      expect(matrixRank(dependent(where), [m, n])).toBe(n - where.length);
      expect(kernel().method()).toBe(CHOLESKY);
      expect(kernel().upper()).toBeLessThanOrEqual(kernel().tolerance());
    },
  );

  test('a few columns twice, a few rows zero', () => {
    const x = new Random(n).matrix(m, n);
    const twice = matrix(m, n, (i, j) => x.a[i * n + (j % 20 === 7 && j < 20 * most ? j - 1 : j)]);
    const rank = n - Math.min(most, Math.floor((n + 12) / 20));
    expect(matrixRank(twice.a, [m, n])).toBe(rank);
    const rows = transpose(twice);
    expect(matrixRank(rows.a, [n, m])).toBe(rank);
    const zero = matrix(m, n, (i, j) => (i % 25 === 3 ? 0 : x.a[i * n + j]));
    expect(matrixRank(zero.a, [m, n])).toBe(Math.min(n, m - Math.floor((m + 21) / 25)));
  });

  // Several of them, none of it exactly zero: the bound is that of the largest.
  test.each([0.01, 0.2])('five last singular values up to %f of the tolerance', (factor) => {
    const values = spectrum(n, 1).map((s, i) => (i < n - 5 ? s : factor * m * EPS * (1 - 0.1 * (i + 5 - n))));
    const x = new Random(n).withSpectrum(m, n, values, n);
    expect(matrixRank(x.a, [m, n])).toBe(n - 5);
    expect(kernel().upper()).toBeLessThanOrEqual(kernel().tolerance());
    expect(kernel().upper()).toBeGreaterThan(0.9 * factor * m * EPS);
  });

  test.each([0.01, 0.5, 2, 100])('last singular value %f of the tolerance', (factor) => {
    const x = new Random(m).withSpectrum(m, n, spectrum(n, factor * m * EPS), n);
    expect(matrixRank(x.a, [m, n])).toBe(factor > 1 ? n : n - 1);
  });
});

// From here on one step of elimination alone, of 20 columns: p = 4 of them are eliminated.
const N = 20;
const P = 4;

/** Whether elimination claims full rank; lower is then in the units of x. */
function eliminate(x: Matrix): { claimed: boolean; lower: number } {
  const scale = openClaim(x, { tol: 1e-40 });
  module.encloseByNorms();
  const claimed = Boolean(module.decided(module.eliminateAll(x.m)));
  return { claimed, lower: module.lower.value / scale };
}

describe('terms of the bound by elimination', () => {
  test('a Schur complement of cancelled digits proves nothing', () => {
    // Integers: a product of rank 4, of entries of 2^44, plus 0, 1 and -1. The last column is the sum of two others.
    for (let seed = 0; seed < 40; seed++) {
      const r = new Random(seed);
      const m = 24;
      const integer = (size: number) => Math.round((2 * r.uniform() - 1) * size);
      const left = matrix(m, P, () => integer(2 ** 22));
      const right = matrix(P, N, () => integer(2 ** 21));
      const x = matrix(m, N, (i, j) => {
        let sum = integer(1.5);
        for (let k = 0; k < P; k++) sum += left.a[i * P + k] * right.a[k * N + j];
        return sum;
      });
      for (let i = 0; i < m; i++) x.a[i * N + N - 1] = x.a[i * N + N - 2] + x.a[i * N + N - 3];
      expect(eliminate(x).claimed).toBe(false);
    }
  });

  test('the Gram matrix of the complement is not known better than its sums', () => {
    for (let seed = 0; seed < 40; seed++) {
      const r = new Random(seed);
      const x = matrix(40, N, () => r.below(2 ** 20));
      for (let i = 0; i < x.m; i++) x.a[i * N + N - 1] = x.a[i * N + N - 2] + x.a[i * N + N - 3];
      expect(eliminate(x).claimed).toBe(false);
    }
  });

  /** The pivot rows hold B1 and B2, the others C1 and W (C1 meets zeros of B2, or is zero). */
  function blocks(B1: number[], b2: number, c1: number, W: number[]): Matrix {
    const m = 24;
    module.reset();
    const list = area(4 * 2 * P);
    module.stratifiedRows(list, 2 * P, m);
    const top = [...i32(list, P)];
    const others = Array.from({ length: m }, (_, i) => i).filter((i) => !i32(list, 2 * P).includes(i));
    return matrix(m, N, (i, j) => {
      const k = top.indexOf(i);
      if (k >= 0) return j < P ? (j === k ? B1[k] : 0) : k === P - 1 && j === P ? b2 : 0;
      const q = others.indexOf(i);
      if (q < 0) return 0;
      if (j < P) return q === 0 && j === 0 ? c1 : 0;
      return j - P !== q ? 0 : q === 0 ? W[0] : W[1];
    });
  }

  test.each([
    ['the inverse of the pivot block', [1, 1, 1, 2 ** -26], 0, 0, [100, 100]],
    ['the inverse times B2', [1, 1, 1, 2 ** -26], 0.01, 0, [1e-6, 1]],
    ['rows that Y makes long', [1, 1, 1, 1], 0, 2 ** 26, [1, 1]],
  ])('%s', (_, B1, b2, c1, W) => {
    const x = blocks(B1, b2, c1, W);
    const { claimed, lower } = eliminate(x);
    expect(claimed).toBe(true);
    expect(lower).toBeLessThanOrEqual(referenceValues(x)[N - 1]);
  });
});
