// Triangular systems and inverses.

import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, multiply, Random } from '../../numbers.js';
import { distance, f64, k, putColumns, putPanels, SIZES, watch } from '../kernel.js';

const square = (x: Matrix) => x.a.reduce((s, t) => s + t * t, 0);

/** Of an upper triangle. */
function inverse(r: Matrix): Matrix {
  const n = r.n;
  const y = matrix(n, n, () => 0);
  for (let c = 0; c < n; c++) {
    for (let i = c; i >= 0; i--) {
      let s = i === c ? 1 : 0;
      for (let p = i + 1; p <= c; p++) s -= r.a[i * n + p] * y.a[p * n + c];
      y.a[i * n + c] = s / r.a[i * n + i];
    }
  }
  return y;
}

describe('triangular', () => {
  /** A well-conditioned upper triangle. */
  const upper = (n: number) => {
    const x = new Random(n).matrix(n, n);
    return matrix(n, n, (i, j) =>
      i > j ? 0 : i === j ? 2 + Math.abs(x.a[i * n + j]) : x.a[i * n + j] / Math.sqrt(n),
    );
  };

  test.each(SIZES)('norm of the inverse, order %i', (n) => {
    k.reset();
    const r = upper(n);
    // What stands below the diagonal (reflectors) is not read.
    const noisy = matrix(n, n, (i, j) => (i > j ? 1e9 : r.a[i * n + j]));
    const { W, ld } = putColumns(noisy);
    const L = watch([], () => k.packUpper(W, ld, n));
    const norm = watch([], () => k.inverseNorm(L, n));
    expect(Math.abs(norm / Math.sqrt(square(inverse(r))) - 1)).toBeLessThan(1e-13);
  });

  test('norm of the inverse of graded and of singular triangles', () => {
    for (const n of [1, 3, 4, 5, 66]) {
      k.reset();
      const graded = matrix(n, n, (i, j) => (i > j ? 0 : i === j ? 10 ** -i : 10 ** -i / 3));
      const { W, ld } = putColumns(graded);
      const known = Math.sqrt(square(inverse(graded)));
      expect(Math.abs(k.inverseNorm(k.packUpper(W, ld, n), n) / known - 1)).toBeLessThan(1e-12);
      for (const zero of new Set([0, n >> 1, n - 1])) {
        const x = upper(n);
        x.a[zero * n + zero] = 0;
        const z = putColumns(x);
        const norm = k.inverseNorm(k.packUpper(z.W, z.ld, n), n);
        expect(norm > 0 && norm < Infinity).toBe(false);
      }
    }
  });

  test.each(SIZES)('solve for many right-hand sides, order %i', (n) => {
    for (const columns of [1, 4, 9]) {
      k.reset();
      const r = upper(n);
      const x = new Random(columns).matrix(n, columns);
      const b = multiply(r, x);
      const { W, ld } = putColumns(matrix(n, n, (i, j) => (i > j ? 1e9 : r.a[i * n + j])));
      const padded = (n + 3) & ~3;
      const rows = matrix(padded, columns, (i, j) => (i < n ? b.a[i * columns + j] : 0));
      const count = Math.ceil(columns / 4);
      const B = putPanels(rows);
      watch([[B, 32 * padded * count]], () => k.solveUpper(W, ld, n, B, padded, count));
      const out = f64(B, 4 * padded * count);
      const got = matrix(n, columns, (i, j) => out[4 * ((j >> 2) * padded + i) + (j & 3)]);
      expect(distance(got, x)).toBeLessThan(1e-12);
    }
  });
});
