// Packed weights that nobody here decodes, by the names that their tools give the parts: none may come out as a matrix.
// And packed weights whose parts lie in other files: put together, or said to lack them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { toMatrices } from '../../src/formats/index.js';
import { all, salvage } from './helpers.js';
import {
  bytesOf,
  npy,
  onnxGraph,
  onnxModel,
  onnxNode,
  onnxTensor,
  type SafetensorSpec,
  safetensors,
  zip,
} from './write.js';
import { torch } from './write-torch.js';

const SIZES: Record<string, number> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
};
/** A tensor of bytes that stand for numbers in every type. */
const of = (dtype: string, ...shape: number[]): SafetensorSpec => ({
  dtype,
  shape,
  data: Uint8Array.from(
    { length: shape.reduce((a, b) => a * b, SIZES[dtype]) },
    (_, i) => (i * 37 + 11) & 63,
  ),
});
type Model = Record<string, SafetensorSpec>;

/** [out, in] = [16, 32] each. */
const PACKINGS: Record<string, Model> = {
  HQQ: { W_q: of('U8', 8, 32), scale: of('F16', 16, 1), zero: of('F16', 16, 1) },
  'HQQ, without its meta': { W_q: of('U8', 8, 32) },
  EETQ: { weight: of('I8', 32, 16), weight_scales: of('F16', 16) },
  'quanto int8': { 'weight._data': of('I8', 16, 32), 'weight._scale': of('F32', 16, 1) },
  "ComfyUI's NVFP4": {
    weight: of('U8', 128, 32),
    weight_scale: of('F8_E4M3', 128, 4),
    weight_scale_2: of('F32'),
    comfy_quant: of('U8', 18),
  },
  "ComfyUI's MXFP8": {
    weight: of('F8_E4M3', 128, 128),
    weight_scale: of('U8', 128, 4),
    comfy_quant: of('U8', 18),
  },
  'quanto int4, its codes in a tensor of their own': {
    'weight._data._data': of('U8', 8, 32),
    'weight._scale': of('F32', 16, 1),
    'weight._shift': of('F32', 16, 1),
  },
  'quanto int4': {
    'weight._data': of('U8', 8, 32),
    'weight._scale': of('F32', 16, 1),
    'weight._shift': of('F32', 16, 1),
  },
  torchao: {
    _weight_qdata: of('I8', 16, 32),
    _weight_scale: of('F32', 16, 1),
    _weight_zero_point: of('I8', 16, 1),
  },
  'torchao, its parts after a colon': { 'weight:qdata': of('I8', 16, 32), 'weight:scale': of('F32', 16, 1) },
  Marlin: { B: of('I32', 2, 32), s: of('F16', 1, 16), workspace: of('I32', 16) },
  'Marlin 2:4': { weight_packed: of('I32', 1, 32), scale_packed: of('F16', 1, 16), meta: of('I16', 16, 2) },
  AQLM: { codes: of('I8', 16, 4, 2), codebooks: of('F16', 2, 256, 1, 8), scales: of('F16', 16, 1, 1, 1) },
  SpQR: {
    dense_weights: of('I64', 16, 4),
    row_offsets: of('I32', 17),
    col_vals: of('I32', 8),
    in_perm: of('I64', 32),
  },
  VPTQ: { indices: of('I32', 1, 4, 8), 'centroids.weight': of('F16', 1, 2048), weight_scale: of('F16', 32) },
  'QuIP#': { Qidxs: of('I64', 16, 4), SU: of('F16', 32), SV: of('F16', 16), codebook_id: of('I64', 1) },
  QTIP: { trellis: of('I16', 4, 16), SU: of('F16', 32), SV: of('F16', 16), tlut: of('F16', 512, 2) },
  EXL2: {
    q_weight: of('I32', 4, 16),
    q_scale: of('I32', 1, 2),
    q_scale_max: of('F16', 1),
    q_groups: of('I16', 2),
  },
  EXL3: { trellis: of('I16', 2, 1, 64), suh: of('F16', 32), svh: of('F16', 16) },
  FLUTE: {
    weight: of('I16', 8, 32),
    scales: of('F16', 16, 1),
    tables: of('F16', 16),
    tables2: of('F16', 16, 16),
  },
  BitNet: { weight: of('U8', 4, 32), weight_scale: of('BF16', 1) },
  'TensorRT-LLM, int8': { weight: of('I8', 32, 16), per_channel_scale: of('F16', 16) },
  OneBit: { weight: of('U8', 16, 4), in_channel_scale: of('F16', 32), out_channel_scale: of('F16', 16) },
  BitBLAS: { qweight: of('I8', 16, 16), scales: of('F16', 16, 1), zeros: of('F16', 16, 1) },
  Nunchaku: { qweight: of('I8', 16, 16), wscales: of('BF16', 1, 16), smooth_factor: of('BF16', 32) },
  'Quark, int4 in words': {
    weight: of('I32', 16, 4),
    weight_scale: of('F16', 16, 1),
    weight_zero_point: of('I32', 16, 1),
  },
  'sparse 2:4 with a bitmask': {
    'weight.compressed': of('F16', 16, 16),
    'weight.bitmask': of('U8', 16, 4),
    'weight.shape': of('I64', 2),
  },
  'NVFP4 without its second scale': { weight: of('U8', 16, 16), weight_scale: of('F8_E4M3', 16, 2) },
  'bitsandbytes without anything': { weight: of('U8', 256, 1) },
  'bitsandbytes without its state': {
    weight: of('U8', 256, 1),
    'weight.absmax': of('F32', 8),
    'weight.quant_map': of('F32', 16),
  },
  'FP8 with a scale of activations only': { weight: of('F8_E4M3', 16, 32), input_scale: of('F32') },
  'FP8 of TensorRT-LLM, activations only': {
    weight: of('F8_E4M3', 16, 32),
    activation_scaling_factor: of('F32', 1),
  },
  'scales of 128 x 128 without their weight': { weight_scale_inv: of('F32', 8, 8) },
};

