// What one matrix is.
import { expect, test } from 'vitest';
import { type NamedTensor, type TensorLayout, toMatrices } from '../../src/formats/index.js';

const tensor = (shape: number[], layout?: TensorLayout): NamedTensor => ({
  name: 'w',
  shape,
  dtype: 'float32',
  layout,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

test('vectors and scalars are no matrices', () => {
  expect(toMatrices(tensor([]))).toEqual([]);
  expect(toMatrices(tensor([5]))).toEqual([]);
});

test('biases of experts are vectors, one for each; other biases of two dimensions are what they are', () => {
  for (const name of ['m.experts.gate_up_proj_bias', 'blk.0.ffn_up_exps.bias', 'block.0.mlp.mlp1_bias'])
    expect(toMatrices({ ...tensor([4, 6]), name })).toEqual([]);
  for (const name of ['attention.bias', 'm.experts.down_proj', 'm.experts.bias_proj.weight'])
    expect(toMatrices({ ...tensor([4, 6]), name })).toHaveLength(1);
});

test('as stored: OIHW, dense, and whatever nothing is known of', () => {
  for (const layout of ['OIHW', undefined] as const) {
    const given = tensor([4, 3, 2, 5], layout);
    const [matrix] = toMatrices(given);
    expect(matrix).toEqual({ name: 'w', data: given.data, shape: [4, 30] });
    expect(matrix.data).toBe(given.data);
  }
  expect(toMatrices(tensor([4, 3], 'dense'))[0].shape).toEqual([4, 3]);
  expect(toMatrices(tensor([0, 3, 2]))[0].shape).toEqual([0, 6]);
});

test('HWIO becomes O x (I H W), HWCM becomes (C M) x (H W)', () => {
  const [h, w, i, o] = [2, 3, 4, 5];
  const conv = toMatrices(tensor([h, w, i, o], 'HWIO'))[0];
  expect(conv.shape).toEqual([o, i * h * w]);
  const depthwise = toMatrices(tensor([h, w, i, o], 'HWCM'))[0];
  expect(depthwise.shape).toEqual([i * o, h * w]);
  for (let a = 0; a < h; a++)
    for (let b = 0; b < w; b++)
      for (let c = 0; c < i; c++)
        for (let d = 0; d < o; d++) {
          const value = ((a * w + b) * i + c) * o + d;
          expect(conv.data[d * i * h * w + (c * h + a) * w + b]).toBe(value);
          expect(depthwise.data[(c * o + d) * h * w + a * w + b]).toBe(value);
        }
  expect(toMatrices(tensor([3, 4, 5], 'HWIO'))[0].shape).toEqual([5, 12]);
  expect(toMatrices(tensor([3, 4], 'HWIO'))[0].shape).toEqual([3, 4]);
});

test('recurrent weights: one matrix per direction', () => {
  expect(toMatrices(tensor([1, 8, 3], 'rnn')).map((m) => [m.name, m.shape])).toEqual([['w', [8, 3]]]);
  const both = toMatrices(tensor([2, 8, 3], 'rnn'));
  expect(both.map((m) => m.name)).toEqual(['w[forward]', 'w[backward]']);
  expect(both[1].data[0]).toBe(24);
  expect(both[1].data.length).toBe(24);
  // A hundred million directions of nothing are one matrix, not as many.
  expect(toMatrices(tensor([3, 0, 2], 'rnn')).map((m) => m.shape)).toEqual([[3, 0]]);
});

test('16-bit patterns keep their type', () => {
  const half: NamedTensor = {
    ...tensor([1, 2, 1, 2], 'HWIO'),
    dtype: 'bfloat16',
    bits: 'bfloat16',
    data: Uint16Array.of(1, 2, 3, 4),
  };
  expect(toMatrices(half)).toEqual([
    { name: 'w', shape: [2, 2], dtype: 'bfloat16', data: Uint16Array.of(1, 3, 2, 4) },
  ]);
});
