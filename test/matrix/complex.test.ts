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
    expect(() => spectralMetrics(x, { centered: true })).toThrow(
      'spectralMetrics: centered is for real matrices',
    );
    for (const fn of [qr, rankFactors, nullSpace, columnSpace, dependencies, denseLayerRank]) {
      expect(() => fn(x)).toThrow("the tensor's type is complex128; expected real numbers.");
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
