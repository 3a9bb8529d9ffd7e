// docs/certificates.md, "A few small singular values": the lower bound holds whatever U and V1 are.
import { expect, test } from 'vitest';
import { matrixRank } from '../../src/index.js';
import { k, putSymmetric } from '../kernel/kernel.js';
import { type Matrix, matrix, multiply, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { openClaim } from './open.js';

/** x with its last r columns set aside by a factor of `gram`, and the bound of sigma_n for what they span. */
function boundOfLast(r: number, x: Matrix, gram: Matrix): number {
  const { m, n } = x;
  const scale = openClaim(x, { tol: 1e-13 });
  k.encloseByNorms();
  const rows = k.packRows(m);
  const L = putSymmetric(
    matrix(n, n, (i, j) => (i < n - r && j < n - r ? gram.a[i * n + j] * scale * scale : 0)),
  );
  const f = k.beginFactor(L, n, 0, true, r);
  k.proceedFactor(f, Math.ceil(n / 4), 0, 0, 0);
  expect(k.deflated(f)).toBe(r);
  const kept = matrix(m, n - r, (i, j) => x.a[i * n + j]);
  const omega = referenceValues(kept)[n - r - 1] * scale;
  return k.boundOfSpan(k.openSearch(rows, f), r, omega) / scale;
}

/** Orthonormal columns, the last two turned towards the others by an angle of cosine c, those scaled to 1 .. omega. */
function leaning(seed: number, c: number, omega: number): Matrix {
  const n = 12;
  const m = 15;
  const r = new Random(seed);
  const q = r.withSpectrum(m, n, Array(n).fill(1), n);
  const s = Math.sqrt(1 - c * c);
  return matrix(m, n, (i, j) => {
    const at = i * n + j;
    if (j < n - 2) return q.a[at] * omega ** (j / (n - 3));
    return s * q.a[at] + c * q.a[at - 6];
  });
}

test('a factor of the matrix itself: the bound is near to sigma_n, and not above it', () => {
  for (let seed = 0; seed < 20; seed++) {
    const x = leaning(seed, 0.9 * new Random(seed).uniform(), 1e-3);
    const bound = boundOfLast(2, x, multiply(transpose(x), x));
    const least = referenceValues(x)[11];
    expect(bound).toBeLessThanOrEqual(least);
    expect(bound).toBeGreaterThan(0.1 * least);
  }
});

test('a factor of another matrix: the bound is not above sigma_n', () => {
  for (let seed = 0; seed < 80; seed++) {
    const r = new Random(1000 + seed);
    const x = leaning(seed, 1 - 10 ** (-4 * r.uniform()), 10 ** -r.uniform());
    // Nearly that of x, or any.
    const off = seed & 1 ? 10 ** (-6 * r.uniform()) : 1e6;
    const other = r.matrix(15, 12);
    const y = matrix(15, 12, (i, j) => x.a[i * 12 + j] + off * other.a[i * 12 + j]);
    expect(boundOfLast(2, x, multiply(transpose(y), y))).toBeLessThanOrEqual(referenceValues(x)[11]);
  }
});

test('an image that stays along the other columns says nothing', () => {
  // Unit vectors and a sixth column that leans on the second. The factor makes the step go along the first.
  const x = matrix(7, 6, (i, j) => (j < 5 ? Number(i === j) : [1e-3, 1, 0, 0, 0, 1e-3, 0][i]));
  const gram = matrix(6, 6, (i, j) => (i === j && j < 5 ? (j ? 1 : 1e-8) : 0));
  expect(boundOfLast(1, x, gram)).toBeLessThanOrEqual(referenceValues(x)[5]);
});

test('what the other columns give back counts by their own sigma', () => {
  // As above, the second column a thousandth, which half of the image stays along: it gives back 500 of it.
  const last = [1e-3, 0.5, 0, 0, 0, Math.sqrt(0.75), 0];
  const x = matrix(7, 6, (i, j) => (j === 5 ? last[i] : i === j ? (j === 1 ? 1e-3 : 1) : 0));
  const gram = matrix(6, 6, (i, j) => (i === j && j < 5 ? (j ? 1 : 1e-8) : 0));
  const bound = boundOfLast(1, x, gram);
  expect(bound).toBeLessThanOrEqual(referenceValues(x)[5]);
  expect(bound).toBeGreaterThan(0.1 * referenceValues(x)[5]);
});

test('small values among dependent columns: the rank, and sigma_rank is not below the lower bound', () => {
  let decided = 0;
  for (const small of [1, 2, 4]) {
    for (const zeros of [0, 1, 3]) {
      const n = 72;
      const values = Array.from({ length: n }, (_, i) =>
        i < n - small - zeros ? 1 - i / n : i < n - zeros ? 10 ** (-9 - 0.5 * (i % 4)) : 0,
      );
      const x = new Random(10 * small + zeros).withSpectrum(n + 4, n, values);
      expect(matrixRank(x.a, [n + 4, n])).toBe(n - zeros);
      const scale = openClaim(x, { rtol: (n + 4) * 2 ** -52 });
      k.encloseByNorms();
      if (!k.decided(k.fullRank(n + 4, 0))) continue; // more than it may set aside
      decided++;
      expect(k.claimed.value).toBe(n - zeros);
      // Values are those wanted to some 1e-15.
      expect(k.lower.value / scale).toBeLessThan(values[n - zeros - 1] + 1e-14);
      expect(matrixRank(transpose(x).a, [n, n + 4])).toBe(n - zeros);
    }
  }
  expect(decided).toBeGreaterThan(4);
});
