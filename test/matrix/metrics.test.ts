// Metrics against spectra known by construction and against NumPy.
import { describe, expect, it } from 'vitest';
import { spectralMetrics } from '../../src/matrix/metrics.js';
import { matrixRank } from '../../src/matrix/rank.js';
import type { SpectralMetrics } from '../../src/types.js';
import { map, matrix, Random, transpose } from '../numbers.js';

const near = (actual: number, expected: number, relative = 1e-13) =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.abs(expected));

/** The definitions, term by term. */
function define(sigma: readonly number[]): Omit<SpectralMetrics, 'rank' | 'conditionNumber' | 'alphaReQ'> {
  const sum = (f: (s: number) => number) => sigma.reduce((t, s) => t + f(s), 0);
  const entropy = (f: (s: number) => number) =>
    Math.exp(-sum((s) => (f(s) > 0 ? (f(s) / sum(f)) * Math.log(f(s) / sum(f)) : 0)));
  const square = sum((s) => s * s);
  const energy = (share: number) => {
    let k = 0;
    for (let held = 0; k < sigma.length && held < share * square * (1 - 1e-12); k++) held += sigma[k] ** 2;
    return k;
  };
  return {
    frobeniusNorm: Math.sqrt(square),
    spectralNorm: sigma[0],
    nuclearNorm: sum((s) => s),
    stableRank: square / sigma[0] ** 2,
    effectiveRank: entropy((s) => s),
    spectralEntropyRank: entropy((s) => s * s),
    participationRatio: square ** 2 / sum((s) => s ** 4),
    energyRank90: energy(0.9),
    energyRank95: energy(0.95),
    energyRank99: energy(0.99),
    intrinsicRank: sum((s) => s) / sigma[0],
    nuclearRank: sum((s) => s) ** 2 / square,
    energyRankLinear:
      sigma.findIndex((_, k) => sum((s) => (s >= sigma[k] ? s : 0)) >= 0.99 * sum((s) => s)) + 1,
    normalizedEntropy: Math.log(entropy((s) => s * s)) / Math.log(sigma.length),
    renyiRank: square ** 2 / sum((s) => s ** 4),
  };
}

// [(7 i^2 + 13 j + i j^2) mod 11], 8 x 5: the matrix that NumPy saw.
const fixed = matrix(8, 5, (i, j) => (7 * i * i + 13 * j + i * j * j) % 11);

// A second one, with values of numpy.linalg.svd: [((7 i^2 + 13 j + i j^2) mod 11) / (1
// + (i + 2 j) mod 5) - 1.5], 24 x 16.
const second = matrix(
  24,
  16,
  (i, j) => ((7 * i * i + 13 * j + i * j * j) % 11) / (1 + ((i + 2 * j) % 5)) - 1.5,
);

describe('the metrics of the literature', () => {
  it('agree with NumPy, term by term', () => {
    const m = spectralMetrics(second.a, [24, 16], { q: 3, epsilon: 1e-3, delta: 0.2 });
    near(m.intrinsicRank, 6.601523809448645, 1e-12);
    near(m.nuclearRank, 10.849504711805842, 1e-12);
    near(m.normalizedEntropy, 0.7806702368416621, 1e-12);
    near(m.renyiRank, 6.1117865880728495, 1e-12);
    near(m.alphaReQ, 1.9671865718241064, 1e-12);
    near(m.effectiveRank, 12.942759578304896, 1e-12);
    expect(m.energyRankLinear).toBe(9);
    expect(spectralMetrics(second.a, [24, 16]).energyRankLinear).toBe(15);
  });

  it("Renyi's rank of each order is a rank that has a name", () => {
    const of = (q: number) => spectralMetrics(second.a, [24, 16], { q });
    const m = of(2);
    near(m.renyiRank, m.participationRatio, 1e-12);
    near(of(1).renyiRank, m.spectralEntropyRank, 1e-12);
    near(of(1 + 1e-7).renyiRank, m.spectralEntropyRank, 1e-6);
    near(of(0.5).renyiRank, m.nuclearRank, 1e-12);
    near(of(Infinity).renyiRank, m.stableRank, 1e-12);
    near(of(1e4).renyiRank, m.stableRank, 1e-2);
    expect(of(0).renyiRank).toBe(m.rank);
  });

  it('a power law has its exponent, and equal values the largest entropy', () => {
    const law = new Random(7).withSpectrum(
      40,
      60,
      Array.from({ length: 40 }, (_, i) => (i + 1) ** -0.75),
    );
    near(spectralMetrics(law.a, [40, 60]).alphaReQ, 1.5, 1e-10);
    const flat = new Random(8).withSpectrum(40, 60, new Array(40).fill(3));
    near(spectralMetrics(flat.a, [40, 60]).normalizedEntropy, 1, 1e-12);
    expect(spectralMetrics([5], [1, 1])).toMatchObject({ normalizedEntropy: 0, alphaReQ: 0, renyiRank: 1 });
  });

  it.each<[object, string]>([
    [{ q: -1 }, 'spectralMetrics: q must be 0 or more; got -1.'],
    [{ q: '2' }, 'spectralMetrics: q must be a number; got a string.'],
    [{ delta: 1 }, 'spectralMetrics: delta must be less than 1; got 1.'],
    [{ epsilon: Number.NaN }, 'spectralMetrics: epsilon must be 0 or more; got NaN.'],
  ])('refuse %j', (options, message) => {
    expect(() => spectralMetrics([1, 2, 3, 4], [2, 2], options)).toThrow(message);
  });
});

