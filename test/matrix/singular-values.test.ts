// Singular values against the double-double reference, and the plain matrices on which other libraries hang.
import { describe, expect, test } from 'vitest';
import {
  matrixRank,
  rankReport,
  type SingularValuesOptions,
  singularValues,
  spectralMetrics,
} from '../../src/index.js';
import { members } from '../families.js';
import { blockDiagonal, type Matrix, map, matrix, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';

const valuesOf = (x: Matrix, options?: SingularValuesOptions) => singularValues(x.a, [x.m, x.n], options);

describe('singularValues', () => {
  const small = members().filter(({ x }) => Math.min(x.m, x.n) <= 41 && x.m * x.n <= 3000);

  test.each(small.map((c) => [c.name, c.x] as const))('%s: close to the reference either way', (_, x) => {
    const known = referenceValues(x);
    const most = known[0];
    for (const [accuracy, digits] of [
      ['absolute', 4e-16 * Math.sqrt(x.m + x.n)],
      ['relative', 1e-13],
    ] as const) {
      const got = valuesOf(x, { accuracy });
      expect(got.length).toBe(known.length);
      got.forEach((s, i) => {
        // At the lower end of float64 a value can be off by one unit.
        expect(Math.abs(s - known[i])).toBeLessThanOrEqual(digits * most + 2 ** -1073);
        if (i) expect(s).toBeLessThanOrEqual(got[i - 1]);
      });
    }
  });

  test.each([5, 12, 24, 40])(
    'B D with graded D, order %i: to relative accuracy small values keep 11 digits and more',
    (n) => {
      const r = new Random(n);
      const b = r.withSpectrum(
        n + 6,
        n,
        Array.from({ length: n }, (_, i) => 1 + i / n),
      );
      for (const order of ['descending', 'ascending', 'mixed']) {
        const p =
          order === 'mixed'
            ? r.permutation(n)
            : Array.from({ length: n }, (_, i) => (order === 'ascending' ? n - 1 - i : i));
        const x = matrix(n + 6, n, (i, j) => b.a[i * n + j] * 10 ** ((-12 * p[j]) / (n - 1)));
        for (const y of [x, transpose(x), map(x, (v) => v * 2 ** 700)]) {
          const known = referenceValues(y);
          valuesOf(y, { accuracy: 'relative' }).forEach((s, i) => {
            expect(Math.abs(s / known[i] - 1)).toBeLessThan(1e-11);
          });
        }
      }
    },
  );

  test.each([
    [70, 70, 60, 0, 1e-12],
    [129, 129, 60, 0, 1e-12],
    [129, 129, 0, 60, 1e-12],
    [129, 129, 12, 12, 1e-7],
    [200, 65, 0, 30, 1e-7],
  ])(
    '%i x %i, columns over %i and rows over %i orders of magnitude: to %f',
    (m, n, columns, rows, accuracy) => {
      const r = new Random(m);
      const b = r.withSpectrum(m, n, Array(n).fill(1));
      const [d, e] = [r.permutation(n), r.permutation(m)];
      const x = matrix(
        m,
        n,
        (i, j) => b.a[i * n + j] * 10 ** ((-columns * d[j]) / (n - 1) - (rows * e[i]) / (m - 1)),
      );
      const got = valuesOf(x, { accuracy: 'relative' });
      if (m === n) {
        const logs = got.reduce((sum, s) => sum + Math.log10(s), 0); // |det B| = 1
        expect(Math.abs(logs + (n * (columns + rows)) / 2)).toBeLessThan(10 * n * accuracy);
      }
      for (const y of [
        transpose(x),
        matrix(m, n, (i, j) => x.a[i * n + n - 1 - j]),
        map(x, (v) => v * 2 ** -300),
      ]) {
        const others = valuesOf(y, { accuracy: 'relative' });
        const scale = y.a[0] / x.a[0] === 2 ** -300 ? 2 ** 300 : 1;
        others.forEach((s, i) => {
          expect(Math.abs((s * scale) / got[i] - 1)).toBeLessThan(accuracy);
        });
      }
    },
  );

  test.each([
    [66, 60],
    [66, 20],
    [72, 140],
  ])('order %i, columns over %i orders of magnitude: 13 digits of the reference', (n, orders) => {
    const r = new Random(n + orders);
    const b = r.withSpectrum(n, n, Array(n).fill(1));
    const p = r.permutation(n);
    const x = matrix(n, n, (i, j) => b.a[i * n + j] * 10 ** ((-orders * p[j]) / (n - 1)));
    const known = referenceValues(x);
    const got = valuesOf(x, { accuracy: 'relative' });
    known.forEach((s, i) => {
      if (s > 1e-139 * known[0]) expect(Math.abs(got[i] / s - 1)).toBeLessThan(1e-13);
    });
  });

  test.each([
    [40, 40],
    [70, 30],
    [30, 70],
  ])('Gaussian %i x %i: to relative accuracy as many digits as its condition leaves', (m, n) => {
    for (const seed of [1, 2, 3]) {
      const x = new Random(seed).matrix(m, n);
      const known = referenceValues(x);
      const least = known[known.length - 1];
      valuesOf(x, { accuracy: 'relative' }).forEach((s, i) => {
        expect(Math.abs(s / known[i] - 1)).toBeLessThan((4e-15 * known[0]) / least);
        expect(Math.abs(s / known[i] - 1)).toBeLessThan(1e-11);
      });
    }
  });

  test.each([3, 7, 25])(
    'rows and columns of two sizes, 10^-%i and 1: small values keep their digits',
    (orders) => {
      for (const n of [12, 41]) {
        const b = new Random(n).withSpectrum(n, n, Array(n).fill(1));
        const x = matrix(
          n,
          n,
          (i, j) => b.a[i * n + j] * 10 ** (-orders * (Number(2 * i < n) + Number(j % 2 === 0))),
        );
        const known = referenceValues(x);
        valuesOf(x, { accuracy: 'relative' }).forEach((s, i) => {
          expect(Math.abs(s / known[i] - 1)).toBeLessThan(1e-13);
        });
      }
    },
  );

  test.each([20, 90, 200])('order %i, columns over 290 orders of magnitude: right down to 1e-139', (n) => {
    const r = new Random(n);
    const b = r.withSpectrum(n, n, Array(n).fill(1));
    const p = r.permutation(n);
    const x = matrix(n, n, (i, j) => b.a[i * n + j] * 10 ** ((-290 * p[j]) / (n - 1)));
    const got = valuesOf(x, { accuracy: 'relative' });
    const turned = valuesOf(transpose(x), { accuracy: 'relative' });
    expect(got.filter((s) => s > 1e-139 * got[0]).length).toBeGreaterThan(0.46 * n);
    got.forEach((s, i) => {
      if (s > 1e-139 * got[0]) expect(Math.abs(turned[i] / s - 1)).toBeLessThan(1e-12);
      else expect(s).toBeLessThanOrEqual(1e-139 * got[0]);
    });
  });

  test('larger matrices of known values, and their sum of squares', () => {
    for (const [m, n] of [
      [150, 150],
      [400, 120],
      [90, 700],
      [260, 250],
    ]) {
      const k = Math.min(m, n);
      const known = Array.from({ length: k }, (_, i) => 1 / (1 + i));
      const x = new Random(m).withSpectrum(m, n, known);
      const size = Math.sqrt(known.reduce((sum, s) => sum + s * s, 0));
      for (const accuracy of ['absolute', 'relative'] as const) {
        valuesOf(x, { accuracy }).forEach((s, i) => {
          // docs/certificates.md, "Bidiagonal": sqrt(2 n) u ||A||_F;
          // as much again for the matrix itself, and more for Jacobi.
          const bound = accuracy === 'absolute' ? 2 * Math.sqrt(2 * k) * 2 ** -53 * size : 1e-13;
          expect(Math.abs(s - known[i])).toBeLessThan(bound);
        });
      }
    }
  });

  test('values that exist as they are: zero, tiny, equal, far apart', () => {
    const [one, tiny] = singularValues([1, 0, 0, 1e-20], [2, 2]);
    expect([one, Math.abs(tiny / 1e-20 - 1) < 0.01]).toEqual([1, true]);
    for (const n of [1, 2, 7, 8, 9, 33, 100]) {
      expect(singularValues(new Float64Array(n * n), [n, n])).toEqual(new Float64Array(n));
      const half = singularValues(matrix(n, n, (i, j) => (i === j && 2 * i < n ? 3 : 0)).a, [n, n]);
      expect([...half]).toEqual(Array.from({ length: n }, (_, i) => (2 * i < n ? 3 : 0)));
      const far = singularValues(matrix(n, n, (i, j) => (i === j ? 2 ** -i : 0)).a, [n, n]);
      far.forEach((s, i) => {
        expect(Math.abs(s - 2 ** -i)).toBeLessThan(2 ** -54);
      });
    }
  });

  test.each([
    [120, 40, 1e-1],
    [300, 64, 1e-2],
    [64, 300, 1e-3],
    [400, 101, 1e-4],
    [150, 30, 1e-6],
    [90, 33, 1e-9],
  ])('float32 %i x %i, least value %s: as float64, to less than float32 can tell', (m, n, least) => {
    const k = Math.min(m, n);
    for (const low of [0, k >> 3, k - 3]) {
      // `low` values are zero but for rounding; the others descend to `least`.
      const values = Array.from({ length: k }, (_, i) => (i < k - low ? least ** (i / (k - 1)) : 0));
      const x = new Random(m + low).withSpectrum(m, n, values);
      for (const scale of [1, 2 ** 100]) {
        const single = Float32Array.from(x.a, (v) => v * scale);
        if (low) for (let i = 0; i < x.m; i++) single[i * x.n] = 0; // a zero column, or element
        const exact = singularValues(Float64Array.from(single), [m, n]);
        singularValues(single, [m, n]).forEach((s, i) => {
          expect(Math.abs(s - exact[i])).toBeLessThan(2 ** -26 * exact[0]);
        });
        const { frobeniusNorm, nuclearNorm } = spectralMetrics(single, [m, n]);
        expect(frobeniusNorm / Math.hypot(...exact) - 1).toBeCloseTo(0, 7);
        expect(nuclearNorm / exact.reduce((sum, s) => sum + s, 0) - 1).toBeCloseTo(0, 6);
      }
    }
  });

  test('options that cannot be meant are refused by name', () => {
    const wrong = (options: unknown) => () => singularValues([[1]], options as SingularValuesOptions);
    expect(wrong({ accuracy: 'high' })).toThrow(
      new TypeError(`singularValues: accuracy must be 'absolute' or 'relative'; got "high".`),
    );
    expect(wrong({ accuracy: 1 })).toThrow(
      new TypeError("singularValues: accuracy must be 'absolute' or 'relative'; got a number."),
    );
    expect(wrong({ tol: 1 })).toThrow(
      new TypeError('singularValues: there is no option "tol"; the only one is accuracy.'),
    );
    expect(wrong(null)).toThrow(TypeError);
    expect(singularValues([[-2]], {})).toEqual(Float64Array.of(2));
    expect(singularValues([-2], [1, 1], { accuracy: 'relative' })).toEqual(Float64Array.of(2));
  });

  test('empty, a vector, one element', () => {
    expect(singularValues([], [0, 3])).toEqual(new Float64Array(0));
    expect(singularValues([-3], [1, 1])).toEqual(Float64Array.of(3));
    expect(singularValues([[3, -4]])).toEqual(Float64Array.of(5));
  });
});

// One-sided Jacobi and QR iterations of other libraries do not end, or end wrongly, on some of these.
describe('plain matrices are answered at once', () => {
  const sizes = [
    ...Array.from({ length: 66 }, (_, i) => i + 1),
    80,
    96,
    100,
    127,
    128,
    129,
    150,
    200,
    256,
    257,
    300,
  ];
  const kinds: [string, (n: number, r: Random) => Matrix, (n: number) => number][] = [
    ['ones', (n) => matrix(n, n, () => 1), () => 1],
    ['identity', (n) => matrix(n, n, (i, j) => (i === j ? 1 : 0)), (n) => n],
    ['zeros', (n) => matrix(n, n, () => 0), () => 0],
    ['diagonal', (n) => matrix(n, n, (i, j) => (i === j ? 1 + (i % 7) : 0)), (n) => n],
    [
      'diagonal with zeros',
      (n) => matrix(n, n, (i, j) => (i === j && i % 3 ? i : 0)),
      (n) => n - Math.ceil(n / 3),
    ],
    [
      'permutation',
      (n, r) => {
        const p = r.permutation(n);
        return matrix(n, n, (i, j) => (p[i] === j ? 1 : 0));
      },
      (n) => n,
    ],
    [
      'blocks of ones',
      (n) => matrix(n, n, (i, j) => (Math.floor(i / 5) === Math.floor(j / 5) ? 1 : 0)),
      (n) => Math.ceil(n / 5),
    ],
    ['blocks of 2 by 2', (n) => matrix(n, n, (i, j) => (i >> 1 !== j >> 1 ? 0 : i === j ? 2 : 1)), (n) => n],
    [
      'equal rows',
      (n, r) => {
        const row = r.matrix(1, n).a;
        return matrix(n, n, (_, j) => row[j]);
      },
      () => 1,
    ],
    ['one element', (n) => matrix(n, n, (i, j) => (i === n - 1 && j === n >> 1 ? -2 : 0)), () => 1],
    ['lower triangle of ones', (n) => matrix(n, n, (i, j) => (i >= j ? 1 : 0)), (n) => n],
  ];

  test.each(kinds)('%s', (_, make, rank) => {
    for (const n of sizes) {
      const x = make(n, new Random(n));
      const known = rank(n);
      const single = Float32Array.from(x.a);
      if (matrixRank(x.a, [n, n]) !== known)
        expect.fail(`order ${n}: ${matrixRank(x.a, [n, n])}, not ${known}`);
      if (matrixRank(single, [n, n]) !== known) expect.fail(`order ${n}, float32`);
      if (rankReport(x.a, [n, n]).rank !== known) expect.fail(`order ${n}, report`);
      if (n > 130) continue;
      const values = valuesOf(x);
      const square = x.a.reduce((s, v) => s + v * v, 0);
      const sum = values.reduce((s, v) => s + v * v, 0);
      if (Math.abs(sum - square) > 1e-12 * square) expect.fail(`order ${n}: sum of squares`);
      if (values.filter((v) => v > 1e-12 * values[0]).length !== known) expect.fail(`order ${n}: values`);
    }
  });

  test('blocks of different sizes and scales', () => {
    for (const n of [1, 2, 5, 16, 33, 64, 100]) {
      const r = new Random(n);
      const x = blockDiagonal(
        matrix(n, n, () => 1),
        map(r.withSpectrum(n, n, Array(n).fill(1)), (v) => v * 1e-6),
      );
      expect(matrixRank(x.a, [2 * n, 2 * n])).toBe(n + 1);
    }
  });
});

describe('reports of float32 matrices: bounds close to the values on both sides of the tolerance', () => {
  const eps = 2 ** -23;
  const single = (m: number, n: number, values: number[]) => {
    const x = new Random(m + n).withSpectrum(m, n, values);
    return { data: new Float32Array(x.a), shape: [m, n] };
  };

  test.each([
    [150, 150],
    [300, 200],
    [257, 257],
  ])('%i x %i', (m, n) => {
    const tolerance = m * eps;
    // Rounding to float32 moves singular values by some 1e-7, a tolerance being 2e-5 and more.
    const full = rankReport(
      single(
        m,
        n,
        Array.from({ length: n }, (_, i) => (8 * tolerance) ** (i / (n - 1))),
      ),
    );
    expect(full.rank).toBe(n);
    expect(full.lower / tolerance).toBeGreaterThan(7);
    expect(full.lower / tolerance).toBeLessThan(8.1);

    const k = n >> 1;
    const short = rankReport(
      single(
        m,
        n,
        Array.from({ length: n }, (_, i) => (i < k ? (6 * tolerance) ** (i / (k - 1)) : 0.2 * tolerance)),
      ),
    );
    expect(short.rank).toBe(k);
    expect(short.lower / tolerance).toBeGreaterThan(2.9);
    expect(short.lower / tolerance).toBeLessThan(6.1);
    expect(short.upper / tolerance).toBeGreaterThan(0.19);
    expect(short.upper / tolerance).toBeLessThan(0.45);
  });
});
