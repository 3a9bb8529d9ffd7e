// docs/certificates.md, "Tall spectra": values from a Gram matrix only where they are as good as from reflectors.
import { describe, expect, test } from 'vitest';
import { singularValues } from '../../src/index.js';
import { type Matrix, matrix, multiply, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';

const U = 2 ** -53;

/** The largest error of the values of x and of its transpose: of what a backward stable decomposition keeps. */
function error(x: Matrix): number {
  const expected = referenceValues(x);
  const errors = [x, transpose(x)].map(({ m, n, a }) =>
    Math.max(...singularValues(a, [m, n]).map((s, i) => Math.abs(s - expected[i]))),
  );
  return Math.max(...errors) / (8 * Math.sqrt(x.n) * U * Math.hypot(...x.a));
}

const r = new Random(11);
const gaussian = (m: number, n: number) => r.matrix(m, n);
const product = (m: number, n: number, k: number) => multiply(r.matrix(m, k), r.matrix(k, n));

/** x, its last row another one. */
function lastRow(x: Matrix, row: Matrix): Matrix {
  return matrix(x.m, x.n, (i, j) => (i === x.m - 1 ? row.a[j] : x.a[i * x.n + j]));
}

/** Of so many rows and columns; the last are wide enough for a sketch. */
const SIZES = [
  [400, 3],
  [160, 5],
  [230, 24],
];

const KINDS: [string, (m: number, n: number) => Matrix][] = [
  ['Gaussian', gaussian],
  ['rank n / 2', (m, n) => product(m, n, n >> 1)],
  ['rank n - 1', (m, n) => product(m, n, n - 1)],
  ['rank 1', (m, n) => product(m, n, 1)],
  ['one-hot with intercept', (m, n) => matrix(m, n, (i, j) => (j === 0 || i % (n - 1) === j - 1 ? 1 : 0))],
  // Sums whose roundings are all the same.
  ['equal rows, but for a few', (m, n) => matrix(m, n, (i, j) => (i % 50 === j ? 0.2 : 0.1))],
  ['0 or 0.1', (m, n) => matrix(m, n, () => (r.uniform() < 0.5 ? 0.1 : 0))],
  // What some rows alone tell.
  ['a few rows', (m, n) => matrix(m, n, (i) => (i % 29 === 3 ? r.normal() : 0))],
  ['one row more than low rank', (m, n) => lastRow(product(m, n, 2), r.matrix(1, n))],
  ['one long row', (m, n) => matrix(m, n, (i) => r.normal() * (i === 17 ? 1e6 : 1))],
  ['each column in a row of its own', (m, n) => matrix(m, n, (i, j) => (i === 5 * j ? 1 + j : 0))],
];

describe.each(SIZES)('%d x %d', (m, n) => {
  test.each(KINDS)('%s', (_, make) => {
    expect(error(make(m, n))).toBeLessThanOrEqual(1);
  });

  test('condition numbers, in one value or all', () => {
    for (let digits = 0; digits <= (n < 4 ? 0.5 : 16); digits += n < 10 ? 0.25 : 4) {
      const least = 10 ** -digits;
      const one = Array.from({ length: n }, (_, i) => (i < n - 1 ? 1 : least));
      const all = one.map((_, i) => least ** (i / (n - 1)));
      for (const values of [one, all]) expect(error(r.withSpectrum(m, n, values, 3))).toBeLessThanOrEqual(1);
    }
  });
});

test('rows that are repeated very often: rounding does not add up', () => {
  for (const [m, n] of [
    [60000, 1],
    [120000, 4],
    [40000, 24],
  ])
    for (const c of [0.1, 1 / 3, 0.7, 1.3]) {
      const x = matrix(m, n, (i, j) => (i % n === j ? c : 0));
      const values = singularValues(x.a, [m, n]);
      for (let j = 0; j < n; j++) {
        const exact = c * Math.sqrt(Math.floor((m - 1 - j) / n) + 1);
        expect(Math.abs(values[j] - exact)).toBeLessThanOrEqual(12 * U * exact);
      }
    }
});

test('a column of a length of its own, however short, keeps a value of its own', () => {
  for (const scale of [1e-8, 1e-20]) {
    const x = matrix(230, 24, (_, j) => r.normal() * (j === 23 ? scale : 1));
    const values = singularValues(x.a, [230, 24]);
    expect(values[23]).toBeGreaterThan(5 * scale);
    expect(values[23]).toBeLessThan(25 * scale);
  }
});

test('elements near the ends of the range', () => {
  for (const k of [1, 5, 24])
    for (const exponent of [-1060, -1000, 980]) {
      const { a } = k < 24 ? product(230, 24, k) : gaussian(230, 24);
      const scaled = singularValues(
        a.map((v) => v * 2 ** exponent),
        [230, 24],
      );
      const values = singularValues(a, [230, 24]);
      const room = exponent < -1022 ? 2 ** -1070 * 230 : 32 * U * scaled[0];
      scaled.forEach((s, i) => {
        expect(Math.abs(s - values[i] * 2 ** exponent)).toBeLessThanOrEqual(room);
      });
    }
});

test('NaN and Infinity are named', () => {
  for (const bad of [Number.NaN, Infinity]) {
    const x = gaussian(230, 24);
    x.a[2000] = bad;
    expect(() => singularValues(x.a, [230, 24])).toThrow(RangeError);
  }
});
