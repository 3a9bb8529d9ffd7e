// Factorisations: Cholesky and inertia, triangular inverses, Householder QR, pivoted QR.
import { describe, expect, test } from 'vitest';
import { type Matrix, map, matrix, multiply, Random, transpose } from '../numbers.js';
import {
  area,
  distance,
  f64,
  getColumns,
  i32,
  inTriangle,
  k,
  paddingIsZero,
  putColumns,
  putPanels,
  putSymmetric,
  SIZES,
  watch,
} from './kernel.js';

const square = (x: Matrix) => x.a.reduce((s, t) => s + t * t, 0);
const shifted = (x: Matrix, s: number) => matrix(x.m, x.n, (i, j) => x.a[i * x.n + j] - (i === j ? s : 0));

function getTriangle(L: number, n: number): Matrix {
  const l = f64(L, Number(k.triangleBytes(n)) / 8);
  return matrix(n, n, (i, j) => (i >= j ? l[inTriangle(i, j)] : 0));
}

/** Of an upper triangle. */
function inverse(r: Matrix): Matrix {
  const n = r.n;
  const y = matrix(n, n, () => 0);
  for (let c = 0; c < n; c++) {
    for (let i = c; i >= 0; i--) {
      let s = i === c ? 1 : 0;
      for (let p = i + 1; p <= c; p++) s -= r.a[i * n + p] * y.a[p * n + c];
      y.a[i * n + c] = s / r.a[i * n + i];
    }
  }
  return y;
}

describe('Cholesky', () => {
  test.each(SIZES)('of order %i, from packed columns and from a triangle', (n) => {
    const s = n + 5;
    const x = new Random(n).matrix(s, n);
    const gram = multiply(transpose(x), x);
    for (const shift of [0, 1e-3]) {
      for (const packed of [true, false]) {
        k.reset();
        const bytes = Number(k.triangleBytes(n));
        const L = packed ? area(bytes) : putSymmetric(gram);
        const P = packed ? putPanels(x) : 0;
        const f = k.beginFactor(L, n, shift, true, 0);
        const before = k.mark();
        watch(
          [
            [L, bytes],
            [f, before - f],
          ],
          () => expect(k.proceedFactor(f, (n + 3) >> 2, P, s, packed ? s : 0)).toBeTruthy(),
        );
        expect(k.columnsOf(f)).toBe(n);
        const l = getTriangle(L, n);
        expect(distance(multiply(l, transpose(l)), shifted(gram, shift), n * s)).toBeLessThan(1e-14);
      }
    }
  });

  test('growth is ||L||_F^2, without the padding of the last panel', () => {
    for (const n of SIZES) {
      k.reset();
      const x = new Random(n).matrix(n + 5, n);
      const L = putSymmetric(multiply(transpose(x), x));
      const f = k.factor(L, n, 0, true);
      expect(Math.abs(k.growth(f) / square(getTriangle(L, n)) - 1)).toBeLessThan(1e-12);
    }
  });

  test.each(SIZES)('of order %i stops at the column whose pivot is not positive', (n) => {
    for (const at of new Set([0, n >> 1, n - 1])) {
      k.reset();
      // I, one diagonal entry of it negative.
      const L = putSymmetric(matrix(n, n, (i, j) => (i !== j ? 0 : i === at ? -1 : 1)));
      const bytes = Number(k.triangleBytes(n));
      expect(k.columnsOf(watch([[L, bytes]], () => k.factor(L, n, 0, true)))).toBe(at);
    }
  });

  test('fails for a Gram matrix of deficient columns, however large they are', () => {
    for (const size of [1e-30, 1, 1e60]) {
      k.reset();
      const r = new Random(9);
      const x = map(multiply(r.matrix(30, 5), r.matrix(5, 20)), (v) => v * size);
      const f = k.beginFactor(area(Number(k.triangleBytes(20))), 20, 1e-9 * size * size, true, 0);
      expect(k.proceedFactor(f, 5, putPanels(x), 30, 30)).toBeFalsy();
      expect(k.columnsOf(f)).toBe(5);
    }
  });
});

