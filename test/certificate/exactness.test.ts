// docs/certificates.md, "Exactness": no count without a proof, on matrices made to be counted wrong.
import { describe, expect, test } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { matrix, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { type Case, denseSpectrum, scaled, shortRow, unseenPair, unseenTop } from './adversarial.js';

const U = 2 ** -53;

/** What the reference says of a case: its values, the tolerance, and whether none of them is too close to it. */
function truth({ x, single, options = {} }: Case) {
  const values = referenceValues(x);
  const eps = single ? 2 ** -23 : 2 ** -52;
  const tau = options.tol ?? (options.rtol ?? Math.max(x.m, x.n) * eps) * values[0];
  const size = Math.hypot(...values);
  const delta = Math.max(8 * Math.sqrt(Math.min(x.m, x.n)) * U * size, 1e-10 * tau);
  return {
    values,
    rank: values.filter((v) => v > tau).length,
    strict: values.every((v) => Math.abs(v - tau) > delta),
  };
}

function check(c: Case): boolean {
  const { x, single, options } = c;
  const { values, rank, strict } = truth(c);
  const data = single ? Float32Array.from(x.a) : x.a;
  const report = rankReport(data, [x.m, x.n], options);
  expect(Math.abs(report.sigmaMax / values[0] - 1)).toBeLessThan(1e-6);
  if (report.proven) expect(report.rank).toBe(rank);
  const k = report.rank;
  if (k > 0) expect(report.lower).toBeLessThanOrEqual(values[k - 1] * (1 + 2 * U));
  if (k < values.length) expect(report.upper).toBeGreaterThanOrEqual(values[k] * (1 - 2 * U));
  if (!strict) return false;
  expect(report.rank).toBe(rank);
  expect(matrixRank(data, [x.m, x.n], options)).toBe(rank);
  const turned = transpose(x).a;
  expect(matrixRank(single ? Float32Array.from(turned) : turned, [x.n, x.m], options)).toBe(rank);
  return true;
}

test('a row of a thirtieth of the tolerance decides', () => {
  const b = [1, 0, 0, 0, 7.077278857315116e-7, 7.063152552210694e-7, 0, 0, 3.0959752321981424e-8];
  const x = matrix(3, 3, (i, j) => b[3 * i + j]);
  expect(matrixRank(x.a, [3, 3], { tol: 1e-6 })).toBe(2);
  expect(matrixRank(transpose(x).a, [3, 3], { tol: 1e-6 })).toBe(2);
  expect(rankReport(x.a, [3, 3], { tol: 1e-6 })).toMatchObject({ rank: 2, proven: true });
});

describe('nothing is set aside and forgotten', () => {
  for (const n of [3, 4, 8, 16, 17, 20, 33, 48, 64, 65, 80]) {
    const r = new Random(n);
    for (const share of [32.1, 33, 36]) {
      const c = shortRow(r, n, true, share);
      test(c.name, () => expect(check(c)).toBe(true));
    }
    for (const share of [4.1, 32.3, 40]) {
      const c = shortRow(r, n, false, share);
      test(c.name, () => expect(check(c)).toBe(true));
      if (n % 4 === 0) {
        const other = scaled(c, n % 8 ? 700 : -700);
        test(other.name, () => expect(check(other)).toBe(true));
      }
    }
  }
});

describe('spectra that pass through the tolerance', () => {
  const r = new Random(16);
  const shapes: [n: number, m?: number][] = [
    ...Array.from({ length: 14 }, (_, i): [number] => [17 + 3 * i]),
    ...[66, 75, 90].map((n): [number] => [n]),
    [20, 60],
    [30, 45],
    [50, 140],
    [66, 150],
  ];
  test.each(shapes.map(([n, m]) => denseSpectrum(r, n, m)).map((c) => [c.name, c] as const))('%s', (_, c) => {
    check(c); // few are too close to tell; the whole is not
  });

  test('most of them are far enough from the tolerance to be told', () => {
    const told = Array.from({ length: 12 }, (_, i) => check(denseSpectrum(new Random(i), 20)));
    expect(told.filter(Boolean).length).toBeGreaterThan(5);
  });
});

describe('no start vector is trusted', () => {
  const r = new Random(17);
  for (const n of [20, 40, 70]) {
    for (const starts of [2, 4]) {
      const c = unseenTop(r, n, starts);
      test(c.name, () => {
        check(c);
      });
    }
  }
  for (const n of [30, 68]) {
    const c = unseenPair(r, n);
    test(c.name, () => {
      check(c);
    });
  }
});

test('what rounding hides is counted, and not called proved', () => {
  for (let seed = 0; seed < 30; seed++) {
    const n = 3 + (seed % 30);
    const r = new Random(seed);
    const x = r.withSpectrum(
      n,
      n,
      Array.from({ length: n }, (_, i) => 2 ** -i),
      n,
    );
    const values = referenceValues(x);
    const report = rankReport(x.a, [n, n], { tol: values[n >> 1] });
    expect(report.proven).toBe(false);
    expect(Math.abs(report.rank - (n >> 1) - 0.5)).toBe(0.5);
  }
});

describe('bounds of what float64 can hardly express', () => {
  test('a zero column changes no bound', () => {
    expect(rankReport([1, 0, 0, 0], [2, 2])).toMatchObject({ rank: 1, upper: 0, proven: true });
  });

  test('denormals are rounded down and up', () => {
    // Integers times the least number: bounds are integers times it, too.
    const r = new Random(6);
    const unit = 5e-324;
    for (let trial = 0; trial < 60; trial++) {
      const x = matrix(3, 2, () => r.below(10) - 4);
      const values = referenceValues(x);
      if (values[1] < 1) continue;
      const data = x.a.map((v) => v * unit);
      const report = rankReport(data, [3, 2]);
      expect(report.rank).toBe(2);
      expect(report.lower / unit).toBeLessThanOrEqual(values[1]);
      const tol = unit * Math.ceil(values[1] + 1e-9);
      if (tol >= values[0] * unit) continue;
      const one = rankReport(data, [3, 2], { tol });
      expect(one.rank).toBe(1);
      expect(one.upper / unit).toBeGreaterThanOrEqual(values[1]);
      expect(one.lower / unit).toBeLessThanOrEqual(values[0]);
    }
  });

  test('sigma_1 past the largest number', () => {
    const report = rankReport(Float64Array.of(1.7e308, 0, 0, 0.9e308, 1.7e308, 0, 0, -0.9e308), [4, 2]);
    expect(report.rank).toBe(2);
    expect(report.sigmaMax).toBe(Number.MAX_VALUE);
    expect(report.lower).toBeLessThanOrEqual(0.9e308 * Math.SQRT2);
    expect(rankReport(new Float64Array(4).fill(1.7e308), [2, 2]).lower).toBeLessThanOrEqual(Number.MAX_VALUE);
  });

  test('the tolerance is reported as it was given', () => {
    for (const tol of [1e308, 1e-320, 0]) {
      expect(rankReport([1e-300, 0, 0, 1e-300], [2, 2], { tol }).tolerance).toBe(tol);
    }
  });
});
