// .tflite: quantised weights with a scale for all, for each row, for each column: values and storage tolerance.
import { describe, expect, test } from 'vitest';
import { toMatrices } from '../../src/formats/index.js';
import { check, failure, one } from './helpers.js';
import { tflite } from './write-tflite.js';

const [rows, cols] = [5, 7];
const codes = Int8Array.from({ length: rows * cols }, (_, i) => ((i * 53 + 7) % 256) - 128);
const weight = { name: 'w', shape: [rows, cols], type: 9, data: codes };
const scales = (n: number) => Float32Array.from({ length: n }, (_, k) => 2 ** -k * 1.5);
const zeros = (n: number) => Array.from({ length: n }, (_, k) => 3 * k - 4);

describe('int8', () => {
  test.each<[string, number, number, (i: number, j: number) => number]>([
    ['a scale for all', 0, 1, () => 0],
    ['a scale for each row', 0, rows, (i) => i],
    ['a scale for each column', 1, cols, (_, j) => j],
  ])('%s', async (_, axis, count, of) => {
    for (const zero of [[], zeros(count)]) {
      const scale = scales(count);
      const file = tflite([{ ...weight, scales: scale, zeros: zero, axis }]);
      await check(file, 'm.tflite', [rows, cols], (i, j) => {
        const k = of(i, j);
        return [(codes[i * cols + j] - (zero[k] ?? 0)) * scale[k], scale[k] / 2];
      });
    }
  });

  test('without scales: the integers', async () => {
    const { data, noise } = await one(tflite([weight]), { name: 'm.tflite' });
    expect([...(data as Int8Array)]).toEqual([...codes]);
    expect(noise).toBeUndefined();
  });

  test.each([
    ['too few', scales(4), 0],
    ['of another dimension', scales(rows), 1],
    ['along a dimension that is not there', scales(rows), 2],
    ['not finite', scales(rows).fill(Number.NaN), 0],
  ])('scales %s', async (_, own, axis) => {
    const file = tflite([{ ...weight, scales: own, axis }]);
    expect(await failure(file, { name: 'm.tflite' })).toContain(
      `'w' has ${own.length} scales for dimension ${axis}`,
    );
  });
});

test('float32 as it is', async () => {
  const data = Float32Array.of(1, 2, 3, 4.5, 5, 6);
  const file = tflite([{ name: 'f', shape: [2, 3], type: 0, data }]);
  const tensor = await one(file, { name: 'm.tflite' });
  expect(tensor).toMatchObject({ name: 'f', shape: [2, 3], dtype: 'float32' });
  expect([...(tensor.data as Float32Array)]).toEqual([...data]);
});

test('scales beside floats are not applied', async () => {
  const data = Float32Array.of(1, 2, 3, 4);
  const file = tflite([
    { name: 'f', shape: [2, 2], type: 0, data, scales: Float32Array.of(0.5), zeros: [1] },
  ]);
  expect((await one(file, { name: 'm.tflite' })).data).toEqual(data);
});

test.each([
  [4, [1, 2, 2, 3], [3, 4]],
  [132, [2, 1, 2, 3, 5], [5, 12]],
  [3, [5, 2, 2, 3], [5, 12]],
])('the filter of operator %d, %j, is the matrix %j', async (operator, shape, matrix) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, i) => i);
  const file = tflite([{ name: 'k', shape, type: 0, data }], operator);
  const [read] = toMatrices(await one(file, { name: 'm.tflite' }));
  expect(read.shape).toEqual(matrix);
  // The first row is the first output's: every one of the last axis where outputs are there, else as stored.
  const step = operator === 3 ? 1 : shape[shape.length - 1];
  const first = new Set(Array.from(read.data as Float32Array).slice(0, matrix[1]));
  expect(first).toEqual(new Set(Array.from({ length: matrix[1] }, (_, i) => i * step)));
});
