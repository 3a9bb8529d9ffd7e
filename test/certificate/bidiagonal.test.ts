// docs/certificates.md, "Bidiagonal": values by counts.
import { describe, expect, test } from 'vitest';
import { k, putColumns } from '../kernel/kernel.js';
import { matrix, Random } from '../numbers.js';
import { claims, claimsBySingularValues } from './open.js';

describe('bounds of the values hold', () => {
  test.each([2, 3, 4, 6, 9, 12, 16, 20, 30, 47, 55])('orthogonal, order %i', (n) => {
    const ones = new Array(n).fill(1);
    for (let seed = 0; seed < (n < 10 ? 150 : n < 21 ? 25 : 4); seed++) {
      expect(claims(new Random(seed).withSpectrum(n, n, ones, n), 0.9, 0)).toBe(true);
    }
  });

  test.each([4, 13])('graded columns, a tolerance between two values, order %i', (n) => {
    for (let seed = 0; seed < 40; seed++) {
      const r = new Random(seed);
      const values = Array.from({ length: n }, (_, i) => 10 ** (-i * r.uniform()));
      expect(claims(r.withSpectrum(n, n, values, n), 1.01 * values[n >> 1], 0)).toBe(true);
    }
  });

  test.each([
    [3, 3],
    [8, 8],
    [30, 18],
  ])('of the form of A itself, %i x %i', (m, n) => {
    for (let seed = 0; seed < 30; seed++) {
      const r = new Random(seed);
      const values = Array.from({ length: n }, (_, i) => 0.3 ** i);
      claimsBySingularValues(r.withSpectrum(m, n, values, n), 0.5 * values[n >> 1]);
    }
  });

  test('graded, order 40', () => {
    for (let seed = 0; seed < 3; seed++) {
      const values = Array.from({ length: 40 }, (_, i) => 2 ** -i);
      expect(claims(new Random(seed).withSpectrum(40, 40, values, 40), 1.3 * 2 ** -20, 0)).toBe(true);
    }
  });
});

test('a value that is the tolerance is not above it; the numbers beside it tell', () => {
  for (const n of [3, 20]) {
    const values = Array.from({ length: n }, (_, i) => 2 ** -i * (1 + i / 64));
    k.reset();
    const { W, ld } = putColumns(matrix(n, n, (i, j) => (i === j ? values[i] : 0)));
    const B = k.bidiagonalForm(W, ld, n, n);
    values.forEach((value, i) => {
      expect(k.countAbove(B, value)).toBe(i);
      expect(k.countAbove(B, value * (1 + 2 ** -50))).toBe(i);
      expect(k.countAbove(B, value * (1 - 2 ** -50))).toBe(i + 1);
    });
  }
});
