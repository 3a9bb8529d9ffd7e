// rankFactors against the definition, multiplied out, and against the least error that any factors can have.
import { describe, expect, it } from 'vitest';
import { rankFactors } from '../../src/matrix/factors.js';
import { matrixRank } from '../../src/matrix/rank.js';
import type { FactorOptions, RankFactors } from '../../src/types.js';
import { type Matrix, map, matrix, multiply, permuted, Random, transpose } from '../numbers.js';

function norm(a: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]));
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += most > 0 ? (a[i] / most) ** 2 : 0;
  return most * Math.sqrt(sum);
}

const difference = (x: Matrix, { left, right, rank }: RankFactors) => {
  const product = multiply({ m: x.m, n: rank, a: left }, { m: rank, n: x.n, a: right });
  return norm(x.a.map((v, i) => v - product.a[i]));
};

/** Shapes, columns, the identity and the residual, whatever the matrix. */
function check(x: Matrix, f: RankFactors, slack = 1e-14): void {
  const { m, n, a } = x;
  expect(f.shape).toEqual([m, n]);
  expect([f.left.length, f.right.length]).toEqual([m * f.rank, f.rank * n]);
  const size = norm(a);
  expect(Math.abs(difference(x, f) - f.residual)).toBeLessThanOrEqual(slack * size + 1e-12 * f.residual);
  if (f.columns.length === 0) return;
  expect(new Set(f.columns).size).toBe(f.rank);
  for (let p = 0; p < f.rank; p++) {
    for (let i = 0; i < m; i++) expect(f.left[i * f.rank + p]).toBe(a[i * n + f.columns[p]]);
    for (let q = 0; q < f.rank; q++) expect(f.right[p * n + f.columns[q]]).toBe(p === q ? 1 : 0);
  }
}

const random = new Random(21);
// biome-ignore format: a list
const shapes = [
  [40, 25], [25, 40], [90, 90], [300, 70], [70, 300], [500, 8], [8, 500], [160, 120], [100, 600], [20, 2000],
];

