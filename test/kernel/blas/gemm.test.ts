// The tile kernel.

import { describe, expect, test } from 'vitest';
import { matrix, multiply, Random, transpose } from '../../numbers.js';
import { distance, f64, k, put, watch } from '../kernel.js';

describe('tile', () => {
  // c += a b^T for one tile of 4 columns, or three of them whose operands lie apart.
  const cases = [0, 1, 2, 3, 4, 5, 17, 64, 301].flatMap((steps) => [
    [steps, 4],
    [steps, 12],
  ]);
  test.each(cases)('%i steps, 4 x %i', (steps, columns) => {
    k.reset();
    const r = new Random(steps + columns);
    const x = r.matrix(steps, 4);
    const start = r.matrix(4, columns);
    const c = put(transpose(start).a);
    const a = put(x.a);
    const b = Array.from({ length: columns / 4 }, () => r.matrix(steps, 4));
    const at = b.map((panel) => put(panel.a));
    watch([[c, 32 * columns]], () => {
      if (columns === 4) k.madd44(c, a, at[0], steps);
      else k.madd412(c, a, at[0], at[1], at[2], steps);
    });
    const products = b.map((panel) => multiply(transpose(x), panel));
    const known = matrix(
      4,
      columns,
      (i, j) => start.a[columns * i + j] + products[j >> 2].a[4 * i + (j & 3)],
    );
    const got = f64(c, 4 * columns);
    expect(
      distance(
        matrix(4, columns, (i, j) => got[4 * j + i]),
        known,
        1 + steps,
      ),
    ).toBeLessThan(1e-14);
  });
});
