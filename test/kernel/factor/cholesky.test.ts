// Cholesky and L S L^T.

import { describe, expect, test } from 'vitest';
import { type Matrix, map, matrix, multiply, Random, transpose } from '../../numbers.js';
import { area, distance, f64, inTriangle, k, putPanels, putSymmetric, SIZES, watch } from '../kernel.js';

const square = (x: Matrix) => x.a.reduce((s, t) => s + t * t, 0);

const shifted = (x: Matrix, s: number) => matrix(x.m, x.n, (i, j) => x.a[i * x.n + j] - (i === j ? s : 0));

function getTriangle(L: number, n: number): Matrix {
  const l = f64(L, Number(k.triangleBytes(n)) / 8);
  return matrix(n, n, (i, j) => (i >= j ? l[inTriangle(i, j)] : 0));
}

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

describe('Cholesky', () => {
  test.each(SIZES)('of order %i, from packed columns and from a triangle', (n) => {
    const s = n + 5;
    const x = new Random(n).matrix(s, n);
    const gram = multiply(transpose(x), x);
    for (const shift of [0, 1e-3]) {
      for (const packed of [true, false]) {
        k.reset();
        const bytes = Number(k.triangleBytes(n));
        const L = packed ? area(bytes) : putSymmetric(gram);
        const P = packed ? putPanels(x) : 0;
        const f = k.beginFactor(L, n, shift, true, 0);
        const before = k.mark();
        watch(
          [
            [L, bytes],
            [f, before - f],
          ],
          () => expect(k.proceedFactor(f, (n + 3) >> 2, P, s, packed ? s : 0)).toBeTruthy(),
        );
        expect(k.columnsOf(f)).toBe(n);
        const l = getTriangle(L, n);
        expect(distance(multiply(l, transpose(l)), shifted(gram, shift), n * s)).toBeLessThan(1e-14);
      }
    }
  });

  test('growth is ||L||_F^2, without the padding of the last panel', () => {
    for (const n of SIZES) {
      k.reset();
      const x = new Random(n).matrix(n + 5, n);
      const L = putSymmetric(multiply(transpose(x), x));
      const f = k.factor(L, n, 0, true);
      expect(Math.abs(k.growth(f) / square(getTriangle(L, n)) - 1)).toBeLessThan(1e-12);
    }
  });

  test.each(SIZES)('of order %i stops at the column whose pivot is not positive', (n) => {
    for (const at of new Set([0, n >> 1, n - 1])) {
      k.reset();
      // I, one diagonal entry of it negative.
      const L = putSymmetric(matrix(n, n, (i, j) => (i !== j ? 0 : i === at ? -1 : 1)));
      const bytes = Number(k.triangleBytes(n));
      expect(k.columnsOf(watch([[L, bytes]], () => k.factor(L, n, 0, true)))).toBe(at);
    }
  });

  test('fails for a Gram matrix of deficient columns, however large they are', () => {
    for (const size of [1e-30, 1, 1e60]) {
      k.reset();
      const r = new Random(9);
      const x = map(multiply(r.matrix(30, 5), r.matrix(5, 20)), (v) => v * size);
      const f = k.beginFactor(area(Number(k.triangleBytes(20))), 20, 1e-9 * size * size, true, 0);
      expect(k.proceedFactor(f, 5, putPanels(x), 30, 30)).toBeFalsy();
      expect(k.columnsOf(f)).toBe(5);
    }
  });
});

describe('inertia', () => {
  test.each(SIZES)('of order %i: the negative pivots are the eigenvalues below the shift', (n) => {
    const r = new Random(n);
    const values = Array.from({ length: n }, (_, i) => i - n / 3 + 0.5);
    const d = matrix(n, n, (i, j) => (i === j ? values[i] : 0));
    const q = r.reflect(
      matrix(n, n, (i, j) => (i === j ? 1 : 0)),
      5,
    );
    const g = multiply(multiply(q, d), transpose(q));
    for (const shift of [-n, -1.2, 0, 1.1, n / 2 + 0.1, n]) {
      k.reset();
      const L = putSymmetric(g);
      const f = k.factor(L, n, shift, false);
      expect(k.columnsOf(f)).toBe(n);
      expect(k.negativePivots(f)).toBe(values.filter((v) => v < shift).length);
    }
  });

  test.each(SIZES)('of order %i, in two parts: the rows of L^-1 at negative pivots', (n) => {
    const x = new Random(n).matrix(n, n);
    const g = matrix(
      n,
      n,
      (i, j) => x.a[i * n + j] + x.a[j * n + i] + (i === j ? (i % 3 ? 3 * n : -2 * n) : 0),
    );
    k.reset();
    const L = putSymmetric(g);
    const panels = (n + 3) >> 2;
    const f = k.beginFactor(L, n, 1, false, 0);
    k.proceedFactor(f, panels >> 1, 0, 0, 0);
    k.proceedFactor(f, panels, 0, 0, 0);
    const dual = watch([], () => k.inverseRowsNormSquare(f));
    const l = getTriangle(L, n);
    // X = L^-T: X^T (G - I) X = S, its negative entries -1.
    const y = inverse(transpose(l));
    const s = multiply(transpose(y), multiply(shifted(g, 1), y));
    let sum = 0;
    for (let j = 0; j < n; j++) {
      expect(Math.abs(s.a[j * n + j])).toBeCloseTo(1, 9);
      for (let i = 0; i < n && s.a[j * n + j] < 0; i++) sum += y.a[i * n + j] ** 2;
    }
    expect(Math.abs(dual - sum)).toBeLessThanOrEqual(1e-12 * sum);
  });
});
