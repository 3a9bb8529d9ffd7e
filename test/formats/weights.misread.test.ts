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

test('int8 beside scales holds two codes a byte where the config says so', async () => {
  const model = { 'a.weight': bytes('I8', 16, 32), 'a.weight_scale_inv': scales(16, 4) };
  const read = async (config: object) =>
    (await all(write(model, { 'config.json': { quantization_config: config } })))[0].packed;
  expect(await read({ quant_method: 'w4afp8' })).toContain('where config.json says w4afp8');
  expect(await read({ quant_method: 'x', bits: 8 })).toBeUndefined();
});

describe('computed by the layer from other tensors', () => {
  const floats = (shape: number[], of: (i: number) => number) =>
    spec(
      'F32',
      shape,
      Float32Array.from({ length: length(shape) }, (_, i) => of(i)),
    );
  const v = floats([2, 2, 2], (i) => [3, 0, 0, 4, 1, 2, 2, 4][i]);
  test.each([
    ['a length for each row', [2, 1, 1], [10, -5], [6, 0, 0, 8, -1, -2, -2, -4]],
    ['one for all', [], [5 * Math.sqrt(2)], [3, 0, 0, 4, 1, 2, 2, 4]],
    ['the last axis', [1, 1, 2], [Math.sqrt(14), Math.sqrt(36)], [3, 0, 0, 4, 1, 2, 2, 4]],
  ])('weight norm, %s', async (_, shape, g, expected) => {
    for (const [names, name] of [
      [['c.weight_g', 'c.weight_v'], 'c.weight'],
      [['l.weight_hh_l0_g', 'l.weight_hh_l0_v'], 'l.weight_hh_l0'],
      [['c.parametrizations.weight.original0', 'c.parametrizations.weight.original1'], 'c.weight'],
    ] as const) {
      const [tensor, ...more] = await all(write({ [names[0]]: floats(shape, (i) => g[i]), [names[1]]: v }));
      expect([more, tensor.name, tensor.storage]).toEqual([[], name, 'float32 x weight norm']);
      Array.from(tensor.data).forEach((x, i) => void expect(x).toBeCloseTo(expected[i], 5));
    }
  });

  test('pruning: the weight times its mask', async () => {
    const mask = floats([2, 2, 2], (i) => i % 2);
    const [tensor, ...more] = await all(write({ 'c.weight_orig': v, 'c.weight_mask': mask }));
    expect([more, tensor.name]).toEqual([[], 'c.weight']);
    expect(Array.from(tensor.data)).toEqual([0, 0, 0, 4, 0, 2, 0, 4]);
    // Spectral normalisation divides by one number, and keeps its name.
    const spectral = {
      'c.weight_orig': v,
      'c.weight_u': floats([2], () => 1),
      'c.weight_v': floats([4], () => 1),
    };
    expect((await all(write(spectral))).map(({ name }) => name)).toContain('c.weight_orig');
  });
});

test('shapes of nothing with a billion rows or matrices take no time', async () => {
  const none = (dtype: string, ...shape: number[]) => spec(dtype, shape, new Uint8Array(0));
  const { tensors, errors } = await salvage(
    write({
      'a.weight': none('F8_E4M3', 1e9, 0),
      'a.weight_scale': scales(1),
      'b.weight': none('F8_E4M3', 0, 1e9),
      'mlp.experts.w': none('F8_E4M3', 1e8, 0, 0),
      'mlp.experts.w_scale': scales(1),
      x_blocks: none('U8', 1e8, 0, 0, 16),
      x_scales: none('U8', 1e8, 0, 0),
    }),
  );
  expect(tensors.map(({ name, shape, data }) => [name, shape, data.length])).toEqual([
    ['a.weight', [1e9, 0], 0],
    ['b.weight', [0, 1e9], 0],
  ]);
  expect(Object.keys(errors).sort()).toEqual(['mlp.experts.w', 'x']);
  expect(errors.x).toContain('is a stack of 100000000 matrices');
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
    ['uint8 weights without a scale', { 'a.weight': bytes('U8', 16, 32) }],
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
