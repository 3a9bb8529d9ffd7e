// tfjs models: manifests and shards.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toMatrices } from '../../src/formats/index.js';
import { all, failure, salvage } from './helpers.js';
import { bytesOf, concat, uint, utf8 } from './write.js';

const name = 'model.json';
const json = (value: unknown) => utf8(JSON.stringify(value));
const text = (value: string) => concat(uint(utf8(value).length, 4), utf8(value));

const weights = [
  { name: 'a/kernel', shape: [2, 2], dtype: 'float32' },
  { name: 'words', shape: [3], dtype: 'string' },
  { name: 'b', shape: [1, 3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
  { name: 'c', shape: [1, 2], dtype: 'float32', quantization: { dtype: 'uint16', scale: 2, min: 1 } },
  { name: 'd', shape: [1, 2], dtype: 'float32', quantization: { dtype: 'float16' } },
  { name: 'e', shape: [1, 2], dtype: 'int32' },
  { name: 'f', shape: [2, 1], dtype: 'bool' },
  { name: 'g', shape: [1, 2], dtype: 'int32', quantization: { dtype: 'uint8', scale: 1.4, min: 0 } },
];
const data = concat(
  bytesOf(Float32Array.of(1, 2, 3, 4)),
  text('one'),
  text(''),
  text('drei'),
  [0, 2, 255],
  bytesOf(Uint16Array.of(0, 65535)),
  bytesOf(Uint16Array.of(0x3c00, 0xc000)),
  bytesOf(Int32Array.of(-1, 7)),
  [1, 0],
  [1, 2],
);
const expected = {
  'a/kernel': Float32Array.of(1, 2, 3, 4),
  b: Float32Array.of(-1, 0, 126.5),
  c: Float32Array.of(1, 131071),
  d: Uint16Array.of(0x3c00, 0xc000),
  e: Int32Array.of(-1, 7),
  f: Uint8Array.of(1, 0),
  g: Int32Array.of(1, 3),
};
const from = (tensors: Awaited<ReturnType<typeof all>>) =>
  Object.fromEntries(tensors.map((t) => [t.name, t.data]));

describe('what a tfjs model can hold', () => {
  test('every dtype and quantisation, strings stepped over, weights across shards', async () => {
    for (const size of [1, 7, 16, 1000]) {
      const files: Record<string, Uint8Array> = {};
      for (let i = 0; i * size < data.length; i++) files[`s${i}.bin`] = data.slice(i * size, (i + 1) * size);
      const model = json({ modelTopology: {}, weightsManifest: [{ paths: Object.keys(files), weights }] });
      expect(from(await all(model, { name, open: (wanted) => files[wanted] }))).toEqual(expected);
    }
  });

  test('a bare manifest of two groups, from a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tfjs-'));
    try {
      writeFileSync(join(folder, 'one.bin'), bytesOf(Float32Array.of(1)));
      writeFileSync(join(folder, 'two.bin'), bytesOf(Float32Array.of(2)));
      const group = (own: string) => ({
        paths: [`${own}.bin`],
        weights: [{ name: own, shape: [1, 1], dtype: 'float32' }],
      });
      writeFileSync(join(folder, 'weights_manifest.json'), json([group('one'), group('two')]));
      const read = await all(join(folder, 'weights_manifest.json'));
      // Printed with spaces, so that the first brace stands where a .safetensors header has its own.
      const pretty = utf8(`[\n      ${JSON.stringify(group('one'))}]`);
      expect((await all(pretty, { open: (own) => join(folder, own) })).map((t) => t.name)).toEqual(['one']);
      expect(from(read)).toEqual({ one: Float32Array.of(1), two: Float32Array.of(2) });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('two weights of one name cost themselves, no other', async () => {
    const weight = (own: string) => ({ name: own, shape: [1, 1], dtype: 'float32' });
    const model = json([
      { paths: ['w'], weights: [weight('a'), weight('b')] },
      { paths: ['v'], weights: [weight('c'), weight('a')] },
    ]);
    const { tensors, errors } = await salvage(model, { name, open: () => bytesOf(Float32Array.of(1, 2)) });
    expect(from(tensors)).toEqual({ b: Float32Array.of(2), c: Float32Array.of(1) });
    expect(errors).toEqual({ a: "model.json: weight 'a' is there twice." });
  });

  test('dtype and quantization say how it was stored', async () => {
    const model = json([{ paths: ['w'], weights }]);
    const read = await all(model, { name, open: () => data });
    expect(read.find((t) => t.name === 'b')).toMatchObject({ dtype: 'float32', quantization: 'uint8' });
    expect(read.find((t) => t.name === 'd')).toMatchObject({ dtype: 'float16', bits: 'float16' });
  });
});

describe('layouts', () => {
  const bytes = bytesOf(Float32Array.from({ length: 96 }, (_, i) => i));
  const read = async (topology: unknown, specs: [string, number[]][]) => {
    const list = specs.map(([own, shape]) => ({ name: own, shape, dtype: 'float32' }));
    const model = json({ modelTopology: topology, weightsManifest: [{ paths: ['w'], weights: list }] });
    return all(model, { name, open: () => concat(bytes, bytes, bytes, bytes) });
  };

  test('layers models tell by the weight’s name', async () => {
    const tensors = await read({ model_config: {} }, [
      ['conv2d/kernel', [2, 2, 3, 4]],
      ['dw/depthwise_kernel', [2, 2, 3, 2]],
      ['dense/kernel', [4, 2]],
      ['conv1d/kernel', [2, 3, 4]],
      ['emb/embeddings', [4, 2]],
    ]);
    expect(tensors.map((t) => t.layout)).toEqual(['HWIO', 'HWCM', 'dense', 'HWIO', undefined]);
    const conv = toMatrices(tensors[0])[0];
    expect(conv.shape).toEqual([4, 12]);
    // row o, column (i, h, w) is element (h, w, i, o)
    expect(conv.data[1 * 12 + 2 * 4 + 1 * 2 + 1]).toBe(((1 * 2 + 1) * 3 + 2) * 4 + 1);
    const depthwise = toMatrices(tensors[1])[0];
    expect(depthwise.shape).toEqual([6, 4]);
    expect(depthwise.data[(2 * 2 + 1) * 4 + 3]).toBe((3 * 3 + 2) * 2 + 1 + 48);
  });

  test('graph models tell by their nodes', async () => {
    const node = (own: string, op: string, ...input: string[]) => ({ name: own, op, input });
    const topology = {
      node: [
        node('k', 'Const'),
        node('read', 'Identity', 'k'),
        node('conv', '_FusedConv2D', 'x', 'read', 'bias'),
        node('dw', 'DepthwiseConv2dNative', 'x', 'd:0'),
        node('mm', 'MatMul', 'x', 'm'),
      ],
      library: { function: [{ nodeDef: [node('c', 'Conv2D', 'x', 'inner')] }] },
    };
    const tensors = await read(topology, [
      ['k', [1, 1, 2, 2]],
      ['d', [1, 1, 2, 2]],
      ['m', [2, 2]],
      ['inner', [1, 1, 2, 2]],
      ['other', [1, 1, 2, 2]],
    ]);
    expect(tensors.map((t) => t.layout)).toEqual(['HWIO', 'HWCM', 'dense', 'HWIO', undefined]);
  });
});

describe('bad tfjs models', () => {
  const model = (list: unknown[], paths: unknown[] = ['w']) => json([{ paths, weights: list }]);
  const w = (own: string, extra: object = {}) => ({ name: own, shape: [1, 1], dtype: 'float32', ...extra });
  const open = () => new Uint8Array(12);

  test.each([
    ['no JSON', utf8('{"weightsManifest": ['), 'is not JSON'],
    ['no manifest', json({ weightsManifest: 5 }), "array in the field 'weightsManifest'"],
    ['another JSON', json({ a: 1 }), 'is JSON, but neither rows'],
    ['no paths', json([{ weights: [] }]), "expected 'paths' and 'weights' in weightsManifest[0]"],
    ['a path that escapes', model([w('a')], ['../w']), "'../w' is not the name of a file"],
    ['a path that is no text', model([w('a')], [5]), "'5' is not the name of a file"],
    ['too few bytes', model([w('a', { shape: [2, 2] })]), 'needs 16 bytes at offset 0, the file has 12'],
    ['no name', model([{ shape: [1], dtype: 'float32' }]), 'has no name'],
    ['no shape', model([{ name: 'a', dtype: 'float32' }]), "lacks the field 'shape'"],
    ['a negative shape', model([w('a', { shape: [-1] })]), "has '-1' as a dimension"],
    ['a vast shape', model([w('a', { shape: [2 ** 40, 2 ** 40] })]), 'more elements than any file'],
    ['an unknown type', model([w('a', { dtype: 'complex32' })]), "type 'complex32', not supported"],
    [
      'a foreign quantisation',
      model([w('a', { quantization: { dtype: 'int3' } })]),
      "is quantised to 'int3'",
    ],
    [
      'a scale that is missing',
      model([w('a', { quantization: { dtype: 'uint8', min: 0 } })]),
      "lacks 'scale'",
    ],
    [
      'strings without end',
      model([w('s', { dtype: 'string', shape: [2 ** 50] })]),
      'needs 4 bytes at offset 12',
    ],
  ])('%s', async (_, file, message) => {
    expect(await failure(file, { name, open })).toContain(message);
  });

  test('a lying string, and what comes after it', async () => {
    const file = model([w('a'), w('s', { dtype: 'string' }), w('b')]);
    const { names, errors } = await salvage(file, {
      name,
      open: () => concat(new Uint8Array(4), uint(2 ** 32 - 1, 4), [1]),
    });
    expect(names).toEqual(['a']);
    expect(errors.s).toContain('claims 4294967295 bytes at offset 4');
    expect(errors['weightsManifest[0]']).toContain('the 1 weights after');
  });

  test('one bad weight costs no other', async () => {
    const file = model([w('a'), w('b', { quantization: { dtype: 'uint8' } }), w('c')]);
    expect((await salvage(file, { name, open })).names).toEqual(['a']);
    const big = model([w('a'), w('b', { shape: [9] }), w('c')]);
    expect((await salvage(big, { name, open })).names).toEqual(['a']);
  });
});
