// One large matrix on all threads of a pool: the same answer, and calls that are cut short. It runs from dist.
import { afterAll, expect, it } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { Random } from '../numbers.js';

const { createRankPool }: typeof import('../../src/index.js') = await import('../../dist/index.js' as string);

const n = 520;
const { a } = new Random(5).matrix(n, n);
const small = Float64Array.from(a.subarray(0, 400));
const pool = createRankPool({ threads: 3 });
afterAll(() => pool.close());

it('gives the report of one thread, however often and whatever runs beside it', async () => {
  const report = rankReport(a, [n, n]);
  expect(await pool.rankReport(a, [n, n])).toEqual(report);
  const [large, ...ranks] = await Promise.all([
    pool.rankReport(a, [n, n]),
    ...Array.from({ length: 8 }, () => pool.matrixRank(small, [20, 20])),
  ]);
  expect(large).toEqual(report);
  expect(ranks).toEqual(new Array(8).fill(matrixRank(small, [20, 20])));
  const several = await Promise.all([1, 2, 3, 4].map(() => pool.matrixRank(a, [n, n])));
  expect(several).toEqual([n, n, n, n]);
});

it('ends a call that is aborted, and goes on', async () => {
  const stop = new AbortController();
  const call = pool.singularValues(a, [n, n], { signal: stop.signal });
  setTimeout(() => stop.abort(), 5);
  await expect(call).rejects.toThrow(/abort/);
  expect(await pool.matrixRank(a, [n, n])).toBe(n);
});

it('close() rejects a call on all threads', async () => {
  const other = createRankPool({ threads: 2 });
  expect(await other.matrixRank(a, [n, n])).toBe(n);
  const call = other.singularValues(a, [n, n]);
  const rejected = expect(call).rejects.toThrow('the pool was closed');
  setTimeout(() => other.close(), 5);
  await rejected;
});

it('is the same without shared memory', async () => {
  const { SharedArrayBuffer: shared } = globalThis;
  const other = createRankPool({ threads: 2 });
  try {
    Object.assign(globalThis, { SharedArrayBuffer: undefined });
    expect(await other.rankReport(a, [n, n])).toEqual(rankReport(a, [n, n]));
  } finally {
    Object.assign(globalThis, { SharedArrayBuffer: shared });
    await other.close();
  }
});
