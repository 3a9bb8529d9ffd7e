// A dense layer's kernel is a matrix, and nothing else.
import * as tf from '@tensorflow/tfjs';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { denseLayerRank } from '../../src/layers/dense.js';
import { ofRank } from './random.js';

describe('denseLayerRank', () => {
  const data = ofRank(10, 6, 4, 2);

  it('is the same for [inputs, outputs] and [outputs, inputs], from any source', () => {
    expect(denseLayerRank({ data, shape: [10, 6] })).toBe(4);
    expect(denseLayerRank({ data, shape: [6, 10], strides: [1, 6] })).toBe(4);
    expect(denseLayerRank(Matrix.from1DArray(10, 6, Array.from(data)))).toBe(4);
    expect(denseLayerRank([[1, 2], [2, 4]])).toBe(1); // biome-ignore format: a matrix
    const layer = tf.layers.dense({ units: 6, useBias: false });
    layer.build([null, 10]);
    layer.setWeights([tf.tensor2d(Float32Array.from(data), [10, 6])]);
    expect(denseLayerRank(layer.getWeights()[0])).toBe(4);
    expect(layer.getWeights()[0].isDisposed).toBe(false);
  });

  it('takes a tolerance', () => {
    expect(denseLayerRank({ data: [1, 0, 0, 1e-3], shape: [2, 2] }, { rtol: 1e-2 })).toBe(1);
  });

  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['no tensor', () => denseLayerRank(undefined as never), TypeError,
      'denseLayerRank: kernel: expected a typed array or number[] with a shape'],
    ['a vector', () => denseLayerRank({ data: [1, 2], shape: [2] }), RangeError,
      'denseLayerRank: kernel must have 2 dimensions, inputs and outputs; got the shape [2].'],
    ['a stack', () => denseLayerRank({ data: [1, 2], shape: [2, 1, 1] }), RangeError,
      'denseLayerRank: kernel must have 2 dimensions, inputs and outputs; got the shape [2, 1, 1].'],
    ['an option', () => denseLayerRank({ data, shape: [10, 6] }, { layout: 'OI' } as never), TypeError,
      'denseLayerRank: there is no option "layout"; the options are tol, rtol, atol, hermitian.'],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