describe('inertia', () => {
  test.each(SIZES)('of order %i: the negative pivots are the eigenvalues below the shift', (n) => {
    const r = new Random(n);
    const values = Array.from({ length: n }, (_, i) => i - n / 3 + 0.5);
    const d = matrix(n, n, (i, j) => (i === j ? values[i] : 0));
    const q = r.reflect(
      matrix(n, n, (i, j) => (i === j ? 1 : 0)),
      5,
    );
    const g = multiply(multiply(q, d), transpose(q));
    for (const shift of [-n, -1.2, 0, 1.1, n / 2 + 0.1, n]) {
      k.reset();
      const L = putSymmetric(g);
      const f = k.factor(L, n, shift, false);
      expect(k.columnsOf(f)).toBe(n);
      expect(k.negativePivots(f)).toBe(values.filter((v) => v < shift).length);
    }
  });

  test.each(SIZES)('of order %i, in two parts: the rows of L^-1 at negative pivots', (n) => {
    const x = new Random(n).matrix(n, n);
    const g = matrix(
      n,
      n,
      (i, j) => x.a[i * n + j] + x.a[j * n + i] + (i === j ? (i % 3 ? 3 * n : -2 * n) : 0),
    );
    k.reset();
    const L = putSymmetric(g);
    const panels = (n + 3) >> 2;
    const f = k.beginFactor(L, n, 1, false, 0);
    k.proceedFactor(f, panels >> 1, 0, 0, 0);
    k.proceedFactor(f, panels, 0, 0, 0);
    const dual = watch([], () => k.inverseRowsNormSquare(f));
    const l = getTriangle(L, n);
    // X = L^-T: X^T (G - I) X = S, its negative entries -1.
    const y = inverse(transpose(l));
    const s = multiply(transpose(y), multiply(shifted(g, 1), y));
    let sum = 0;
    for (let j = 0; j < n; j++) {
      expect(Math.abs(s.a[j * n + j])).toBeCloseTo(1, 9);
      for (let i = 0; i < n && s.a[j * n + j] < 0; i++) sum += y.a[i * n + j] ** 2;
    }
    expect(Math.abs(dual - sum)).toBeLessThanOrEqual(1e-12 * sum);
  });
});

describe('deflated columns', () => {
  test.each([14, 30, 66, 101, 350])('of order %i: the factor and solve() are those of the others', (n) => {
    const r = new Random(n);
    const x = r.matrix(n + 5, n);
    // As many as may be.
    const most = Math.min(24, Math.floor(n / 11));
    const gone = new Set([n - 1, ...r.permutation(n - 2).map((j) => j + 1)].slice(0, most));
    const order = Array.from({ length: n }, (_, i) => i);
    const others = order.filter((j) => !gone.has(j));
    // Dependent on those before them, up to rounding that the shift hides.
    for (const j of gone) for (let i = 0; i < x.m; i++) x.a[i * n + j] = x.a[i * n];
    const shift = 1e-9;
    k.reset();
    const panels = (n + 3) >> 2;
    const one = Array.from({ length: n }, (_, j) => j).find((j) => j > 0 && !gone.has(j)) ?? 0;
    const more = matrix(x.m, n, (i, j) => x.a[i * n + (j === one ? 0 : j)]);
    const L = putSymmetric(multiply(transpose(more), more));
    const failing = k.beginFactor(L, n, shift, true, most);
    expect(k.proceedFactor(failing, panels, 0, 0, 0), 'one more than allowed').toBeFalsy();
    expect(k.columnsOf(failing)).toBe(n - 1);

    k.reset();
    const again = putSymmetric(multiply(transpose(x), x));
    const f = k.beginFactor(again, n, shift, true, most);
    const bytes = Number(k.triangleBytes(n));
    expect(k.proceedFactor(f, panels, 0, 0, 0)).toBeTruthy();
    expect(k.columnsOf(f)).toBe(n);
    expect(k.deflated(f)).toBe(most);
    const kept = matrix(x.m, others.length, (i, j) => x.a[i * n + others[j]]);
    // Two micro-panels of four right-hand sides each, some bytes apart.
    const columns = 8;
    const solution = r.matrix(others.length, columns);
    const right = multiply(shifted(multiply(transpose(kept), kept), shift), solution);
    const step = 128 * panels + 32;
    const b = area(2 * step);
    const view = f64(b, step / 4).fill(0);
    const at = (j: number, c: number) => (c >> 2) * (step >> 3) + 4 * j + (c & 3);
    for (let c = 0; c < columns; c++) {
      others.forEach((j, i) => {
        view[at(j, c)] = right.a[i * columns + c];
      });
      for (const j of gone) view[at(j, c)] = 7; // not read
    }
    watch(
      [
        [again, bytes],
        [b, 2 * step],
      ],
      () => k.solve(f, b, 2 * step, step),
    );
    for (let c = 0; c < columns; c++) {
      for (const j of gone) expect(Math.abs(view[at(j, c)])).toBe(0);
      others.forEach((j, i) => {
        expect(Math.abs(view[at(j, c)] - solution.a[i * columns + c])).toBeLessThan(1e-7);
      });
    }
  });
});

