// Householder panels and blocks of reflectors.

import { describe, expect, test } from 'vitest';
import { type Matrix, map, matrix, multiply, Random } from '../../numbers.js';
import {
  area,
  distance,
  f64,
  getColumns,
  i32,
  k,
  paddingIsZero,
  putColumns,
  SIZES,
  watch,
} from '../kernel.js';

/** The reflectors below the diagonal of W, applied to x one by one. */
function reflect(w: Matrix, taus: ArrayLike<number>, x: Matrix): Matrix {
  const y = { ...x, a: x.a.slice() };
  for (let c = 0; c < taus.length; c++) {
    const v = (i: number) => (i === c ? 1 : w.a[i * w.n + c]);
    for (let j = 0; j < x.n; j++) {
      let s = 0;
      for (let i = c; i < x.m; i++) s += v(i) * y.a[i * x.n + j];
      s *= taus[c];
      for (let i = c; i < x.m; i++) y.a[i * x.n + j] -= s * v(i);
    }
  }
  return y;
}

const SHAPES = SIZES.flatMap((n) => [
  [n, n],
  [n + 1, n],
  [3 * n + 2, n],
  [Math.ceil(n / 2), n],
]);

/** The sum of the squared lengths that remain after `done` steps. */
const remaining = (squares: Float64Array, done: number) => squares.slice(done).reduce((sum, x) => sum + x, 0);

