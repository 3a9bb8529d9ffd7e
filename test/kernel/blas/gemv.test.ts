// Micro-panels times a vector or a tile.

import { describe, expect, test } from 'vitest';
import { matrix, multiply, Random } from '../../numbers.js';
import { distance, f64, k, put, watch } from '../kernel.js';

describe('a micro-panel times a tile, subtracted', () => {
  test.each([0, 1, 2, 7, 64])('%i rows, elsewhere and in place', (rows) => {
    k.reset();
    const r = new Random(rows);
    const x = r.matrix(rows, 4);
    const y = r.matrix(rows, 4);
    const t = r.matrix(4, 4);
    const X = put(x.a);
    const Y = put(y.a);
    const T = put(t.a);
    const less = (a: typeof x, b: typeof x) => matrix(rows, 4, (i, j) => a.a[i * 4 + j] - b.a[i * 4 + j]);
    watch([[X, 32 * rows]], () => k.subtract(X, Y, T, rows));
    expect(distance({ m: rows, n: 4, a: f64(X, 4 * rows) }, less(x, multiply(y, t)))).toBeLessThan(1e-14);
    watch([[Y, 32 * rows]], () => k.subtract(Y, Y, T, rows));
    expect(distance({ m: rows, n: 4, a: f64(Y, 4 * rows) }, less(y, multiply(y, t)))).toBeLessThan(1e-14);
  });
});
