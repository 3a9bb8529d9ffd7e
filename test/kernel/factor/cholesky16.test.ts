// Cholesky in 16-bit integers.

import { describe, expect, test } from 'vitest';
import { map, multiply, Random, transpose } from '../../numbers.js';
import { area, k, putSymmetric, watch } from '../kernel.js';

describe('an upper bound of all eigenvalues by Cholesky in integers', () => {
  const spectra: [string, (n: number, i: number) => number][] = [
    ['all the same', () => 1],
    ['falling slowly', (n, i) => 1 - i / (n + 1)],
    ['falling fast', (_, i) => 0.5 ** i],
    ['one', (_, i) => (i ? 0 : 1)],
    ['two apart', (_, i) => (i ? 1e-3 : 1)],
  ];
  const orders = [1, 2, 3, 4, 5, 31, 64, 97, 130, 201];
  test.each(orders.flatMap((n) => spectra.map(([name, value]) => [n, name, value] as const)))(
    'order %i, values %s',
    (n, _, value) => {
      for (const size of [1, 1e-130, 1e130]) {
        const x = new Random(n).withSpectrum(
          n + 3,
          n,
          Array.from({ length: n }, (_, i) => Math.sqrt(value(n, i))),
        );
        k.reset();
        const G = putSymmetric(map(multiply(transpose(x), x), (g) => g * size));
        const L = area(Number(k.triangleBytes(n)) / 4);
        const watched: [number, number][] = [[L, Number(k.triangleBytes(n)) / 4]];
        const proved = (theta: number) => watch(watched, () => k.provesUpperBound(L, G, n, theta * size));
        expect(proved(1.01)).toBeTruthy();
        expect(proved(2)).toBeTruthy();
        for (const factor of [1 - 1e-6, 0.99, 0.9, 0.6, 0.5, 0.4, 0.1, 1e-3, 1e-12]) {
          expect(proved(factor / (1 + k.integerRounding(n)))).toBeFalsy();
        }
      }
    },
  );
});
