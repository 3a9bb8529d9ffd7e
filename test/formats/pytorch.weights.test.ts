// Packed weights and adapters in PyTorch's files: the same tensors in both containers
// give the same rows, whatever they are.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { salvage } from './helpers.js';
import { bytesOf, pickle, type SafetensorSpec, safetensors, torchFile, utf8 } from './write.js';
import { tensor, torch } from './write-torch.js';

type Model = Record<string, SafetensorSpec>;

let state = 11;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const bytes = (dtype: string, shape: number[], below = 256): SafetensorSpec => ({
  dtype,
  shape,
  data: Uint8Array.from({ length: count(shape) }, () => random() * below),
});
const floats = (shape: number[], of = () => random() + 0.1): SafetensorSpec => ({
  dtype: 'F32',
  shape,
  data: bytesOf(Float32Array.from({ length: count(shape) }, of)),
});
const words = (shape: number[], of = () => random() * 2 ** 32): SafetensorSpec => ({
  dtype: 'I32',
  shape,
  data: bytesOf(Int32Array.from({ length: count(shape) }, of)),
});

const { dict, pickled } = pickle;

const lora = { 'x.lora_A.weight': floats([2, 6]), 'x.lora_B.weight': floats([5, 2]) };
const state4 = utf8(
  JSON.stringify({ quant_type: 'nf4', blocksize: 64, shape: [8, 16], dtype: 'float32', nested: false }),
);
const MODELS: Record<string, Model> = {
  'FP8 with a scale': { 'a.weight': bytes('F8_E4M3', [6, 8], 120), 'a.weight_scale': floats([1]) },
  'FP8 with rows of scales': { 'a.weight': bytes('F8_E4M3', [6, 8], 120), 'a.weight_scale': floats([6, 1]) },
  'FP8 with blocks': { 'a.weight': bytes('F8_E4M3', [6, 8], 120), 'a.weight_scale_inv': floats([2, 2]) },
  'FP8 experts': {
    'mlp.experts.w1': bytes('F8_E4M3', [3, 4, 6], 120),
    'mlp.experts.w1_scale': floats([3, 1, 1]),
  },
  'FP8 alone': { 'a.weight': bytes('F8_E4M3', [6, 8], 120) },
  'int8 of bitsandbytes': { 'a.weight': bytes('I8', [6, 8]), 'a.SCB': floats([6]) },
  'nf4 of bitsandbytes': {
    'a.weight': bytes('U8', [64, 1]),
    'a.weight.absmax': floats([2]),
    'a.weight.quant_map': floats([16], () => random() - 0.5),
    'a.weight.quant_state.bitsandbytes__nf4': { dtype: 'U8', shape: [state4.length], data: state4 },
  },
  GPTQ: {
    'a.qweight': words([4, 8]),
    'a.qzeros': words([2, 1]),
    'a.scales': floats([2, 8]),
    'a.g_idx': words([32], () => (random() < 0.5 ? 0 : 1)),
  },
  AWQ: { 'a.qweight': words([32, 2]), 'a.qzeros': words([2, 2]), 'a.scales': floats([2, 16]) },
  MXFP4: {
    'mlp.experts.gate_blocks': bytes('U8', [3, 4, 2, 16]),
    'mlp.experts.gate_scales': bytes('U8', [3, 4, 2], 130),
  },
  NVFP4: {
    'a.weight': bytes('U8', [4, 16]),
    'a.weight_scale': bytes('F8_E4M3', [4, 2], 120),
    'a.weight_scale_2': floats([1]),
  },
  MLX: {
    'a.weight': { ...words([4, 8]), dtype: 'U32' },
    'a.scales': floats([4, 1]),
    'a.biases': floats([4, 1]),
  },
  "PEFT's adapter": lora,
  "kohya's adapter": {
    'x.alpha': floats([1]),
    'x.lora_down.weight': floats([2, 6]),
    'x.lora_up.weight': floats([5, 2]),
  },
  'experts, and plain weights': { 'mlp.experts.w': floats([3, 4, 5]), 'a.weight': floats([3, 4, 5]) },
  'packed in a way that nobody knows': {
    'a.weight': bytes('U8', [6, 8]),
    'a.foo_scales': floats([6]),
    'b.weight': bytes('U8', [8, 1]),
  },
  'an adapter by half': { 'x.lora_A.weight': floats([2, 6]) },
  'words without scales': { 'a.qweight': words([4, 8]) },
  'scales of a wrong shape': { 'a.weight': bytes('F8_E4M3', [6, 8], 120), 'a.weight_scale': floats([5]) },
  'scales that are no numbers': {
    'a.weight': bytes('F8_E4M3', [6, 8], 120),
    'a.weight_scale': floats([1], () => Number.NaN),
  },
};

/** A file's rows and errors by the weights' names, the file's own name left out. */
async function rows(file: Uint8Array | string, name?: string) {
  const { tensors, errors } = await salvage(file, { name });
  const detail = (message: string) => message.slice(message.indexOf(': ') + 2);
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  return {
    tensors: tensors.sort(byName),
    errors: Object.fromEntries(Object.entries(errors).map(([key, text]) => [key, detail(text)])),
  };
}

