// .onnx: messages written field by field, then read.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { all, failure, one, salvage } from './helpers.js';
import {
  bytesField,
  bytesOf,
  concat,
  graphAttribute,
  intField,
  type OnnxTensorSpec,
  onnxEntry,
  onnxGraph,
  onnxModel,
  onnxNode,
  onnxTensor,
  tensorAttribute,
  utf8,
  varint,
} from './write.js';

const name = 'm.onnx';
const model = (...tensors: OnnxTensorSpec[]) => onnxModel(onnxGraph([], tensors.map(onnxTensor)));
const packed = (field: number, values: readonly (number | bigint)[]) =>
  bytesField(field, concat(...values.map(varint)));
const f32 = (...values: number[]) => bytesOf(Float32Array.from(values));
const w = (own: string, dims: number[] = [2, 2]): Uint8Array =>
  onnxTensor({ name: own, dims, type: 1, raw: new Uint8Array(4 * dims.reduce((a, b) => a * b, 1)) });

describe('how elements are stored', () => {
  test.each<[string, number, Uint8Array, unknown]>([
    ['float_data', 1, bytesField(4, f32(1, -2, 3, 4)), Float32Array.of(1, -2, 3, 4)],
    [
      'float_data in two pieces',
      1,
      concat(bytesField(4, f32(1, -2)), bytesField(4, f32(3, 4))),
      Float32Array.of(1, -2, 3, 4),
    ],
    [
      'float_data, not packed',
      1,
      concat(...[1, -2, 3, 4].map((v) => concat(varint(4 * 8 + 5), f32(v)))),
      Float32Array.of(1, -2, 3, 4),
    ],
    [
      'double_data',
      11,
      bytesField(10, bytesOf(Float64Array.of(1, 2, 3, 1e300))),
      Float64Array.of(1, 2, 3, 1e300),
    ],
    ['int64_data', 7, packed(7, [1, -2, 2n ** 53n - 1n, 0]), Float64Array.of(1, -2, 2 ** 53 - 1, 0)],
    [
      'int64_data, not packed',
      7,
      concat(...[1, -2, 3, 0].map((v) => intField(7, v))),
      Float64Array.of(1, -2, 3, 0),
    ],
    ['uint64_data', 13, packed(11, [1, 2, 2n ** 52n, 0]), Float64Array.of(1, 2, 2 ** 52, 0)],
    ['uint64_data as uint32', 12, packed(11, [1, 2, 2 ** 32 - 1, 0]), Uint32Array.of(1, 2, 2 ** 32 - 1, 0)],
    ['int32_data', 6, packed(5, [1, -2, 2 ** 31 - 1, 0]), Int32Array.of(1, -2, 2 ** 31 - 1, 0)],
    ['int32_data as int8', 3, packed(5, [1, -2, 127, -128]), Int8Array.of(1, -2, 127, -128)],
    ['int32_data as uint8', 2, packed(5, [1, 2, 255, 0]), Uint8Array.of(1, 2, 255, 0)],
    ['int32_data as int16', 5, packed(5, [1, -2, 32767, 0]), Int16Array.of(1, -2, 32767, 0)],
    ['int32_data as uint16', 4, packed(5, [1, 2, 65535, 0]), Uint16Array.of(1, 2, 65535, 0)],
    ['int32_data as bool', 9, packed(5, [1, 0, 1, 0]), Uint8Array.of(1, 0, 1, 0)],
    ['int32_data as float16', 10, packed(5, [0x3c00, 0xc000, 0, 1]), Uint16Array.of(0x3c00, 0xc000, 0, 1)],
    ['int32_data as bfloat16', 16, packed(5, [0x3f80, 0xc000, 0, 1]), Uint16Array.of(0x3f80, 0xc000, 0, 1)],
    ['int32_data as float8_e4m3', 17, packed(5, [0x38, 0xc0, 0x7e, 1]), Float32Array.of(1, -2, 448, 2 ** -9)],
    [
      'int32_data as float8_e5m2',
      19,
      packed(5, [0x3c, 0xc0, 0x7b, 1]),
      Float32Array.of(1, -2, 57344, 2 ** -16),
    ],
    [
      'raw float8_e4m3fnuz',
      18,
      bytesField(9, Uint8Array.of(0x40, 0xc8, 0x7f, 1)),
      Float32Array.of(1, -2, 240, 2 ** -10),
    ],
    [
      'raw float8_e5m2fnuz',
      20,
      bytesField(9, Uint8Array.of(0x40, 0xc4, 0x7f, 1)),
      Float32Array.of(1, -2, 57344, 2 ** -17),
    ],
    ['raw int4', 22, bytesField(9, Uint8Array.of(0xf1, 0x87)), Int8Array.of(1, -1, 7, -8)],
    ['int32_data as uint4', 21, packed(5, [0xf1, 0x87]), Uint8Array.of(1, 15, 7, 8)],
  ])('%s', async (_, type, data, expected) => {
    const tensor = await one(model({ name: 'w', dims: [2, 2], type, data }), { name });
    expect(tensor.shape).toEqual([2, 2]);
    expect(tensor.data).toEqual(expected);
  });

  test('raw_data at every alignment, in bytes and in a Blob', async () => {
    for (let shift = 0; shift < 8; shift++) {
      const tensor = { name: 'w'.repeat(shift + 1), dims: [1, 3], type: 1, raw: f32(1, 2, 3) };
      const file = concat(new Uint8Array(shift), model(tensor)).subarray(shift);
      const read = await one(file, { name });
      expect(read.data).toEqual(Float32Array.of(1, 2, 3));
      expect((read.data as Float32Array).buffer).not.toBe(file.buffer);
      expect((await one(new Blob([file.slice()]), { name })).data).toEqual(read.data);
    }
  });

  test('packed dims, dtype and bits', async () => {
    const read = await one(
      model({ name: 'w', dims: [1, 2, 1], packedDims: true, type: 10, raw: new Uint8Array(4) }),
    );
    expect(read).toMatchObject({ name: 'w', shape: [1, 2, 1], dtype: 'float16', bits: 'float16' });
  });

  test('limits such as 2^63 - 1 in a vector are no error', async () => {
    const read = await one(model({ name: 'ends', dims: [1], type: 7, data: packed(7, [2n ** 63n - 1n]) }));
    expect(read.data[0]).toBe(2 ** 63);
    expect(
      await failure(model({ name: 'w', dims: [1, 1], type: 7, data: packed(7, [2n ** 63n - 1n]) })),
    ).toContain('past 2^53');
  });
});