describe('Householder panel', () => {
  test.each(SHAPES)('%ix%i in order: Q^T A = R, reflectors and block alike', (m, n) => {
    k.reset();
    const x = new Random(m * n).matrix(m, n);
    if (n > 4) for (let i = 0; i < m; i++) x.a[i * n + 2] = 0;
    const { W, ld, bytes } = putColumns(x);
    const taus = area(8 * n);
    const squares = area(8 * n);
    const done = watch(
      [
        [W, bytes],
        [taus, 8 * n],
        [squares, 8 * n],
      ],
      () => k.factorPanel(k.createPanel(W, ld, m, n, taus, squares), -1, 0),
    );
    expect(done).toBe(Math.min(m, n));
    expect(paddingIsZero(W, ld, m, n)).toBe(true);
    const w = getColumns(W, ld, m, n);
    const r = matrix(m, n, (i, j) => (i > j ? 0 : w.a[i * n + j]));
    expect(distance(reflect(w, f64(taus, done), x), r, Math.sqrt(m) + 1)).toBeLessThan(1e-14);

    if (done > 40) return; // panels are narrower than that
    const columns = 6;
    const c = new Random(1).matrix(m, columns);
    const start = k.mark();
    const block = k.createBlock(m, done);
    const scratch: [number, number] = [start, k.mark() - start];
    const C = putColumns(
      matrix(m, n + columns, (i, j) => (j < n ? w.a[i * n + j] : c.a[i * columns + j - n])),
    );
    watch([scratch], () => k.formBlock(block, C.W, C.ld, m, done, taus));
    watch([scratch, [C.W, C.bytes]], () => k.applyBlock(block, C.W, C.ld, 0, n, n + columns));
    const all = getColumns(C.W, C.ld, m, n + columns);
    expect(
      distance(
        matrix(m, n, (i, j) => all.a[i * all.n + j]),
        w,
      ),
    ).toBe(0);
    const got = matrix(m, columns, (i, j) => all.a[i * all.n + n + j]);
    expect(distance(got, reflect(w, f64(taus, done), c), Math.sqrt(m) + 1)).toBeLessThan(1e-13);
    expect(paddingIsZero(C.W, C.ld, m, n + columns)).toBe(true);

    // The same from the right, in a matrix with other rows and columns around it.
    const [above, before] = [2, 3];
    const around = new Random(2).matrix(above + columns, before + m);
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < m; j++) around.a[(above + i) * around.n + before + j] = c.a[j * columns + i];
    }
    const D = putColumns(around);
    watch([scratch, [D.W, D.bytes]], () => k.applyRight(block, D.W, D.ld, above, above + columns, before));
    const expected = reflect(w, f64(taus, done), c);
    const right = matrix(around.m, around.n, (i, j) =>
      i < above || j < before ? around.a[i * around.n + j] : expected.a[(j - before) * columns + i - above],
    );
    expect(distance(getColumns(D.W, D.ld, around.m, around.n), right, Math.sqrt(m) + 1)).toBeLessThan(1e-13);
    expect(paddingIsZero(D.W, D.ld, around.m, around.n)).toBe(true);
  });

  test('a panel inside a matrix leaves the rest of it alone', () => {
    for (const [r, c, b] of [
      [0, 3, 4],
      [2, 0, 5],
      [3, 3, 1],
      [4, 2, 7],
    ]) {
      k.reset();
      const x = new Random(r + c).matrix(12, 10);
      const { W, ld } = putColumns(x);
      const taus = area(8 * b);
      const squares = area(8 * b);
      const inside = Array.from({ length: b }, (_, j): [number, number] => [
        W + 8 * ((c + j) * ld + r),
        8 * (12 - r),
      ]);
      watch([...inside, [taus, 8 * b], [squares, 8 * b]], () =>
        k.factorPanel(k.createPanel(W + 8 * (c * ld + r), ld, 12 - r, b, taus, squares), -1, 0),
      );
      const w = getColumns(W, ld, 12, 10);
      const block = (y: Matrix) => matrix(12 - r, b, (i, j) => y.a[(r + i) * 10 + c + j]);
      const reduced = matrix(12 - r, b, (i, j) => (i > j ? 0 : block(w).a[i * b + j]));
      expect(distance(reflect(block(w), f64(taus, b), block(x)), reduced)).toBeLessThan(1e-14);
    }
  });

  test.each(SHAPES)('%ix%i with pivoting: the diagonal descends', (m, n) => {
    k.reset();
    const x = new Random(m + n).matrix(m, n);
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) x.a[i * n + j] *= 2 ** ((j * 13) % 29);
    const { W, ld, bytes } = putColumns(x);
    const taus = area(8 * n);
    const squares = area(8 * n);
    const perm = area(4 * n);
    i32(perm, n).set(Array.from({ length: n }, (_, j) => j));
    const done = watch(
      [
        [W, bytes],
        [taus, 8 * n],
        [squares, 8 * n],
        [perm, 4 * n],
      ],
      () => k.factorPanelPivoted(k.createPanel(W, ld, m, n, taus, squares), 0, perm, -1),
    );
    expect(done).toBe(Math.min(m, n));
    const p = [...i32(perm, n)];
    expect([...p].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, j) => j));
    const w = getColumns(W, ld, m, n);
    for (let i = 1; i < done; i++) {
      expect(Math.abs(w.a[i * n + i])).toBeLessThanOrEqual(Math.abs(w.a[(i - 1) * n + i - 1]) * (1 + 1e-12));
    }
    const y = matrix(m, n, (i, j) => x.a[i * n + p[j]]);
    const r = matrix(m, n, (i, j) => (i > j ? 0 : w.a[i * n + j]));
    expect(distance(reflect(w, f64(taus, done), y), r, 2 ** 28 * (Math.sqrt(m) + 1))).toBeLessThan(1e-14);
  });

  test('columns too small to invert give no NaN', () => {
    for (const scale of [1e-300, 1e-307, 1e-310, 1e-322]) {
      k.reset();
      const x = map(new Random(8).matrix(6, 4), (v) => v * scale);
      const { W, ld } = putColumns(x);
      const done = k.factorPanel(k.createPanel(W, ld, 6, 4, area(32), area(32)), -1, 0);
      expect(done).toBe(4);
      expect(getColumns(W, ld, 6, 4).a.every(Number.isFinite)).toBe(true);
    }
  });

  test('stops where what is left is small, and says how small', () => {
    k.reset();
    const r = new Random(8);
    const x = multiply(r.matrix(20, 4), r.matrix(4, 12));
    const { W, ld } = putColumns(x);
    const perm = area(48);
    i32(perm, 12).set(Array.from({ length: 12 }, (_, j) => j));
    const squares = area(96);
    const p = k.createPanel(W, ld, 20, 12, area(96), squares);
    const done = k.factorPanelPivoted(p, 0, perm, 1e-20);
    expect(done).toBe(4);
    expect(Math.sqrt(remaining(f64(squares, 12), done))).toBeLessThan(1e-12);
    expect(Math.sqrt(remaining(f64(squares, 12), done - 1))).toBeGreaterThan(1e-3);
  });

  test('says how small, where all of it goes in one step', () => {
    const r = new Random(9);
    const product = multiply(r.matrix(21, 4), r.matrix(4, 13));
    for (const size of [1e-5, 1e-9, 1e-13]) {
      k.reset();
      const { W, ld } = putColumns(map(product, (v) => v + size * r.matrix(1, 1).a[0]));
      const perm = area(52);
      const squares = area(104);
      const p = k.createPanel(W, ld, 21, 13, area(104), squares);
      expect(k.factorPanelPivoted(p, 0, perm, 1e5 * size * size)).toBe(4);
      const w = getColumns(W, ld, 21, 13);
      let square = 0;
      for (let i = 4; i < 21; i++) for (let j = 4; j < 13; j++) square += w.a[i * 13 + j] ** 2;
      expect(Math.abs(remaining(f64(squares, 13), 4) / square - 1)).toBeLessThan(1e-6);
    }
  });
});
