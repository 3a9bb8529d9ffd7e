// Adapters whose product is not the plain one of two factors.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { productReport } from '../../src/index.js';
import { all, salvage } from './helpers.js';
import { bytesOf, type SafetensorSpec, safetensors } from './write.js';

const folder = mkdtempSync(join(tmpdir(), 'adapters-'));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;

function write(model: Record<string, SafetensorSpec>, config: object): string {
  const at = join(folder, String(folders++));
  mkdirSync(at);
  writeFileSync(join(at, 'adapter_config.json'), JSON.stringify(config));
  writeFileSync(join(at, 'adapter_model.safetensors'), safetensors(model));
  return at;
}

const of = (shape: number[], value: (i: number) => number): SafetensorSpec => ({
  dtype: 'F32',
  shape,
  data: bytesOf(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i))),
});
const mixed = (i: number) => ((i * i * 7 + i * 5 + 3) % 11) - 5;

test("AdaLoRA: the rows of A times E's, whose zeros are ranks that were pruned", async () => {
  const [a, e] = [of([3, 5], mixed), of([3, 1], (i) => [0.5, 0, -2][i])];
  const model = { 'q.lora_A': a, 'q.lora_B': of([4, 3], (i) => mixed(i + 2)), 'q.lora_E': e };
  const [q, ...more] = await all(write(model, { peft_type: 'ADALORA', lora_alpha: 6, r: 3 }));
  expect(more).toEqual([]);
  expect(q).toMatchObject({ name: 'q.weight', shape: [4, 5], note: expect.stringContaining('AdaLoRA') });
  const { left, right, rank } = q.factors!;
  const [B, A] = [
    Array.from({ length: 12 }, (_, i) => mixed(i + 2)),
    Array.from({ length: 15 }, (_, i) => mixed(i)),
  ];
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 5; j++) {
      const sum = (l: ArrayLike<number>, r: ArrayLike<number>, by: number[]) =>
        by.reduce((total, x, k) => total + l[i * 3 + k] * x * r[k * 5 + j], 0);
      expect(sum(left, right, [1, 1, 1])).toBeCloseTo(2 * sum(B, A, [0.5, 0, -2]), 4);
    }
  }
  expect(productReport({ data: left, shape: [4, rank] }, { data: right, shape: [rank, 5] }).rank).toBe(2);
});

test('a part beside the factors that is not known makes another product, which is named', async () => {
  const factors = { 'q.lora_A.weight': of([2, 5], mixed), 'q.lora_B.weight': of([4, 2], mixed) };
  const config = { lora_alpha: 2, r: 2 };
  const { tensors } = await salvage(write({ ...factors, 'q.lora_C.weight': of([2, 2], mixed) }, config));
  expect(tensors.map((t) => [t.name, t.packed])).toEqual([
    ['q.weight', "packed (an adapter with '.lora_C.weight' beside its factors), not analysed"],
  ]);
  const biased = await all(write({ ...factors, 'q.lora_B.bias': of([4], mixed) }, config));
  expect(biased.map((t) => [t.name, t.packed])).toEqual([
    ['q.weight', undefined],
    ['q.lora_B.bias', undefined],
  ]);
});

test('target_parameters: factors of several experts are no one product, those of a matrix are', async () => {
  const model = {
    'experts.lora_A.weight': of([6, 5], mixed),
    'experts.lora_B.weight': of([4, 6], mixed),
    'router.lora_A.weight': of([2, 5], mixed),
    'router.lora_B.weight': of([4, 2], mixed),
    'gate.lora_A.weight': of([3, 5], mixed),
    'gate.lora_B.weight': of([4, 3], mixed),
  };
  const config = { lora_alpha: 2, r: 2, rank_pattern: { gate: 3 }, target_parameters: ['experts.up'] };
  const tensors = await all(write(model, config));
  expect(tensors.map((t) => [t.name, t.packed])).toEqual([
    ['experts.weight', 'packed (factors of several experts, target_parameters), not analysed'],
    ['router.weight', undefined],
    ['gate.weight', undefined],
  ]);
  const plain = await all(write(model, { ...config, target_parameters: null }));
  expect(plain.map((t) => t.packed)).toEqual([undefined, undefined, undefined]);
});

test.each([
  ['OFT', { 'x.oft_blocks': of([2, 3, 3], mixed), 'x.alpha': of([], () => 1) }],
  ['BOFT', { 'x.boft_R': of([1, 2, 3, 3], mixed), 'x.boft_s': of([6, 1], mixed) }],
  ['VeRA', { 'x.vera_A': of([2, 5], mixed), 'x.vera_B': of([4, 2], mixed) }],
])('%s is no product, and named', async (kind, model) => {
  const tensors = await all(write(model, {}));
  expect(tensors.map((t) => [t.name, t.packed?.split(' (')[0]])).toEqual([['x', `packed as ${kind}`]]);
});

test('weights whose names begin like parts of such adapters are weights', async () => {
  const model = { 'm.bone_proj.weight': of([2, 3], mixed), 'm.oft_head.weight': of([2, 3], mixed) };
  expect((await all(write(model, {}))).map((t) => t.packed)).toEqual([undefined, undefined]);
});

test("QALoRA's factors are of pooled inputs; XLabs' pairs are found", async () => {
  const factors = { 'q.lora_A.weight': of([2, 5], mixed), 'q.lora_B.weight': of([4, 2], mixed) };
  const [q] = await all(write(factors, { lora_alpha: 2, r: 2, use_qalora: true }));
  expect(q.packed).toContain('QALoRA');
  const pair = { 'b.qkv_lora1.down.weight': of([2, 5], mixed), 'b.qkv_lora1.up.weight': of([4, 2], mixed) };
  const tensors = await all(write(pair, {}));
  expect(tensors.map((t) => [t.name, t.shape, t.factors?.rank])).toEqual([['b.qkv_lora1', [4, 5], 2]]);
});