describe('the same tensors in both containers give the same rows', () => {
  test.each(Object.keys(MODELS))('%s', async (kind) => {
    const model = MODELS[kind];
    const expected = await rows(safetensors(model), 'm.safetensors');
    expect(expected.tensors.length + Object.keys(expected.errors).length).toBeGreaterThan(0);
    expect(await rows(torch(model), 'm.pt')).toEqual(expected);
    // Views that are not contiguous, as of a weight that was saved after .t().
    expect(await rows(torch(model, true), 'm.bin')).toEqual(expected);
  });

  test('the models above are what they are called', async () => {
    const storage = async (kind: string) =>
      (await rows(torch(MODELS[kind]), 'm.pt')).tensors.map((t) => [t.name, t.shape, t.packed ?? t.storage]);
    expect(await storage('GPTQ')).toEqual([['a.weight', [8, 32], 'gptq-int4']]);
    expect(await storage('AWQ')).toEqual([['a.weight', [16, 32], 'awq-int4']]);
    expect(await storage('nf4 of bitsandbytes')).toEqual([['a.weight', [8, 16], 'bitsandbytes-nf4']]);
    expect(await storage('NVFP4')).toEqual([['a.weight', [4, 32], 'nvfp4']]);
    expect(await storage('MXFP4')).toHaveLength(3);
    expect(await storage("PEFT's adapter")).toEqual([['x.weight', [5, 6], 'lora']]);
    expect(await storage("kohya's adapter")).toEqual([['x', [5, 6], 'lora']]);
    expect(await storage('packed in a way that nobody knows')).toEqual([
      ['a.weight', [6, 8], 'packed (uint8 beside .foo_scales), not analysed'],
      ['b.weight', [8, 1], 'packed (uint8 of shape [8, 1]), not analysed'],
    ]);
  });
});

describe('what lies beside a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pytorch-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each<[string, Model, string, unknown]>([
    ['adapter_config.json', lora, 'adapter_model', { lora_alpha: 6, r: 2, use_rslora: true }],
    ['config.json', MODELS.GPTQ, 'model', { quantization_config: { checkpoint_format: 'gptq_v2' } }],
  ])('%s', async (config, model, own, settings) => {
    const at = join(folder, config);
    mkdirSync(at);
    const bare = (await rows(torch(model), `${own}.bin`)).tensors[0];
    writeFileSync(join(at, `${own}.bin`), torch(model));
    writeFileSync(join(at, `${own}.safetensors`), safetensors(model));
    writeFileSync(join(at, config), JSON.stringify(settings));
    const twin = await rows(join(at, `${own}.safetensors`));
    expect(await rows(join(at, `${own}.bin`))).toEqual(twin);
    const told = twin.tensors[0];
    expect([told.factors ?? told.data, told.note]).not.toEqual([bare.factors ?? bare.data, bare.note]);
  });
});

describe('shards behind an index', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pytorch-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('of packed weights; what the index does not name is none of it', async () => {
    const parts = { 1: MODELS.GPTQ, 2: { 'b.weight': floats([3, 4]), 'c.weight': floats([3, 4]) } };
    const map: Record<string, string> = { 'b.weight': '2.bin', gone: '1.bin' };
    for (const name of Object.keys(MODELS.GPTQ)) map[name] = '1.bin';
    for (const [key, model] of Object.entries(parts)) writeFileSync(join(folder, `${key}.bin`), torch(model));
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ quantization_config: { checkpoint_format: 'gptq_v2' } }),
    );
    writeFileSync(join(folder, 'pytorch_model.bin.index.json'), JSON.stringify({ weight_map: map }));
    writeFileSync(join(folder, 'one.safetensors'), safetensors(MODELS.GPTQ));
    const { tensors, errors } = await rows(join(folder, 'pytorch_model.bin.index.json'));
    const twin = await rows(join(folder, 'one.safetensors'));
    expect(tensors[0]).toEqual(twin.tensors[0]);
    expect(tensors.map((t) => t.name)).toEqual(['a.weight', 'b.weight']);
    expect(Object.keys(errors)).toEqual(['gone']);
  });
});

describe('parts that cannot be read', () => {
  const { 'a.weight': weight, 'a.weight_scale': scale } = MODELS['FP8 with a scale'];
  test('cost the weight, and no other', async () => {
    const file = torchFile(
      pickled(
        dict({
          'a.weight': tensor('0', weight),
          'a.weight_scale': tensor('9', scale),
          'b.weight_packed': tensor('1', words([4, 8])),
          'b.weight_scale': tensor('2', floats([4, 1])),
          'b.weight_shape': tensor('9', words([2])),
          'c.weight': tensor('3', floats([2, 3])),
        }),
      ),
      { 0: weight.data, 1: words([4, 8]).data, 2: floats([4, 1]).data, 3: floats([2, 3]).data },
    );
    const { tensors, errors } = await rows(file, 'm.pt');
    expect(tensors.map((t) => t.name)).toContain('c.weight');
    expect(tensors.map((t) => t.name)).not.toContain('a.weight');
    expect(errors['a.weight']).toContain("needs the storage '9', which the archive lacks");
    expect(errors['b.weight_packed']).toContain("needs the storage '9'");
  });
});
