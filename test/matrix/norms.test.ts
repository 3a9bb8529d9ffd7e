// The four functions without a singular value decomposition, against those with one and against NumPy.
import { describe, expect, it } from 'vitest';
import { frobeniusNorm, participationRatio, spectralNorm, stableRank } from '../../src/matrix/norms.js';
import { singularValues } from '../../src/matrix/singular-values.js';
import { type Matrix, map, matrix, Random, transpose } from '../numbers.js';

const near = (actual: number, expected: number, relative = 1e-13) =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.abs(expected));

// [(7 i^2 + 13 j + i j^2) mod 11], 8 x 5: the matrix that NumPy saw.
const fixed = matrix(8, 5, (i, j) => (7 * i * i + 13 * j + i * j * j) % 11);

describe('frobeniusNorm, spectralNorm, stableRank, participationRatio', () => {
  const random = new Random(11);
  const diagonal = (n: number, f: (i: number) => number) => matrix(n, n, (i, j) => (i === j ? f(i) : 0));
  const cases: [string, Matrix, (readonly number[])?][] = [
    ['Gaussian, tall', random.matrix(300, 40)],
    ['Gaussian, wide', random.matrix(40, 300)],
    ['Gaussian, square', random.matrix(150, 150)],
    ['of rank 3', random.withSpectrum(60, 90, [3, 2, 1, ...new Array(57).fill(0)])],
    ['orthogonal', random.reflect(diagonal(100, () => 1))],
    ['a largest value 1e-9 above the others', diagonal(200, (i) => (i === 7 ? 1 + 1e-9 : 1))],
    ['a largest value that hides in one corner', diagonal(300, (i) => (i === 299 ? 1.001 : 1 - i / 1e4))],
    ['values closer and closer', diagonal(250, (i) => Math.cos((i / 500) * (Math.PI / 2)))],
    ['Toeplitz', matrix(200, 200, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0))],
    ['Hilbert', matrix(50, 50, (i, j) => 1 / (i + j + 1))],
    [
      'two blocks apart',
      matrix(90, 90, (i, j) => (i < 45 === j < 45 ? (i < 45 ? 1 : 1.0000001) : 0)),
      [45.0000045, 45],
    ],
    ['of ones', matrix(60, 60, () => 1), [60]],
    ['with zero rows and columns', matrix(50, 50, (i, j) => (i % 3 && j % 2 ? i - j : 0))],
    ['1 x 1', matrix(1, 1, () => -3)],
    ['2 x 2', matrix(2, 2, (i, j) => i - 2 * j)],
  ];
  it.each(cases)('%s', (_, { m, n, a }, sigma) => {
    const values = sigma ?? Array.from(singularValues(a, [m, n]));
    const [square, fourth] = [2, 4].map((p) => values.reduce((sum, s) => sum + s ** p, 0));
    near(frobeniusNorm(a, [m, n]), Math.sqrt(square));
    near(spectralNorm(a, [m, n]), values[0]);
    near(stableRank(a, [m, n]), square / values[0] ** 2);
    near(participationRatio(a, [m, n]), square ** 2 / fourth);
  });

  it('read every type and layout', () => {
    const rounded = map(fixed, Math.round);
    const shape = [8, 5];
    const bfloat16 = (x: number) => new Uint32Array(Float32Array.of(x).buffer)[0] >>> 16;
    const forms = [
      { data: Float32Array.from(rounded.a), shape },
      { data: Uint8Array.from(rounded.a), shape },
      { data: Array.from(rounded.a), shape },
      { data: transpose(rounded).a, shape, strides: [1, 8] },
      { data: Float64Array.from({ length: 80 }, (_, i) => rounded.a[i >> 1]), shape, strides: [10, 2] },
      { data: Uint16Array.from(rounded.a, bfloat16), shape, dtype: 'bfloat16' },
    ];
    for (const a of forms) {
      near(frobeniusNorm(a), 38.44476557348217);
      near(spectralNorm(a), 34.48130203960155);
      near(stableRank(a), 1.2431030172419817);
      near(participationRatio(a), 1.5152202894650322);
    }
    expect(spectralNorm([[3, 4]])).toBe(5);
    expect(spectralNorm([3, 4], [2])).toBe(5);
  });

  it.each([1e300, 1e-300, 2 ** -1060])('at the scale %d', (scale) => {
    const a = fixed.a.map((x) => x * scale);
    near(frobeniusNorm(a, [8, 5]), 38.44476557348217 * scale, scale < 1e-310 ? 1e-3 : 1e-13);
    near(spectralNorm(a, [8, 5]), 34.48130203960155 * scale, scale < 1e-310 ? 1e-3 : 1e-13);
    near(stableRank(a, [8, 5]), 1.2431030172419817);
    near(participationRatio(a, [8, 5]), 1.5152202894650322);
  });

  it('are exact for the tiniest and the largest single element', () => {
    for (const x of [5e-324, Number.MIN_VALUE * 3, Number.MAX_VALUE]) {
      const a = new Float64Array(12);
      a[5] = -x;
      expect(frobeniusNorm(a, [3, 4])).toBe(x);
      expect(spectralNorm(a, [3, 4])).toBe(x);
      expect(stableRank(a, [3, 4])).toBe(1);
      expect(participationRatio(a, [3, 4])).toBe(1);
    }
  });

  it('are 0 for zeros and for nothing', () => {
    for (const of of [frobeniusNorm, spectralNorm, stableRank, participationRatio]) {
      for (const shape of [[2, 3], [0, 3], [3, 0], [0], [4]]) {
        expect(of(new Float32Array(shape.reduce((x, y) => x * y, 1)), shape)).toBe(0);
      }
    }
  });
});

describe('what is refused', () => {
  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['Infinity', () => spectralNorm([1, -Infinity, 1, 1], [2, 2]), RangeError,
      'spectralNorm: element [0, 1] is -Infinity'],
    ['NaN in a sum', () => frobeniusNorm([NaN], [1, 1]), RangeError, 'frobeniusNorm: element [0, 0] is NaN'],
    ['no shape', () => stableRank(new Float64Array(4) as never), TypeError, 'stableRank: a flat array needs a shape'],
    ['a stack', () => participationRatio(new Float64Array(8), [2, 2, 2]), RangeError,
      'participationRatio: shape [2, 2, 2] has 3 dimensions'],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
