// Complex matrices: what theory knows of them (DFT, unitary, products),
// and that they are not their real and imaginary parts.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  columnSpace,
  denseLayerRank,
  dependencies,
  frobeniusNorm,
  independentColumns,
  matrixRank,
  matrixRanks,
  nullSpace,
  participationRatio,
  productFactors,
  productReport,
  qr,
  RankAccumulator,
  rankFactors,
  rankReport,
  singularValues,
  spectralMetrics,
  spectralNorm,
  stableRank,
} from '../../src/index.js';
import { Random } from '../numbers.js';

/** Pairs (re, im), row-major. */
interface Complex {
  data: Float64Array;
  shape: [number, number];
  dtype: 'complex128';
}

function complex(m: number, n: number, element: (i: number, j: number) => [number, number]): Complex {
  const data = new Float64Array(2 * m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) data.set(element(i, j), 2 * (i * n + j));
  return { data, shape: [m, n], dtype: 'complex128' };
}

const random = new Random(21);
const gaussian = (m: number, n: number) => complex(m, n, () => [random.normal(), random.normal()]);
const at = ({ data, shape: [, n] }: Complex, i: number, j: number) =>
  data.subarray(2 * (i * n + j), 2 * (i * n + j) + 2);

function multiply(x: Complex, y: Complex): Complex {
  return complex(x.shape[0], y.shape[1], (i, j) => {
    let [re, im] = [0, 0];
    for (let p = 0; p < x.shape[1]; p++) {
      const [a, b] = at(x, i, p);
      const [c, d] = at(y, p, j);
      re += a * c - b * d;
      im += a * d + b * c;
    }
    return [re, im];
  });
}

const conjugate = (x: Complex) =>
  complex(x.shape[1], x.shape[0], (i, j) => [at(x, j, i)[0], -at(x, j, i)[1]]);
const dft = (n: number) =>
  complex(n, n, (i, j) => {
    const angle = (-2 * Math.PI * ((i * j) % n)) / n;
    return [Math.cos(angle), Math.sin(angle)];
  });
const columns = (x: Complex, list: ArrayLike<number>) =>
  complex(x.shape[0], list.length, (i, j) => [...at(x, i, list[j])] as [number, number]);
const single = (x: Complex) => ({ data: Float32Array.from(x.data), shape: x.shape, dtype: 'complex64' });

const length = (x: ArrayLike<number>) => Math.hypot(...Array.from(x));
const minus = (x: Complex, y: Complex) =>
  complex(...x.shape, (i, j) => [at(x, i, j)[0] - at(y, i, j)[0], at(x, i, j)[1] - at(y, i, j)[1]]);
const pairs = (data: Float64Array, shape: [number, number]): Complex => ({
  data,
  shape,
  dtype: 'complex128',
});
const eye = (n: number) => complex(n, n, (i, j) => [Number(i === j), 0]);

