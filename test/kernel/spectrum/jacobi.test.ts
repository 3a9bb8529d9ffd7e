// One-sided Jacobi.

import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, Random } from '../../numbers.js';
import { referenceValues } from '../../reference.js';
import { area, f64, k, putColumns, SIZES, watch } from '../kernel.js';

describe('Jacobi', () => {
  function run(x: Matrix) {
    k.reset();
    const { W, ld, bytes } = putColumns(x);
    const values = area(8 * x.n);
    const converged = watch(
      [
        [W, bytes],
        [values, 8 * x.n],
      ],
      () => k.jacobi(W, ld, x.m, x.n, values),
    );
    expect(converged).toBeTruthy();
    return f64(values, x.n).slice();
  }

  test.each(SIZES.filter((n) => n < 40))('%i columns, square and tall', (n) => {
    for (const m of [n, n + 1, 2 * n + 3]) {
      const x = new Random(m).matrix(m, n);
      const known = referenceValues(x);
      run(x).forEach((s, i) => {
        expect(Math.abs(s - known[i])).toBeLessThan(2e-15 * Math.sqrt(m + n) * known[0]);
      });
    }
  });

  test.each([63, 64, 65, 66, 100])('%i columns of known singular values', (n) => {
    const known = Array.from({ length: n }, (_, i) => 1 / (1 + i));
    const got = run(new Random(n).withSpectrum(n + 3, n, known));
    got.forEach((s, i) => {
      expect(Math.abs(s - known[i])).toBeLessThan(1e-14);
    });
  });

  test('graded columns keep their relative accuracy', () => {
    const b = new Random(7).matrix(24, 20);
    const x = matrix(24, 20, (i, j) => b.a[i * 20 + j] * 10 ** -j);
    const known = referenceValues(x);
    run(x).forEach((s, i) => {
      expect(Math.abs(s / known[i] - 1)).toBeLessThan(1e-13);
    });
  });

  test('zero columns, equal columns, orthogonal columns, one column', () => {
    expect([...run(matrix(5, 3, () => 0))]).toEqual([0, 0, 0]);
    const ones = run(matrix(9, 6, () => 1));
    expect(ones[0]).toBeCloseTo(Math.sqrt(54), 13);
    for (const s of ones.slice(1)) expect(s).toBeLessThan(1e-14);
    const values = [3, 7, 0, 5, 5];
    expect([...run(matrix(5, 5, (i, j) => (i === j ? values[i] : 0)))]).toEqual([7, 5, 5, 3, 0]);
    expect([...run(matrix(2, 1, (i) => 3 + i))]).toEqual([5]);
  });
});