describe('where weights are, and what uses them', () => {
  test('initializers, Constants, subgraphs with their path, local functions', async () => {
    const inner = onnxGraph(
      [onnxNode({ op: 'Constant', outputs: ['c2'], attributes: [tensorAttribute('value', w('ignored'))] })],
      [w('i2')],
    );
    const loop = onnxNode({ op: 'Loop', name: 'loop', attributes: [graphAttribute('body', inner)] });
    const branch = onnxGraph([loop], [w('i1')]);
    const graph = onnxGraph(
      [
        onnxNode({ op: 'Constant', outputs: ['c0'], attributes: [tensorAttribute('value', w('ignored'))] }),
        onnxNode({ op: 'If', name: 'if', attributes: [graphAttribute('then_branch', branch)] }),
        onnxNode({ op: 'ConstantOfShape', outputs: ['no'], attributes: [tensorAttribute('value', w('no'))] }),
      ],
      [w('i0')],
    );
    const body = onnxNode({
      op: 'Constant',
      outputs: ['c3'],
      attributes: [tensorAttribute('value', w('ignored'))],
    });
    const local = concat(bytesField(1, 'fn'), bytesField(7, body));
    const read = await all(onnxModel(graph, [local]), { name });
    expect(read.map((t) => t.name)).toEqual(['i0', 'c0', 'if/i1', 'if/loop/i2', 'if/loop/c2', 'fn/c3']);
  });

  test('layouts by operator, through Cast and into subgraphs', async () => {
    const inner = onnxGraph(
      [onnxNode({ op: 'Conv', inputs: ['x', 'outer'] }), onnxNode({ op: 'LSTM', inputs: ['x', 'own'] })],
      [w('own')],
    );
    const shadow = onnxGraph([onnxNode({ op: 'Conv', inputs: ['x', 'gather'] })], [w('gather')]);
    const graph = onnxGraph(
      [
        onnxNode({ op: 'Conv', inputs: ['x', 'conv', 'bias'] }),
        onnxNode({ op: 'ConvTranspose', inputs: ['x', 'deconv'] }),
        onnxNode({ op: 'Gemm', inputs: ['x', 'gemm'] }),
        onnxNode({ op: 'Cast', inputs: ['half'], outputs: ['full'] }),
        onnxNode({ op: 'MatMul', inputs: ['x', 'full'] }),
        onnxNode({ op: 'GRU', inputs: ['x', 'W', 'R'] }),
        onnxNode({ op: 'QLinearConv', inputs: ['x', 's', 'z', 'q'] }),
        onnxNode({ op: 'Gather', inputs: ['gather', 'ids'] }),
        onnxNode({ op: 'Identity', inputs: ['circle'], outputs: ['circle'] }),
        onnxNode({
          op: 'If',
          name: 'a',
          attributes: [graphAttribute('g', inner), graphAttribute('h', shadow)],
        }),
      ],
      ['conv', 'deconv', 'gemm', 'half', 'W', 'R', 'q', 'gather', 'circle', 'outer'].map((n) => w(n)),
    );
    const layouts = Object.fromEntries(
      (await all(onnxModel(graph), { name })).map((t) => [t.name, t.layout]),
    );
    expect(layouts).toEqual({
      conv: 'OIHW',
      deconv: undefined,
      gemm: 'dense',
      half: 'dense',
      W: 'rnn',
      R: 'rnn',
      q: 'OIHW',
      gather: undefined,
      circle: undefined,
      outer: 'OIHW',
      'a/own': 'rnn',
      'a/gather': 'OIHW',
    });
  });

  test('a filter saves the reading, progress ends at the whole', async () => {
    const progress: number[][] = [];
    const options = {
      filter: (n: string) => n === 'b',
      onProgress: (...p: number[]) => void progress.push(p),
    };
    const file = onnxModel(onnxGraph([], [w('a'), w('b')]));
    expect((await all(file, { name, ...options })).map((t) => t.name)).toEqual(['b']);
    expect(progress.at(-1)).toEqual([file.length, file.length]);
  });
});

