// Vectors.

import { describe, expect, test } from 'vitest';
import { Random } from '../../numbers.js';
import { f64, k, put, putColumns, watch } from '../kernel.js';

describe('columns', () => {
  const lengths = Array.from({ length: 20 }, (_, i) => i);

  test.each(lengths)('dot, axpy, rotate, swap, norm of %i elements', (n) => {
    k.reset();
    const r = new Random(n);
    const even = (n + 1) & ~1;
    const x = Array.from({ length: n }, () => r.normal());
    const y = Array.from({ length: n }, () => r.normal());
    const pad = even > n ? [0] : [];
    const a = put([...x, ...pad]);
    const b = put([...y, ...pad]);
    const z = Array.from({ length: n }, () => r.normal());
    const third = put([...z, ...pad]);
    const exact = (p: number[], q: number[]) => p.reduce((s, t, i) => s + t * q[i], 0);
    expect(Math.abs(watch([], () => k.dot(a, b, n)) - exact(x, y))).toBeLessThan(1e-14 * (n + 1));
    expect(Math.abs(watch([], () => k.norm(a, n)) - Math.hypot(...x))).toBeLessThan(1e-15 * (n + 1));

    const product = watch(
      [
        [a, 8 * even],
        [b, 8 * even],
      ],
      () => k.rotate(a, b, 0.6, 0.8, third, n),
    );
    expect(Math.abs(product - exact([...f64(a, n)], z))).toBeLessThan(1e-14 * (n + 1));
    for (let i = 0; i < n; i++) {
      expect(Math.abs(f64(a, n)[i] - (0.6 * x[i] - 0.8 * y[i]))).toBeLessThan(1e-15 * 8);
      expect(Math.abs(f64(b, n)[i] - (0.8 * x[i] + 0.6 * y[i]))).toBeLessThan(1e-15 * 8);
    }

    const before = [[...f64(a, n)], [...f64(b, n)]];
    watch(
      [
        [a, 8 * even],
        [b, 8 * even],
      ],
      () => k.swapColumns(a, b, n),
    );
    expect([[...f64(b, n)], [...f64(a, n)]]).toEqual(before);

    const p = [...f64(a, n)];
    const q = [...f64(b, n)];
    const size = watch([[b, 8 * n]], () => k.axpy(b, a, -0.5, n));
    const sum = q.map((t, i) => t - 0.5 * p[i]);
    sum.forEach((t, i) => {
      expect(Math.abs(f64(b, n)[i] - t)).toBeLessThan(1e-15 * 8);
    });
    expect(Math.abs(size - exact(sum, sum))).toBeLessThan(1e-14 * (n + 1));
  });

  test('norm where squares overflow and where they vanish', () => {
    k.reset();
    for (const s of [1e-320, 1e-300, 1e-160, 1, 1e160, 1e307]) {
      const a = put([3 * s, 0, -4 * s, 0, 12 * s]);
      expect(Math.abs(k.norm(a, 5) / (13 * s) - 1)).toBeLessThan(s === 1e-320 ? 1e-3 : 1e-15);
    }
    expect(k.norm(put([0, 0, 0]), 3)).toBe(0);
  });

  test('the sum of squares of a block', () => {
    k.reset();
    const x = new Random(4).matrix(9, 7);
    const { W, ld } = putColumns(x);
    let known = 0;
    for (let i = 2; i < 8; i++) for (let j = 3; j < 6; j++) known += x.a[i * 7 + j] ** 2;
    expect(Math.abs(watch([], () => k.square(W, ld, 2, 8, 3, 6)) / known - 1)).toBeLessThan(1e-15);
  });
});
