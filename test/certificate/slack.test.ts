// Random matrices of up to four columns against double-double arithmetic:
// every answer that the rule of "Exactness" binds, every bound.
// MATRIX_RANK_TINY sets how many (2,000,000 were run for docs/certificates.md, "Slack").
import { expect, test } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { type Matrix, matrix, multiply, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';

const COUNT = Number(process.env.MATRIX_RANK_TINY ?? 6_000);
const U = 2 ** -53;

/** Gaussian, of low rank with noise, graded, integer; some zeros. */
function tiny(r: Random): Matrix {
  const n = 1 + r.below(4);
  const m = r.uniform() < 0.7 ? n : 1 + r.below(r.uniform() < 0.2 ? 40 : 6);
  const kind = r.below(5);
  let x = r.matrix(m, n);
  if (kind === 0) {
    const rank = 1 + r.below(Math.min(m, n));
    const low = multiply(r.matrix(m, rank), r.matrix(rank, n));
    const noise = r.below(2) * 10 ** (-17 * r.uniform());
    x = matrix(m, n, (i, j) => low.a[i * n + j] + noise * x.a[i * n + j]);
  } else if (kind < 3) {
    const columns = Array.from({ length: n }, () => 10 ** (-12 * r.uniform()));
    const rows = Array.from({ length: m }, () => 10 ** (-6 * (kind - 1) * r.uniform()));
    x = matrix(m, n, (i, j) => x.a[i * n + j] * columns[j] * rows[i]);
  } else if (kind === 3) {
    x = matrix(m, n, (i, j) => Math.round(2 * x.a[i * n + j]));
  }
  if (r.uniform() < 0.15) x = matrix(m, n, (i, j) => (r.uniform() < 0.4 ? 0 : x.a[i * n + j]));
  return x;
}

/** The default tolerance, or one next to a singular value: absolute or relative. */
function tolerance(
  r: Random,
  values: Float64Array,
): { options: { tol?: number; rtol?: number }; next: boolean } {
  const value = values[r.below(values.length)] * (1 + (r.uniform() - 0.5) * 10 ** (-14 * r.uniform()));
  const kind = value > 0 ? r.below(3) : 0;
  if (kind === 0) return { options: {}, next: false };
  return { options: kind === 1 ? { tol: value } : { rtol: value / values[0] }, next: true };
}

test(`${COUNT} of them`, () => {
  const r = new Random(2026);
  let told = 0;
  for (let i = 0; i < COUNT; i++) {
    let x = tiny(r);
    const single = r.uniform() < 0.25;
    if (single) x = matrix(x.m, x.n, (p, q) => Math.fround(x.a[p * x.n + q]));
    const values = referenceValues(x);
    if (!(values[0] > 0)) continue;
    const { options } = tolerance(r, values);
    const { m, n } = x;
    const data = single ? Float32Array.from(x.a) : x.a;
    const label = `matrix ${i}: ${m}x${n} ${JSON.stringify(options)}`;
    const size = Math.hypot(...values);
    const tau = options.tol ?? (options.rtol ?? Math.max(m, n) * (single ? 2 ** -23 : 2 ** -52)) * values[0];
    const rank = values.filter((v) => v > tau).length;
    const strict = values.every((v) => Math.abs(v - tau) > 8 * Math.sqrt(values.length) * U * size);

    const report = rankReport(data, [m, n], options);
    const k = report.rank;
    expect(Math.abs(report.sigmaMax / values[0] - 1), label).toBeLessThan(1e-6);
    if (k > 0) expect(report.lower, label).toBeLessThanOrEqual(values[k - 1] * (1 + U));
    if (k < values.length) expect(report.upper, label).toBeGreaterThanOrEqual(values[k] * (1 - U));
    if (report.proven && Math.abs(values[Math.min(k, values.length - 1)] - tau) > 4 * U * tau) {
      expect(Math.abs(k - rank) > 0 && strict, label).toBe(false);
    }
    if (!strict) continue;
    told++;
    expect(k, label).toBe(rank);
    expect(matrixRank(data, [m, n], options), label).toBe(rank);
    const turned = transpose(x).a;
    expect(matrixRank(single ? Float32Array.from(turned) : turned, [n, m], options), label).toBe(rank);
  }
  expect(told).toBeGreaterThan(0.7 * COUNT);
});
