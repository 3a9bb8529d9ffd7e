// The bidiagonal form, its values and counts.

import { describe, expect, test } from 'vitest';
import { blockDiagonal, type Matrix, map, matrix, multiply, Random } from '../../numbers.js';
import { referenceValues } from '../../reference.js';
import { area, f64, k, putColumns, SIZES, watch } from '../kernel.js';

describe('bidiagonalisation', () => {
  function run(x: Matrix) {
    k.reset();
    const { W, ld, bytes } = putColumns(x);
    const values = area(8 * x.n);
    watch(
      [
        [W, bytes],
        [values, 8 * x.n],
      ],
      () => k.bidiagonalValues(W, ld, x.m, x.n, values),
    );
    return f64(values, x.n).slice();
  }

  test.each(SIZES)('%i columns, square and tall: known values', (n) => {
    for (const m of [n, n + 1, 2 * n + 3]) {
      const known = Array.from({ length: n }, (_, i) => 1 / (1 + i));
      run(new Random(m).withSpectrum(m, n, known)).forEach((s, i) => {
        expect(Math.abs(s - known[i])).toBeLessThan(1e-14);
      });
    }
  });

  test.each([1, 2, 5, 16, 33])('%i columns: the values of the reference', (n) => {
    const x = new Random(n).matrix(n + 2, n);
    const known = referenceValues(x);
    run(x).forEach((s, i) => {
      expect(Math.abs(s - known[i])).toBeLessThan(1e-14 * known[0]);
    });
  });

  test.each([9, 40, 130, 300])(
    '%i bidiagonal matrices of known values, alone, in pairs, in clusters',
    (n) => {
      const spectra: [string, (i: number) => number][] = [
        ['equal', () => 1],
        ['pairs', (i) => n - (i & ~1)],
        ['two clusters', (i) => (2 * i < n ? 1 : 1e-9) * (1 + 1e-15 * i)],
        ['down to nothing', (i) => 10 ** (-i / 3)],
        ['half of them zero', (i) => (2 * i < n ? n - i : 0)],
      ];
      for (const [name, value] of spectra) {
        const known = Array.from({ length: n }, (_, i) => value(i)).sort((s, t) => t - s);
        run(new Random(n).withSpectrum(n, n, known)).forEach((s, i) => {
          if (!(Math.abs(s - known[i]) < 4e-16 * Math.sqrt(n) * known[0]))
            expect.fail(`${name}, value ${i}: ${s}`);
        });
      }
    },
  );

  test('second differences: the values of theory, to an ulp of the largest', () => {
    for (const n of SIZES) {
      // The Cholesky factor of the matrix (-1 2 -1) with a last diagonal element of 1.
      const x = matrix(n, n, (i, j) => (i === j ? 1 : j === i + 1 ? -1 : 0));
      run(x).forEach((s, i) => {
        const known = 2 * Math.cos(((i + 1) * Math.PI) / (2 * n + 1));
        expect(Math.abs(s - known)).toBeLessThan(1e-15);
      });
    }
  });

  test.each([2, 7, 33, 48, 55, 80, 100])('%i columns of rank one, of rank two, all zero', (n) => {
    const one = run(matrix(n, n, () => 1));
    expect(Math.abs(one[0] - n)).toBeLessThan(1e-13 * n);
    for (const s of one.slice(1)) expect(s).toBeLessThan(1e-13 * n);
    const two = run(matrix(n, n, (i, j) => i + j));
    const known = (sign: number) =>
      Math.abs((n * (n - 1)) / 2 + sign * n * Math.sqrt(((n - 1) * (2 * n - 1)) / 6));
    expect(Math.abs(two[0] / known(1) - 1)).toBeLessThan(1e-13);
    expect(Math.abs(two[1] / known(-1) - 1)).toBeLessThan(1e-12);
    for (const s of two.slice(2)) expect(s).toBeLessThan(1e-13 * two[0]);
    expect(run(matrix(n, n, () => 0)).every((s) => s === 0)).toBe(true);
  });
});

