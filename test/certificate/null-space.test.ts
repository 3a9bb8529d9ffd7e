// docs/certificates.md, "A few dependent columns": the bound of ||A V|| holds whatever V is made by.
import { expect, test } from 'vitest';
import { area, i32, k, putSymmetric } from '../kernel/kernel.js';
import { type Matrix, matrix, multiply, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { compareSquare, openClaim } from './open.js';

/** The bound of sigma_{n - 2} or so, by a factor of x itself that has set columns aside; in the units of x. */
function bound(x: Matrix, tol: number, most: number): { bound: number; aside: number } {
  const scale = openClaim(x, { tol });
  k.encloseByNorms();
  const rows = k.packRows(x.m);
  const f = k.beginFactor(area(Number(k.triangleBytes(x.n))), x.n, 1e-13 * k.total.value, true, most);
  k.proceedFactor(f, Math.ceil(x.n / 4), i32(rows, 1)[0], x.m, x.m);
  return { bound: k.nullSpaceBound(k.openSearch(rows, f)) / scale, aside: k.deflated(f) };
}

test('the sums of A V count', () => {
  // A first column that is tiny, of equal elements, beside unit vectors: V is its unit vector, ||A V|| its length.
  const m = 1000;
  const r = new Random(2);
  for (let trial = 0; trial < 20; trial++) {
    const v = 1 + r.uniform();
    const x = matrix(m + 5, 6, (i, j) => (j === 0 ? (i < m ? v * 2 ** -60 : 0) : i - m === j - 1 ? 1 : 0));
    const { bound: most, aside } = bound(x, 1e-12, 2);
    expect(aside).toBe(1);
    expect(compareSquare(most * 2 ** 60, m, v)).not.toBe(-1);
    expect(most).toBeLessThan(1e-12);
  }
});

test('two vectors that become one bound one singular value, not two', () => {
  // Columns 0 and 1 are equal, and the factor is one of another matrix: it answers with e_0 - e_1 times 2^65, for
  // both columns set aside.
  for (let seed = 0; seed < 40; seed++) {
    const r = new Random(seed);
    const random = r.matrix(9, 6);
    const x = matrix(
      9,
      6,
      (i, j) => (j === 3 || j === 4 ? 1 : 2 ** -40) * random.a[6 * i + (j === 1 ? 0 : j)],
    );
    const scale = openClaim(x, { tol: 1e-13 });
    k.encloseByNorms();
    const rows = k.packRows(9);
    const L = putSymmetric(
      matrix(6, 6, (i, j) => {
        if (i === 5 && j === 5) return 2 * 2 ** 50 + 1;
        if (i === 3 || i === 4 || j === 3 || j === 4) return 0;
        if (i === j) return 1;
        return i + j === 5 ? -(2 ** 25) : i + j === 6 ? 2 ** 25 : 0;
      }),
    );
    const f = k.beginFactor(L, 6, 0, true, 2);
    k.proceedFactor(f, 2, 0, 0, 0);
    expect(k.deflated(f)).toBe(2);
    expect(k.nullSpaceBound(k.openSearch(rows, f)) / scale).toBeGreaterThanOrEqual(referenceValues(x)[4]);
  }
});

test('vectors need not be good: the bound holds for any factor', () => {
  for (let seed = 0; seed < 20; seed++) {
    const r = new Random(seed);
    const n = 12;
    const values = Array.from({ length: n }, (_, i) => (i < n - 2 ? 1 : 10 ** (-14 * r.uniform())));
    const x = r.withSpectrum(n + 3, n, values, n);
    const y = r.matrix(n, n);
    const F = multiply(transpose(y), y);
    const scale = openClaim(x, { tol: 1e-3 });
    k.encloseByNorms();
    const rows = k.packRows(n + 3);
    // The last two columns of F depend on the others.
    const singular = matrix(n, n, (i, j) => (i < n - 2 && j < n - 2 ? F.a[i * n + j] : 0));
    const f = k.beginFactor(putSymmetric(singular), n, 0, true, 2);
    k.proceedFactor(f, n / 4, 0, 0, 0);
    if (k.deflated(f) !== 2) continue;
    const most = k.nullSpaceBound(k.openSearch(rows, f)) / scale;
    expect(most).toBeGreaterThanOrEqual(referenceValues(x)[n - 2] * (1 - 1e-12));
  }
});
