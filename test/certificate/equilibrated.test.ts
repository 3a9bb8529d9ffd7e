// Rows or columns that fall over many orders: counted from Gram matrices of lines of one length.
import { describe, expect, test } from 'vitest';
import { matrixRank } from '../../src/index.js';
import { kernel } from '../../src/kernel/load.js';
import { k as module, putColumns } from '../kernel/kernel.js';
import { type Matrix, map, matrix, permuted, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { openClaim } from './open.js';

const EQUILIBRATED = 8; // of claim.ts
const EPS = 2 ** -52;

const rankOf = (x: Matrix, options?: { tol?: number; rtol?: number }) => matrixRank(x.a, [x.m, x.n], options);

/** Orthonormal columns, by Gram and Schmidt twice, times lengths: singular values but for the last digits of each. */
function gradedColumns(random: Random, m: number, lengths: number[]): Matrix {
  const q = Array.from(lengths, () => Float64Array.from({ length: m }, () => random.normal()));
  const dot = (x: Float64Array, y: Float64Array) => x.reduce((s, v, i) => s + v * y[i], 0);
  q.forEach((x, j) => {
    for (const other of [...q.slice(0, j), ...q.slice(0, j)]) {
      const c = dot(x, other);
      for (let i = 0; i < m; i++) x[i] -= c * other[i];
    }
    const size = Math.sqrt(dot(x, x));
    for (let i = 0; i < m; i++) x[i] /= size;
  });
  return matrix(m, lengths.length, (i, j) => q[j][i] * lengths[j]);
}

/** 1 ... 10^-digits, the tolerance in the middle between two of them. */
function lengthsAround(n: number, k: number, digits: number, tolerance: number): number[] {
  const step = digits / n;
  return Array.from({ length: n }, (_, i) => (i === 0 ? 1 : tolerance * 10 ** (step * (k - 0.5 - i))));
}

describe.each([
  [64, 64, 60],
  [90, 80, 41],
  [260, 130, 128],
  [300, 300, 280],
  [1400, 100, 93],
])('%i x %i, columns of many lengths, rank %i', (m, n, k) => {
  const tolerance = m * EPS;
  const lengths = lengthsAround(n, k, 14, tolerance);
  const largest = Math.max(...lengths);
  const x = gradedColumns(new Random(m + n), m, lengths);

  test('the rank, in any order and at any scale, tall or wide', () => {
    const order = new Random(n).permutation(n);
    const shuffled = permuted(
      x,
      Array.from({ length: m }, (_, i) => i),
      order,
    );
    for (const y of [x, shuffled]) {
      expect(rankOf(y, { rtol: tolerance / largest })).toBe(k);
      expect(kernel().method()).toBe(EQUILIBRATED);
      expect(rankOf(transpose(y), { rtol: tolerance / largest })).toBe(k);
      for (const scale of [2 ** -700, 2 ** 800]) {
        expect(
          rankOf(
            map(y, (v) => v * scale),
            { rtol: tolerance / largest },
          ),
        ).toBe(k);
      }
    }
  });

  test('other tolerances, relative and absolute', () => {
    for (const j of [k - 2, Math.floor(0.9 * k), Math.min(k + 1, n - 1)]) {
      const between = Math.sqrt(lengths[j - 1] * lengths[j]);
      expect(rankOf(x, { tol: between })).toBe(j);
      expect(rankOf(x, { rtol: between / largest })).toBe(j);
    }
    expect(rankOf(x, { tol: 0.5 * Math.min(...lengths) })).toBe(n);
  });
});

describe.each([
  [72, 72, 50],
  [100, 100, 70],
  [130, 128, 100],
  [600, 90, 60],
])('%i x %i, all the same way down past the tolerance', (m, n, k) => {
  const tolerance = m * EPS;
  const values = Array.from({ length: n }, (_, i) => tolerance ** (i / (k - 0.5)));
  const x = new Random(m * n).withSpectrum(m, n, values);

  test('the rank', () => {
    expect(rankOf(x)).toBe(k);
    expect(kernel().method()).toBe(EQUILIBRATED);
    expect(rankOf(transpose(x))).toBe(k);
    for (const j of [Math.floor(0.8 * k), k - 1, k + 1]) {
      expect(rankOf(x, { tol: Math.sqrt(values[j - 1] * values[j]) })).toBe(j);
    }
  });

  test('a tolerance that no arithmetic keeps', () => {
    for (const tol of [0, 1e-300, 1e-18]) {
      expect(rankOf(x, { tol })).toBeGreaterThanOrEqual(k);
      expect(rankOf(x, { tol })).toBeLessThanOrEqual(n);
    }
  });
});

test.each([64, 100])('rows and columns of many lengths, in any order: %i', (n) => {
  const r = new Random(n);
  const lengths = Array.from({ length: n }, (_, i) => 10 ** ((-9.5 * i) / n));
  const x = matrix(n, n, (i, j) => r.normal() * lengths[i] * lengths[j]);
  const values = referenceValues(x);
  const tolerance = n * EPS * values[0];
  const delta = 8 * Math.sqrt(n) * 2 ** -53 * Math.sqrt(x.a.reduce((s, v) => s + v * v, 0));
  const least = values.filter((v) => v > tolerance + delta).length;
  const most = values.filter((v) => v > tolerance - delta).length;
  for (const y of [x, permuted(x, r.permutation(n), r.permutation(n))]) {
    const rank = rankOf(y);
    expect(kernel().method()).toBe(EQUILIBRATED);
    expect(rank).toBeGreaterThanOrEqual(least);
    expect(rank).toBeLessThanOrEqual(most);
    for (const k of [least >> 1, least - 1]) {
      expect(rankOf(y, { tol: Math.sqrt(values[k - 1] * values[k]) })).toBe(k);
    }
  }
});

/** What is claimed of the open matrix x must hold for every matrix within `rest` of it. */
function holds(x: Matrix, tol: number, rest: number): void {
  const rank = module.claimed.value;
  const values = referenceValues(x);
  expect(values.filter((v) => v + rest > tol).length).toBe(rank);
  expect(values.filter((v) => v - rest > tol).length).toBe(rank);
}

describe('what R differs by from A enters the count', () => {
  test.each([12, 25])('%i columns', (n) => {
    let claims = 0;
    for (let seed = 0; seed < 80; seed++) {
      const r = new Random(7919 * seed);
      const tol = 1e-9;
      const rest = tol * 10 ** -(0.5 + 2 * r.uniform());
      const near = tol + (2 * r.below(2) - 1) * rest * (0.5 + 4 * r.uniform());
      const values = Array.from({ length: n }, (_, i) =>
        i < n / 2 ? 1 - i / n : tol * (r.below(2) ? 3 : 0.3),
      );
      values[n - 1] = near;
      const x = matrix(n, n, (i, j) => (i === j ? values[i] : 0));
      const scale = openClaim(x, { tol });
      module.encloseByNorms();
      const { W, ld } = putColumns(map(x, (v) => v * scale));
      if (!module.byEquilibratedTriangle(W, ld, rest * scale)) continue;
      claims++;
      holds(x, tol, rest);
    }
    expect(claims).toBeGreaterThan(10);
  });
});

describe('columns that depend but for their lengths', () => {
  // Two columns are the same to some digits: past seven no Gram matrix of theirs shows by how much they differ.
  test.each([16, 40])('%i columns', (n) => {
    let claims = 0;
    for (let seed = 0; seed < 60; seed++) {
      const r = new Random(7919 * seed);
      const digits = 1 + 10 * r.uniform();
      const q = r.matrix(n, n);
      const [a, b] = [2 + r.below(3), n - 1 - r.below(3)];
      for (let i = 0; i < n; i++) q.a[i * n + b] = q.a[i * n + a] + q.a[i * n + b] * 10 ** -digits;
      const x = matrix(n, n, (i, j) => q.a[i * n + j] * 2 ** -(j === b ? a : (30 * j) / n));
      const tol = 10 ** -(3 + 11 * r.uniform());
      openClaim(x, { tol });
      module.encloseByNorms();
      if (!module.byEquilibratedColumns()) continue;
      claims++;
      if (module.proven.value) holds(x, tol, 0);
      else {
        const values = referenceValues(x);
        const delta = 8 * Math.sqrt(n) * 2 ** -53 * Math.sqrt(x.a.reduce((s, v) => s + v * v, 0));
        expect(module.claimed.value).toBeGreaterThanOrEqual(values.filter((v) => v > tol + delta).length);
        expect(module.claimed.value).toBeLessThanOrEqual(values.filter((v) => v > tol - delta).length);
      }
    }
    expect(claims).toBeGreaterThan(10);
  });
});

test('a count whose factor has grown tells nothing, of either side', () => {
  // The first pivot is zero but for the rounding that is allowed for, and divides the product of the two columns.
  const scale = openClaim(
    matrix(2, 2, (i, j) => (i <= j ? 1 : 0)),
    { tol: 1e-3 },
  );
  module.encloseByNorms();
  const t = module.ofColumns();
  expect(module.count(t, scale, 0)).toBe(-1);
  expect(module.count(t, scale, 1)).toBe(3);
  // Singular values are 1.618 and 0.618.
  for (const [x, above] of [
    [0.5, 2],
    [0.7, 1],
    [1.4, 1],
    [1.7, 0],
  ]) {
    expect(module.count(t, x * scale, 0)).toBe(above);
    expect(module.count(t, x * scale, 1)).toBe(above);
  }
});