/** Of a matrix without a value near the tolerance, at any scale: bases, R and factors by their definitions. */
function checkSpaces(given: Complex, k: number, options: { hermitian?: boolean; tol?: number; rtol?: number }): void {
  const [m, n] = given.shape;
  const most = given.data.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
  const x = { ...given, data: given.data.map((v) => v / most) };
  const rest = length(singularValues(x).slice(k)) + 1e-13 * length(x.data);
  const kernel = nullSpace(given, options);
  const range = columnSpace(given, options);
  expect([kernel.shape, range.shape]).toEqual([[n, n - k], [m, k]]);
  for (const { basis, shape } of [kernel, range]) {
    const b = pairs(basis, shape);
    expect(length(minus(multiply(conjugate(b), b), eye(shape[1])).data)).toBeLessThan(1e-13 * Math.sqrt(n + m));
  }
  const image = length(multiply(x, pairs(kernel.basis, kernel.shape)).data);
  expect(image).toBeLessThanOrEqual(rest * Math.sqrt(2));
  expect(kernel.residual / most).toBeGreaterThanOrEqual(image / Math.sqrt(n) / (1 + 1e-9) - 1e-16 * length(x.data));
  expect(kernel.residual / most).toBeLessThan(2 * rest);
  const c = pairs(range.basis, range.shape);
  const outside = length(minus(x, multiply(c, multiply(conjugate(c), x))).data);
  expect(outside).toBeLessThanOrEqual(rest * Math.sqrt(2));
  expect(range.residual / most).toBeLessThan(2 * rest);
  const { r, permutation, rank } = qr(given, options);
  expect(rank).toBe(k);
  const R = pairs(r.map((v) => v / most), [Math.min(m, n), n]);
  const moved = columns(x, permutation);
  const gram = minus(multiply(conjugate(R), R), multiply(conjugate(moved), moved));
  expect(length(gram.data)).toBeLessThan(1e-13 * length(x.data) ** 2);
  for (let i = 0; i < R.shape[0]; i++) for (let j = 0; j < i; j++) expect([...at(R, i, j)]).toEqual([0, 0]);
  for (const method of ['columns', 'svd'] as const) {
    for (const limit of [k, k >> 1]) {
      const f = rankFactors(given, { ...options, method, rank: limit });
      expect(f.rank).toBe(limit);
      const left = pairs(f.left.map((v) => v / most), [m, limit]);
      const error = length(minus(x, multiply(left, pairs(f.right, [limit, n]))).data);
      expect(Math.abs(error - f.residual / most)).toBeLessThan(1e-13 * length(x.data));
      const least = length(singularValues(x).slice(limit));
      const worst = method === 'svd' ? 1 + 1e-9 : Math.sqrt(1 + 2 * limit * (n - limit)) * Math.sqrt(n);
      expect(error).toBeLessThanOrEqual(least * worst + 1e-13 * length(x.data));
    }
  }
} // biome-ignore format: shapes

/** The answers of all functions agree on rank k. */
function check(x: Complex, k: number, options = {}): void {
  expect(matrixRank(x, options)).toBe(k);
  const report = rankReport(x, options);
  const sigma = singularValues(x);
  expect(report.rank).toBe(k);
  expect(report.shape).toEqual(x.shape);
  if (k > 0) expect(report.lower).toBeLessThanOrEqual(sigma[k - 1] * (1 + 1e-9));
  if (k < sigma.length) expect(report.upper).toBeGreaterThanOrEqual(sigma[k] * (1 - 1e-9) - 1e-15 * sigma[0]);
  expect(spectralMetrics(x, options).rank).toBe(k);
  const chosen = independentColumns(x, options);
  expect(chosen.length).toBe(k);
  expect(new Set(chosen).size).toBe(k);
  if (k === 0) return;
  checkSpaces(x, k, options);
  const q = Math.sqrt(1 + 2 * k * (x.shape[1] - k));
  const own = singularValues(columns(x, chosen));
  expect(own[k - 1]).toBeGreaterThanOrEqual((sigma[k - 1] / q) * (1 - 1e-9));
}