describe('packings that are named and not analysed', () => {
  test.each(Object.entries(PACKINGS))('%s', async (_, parts) => {
    const named = (prefix: string) =>
      Object.fromEntries(Object.entries(parts).map(([key, part]) => [prefix + key, part]));
    for (const prefix of ['model.layers.0.mlp.down_proj.', 'encoder/layer_0/dense/']) {
      const model = { ...named(prefix), 'other.weight': of('F32', 4, 6) };
      const { tensors, errors } = await salvage(safetensors(model));
      expect(errors).toEqual({});
      const matrices = tensors.flatMap(toMatrices).map((m) => m.name);
      expect(matrices, prefix).toEqual(['other.weight']);
      expect(tensors.filter((t) => t.packed?.startsWith('packed ('))).toHaveLength(1);
    }
  });

  test('one weight without the scales that others of its type have', async () => {
    const file = safetensors({
      'a.weight': of('F8_E4M3', 16, 32),
      'a.weight_scale': of('F32', 16, 1),
      'b.weight': of('F8_E4M3', 16, 32),
    });
    const [a, b] = await all(file);
    expect(a.storage).toBe('fp8-e4m3 x row scales');
    expect(b.packed).toBe('packed (float8_e4m3 without scales, which others have), not analysed');
  });

  test('integers and float8 that nothing says more of are what they are', async () => {
    const file = safetensors({
      'a.weight': of('F8_E4M3', 16, 32),
      'b.counts': of('I32', 4, 6),
      relative_position_index: of('I32', 6, 6),
      logit_scale: of('F32', 1),
    });
    expect((await all(file)).flatMap(toMatrices).map((m) => m.name)).toEqual([
      'a.weight',
      'b.counts',
      'relative_position_index',
    ]);
  });
});

