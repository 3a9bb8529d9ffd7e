// Full rank by QR without pivots: singular values that fall smoothly to far above the tolerance,
// and where it must not claim.
import { describe, expect, test } from 'vitest';
import { matrixRank } from '../../src/index.js';
import { kernel } from '../../src/kernel/load.js';
import { k } from '../kernel/kernel.js';
import { matrix, Random, transpose } from '../numbers.js';
import { openClaim } from './open.js';

const QR = 4; // of claim.ts

/** From 1 down to 10^-digits, each the same factor below the one before. */
const geometric = (n: number, digits: number) =>
  Array.from({ length: n }, (_, i) => 10 ** ((-digits * i) / (n - 1)));

describe.each([
  [150, 130, 8],
  [200, 200, 9],
  [260, 260, 10],
])('%i x %i, condition 1e%i', (m, n, digits) => {
  const values = geometric(n, digits);
  const x = new Random(m + n).withSpectrum(m, n, values);

  test('proved by QR, by a bound that holds', () => {
    expect(matrixRank(x.a, [m, n])).toBe(n);
    expect(kernel().method()).toBe(QR);
    expect(kernel().lower()).toBeLessThanOrEqual(values[n - 1] * (1 + 1e-3));
    // ||R^-1||_F is at most sqrt(n) ||R^-1||, less here.
    expect(kernel().lower()).toBeGreaterThan(values[n - 1] / 10);
    expect(matrixRank(transpose(x).a, [n, m])).toBe(n);
  });

  test('a tolerance next to sigma_n, on both sides', () => {
    const tol = values[n - 1];
    expect(matrixRank(x.a, [m, n], { tol: tol * 0.99 })).toBe(n);
    expect(matrixRank(x.a, [m, n], { tol: tol * 1.01 })).toBe(n - 1);
  });

  test('a last value below the tolerance, where the others promise more', () => {
    const last = [...values.slice(0, n - 1), 1e-18];
    const y = new Random(m * n).withSpectrum(m, n, last);
    expect(matrixRank(y.a, [m, n])).toBe(n - 1);
    expect(matrixRank(y.a, [m, n], { rtol: 2e-15 })).toBe(n - 1);
  });

  test('claims nothing where sigma_n is next to the tolerance or below it', () => {
    for (const [tol, claims] of [
      [0.05, true],
      [0.9, false],
      [1.01, false],
      [2, false],
    ] as const) {
      const scale = openClaim(x, { tol: tol * values[n - 1] });
      k.encloseByNorms();
      expect(Boolean(k.fullRankByQr())).toBe(claims);
      if (claims) expect(k.lower.value / scale).toBeLessThanOrEqual(values[n - 1] * (1 + 1e-3));
    }
  });

  test('other scales', () => {
    for (const scale of [2 ** -700, 2 ** 700]) {
      const y = x.a.map((v) => v * scale);
      expect(matrixRank(y, [m, n])).toBe(n);
      expect(matrixRank(y, [m, n], { tol: values[n - 1] * 1.01 * scale })).toBe(n - 1);
    }
  });
});

describe('a tall matrix whose columns depend, which a sample of rows cannot tell', () => {
  test.each([
    [600, 70],
    [1500, 101],
    [5200, 130],
  ])('indicators of %i rows in %i - 1 groups, and a column of ones', (m, n) => {
    const random = new Random(m);
    const a = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      a[i * n + (i < n - 1 ? i : Math.floor(random.uniform() * (n - 1)))] = 1;
      a[i * n + n - 1] = 1;
    }
    expect(matrixRank(a, [m, n])).toBe(n - 1);
    expect(matrixRank(transpose({ m, n, a }).a, [n, m])).toBe(n - 1);
    a[n - 1] = 1 + 1e-6;
    expect(matrixRank(a, [m, n])).toBe(n);
  });
});

describe.each([60, 131, 200])('a triangular matrix of order %i', (n) => {
  const ones = matrix(n, n, (i, j) => (i <= j ? 1 : 0));
  const [least, next] = [1, 2].map((j) => 0.5 / Math.cos((j * Math.PI) / (2 * n + 1))); // sigma_n, sigma_{n-1}

  test.each([
    ['upper', ones],
    ['lower', transpose(ones)],
  ])('%s: proved by its inverse', (_, x) => {
    expect(matrixRank(x.a, [n, n])).toBe(n);
    expect(kernel().method()).toBe(QR);
    expect(kernel().lower()).toBeLessThanOrEqual(least);
    expect(kernel().lower()).toBeGreaterThan(least / n);
    expect(matrixRank(x.a, [n, n], { tol: 0.99 * least })).toBe(n);
    expect(matrixRank(x.a, [n, n], { tol: 0.5 * (least + next) })).toBe(n - 1);
  });

  test('not of full rank: a zero on the diagonal, or an inverse that grows', () => {
    const gap = matrix(n, n, (i, j) => (i === 9 && j === 9 ? 0 : ones.a[i * n + j]));
    const growing = matrix(n, n, (i, j) => (i === j ? 1 : i < j && i < 57 && j < 57 ? -1 : 0));
    for (const x of [gap, growing]) {
      expect(matrixRank(x.a, [n, n])).toBe(n - 1);
      expect(matrixRank(transpose(x).a, [n, n])).toBe(n - 1);
    }
  });

  test('but for one element in a corner: the last row is the first', () => {
    const corners = matrix(n, n, (i, j) => (i === j || i + j === n - 1 ? (i % (n - 1) ? +(i === j) : 1) : 0));
    expect(matrixRank(corners.a, [n, n])).toBe(n - 1);
  });
});