describe('spectralMetrics', () => {
  it('is what the hand computes for diag(3, 2, 1)', () => {
    const m = spectralMetrics([3, 0, 0, 0, 2, 0, 0, 0, 1], [3, 3]);
    expect(Object.keys(m)).toEqual([
      'rank',
      'frobeniusNorm',
      'spectralNorm',
      'nuclearNorm',
      'conditionNumber',
      'stableRank',
      'effectiveRank',
      'spectralEntropyRank',
      'participationRatio',
      'energyRank90',
      'energyRank95',
      'energyRank99',
      'intrinsicRank',
      'nuclearRank',
      'energyRankLinear',
      'normalizedEntropy',
      'renyiRank',
      'alphaReQ',
    ]);
    near(m.intrinsicRank, 2);
    near(m.nuclearRank, 36 / 14);
    expect(m.energyRankLinear).toBe(3);
    near(m.normalizedEntropy, Math.log(m.spectralEntropyRank) / Math.log(3));
    near(m.renyiRank, m.participationRatio);
    near(m.alphaReQ, 1.91061583407305); // numpy.polyfit(log [1, 2, 3], log [9, 4, 1], 1)
    expect(m.rank).toBe(3);
    near(m.frobeniusNorm, Math.sqrt(14));
    near(m.spectralNorm, 3);
    near(m.nuclearNorm, 6);
    near(m.conditionNumber, 3);
    near(m.stableRank, 14 / 9);
    near(m.effectiveRank, 2 ** (1 / 2) * 3 ** (1 / 3) * 6 ** (1 / 6)); // shares 1/2, 1/3, 1/6
    near(m.spectralEntropyRank, (14 / 9) ** (9 / 14) * (14 / 4) ** (4 / 14) * 14 ** (1 / 14));
    near(m.participationRatio, 14 ** 2 / (81 + 16 + 1));
    expect([m.energyRank90, m.energyRank95, m.energyRank99]).toEqual([2, 3, 3]); // 9/14, 13/14, 1
  });

  it('agrees with NumPy', () => {
    const m = spectralMetrics(fixed.a, [8, 5]);
    expect(m.rank).toBe(5);
    near(m.frobeniusNorm, 38.44476557348217);
    near(m.spectralNorm, 34.48130203960155);
    near(m.nuclearNorm, 66.32513492238441);
    near(m.conditionNumber, 10.460709771473688);
    near(m.stableRank, 1.2431030172419817);
    near(m.effectiveRank, 3.7419861923350566);
    near(m.spectralEntropyRank, 2.062278813831865);
    near(m.participationRatio, 1.5152202894650322);
    expect([m.energyRank90, m.energyRank95, m.energyRank99]).toEqual([3, 3, 4]);
  });

  it.each([
    [30, 12],
    [12, 30],
    [80, 80],
    [400, 20],
    [20, 400],
  ])('has the spectrum that a %i x %i matrix was made with', (m, n) => {
    const size = Math.min(m, n);
    const sigma = Array.from({ length: size }, (_, i) => 5 * 0.7 ** i);
    const { a } = new Random(3).withSpectrum(m, n, sigma);
    const got = spectralMetrics(a, [m, n]);
    const expected = define(sigma);
    for (const name of Object.keys(expected) as (keyof typeof expected)[])
      near(got[name], expected[name], 1e-12);
    near(got.conditionNumber, sigma[0] / sigma[size - 1], 1e-2);
    expect(got.rank).toBe(matrixRank(a, [m, n]));
  });

  it('counts ten equal values exactly: nine hold 90 %', () => {
    for (const n of [10, 20]) {
      const { a } = new Random(5).withSpectrum(n, 40, new Array(n).fill(0.1));
      const m = spectralMetrics(a, [n, 40]);
      expect([m.energyRank90, m.energyRank95]).toEqual([(9 * n) / 10, Math.ceil(0.95 * n)]);
      near(m.effectiveRank, n, 1e-12);
      near(m.participationRatio, n, 1e-12);
    }
  });

  it('of zeros is zero but for the condition number, of nothing too', () => {
    for (const shape of [[3, 4], [0, 4], [3, 0], [5], [0]]) {
      const m = spectralMetrics(new Float64Array(shape.reduce((x, y) => x * y, 1)), shape);
      const { conditionNumber, ...rest } = m;
      expect(conditionNumber).toBe(Infinity);
      expect(new Set(Object.values(rest))).toEqual(new Set([0]));
    }
  });

  it('of a vector, a row, a column and a scalar', () => {
    for (const shape of [[3], [1, 3], [3, 1]]) {
      const m = spectralMetrics([2, 3, 6], shape);
      expect([m.rank, m.spectralNorm, m.frobeniusNorm, m.nuclearNorm]).toEqual([1, 7, 7, 7]);
      expect([m.stableRank, m.effectiveRank, m.participationRatio, m.conditionNumber]).toEqual([1, 1, 1, 1]);
      expect([m.energyRank90, m.energyRank99]).toEqual([1, 1]);
    }
    expect(spectralMetrics([-4], []).spectralNorm).toBe(4);
  });

  it('has the rank of matrixRank under every option', () => {
    const { a } = new Random(8).withSpectrum(9, 9, [1, 1e-3, 1e-6, 1e-9, 1e-12, 1e-14, 0, 0, 0]);
    for (const options of [
      {},
      { rtol: 1e-5 },
      { tol: 1e-8 },
      { atol: 1e-4, rtol: 1e-1 },
      { hermitian: true },
    ]) {
      expect(spectralMetrics(a, [9, 9], options).rank).toBe(matrixRank(a, [9, 9], options));
      expect(spectralMetrics({ data: a, shape: [9, 9] }, options).rank).toBe(matrixRank(a, [9, 9], options));
    }
    const noisy = Float32Array.from(a);
    expect(spectralMetrics(noisy, [9, 9]).rank).toBe(matrixRank(noisy, [9, 9]));
  });

  it('reads only the lower triangle of a hermitian matrix', () => {
    const m = spectralMetrics([2, 99, 1, 2], [2, 2], { hermitian: true }); // eigenvalues 3 and 1
    near(m.spectralNorm, 3);
    near(m.conditionNumber, 3);
    near(m.frobeniusNorm, Math.sqrt(10));
  });

  it.each([1e300, 1e-300, 2 ** -1040])('does not depend on the scale: %d', (scale) => {
    const small = map(fixed, (x) => Math.round(x));
    const scaled = map(small, (x) => x * scale).a;
    const [one, other] = [spectralMetrics(small.a, [8, 5]), spectralMetrics(scaled, [8, 5])];
    for (const name of ['rank', 'energyRank90', 'energyRank95', 'energyRank99'] as const) {
      expect(other[name]).toBe(one[name]);
    }
    const ratios = ['stableRank', 'effectiveRank', 'spectralEntropyRank', 'participationRatio'] as const;
    for (const name of ratios) near(other[name], one[name]);
    near(other.conditionNumber, one.conditionNumber);
    // 34 * 2^-1040 has 39 bits left.
    for (const name of ['spectralNorm', 'frobeniusNorm', 'nuclearNorm'] as const) {
      near(other[name], one[name] * scale, scale < 1e-310 ? 1e-9 : 1e-13);
    }
  });
});