describe('triangular', () => {
  /** A well-conditioned upper triangle. */
  const upper = (n: number) => {
    const x = new Random(n).matrix(n, n);
    return matrix(n, n, (i, j) =>
      i > j ? 0 : i === j ? 2 + Math.abs(x.a[i * n + j]) : x.a[i * n + j] / Math.sqrt(n),
    );
  };

  test.each(SIZES)('norm of the inverse, order %i', (n) => {
    k.reset();
    const r = upper(n);
    // What stands below the diagonal (reflectors) is not read.
    const noisy = matrix(n, n, (i, j) => (i > j ? 1e9 : r.a[i * n + j]));
    const { W, ld } = putColumns(noisy);
    const L = watch([], () => k.packUpper(W, ld, n));
    const norm = watch([], () => k.inverseNorm(L, n));
    expect(Math.abs(norm / Math.sqrt(square(inverse(r))) - 1)).toBeLessThan(1e-13);
  });

  test('norm of the inverse of graded and of singular triangles', () => {
    for (const n of [1, 3, 4, 5, 66]) {
      k.reset();
      const graded = matrix(n, n, (i, j) => (i > j ? 0 : i === j ? 10 ** -i : 10 ** -i / 3));
      const { W, ld } = putColumns(graded);
      const known = Math.sqrt(square(inverse(graded)));
      expect(Math.abs(k.inverseNorm(k.packUpper(W, ld, n), n) / known - 1)).toBeLessThan(1e-12);
      for (const zero of new Set([0, n >> 1, n - 1])) {
        const x = upper(n);
        x.a[zero * n + zero] = 0;
        const z = putColumns(x);
        const norm = k.inverseNorm(k.packUpper(z.W, z.ld, n), n);
        expect(norm > 0 && norm < Infinity).toBe(false);
      }
    }
  });

  test.each(SIZES)('solve for many right-hand sides, order %i', (n) => {
    for (const columns of [1, 4, 9]) {
      k.reset();
      const r = upper(n);
      const x = new Random(columns).matrix(n, columns);
      const b = multiply(r, x);
      const { W, ld } = putColumns(matrix(n, n, (i, j) => (i > j ? 1e9 : r.a[i * n + j])));
      const padded = (n + 3) & ~3;
      const rows = matrix(padded, columns, (i, j) => (i < n ? b.a[i * columns + j] : 0));
      const count = Math.ceil(columns / 4);
      const B = putPanels(rows);
      watch([[B, 32 * padded * count]], () => k.solveUpper(W, ld, n, B, padded, count));
      const out = f64(B, 4 * padded * count);
      const got = matrix(n, columns, (i, j) => out[4 * ((j >> 2) * padded + i) + (j & 3)]);
      expect(distance(got, x)).toBeLessThan(1e-12);
    }
  });
});

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
    const p = k.createPanel(W, ld, 20, 12, area(96), area(96));
    const done = k.factorPanelPivoted(p, 0, perm, 1e-20);
    expect(done).toBe(4);
    expect(Math.sqrt(k.remainingSquare(p, done))).toBeLessThan(1e-12);
    expect(Math.sqrt(k.remainingSquare(p, done - 1))).toBeGreaterThan(1e-3);
  });
});

