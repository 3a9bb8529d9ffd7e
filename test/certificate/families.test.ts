// Ranks of families of matrices, in float64 and rounded to float32, against theory,
// the double-double reference and NumPy.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { kahan, members } from '../families.js';
import { gallery } from '../gallery.js';
import { type Matrix, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';

// The tolerance's own rounding, and that of a backward stable method, beside tol = max(m, n) eps sigma_1.
const FACTOR = { 64: 4, 32: 1 + 1e-6 };

interface Case {
  name: string;
  x: Matrix;
  data: Float64Array | Float32Array;
  rank: number;
}

interface Expected {
  lo: number;
  hi: number;
  /** Where the reference is affordable. */
  sigma?: Float64Array;
}

const cases: Case[] = [...members(), ...gallery()].flatMap(({ name, x, rank = NaN, rank32 = NaN }) => {
  const { m, n, a } = x;
  const single = Float32Array.from(a);
  const wide: Case = { name: `${name}, float64`, x, data: a, rank };
  if (single.includes(Infinity) || single.includes(-Infinity)) return [wide];
  return [
    wide,
    { name: `${name}, float32`, x: { m, n, a: Float64Array.from(single) }, data: single, rank: rank32 },
  ];
});

function expected({ x, data, rank }: Case): Expected {
  const { m, n } = x;
  if (Math.min(m, n) > 50 || m * n > 10000) return { lo: rank, hi: rank };
  const sigma = referenceValues(x);
  const [eps, factor] = data instanceof Float64Array ? [2 ** -52, FACTOR[64]] : [2 ** -23, FACTOR[32]];
  const relative = Math.max(m, n) * eps;
  const lo = sigma.filter((s) => s / sigma[0] > relative * factor).length;
  const hi = sigma.filter((s) => s / sigma[0] > relative / factor).length;
  if (!Number.isNaN(rank)) expect([lo, hi], 'the reference and theory').toEqual([rank, rank]);
  return { lo, hi, sigma };
}

/** Filled by the tests of ranks, for NumPy's. */
const known = new Map<Case, Expected>();

function between(rank: number, { lo, hi }: Expected): void {
  expect(rank).toBeGreaterThanOrEqual(lo);
  expect(rank).toBeLessThanOrEqual(hi);
}

test.each(cases.map((c) => [c.name, c] as const))('%s', (_, c) => {
  const { m, n } = c.x;
  const e = expected(c);
  known.set(c, e);
  between(matrixRank(c.data, [m, n]), e);
  const turned = transpose(c.x).a;
  between(matrixRank(c.data instanceof Float32Array ? Float32Array.from(turned) : turned, [n, m]), e);

  const report = rankReport(c.data, [m, n]);
  between(report.rank, e);
  // Rounded down, the bound of a denormal value may be zero.
  if (report.sigmaMax > 1e-300 || report.rank === 0) expect(report.lower).toBeGreaterThan(0);
  expect(report.upper).toBeGreaterThanOrEqual(0);
  const { sigma } = e;
  if (!sigma) return;
  // Rounding at the edge of what float64 can express is not what is tested here.
  const tiny = 2 ** -1073;
  expect(Math.abs(report.sigmaMax - sigma[0])).toBeLessThanOrEqual(1e-10 * sigma[0] + tiny);
  const k = report.rank;
  if (k > 0) expect(report.lower).toBeLessThanOrEqual(sigma[k - 1] * (1 + 1e-6) + tiny);
  if (k < sigma.length) expect(report.upper).toBeGreaterThanOrEqual(sigma[k] * (1 - 1e-6) - tiny);
});

// Kahan's matrices of larger order: the ranks are those of the reference, computed once, for theta where no singular
// value stands within a factor 8 of the tolerance.
const KAHAN: [n: number, theta: number, rank64: number, rank32: number][] = [
  [60, 1.2, 60, 59],
  [60, 1.3, 60, 59],
  [70, 1.2, 70, 69],
  [90, 1.2, 89, 89],
  [90, 1.3, 90, 89],
  [100, 1.2, 99, 99],
  [100, 1.4, 100, 99],
  [120, 1.2, 119, NaN],
  [120, 1.0, 119, NaN],
];

test.each(KAHAN)('Kahan %i, %f', (n, theta, rank64, rank32) => {
  const x = kahan(n, theta);
  expect(matrixRank(x.a, [n, n])).toBe(rank64);
  if (!Number.isNaN(rank32)) expect(matrixRank(Float32Array.from(x.a), [n, n])).toBe(rank32);
});

// From order 2600 on the packed columns and the factor together are more than a call may hold:
// the Gram matrix is formed a part at a time.
test.each([2640, 1700, 500])('2640x2640 of rank %i: columns repeat', { timeout: 60_000 }, (rank) => {
  const n = 2640;
  const r = new Random(rank);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) a[i * n + j] = j < rank ? r.uniform() - 0.5 : a[i * n + (j % rank)];
  }
  expect(matrixRank(a, [n, n])).toBe(rank);
});