describe('spectralMetrics, centered', () => {
  it('agrees with NumPy after the means are removed', () => {
    const m = spectralMetrics(fixed.a, [8, 5], { centered: true });
    expect([m.rank, m.maxRank]).toEqual([5, 5]);
    near(m.frobeniusNorm, 20.087309426600665);
    near(m.spectralNorm, 12.526709412421985);
    near(m.nuclearNorm, 41.68981749329549);
    near(m.conditionNumber, 3.9046269566047505);
    near(m.effectiveRank, 4.573802861541125);
    near(m.spectralEntropyRank, 3.909246106785904);
    near(m.participationRatio, 3.510643803198802);
    expect([m.energyRank90, m.energyRank95, m.energyRank99]).toEqual([4, 4, 5]);
    near(m.normalized.effectiveRank, 4.573802861541125 / 5);
    near(m.normalized.stableRank, 2.5713993691272905 / 5);
    expect(m.normalized.rank).toBe(1);
  });

  it('of fewer samples than features has rank m - 1 at most, and a condition number up to there', () => {
    const m = spectralMetrics(transpose(fixed).a, [5, 8], { centered: true });
    expect([m.rank, m.maxRank, m.normalized.rank]).toEqual([4, 4, 1]);
    near(m.conditionNumber, 2.8510720600955644);
    near(m.participationRatio, 2.99895956136184);
    near(m.normalized.participationRatio, 2.99895956136184 / 4);
    near(m.normalized.spectralEntropyRank, 3.3112465178893213 / 4);
  });

  it('is not misled by means that are large beside the spread', () => {
    for (const mean of [0, 1e3, 1e6 + 1 / 3, 1e9]) {
      const random = new Random(4);
      const data = matrix(7, 20, () => mean + random.below(50));
      // 1e6 + 1/3 is rounded when the integers are added: what is left of it is of full rank, and no more than that.
      expect(spectralMetrics(data.a, [7, 20], { centered: true }).rank).toBe(6);
    }
    const constant = spectralMetrics(new Float64Array(60).fill(0.1), [6, 10], { centered: true });
    expect([constant.rank, constant.frobeniusNorm, constant.normalized.effectiveRank]).toEqual([0, 0, 0]);
  });

  it('has float32 eps for float32 data, and leaves the data alone', () => {
    const { a } = new Random(6).withSpectrum(30, 6, [9, 8, 7, 6, 1e-7, 1e-8]);
    const data = Float32Array.from(a);
    const copy = data.slice();
    expect(spectralMetrics(data, [30, 6], { centered: true }).rank).toBe(4);
    expect(data).toEqual(copy);
    expect(spectralMetrics(Float64Array.from(a), [30, 6], { centered: true }).rank).toBe(6);
  });

  it('reads any layout, any scale, and one sample', () => {
    const one = spectralMetrics(fixed.a, [8, 5], { centered: true });
    const columns = spectralMetrics(
      { data: transpose(fixed).a, shape: [8, 5], strides: [1, 8] },
      { centered: true },
    );
    near(columns.effectiveRank, one.effectiveRank);
    for (const scale of [1e300, 1e-300, 2 ** -1060]) {
      const other = spectralMetrics(
        fixed.a.map((x) => x * scale),
        [8, 5],
        { centered: true },
      );
      near(other.effectiveRank, one.effectiveRank);
      expect(other.rank).toBe(5);
      near(other.spectralNorm, one.spectralNorm * scale, scale < 1e-310 ? 1e-3 : 1e-13);
    }
    const single = spectralMetrics([1, 2, 3], [1, 3], { centered: true });
    expect([single.rank, single.maxRank, single.normalized.rank, single.frobeniusNorm]).toEqual([0, 0, 0, 0]);
    expect(spectralMetrics([], [0, 3], { centered: true }).maxRank).toBe(0);
  });
});