describe('complex matrices', () => {
  it.each([2, 5, 16, 33, 60])('the Fourier matrix of order %i has n singular values sqrt(n)', (n) => {
    const F = dft(n);
    for (const s of singularValues(F)) expect(Math.abs(s / Math.sqrt(n) - 1)).toBeLessThan(1e-13);
    check(F, n);
    const k = Math.ceil(n / 2);
    const some = Array.from({ length: k }, (_, j) => j);
    check(multiply(columns(F, some), conjugate(columns(F, some))), k);
  });

  // biome-ignore format: a list
  it.each([
    [1, 1, 1], [6, 6, 2], [8, 5, 3], [5, 8, 3], [40, 25, 12], [25, 40, 12], [70, 70, 69], [3, 30, 1], [30, 3, 3],
  ])('%i x %i of rank %i', (m, n, k) => {
    const x = multiply(gaussian(m, k), gaussian(k, n));
    check(x, k);
    expect(matrixRank(single(x))).toBe(k);
    expect(matrixRank(conjugate(x))).toBe(k);
    for (const scale of [2 ** 980, 2 ** -980]) {
      const y = { ...x, data: x.data.map((v) => v * scale) };
      expect(matrixRank(y)).toBe(k);
      expect(independentColumns(y)).toEqual(independentColumns(x));
    }
  }); // biome-ignore format: a table

  it('multiples by i count as multiples: the parts alone have another rank', () => {
    // biome-ignore format: a matrix
    const x = complex(2, 2, (i, j) => [[[1, 0], [0, 1]], [[0, 1], [-1, 0]]][i][j] as [number, number]);
    check(x, 1); // [[1, i], [i, -1]]
    expect(matrixRank([[1, 0], [0, -1]])).toBe(2); // biome-ignore format: a line
    check(
      complex(2, 2, (i, j) => (i === j ? [1, 0] : [0, 1])),
      2,
    ); // [[1, i], [i, 1]]
  });

  it('norms and metrics are those of each value once', () => {
    const x = gaussian(12, 9);
    const s = singularValues(x);
    const squares = s.reduce((sum, v) => sum + v * v, 0);
    const fourth = s.reduce((sum, v) => sum + v ** 4, 0);
    expect(s.length).toBe(9);
    expect(frobeniusNorm(x)).toBeCloseTo(Math.sqrt(squares), 12);
    expect(frobeniusNorm(x)).toBeCloseTo(Math.hypot(...x.data), 12);
    expect(spectralNorm(x)).toBeCloseTo(s[0], 12);
    expect(stableRank(x)).toBeCloseTo(squares / s[0] ** 2, 12);
    expect(participationRatio(x)).toBeCloseTo(squares ** 2 / fourth, 12);
    const metrics = spectralMetrics(x);
    expect(metrics.frobeniusNorm).toBeCloseTo(Math.sqrt(squares), 12);
    expect(metrics.nuclearNorm).toBeCloseTo(
      s.reduce((sum, v) => sum + v, 0),
      12,
    );
    expect(metrics.participationRatio).toBeCloseTo(squares ** 2 / fourth, 12);
  });

  it('the tolerance is that of the complex matrix', () => {
    const x = complex(4, 4, (i, j) => (i === j ? [0, 10 ** -i] : [0, 0]));
    expect(rankReport(x).tolerance).toBeCloseTo(4 * 2 ** -52, 25);
    expect(rankReport(single(x)).tolerance).toBeCloseTo(4 * 2 ** -23, 15);
    check(x, 2, { tol: 0.05 });
    check(x, 3, { rtol: 0.005 });
    check(x, 1, { tol: 0.1 }); // strictly greater
    check(x, 0, { tol: 2 });
  });

  it('hermitian reads the lower triangle, conjugated above, the diagonal real', () => {
    for (const [n, k] of [
      [1, 1],
      [2, 1],
      [10, 4],
      [40, 40],
    ]) {
      const b = gaussian(n, k);
      const h = multiply(b, conjugate(b));
      const lower = complex(n, n, (i, j) => {
        if (j > i) return [Number.NaN, Number.NaN];
        return i === j ? [at(h, i, i)[0], Number.NaN] : ([...at(h, i, j)] as [number, number]);
      });
      expect(matrixRank(lower, { hermitian: true })).toBe(k);
      expect(rankReport(lower, { hermitian: true }).rank).toBe(k);
      expect(independentColumns(lower, { hermitian: true }).length).toBe(k);
      expect(matrixRank(h)).toBe(k);
    }
    expect(() => matrixRank(gaussian(2, 3), { hermitian: true })).toThrow(
      'hermitian needs a square matrix; got 2x3',
    );
  });

  it('stacks, strides, offsets, vectors, zeros, nothing', () => {
    const x = multiply(gaussian(6, 2), gaussian(2, 5));
    const y = gaussian(6, 5);
    const both = { data: Float64Array.from([...x.data, ...y.data]), shape: [2, 6, 5], dtype: 'complex128' };
    expect([...matrixRanks(both)]).toEqual([2, 5]);
    const turned = { data: x.data, shape: [5, 6], strides: [1, 5], dtype: 'complex128' };
    expect(matrixRank(turned)).toBe(2);
    const behind = {
      data: Float64Array.from([7, 7, ...y.data]),
      shape: [6, 5],
      offset: 1,
      dtype: 'complex128',
    };
    expect(singularValues(behind)).toEqual(singularValues(y));
    expect(matrixRank({ data: Float64Array.of(0, 0, 0, 1), shape: [2], dtype: 'complex128' })).toBe(1);
    expect(matrixRank({ data: new Float64Array(8), shape: [2, 2], dtype: 'complex128' })).toBe(0);
    expect(matrixRank({ data: new Float64Array(0), shape: [0, 2], dtype: 'complex128' })).toBe(0);
    expect(singularValues({ data: new Float32Array(12), shape: [2, 3], dtype: 'complex64' })).toEqual(
      new Float64Array(2),
    );
  });

  it('reads a complex tensor of TensorFlow.js', () => {
    const z = tf.complex([[1, 0], [0, -1]], [[0, 1], [1, 0]]); // biome-ignore format: a line
    expect(matrixRank(z)).toBe(1);
    expect(rankReport(z).tolerance).toBeCloseTo(2 * 2 * 2 ** -23, 12);
  });

  it('spaces where no gap tells them apart, Hermitian ones from the lower triangle', () => {
    const F = dft(24);
    const sigma = Array.from({ length: 24 }, (_, i) => (i < 9 ? 2 - i / 20 : 0.9 - i / 40));
    const scaled = complex(24, 24, (i, j) => [...at(F, i, j)].map((v) => (v * sigma[j]) / 24) as [number, number]);
    const h = multiply(scaled, conjugate(F)); // F diag(sigma) F^H / n
    const lower = complex(24, 24, (i, j) =>
      j > i ? [Number.NaN, 7] : [at(h, i, j)[0], i === j ? 9 : at(h, i, j)[1]],
    );
    for (const [x, options] of [[h, { tol: 1.2 }], [lower, { tol: 1.2, hermitian: true }]] as const) {
      const { basis, shape } = columnSpace(x, options);
      expect(shape).toEqual([24, 9]);
      // The projection on the first nine columns of F.
      const first = columns(F, Array.from({ length: 9 }, (_, j) => j));
      const own = multiply(pairs(basis, shape), conjugate(pairs(basis, shape)));
      const known = multiply(first, conjugate(first));
      known.data.forEach((v, p) => {
        expect(Math.abs(own.data[p] - v / 24)).toBeLessThan(1e-12);
      });
      expect(nullSpace(x, options).shape).toEqual([24, 15]);
      expect(rankFactors(x, { ...options, method: 'svd' }).rank).toBe(9);
      expect(rankFactors(x, options).columns.length).toBe(9);
      expect(qr(x, options).rank).toBe(9);
    }
  }); // biome-ignore format: a table

  it('factors that hold an energy are those of the fewest terms', () => {
    const x = gaussian(30, 20);
    const s = singularValues(x);
    const total = length(s) ** 2;
    for (const energy of [0, 0.3, 0.9, 0.999]) {
      const f = rankFactors(x, { energy, method: 'svd' });
      expect(f.residual ** 2).toBeLessThanOrEqual((1 - energy) * total * (1 + 1e-9));
      const oneFewer = f.rank > 0 ? length(s.slice(f.rank - 1)) ** 2 : Infinity;
      expect(oneFewer).toBeGreaterThan((1 - energy) * total * (1 - 1e-9));
      const g = rankFactors(x, { energy });
      expect(g.residual ** 2).toBeLessThanOrEqual((1 - energy) * total * (1 + 1e-9));
      expect(g.rank).toBeGreaterThanOrEqual(f.rank);
    }
  });

  it('centered takes the complex mean of each column off', () => {
    const x = gaussian(15, 6);
    const moved = complex(15, 6, (i, j) => [at(x, i, j)[0] + 100 * j, at(x, i, j)[1] - 1000]);
    const mean = complex(15, 15, () => [1 / 15, 0]);
    const s = singularValues(minus(x, multiply(mean, x)));
    const metrics = spectralMetrics(moved, { centered: true });
    expect(metrics.spectralNorm).toBeCloseTo(s[0], 10);
    expect(metrics.frobeniusNorm).toBeCloseTo(length(s), 10);
    expect(metrics.maxRank).toBe(6);
    expect(
      spectralMetrics(
        complex(5, 3, () => [3, 4]),
        { centered: true },
      ).rank,
    ).toBe(0);
  });

  it('a value on the tolerance is not counted by half', () => {
    // sigma_2 = tol exactly: strictly greater is asked for, whatever rounding does to either of the pair.
    for (const n of [2, 3, 17, 50]) {
      const unitary = dft(n);
      const x = complex(
        n,
        n,
        (i, j) => [...at(unitary, i, j)].map((v) => v / Math.sqrt(n)) as [number, number],
      );
      const rank = matrixRank(x, { tol: 1 });
      expect(Number.isInteger(rank)).toBe(true);
      expect(rank).toBeGreaterThanOrEqual(0);
      expect(rank).toBeLessThanOrEqual(n);
      expect(rankReport(x, { tol: 1 }).proven).toBe(false);
    }
  });

  it('refuses what it cannot mean', () => {
    const x = gaussian(2, 2);
    const bad = { ...x, data: x.data.map((v, p) => (p === 5 ? Number.NaN : v)) };
    expect(() => matrixRank(bad)).toThrow('matrixRank: element [1, 0] is NaN; every element must be finite.');
    expect(() => matrixRank({ ...x, data: x.data.map((v, p) => (p === 3 ? -Infinity : v)) })).toThrow(
      'element [0, 1] is -Infinity',
    );
    expect(() => matrixRank({ ...x, dtype: 'complex64' })).toThrow(
      "dtype 'complex64' goes with a Float32Array of real and imaginary parts in turn; got a Float64Array.",
    );
    expect(() => matrixRank({ ...x, data: new Float64Array(7) })).toThrow('an odd number of them');
    expect(() => matrixRank({ ...x, shape: [3, 2] })).toThrow(
      'matrixRank: data has 4 elements, shape [3, 2] needs 6.',
    );
    expect(() => matrixRank({ ...x, dtype: 'complex256' })).toThrow(
      "the tensor's type is complex256; expected real numbers.",
    );
    expect(() => denseLayerRank(x)).toThrow("the tensor's type is complex128; expected real numbers.");
    expect(() => dependencies(x)).toThrow('of a complex one rankFactors has columns and their coefficients.');
    for (const fn of [productReport, productFactors]) {
      expect(() => fn(x, x)).toThrow('multiply complex ones, and take rankReport or rankFactors of that.');
    }
    for (const fn of [qr, rankFactors, nullSpace, columnSpace]) {
      expect(() => fn(bad)).toThrow('element [1, 0] is NaN; every element must be finite.');
    }
  });

  it('leaves the input as it was', () => {
    const x = gaussian(9, 7);
    const before = x.data.slice();
    check(x, 7);
    expect(x.data).toEqual(before);
  });
});

