// .tflite: quantised weights with a scale for all, for each row, for each column: values and storage tolerance.
import { describe, expect, test } from 'vitest';
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
