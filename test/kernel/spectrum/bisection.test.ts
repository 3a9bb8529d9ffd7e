// Values of bidiagonal matrices of many kinds, against the double-double reference.

import { describe, expect, test } from 'vitest';
import { matrix, Random } from '../../numbers.js';
import { referenceValues } from '../../reference.js';
import { area, f64, k, put, watch } from '../kernel.js';

/** Diagonals d and e, n elements each, of the largest 1. */
const KINDS: [string, (n: number, r: Random, i: number) => [number, number]][] = [
  ['uniform', (_, r) => [r.uniform(), r.uniform()]],
  ['graded downwards', (n, r, i) => [10 ** ((-16 * i) / n), 10 ** ((-16 * i) / n) * r.uniform()]],
  ['graded upwards', (n, r, i) => [10 ** ((-16 * (n - i)) / n), 10 ** ((-16 * (n - i)) / n) * r.uniform()]],
  ['elements over 60 orders', (_, r) => [10 ** (-60 * r.uniform()), 10 ** (-60 * r.uniform())]],
  [
    'elements that are zero',
    (_, r) => [r.uniform() < 0.3 ? 0 : r.uniform(), r.uniform() < 0.3 ? 0 : r.uniform()],
  ],
  ['nearly equal values', (_, r) => [1, 10 ** (-17 * r.uniform())]],
  ['equal blocks, glued', (_, _r, i) => [[0.9, 0.3, 0.5, 0.1][i % 4], [0.2, 0.8, 0.7, 1e-12][i % 4]]],
  ['two levels', (_, r) => [r.uniform() < 0.5 ? 1 : 1e-16, r.uniform() < 0.5 ? 1e-16 : 1]],
  ['no diagonal', (_, r) => [0, r.uniform()]],
  ['one element', (_n, _r, i) => [i === 0 ? 1 : 0, 0]],
];

function values(d: number[], e: number[], from = 0, to = d.length): Float64Array {
  k.reset();
  const n = d.length;
  const squares = [put(d.map((x) => x * x)), put(e.map((x) => x * x))] as const;
  const out = area(8 * n);
  const bound = Math.max(1, ...d.map((x, i) => x + Math.max(e[i], i ? e[i - 1] : 0))) * (1 + 2 ** -50);
  watch([[out, 8 * n]], () => k.sturmValues(...squares, n, bound, from, to, out));
  return f64(out, n).slice();
}

describe.each(KINDS)('%s', (_, element) => {
  test.each([1, 2, 5, 17, 30])('%i columns: to some ulps of the norm', (n) => {
    const r = new Random(n);
    const elements = Array.from({ length: n }, (_, i) => element(n, r, i));
    const d = elements.map(([x]) => x);
    const e = elements.map(([, x], i) => (i === n - 1 ? 0 : x));
    const got = values(d, e);
    referenceValues(matrix(n, n, (i, j) => (i === j ? d[i] : j === i + 1 ? e[i] : 0))).forEach((s, i) => {
      expect(Math.abs(got[i] - s)).toBeLessThan(1e-15);
      if (i) expect(got[i]).toBeLessThanOrEqual(got[i - 1]);
    });
    // Some of them: as exact.
    const [from, to] = [n >> 2, n - (n >> 2)];
    values(d, e, from, to).forEach((s, i) => {
      if (i >= from && i < to) expect(Math.abs(s - got[i])).toBeLessThan(1e-15);
    });
  });
});
