// poolingLayerRank: any operation, synchronous or not.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { poolingLayerRank, poolingLayerRankAsync } from '../../src/layers/pooling.js';
import { avgPool, maxPool } from '../../src/layers/windows.js';
import { ofRank } from './random.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Eight maps [4, 4, 2] in a space of three dimensions, in which averages stay; small integers. */
const map = { data: Float32Array.from(ofRank(8, 32, 3, 1)), shape: [8, 4, 4, 2] };

describe('poolingLayerRank', () => {
  it('is the rank of the pooled map, reshaped to [batch, -1]', () => {
    expect(poolingLayerRank((x) => x, map)).toBe(3);
    expect(poolingLayerRank(avgPool({ size: 2 }), map)).toBe(3);
    expect(poolingLayerRank(avgPool({ size: 4 }), map)).toBe(2);
    expect(poolingLayerRank(maxPool({ size: 4 }), map)).toBe(2);
  });

  it('judges tfjs operations and our own alike, and disposes nothing', () => {
    tf.tidy(() => {
      const x = tf.tensor4d(map.data, [8, 4, 4, 2]);
      for (const size of [1, 2, 3, 4]) {
        for (const strides of [1, 2]) {
          for (const padding of ['valid', 'same'] as const) {
            const options = { size, strides, padding };
            const kept: tf.Tensor[] = [];
            const pooled = (op: typeof tf.maxPool) => (t: tf.Tensor4D) => {
              kept.push(op(t, size, strides, padding));
              return kept[kept.length - 1];
            };
            expect(poolingLayerRank(maxPool(options), x)).toBe(poolingLayerRank(pooled(tf.maxPool), x));
            expect(poolingLayerRank(avgPool(options), x)).toBe(poolingLayerRank(pooled(tf.avgPool), x));
            expect(kept.map((t) => t.isDisposed)).toEqual([false, false]);
          }
        }
      }
    });
  });

  it("takes TensorFlow's 'SAME' and 'VALID' for their lower case", () => {
    for (const pool of [maxPool, avgPool]) {
      expect(pool({ size: 3, strides: 2, padding: 'SAME' })(map)).toEqual(
        pool({ size: 3, strides: 2, padding: 'same' })(map),
      );
      expect(pool({ size: 3, padding: 'VALID' })(map)).toEqual(pool({ size: 3, padding: 'valid' })(map));
      expect(() => pool({ size: 3, padding: 'Same' as never })).toThrow(
        "padding must be 'valid', 'same', a number",
      );
    }
  });

  it('takes a tolerance and the place of the batch', () => {
    const diagonal = { data: [1, 0, 0, 1e-3], shape: [2, 2] };
    expect(poolingLayerRank((x) => x, diagonal, { rtol: 1e-2 })).toBe(1);
    expect(poolingLayerRank((x) => x, { data: [1, 0, 0, 1], shape: [2, 2] }, { batchAxis: 1 })).toBe(2);
  });

  it('a batch of vectors, of scalars, and an empty batch', () => {
    expect(poolingLayerRank((x) => x, { data: [1, 2, 3], shape: [3] })).toBe(1);
    expect(poolingLayerRank(maxPool({ size: 2 }), { data: new Float32Array(0), shape: [0, 4, 4, 2] })).toBe(
      0,
    );
  });

  const same = (x: unknown) => x;
  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['no function', () => poolingLayerRank('max' as never, map), TypeError,
      "poolingLayerRank: poolingOp must be a function; got 'max'."],
    ['a promise', () => poolingLayerRank(async (x) => x, map), TypeError,
      'poolingLayerRank: poolingOp must return a tensor; got a promise. Use poolingLayerRankAsync.'],
    ['no tensor', () => poolingLayerRank(() => ({}), map), TypeError,
      "poolingLayerRank: poolingOp's output: expected a typed array or number[] with a shape"],
    ['a scalar', () => poolingLayerRank(() => ({ data: [1], shape: [] }), map), RangeError,
      "poolingLayerRank: poolingOp's output must have a batch dimension; got a scalar."],
    ['batchAxis', () => poolingLayerRank(same, map, { batchAxis: -1 }), RangeError,
      'poolingLayerRank: batchAxis must be an integer from 0 to 3 for a tensor [8, 4, 4, 2]; got -1.'],
    ['tol and rtol', () => poolingLayerRank(same, map, { tol: 1, rtol: 1 }), TypeError,
      'poolingLayerRank: tol and rtol exclude each other'],
    ['Infinity', () => poolingLayerRank(same, { data: [1, Number.POSITIVE_INFINITY], shape: [2, 1] }), RangeError, ''],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    if (message) expect(act).toThrow(message);
  });
});

describe('poolingLayerRankAsync', () => {
  it('awaits the operation and the elements', async () => {
    expect(await poolingLayerRankAsync(async (x) => x, map)).toBe(3);
    expect(await poolingLayerRankAsync(avgPool({ size: 2 }), map)).toBe(3);
    const x = tf.tensor4d(map.data, [8, 4, 4, 2]);
    const kept: tf.Tensor[] = [];
    const rank = await poolingLayerRankAsync(async (t) => {
      kept.push(tf.avgPool(t, 2, 2, 'valid'));
      return kept[0];
    }, x);
    expect(rank).toBe(3);
    expect(kept[0].isDisposed || x.isDisposed).toBe(false);
    tf.dispose([x, ...kept]);
  });

  it('rejects with what the other one throws', async () => {
    await expect(poolingLayerRankAsync(null as never, map)).rejects.toThrow(
      'poolingLayerRankAsync: poolingOp must be a function; got null.',
    );
    await expect(poolingLayerRankAsync(async () => 4, map)).rejects.toThrow(
      "poolingLayerRankAsync: poolingOp's output: expected a typed array",
    );
  });
});
