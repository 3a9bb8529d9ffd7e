// LU with partial pivoting of a column block, and the inverse of the rows that it picks.

import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, multiply, Random } from '../../numbers.js';
import { area, distance, f64, i32, k, putInts, putPanels, watch } from '../kernel.js';

interface Block {
  done: number;
  rows: Int32Array;
  inverse: Matrix;
}

/** Factors x, whose rows are the candidates, and inverts. */
function block(x: Matrix, least = 0): Block {
  k.reset();
  const { m: r, n: p } = x;
  const T = putPanels(x);
  const rows = putInts(Array.from({ length: r }, (_, i) => i));
  const N = area(8 * r * p);
  const M = area(8 * p * p);
  const written: [number, number][] = [T, N].map((at) => [at, 8 * r * p]);
  const done = watch([...written, [rows, 4 * r]], () => k.factorBlock(T, r, p, N, rows, least));
  if (done === p) watch([[M, 8 * p * p]], () => k.invert(M, p, N));
  const m = f64(M, p * p);
  const inverse = matrix(p, p, (i, j) => m[4 * ((j >> 2) * p + i) + (j & 3)]);
  return { done, rows: i32(rows, r).slice(), inverse };
}

const SHAPES = [4, 8, 12, 16, 36, 64, 100].flatMap((p) => [p, p + 4, 2 * p].map((r) => [r, p] as const));

describe('LU', () => {
  test.each(SHAPES)('%i x %i: the inverse of the rows it picks', (r, p) => {
    const x = new Random(r + p).matrix(r, p);
    const { done, rows, inverse } = block(x);
    expect(done).toBe(p);
    expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: r }, (_, i) => i));
    const b = matrix(p, p, (i, j) => x.a[rows[i] * p + j]);
    const identity = matrix(p, p, (i, j) => (i === j ? 1 : 0));
    const size = Math.max(...inverse.a.map(Math.abs)) * p;
    expect(distance(multiply(b, inverse), identity, size)).toBeLessThan(1e-14);
  });

  test('takes the rows that are there: a permutation among zeros', () => {
    const p = 24;
    const at = new Random(1).permutation(2 * p).slice(0, p);
    const { done, rows, inverse } = block(matrix(2 * p, p, (i, j) => (at[j] === i ? 2 : 0)));
    expect(done).toBe(p);
    expect([...rows.subarray(0, p)]).toEqual(at);
    expect(inverse.a).toEqual(matrix(p, p, (i, j) => (i === j ? 0.5 : 0)).a);
  });

  test.each([0, 1, 3, 4, 17, 30, 31])('column %i depends on those before it', (at) => {
    const [r, p] = [48, 32];
    const x = new Random(at).matrix(r, p);
    const free = x.a.slice();
    for (let i = 0; i < r; i++) {
      x.a[i * p + at] = 0;
      for (let j = 0; j < at; j++) x.a[i * p + at] += free[i * p + j] * (j + 1);
    }
    expect(block(x, 1e-8).done).toBe(at);
  });
});
