// Packed weights that look like something else: a uint8 scale is an exponent, settings differ by layer, a part is
// missing or unknown. Each came out as a wrong matrix once.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { toMatrices } from '../../src/formats/index.js';
import { all, check, salvage } from './helpers.js';
import { bytesOf, type SafetensorSpec, safetensors } from './write.js';

const folder = mkdtempSync(join(tmpdir(), 'misread-'));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;

/** A model with its settings beside it. */
function write(model: Record<string, SafetensorSpec>, settings: Record<string, object> = {}): string {
  const at = join(folder, String(folders++));
  mkdirSync(at);
  for (const [name, value] of Object.entries(settings)) writeFileSync(join(at, name), JSON.stringify(value));
  const file = join(at, 'model.safetensors');
  writeFileSync(file, safetensors(model));
  return file;
}

const spec = (dtype: string, shape: number[], data: ArrayBufferView): SafetensorSpec => ({
  dtype,
  shape,
  data: bytesOf(data),
});
const length = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const bytes = (dtype: string, ...shape: number[]) =>
  spec(
    dtype,
    shape,
    Uint8Array.from({ length: length(shape) }, (_, i) => (i * 37 + 11) & 63),
  );
const words = (rows: number, cols: number, dtype = 'U32'): SafetensorSpec => ({
  ...bytes('U8', rows, 4 * cols),
  dtype,
  shape: [rows, cols],
});
const scale = (i: number) => 0.25 + (i % 7) / 8;
const scales = (...shape: number[]) =>
  spec(
    'F32',
    shape,
    Float32Array.from({ length: length(shape) }, (_, i) => scale(i)),
  );

describe('decoded', () => {
  test('MXFP8: exponents as bytes', async () => {
    const codes = bytes('F8_E4M3', 4, 64); // without signs, below 2^7
    const exponents = spec(
      'U8',
      [4, 2],
      Uint8Array.from({ length: 8 }, (_, i) => 120 + i),
    );
    const file = write({ 'a.weight': codes, 'a.weight_scale': exponents });
    await check(file, undefined, [4, 64], (i, j) => {
      const code = codes.data[i * 64 + j];
      const [e, m] = [code >> 3, code & 7];
      const unit = 2 ** (Math.max(e, 1) - 10 + exponents.data[2 * i + (j >> 5)] - 127);
      return [(e > 0 ? 8 + m : m) * unit, unit / 2];
    });
  });

  test('MLX: the settings of one layer', async () => {
    const codes = bytes('U8', 4, 64);
    const file = write(
      {
        'l.q.weight': words(4, 16),
        'l.q.scales': scales(4, 2),
        'l.q.biases': scales(4, 2),
      },
      { 'config.json': { quantization: { bits: 4, group_size: 64, 'l.q': { bits: 8, group_size: 32 } } } },
    );
    const storage = await check(file, undefined, [4, 64], (i, j) => {
      const s = scale(2 * i + (j >> 5));
      return [codes.data[i * 64 + j] * s + s, s / 2];
    });
    expect(storage).toBe('mlx-int8');
  });

  test.each([
    [undefined, 1],
    ['gptq', 1],
    ['gptq_v2', 0],
  ])('GPTQ: zero points of %s in quantize_config.json', async (format, less) => {
    const [rows, cols, groups] = [8, 32, 2]; // the model's [out, in]
    const random = (n: number) => Int32Array.from({ length: n }, (_, i) => Math.imul(i + 3, 0x2545f491));
    const [weight, zeros] = [random(4 * rows), random(groups)];
    const file = write(
      {
        'm.qweight': spec('I32', [4, rows], weight),
        'm.qzeros': spec('I32', [groups, 1], zeros),
        'm.scales': scales(groups, rows),
      },
      { 'quantize_config.json': { bits: 4, group_size: 16, ...(format && { checkpoint_format: format }) } },
    );
    const storage = await check(file, undefined, [rows, cols], (i, j) => {
      const group = j >> 4;
      const code = (weight[(j >> 3) * rows + i] >>> (4 * (j & 7))) & 15;
      const zero = ((zeros[group] >>> (4 * i)) & 15) + less;
      const s = scale(group * rows + i);
      return [(code - zero) * s, s / 2];
    });
    expect(storage).toBe('gptq-int4');
  });

  test('GPTQ: a zero point of 2^bits, which some loaders take as 0, is noted', async () => {
    const codes = { 'm.qweight': words(4, 8, 'I32'), 'm.scales': scales(1, 8) };
    const zeros = (word: number) => ({ ...codes, 'm.qzeros': spec('I32', [1, 1], Int32Array.of(word)) });
    const notes = async (word: number) => (await all(write(zeros(word)))).map(({ note }) => note);
    expect(await notes(0x7e7e7e7e)).toEqual([undefined]);
    expect(await notes(0x7f7f7f7f)).toEqual([expect.stringContaining('2^bits')]);
  });

  test('a scale that the index does not list', async () => {
    const file = write({ 'a.weight': bytes('F8_E4M3', 4, 8), 'a.weight_scale': scales(4, 1) });
    const index = join(file, '..', 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ weight_map: { 'a.weight': 'model.safetensors' } }));
    const tensors = await all(index);
    expect(tensors.map(({ name, storage }) => [name, storage])).toEqual([
      ['a.weight', 'fp8-e4m3 x row scales'],
    ]);
  });
});

describe('no matrix', () => {
  test.each<[string, Record<string, SafetensorSpec>]>([
    ['MLX without its biases', { 'a.weight': words(4, 16), 'a.scales': scales(4, 2) }],
    [
      'AWQ in the order of its GEMV kernels',
      { 'a.qweight': words(64, 8, 'I32'), 'a.qzeros': words(64, 1, 'I32'), 'a.scales': scales(64, 8) },
    ],
    ['a lone uint32 weight', { 'a.weight': words(4, 16) }],
    [
      'int8 with offsets that are not known',
      { 'a.weight': bytes('I8', 16, 32), 'a.weight_scale': scales(16, 4), 'a.weight_offset': scales(16, 4) },
    ],
    [
      "int8 in the order of bitsandbytes' kernels",
      {
        'a.weight': bytes('I8', 16, 32),
        'a.SCB': scales(16),
        'a.weight_format': spec('U8', [], Uint8Array.of(2)),
      },
    ],
    [
      'a scale of three dimensions for a weight of two',
      { 'a.weight': bytes('I8', 16, 32), 'a.weight_scale': scales(2, 16, 1) },
    ],
  ])('%s', async (_, model) => {
    const { tensors, errors } = await salvage(write(model));
    expect(tensors.flatMap(toMatrices).map(({ name }) => name)).toEqual([]);
    expect([...Object.keys(errors), ...tensors.filter((t) => t.packed).map((t) => t.name)]).toEqual([
      'a.weight',
    ]);
  });
});
