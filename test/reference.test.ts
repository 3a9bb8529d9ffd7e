// The reference is itself checked, on spectra that are known from elsewhere.
import { expect, test } from 'vitest';
import { matrix, Random } from './numbers.js';
import { referenceValues } from './reference.js';

test('Hilbert: the product of the singular values is the determinant, known exactly', () => {
  for (const n of [2, 3, 5, 8, 10]) {
    const determinant = 1 / Number(inverseDeterminant(n));
    // 1 / (i + j + 1) to 32 digits: the rest of the division is fma(q, d, -1) / d.
    const x = matrix(n, n, (i, j) => 1 / (i + j + 1));
    const tail = matrix(n, n, (i, j) => residue(i + j + 1));
    const product = referenceValues(x, tail.a).reduce((p, s) => p * s, 1);
    expect(Math.abs(product / determinant - 1)).toBeLessThan(1e-13);
  }
});

/** 1 / det(Hilbert n) = prod over k < n of (2k + 1) binomial(2k, k)^2, an integer. */
function inverseDeterminant(n: number): bigint {
  let product = 1n;
  let binomial = 1n;
  for (let k = 1n; k < n; k++) {
    binomial = (binomial * (4n * k - 2n)) / k;
    product *= (2n * k + 1n) * binomial ** 2n;
  }
  return product;
}

/** (1 - d q) / d for q = 1 / d rounded. */
function residue(d: number): number {
  const q = BigInt(Math.round((1 / d) * 2 ** 60));
  return Number((1n << 60n) - BigInt(d) * q) / 2 ** 60 / d;
}

test('second differences: 2 - 2 cos(k pi / (n + 1)), to the last digit', () => {
  for (const n of [1, 2, 7, 40]) {
    const x = matrix(n, n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0));
    referenceValues(x).forEach((s, i) => {
      const half = Math.sin(((n - i) * Math.PI) / (2 * n + 2));
      expect(Math.abs(s / (4 * half * half) - 1)).toBeLessThan(2e-15);
    });
  }
});

test('bidiagonal with 1e-20 beside 1: small values keep their digits', () => {
  // [[1, 1], [0, d]]: sigma_1 sigma_2 = d, sigma_1^2 + sigma_2^2 = 2 + d^2
  const d = 1e-20;
  const [s1, s2] = referenceValues(matrix(2, 2, (i, j) => (i > j ? 0 : i === 0 ? 1 : d)));
  expect(Math.abs(s1 / Math.SQRT2 - 1)).toBeLessThan(3e-16);
  expect(Math.abs((s1 * s2) / d - 1)).toBeLessThan(1e-15);
});

test('scales from 2^-1070 to 2^1000, wide as tall, zero columns', () => {
  const x = matrix(3, 3, (i, j) => [3, 0, 0, 4, 0, 0, 0, 0, 12][3 * i + j]);
  expect([...referenceValues(x)]).toEqual([12, 5, 0]);
  for (const e of [-1070, -500, 500, 1000]) {
    const scaled = matrix(3, 3, (i, j) => x.a[3 * i + j] * 2 ** e);
    const [s1, s2, s3] = referenceValues(scaled);
    expect([s1 / 2 ** e, s2 / 2 ** e, s3]).toEqual([12, 5, 0]);
  }
  const r = new Random(1);
  const tall = r.matrix(9, 4);
  const wide = matrix(4, 9, (i, j) => tall.a[j * 4 + i]);
  const known = referenceValues(tall);
  referenceValues(wide).forEach((s, i) => {
    expect(Math.abs(s / known[i] - 1)).toBeLessThan(3e-16);
  });
});
