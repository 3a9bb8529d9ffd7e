// One large matrix on all threads of a pool: the same answer, and calls that are cut short. It runs from dist.
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { afterAll, afterEach, expect, it } from 'vitest';
import { matrixRank, rankReport } from '../../src/index.js';
import { Random } from '../numbers.js';

const { createRankPool }: typeof import('../../src/index.js') = await import('../../dist/index.js' as string);

const n = 520;
const { a } = new Random(5).matrix(n, n);
const small = Float64Array.from(a.subarray(0, 400));
const pool = createRankPool({ threads: 3 });
afterAll(() => pool.close());

const { Worker } = workerThreads;
function replaceWorker(by: typeof Worker) {
  Object.assign(workerThreads, { Worker: by });
  syncBuiltinESMExports();
}
afterEach(() => replaceWorker(Worker));

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

it('takes a copy of every call, one after the other or together, and what fails leaves it as it is', async () => {
  const big = new Random(7).matrix(600, 400).a;
  const holed = big.slice();
  holed[1234] = Number.NaN;
  for (let k = 0; k < 4; k++) {
    const calls = [
      big.map((x) => x * 2 ** k),
      Float32Array.from(big),
      big.subarray(4000, 4000 + 520 * 400),
    ].map(async (data) => {
      const shape = [data.length / 400, 400];
      const call = pool.rankReport(data, shape);
      const report = rankReport(data, shape);
      data.fill(0);
      expect(await call).toEqual(report);
    });
    calls.push(expect(pool.matrixRank(holed, [600, 400])).rejects.toThrow('element [3, 34] is NaN'));
    await Promise.all(calls);
    big.set(new Random(7 + k).matrix(600, 400).a);
  }
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

it.each([0, 20])(
  'a helper that is killed %i ms after it was sent costs its call an error, no more',
  async (ms) => {
    let killed = false;
    replaceWorker(
      class extends Worker {
        override postMessage(
          message: { envelope?: object },
          transfer?: readonly workerThreads.Transferable[],
        ) {
          super.postMessage(message, transfer);
          if (killed || !message.envelope) return;
          killed = true;
          setTimeout(() => this.terminate(), ms);
        }
      },
    );
    const other = createRankPool({ threads: 2 });
    const long = 1500; // a second, of which a few milliseconds pass
    const call = other.singularValues(new Random(6).matrix(long, long).a, [long, long]);
    await expect(call).rejects.toThrow('RankPool: a thread of the pool has ended while it helped another.');
    expect(await other.rankReport(a, [n, n])).toEqual(rankReport(a, [n, n]));
    await other.close();
  },
);
