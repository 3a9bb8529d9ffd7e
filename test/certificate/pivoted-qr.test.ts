// docs/certificates.md, "Pivoted QR": ||R22|| and 1 / ||R11^-1|| are bounds only with the rounding of the reflectors.
import { expect, test } from 'vitest';
import { rankReport } from '../../src/index.js';
import { Random } from '../numbers.js';
import { referenceValues } from '../reference.js';

/** Values of 1 and one of s, for which both bounds are tight but for rounding. */
function check(s: number, tol: number): void {
  for (let seed = 0; seed < 300; seed++) {
    const n = 2 + (seed % 3);
    const m = n + (seed % 15 === 0 ? 2500 : seed % 2);
    const { a } = new Random(seed).withSpectrum(m, n, [...new Array(n - 1).fill(1), s], n);
    const values = referenceValues({ m, n, a });
    const report = rankReport(a, [m, n], { tol });
    const { rank } = report;
    expect(rank).toBe(values.filter((v) => v > tol).length);
    if (rank < n) expect(report.upper).toBeGreaterThanOrEqual(values[rank]);
    expect(report.lower).toBeLessThanOrEqual(values[rank - 1]);
  }
}

test('sigma_{k + 1} is not above the upper bound', () => {
  for (const s of [1e-16, 3e-16, 1e-15]) check(s, 1e-12);
});

test('sigma_k is not below the lower bound', () => {
  for (const s of [3e-14, 1e-12, 1e-3]) check(s, 1e-16);
});