describe.each(['columns', 'svd'] as const)('rankFactors by %s', (method) => {
  it.each(shapes)('of a %i x %i matrix of rank 6 leaves nothing', (m, n) => {
    const x = multiply(random.matrix(m, 6), random.matrix(6, n));
    const f = rankFactors(x.a, [m, n], { method });
    expect(f.rank).toBe(6);
    check(x, f);
    expect(f.residual).toBeLessThan(1e-13 * norm(x.a));
  });

  it.each(shapes)('of a %i x %i matrix of full rank leaves nothing either', (m, n) => {
    const x = random.matrix(m, n);
    const f = rankFactors({ data: x.a, shape: [m, n] }, { method });
    expect(f.rank).toBe(Math.min(m, n));
    check(x, f, 1e-12);
    expect(f.residual).toBeLessThan(1e-12 * norm(x.a));
  });

  it.each(shapes)('keeps at most the rank asked for, %i x %i', (m, n) => {
    const size = Math.min(m, n);
    const sigma = Array.from({ length: size }, (_, i) => 0.8 ** i);
    const x = random.withSpectrum(m, n, sigma);
    for (const rank of [0, 1, 5, size - 1, size, size + 50]) {
      const f = rankFactors(x.a, [m, n], { rank, method });
      const k = Math.min(rank, matrixRank(x.a, [m, n]));
      expect(f.rank).toBe(k);
      check(x, f);
      const best = norm(sigma.slice(k));
      expect(f.residual).toBeGreaterThanOrEqual(best * (1 - 1e-10) - 1e-14);
      expect(f.residual).toBeLessThanOrEqual(best * (method === 'svd' ? 1 + 1e-10 : 8) + 1e-13);
    }
  });

  it('keeps the fewest that hold the energy', () => {
    for (const [m, n] of [
      [60, 40],
      [40, 60],
      [200, 100],
    ]) {
      const sigma = Array.from({ length: Math.min(m, n) }, (_, i) => 1 / (i + 1));
      const x = random.withSpectrum(m, n, sigma);
      const total = norm(sigma) ** 2;
      for (const energy of [0, 0.5, 0.9, 0.99, 1]) {
        const f = rankFactors(x.a, [m, n], { energy, method });
        check(x, f);
        if (energy < 1) expect(f.residual ** 2).toBeLessThanOrEqual((1 - energy) * total * (1 + 1e-9));
        const fewest = sigma.findIndex(
          (_, k) => norm(sigma.slice(k)) ** 2 <= (1 - energy) * total * (1 + 1e-9),
        );
        const k = fewest < 0 ? sigma.length : fewest;
        if (method === 'svd') expect(f.rank).toBe(k);
        else expect(f.rank).toBeGreaterThanOrEqual(k);
        // One fewer does not do.
        if (f.rank > 0 && energy < 1) {
          const less = rankFactors(x.a, [m, n], { rank: f.rank - 1, method });
          expect(less.residual ** 2).toBeGreaterThan((1 - energy) * total);
        }
      }
    }
  });

  it('keeps enough for the energy, or as many as are above the tolerance', () => {
    let stopped = 0;
    for (let trial = 0; trial < 400; trial++) {
      const n = 4 + (trial % 12);
      const m = n + (trial % 7);
      const share = 0.5 + 0.49 * ((trial * 37) % 100) * 0.01;
      const x = random.matrix(m, n);
      for (let j = 0; j < n; j++)
        for (let i = 0; i < m; i++) x.a[i * n + j] *= 10 ** ((-(trial % 5) * j) / (2 * n));
      const total = norm(x.a) ** 2;
      const tol = Math.sqrt(total / n) * (0.3 + 0.01 * ((trial * 61) % 100));
      const f = rankFactors(x.a, [m, n], { energy: share, tol, method });
      check(x, f, 1e-13);
      if (f.rank === matrixRank(x.a, [m, n], { tol })) continue; // all that it may take
      stopped++;
      expect(f.residual ** 2).toBeLessThanOrEqual((1 - share) * total * (1 + 1e-8));
    }
    expect(stopped).toBeGreaterThan(50);
  });

  it('holds 90 % of ten equal values in nine', () => {
    const x = random.withSpectrum(10, 30, new Array(10).fill(0.1));
    const f = rankFactors(x.a, [10, 30], { energy: 0.9, method });
    if (method === 'svd') expect(f.rank).toBe(9);
    else expect([9, 10]).toContain(f.rank);
    expect(rankFactors([1, 0, 0, 1], [2, 2], { energy: 0.5, method }).rank).toBe(1);
  });

  it('finds columns that are copies of each other, and blocks', () => {
    for (const n of [6, 66, 70, 90, 130]) {
      const h = n >> 1;
      const blocks = matrix(n, n, (i, j) => (i < h === j < h ? (i < h ? 1 : 1.0000001) : 0));
      const f = rankFactors(blocks.a, [n, n], { method });
      expect(f.rank).toBe(2);
      check(blocks, f);
      expect(f.residual).toBeLessThan(1e-14 * n);
      const shuffled = permuted(blocks, random.permutation(n), random.permutation(n));
      expect(rankFactors(shuffled.a, [n, n], { method }).residual).toBeLessThan(1e-14 * n);
    }
    for (const q of [0.9, 0.95]) {
      for (const n of [100, 200]) {
        const x = matrix(n, n, (i, j) => (i === j ? q ** i : 0));
        for (const rank of [5, 20, n]) check(x, rankFactors(x.a, [n, n], { rank, method }));
      }
    }
  });

  it.each([1e300, 1e-300, 2 ** -1040])('at the scale %d', (scale) => {
    const exact = multiply(
      matrix(12, 3, (i, j) => ((i * 5 + j * 3) % 7) - 3),
      matrix(3, 9, (i, j) => ((i * 2 + j) % 5) - 2),
    );
    const x = map(exact, (v) => v * scale);
    for (const [y, shape] of [
      [x, [12, 9]],
      [transpose(x), [9, 12]],
    ] as const) {
      const f = rankFactors(y.a, shape, { method });
      expect(f.rank).toBe(3);
      expect(f.residual).toBeLessThanOrEqual(1e-14 * norm(y.a));
      expect(difference(y, f)).toBeLessThanOrEqual(1e-9 * norm(y.a));
      const g = rankFactors(y.a, shape, { rank: 1, method });
      expect(Math.abs(difference(y, g) / g.residual - 1)).toBeLessThan(1e-9);
    }
  });

  it('reads float32, integers, strides and nested arrays', () => {
    const x = map(multiply(random.matrix(30, 4), random.matrix(4, 20)), (v) => Math.round(8 * v));
    const shape = [30, 20];
    const inputs = [
      { data: Float32Array.from(x.a), shape },
      { data: Int16Array.from(x.a), shape },
      { data: transpose(x).a, shape, strides: [1, 30] },
      Array.from({ length: 30 }, (_, i) => Array.from(x.a.slice(i * 20, i * 20 + 20))),
    ];
    for (const a of inputs) check(x, rankFactors(a, { rank: 3, method }));
    const single = Float32Array.from(multiply(random.matrix(30, 4), random.matrix(4, 20)).a);
    const f = rankFactors(single, shape, { method });
    expect(f.rank).toBe(4); // float32's rounding is below float32's tolerance
    check({ m: 30, n: 20, a: Float64Array.from(single) }, f);
  });

  it('of zeros, of nothing, of a vector', () => {
    const zero = rankFactors(new Float64Array(12), [3, 4], { method });
    const none = { left: new Float64Array(0), right: new Float64Array(0), columns: new Int32Array(0) };
    expect(zero).toEqual({ ...none, shape: [3, 4], rank: 0, residual: 0 });
    expect(rankFactors([], [0, 4], { method }).shape).toEqual([0, 4]);
    const row = rankFactors([0, 3, 4], [3], { method });
    expect([row.rank, row.shape]).toEqual([1, [1, 3]]);
    expect(row.residual).toBeLessThan(5e-15);
    const column = rankFactors([0, 3, 4], [3, 1], { method });
    expect(column.rank).toBe(1);
    check({ m: 3, n: 1, a: Float64Array.of(0, 3, 4) }, column);
  });

  it('with zero rows and columns', () => {
    const x = matrix(40, 30, (i, j) => (i % 3 && j % 2 ? i - 2 * j : 0));
    const f = rankFactors(x.a, [40, 30], { method });
    expect(f.rank).toBe(2);
    check(x, f);
    check(transpose(x), rankFactors(transpose(x).a, [30, 40], { method }));
  });

  it('reads only the lower triangle of a hermitian matrix', () => {
    const x = matrix(5, 5, (i, j) => (i + 1) * (j + 1));
    const lower = map(x, (v) => v);
    for (let i = 0; i < 5; i++) for (let j = i + 1; j < 5; j++) lower.a[i * 5 + j] = 77;
    const f = rankFactors(lower.a, [5, 5], { hermitian: true, method });
    expect(f.rank).toBe(1);
    check(x, f);
  });

  it('leaves the input alone and gives arrays of its own', () => {
    const { a } = random.matrix(20, 30);
    const before = a.slice();
    const f = rankFactors(a, [20, 30], { rank: 4, method });
    const kept = f.right.slice();
    rankFactors(random.matrix(50, 50).a, [50, 50], { method });
    expect(a).toEqual(before);
    expect(f.right).toEqual(kept);
  });
});

