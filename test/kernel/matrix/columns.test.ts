// Column-major matrices.

import { expect, test } from 'vitest';
import { matrix, Random } from '../../numbers.js';
import { getColumns, k, paddingIsZero, putColumns, watch } from '../kernel.js';

test('the transpose of a trapezoid', () => {
  for (const [rank, n] of [
    [1, 1],
    [3, 7],
    [7, 7],
    [33, 66],
  ]) {
    k.reset();
    const x = new Random(n).matrix(rank, n);
    const { W, ld } = putColumns(x);
    const X = watch([], () => k.transposeUpper(W, ld, rank, n));
    const known = matrix(n, rank, (i, j) => (i >= j ? x.a[j * n + i] : 0));
    expect(getColumns(X, k.leading(n), n, rank)).toEqual(known);
    expect(paddingIsZero(X, k.leading(n), n, rank)).toBe(true);
  }
});
