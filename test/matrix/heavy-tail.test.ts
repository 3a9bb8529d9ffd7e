// Against NumPy and SciPy, which applied the definitions of the docstring to numpy.linalg.svd's values;
// and laws of known exponent.
import { describe, expect, it } from 'vitest';
import { heavyTail, heavyTailOf, marchenkoPasturMedian } from '../../src/matrix/heavy-tail.js';
import { matrix, Random } from '../numbers.js';

const near = (actual: number, expected: number, relative: number) =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.abs(expected));

// [((7 i^2 + 13 j + i j^2) mod 11) / (1 + (i + 2 j) mod 5) - 1.5]
const made = (m: number, n: number) =>
  matrix(m, n, (i, j) => ((7 * i * i + 13 * j + i * j * j) % 11) / (1 + ((i + 2 * j) % 5)) - 1.5);

describe('heavyTail', () => {
  it.each([
    [
      24, 16, 2.5614675235153523, 139.67839679802705, 0.20704542575241974, 7.092821269907278,
      7.380149950343311, 0.5149730625101784, 2,
    ],
    [
      16, 40, 1.5165584600180033, 19.34101686644781, 0.2006876079865112, 4.432748742266231, 4.968686668956434,
      0.54785689524538, 2,
    ],
    [
      30, 30, 1.4872922347872621, 12.373354528426338, 0.13532098551031815, 4.536052812765512,
      5.0628792823897175, 0.19434368022007947, 6,
    ],
  ])('%i x %i is what SciPy has', (m, n, alpha, xmin, D, alphaWeighted, logAlphaNorm, softRank, spikes) => {
    const t = heavyTail(made(m, n).a, [m, n]);
    near(t.alpha, alpha, 1e-11);
    near(t.xmin, xmin, 1e-11);
    near(t.D, D, 1e-11);
    near(t.alphaWeighted, alphaWeighted, 1e-11);
    near(t.logAlphaNorm, logAlphaNorm, 1e-11);
    near(t.softRank, softRank, 1e-9);
    expect(t.spikes).toBe(spikes);
  });

  it.each([2, 2.5, 4])('finds the exponent %d of a power law', (alpha) => {
    // The quantiles of p(x) ~ x^-alpha, x from 1 on.
    const n = 2000;
    const eigenvalues = Float64Array.from({ length: n }, (_, i) => ((i + 0.5) / n) ** (-1 / (alpha - 1)));
    const t = heavyTailOf(eigenvalues.map(Math.sqrt), n);
    near(t.alpha, alpha, 0.02);
    near(t.xmin, 1, 0.05);
    expect(t.D).toBeLessThan(0.01);
  });

  it('noise has no spikes and fills its bulk; what is added to it stands out', () => {
    const random = new Random(3);
    const [m, n] = [300, 200];
    const { a } = random.matrix(m, n);
    const noise = heavyTail(a, [m, n]);
    expect(noise.spikes).toBe(0);
    near(noise.softRank, 1, 0.05);
    const two = a.map((x, i) => x + 0.6 * (i % 2 === 0 ? 1 : -1) + 0.5 * (i % (2 * n) < n ? 1 : -1));
    expect(heavyTail(two, [m, n]).spikes).toBe(2);
    expect(heavyTail({ data: two, shape: [m, n] })).toEqual(heavyTail(two, [m, n]));
  });

  it('hardRank counts above the tolerance of NumPy, of the type', () => {
    const values = [1, 1e-3, 1e-6, 1e-9, 0];
    const diagonal = matrix(5, 5, (i, j) => (i === j ? values[i] : 0)).a;
    expect(heavyTail(diagonal, [5, 5]).hardRank).toBe(4); // 5 * 2^-52 = 1.1e-15
    expect(heavyTail(Float32Array.from(diagonal), [5, 5]).hardRank).toBe(3); // 5 * 2^-23 = 6.0e-7
  });

  it('says NaN where there is no tail to fit', () => {
    expect(heavyTail([0, 0, 0, 0], [2, 2])).toEqual({
      alpha: Number.NaN,
      xmin: Number.NaN,
      D: Number.NaN,
      alphaWeighted: Number.NaN,
      logAlphaNorm: Number.NaN,
      softRank: 0,
      spikes: 0,
      hardRank: 0,
    });
    for (const a of [
      [[3]],
      [
        [1, 0],
        [0, 1],
      ],
      [[]],
    ])
      expect(heavyTail(a).alpha).toBeNaN();
    expect(() => heavyTail([1, Number.NaN], [1, 2])).toThrow(
      'heavyTail: element [0, 1] is NaN; every element must be finite.',
    );
  });
});

// scipy.integrate.quad of the density, scipy.optimize.brentq of its distribution function
it.each([
  [1, 0.6527759416335613],
  [0.5, 0.8304658815813629],
  [0.25, 0.9160040706866096],
  [0.1, 0.9665651474028225],
  [0.01, 0.9966656763386571],
])('the Marchenko-Pastur law of ratio %d has its median at %d', (ratio, median) => {
  near(marchenkoPasturMedian(ratio), median, 1e-10);
});
