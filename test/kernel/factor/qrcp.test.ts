// Column-pivoted QR.

import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, multiply, Random, transpose } from '../../numbers.js';
import { area, distance, getColumns, i32, k, paddingIsZero, putColumns, SIZES, watch } from '../kernel.js';

const square = (x: Matrix) => x.a.reduce((s, t) => s + t * t, 0);

const SHAPES = SIZES.flatMap((n) => [
  [n, n],
  [n + 1, n],
  [3 * n + 2, n],
  [Math.ceil(n / 2), n],
]);

describe('pivoted QR', () => {
  /** What W holds after `steps`: R, and below it what is not factored yet. */
  const held = (w: Matrix, steps: number) =>
    matrix(w.m, w.n, (i, j) => (i >= steps && j >= steps ? w.a[i * w.n + j] : i > j ? 0 : w.a[i * w.n + j]));

  function check(x: Matrix, W: number, ld: number, perm: number, steps: number, tolerance: number): number {
    const p = [...i32(perm, x.n)];
    expect([...p].sort((a, b) => a - b)).toEqual(Array.from({ length: x.n }, (_, j) => j));
    const f = held(getColumns(W, ld, x.m, x.n), steps);
    const y = matrix(x.m, x.n, (i, j) => x.a[i * x.n + p[j]]);
    const size = square(x);
    expect(distance(multiply(transpose(f), f), multiply(transpose(y), y), size)).toBeLessThan(tolerance);
    let rest = 0;
    for (let i = steps; i < x.m; i++) for (let j = steps; j < x.n; j++) rest += f.a[i * x.n + j] ** 2;
    return Math.sqrt(rest);
  }

  function run(x: Matrix) {
    k.reset();
    const columns = putColumns(x);
    const perm = area(4 * x.n);
    const start = k.mark();
    const q = k.begin(columns.W, columns.ld, x.m, x.n, perm);
    const writable: [number, number][] = [
      [columns.W, columns.bytes],
      [perm, 4 * x.n],
      [start, k.mark() - start],
    ];
    const proceed = (stop: number, checkBelow = 0, cap = x.n) =>
      watch(writable, () => k.proceed(q, stop, checkBelow, cap));
    return { ...columns, perm, q, proceed };
  }

  test.each([...SHAPES, [70, 130], [200, 97], [129, 128]])('%ix%i of full rank, to the end', (m, n) => {
    const x = new Random(m ^ n).matrix(m, n);
    const { W, ld, perm, q, proceed } = run(x);
    const steps = proceed(0);
    expect(steps).toBe(Math.min(m, n));
    expect(k.residual(q)).toBe(0);
    check(x, W, ld, perm, steps, 1e-14);
    expect(paddingIsZero(W, ld, m, n)).toBe(true);
  });

  test.each([
    [40, 40, 16],
    [120, 100, 37],
    [350, 340, 40],
  ])('%ix%i, the first %i columns as they stand', (m, n, first) => {
    const x = new Random(m + n).matrix(m, n);
    const { W, ld, perm, q, proceed } = run(x);
    k.inOrder(q, first);
    const steps = proceed(0, 0, first + 20);
    expect(steps).toBe(Math.min(first + 20, n));
    expect([...i32(perm, first)]).toEqual(Array.from({ length: first }, (_, j) => j));
    const rest = check(x, W, ld, perm, steps, 1e-14);
    expect(Math.abs(k.residual(q) - rest)).toBeLessThan(1e-10);
  });

  test.each([
    [20, 12, 4],
    [66, 65, 1],
    [66, 65, 31],
    [100, 100, 33],
    [100, 100, 64],
    [90, 200, 70],
    [200, 90, 89],
    [300, 130, 17],
  ])('%ix%i of rank %i ends there', (m, n, rank) => {
    const r = new Random(rank);
    const x = multiply(r.matrix(m, rank), r.matrix(rank, n));
    const size = Math.sqrt(square(x));
    const { W, ld, perm, q, proceed } = run(x);
    const steps = proceed(1e-12 * size);
    expect(steps).toBeGreaterThanOrEqual(rank);
    expect(steps).toBeLessThanOrEqual(Math.min(m, n, n <= 64 ? rank : rank + 32));
    const rest = check(x, W, ld, perm, steps, 1e-14);
    expect(rest).toBeLessThanOrEqual(1e-12 * size);
    expect(Math.abs(k.residual(q) - rest)).toBeLessThan(1e-14 * size);
  });

  test.each([
    [40, 30],
    [120, 100],
  ])('%ix%i of falling spectrum: taken up again with a smaller stop', (m, n) => {
    const x = new Random(2).withSpectrum(
      m,
      n,
      Array.from({ length: n }, (_, i) => 2 ** -i),
    );
    const { W, ld, perm, q, proceed } = run(x);
    let steps = 0;
    for (const stop of [0.1, 1e-3, 1e-5, 1e-8]) {
      const before = steps;
      steps = proceed(stop);
      expect(steps).toBeGreaterThanOrEqual(before);
      const rest = check(x, W, ld, perm, steps, 1e-14);
      expect(rest).toBeLessThanOrEqual(stop);
      expect(Math.abs(k.residual(q) - rest)).toBeLessThan(1e-14);
    }
    expect(steps).toBeGreaterThan(20);
  });

  test.each([66, 100])('of order %i, no further than told', (n) => {
    const x = new Random(n).matrix(n, n);
    const { W, ld, perm, q, proceed } = run(x);
    let steps = 0;
    for (const cap of [1, 32, 33, n]) {
      steps = proceed(0, 0, cap);
      expect(steps).toBe(cap);
      const rest = check(x, W, ld, perm, cap, 1e-14);
      expect(Math.abs(k.residual(q) - rest)).toBeLessThan(1e-13 * n);
    }
  });

  test('a zero matrix, and one whose columns are all the same', () => {
    for (const n of [5, 64, 65, 100]) {
      const zero = run(matrix(n, n, () => 0));
      expect(zero.proceed(0)).toBeLessThanOrEqual(n);
      expect(k.residual(zero.q)).toBe(0);
      const ones = run(matrix(n, n, () => 1));
      expect(ones.proceed(1e-10 * n)).toBe(1);
      check(
        matrix(n, n, () => 1),
        ones.W,
        ones.ld,
        ones.perm,
        1,
        1e-14,
      );
    }
  });
});