describe('a form that ends before its last column', () => {
  const r = new Random(4);
  /** Beside a block of rank k, blocks of these sizes: where the form ends is known by what they hold. */
  const values = (x: Matrix) => {
    k.reset();
    const { W, ld } = putColumns(x);
    const at = area(8 * x.n);
    k.bidiagonalValues(W, ld, x.m, x.n, at);
    return f64(at, x.n).slice();
  };
  const error = (x: Matrix) => {
    const known = referenceValues(x);
    const size = Math.hypot(...x.a);
    return Math.max(...values(x).map((s, i) => Math.abs(s - known[i]))) / (2 ** -53 * Math.sqrt(x.n) * size);
  };
  const product = (m: number, n: number, rank: number) => multiply(r.matrix(m, rank), r.matrix(rank, n));

  test.each([
    [20, 20],
    [31, 24],
    [70, 64],
  ])('%i x %i, of every rank', (m, n) => {
    for (let rank = 1; rank <= n; rank += 1 + (n >> 4)) {
      const x = product(m, n, rank);
      expect(error(x)).toBeLessThan(3);
      if (rank < n - 2) expect(values(x)[n - 1]).toBe(0);
    }
  });

  test('what comes behind small columns and rows is not left out', () => {
    for (const small of [0, 1e-300, 1e-30, 1e-16, 1e-15, 1e-13])
      for (const [before, n] of [
        [1, 5],
        [4, 20],
        [30, 34],
        [7, 64],
      ]) {
        const x = blockDiagonal(
          map(r.matrix(before, before), (t) => t * small),
          r.matrix(n, n),
        );
        expect(error(x)).toBeLessThan(3);
        // One large element in the last place.
        const last = map(r.matrix(n, n), (t) => t * small);
        last.a[n * n - 1] = 1;
        expect(error(last)).toBeLessThan(3);
      }
  });

  test('spectra that fall through what is left out', () => {
    for (const n of [12, 40, 64])
      for (const digits of [12, 14, 15, 15.5, 16, 18])
        expect(
          error(
            r.withSpectrum(
              n,
              n,
              Array.from({ length: n }, (_, i) => 10 ** ((-digits * i) / (n - 1))),
            ),
          ),
        ).toBeLessThan(3);
  });
});

describe('counts of a bidiagonal form', () => {
  /** The form of x, and what it answers. */
  function form(x: Matrix) {
    k.reset();
    const { W, ld, bytes } = putColumns(x);
    const B = watch([[W, bytes]], () => k.bidiagonalForm(W, ld, x.m, x.n));
    return { above: (t: number) => k.countAbove(B, t), largest: () => k.largestValue(B) };
  }

  test.each(SIZES.filter((n) => n < 40))('%i columns: between every two values of the reference', (n) => {
    for (const m of [n, n + 3]) {
      const x = new Random(n + m).matrix(m, n);
      const known = referenceValues(x);
      const { above, largest } = form(x);
      expect(Math.abs(largest() / known[0] - 1)).toBeLessThan(1e-14);
      expect(above(known[0] * (1 + 1e-13))).toBe(0);
      expect(above(known[n - 1] - 1e-13 * known[0])).toBe(n);
      for (let i = 1; i < n; i++) expect(above((known[i - 1] + known[i]) / 2)).toBe(i);
    }
  });

  test.each([1e-139, 1e-100, 1, 1e100, 1e139])('scaled by %d: values from 1 down to 1e-14 of it', (scale) => {
    const n = 30;
    const known = Array.from({ length: n }, (_, i) => scale * 10 ** (-i / 2));
    const x = map(
      new Random(3).withSpectrum(
        n + 7,
        n,
        known.map((s) => s / scale),
      ),
      (v) => v * scale,
    );
    const { above, largest } = form(x);
    expect(Math.abs(largest() / known[0] - 1)).toBeLessThan(1e-13);
    for (let i = 1; i < 28; i++) expect(above(Math.sqrt(known[i - 1] * known[i]))).toBe(i);
    expect(above(Infinity)).toBe(0);
    expect(above(-1)).toBe(n);
  });

  test('strictly greater: of equal values none is above itself, all are above a little less', () => {
    for (const n of [1, 2, 5, 8, 9, 40]) {
      for (const value of [1, 3, 2 ** 450, 2 ** -450]) {
        const { above, largest } = form(matrix(n, n, (i, j) => (i === j ? value : 0)));
        expect(above(value)).toBe(0);
        expect(above(value * (1 - 2 ** -50))).toBe(n);
        expect(Math.abs(largest() / value - 1)).toBeLessThan(1e-15);
      }
      const zero = form(matrix(n, n, () => 0));
      expect([zero.above(0), zero.above(1e-300), zero.largest()]).toEqual([0, 0, 0]);
    }
  });

  test('values that only just exist beside large ones', () => {
    const small = [1, 1e-10, 1e-100, 1e-140, 5e-324, 0];
    const { above } = form(matrix(8, 6, (i, j) => (i === j ? small[i] : 0)));
    for (let i = 1; i < 4; i++) expect(above(Math.sqrt(small[i - 1] * small[i]))).toBe(i);
    expect(above(1e-150)).toBe(4);
    // A column of graded elements, each the whole of its diagonal's neighbour.
    const graded = form(matrix(40, 40, (i, j) => (i === j || i === j - 1 ? 10 ** (-3 * i) : 0)));
    for (let i = 1; i < 40; i++) expect(graded.above(10 ** (-3 * i + 1.5))).toBe(i);
  });
});