describe('a weight and its scales in different files', () => {
  const root = mkdtempSync(join(tmpdir(), 'shards-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const weight = of('F8_E4M3', 16, 32);
  const scale = { ...of('F32', 16, 1), data: new Uint8Array(new Float32Array(16).fill(0.5).buffer) };
  const [one, two] = [
    { 'a.weight': weight, 'z.weight': of('F32', 3, 3) },
    { 'a.weight_scale': scale, 'b.weight': of('F32', 4, 4) },
  ];
  let folders = 0;
  /** A folder of files; what is no bytes is written as JSON. */
  function folder(files: Record<string, Uint8Array | object>): string {
    const at = join(root, String(folders++));
    mkdirSync(at);
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(at, name), content instanceof Uint8Array ? content : JSON.stringify(content));
    return at;
  }
  const index = (a: string, b: string) => ({
    weight_map: { 'a.weight': a, 'z.weight': a, 'a.weight_scale': b, 'b.weight': b },
  });
  const counted = (i: number, end = 'safetensors') => `model-0000${i}-of-00002.${end}`;
  const rows = async (path: string) =>
    (await salvage(path)).tensors.map(({ name, storage, packed }) => [name, packed ?? storage]);
  const A = ['a.weight', 'fp8-e4m3 x row scales'];
  const [Z, B] = [
    ['z.weight', 'float32'],
    ['b.weight', 'float32'],
  ];
  const LOST = [
    'a.weight',
    'packed (float8_e4m3, its scales perhaps in a file that is not here), not analysed',
  ];

  test.each([
    ['safetensors', safetensors],
    ['bin', torch],
  ] as const)('an index of .%s', async (end, write) => {
    const at = folder({
      [`one.${end}`]: write(one),
      [`two.${end}`]: write(two),
      'model.index.json': index(`one.${end}`, `two.${end}`),
    });
    expect(await rows(join(at, 'model.index.json'))).toEqual([A, Z, B]);
    rmSync(join(at, `two.${end}`));
    expect(await rows(join(at, 'model.index.json'))).toEqual([LOST, Z]);
  });

  test('an index of both formats', async () => {
    const at = folder({
      'one.safetensors': safetensors(one),
      'two.bin': torch(two),
      'i.index.json': index('one.safetensors', 'two.bin'),
    });
    expect(await rows(at)).toEqual([A, Z, B]);
  });

  test.each([
    ['safetensors', safetensors],
    ['bin', torch],
  ] as const)('.%s files that count themselves, without an index', async (end, write) => {
    const at = folder({ [counted(1, end)]: write(one), [counted(2, end)]: write(two) });
    expect(await rows(join(at, counted(1, end)))).toEqual([A, Z]);
    expect(await rows(join(at, counted(2, end)))).toEqual([B]);
    expect((await rows(at)).map(([, storage]) => storage)).toEqual([A[1], Z[1], B[1]]);
    rmSync(join(at, counted(2, end)));
    expect(await rows(join(at, counted(1, end)))).toEqual([LOST, Z]);
  });

  test('one file of an index', async () => {
    const at = folder({
      'x.safetensors': safetensors(one),
      'y.safetensors': safetensors(two),
      'model.safetensors.index.json': index('x.safetensors', 'y.safetensors'),
    });
    expect(await rows(join(at, 'x.safetensors'))).toEqual([A, Z]);
    expect(await rows(join(at, 'y.safetensors'))).toEqual([B]);
  });

  test('bytes called like one of two', async () => {
    const { tensors } = await salvage(safetensors(one), { name: counted(1) });
    expect(tensors[0].packed).toBe(LOST[1]);
  });

  test('scales whose weight is in a file that is not here', async () => {
    const at = folder({ [counted(2)]: safetensors({ ...two, 'c.scales': of('F16', 4, 4) }) });
    const part = 'packed (part of a weight that is in a file that is not here), not analysed';
    expect(await rows(join(at, counted(2)))).toEqual([['a.weight_scale', part], B, ['c.scales', part]]);
  });

  test.each([
    ['config.json', { quantization_config: { quant_method: 'fp8' } }, 'fp8'],
    ['hf_quant_config.json', { quantization: { quant_algo: 'FP8' } }, 'FP8'],
  ])('none, where %s says that there are some', async (name, config, method) => {
    const at = folder({ 'm.safetensors': safetensors(one), [name]: config });
    const why = `packed (float8_e4m3 without scales, where config.json says ${method}), not analysed`;
    expect(await rows(at)).toEqual([['a.weight', why], Z]);
  });
});

describe('other containers', () => {
  const bytes = (n: number) => of('U8', n).data;
  const floats = (n: number) => bytesOf(Float32Array.from({ length: n }, (_, i) => i + 1));

  test.each(['fc.weight', 'fc/kernel', 'w'])('.npz: %s and its scale', async (name) => {
    const file = zip([
      { name: `${name}.npy`, data: npy('|u1', [8, 6], bytes(48)) },
      { name: `${name}_scale.npy`, data: npy('<f4', [8, 1], floats(8)) },
      { name: 'other.npy', data: npy('<f4', [3, 3], floats(9)) },
    ]);
    const { tensors, errors } = await salvage(file, { name: 'm.npz' });
    expect(errors).toEqual({});
    expect(tensors.map((t) => [t.name, t.packed])).toEqual([
      [name, 'packed (uint8 beside _scale), not analysed'],
      ['other', undefined],
    ]);
  });

  test('.npz: int8 with the scales of its rows is decoded', async () => {
    const file = zip([
      { name: 'fc.weight.npy', data: npy('|i1', [4, 2], Uint8Array.of(1, 255, 2, 3, 4, 5, 6, 7)) },
      { name: 'fc.weight_scale.npy', data: npy('<f4', [4], floats(4)) },
    ]);
    const [{ data, storage }] = await all(file, { name: 'm.npz' });
    expect([...(data as Float32Array)]).toEqual([1, -1, 4, 6, 12, 15, 24, 28]);
    expect(storage).toBe('int8 x row scales');
  });

  const node = (op: string, inputs: string[], domain = '') =>
    onnxNode({ op, inputs, outputs: [`${op}_out`], domain });
  test.each<[string, string, Uint8Array[]]>([
    ['scaled by Cast and Mul', 'scaled in the graph', [node('Cast', ['w']), node('Mul', ['Cast_out', 's'])]],
    [
      'turned before DequantizeLinear',
      'an input of DequantizeLinear',
      [node('Transpose', ['w']), node('DequantizeLinear', ['Transpose_out', 's'])],
    ],
    [
      'chosen before DequantizeLinear',
      'an input of DequantizeLinear',
      [node('Gather', ['w', 'i']), node('DequantizeLinear', ['Gather_out', 's'])],
    ],
    ['in an operator of somebody', 'an input of Foo', [node('Foo', ['x', 'w'], 'my.own')]],
    ['in QMoE', 'an input of QMoE', [node('QMoE', ['x', 'w'], 'com.microsoft')]],
  ])('.onnx: %s', async (_, why, nodes) => {
    const tensors = [
      onnxTensor({ name: 'w', dims: [4, 6], type: 3, raw: bytes(24) }),
      onnxTensor({ name: 's', dims: [], type: 1, raw: floats(1) }),
    ];
    const [w] = await all(onnxModel(onnxGraph(nodes, tensors)), { name: 'm.onnx' });
    expect(w.packed).toBe(`packed (int8, ${why}), not analysed`);
  });

  test('.onnx: integers that nothing scales are what they are', async () => {
    const tensor = onnxTensor({ name: 'w', dims: [4, 6], type: 3, raw: bytes(24) });
    const graph = onnxGraph([node('Gather', ['w', 'i']), node('MatMul', ['x', 'w'])], [tensor]);
    expect(toMatrices((await all(onnxModel(graph), { name: 'm.onnx' }))[0])).toHaveLength(1);
  });
});
