// One matrix on several threads: the same bits as on one.
import { afterAll, expect, it } from 'vitest';
import { matrixRank, qr, rankFactors, rankReport, singularValues } from '../../../src/index.js';
import { Random } from '../../numbers.js';
import { createTeam } from '../../team.js';

const teams = await Promise.all([1, 2, 3, 8].map(createTeam));
afterAll(() => Promise.all(teams.map((team) => team.close())));

const random = new Random(22);

/** m x n of rank r, or of full rank with `condition` between the first singular value and the last. */
function elements(m: number, n: number, r: number, condition = 1): Float64Array {
  const full = random.matrix(m, Math.min(r, n));
  if (r >= n) return full.a.map((x, i) => x * condition ** -((i % n) / n));
  const right = random.matrix(r, n);
  const a = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < r; k++) {
      const x = full.a[i * r + k];
      for (let j = 0; j < n; j++) a[i * n + j] += x * right.a[k * n + j];
    }
  }
  return a;
}

// Around what decides how a loop is cut: 96 columns of a block, 128 of a chain, 256 of a band, 512 of a sum in parts.
const MATRICES: [what: string, data: Float64Array | Float32Array, shape: [number, number]][] = [
  ['129 columns', elements(133, 129, 129), [133, 129]],
  ['257 columns, float32', Float32Array.from(elements(260, 257, 257)), [260, 257]],
  ['517 columns, float32', Float32Array.from(elements(520, 517, 517)), [520, 517]],
  ['a wide one', elements(260, 700, 260), [260, 700]],
  ['rank 100 of 260', elements(260, 260, 100), [260, 260]],
  ['rank 255 of 261', elements(270, 261, 255), [270, 261]],
  ['graded columns', elements(200, 190, 190, 1e13), [200, 190]],
  [
    'smooth, float32',
    Float32Array.from({ length: 200 ** 2 }, (_, i) => 1 / (1 + (i % 200) + i / 200)),
    [200, 200],
  ],
];

const FUNCTIONS: ((data: Float64Array | Float32Array, shape: [number, number]) => unknown)[] = [
  matrixRank,
  rankReport,
  singularValues,
  qr,
  rankFactors,
];

it.each(MATRICES)('%s', async (_, data, shape) => {
  const alone = FUNCTIONS.map((call) => call(data, shape));
  for (const team of teams) {
    const together = await team.run(() => FUNCTIONS.map((call) => call(data, shape)));
    expect(together).toEqual(alone);
  }
});
