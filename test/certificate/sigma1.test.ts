// docs/certificates.md, "sigma_1": low <= sigma_1 <= high, whatever rounding does to sums, and whatever start vectors
// see.
import { describe, expect, test } from 'vitest';
import { rankReport } from '../../src/index.js';
import { k } from '../kernel/kernel.js';
import { matrix, Random } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { unseenTop } from './adversarial.js';
import { compareSquare, equalRows, gramOfOpen, openClaim } from './open.js';

const r = new Random(1);
/** Rows that are all the same: every sum of squares in the kernel rounds one way. */
const rows = Array.from({ length: 40 }, () => [1 + r.uniform(), 1 + r.uniform()]);
const M = 1000;

test('norms, by rows and by columns', () => {
  for (const [x, y] of rows) {
    for (const byRow of [true, false]) {
      let scale = openClaim(equalRows(M, x, y), { byRow });
      k.encloseByNorms();
      expect(compareSquare(k.high.value / scale, M, x, y)).not.toBe(-1);
      // The second column does not count: sigma_1 is the norm of the first.
      scale = openClaim(equalRows(M, x, 2 ** -30), { byRow });
      k.encloseByNorms();
      expect(compareSquare(k.low.value / scale, M, x, 2 ** -30)).not.toBe(1);
    }
  }
});

test('a Ritz value is no lower bound before the rounding of A^T A is taken off', () => {
  for (const [x, y] of rows) {
    const scale = openClaim(equalRows(M, x, y));
    const { G } = gramOfOpen(2);
    k.raiseByLanczos(G, 2, k.rounding(M, 2, k.total.value, k.total.value), 1e-12, 60, 0);
    expect(compareSquare(k.low.value / scale, M, x, y)).not.toBe(1);
  }
});

test('Cholesky of theta I - G: its rounding and that of G count', () => {
  let proofs = 0;
  for (const [x, y] of rows) {
    const scale = openClaim(equalRows(M, x, y));
    const { G, L } = gramOfOpen(2);
    const sigma = Math.sqrt(M * (x * x + y * y)) * scale;
    for (let ulps = -40; ulps <= 40; ulps += 4) {
      k.openClaim(0, 0, true);
      k.raiseSigma(sigma * (1 + ulps * 2 ** -53));
      if (!k.capByCholesky(L, G, 2, 0, 0)) continue;
      proofs++;
      expect(compareSquare(k.high.value / scale, M, x, y)).not.toBe(-1);
    }
  }
  expect(proofs).toBeGreaterThan(100);
});

test('what A^T A has beside G counts: rows left out', () => {
  // A = [1, 0; 0, 1/2; e, 0], G without the last row.
  for (const e of [1e-3, 1e-2, 0.1]) {
    const scale = openClaim(matrix(2, 2, (i, j) => (i === j ? 1 - i / 2 : 0)));
    const { G, L } = gramOfOpen(2);
    const slack = (e * scale) ** 2;
    for (const [share, cap] of [
      [1e-6, () => k.capByCholesky(L, G, 2, slack, 1e-6)],
      [1e-2, () => k.capByIntegers(L, G, 2, slack)],
    ] as const) {
      k.openClaim(0, 0, true);
      // What is factored, (1 + share) low^2 + slack, is just above lambda_1(G).
      k.raiseSigma(Math.sqrt((scale * scale * (1 + 1e-4) - slack) / (1 + share)));
      expect(cap()).toBeTruthy();
      expect(k.high.value).toBeGreaterThanOrEqual(Math.sqrt(scale * scale + slack) * (1 - 1e-15));
    }
  }
});

test('Cholesky in integers proves no more than it can', () => {
  let close = 0;
  for (let seed = 0; seed < 12; seed++) {
    const n = 60;
    const x = new Random(seed).withSpectrum(n, n, { length: n, 0: 1, 1: 0.3 });
    const scale = openClaim(x);
    const { G, L } = gramOfOpen(n);
    for (const below of [1e-7, 1e-6, 1e-5, 3e-5]) {
      k.openClaim(0, 0, true);
      k.raiseSigma(scale * Math.sqrt((1 - below) / 1.01)); // theta is 1 % above
      if (!k.capByIntegers(L, G, n, 0)) continue;
      close++;
      expect(k.high.value / scale).toBeGreaterThan(1 - 1e-14);
    }
  }
  expect(close).toBeGreaterThan(0);
});

describe('no start vector is trusted', () => {
  test('a top vector that none of them sees', () => {
    for (let seed = 0; seed < 15; seed++) {
      for (const starts of [2, 4]) {
        const { x } = unseenTop(new Random(seed), 9 + (seed % 4), starts);
        const scale = openClaim(x, { report: true });
        k.encloseByNorms();
        const { G } = gramOfOpen(x.n);
        k.enclose(G, k.rounding(x.m, x.n, k.total.value, 2 * k.total.value), 1e-6);
        const [sigma] = referenceValues(x);
        expect(k.low.value / scale).toBeLessThanOrEqual(sigma);
        expect(k.high.value / scale).toBeGreaterThanOrEqual(sigma);
        expect(k.high.value / k.low.value).toBeLessThan(1 + 1e-6);
      }
    }
  });
});

test('one column: its norm, summed with compensation where the tolerance is close', () => {
  for (const [x] of rows) {
    const a = new Float64Array(M).fill(x);
    const norm = Math.sqrt(M) * x;
    for (let ulps = -12; ulps <= 12; ulps++) {
      const tol = norm * (1 + ulps * 2 ** -52);
      const report = rankReport(a, [M, 1], { tol });
      const above = compareSquare(tol, M, x) < 0;
      if (report.proven || Math.abs(ulps) > 8) expect(report.rank).toBe(above ? 1 : 0);
      if (report.rank === 1) expect(compareSquare(report.lower, M, x)).not.toBe(1);
      else expect(compareSquare(report.upper, M, x)).not.toBe(-1);
    }
    const free = rankReport(a, [M, 1]);
    expect(compareSquare(free.lower, M, x)).not.toBe(1);
  }
});
