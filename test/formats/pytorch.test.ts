// PyTorch checkpoints: pickles written opcode by opcode.

import { existsSync } from 'node:fs';
import { deflateSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { all, failure, one, salvage } from './helpers.js';
import { bytesOf, concat, pickle, torchFile, torchStorage, torchTensor, uint, utf8, zip } from './write.js';

const name = 'm.pt';
const { short, int, tuple, global, call, dict, pickled } = pickle;
const values = Float32Array.from({ length: 12 }, (_, i) => i);
const storage = { kind: 'FloatStorage', key: '0', elements: 12 };
const storages = { 0: bytesOf(values) };
const state = (tensors: Record<string, Uint8Array>) => torchFile(pickled(dict(tensors)), storages);

describe('what a checkpoint can hold', () => {
  test('contiguous, transposed and sliced views of one storage', async () => {
    const file = state({
      whole: torchTensor(storage, 0, [3, 4], [4, 1]),
      transposed: torchTensor(storage, 0, [4, 3], [1, 4]),
      column: torchTensor(storage, 1, [3, 1], [4, 1]),
      part: torchTensor(storage, 5, [2, 2], [4, 1]),
      repeated: torchTensor(storage, 2, [2, 2], [0, 1]),
      scalar: torchTensor(storage, 7, [], []),
      empty: torchTensor(storage, 0, [0, 4], [4, 1]),
    });
    const read = Object.fromEntries(
      (await all(file, { name })).map((t) => [t.name, Array.from(t.data as Float32Array)]),
    );
    expect(read).toEqual({
      whole: [...values],
      transposed: [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
      column: [1, 5, 9],
      part: [5, 6, 9, 10],
      repeated: [2, 3, 2, 3],
      scalar: [7],
      empty: [],
    });
  });

  test('OrderedDict, parameters, nested containers, one tensor alone', async () => {
    const tensor = torchTensor(storage, 0, [3, 4], [4, 1]);
    const parameter = call(
      global('torch._utils', '_rebuild_parameter'),
      tensor,
      Uint8Array.of(0x88),
      call(global('collections', 'OrderedDict')),
    );
    const ordered = concat(
      call(global('collections', 'OrderedDict')),
      utf8('('),
      short('layer.weight'),
      parameter,
      utf8('u'),
      dict({ _metadata: dict({}) }),
      utf8('b'),
    );
    const list = concat(utf8(']('), tensor, tensor, utf8('e'));
    const file = torchFile(
      pickled(dict({ model: ordered, epoch: int(3), list, lr: concat(utf8('G'), new Uint8Array(8)) })),
      storages,
    );
    expect((await all(file, { name })).map((t) => t.name)).toEqual([
      'model.layer.weight',
      'list.0',
      'list.1',
    ]);
    expect((await one(torchFile(pickled(tensor), storages), { name })).name).toBe('m');
  });

  test.each<[string, string, ArrayBufferView, unknown]>([
    ['DoubleStorage', 'float64', Float64Array.of(1, 2), Float64Array.of(1, 2)],
    ['HalfStorage', 'float16', Uint16Array.of(1, 2), Uint16Array.of(1, 2)],
    ['BFloat16Storage', 'bfloat16', Uint16Array.of(1, 2), Uint16Array.of(1, 2)],
    ['CharStorage', 'int8', Int8Array.of(1, -2), Int8Array.of(1, -2)],
    ['ByteStorage', 'uint8', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    ['ShortStorage', 'int16', Int16Array.of(1, -2), Int16Array.of(1, -2)],
    ['IntStorage', 'int32', Int32Array.of(1, -2), Int32Array.of(1, -2)],
    ['LongStorage', 'int64', BigInt64Array.of(1n, -2n), Float64Array.of(1, -2)],
    ['BoolStorage', 'bool', Uint8Array.of(1, 0), Uint8Array.of(1, 0)],
  ])('%s, in both byte orders', async (kind, dtype, stored, expected) => {
    const data = pickled(torchTensor({ kind, key: '0', elements: 2 }, 0, [1, 2], [2, 1]));
    const read = await one(torchFile(data, { 0: bytesOf(stored) }), { name });
    expect(read.dtype).toBe(dtype);
    expect(read.data).toEqual(expected);
    const swapped = bytesOf(stored);
    const size = swapped.length / 2;
    swapped.subarray(0, size).reverse();
    swapped.subarray(size).reverse();
    expect((await one(torchFile(data, { 0: swapped }, 'big'), { name })).data).toEqual(expected);
  });

  /** A matrix over all bytes of storage 0. */
  const untyped = (rows: number, columns: number, dtype: string) =>
    call(
      global('torch._utils', '_rebuild_tensor_v3'),
      torchStorage({ kind: 'UntypedStorage', key: '0', elements: rows * columns }),
      int(0),
      tuple(int(rows), int(columns)),
      tuple(int(columns), int(1)),
      Uint8Array.of(0x89),
      Uint8Array.of(0x4e),
      global('torch', dtype),
    );

  test('_rebuild_tensor_v3 with a dtype over an untyped storage', async () => {
    const v3 = untyped(2, 2, 'float8_e4m3fn');
    const read = await one(torchFile(pickled(v3), { 0: Uint8Array.of(0x38, 0xb8, 0, 0x40) }), { name });
    expect(read.dtype).toBe('float8_e4m3');
    expect(read.data).toEqual(Float32Array.of(1, -1, 0, 2));
  });

  test('pairs of 4-bit floats are no bytes, and have no rank without scales', async () => {
    const v3 = untyped(2, 3, 'float4_e2m1fn_x2');
    const file = torchFile(pickled(dict({ w: v3 })), { 0: new Uint8Array(6) });
    expect(await one(file, { name })).toMatchObject({
      shape: [2, 6],
      packed: 'packed as float4_e2m1, not analysed',
    });
  });

  test('a storage that is part of another, as before PyTorch 0.4; views that are not what is stored', async () => {
    const rebuilt = (part: Uint8Array, hooks: Uint8Array, ...more: Uint8Array[]) =>
      call(
        global('torch._utils', '_rebuild_tensor_v2'),
        concat(
          tuple(short('storage'), global('torch', 'FloatStorage'), short('0'), short('cpu'), int(12), part),
          utf8('Q'),
        ),
        int(1),
        tuple(int(2), int(2)),
        tuple(int(2), int(1)),
        Uint8Array.of(0x89),
        hooks,
        ...more,
      );
    const hooks = call(global('collections', 'OrderedDict'));
    const part = (start: number, size: number) => tuple(short('v'), int(start), int(size));
    const { tensors, errors } = await salvage(
      state({
        w: rebuilt(part(4, 6), hooks),
        short: rebuilt(part(4, 4), hooks),
        past: rebuilt(part(8, 6), hooks),
        negated: rebuilt(Uint8Array.of(0x4e), hooks, dict({ neg: Uint8Array.of(0x88) })),
        plain: rebuilt(Uint8Array.of(0x4e), hooks, dict({ neg: Uint8Array.of(0x89) })),
      }),
      { name },
    );
    expect(tensors.map((t) => [t.name, Array.from(t.data as Float32Array)])).toEqual([
      ['w', [5, 6, 7, 8]],
      ['plain', [1, 2, 3, 4]],
    ]);
    expect(errors.short).toContain('reaches element 9 of a storage of 8');
    expect(errors.past).toContain('damaged part of a storage');
    expect(errors.negated).toContain('conjugated or negated view');
  });

  test('protocol 4: frames, short strings, memo, stack globals', async () => {
    const s = (text: string) => concat([0x8c, text.length], utf8(text), [0x94]);
    const stackGlobal = (module: string, own: string) => concat(s(module), s(own), [0x93, 0x94]);
    const persistent = concat(
      utf8('('),
      s('storage'),
      stackGlobal('torch', 'FloatStorage'),
      s('0'),
      s('cpu'),
      [0x4b, 12],
      utf8('tQ'),
    );
    const tensor = concat(
      stackGlobal('torch._utils', '_rebuild_tensor_v2'),
      utf8('('),
      persistent,
      [0x4b, 0, 0x4b, 3, 0x8a, 1, 4, 0x86, 0x4b, 4, 0x4d, 1, 0, 0x86, 0x89, 0x7d],
      utf8('tR'),
    );
    const data = concat([0x80, 4, 0x95], uint(1000, 8), [0x7d], s('w'), tensor, utf8('s.'));
    expect((await one(torchFile(data, storages), { name })).data).toEqual(values);
  });
});

describe('what a checkpoint names beside its tensors', () => {
  const weight = torchTensor(storage, 0, [3, 4], [4, 1]);
  const build = (object: Uint8Array, state: Uint8Array) => concat(object, state, utf8('b'));
  const made = (module: string, own: string) => concat(global(module, own), utf8(')'), [0x81]);
  test.each([
    ['argparse.Namespace', build(made('argparse', 'Namespace'), dict({ lr: int(1) }))],
    ['a function', global('torch.nn.functional', 'gelu')],
    [
      'a numpy scalar',
      call(
        global('numpy.core.multiarray', 'scalar'),
        call(global('numpy', 'dtype'), short('f8')),
        short('x'),
      ),
    ],
    ['a path', call(global('pathlib', 'PosixPath'), short('/'), short('data'))],
    ['a complex number', call(global('builtins', 'complex'), int(1), int(2))],
    ['os.system', call(global('os', 'system'), short('touch taken'))],
    ['builtins.eval', call(global('builtins', 'eval'), short('1'))],
    ['a call of a call', call(call(global('builtins', 'getattr'), int(1)), int(2))],
    ['a call with a number', concat(global('torch', 'Size'), int(1), utf8('R'))],
    ['INST', utf8('(ios\nsystem\n')],
    ['OBJ', concat(utf8('('), global('os', 'system'), short('true'), utf8('o'))],
    ['NEWOBJ_EX', concat(global('os', 'system'), utf8(')}'), [0x92])],
    ['EXT1', Uint8Array.of(0x82, 1)],
    ['PERSID', utf8('Pabc\n')],
    ['a list of its own kind', concat(call(global('omegaconf', 'ListConfig')), int(1), utf8('a'))],
    [
      'a dict of its own kind',
      concat(call(global('omegaconf', 'DictConfig')), short('k'), int(1), utf8('s')),
    ],
    ['integers of protocol 0', utf8("(I01\nI-7\nL12L\nF1.5\nVtext\nS'x'\nt")],
  ])('%s', async (_, value) => {
    const file = torchFile(pickled(dict({ before: value, fc: dict({ weight }), after: value })), storages);
    const read = await one(file, { name });
    expect(read).toMatchObject({ name: 'fc.weight', shape: [3, 4] });
    expect(existsSync('taken')).toBe(false);
  });

  test('a whole model, and TorchScript: weights among the attributes of objects', async () => {
    const linear = build(
      made('torch.nn.modules.linear', 'Linear'),
      dict({ _parameters: dict({ weight }), training: int(1) }),
    );
    const model = build(made('mine', 'Net'), dict({ _modules: dict({ fc: linear }), epoch: int(3) }));
    expect((await one(torchFile(pickled(model), storages), { name })).name).toBe('fc.weight');
    const script = build(
      made('__torch__', 'Net'),
      dict({ fc: build(made('__torch__', 'Linear'), dict({ weight })) }),
    );
    expect((await one(torchFile(pickled(script), storages), { name })).name).toBe('fc.weight');
  });
});

describe('pickles that are not tensors', () => {
  test.each([
    ['an empty stack', utf8('R'), 'that is not there'],
    ['no mark', utf8('t'), 'needs a mark'],
    ['no STOP', utf8('N')],
    ['an unknown memo', utf8('h\x05'), 'recalls 5'],
    ['a lying string', concat(utf8('X'), uint(2 ** 32 - 1, 4)), 'needs 4294967295 more bytes'],
    ['a 64-bit lying string', concat([0x8d], uint(2n ** 63n, 8)), 'more bytes'],
    ['an odd dict', utf8('}(Nu'), 'a key without a value'],
    ['append to None', utf8('NNa'), 'is no list'],
    ['protocol 9', Uint8Array.of(0x80, 9), 'protocol 9'],
    ['values left', utf8('NN'), 'values left'],
    ['an opcode that pickle has not', Uint8Array.of(0xff), 'opcode 0xff'],
  ] as [string, Uint8Array, string?][])('%s', async (_, body, message = 'ends without STOP') => {
    const data = message === 'ends without STOP' ? concat([0x80, 2], body) : pickled(body);
    expect(await failure(torchFile(data, storages), { name })).toContain(message);
  });

  test('copies that grow without end, and maps that are one byte each', async () => {
    const pair = Uint8Array.of(0x4e, 0x4e, 0x86);
    const pairs = concat(utf8(']q\x01('), ...Array.from({ length: 4000 }, () => pair), utf8('e0'));
    const copy = concat(global('collections', 'OrderedDict'), [0x68, 1, 0x85, 0x52, 0x30]);
    const copies = Array.from({ length: 4000 }, () => copy);
    const copied = torchFile(pickled(concat(pairs, ...copies, utf8('N'))), storages);
    expect(await failure(copied, { name })).toContain('more values than fit into 512 MiB');
    // Deflated, nineteen kilobytes of file are nineteen megabytes of empty dicts.
    const data = pickled(concat(utf8('('), new Uint8Array(4e6).fill(0x7d), utf8('t')));
    const bomb = zip([{ name: 'a/data.pkl', data, deflated: deflateSync(data) }]);
    expect(bomb.length).toBeLessThan(19_000);
    expect(await failure(bomb, { name })).toContain('more values than fit');
  });

  test('a name that stands for a list within lists is no text to be made of it', async () => {
    // Each list holds the one before it twice; as text the last is 2^40 brackets long.
    const doubled = Array.from({ length: 40 }, () => utf8('q\x01h\x01')).map((b) => concat(b, [0x86]));
    const list = concat(utf8(')'), ...doubled);
    expect(await failure(torchFile(pickled(concat(list, short('x'), [0x93])), storages), { name })).toContain(
      'a name that is no text',
    );
    const keyed = concat(utf8('}'), list, torchTensor(storage, 0, [3, 4], [4, 1]), utf8('s'));
    expect((await one(torchFile(pickled(keyed), storages), { name })).name).toBe('?');
  });

  test('one long key in the name of every tensor', async () => {
    const tensor = torchTensor(storage, 0, [0, 4], [4, 1]);
    const nest = (inner: Uint8Array) => dict({ ['k'.repeat(4000)]: inner });
    const many = concat(
      tensor,
      utf8('q\x07(h\x07'),
      ...Array.from({ length: 20_000 }, () => utf8('h\x07')),
      utf8('t'),
      [0x86],
    );
    const read = salvage(torchFile(pickled(nest(many)), storages), { name });
    await expect(read).rejects.toThrow('the names of the tensors up to');
  });

  test('a list that holds itself', async () => {
    expect(await all(torchFile(pickled(utf8(']q\x01h\x01a')), storages), { name })).toEqual([]);
  });
});

describe('bad tensors', () => {
  test('one bad tensor costs no other', async () => {
    const q = call(global('torch._utils', '_rebuild_qtensor'), torchStorage(storage));
    const { names, errors } = await salvage(
      state({
        ok: torchTensor(storage, 0, [3, 4], [4, 1]),
        far: torchTensor(storage, 1, [3, 4], [4, 1]),
        negative: torchTensor(storage, 0, [3, -4], [4, 1]),
        backwards: torchTensor(storage, 11, [3, 4], [-4, -1]),
        ragged: torchTensor(storage, 0, [3, 4], [4]),
        absent: torchTensor({ ...storage, key: '9' }, 0, [3, 4], [4, 1]),
        long: torchTensor({ ...storage, elements: 13 }, 0, [3, 4], [4, 1]),
        complex: torchTensor({ ...storage, kind: 'ComplexFloatStorage' }, 0, [2, 2], [2, 1]),
        vast: torchTensor(storage, 0, [2 ** 30, 2 ** 30], [0, 0]),
        quantised: q,
        last: torchTensor(storage, 0, [4], [1]),
      }),
      { name },
    );
    expect(names).toEqual(['ok', 'last']);
    expect(errors).toMatchObject({
      far: expect.stringContaining('reaches element 13 of a storage of 12'),
      negative: expect.stringContaining('as a dimension'),
      backwards: expect.stringContaining('negative stride'),
      ragged: expect.stringContaining('do not fit together'),
      absent: expect.stringContaining("needs the storage '9'"),
      long: expect.stringContaining('needs 52 bytes of storage'),
      complex: expect.stringContaining("needs 96 bytes of storage '0'"),
      vast: expect.stringContaining('tensor'),
      quantised: expect.stringContaining('do not fit together'),
    });
  });

  test('a dimension that is a list within lists is not multiplied, which would write it out', async () => {
    const doubled = Array.from({ length: 40 }, () => concat(utf8('q\x01h\x01'), [0x86]));
    const list = concat(utf8(')'), ...doubled, utf8('q\x020'));
    const bad = call(
      global('torch._utils', '_rebuild_tensor_v2'),
      torchStorage(storage),
      int(0),
      tuple(utf8('h\x02'), int(4)),
      tuple(int(4), int(1)),
    );
    const good = torchTensor(storage, 0, [3, 4], [4, 1]);
    const file = torchFile(pickled(concat(list, dict({ bad, good }))), storages);
    const { names, errors } = await salvage(file, { name });
    expect(names).toEqual(['good']);
    expect(errors.bad).toContain("has 'an array of 2' as a dimension");
  });

  test('a bare pickle and a foreign archive', async () => {
    expect(await failure(pickled(int(1)), { name })).toContain('is a pickle that is not of PyTorch');
    expect(await failure(zip([{ name: 'a/data.pkl', data: new Uint8Array(0) }]), { name })).toContain(
      'without STOP',
    );
  });
});
