// docs/certificates.md, "Full rank from a sample": Cholesky of A^T A - t I proves no more than its rounding leaves.
import { describe, expect, test } from 'vitest';
import { matrixRank } from '../../src/index.js';
import { k } from '../kernel/kernel.js';
import { blockDiagonal, type Matrix, matrix, Random, transpose } from '../numbers.js';
import { compareSquare, equalRows, gramOfOpen, openClaim } from './open.js';

// Rows (x, y) whose sums of squares round up and whose sums of products round down: the Gram matrix of rank one has a
// second eigenvalue, of 24 u ||A||_F^2 after one chain of sums and of 97 after many.
const UNLUCKY: [m: number, x: number, y: number][] = [
  [512, 1.260504876030609, 1.4405858118552715],
  [4000, 1.260504876030609, 1.4405858118552715],
  [65536, 1.5152011478785425, 1.369516979670152],
];

test.each(UNLUCKY)('%i equal rows are of rank one, whatever their Gram matrix is', (m, x, y) => {
  openClaim(equalRows(m, x, y), { tol: 1e-30 });
  k.encloseByNorms();
  expect(k.decided(k.fullRank(m, 0))).toBeFalsy();
  const { G } = gramOfOpen(2);
  expect(k.decided(k.fullRank(m, G))).toBeFalsy();
});

// The same where sums were not kept for 128 rows: 12,681 u ||A||_F^2.
const IN_A_ROW: (typeof UNLUCKY)[0] = [65536, 1.213815812560223, 1.3431644580137696];

test.each([...UNLUCKY, IN_A_ROW])(
  '%i equal rows of few nonzeros are of rank one, whatever their Gram matrix is',
  (m, x, y) => {
    const others = 24; // unit vectors, so that most elements are zero
    const rows = equalRows(m, x, y);
    const a = matrix(m + others, 2 + others, (i, j) => {
      if (i < others) return i === j - 2 ? 2 ** 4 : 0;
      return j < 2 ? rows.a[2 * (i - others) + j] : 0;
    });
    openClaim(a, { tol: 1e-30 });
    k.encloseByNorms();
    const nonzeros = k.findNonzeros();
    expect(nonzeros).not.toBe(0);
    const attempt = k.fullRankOfNonzeros(nonzeros, 0);
    if (k.decided(attempt)) expect(k.claimed.value).toBe(1 + others);
    expect(k.proved(attempt)).toBeLessThanOrEqual(1 + others);
  },
);

test('columns proved independent before Cholesky fails are independent', () => {
  const [m, x, y] = UNLUCKY[2];
  openClaim(equalRows(m, 1e-9, x, y), { tol: 1e-30 });
  k.encloseByNorms();
  expect(k.proved(k.fullRank(m, 0))).toBeLessThanOrEqual(1);
});

test('the bound is below sigma_n where the shift comes to it but for rounding', () => {
  // Four orthogonal columns of equal elements: their squares are computed up to 25 u too large or too small.
  const m = 500;
  const r = new Random(7);
  let proofs = 0;
  for (let trial = 0; trial < 40; trial++) {
    const v = 1 + r.uniform();
    const scale = openClaim(matrix(4 * m, 4, (i, j) => (i % 4 === j ? v : 0)));
    const total = k.total.value;
    for (let ulps = -30; ulps <= 30; ulps += 3) {
      const shift = m * v * v * scale * scale * (1 + ulps * 2 ** -53);
      k.openClaim(Math.sqrt(shift - 1.1 * k.rounding(4 * m, 4, total, total)), 0, false);
      k.encloseByNorms();
      if (!k.decided(k.fullRank(4 * m, 0))) continue;
      proofs++;
      expect(compareSquare(k.lower.value / scale, m, v)).not.toBe(1);
    }
  }
  expect(proofs).toBeGreaterThan(100);
});

test('full rank beyond the tolerance of every sigma_1 that is possible', () => {
  // sigma_1 = 4.1, the norms say 2.05 to 4.1; sigma_n = 0.1 is above rtol * 2.05 and below rtol * 4.1.
  openClaim(
    matrix(4, 4, (i, j) => (i === j ? 1.1 : 1)),
    { rtol: 0.04 },
  );
  k.encloseByNorms();
  expect(k.low.value).toBeLessThan(0.6 * k.high.value);
  expect(k.decided(k.fullRank(4, 0))).toBeFalsy();
});

describe('Cholesky of all columns ends halfway where it looks in vain', () => {
  const N = 96;
  const geometric = (n: number, condition: number) =>
    Array.from({ length: n }, (_, i) => condition ** (-i / (n - 1)));
  const smooth = (n: number, condition: number) =>
    new Random(n).withSpectrum(n, n, geometric(n, condition), n);
  const attempt = (x: Matrix) => {
    openClaim(x, { rtol: x.n * 2 ** -52 });
    k.encloseByNorms();
    const a = k.fullRank(x.m, 0);
    return { decided: Boolean(k.decided(a)), independent: k.independent(a) };
  };

  test('pivots that lead below the shift: no more than half of the columns are factored', () => {
    expect(attempt(smooth(N, 1e10))).toEqual({ decided: false, independent: N / 2 });
    expect(attempt(smooth(57, 1e10))).toEqual({ decided: false, independent: 28 });
  });

  test('pivots that lead above it, and few columns: all are factored', () => {
    expect(attempt(smooth(N, 1e3))).toEqual({ decided: true, independent: N });
    const few = attempt(smooth(40, 1e10));
    expect(few.decided).toBe(false);
    expect(few.independent).toBeGreaterThan(20);
  });

  test('a guess: columns that fall only in their first half are of full rank all the same', () => {
    // Orthogonal columns behind them, of length 1 or, three of them, zero but for rounding.
    const first = smooth(N / 2, 1e5);
    for (const missing of [0, 3]) {
      const second = matrix(N / 2, N / 2, (i, j) => (i === j ? (i < missing ? 1e-18 : 1) : 0));
      const x = blockDiagonal(first, second);
      expect(attempt(x)).toEqual({ decided: false, independent: N / 2 });
      expect(matrixRank(x.a, [N, N])).toBe(N - missing);
      expect(matrixRank(transpose(x).a, [N, N])).toBe(N - missing);
    }
  });
});
