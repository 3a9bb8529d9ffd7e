// docs/certificates.md, "Inertia": what the signs of L S L^T = A^T A - s I prove, and what rounding hides of it.
import { expect, test } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { k } from '../kernel/kernel.js';
import { blockDiagonal, type Matrix, map, matrix, Random } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { compareSquare, equalRows, openClaim } from './open.js';

const M = 1000;
const r = new Random(5);
const rows = Array.from({ length: 40 }, () => [1 + r.uniform(), 1 + r.uniform()]);

test('sums of squares that round up or down: no count closer to the tolerance than they are known', () => {
  let answers = 0;
  for (const [x, y] of rows) {
    // Singular values: two of `large`, the one of the equal rows, and zero.
    const sigma = Math.sqrt(M * (x * x + y * y));
    const large = 2 ** Math.ceil(Math.log2(sigma) + 1);
    const a = matrix(M + 2, 4, (i, j) => (i < M ? [x, y][j] : i - M === j - 2 ? large : 0) ?? 0);
    for (const ulps of [-2e5, -36, -28, -20, -12, -4, 4, 12, 20, 28, 36, 2e5]) {
      const tol = sigma * (1 + ulps * 2 ** -53);
      openClaim(a, { tol });
      k.encloseByNorms();
      if (!k.inertia(0)) continue;
      answers++;
      expect(k.claimed.value).toBe(compareSquare(tol, M, x, y) < 0 ? 3 : 2);
    }
  }
  expect(answers).toBeGreaterThanOrEqual(2 * rows.length);
});

test('sigma_1 from ||A^T A||_F, its rounding taken into account', () => {
  for (const [x, y] of rows) {
    const scale = openClaim(equalRows(M, x, y), { tol: 30 });
    k.capSigma(2);
    k.inertia(0);
    expect(compareSquare(k.high.value / scale, M, x, y)).not.toBe(-1);
  }
});

test('eigenvalues below the shift are as far below it as the factor shows', () => {
  // 127 unit columns, and one whose square is computed 2^-52 M or so too small: the tolerance is between the two.
  const n = 128;
  for (const [x] of rows.slice(0, 8)) {
    const size = 2 ** Math.ceil(Math.log2(x * Math.sqrt(M)) + 1);
    const a = matrix(M + n - 1, n, (i, j) => (j === 0 ? (i < M ? x : 0) : i - M === j - 1 ? size : 0));
    const exact = Math.sqrt(M) * x;
    for (let ulps = -60; ulps <= 4; ulps += 4) {
      const tol = exact * (1 + ulps * 2 ** -53);
      openClaim(a, { tol });
      k.encloseByNorms();
      if (!k.inertia(0)) continue;
      expect(k.claimed.value).toBe(compareSquare(tol, M, x) < 0 ? n : n - 1);
    }
    // And within what rounding might have done, where it did nothing.
    openClaim(a, { tol: exact });
    const slack = k.rounding(M + n - 1, n, k.total.value, 2 * k.total.value) / k.total.value;
    const share = (slack * (M * x * x + (n - 1) * size * size)) / (M * x * x);
    for (const part of [0.25, 0.5, 0.75, 0.95]) {
      openClaim(a, { tol: exact * Math.sqrt(1 - part * share) });
      k.encloseByNorms();
      if (k.inertia(0)) expect(k.claimed.value).toBe(n);
    }
  }
});

test('factors that grow are thrown away', () => {
  // Two blocks. The first pivot of one is next to nothing at the upper end of what the tolerance may be, that of the
  // other at the lower end: what is below them drowns, and both counts are off, by as many in some of the matrices.
  let claims = 0;
  for (let seed = 0; seed < 500; seed++) {
    const r = new Random(seed);
    const n = 3;
    const first = r.matrix(n, n);
    const second = r.matrix(n, n);
    const square = ({ a }: Matrix) => a.reduce((sum, v, p) => (p % n === 0 ? sum + v * v : sum), 0);
    const slack = k.rounding(2 * n, 2 * n, 1, 2); // of ||A||_F^2 = 1
    let x = blockDiagonal(first, second);
    for (let pass = 0; pass < 4; pass++) {
      const total = x.a.reduce((sum, v) => sum + v * v, 0);
      const f = Math.sqrt((square(first) - 2 * slack * total) / square(second));
      x = blockDiagonal(
        first,
        map(second, (v) => f * v),
      );
    }
    const total = x.a.reduce((sum, v) => sum + v * v, 0);
    const tol = Math.sqrt(square(first) - slack * total);
    openClaim(x, { tol });
    k.encloseByNorms();
    if (!k.inertia(0)) continue;
    claims++;
    expect(k.claimed.value).toBe(referenceValues(x).filter((v) => v > tol).length);
  }
  expect(claims).toBeLessThan(500);
});

test.each([
  ['behind all others', (j: number) => (j < 90 ? j : j - 90)],
  ['before others', (j: number) => (j < 50 ? j : j < 110 ? j - 50 : j - 60)],
  ['alternating', (j: number) => j >> 1],
])('columns that repeat others, %s: leading columns are not taken for all', (_, from) => {
  const n = 180;
  const generic = matrix(n, n, () => r.normal());
  const a = matrix(n, n, (i, j) => generic.a[i * n + from(j)] as number);
  const rank = new Set(Array.from({ length: n }, (_, j) => from(j))).size;
  openClaim(a, { tol: 1e-4 });
  k.encloseByNorms();
  expect(k.inertia(0)).toBeTruthy();
  expect(k.claimed.value).toBe(rank);
});

test('a column as long as the tolerance, on which both factors grow without bound', () => {
  for (const length of [0.01, 0.03]) {
    const x = new Random(7).matrix(70, 70);
    const columns = map(x, (v) => v / Math.sqrt(70));
    const norm = Math.hypot(...Array.from({ length: 70 }, (_, i) => columns.a[70 * i]));
    const a = matrix(70, 70, (i, j) => columns.a[70 * i + j] * (j ? 1 : length / norm));
    const above = referenceValues(a).filter((s) => s > length).length;
    expect(matrixRank(a.a, [70, 70], { tol: length })).toBe(above);
    expect(rankReport(a.a, [70, 70], { tol: length }).rank).toBe(above);
  }
});