describe('rankFactors', () => {
  it('by svd has orthonormal rows at the right and orthogonal columns at the left', () => {
    for (const [m, n] of [
      [50, 30],
      [30, 50],
    ]) {
      const sigma = Array.from({ length: 30 }, (_, i) => 10 ** (-i / 3));
      const x = random.withSpectrum(m, n, sigma);
      const { left, right, rank } = rankFactors(x.a, [m, n], { rank: 20, method: 'svd' });
      const r = { m: rank, n, a: right };
      const l = { m, n: rank, a: left };
      const rr = multiply(r, transpose(r)).a;
      const ll = multiply(transpose(l), l).a;
      for (let i = 0; i < rank; i++) {
        for (let j = 0; j < rank; j++) {
          // Of a wide matrix they are A^T u / sigma: as good as sigma is beside sigma_1.
          const slack = 1e-13 + (1e-15 * sigma[0]) / sigma[Math.max(i, j)];
          expect(Math.abs(rr[i * rank + j] - Number(i === j))).toBeLessThan(slack);
          const expected = i === j ? sigma[i] ** 2 : 0;
          expect(Math.abs(ll[i * rank + j] - expected)).toBeLessThan(1e-12 * sigma[Math.min(i, j)]);
        }
      }
    }
  });

  /** Singular values that stand together, so that their vectors are not told apart. */
  const together: [string, number[]][] = [
    ['all equal', new Array(70).fill(3)],
    ['two clusters', Array.from({ length: 70 }, (_, i) => (i < 35 ? 1 - 1e-13 * i : 1e-3 * (1 - 1e-14 * i)))],
    [
      'a cluster of width 1e-8',
      Array.from({ length: 70 }, (_, i) => (i < 40 ? 1 - 2e-10 * i : 0.5 ** (i - 39))),
    ],
    ['a gap behind the fifth', Array.from({ length: 70 }, (_, i) => (i < 5 ? 1 : 0))],
    ['a gap behind the fifth, and noise', Array.from({ length: 70 }, (_, i) => (i < 5 ? 1 : 1e-5))],
    ['graded to rounding', Array.from({ length: 70 }, (_, i) => 10 ** (-i / 4.5))],
  ];
  it.each(together)('by svd leaves the least where the spectrum has %s', (_, sigma) => {
    for (const [m, n] of [[70, 70], [80, 70], [70, 80], [400, 70]]) {
      const x = random.withSpectrum(m, n, sigma);
      const size = norm(sigma);
      const full = matrixRank(x.a, [m, n]);
      for (const rank of [1, 5, full >> 1, full]) {
        const f = rankFactors(x.a, [m, n], { rank, method: 'svd' });
        check(x, f);
        expect(f.residual - norm(sigma.slice(f.rank))).toBeLessThan(2e-14 * size);
        const [own, inner] = m >= n ? [f.right, n] : [transpose({ m, n: f.rank, a: f.left }).a, m];
        for (let p = 0; p < f.rank; p++) {
          for (let q = 0; q <= p; q++) {
            const [u, v] = [p, q].map((i) => own.subarray(i * inner, (i + 1) * inner));
            const cosine = u.reduce((s, t, i) => s + t * v[i], 0) / norm(u) / norm(v);
            expect(Math.abs(cosine - Number(p === q))).toBeLessThan(m >= n ? 1e-14 : (1e-13 * sigma[0]) / sigma[p]);
          }
        }
      }
    }
  }); // biome-ignore format: shapes

  it('by svd has the vectors of rows that are multiples of each other, and of a permutation', () => {
    const ones = matrix(90, 90, () => 1);
    expect(rankFactors(ones.a, [90, 90], { method: 'svd' }).rank).toBe(1);
    const moved = matrix(64, 64, (i, j) => Number(j === (i * 7 + 3) % 64));
    for (const rank of [1, 20, 64]) {
      const f = rankFactors(moved.a, [64, 64], { method: 'svd', rank });
      expect(Math.abs(f.residual - Math.sqrt(64 - rank))).toBeLessThan(1e-13);
    }
  });

  it('passes the tolerance on', () => {
    const x = random.withSpectrum(
      20,
      20,
      Array.from({ length: 20 }, (_, i) => 10 ** -i),
    );
    for (const options of [{ rtol: 1e-5 }, { tol: 1e-3 }, { atol: 1e-7 }]) {
      expect(rankFactors(x.a, [20, 20], options).rank).toBe(matrixRank(x.a, [20, 20], options));
    }
  });

  // biome-ignore format: a table
  const bad: [string, FactorOptions | unknown, new (message: string) => Error, string][] = [
    ['two limits', { rank: 1, energy: 0.5 }, TypeError, 'rankFactors: rank and energy exclude each other.'],
    ['a rank that is no number', { rank: '1' }, TypeError, 'rankFactors: rank must be a number; got a string.'],
    ['half a rank', { rank: 1.5 }, RangeError, 'rankFactors: rank must be a whole number of 0 or more; got 1.5.'],
    ['a negative rank', { rank: -1 }, RangeError, 'rankFactors: rank must be a whole number of 0 or more; got -1.'],
    ['energy in percent', { energy: 99 }, RangeError, 'rankFactors: energy must be from 0 to 1; got 99.'],
    ['NaN', { energy: NaN }, RangeError, 'rankFactors: energy must be from 0 to 1; got NaN.'],
    ['a method', { method: 'qr' }, RangeError, "rankFactors: method must be 'columns' or 'svd'; got 'qr'."],
    ['no method', { method: 1 }, TypeError, "rankFactors: method must be 'columns' or 'svd'; got a number."],
    ['an option', { k: 1 }, TypeError,
      'rankFactors: there is no option "k"; the options are tol, rtol, atol, hermitian, rank, energy, method.'],
  ];
  it.each(bad)('refuses %s', (_, options, type, message) => {
    const act = () => rankFactors([1, 2, 3, 4], [2, 2], options as FactorOptions);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it('refuses what is not finite, and no matrix', () => {
    expect(() => rankFactors([1, NaN], [1, 2])).toThrow('rankFactors: element [0, 1] is NaN');
    expect(() => rankFactors(new Float64Array(8), [2, 2, 2])).toThrow(
      'rankFactors: shape [2, 2, 2] has 3 dimensions',
    );
    expect(() => rankFactors([1, 2], [1, 2], { hermitian: true })).toThrow(
      'rankFactors: hermitian needs a square matrix',
    );
  });
});