describe('pivoted QR', () => {
  /** What W holds after `steps`: R, and below it what is not factored yet. */
  const held = (w: Matrix, steps: number) =>
    matrix(w.m, w.n, (i, j) => (i >= steps && j >= steps ? w.a[i * w.n + j] : i > j ? 0 : w.a[i * w.n + j]));

  function check(x: Matrix, W: number, ld: number, perm: number, steps: number, tolerance: number): number {
    const p = [...i32(perm, x.n)];
    expect([...p].sort((a, b) => a - b)).toEqual(Array.from({ length: x.n }, (_, j) => j));
    const f = held(getColumns(W, ld, x.m, x.n), steps);
    const y = matrix(x.m, x.n, (i, j) => x.a[i * x.n + p[j]]);
    const size = square(x);
    expect(distance(multiply(transpose(f), f), multiply(transpose(y), y), size)).toBeLessThan(tolerance);
    let rest = 0;
    for (let i = steps; i < x.m; i++) for (let j = steps; j < x.n; j++) rest += f.a[i * x.n + j] ** 2;
    return Math.sqrt(rest);
  }

  function run(x: Matrix) {
    k.reset();
    const columns = putColumns(x);
    const perm = area(4 * x.n);
    const start = k.mark();
    const q = k.begin(columns.W, columns.ld, x.m, x.n, perm);
    const writable: [number, number][] = [
      [columns.W, columns.bytes],
      [perm, 4 * x.n],
      [start, k.mark() - start],
    ];
    const proceed = (stop: number, checkBelow = 0, cap = x.n) =>
      watch(writable, () => k.proceed(q, stop, checkBelow, cap));
    return { ...columns, perm, q, proceed };
  }

  test.each([...SHAPES, [70, 130], [200, 97], [129, 128]])('%ix%i of full rank, to the end', (m, n) => {
    const x = new Random(m ^ n).matrix(m, n);
    const { W, ld, perm, q, proceed } = run(x);
    const steps = proceed(0);
    expect(steps).toBe(Math.min(m, n));
    expect(k.residual(q)).toBe(0);
    check(x, W, ld, perm, steps, 1e-14);
    expect(paddingIsZero(W, ld, m, n)).toBe(true);
  });

  test.each([
    [20, 12, 4],
    [66, 65, 1],
    [66, 65, 31],
    [100, 100, 33],
    [100, 100, 64],
    [90, 200, 70],
    [200, 90, 89],
    [300, 130, 17],
  ])('%ix%i of rank %i ends there', (m, n, rank) => {
    const r = new Random(rank);
    const x = multiply(r.matrix(m, rank), r.matrix(rank, n));
    const size = Math.sqrt(square(x));
    const { W, ld, perm, q, proceed } = run(x);
    const steps = proceed(1e-12 * size);
    expect(steps).toBeGreaterThanOrEqual(rank);
    expect(steps).toBeLessThanOrEqual(Math.min(m, n, n <= 64 ? rank : rank + 32));
    const rest = check(x, W, ld, perm, steps, 1e-14);
    expect(rest).toBeLessThanOrEqual(1e-12 * size);
    expect(Math.abs(k.residual(q) - rest)).toBeLessThan(1e-14 * size);
  });

  test.each([
    [40, 30],
    [120, 100],
  ])('%ix%i of falling spectrum: taken up again with a smaller stop', (m, n) => {
    const x = new Random(2).withSpectrum(
      m,
      n,
      Array.from({ length: n }, (_, i) => 2 ** -i),
    );
    const { W, ld, perm, q, proceed } = run(x);
    let steps = 0;
    for (const stop of [0.1, 1e-3, 1e-5, 1e-8]) {
      const before = steps;
      steps = proceed(stop);
      expect(steps).toBeGreaterThanOrEqual(before);
      const rest = check(x, W, ld, perm, steps, 1e-14);
      expect(rest).toBeLessThanOrEqual(stop);
      expect(Math.abs(k.residual(q) - rest)).toBeLessThan(1e-14);
    }
    expect(steps).toBeGreaterThan(20);
  });

  test.each([66, 100])('of order %i, no further than told', (n) => {
    const x = new Random(n).matrix(n, n);
    const { W, ld, perm, q, proceed } = run(x);
    let steps = 0;
    for (const cap of [1, 32, 33, n]) {
      steps = proceed(0, 0, cap);
      expect(steps).toBe(cap);
      const rest = check(x, W, ld, perm, cap, 1e-14);
      expect(Math.abs(k.residual(q) - rest)).toBeLessThan(1e-13 * n);
    }
  });

  test('a zero matrix, and one whose columns are all the same', () => {
    for (const n of [5, 64, 65, 100]) {
      const zero = run(matrix(n, n, () => 0));
      expect(zero.proceed(0)).toBeLessThanOrEqual(n);
      expect(k.residual(zero.q)).toBe(0);
      const ones = run(matrix(n, n, () => 1));
      expect(ones.proceed(1e-10 * n)).toBe(1);
      check(
        matrix(n, n, () => 1),
        ones.W,
        ones.ld,
        ones.perm,
        1,
        1e-14,
      );
    }
  });
});

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
