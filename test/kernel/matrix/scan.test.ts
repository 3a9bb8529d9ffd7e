// The scan: norms of columns, the scale, what is not finite.

import { describe, expect, test } from 'vitest';
import { matrix, Random } from '../../numbers.js';
import { k, openSource } from '../kernel.js';

const sources = [true, false].flatMap((resident) =>
  [true, false].flatMap((byRow) => [true, false].map((single) => ({ resident, byRow, single }))),
);

describe('scan', () => {
  test.each([NaN, Infinity, -Infinity])('%f at the first, a middle and the last place', (bad) => {
    for (const { resident, byRow, single } of sources) {
      for (const [m, n] of [
        [1, 1],
        [3, 2],
        [1100, 67],
      ]) {
        for (const p of [0, (m * n) >> 1, m * n - 1]) {
          const x = new Random(5).matrix(m, n);
          x.a[p] = bad;
          k.reset();
          openSource(x, single, byRow, resident);
          expect(k.scan()).toBeFalsy();
        }
      }
    }
  });

  test('a power of two brings every matrix to about norm 1', () => {
    for (const e of [-1074, -1022, -600, -200, 0, 200, 600, 1022]) {
      k.reset();
      openSource(
        matrix(5, 3, (i, j) => (1 + ((i + j) % 2)) * 2 ** e),
        false,
        true,
        true,
      );
      expect(k.scan()).toBeTruthy();
      const scale = k.scale.value as number;
      expect(Number.isInteger(Math.log2(scale))).toBe(true);
      const total = k.total.value as number;
      expect(total).toBeGreaterThanOrEqual(e === -1074 ? 1e-33 : 1);
      expect(total).toBeLessThan(4);
    }
  });

  test('all zero: no column is kept', () => {
    k.reset();
    openSource(
      matrix(70, 9, () => 0),
      false,
      true,
      true,
    );
    expect(k.scan()).toBeTruthy();
    expect(k.kept.value).toBe(0);
  });

  test('a column that is too small to square is no zero column', () => {
    k.reset();
    openSource(
      matrix(70, 3, (i, j) => (j === 1 ? (i === 60 ? 5e-324 : 0) : 1)),
      false,
      true,
      false,
    );
    expect(k.scan()).toBeTruthy();
    expect(k.kept.value).toBe(3);
  });
});
