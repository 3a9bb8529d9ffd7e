// Gram matrices as packed triangles.

import { describe, expect, test } from 'vitest';
import { matrix, multiply, Random, transpose } from '../../numbers.js';
import {
  area,
  distance,
  f64,
  getSymmetric,
  inTriangle,
  k,
  put,
  putPanels,
  putSymmetric,
  SIZES,
  watch,
} from '../kernel.js';

describe('gram', () => {
  test.each(SIZES)('of %i columns, formed and added to, at once and in two parts', (n) => {
    for (const s of [1, 2, 7, 70]) {
      k.reset();
      const x = new Random(n).matrix(s, n);
      const P = putPanels(x, s + 3);
      const bytes = Number(k.triangleBytes(n));
      const G = area(bytes);
      watch([[G, bytes]], () => k.gram(G, 0, n, P, s + 3, s, true));
      const known = multiply(transpose(x), x);
      expect(distance(getSymmetric(G, n), known, s + 1)).toBeLessThan(1e-14);
      // Row panels of a part only: those before it stay as they are.
      const part = (n + 4) >> 3;
      watch([[G, bytes]], () => {
        k.gram(G, 0, Math.min(n, 4 * part), P, s + 3, s, false);
        k.gram(G, part, n, P, s + 3, s, false);
      });
      const twice = matrix(n, n, (i, j) => 2 * known.a[i * n + j]);
      expect(distance(getSymmetric(G, n), twice, s + 1)).toBeLessThan(2e-14);
      const square = twice.a.reduce((t, v) => t + v * v, 0);
      expect(Math.abs(watch([], () => k.squareSymmetric(G, n)) / square - 1)).toBeLessThan(1e-13);
    }
  });

  test.each(SIZES)('of %i columns, some at either end zero', (n) => {
    for (const [first, end] of [
      [0, 0],
      [0, n >> 1],
      [n >> 1, n],
      [n >> 2, n - (n >> 2)],
      [n >> 1, n >> 1],
    ]) {
      const all = new Random(n).matrix(5, n);
      const x = matrix(5, n, (i, j) => (j >= first! && j < end! ? all.a[i * n + j]! : 0));
      const known = multiply(transpose(x), x);
      for (const part of [0, n >> 3]) {
        k.reset();
        const P = putPanels(x, 6);
        const bytes = Number(k.triangleBytes(n));
        const G = putSymmetric(matrix(n, n, () => 1));
        watch([[G, bytes]], () => k.gram(G, part, n, P, 6, 5, true));
        const formed = matrix(n, n, (i, j) => (Math.max(i, j) < 4 * part ? 1 : known.a[i * n + j]!));
        expect(distance(getSymmetric(G, n), formed, 6)).toBeLessThan(1e-14);
        watch([[G, bytes]], () => k.gram(G, part, n, P, 6, 5, false));
        const twice = matrix(n, n, (i, j) => (Math.max(i, j) < 4 * part ? 1 : 2 * known.a[i * n + j]!));
        expect(distance(getSymmetric(G, n), twice, 6)).toBeLessThan(1e-14);
      }
    }
  });

  test.each(SIZES)('times a vector, n = %i', (n) => {
    k.reset();
    const r = new Random(n);
    const x = r.matrix(n, n);
    const s = matrix(n, n, (i, j) => x.a[Math.max(i, j) * n + Math.min(i, j)]);
    const v = r.matrix(n, 1);
    const G = putSymmetric(s);
    const padded = (n + 3) & ~3;
    const from = put([...v.a, ...new Float64Array(padded - n)]);
    const y = area(8 * padded);
    watch([[y, 8 * padded]], () => k.multiply(y, G, n, from));
    expect(distance({ m: n, n: 1, a: f64(y, n) }, multiply(s, v), n)).toBeLessThan(1e-14);
  });

  test('the packed triangle takes 128 bytes a tile', () => {
    for (const n of SIZES) {
      const tiles = Math.ceil(n / 4);
      expect(Number(k.triangleBytes(n))).toBe(64 * tiles * (tiles + 1));
      expect(8 * (inTriangle(n - 1, n - 1) + 1)).toBeLessThanOrEqual(Number(k.triangleBytes(n)));
    }
  });
});
