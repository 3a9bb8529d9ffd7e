// Power iteration.

import { expect, test } from 'vitest';
import { multiply, Random } from '../../numbers.js';
import { referenceValues } from '../../reference.js';
import { area, f64, k, putColumns, watch } from '../kernel.js';

test('power iteration gives a unit vector and the length of its image', () => {
  for (const [m, n] of [
    [1, 1],
    [3, 2],
    [5, 9],
    [66, 33],
  ]) {
    k.reset();
    const x = new Random(m).matrix(m, n);
    const { W, ld } = putColumns(x);
    const v = area(8 * n);
    const size = watch([[v, 8 * n]], () => k.power(W, ld, m, n, v, 5));
    const unit = f64(v, n);
    expect(Math.abs(unit.reduce((s, t) => s + t * t, 0) - 1)).toBeLessThan(1e-14);
    const image = multiply(x, { m: n, n: 1, a: unit.slice() });
    expect(Math.abs(size / Math.sqrt(image.a.reduce((s, t) => s + t * t, 0)) - 1)).toBeLessThan(1e-14);
    const known = n * m > 1000 ? Infinity : referenceValues(x)[0];
    expect(size).toBeLessThanOrEqual(known * (1 + 1e-14));
  }
});
