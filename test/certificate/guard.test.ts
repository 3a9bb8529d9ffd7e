// docs/certificates.md, "Guard": bounds with a statistical term decide only where they clear the tolerance, of every
// sigma_1 that is possible.
import { expect, test } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { Random, transpose } from '../numbers.js';

test('a value of half or twice the tolerance is on the right side of it', () => {
  for (let seed = 0; seed < 60; seed++) {
    const n = 2 + (seed % 30);
    const m = n + (seed % 3);
    const last = 1e-3;
    const x = new Random(seed).withSpectrum(m, n, [...new Array(n - 1).fill(1), last], n);
    for (const [tol, rank] of [
      [1.9 * last, n - 1],
      [1.05 * last, n - 1],
      [0.95 * last, n],
      [0.55 * last, n],
    ]) {
      expect(matrixRank(x.a, [m, n], { tol })).toBe(rank);
      expect(matrixRank(transpose(x).a, [n, m], { tol })).toBe(rank);
      expect(rankReport(x.a, [m, n], { tol })).toMatchObject({ rank, proven: true });
    }
  }
});

test('the tolerance is that of sigma_1, not of a norm', () => {
  // ||A||_F = sqrt(n - 1) sigma_1; the last value is between rtol sigma_1 and rtol ||A||_F, or rtol max_j ||a_j||.
  for (const n of [9, 30, 70]) {
    for (const [last, rank] of [
      [1.3e-6, n],
      [0.8e-6, n - 1],
    ]) {
      const flat = new Random(n).withSpectrum(n, n, [...new Array(n - 1).fill(1), last], n);
      expect(matrixRank(flat.a, [n, n], { rtol: 1e-6 })).toBe(rank);
      const steep = new Random(n).withSpectrum(n, n, [1, ...new Array(n - 2).fill(0.01), last], n);
      expect(matrixRank(steep.a, [n, n], { rtol: 1e-6 })).toBe(rank);
    }
  }
});
