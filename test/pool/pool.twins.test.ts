// Every public function of one matrix can be called in the pool, or stands here with the reason why not.
import { afterAll, describe, expect, it } from 'vitest';
import { heavyTail } from '../../src/heavy-tail.js';
import * as root from '../../src/index.js';

const { createRankPool }: typeof import('../../src/index.js') = await import('../../dist/index.js' as string);

/** Public, and not in the pool. */
const ALONE: Record<string, string> = {
  createRankPool: 'makes the pool',
  RankAccumulator: 'takes rows as they come; a state is not sent to and fro',
  simd: 'tells which kernel runs',
  lstm: 'gives a tensor, no number: its cost is the copy',
  maxPool: 'gives a tensor, no number: its cost is the copy',
  avgPool: 'gives a tensor, no number: its cost is the copy',
  unfold: 'gives a tensor, no number: its cost is the copy',
  lstmLayerRank: 'takes a function of the caller, which does not travel',
  lstmLayerRankAsync: 'takes a function of the caller, which does not travel',
  poolingLayerRank: 'takes a function of the caller, which does not travel',
  poolingLayerRankAsync: 'takes a function of the caller, which does not travel',
};

const direct: Record<string, unknown> = { ...root, heavyTail };
const pool = createRankPool({ threads: 1 });
afterAll(() => pool.close());
const pooled = pool as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
const names = Object.keys(direct).filter((name) => !(name in ALONE));

describe('the pool', () => {
  it('has every public function, but for those with a reason', () => {
    expect(Object.keys(pooled).sort()).toEqual([...names, 'close'].sort());
    for (const name of Object.keys(ALONE)) expect(direct).toHaveProperty(name);
  });

  const a = { data: Float64Array.from({ length: 42 }, (_, i) => ((i * i) % 11) - 4), shape: [6, 7] };
  const tensor = { data: Float32Array.from({ length: 36 }, (_, i) => (i * i) % 13), shape: [2, 2, 3, 3] };
  const right = { data: Float32Array.from({ length: 35 }, (_, i) => (i * 3) % 8), shape: [7, 5] };
  const layers = ['convLayerRank', 'denseLayerRank', 'multilinearRank'];
  it.each(names)('%s gives the same answer there, and the same error', async (name) => {
    const fn = direct[name] as (...args: unknown[]) => unknown;
    const args = name.startsWith('product') ? [a, right] : [layers.includes(name) ? tensor : a];
    if (name === 'denseLayerRank') args[0] = a;
    expect(await pooled[name](...args)).toEqual(fn(...args));
    const bad = [{ ...a, data: a.data.map((x, i) => (i === 9 ? Number.NaN : x)) }, ...args.slice(1)];
    if (layers.includes(name))
      bad[0] = { ...tensor, data: tensor.data.map((x, i) => (i === 9 ? Number.NaN : x)) };
    let message = '';
    try {
      fn(...bad);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).not.toBe('');
    await expect(pooled[name](...bad)).rejects.toThrow(message);
  });

  it('takes options and a signal with a product', async () => {
    const options = { rank: 2, signal: new AbortController().signal };
    expect(await pool.productFactors(a, right, options)).toEqual(root.productFactors(a, right, { rank: 2 }));
    await expect(pool.productReport(a, right, { signal: AbortSignal.abort() })).rejects.toThrow();
    await expect(pool.productReport(a, right, 3 as never)).rejects.toThrow('options must be an object');
    await expect(pool.productFactors(a, right, { k: 3 } as never)).rejects.toThrow('there is no option "k"');
    await expect(pool.productReport(a, a)).rejects.toThrow(
      'productReport: the factors must be [m, r] and [r, n]',
    );
    expect(a.data.length).toBe(42);
    expect(right.data.length).toBe(35);
  });
});