describe('what is refused', () => {
  const square = { data: [1, 2, 3, 4], shape: [2, 2] };
  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['NaN', () => spectralMetrics([1, NaN], [1, 2]), RangeError, 'spectralMetrics: element [0, 1] is NaN'],
    ['NaN, centered', () => spectralMetrics([1, 2, 3, NaN], [2, 2], { centered: true }), RangeError,
      'spectralMetrics: element [1, 1] is NaN'],
    ['too few elements', () => spectralMetrics([1, 2], [2, 2]), RangeError,
      'spectralMetrics: data has 2 elements, shape [2, 2] needs 4.'],
    ['an option', () => spectralMetrics(square, { centred: true } as never), TypeError,
      'spectralMetrics: there is no option "centred"; the options are ' +
      'tol, rtol, atol, hermitian, centered, epsilon, delta, q.'],
    ['no flag', () => spectralMetrics(square, { centered: 1 } as never), TypeError,
      'spectralMetrics: centered must be true or false; got a number.'],
    ['both', () => spectralMetrics(square, { centered: true, hermitian: true }), TypeError,
      'spectralMetrics: centered and hermitian exclude each other.'],
    ['a vector, centered', () => spectralMetrics([1, 2], [2], { centered: true }), RangeError,
      'spectralMetrics: centered needs a matrix [samples, features]; got a vector.'],
    ['not square', () => spectralMetrics([1, 2], [1, 2], { hermitian: true }), RangeError,
      'spectralMetrics: hermitian needs a square matrix; got 1x2.'],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
