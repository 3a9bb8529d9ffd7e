// lstmLayerRank: any cell, synchronous or not, with or without states beside the outputs.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, it } from 'vitest';
import { lstmLayerRank, lstmLayerRankAsync } from '../../src/layers/lstm.js';
import { lstm } from '../../src/layers/lstm-cell.js';
import { lstmModel } from './onnx-lstm.js';
import { ofRank, uniform } from './random.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const output = { data: ofRank(6, 12, 3, 1), shape: [6, 4, 3] };

describe('lstmLayerRank', () => {
  it('is the rank of the outputs, flattened to [batch, -1]', () => {
    expect(lstmLayerRank(() => output, null)).toBe(3);
    expect(lstmLayerRank((x) => x, output)).toBe(3);
  });

  it('takes the first of several', () => {
    expect(lstmLayerRank(() => [output, { data: [1], shape: [1] }], 0)).toBe(3);
    expect(lstmLayerRank(() => [output] as const, 0)).toBe(3);
    expect(lstmLayerRank(() => [[1, 2], [2, 4]], 0)).toBe(1); // biome-ignore format: a matrix
  });

  it('reads the batch where it is', () => {
    const shape = [4, 1, 6, 3];
    const data = new Float64Array(72);
    for (let b = 0; b < 6; b++) {
      for (let t = 0; t < 4; t++) {
        for (let u = 0; u < 3; u++) data[(t * 6 + b) * 3 + u] = output.data[(b * 4 + t) * 3 + u];
      }
    }
    expect(lstmLayerRank(() => ({ data, shape }), 0, { batchAxis: 2 })).toBe(3);
  });

  it('judges a tfjs layer and the same weights without tfjs alike', () => {
    tf.tidy(() => {
      const layer = tf.layers.lstm({ units: 5, recurrentActivation: 'sigmoid', returnSequences: true });
      // Ten sequences, every one of three: the outputs have rank 3.
      const three = Float32Array.from(uniform(3 * 8 * 2, 5));
      const x = tf.gather(tf.tensor3d(three, [3, 8, 2]), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
      expect(lstmLayerRank((s: tf.Tensor) => layer.apply(s), x)).toBe(3);
      const [kernel, recurrentKernel, bias] = layer.getWeights();
      const cell = lstm({ kernel, recurrentKernel, bias }, { returnSequences: true });
      expect(lstmLayerRank(cell, x as tf.Tensor)).toBe(3);
      const stateful = tf.layers.lstm({ units: 5, returnState: true });
      const states = stateful.apply(x) as tf.Tensor[];
      expect(lstmLayerRank(() => states as unknown as [tf.Tensor], x)).toBe(3);
      expect(states[0].isDisposed).toBe(false);
    });
  });

  const zero = () => output;
  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['no function', () => lstmLayerRank(output as never, 0), TypeError,
      'lstmLayerRank: lstmCell must be a function; got an object with keys data, shape.'],
    ['a promise', () => lstmLayerRank(async () => output, 0), TypeError,
      'lstmLayerRank: lstmCell must return a tensor; got a promise. Use lstmLayerRankAsync.'],
    ['a promise among states', () => lstmLayerRank(() => [Promise.resolve(output), 0], 0), TypeError,
      'lstmLayerRank: lstmCell must return a tensor; got a promise. Use lstmLayerRankAsync.'],
    ['nothing', () => lstmLayerRank(() => undefined, 0), TypeError,
      "lstmLayerRank: lstmCell's output: expected a typed array or number[] with a shape"],
    ['a flat array', () => lstmLayerRank(() => new Float32Array(3), 0), TypeError,
      "lstmLayerRank: lstmCell's output: a flat array needs a shape"],
    ['a scalar', () => lstmLayerRank(() => ({ data: [1], shape: [] }), 0), RangeError,
      "lstmLayerRank: lstmCell's output must have a batch dimension; got a scalar."],
    ['batchAxis', () => lstmLayerRank(zero, 0, { batchAxis: 3 }), RangeError,
      'lstmLayerRank: batchAxis must be an integer from 0 to 2 for a tensor [6, 4, 3]; got 3.'],
    ['batchAxis type', () => lstmLayerRank(zero, 0, { batchAxis: '0' as never }), TypeError,
      "lstmLayerRank: batchAxis must be a number; got '0'."],
    ['an option', () => lstmLayerRank(zero, 0, { axis: 0 } as never), TypeError,
      'lstmLayerRank: there is no option "axis"; the options are tol, rtol, atol, hermitian, batchAxis.'],
    ['NaN', () => lstmLayerRank(() => ({ data: [1, Number.NaN], shape: [2, 1] }), 0), RangeError,
      'lstmLayerRank: element [1, 0] is NaN'],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});

describe('lstmLayerRankAsync', () => {
  it('awaits the cell, and the elements of a tensor that has them elsewhere', async () => {
    expect(await lstmLayerRankAsync(async () => output, 0)).toBe(3);
    expect(await lstmLayerRankAsync(() => output, 0)).toBe(3);
    expect(await lstmLayerRankAsync(async () => [output, 1] as const, 0)).toBe(3);
    const single = Float32Array.from(output.data);
    const t = tf.tensor3d(single, [6, 4, 3]);
    expect(await lstmLayerRankAsync(() => Promise.resolve(t), 0)).toBe(3);
    expect(t.isDisposed).toBe(false);
    t.dispose();
    const remote = { dims: [6, 4, 3], type: 'float32', location: 'gpu-buffer', getData: async () => single };
    expect(await lstmLayerRankAsync(async () => remote, 0)).toBe(3);
  });

  it("an onnxruntime session's outputs, the batch at 2", async () => {
    const [features, units, time, batch] = [2, 4, 5, 9];
    const single = (length: number, seed: number) => Float32Array.from(uniform(length, seed));
    const W = single(4 * units * features, 1);
    const R = single(4 * units * units, 2);
    const session = await ort.InferenceSession.create(lstmModel({ W, R, directions: 1, features, units }));
    // Nine sequences, every one of two.
    const two = single(2 * time * features, 3);
    const data = new Float32Array(time * batch * features);
    for (let i = 0; i < data.length; i++) {
      const b = Math.floor(i / features) % batch;
      const t = Math.floor(i / (features * batch));
      data[i] = two[((b % 2) * time + t) * features + (i % features)];
    }
    const X = new ort.Tensor('float32', data, [time, batch, features]);
    const rank = await lstmLayerRankAsync(async (x) => (await session.run({ X: x })).Y, X, { batchAxis: 2 });
    expect(rank).toBe(2);
    await session.release();
  });

  it('rejects with what the other one throws', async () => {
    await expect(lstmLayerRankAsync(5 as never, 0)).rejects.toThrow(
      'lstmLayerRankAsync: lstmCell must be a function; got 5.',
    );
    await expect(lstmLayerRankAsync(async () => 'x', 0)).rejects.toThrow(
      "lstmLayerRankAsync: lstmCell's output: expected a typed array",
    );
    const fail = async () => {
      throw new Error('mine');
    };
    await expect(lstmLayerRankAsync(fail, 0)).rejects.toThrow('mine');
  });
});
