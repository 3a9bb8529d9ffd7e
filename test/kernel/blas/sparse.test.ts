// Products with a matrix of few nonzeros: what those of all its elements are.
import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, multiply, Random, transpose } from '../../numbers.js';
import { area, distance, f64, getSymmetric, k, openSource, put, watch } from '../kernel.js';

/** One element in 40 and a diagonal, a column of ones (chains of sums end within it), and column 3 of zeros. */
function sparse(m: number, n: number): Matrix {
  const r = new Random(m + n);
  const every = r.matrix(m, n);
  return matrix(m, n, (i, j) => {
    if (j === 3) return 0;
    if (j === 7) return 1;
    return r.uniform() < 0.02 || i % n === j ? Math.fround(every.a[i * n + j]) : 0;
  });
}

/** n vectors of four numbers, and room for two. */
function four(x: Matrix): number {
  return put([...x.a, ...new Float64Array(8)]);
}

const STORED = [true, false].flatMap((byRow) =>
  [true, false].flatMap((single) => [true, false].map((resident) => ({ byRow, single, resident }))),
);

describe.each([
  [40, 33],
  [300, 36],
  [1000, 85],
])('%i x %i', (m, n) => {
  test.each(STORED)('$byRow $single $resident', ({ byRow, single, resident }) => {
    k.reset();
    const x = sparse(m, n);
    openSource(x, single, byRow, resident);
    k.scan();
    const scale = k.scale.value;
    const kept = matrix(m, n - 1, (i, j) => x.a[i * n + j + (j < 3 ? 0 : 1)] * scale);
    const z = watch([], () => k.findNonzeros());
    expect(z).not.toBe(0);
    const bytes = Number(k.triangleBytes(n - 1));
    const G = area(bytes);
    watch([[G, bytes]], () => k.gramOfNonzeros(G, z));
    expect(distance(getSymmetric(G, n - 1), multiply(transpose(kept), kept))).toBeLessThan(1e-15);
    // Whole tiles on the diagonal, padding of zeros.
    expect(f64(G, bytes / 8).every((v) => Number.isFinite(v))).toBe(true);
    expect(f64(G, bytes / 8)[1]).toBe(f64(G, bytes / 8)[4]);

    const v = new Random(1).matrix(n - 1, 4);
    const y = area(32 * m);
    watch([[y, 32 * m]], () => k.multiplyNonzeros(z, four(v), y, 32, 32));
    const image = multiply(kept, v);
    expect(distance({ m, n: 4, a: f64(y, 4 * m) }, image)).toBeLessThan(1e-15);
    const back = four(v);
    watch([[back, 32 * (n - 1)]], () => k.subtractNonzeros(z, y, back, 32, 32));
    const known = multiply(transpose(kept), image);
    const left = matrix(n - 1, 4, (i, j) => v.a[4 * i + j] - known.a[4 * i + j]);
    expect(distance({ m: n - 1, n: 4, a: f64(back, 4 * (n - 1)) }, left)).toBeLessThan(1e-14);
  });
});

test('other matrices have none: dense ones, and those whose first rows alone are sparse', () => {
  const dense = new Random(1).matrix(60, 40);
  for (const x of [dense, matrix(60, 40, (i, j) => (i % 8 === 3 ? (j ? 0 : 1) : dense.a[40 * i + j]))]) {
    k.reset();
    openSource(x, false, true, true);
    k.scan();
    expect(watch([], () => k.findNonzeros())).toBe(0);
  }
});