// Singular values next to float32's tolerance, one or two of them below it: the count itself decides,
// and bounds what is below.
test.each([[0.3], [0.9], [1.1], [0.2, 0.9], [0.9, 1.1], [0.95, 0.97]])(
  '256x256 float32, last values %f %f of the tolerance',
  (...last) => {
    const n = 256;
    const tau = n * 2 ** -23;
    const sigma = Array.from({ length: n }, (_, i) =>
      i < n - last.length ? 1 - i / n : tau * last[n - 1 - i],
    );
    const { a } = new Random(last.length).withSpectrum(n, n, sigma);
    const report = rankReport(Float32Array.from(a), [n, n]);
    const rank = n - last.filter((x) => x < 1).length;
    expect(report.rank).toBe(rank);
    expect(matrixRank(Float32Array.from(a), [n, n])).toBe(rank);
    // Rounding to float32 moves singular values by a few percent of the tolerance at most.
    expect(report.lower).toBeLessThanOrEqual(sigma[rank - 1] + 0.03 * tau);
    expect(report.upper).toBeGreaterThanOrEqual((sigma[rank] ?? 0) - 0.03 * tau);
  },
);

/** NumPy rounds the singular values of float32 to float32, where they may overflow or vanish. */
function inRange({ data }: Case): boolean {
  if (data instanceof Float64Array) return true;
  const most = data.reduce((s, v) => Math.max(s, Math.abs(v)), 0);
  return most === 0 || (most < 1e30 && most > 1e-25);
}

describe('NumPy', () => {
  const python = '/usr/bin/python3';
  const there = existsSync(python) && run('import numpy') !== undefined;

  function run(program: string, input?: Buffer): string | undefined {
    try {
      return execFileSync(python, ['-c', program], {
        input,
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'ignore'],
      });
    } catch {
      return undefined;
    }
  }

  test.skipIf(!there)(
    `numpy.linalg.matrix_rank gives the same ranks${there ? '' : ' (skipped: no python3 with numpy)'}`,
    () => {
      const header: [number, number, number][] = [];
      const blobs: Uint8Array[] = [];
      for (const { x, data } of cases) {
        header.push([x.m, x.n, data.BYTES_PER_ELEMENT]);
        blobs.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      const head = Buffer.from(`${JSON.stringify(header)}\n`);
      const out = run(
        `import sys, json, numpy as np
f = sys.stdin.buffer
for m, n, size in json.loads(f.readline()):
    a = np.frombuffer(f.read(m * n * size), dtype='f%d' % size).reshape(m, n)
    print(int(np.linalg.matrix_rank(a)))`,
        Buffer.concat([head, ...blobs]),
      );
      const ranks = out!.trim().split('\n').map(Number);
      expect(ranks.length).toBe(cases.length);
      cases.forEach((c, i) => {
        const e = known.get(c);
        if (e && e.lo === e.hi && inRange(c))
          expect(ranks[i], c.name).toBe(matrixRank(c.data, [c.x.m, c.x.n]));
      });
    },
  );
});