describe('RankAccumulator of complex rows', () => {
  it('is the rank of all rows, merged, saved, however they came', () => {
    for (const [m, n, k] of [
      [30, 6, 4],
      [700, 8, 5],
      [3, 10, 2],
    ]) {
      const x = multiply(gaussian(m, k), gaussian(k, n));
      const one = new RankAccumulator(n, { dtype: 'complex128' });
      const other = new RankAccumulator(n, { dtype: 'complex128' });
      const h = Math.floor(m / 3);
      one.push(x.data.subarray(0, 2 * h * n));
      other.push({ data: x.data.subarray(2 * h * n), shape: [m - h, n], dtype: 'complex128' });
      const all = RankAccumulator.fromBytes(one.toBytes()).merge(other);
      expect([all.rows, all.columns, all.dtype]).toEqual([m, n, 'complex128']);
      expect(all.rank()).toBe(k);
      const report = all.report();
      expect(report.rank).toBe(k);
      expect(report.shape).toEqual([m, n]);
      expect(report.tolerance / rankReport(x).tolerance).toBeCloseTo(1, 5);
      const values = singularValues(x);
      const own = all.singularValues();
      expect(own.length).toBe(values.length);
      own.forEach((s, i) => {
        expect(Math.abs(s - values[i])).toBeLessThan(1e-13 * values[0]);
      });
    }
  });

  it('refuses rows of another kind, and what is not finite', () => {
    const all = new RankAccumulator(2, { dtype: 'complex64' });
    expect(() => all.push([[1, 2]])).toThrow('rows are real, and this accumulator is complex');
    expect(() => all.push(new Float32Array(6))).toThrow(
      'which is no multiple of 4: real and imaginary parts of 2 columns',
    );
    expect(() => all.push(Float32Array.of(1, 2, 3, Number.NaN))).toThrow('row 0, column 1 is NaN');
    expect(all.push(Float32Array.of(1, 0, 0, 1, 0, 1, -1, 0)).rank()).toBe(1);
    const real = new RankAccumulator(2);
    expect(() => real.push(gaussian(1, 2))).toThrow('rows are complex; make the accumulator with');
    expect(() => all.merge(real)).toThrow(RangeError);
  });
});
