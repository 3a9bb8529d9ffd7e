// The pool: the same answers as the functions themselves, the same errors, callers' arrays untouched. It runs from
// dist, where its worker is.
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { heavyTail } from '../../src/heavy-tail.js';
import * as root from '../../src/index.js';
import { matrixRank, matrixRanks, rankReport, singularValues, spectralMetrics } from '../../src/index.js';

const { createRankPool }: typeof import('../../src/index.js') = await import('../../dist/index.js' as string);

const direct = { ...root, heavyTail };
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
    expect(await pool.singularValues(a, [5, 7], { accuracy: 'relative' })).toEqual(
      singularValues(a, [5, 7], { accuracy: 'relative' }),
    );
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

  it('of every function of one matrix', async () => {
    const deficient = Float64Array.from({ length: 48 }, (_, i) => (i % 8) + (i >> 3));
    const kernel = { data: a, shape: [5, 1, 7] };
    const flipped = { data: deficient, shape: [2, 3, 8], strides: [-24, 8, 1], offset: 24 };
    const { close: _, productReport: _report, productFactors: _factors, ...twins } = pool;
    // Not of one matrix: functions as arguments, products (pool.twins.test.ts), steps of a layer; what only rearranges.
    const others =
      /^(RankAccumulator|createRankPool|simd|unfold|(max|avg)Pool|lstm|(pooling|lstm)LayerRank(Async)?|product\w+)$/;
    const wanted = Object.keys(direct).filter((name) => !others.test(name));
    expect(Object.keys(twins).sort()).toEqual(wanted.sort());
    type Fn = (...args: unknown[]) => unknown;
    for (const [name, twin] of Object.entries(twins)) {
      const layer = /^(conv|dense|multi)/.test(name);
      const inputs = layer
        ? [name === 'denseLayerRank' ? { data: a, shape: [5, 7] } : kernel, flipped].slice(
            0,
            name === 'denseLayerRank' ? 1 : 2,
          )
        : [
            { data: deficient, shape: [6, 8] },
            { data: a, shape: [7, 5], strides: [1, 7] },
          ];
      for (const input of inputs) {
        const answer = (direct as unknown as Record<string, Fn>)[name](input);
        expect(await (twin as Fn)(input), name).toEqual(answer);
      }
    }
    const options = { layout: 'HWIO', tol: 1 } as const;
    expect(await pool.convLayerRank(kernel, options)).toBe(direct.convLayerRank(kernel, options));
    expect(await pool.rankFactors(deficient, [6, 8], { rank: 1, method: 'svd' })).toEqual(
      direct.rankFactors(deficient, [6, 8], { rank: 1, method: 'svd' }),
    );
  });

  it('from arrays of another realm, as Jest and frames have them', async () => {
    const foreign = (text: string) => runInNewContext(text) as Float64Array;
    expect(await pool.singularValues(foreign('Float64Array.of(0.5, 0, 0, 0.25)'), [2, 2])).toEqual(
      Float64Array.of(0.5, 0.25),
    );
    await expect(pool.matrixRank(foreign('Float32Array.of(NaN)'), [1, 1])).rejects.toThrow(/\[0, 0\] is NaN/);
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

describe('signal', () => {
  const large = new Float32Array(1600 * 1600).map((_, i) => Math.sin(i * i));

  it('ends a call in the middle of a matrix, and no other', async () => {
    const aborter = new AbortController();
    const call = pool.singularValues(large, [1600, 1600], { signal: aborter.signal });
    const others = [1, 2, 3].map(() => pool.matrixRank(a, [5, 7]));
    setTimeout(() => aborter.abort(), 60);
    await expect(call).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(await Promise.all(others)).toEqual([5, 5, 5]);
    expect(await pool.matrixRank([1, 2, 2, 4], [2, 2], { signal: new AbortController().signal })).toBe(1);
  });

  it('takes back a call that waits', async () => {
    const one = createRankPool({ threads: 1 });
    const aborter = new AbortController();
    const first = one.singularValues(large, [1600, 1600]).catch((error) => error.message);
    const second = one.matrixRank(a, [5, 7], { rtol: 0.5, signal: aborter.signal });
    const third = one.singularValues(large, [1600, 1600], { signal: aborter.signal });
    aborter.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    await expect(third).rejects.toThrow('enough');
    await one.close();
    expect(await first).toMatch(/closed/);
  });

  it('that was aborted before rejects at once, and is no option of the function', async () => {
    await expect(
      pool.matrixRank(a, [5, 7], { signal: AbortSignal.abort(new Error('too late')) }),
    ).rejects.toThrow('too late');
    await expect(pool.matrixRank(a, [5, 7], { signal: 1 } as never)).rejects.toThrow(
      'matrixRank: signal must be an AbortSignal; got a number.',
    );
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
    await other.close();
    expect(await Promise.all(calls)).toEqual(
      calls.map(() => 'RankPool: the pool was closed before this call had finished.'),
    );
    await expect(other.matrixRank(a, [5, 7])).rejects.toThrow('RankPool: the pool is closed.');
    await other.close();
  });
});