describe('external data', () => {
  const external = (own: string, dims: number[], entries: Record<string, string>) =>
    onnxTensor({
      name: own,
      dims,
      type: 1,
      data: concat(...Object.entries(entries).map(([k, v]) => onnxEntry(k, v)), intField(14, 1)),
    });

  test('offset and length, beside the model and below it, from a path and from bytes', async () => {
    const data = f32(9, 1, 2, 3);
    const file = onnxModel(
      onnxGraph(
        [],
        [
          external('a', [1, 3], { location: 'w.bin', offset: '4', length: '12' }),
          external('b', [2, 2], { location: 'sub/w.bin' }),
        ],
      ),
    );
    const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
    try {
      mkdirSync(join(folder, 'sub'));
      writeFileSync(join(folder, name), file);
      writeFileSync(join(folder, 'w.bin'), data);
      writeFileSync(join(folder, 'sub', 'w.bin'), data);
      const read = await all(join(folder, name));
      expect(read.map((t) => t.data)).toEqual([Float32Array.of(1, 2, 3), Float32Array.of(9, 1, 2, 3)]);
      const asked: string[] = [];
      const open = (wanted: string) => {
        asked.push(wanted);
        return data;
      };
      expect((await all(file, { name, open })).map((t) => t.data)).toEqual(read.map((t) => t.data));
      expect(asked).toEqual(['w.bin', 'sub/w.bin']);
      expect(await failure(file, { name })).toContain("'w.bin' beside it is needed");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    [{ location: '../w.bin' }, "'../w.bin' is not the name of a file"],
    [{ location: '/etc/passwd' }, "'/etc/passwd' is not the name of a file"],
    [{ location: 'a\\..\\..\\b' }, 'is not the name of a file'],
    [{ location: 'C:\\b' }, 'is not the name of a file'],
    [{ location: 'https://example.org/w' }, 'is not the name of a file'],
    [{ offset: '0' }, 'without a location'],
    [{ location: 'w.bin', offset: '-4' }, "has '-4' as offset"],
    [{ location: 'w.bin', offset: '8' }, 'needs 12 bytes at offset 8, the file has 16'],
    [{ location: 'w.bin', length: '4' }, 'needs 12 bytes, 4 are stored'],
  ])('%o', async (entries, message) => {
    const file = onnxModel(onnxGraph([], [external('w', [1, 3], entries as Record<string, string>)]));
    expect(await failure(file, { name, open: () => new Uint8Array(16) })).toContain(message);
  });
});

describe('bad ONNX files', () => {
  const good = model({ name: 'w', dims: [2, 2], type: 1, raw: f32(1, 2, 3, 4) });
  test('every cut is an error', async () => {
    const end = good.length - 1 - bytesField(8, concat(bytesField(1, ''), intField(2, 17))).length;
    for (let cut = 0; cut <= end; cut++)
      expect(await failure(good.subarray(0, cut), { name })).toMatch(/^m\.onnx: /);
  });

  test('one bad tensor costs no other', async () => {
    const file = onnxModel(
      onnxGraph(
        [],
        [
          w('good1'),
          onnxTensor({ name: 'short', dims: [3, 3], type: 1, raw: f32(1) }),
          onnxTensor({ name: 'text', dims: [1], type: 8, data: bytesField(6, 'x') }),
          onnxTensor({ name: 'complex', dims: [1, 1], type: 14, raw: new Uint8Array(8) }),
          onnxTensor({ name: 'unknown', dims: [1], type: 99, raw: f32(1) }),
          onnxTensor({ name: 'negative', dims: [-1, 2], type: 1, raw: f32(1) }),
          onnxTensor({ name: 'vast', dims: [2n ** 62n, 2n ** 62n], type: 1, raw: f32(1) }),
          onnxTensor({ name: 'much', dims: [2 ** 20, 2 ** 20], type: 6, data: packed(5, [1]) }),
          onnxTensor({ name: 'few', dims: [4, 1], type: 6, data: packed(5, [2 ** 30, 1]) }),
          onnxTensor({ name: 'many', dims: [2, 1], type: 6, data: packed(5, [1, 2, 3]) }),
          onnxTensor({ name: 'none', dims: [2, 1], type: 1 }),
          concat(intField(1, 1), intField(2, 1), bytesField(8, 'damaged'), varint(9 * 8 + 2), varint(1000)),
          w('good2'),
        ],
      ),
    );
    const { names, errors } = await salvage(file, { name });
    expect(names).toEqual(['good1', 'complex', 'good2']);
    expect(errors).toMatchObject({
      short: expect.stringContaining("'short' of float32 [3, 3] needs 36 bytes, 4 are stored at offset"),
      text: expect.stringContaining("'text' is of type 'string', not supported"),
      unknown: expect.stringContaining('has data type 99'),
      negative: expect.stringContaining("has '-1' as a dimension"),
      vast: expect.stringContaining('dimension'),
      much: expect.stringContaining('bytes at least'),
      few: expect.stringContaining('needs 4 elements, 2 are stored'),
      many: expect.stringContaining('more than 2 are stored'),
      none: expect.stringContaining('needs 2 elements, 0 are stored'),
      damaged: expect.stringContaining('claims 1000 bytes, its message has 0 left'),
    });
  });

  test('graphs that nest without end', async () => {
    let graph = onnxGraph([], [w('x')]);
    for (let i = 0; i < 100; i++)
      graph = onnxGraph([onnxNode({ op: 'If', attributes: [graphAttribute('g', graph)] })], []);
    expect(await failure(onnxModel(graph), { name })).toContain('nest deeper than 32');
  });

  test.each([
    ['no graph', intField(1, 8), 'no graph'],
    ['a graph that is a number', concat(intField(1, 8), intField(7, 1)), 'wire type 0, not 2'],
    [
      'a length of 2^62',
      concat(varint(7 * 8 + 2), varint(2n ** 62n)),
      'claims 4611686018427388000 bytes, its message has 0 left',
    ],
    [
      'an endless varint',
      Uint8Array.from([8, ...new Array(30).fill(255)]),
      'field 1 of the model at offset 0 holds an integer of more than ten bytes',
    ],
    ['group wire types', Uint8Array.of(0x0b), 'wire type 3'],
    ['field number 0', Uint8Array.of(0x02, 0x00), 'a number that no field has'],
    ['text', utf8('hello, world'), ''],
  ])('%s', async (_, file, message) => {
    expect(await failure(file, { name })).toContain(message);
  });
});
