// float64 spectra that run through the tolerance without a gap: counted from the trailing matrix of a pivoted QR.
import { describe, expect, test } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { kernel } from '../../src/kernel/load.js';
import { kahan } from '../families.js';
import { area, k as module, putColumns } from '../kernel/kernel.js';
import { type Matrix, map, matrix, permuted, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { openClaim } from './open.js';

// Of claim.ts. Small matrices whose values fall fast are counted from R with rows of one length.
const TRAILING = 7;
const EQUILIBRATED = 8;
const EPS = 2 ** -52;

/** 1 = sigma_1 > ... in one ratio, the tolerance in the middle between sigma_k and sigma_{k+1}. */
const geometric = (n: number, k: number, tolerance: number) => {
  const ratio = tolerance ** (1 / (k - 0.5));
  return Array.from({ length: n }, (_, i) => ratio ** i);
};

const rankOf = (x: Matrix, options?: { tol?: number; rtol?: number }) => matrixRank(x.a, [x.m, x.n], options);

const shapes: [m: number, n: number, k: number, method: number][] = [
  [66, 66, 60, EQUILIBRATED],
  [97, 97, 50, EQUILIBRATED],
  [130, 128, 110, EQUILIBRATED],
  [200, 200, 90, TRAILING],
  [321, 321, 300, TRAILING],
  [150, 90, 45, EQUILIBRATED],
  [900, 130, 70, TRAILING],
  [140, 129, 110, TRAILING],
];

describe.each(shapes)('%i x %i of rank %i', (m, n, k, method) => {
  const tolerance = m * EPS;
  const known = geometric(n, k, tolerance);
  const x = new Random(m + n + k).withSpectrum(m, n, known);

  test('all the same way down: the rank, and a report of the same rank whose bounds hold', () => {
    expect(rankOf(x)).toBe(k);
    expect(kernel().method()).toBe(method);
    expect(rankOf(transpose(x))).toBe(k);
    const report = rankReport(x.a, [m, n]);
    expect(report.rank).toBe(k);
    expect(report.method).toBe('inertia');
    expect(Math.abs(report.sigmaMax - 1)).toBeLessThan(1e-10);
    // The values of the matrix are those wanted to about 1e-15.
    expect(report.lower).toBeLessThan(known[k - 1] + 4e-15);
    expect(report.upper).toBeGreaterThan(known[k] - 4e-15);
    // Within what rounding does to a QR beside a tolerance of m eps.
    expect(report.margin).toBeGreaterThan(0.7);
  });

  test('any scale, any order', () => {
    const r = new Random(m);
    expect(rankOf(permuted(x, r.permutation(m), r.permutation(n)))).toBe(k);
    for (const scale of [2 ** -800, 2 ** 900]) expect(rankOf(map(x, (v) => v * scale))).toBe(k);
  });

  test('other tolerances, relative and absolute', () => {
    for (const j of [Math.floor(0.8 * k), Math.floor(0.95 * k), Math.min(n - 1, k + 2)]) {
      const between = Math.sqrt(known[j - 1] * known[j]);
      expect(rankOf(x, { rtol: between })).toBe(j);
      expect(rankOf(x, { tol: between })).toBe(j);
    }
  });

  test.each([0.2, 0.45, 0.8])(
    '%f of the values far above the tolerance, others on both sides of it',
    (share) => {
      const far = Math.floor(share * n);
      const near = Math.floor((n - far) / 2);
      const values = Array.from({ length: n }, (_, i) =>
        i < far ? 1 - 0.5 * (i / far) : tolerance * (i < far + near ? 2.5 + i / n : 0.3 - (0.2 * i) / n),
      );
      const y = new Random(far + n).withSpectrum(m, n, values);
      expect(rankOf(y)).toBe(far + near);
      const report = rankReport(y.a, [m, n]);
      expect(report.rank).toBe(far + near);
      expect(report.lower).toBeLessThan(values[far + near - 1] + 4e-15);
      expect(report.lower).toBeGreaterThan(report.tolerance);
      expect(report.upper).toBeGreaterThan(values[far + near] - 4e-15);
      expect(report.upper).toBeLessThanOrEqual(report.tolerance);
    },
  );

  test('noise of one size, just below the tolerance or just above it', () => {
    for (const size of [0.5, 2]) {
      const values = Array.from({ length: n }, (_, i) => (i < 9 ? 1 - i / 20 : size * tolerance));
      expect(rankOf(new Random(n + 9).withSpectrum(m, n, values))).toBe(size > 1 ? n : 9);
    }
  });

  test('a tolerance that no arithmetic keeps', () => {
    for (const tol of [0, 1e-300, 1e-18]) {
      const rank = rankOf(x, { tol });
      expect(rank).toBeGreaterThanOrEqual(k);
      expect(rank).toBeLessThanOrEqual(n);
    }
  });
});

describe('rows that fade out, a tolerance far below rounding: samples of such rows overflow', () => {
  test.each([
    [490, 324, 0.7],
    [490, 324, 0.5],
    [800, 200, 0.5],
    [800, 200, 0.8],
    [302, 84, 0.5],
  ])('%i x %i, angle %f', (m, n, angle) => {
    const { a } = kahan(n, angle);
    const x = matrix(m, n, (i, j) => (i < n ? a[i * n + j] : 0));
    const least = rankOf(x);
    expect(least).toBeGreaterThan(10);
    for (const tol of [1e-30, 1e-17, 0]) {
      const report = rankReport(x.a, [m, n], { tol });
      expect(rankOf(x, { tol })).toBeGreaterThanOrEqual(least);
      expect(report.rank).toBe(rankOf(x, { tol }));
      expect(report.upper).toBeGreaterThanOrEqual(0); // not NaN
      expect(report.margin).toBeGreaterThanOrEqual(0);
    }
    expect(rankOf(transpose(x), { tol: 1e-30 })).toBe(rankOf(x, { tol: 1e-30 }));
  });
});

test('ends where the columns left stand at the limit but for rounding', () => {
  // 92 equal columns: the longest one times 92 is within (tol / 4)^2, the sum of their squares is not.
  for (const n of [100, 160]) {
    const few = n - 92;
    const x = matrix(n, n, (i, j) => (i !== j ? 0 : i < few ? 1 : 1.393842727080762e-15));
    expect(matrixRank(x.a, [n, n], { tol: 5.347707911259269e-14 })).toBe(few);
  }
});

describe('what the factored matrix differs from A by enters the count', () => {
  test.each([12, 25])('%i columns', (n) => {
    let claims = 0;
    for (let seed = 0; seed < 60; seed++) {
      const r = new Random(seed);
      const tol = 1e-9;
      const rest = tol * 10 ** -(0.5 + 2 * r.uniform());
      const near =
        tol * (1 + 0.02 * (2 * r.below(2) - 1)) + (2 * r.below(2) - 1) * rest * (0.5 + 4 * r.uniform());
      const values = Array.from({ length: n }, (_, i) =>
        i < n / 2 ? 1 - i / n : tol * (r.below(2) ? 3 : 0.3),
      );
      values[n - 1] = near;
      const x = r.withSpectrum(n, n, values, n);
      const scale = openClaim(x, { tol });
      module.encloseByNorms();
      const { W, ld } = putColumns(map(x, (v) => v * scale));
      const q = module.begin(W, ld, n, n, area(4 * n));
      module.proceed(q, (tol * scale) / 4, 1e5 * tol * scale, n);
      if (!module.byTrailing(q, rest * scale)) continue;
      claims++;
      const sigma = referenceValues(x);
      const rank = module.claimed.value;
      expect(sigma.filter((v) => v + rest > tol).length).toBe(rank);
      expect(sigma.filter((v) => v - rest > tol).length).toBe(rank);
      if (rank < n) expect(module.upper.value / scale).toBeGreaterThanOrEqual(sigma[rank] + rest);
      expect(module.lower.value / scale).toBeLessThanOrEqual(sigma[rank - 1] - rest);
    }
    expect(claims).toBeGreaterThan(5);
  });
});
