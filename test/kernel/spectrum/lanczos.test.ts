// Lanczos iteration.

import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, multiply, Random, transpose } from '../../numbers.js';
import { referenceValues } from '../../reference.js';
import { k, putSymmetric, SIZES, watch } from '../kernel.js';

describe('the largest eigenvalue', () => {
  const cases: [string, (n: number) => Matrix, (n: number) => number][] = [
    ['I', (n) => matrix(n, n, (i, j) => (i === j ? 1 : 0)), () => 1],
    ['rank one', (n) => matrix(n, n, () => 1), (n) => n],
    ['diagonal', (n) => matrix(n, n, (i, j) => (i === j ? i + 1 : 0)), (n) => n],
    [
      'second differences',
      (n) => matrix(n, n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)),
      (n) => 2 - 2 * Math.cos((n * Math.PI) / (n + 1)),
    ],
  ];
  test.each(cases)('%s', (_, make, known) => {
    for (const n of SIZES) {
      k.reset();
      const x = make(n);
      const trace = Array.from({ length: n }, (_, i) => x.a[i * n + i]).reduce((s, t) => s + t, 0);
      const G = putSymmetric(x);
      const theta = watch([], () => k.largestEigenvalue(G, n, trace, 1e-14, 400, 0));
      expect(theta).toBeLessThanOrEqual(known(n) * (1 + 1e-13));
      expect(theta).toBeGreaterThanOrEqual(known(n) * (1 - 1e-7));
    }
  });

  test('of a zero matrix is 0', () => {
    k.reset();
    const G = putSymmetric(matrix(6, 6, () => 0));
    expect(k.largestEigenvalue(G, 6, 0, 1e-14, 400, 0)).toBe(0);
  });

  test('of random Gram matrices is that of the reference', () => {
    for (const n of [2, 3, 9, 20, 31]) {
      k.reset();
      const x = new Random(n).matrix(n, n);
      const gram = multiply(transpose(x), x);
      const trace = x.a.reduce((s, t) => s + t * t, 0);
      const known = referenceValues(x)[0] ** 2;
      const theta = k.largestEigenvalue(putSymmetric(gram), n, trace, 1e-14, 400, 0);
      expect(Math.abs(theta / known - 1)).toBeLessThan(1e-12);
    }
  });
});

test.each([5, 24, 65, 100])(
  'of order %i: the eigenvalues nearest to a shift, by the inverse, on either side',
  (n) => {
    // Eigenvalues i^2, i = 1 .. n, and a shift between two of them.
    const x = new Random(n).withSpectrum(
      n + 3,
      n,
      Array.from({ length: n }, (_, i) => n - i),
    );
    const gram = multiply(transpose(x), x);
    for (const i of [1, n >> 1, n - 1]) {
      const shift = i * i + 0.4 * (2 * i + 1);
      k.reset();
      const L = putSymmetric(gram);
      const f = k.factor(L, n, shift, false);
      expect(k.negativePivots(f)).toBe(i);
      const up = k.largestOfInverse(f, n, 1e9, 1e-12, 400);
      const down = k.largestOfNegativeInverse(f, n, 1e9, 1e-12, 400);
      expect(Math.abs(up * ((i + 1) ** 2 - shift) - 1)).toBeLessThan(1e-6);
      expect(Math.abs(down * (shift - i * i) - 1)).toBeLessThan(1e-6);
    }
  },
);
