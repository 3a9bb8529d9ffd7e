// docs/certificates.md, "Guard": bounds with a statistical term decide only where they clear the tolerance, of every
// sigma_1 that is possible.
import { expect, test } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { kernel } from '../../src/kernel/load.js';
import { matrix, Random, transpose } from '../numbers.js';

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

test('with a tolerance of zero a bound of zero proves nothing', () => {
  // Exactly singular: the last row is zero, and singular values that fall by a tenth each promise full rank.
  for (const n of [24, 70, 130]) {
    const x = matrix(n, n, (i, j) => (i === n - 1 ? 0 : i === j ? 0.9 ** i : Number(i === 0 && j === n - 1)));
    const { rank, proven } = rankReport(x.a, [n, n], { tol: 0 });
    expect(rank === n && proven).toBe(false);
  }
  // And of random elements, with columns that are there twice.
  for (let n = 64; n < 104; n += 4) {
    const r = new Random(n).matrix(n, n);
    const x = matrix(n, n, (i, j) => r.a[i * n + (j < n - (n % 3) - 1 ? j : j - n + (n % 3) + 1)]);
    matrixRank(x.a, [n, n], { tol: 0 });
    expect(kernel().proven() && kernel().lower() === 0).toBeFalsy();
  }
});
