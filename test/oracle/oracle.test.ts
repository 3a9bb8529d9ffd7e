// Every case of cases.json: ranks from 80-bit Jacobi, 900-bit inertia, 60-digit SVDs, modular arithmetic and theory.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { matrixRank, matrixRanks, rankReport } from '../../src/index.js';
import { type Cases, type OracleCase, readNpy } from './read.js';

const folder = new URL('.', import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as Cases;

/** rank is one that the case permits. */
function permitted(c: OracleCase, rank: number, k?: number): void {
  const at = (list: number | number[]) => (k === undefined ? list : (list as number[])[k]) as number;
  const strict = k === undefined ? c.strict : (c.strictEach?.[k] ?? c.strict);
  if (strict) expect(rank).toBe(at(c.expected));
  expect(rank).toBeGreaterThanOrEqual(at(c.lo));
  expect(rank).toBeLessThanOrEqual(at(c.hi));
}

test('the list is whole', () => {
  expect(cases.length).toBe(199);
});

describe.each(cases.map((c) => [c.name, c] as const))('%s', (_, c) => {
  const { data, shape } = readNpy(readFileSync(new URL(c.file, folder)));

  if (c.kind === 'stack') {
    const [rows, columns] = shape.slice(-2);
    test('ranks of the stack, and of each matrix alone', () => {
      const flat: OracleCase = {
        ...c,
        expected: [c.expected].flat(9),
        lo: [c.lo].flat(9),
        hi: [c.hi].flat(9),
      };
      flat.strictEach = c.strictEach && [c.strictEach].flat(9);
      const ranks = matrixRanks(data, shape, c.options);
      expect(ranks.length).toBe((flat.expected as number[]).length);
      ranks.forEach((rank, k) => {
        permitted(flat, rank, k);
        const one = data.slice(k * rows * columns, (k + 1) * rows * columns);
        expect(matrixRank(one, [rows, columns], c.options)).toBe(rank);
      });
    });
    return;
  }

  const flat = c.kind === 'conv' ? [shape[0], data.length / shape[0]] : shape;
  const [rows, columns] = flat.length === 2 ? flat : [1, data.length];

  test('rank', () => {
    permitted(c, matrixRank(data, flat, c.options));
  });

  test('report', () => {
    const report = rankReport(data, flat, c.options);
    const { rank, lower, upper, sigmaMax, tolerance, margin } = report;
    expect(rank).toBe(matrixRank(data, flat, c.options));
    expect(report.shape).toEqual([rows, columns]);
    if (rank === 0) expect(lower).toBe(Infinity);
    if (rank === Math.min(rows, columns)) expect(upper).toBe(0);
    if (flat.length < 2) return;
    // Where the tolerance is too small for float64, the margin still is what it was before scaling.
    if (rank > 0 && tolerance < 1e-290) expect(margin).toBeGreaterThan(0);
    else if (tolerance > 0) {
      const known = Math.min(ratio(lower, tolerance), ratio(tolerance, upper));
      if (margin !== known) expect(Math.abs(margin / known - 1)).toBeLessThan(1e-12);
    }
    if (rank > 0) expect(lower).toBeLessThanOrEqual(sigmaMax * (1 + 1e-12));
    if (c.sigma1 != null) expect(Math.abs(sigmaMax - c.sigma1)).toBeLessThanOrEqual(1e-6 * c.sigma1);
    if (c.tol != null) expect(Math.abs(tolerance - c.tol)).toBeLessThanOrEqual(1e-6 * c.tol);
    if (rank !== c.expected) return; // the values listed are those around the expected rank
    if (rank > 0 && c.sigmaR != null) expect(lower).toBeLessThanOrEqual(c.sigmaR * (1 + 1e-6));
    if (rank < Math.min(rows, columns) && c.sigmaR1 != null) {
      expect(upper).toBeGreaterThanOrEqual(c.sigmaR1 * (1 - 1e-6));
    }
  });
});

/** a / b, where nothing limits: 0 / 0, x / 0 and Infinity / x. */
function ratio(a: number, b: number): number {
  return b === 0 || a === Infinity ? Infinity : a / b;
}
