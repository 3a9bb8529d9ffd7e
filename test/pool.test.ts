// The pool: the same answers as the functions themselves, the same errors, callers' arrays untouched. It runs from
// dist, where its worker is.
import { afterAll, describe, expect, it } from 'vitest';
import { matrixRank, matrixRanks, rankReport, singularValues, spectralMetrics } from '../src/index.js';

const { createRankPool }: typeof import('../src/index.js') = await import('../dist/index.js' as string);

const pool = createRankPool({ threads: 2 });
afterAll(() => pool.close());

const a = Float32Array.from({ length: 35 }, (_, i) => Math.sin(i * i));
const doubles = Float64Array.from({ length: 24 }, (_, i) => i % 5);

describe('the same answers', () => {
  it('from data with a shape, and from what knows its shape', async () => {
    expect(await pool.matrixRank(a, [5, 7])).toBe(matrixRank(a, [5, 7]));
    expect(
      await pool.matrixRank([
        [1, 2],
        [2, 4],
      ]),
    ).toBe(1);
    expect(await pool.matrixRank([1, 2, 2, 4], [2, 2], { tol: 10 })).toBe(0);
    expect(await pool.matrixRank({ data: a, shape: [5, 7] }, { rtol: 0.9 })).toBe(
      matrixRank(a, [5, 7], { rtol: 0.9 }),
    );
    expect(await pool.matrixRanks(doubles, [2, 3, 4])).toEqual(matrixRanks(doubles, [2, 3, 4]));
    expect(await pool.rankReport(a, [5, 7])).toEqual(rankReport(a, [5, 7]));
    expect(await pool.singularValues(a, [5, 7])).toEqual(singularValues(a, [5, 7]));
    expect(await pool.spectralMetrics(a, [5, 7])).toEqual(spectralMetrics(a, [5, 7]));
    const centered = { centered: true } as const;
    expect(await pool.spectralMetrics(a, [5, 7], centered)).toEqual(spectralMetrics(a, [5, 7], centered));
  });

  it('from every kind of element and layout', async () => {
    const shape = [3, 4];
    for (const Type of [
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
    ]) {
      const data = new Type(12).map((_: number, i: number) => (i * i) % 7);
      expect(await pool.rankReport(data, shape)).toEqual(rankReport(data, shape));
    }
    const bits = Uint16Array.from({ length: 12 }, (_, i) => 0x3c00 + ((i * 37) % 91));
    for (const dtype of ['float16', 'bfloat16']) {
      const tensor = { data: bits, shape, dtype };
      expect(await pool.rankReport(tensor)).toEqual(rankReport(tensor));
    }
    const strided = { data: doubles, shape: [4, 3], strides: [1, 4], offset: 2 };
    expect(await pool.singularValues(strided)).toEqual(singularValues(strided));
    const stack = { data: doubles, shape: [2, 4, 3], strides: [12, 1, 4] };
    expect(await pool.matrixRanks(stack)).toEqual(matrixRanks(stack));
    expect(await pool.rankReport(Buffer.from([1, 2, 3, 4]), [2, 2])).toEqual(
      rankReport([1, 2, 3, 4], [2, 2]),
    );
    const shared = new Float64Array(new SharedArrayBuffer(32));
    shared.set([1, 2, 2, 5]);
    expect(await pool.matrixRank(shared, [2, 2])).toBe(2);
    expect(await pool.matrixRank([0, 0, 3], [3])).toBe(1);
    expect(await pool.matrixRank([], [0, 3])).toBe(0);
  });

  it('for many calls at once', async () => {
    const calls = Array.from({ length: 200 }, (_, i) => Float64Array.of(1, i, 2, 2 * i + (i % 2)));
    const ranks = await Promise.all(calls.map((c) => pool.matrixRank(c, [2, 2])));
    expect(ranks).toEqual(calls.map((c) => matrixRank(c, [2, 2])));
  });
});

it("the caller's array stays, and may change once the call is made", async () => {
  const data = Float64Array.of(1, 2, 3, 4);
  const rank = pool.matrixRank(data, [2, 2]);
  expect(data.byteLength).toBe(32);
  data.fill(0);
  expect(await rank).toBe(2);
});

describe('the same errors', () => {
  const refused: [string, unknown[]][] = [
    [
      'NaN',
      [
        [1, Number.NaN],
        [1, 2],
      ],
    ],
    ['short data', [[1], [1, 2]]],
    ['no data', ['x', [1, 2]]],
    ['tol with rtol', [[1, 2], [1, 2], { tol: 1, rtol: 1 }]],
    ['an unknown option', [[1, 2], [1, 2], { tolerance: 1 }]],
    ['an option that cannot be cloned', [[1, 2], [1, 2], { tol: () => 1 }]],
    ['hermitian without a square', [[1, 2], [1, 2], { hermitian: true }]],
    ['three dimensions', [new Float64Array(8), [2, 2, 2]]],
  ];
  it.each(refused)('%s', async (_, args) => {
    for (const name of ['matrixRank', 'rankReport'] as const) {
      const direct = name === 'matrixRank' ? matrixRank : rankReport;
      let expected: Error | undefined;
      try {
        (direct as (...args: unknown[]) => unknown)(...args);
      } catch (error) {
        expected = error as Error;
      }
      const error = await (pool[name] as unknown as (...args: unknown[]) => Promise<Error>)(...args).catch(
        (e: Error) => e,
      );
      expect(expected).toBeInstanceOf(Error);
      expect([error.constructor, error.message]).toEqual([expected!.constructor, expected!.message]);
    }
    expect(await pool.matrixRank([1], [1, 1])).toBe(1);
  });
});

describe('threads', () => {
  it.each([0, -1, 1.5, Number.NaN, '2'])('refuses %s of them', (threads) => {
    expect(() => createRankPool({ threads: threads as number })).toThrow(/threads must be a whole number/);
  });

  it('small matrices go on while large ones are worked on', async () => {
    const large = new Float32Array(1600 * 1600).map((_, i) => Math.sin(i * i));
    const order: string[] = [];
    const calls = [0, 1].map(() => pool.singularValues(large, [1600, 1600]).then(() => order.push('large')));
    calls.push(...[0, 1, 2].map(() => pool.matrixRank(a, [5, 7]).then(() => order.push('small'))));
    await Promise.all(calls);
    expect(order.slice(0, 3)).toEqual(['small', 'small', 'small']);
  });

  it('close() rejects what is under way and what comes later, at once', async () => {
    const other = createRankPool({ threads: 1 });
    await other.matrixRank(a, [5, 7]);
    const large = new Float32Array(2000 * 2000).map((_, i) => Math.sin(i * i));
    const calls = [0, 1].map(() => other.rankReport(large, [2000, 2000]).catch((error) => error.message));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const from = performance.now();
    await other.close();
    expect(performance.now() - from).toBeLessThan(3000); // 0.2 s where nothing else runs
    expect(await Promise.all(calls)).toEqual(
      calls.map(() => 'RankPool: the pool was closed before this call had finished.'),
    );
    await expect(other.matrixRank(a, [5, 7])).rejects.toThrow('RankPool: the pool is closed.');
    await other.close();
  });
});
