// docs/certificates.md, "Subspaces": the residual of a basis is an upper bound of ||A N||_2, or of ||A - P A||_2.
import { expect, test } from 'vitest';
import { columnSpace, nullSpace } from '../../src/index.js';
import { type Matrix, matrix, multiply, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { compareSquare } from './open.js';

test('the sums of squares round', () => {
  // Rows (0, x), and one (y, 0): the null space is the second unit vector, and ||A N|| the length of the second column.
  const m = 1000;
  const r = new Random(3);
  for (let trial = 0; trial < 20; trial++) {
    const x = 1 + r.uniform();
    const a = matrix(m + 1, 2, (i, j) => (i < m ? (j ? x : 0) : j ? 0 : 2 ** 12));
    const { basis, residual } = nullSpace(a.a, [m + 1, 2], { tol: 2 ** 11 });
    expect([...basis].map(Math.abs)).toEqual([0, 1]);
    expect(compareSquare(residual, m, x)).not.toBe(-1);
    const space = columnSpace(transpose(a).a, [2, m + 1], { tol: 2 ** 11 });
    expect(compareSquare(space.residual, m, x)).not.toBe(-1);
  }
});

/** Integers of up to 20 bits: products and sums of a few of them are exact. */
const integers = (r: Random, m: number, n: number): Matrix =>
  matrix(m, n, () => Math.round((2 * r.uniform() - 1) * 2 ** 20));

test('the residual is that of the basis as it is', () => {
  for (let seed = 0; seed < 30; seed++) {
    const r = new Random(seed);
    const [m, n, k] = [4 + r.below(5), 5 + r.below(4), 1 + r.below(3)];
    const a = multiply(integers(r, m, k), integers(r, k, n));
    const { basis, residual, shape } = nullSpace(a.a, [m, n]);
    expect(shape).toEqual([n, n - k]);
    // A N by elements split in two, exactly; ||A N||_2 by double-double arithmetic.
    const hi = new Float64Array(m * (n - k));
    const lo = new Float64Array(m * (n - k));
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n - k; j++) {
        let sum = 0n;
        for (let p = 0; p < n; p++)
          sum += BigInt(a.a[i * n + p]) * BigInt(Math.round(basis[p * (n - k) + j] * 2 ** 80));
        hi[i * (n - k) + j] = Number(sum) * 2 ** -80;
        lo[i * (n - k) + j] = Number(sum - BigInt(hi[i * (n - k) + j] * 2 ** 80)) * 2 ** -80;
      }
    }
    const [size] = referenceValues({ m, n: n - k, a: hi }, lo);
    expect(residual).toBeGreaterThanOrEqual(size * (1 - 2 ** -50));
    expect(residual).toBeLessThan(1e-14 * n * Math.hypot(...a.a));
  }
});
