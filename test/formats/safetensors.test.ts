// .safetensors, byte by byte, whole and in shards.
import { describe, expect, test } from 'vitest';
import { all, failure, one, salvage } from './helpers.js';
import { bytesOf, concat, safetensors, safetensorsRaw, uint, utf8 } from './write.js';

const name = 'm.safetensors';
const f32 = (...values: number[]) => bytesOf(Float32Array.from(values));
const pair = (dtype: string, data: Uint8Array) => safetensors({ w: { dtype, shape: [1, 2], data } });

describe('what .safetensors can hold', () => {
  test.each<[string, string, Uint8Array, unknown]>([
    ['F64', 'float64', bytesOf(Float64Array.of(1, 1e300)), Float64Array.of(1, 1e300)],
    ['F32', 'float32', f32(1, -2), Float32Array.of(1, -2)],
    ['F16', 'float16', bytesOf(Uint16Array.of(0x3c00, 1)), Uint16Array.of(0x3c00, 1)],
    ['BF16', 'bfloat16', bytesOf(Uint16Array.of(0x3f80, 1)), Uint16Array.of(0x3f80, 1)],
    ['F8_E4M3', 'float8_e4m3', Uint8Array.of(0x38, 0xfe), Float32Array.of(1, -448)],
    ['F8_E5M2', 'float8_e5m2', Uint8Array.of(0x3c, 0xfb), Float32Array.of(1, -57344)],
    ['I8', 'int8', Uint8Array.of(1, 255), Int8Array.of(1, -1)],
    ['U8', 'uint8', Uint8Array.of(1, 255), Uint8Array.of(1, 255)],
    ['I16', 'int16', bytesOf(Int16Array.of(1, -300)), Int16Array.of(1, -300)],
    ['U16', 'uint16', bytesOf(Uint16Array.of(1, 65535)), Uint16Array.of(1, 65535)],
    ['I32', 'int32', bytesOf(Int32Array.of(1, -70000)), Int32Array.of(1, -70000)],
    ['U32', 'uint32', bytesOf(Uint32Array.of(1, 2 ** 32 - 1)), Uint32Array.of(1, 2 ** 32 - 1)],
    ['I64', 'int64', bytesOf(BigInt64Array.of(1n, -(2n ** 40n))), Float64Array.of(1, -(2 ** 40))],
    ['U64', 'uint64', bytesOf(BigUint64Array.of(1n, 2n ** 40n)), Float64Array.of(1, 2 ** 40)],
    ['BOOL', 'bool', Uint8Array.of(1, 0), Uint8Array.of(1, 0)],
  ])('%s', async (stored, dtype, data, expected) => {
    const read = await one(pair(stored, data), { name });
    expect(read).toMatchObject({ name: 'w', shape: [1, 2], dtype });
    expect(read.data).toEqual(expected);
    expect(read.bits).toBe(dtype === 'float16' || dtype === 'bfloat16' ? dtype : undefined);
  });

  test('infinities and NaN of the 8-bit floats', async () => {
    const read = await one(
      safetensors({ w: { dtype: 'F8_E5M2', shape: [4], data: Uint8Array.of(0x7c, 0xfc, 0x7d, 1) } }),
    );
    expect([...(read.data as Float32Array)]).toEqual([Infinity, -Infinity, NaN, 2 ** -16]);
    const e4 = await one(
      safetensors({ w: { dtype: 'F8_E4M3', shape: [2], data: Uint8Array.of(0x7f, 0xff) } }),
    );
    expect([...(e4.data as Float32Array)]).toEqual([NaN, NaN]);
  });

  test('metadata, scalars, empty tensors; recognised without a name', async () => {
    const file = safetensors(
      {
        a: { dtype: 'F32', shape: [], data: f32(5) },
        b: { dtype: 'F32', shape: [0, 3], data: new Uint8Array(0) },
        c: { dtype: 'F32', shape: [2, 1], data: f32(1, 2) },
      },
      { format: 'pt' },
    );
    const read = await all(file);
    expect(read.map((t) => [t.name, t.shape, t.data.length])).toEqual([
      ['a', [], 1],
      ['b', [0, 3], 0],
      ['c', [2, 1], 2],
    ]);
  });
});

describe('shards', () => {
  const one = safetensors({
    a: { dtype: 'F32', shape: [1, 1], data: f32(1) },
    x: { dtype: 'F32', shape: [1], data: f32(0) },
  });
  const two = safetensors({ b: { dtype: 'F32', shape: [1, 1], data: f32(2) } });
  const files: Record<string, Uint8Array> = { 'one.safetensors': one, 'two.safetensors': two };
  const open = (wanted: string) => {
    if (!(wanted in files)) throw new Error(`no ${wanted}`);
    return files[wanted];
  };
  const index = (map: Record<string, unknown>) =>
    utf8(JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }));

  test('each tensor comes from the shard that the index names', async () => {
    const file = index({ a: 'one.safetensors', b: 'two.safetensors' });
    const progress: [number, number][] = [];
    const read = await all(file, { name: 'i.json', open, onProgress: (...p) => void progress.push(p) });
    expect(read.map((t) => [t.name, t.data[0]])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(
      progress.every(([done, total], i) => done <= total && (i === 0 || done >= progress[i - 1][0])),
    ).toBe(true);
  });

  test('a missing shard or tensor costs no other', async () => {
    const file = index({
      a: 'none.safetensors',
      b: 'two.safetensors',
      c: 'two.safetensors',
      d: '../d.safetensors',
    });
    const { names, errors } = await salvage(file, { name: 'i.json', open });
    expect(names).toEqual(['b']);
    expect(errors).toMatchObject({
      'none.safetensors': expect.stringContaining('no none.safetensors'),
      c: expect.stringContaining("'c' is not in 'two.safetensors'"),
      '../d.safetensors': expect.stringContaining('is not the name of a file'),
    });
    expect(await failure(index({ a: 5 }), { name: 'i.json', open })).toContain(
      "a file name at weight_map['a']",
    );
    expect(await failure(utf8('{"weight_map": []}'), { name: 'i.json' })).toContain("'weight_map'");
  });
});

describe('bad .safetensors files', () => {
  const good = safetensors({ w: { dtype: 'F32', shape: [1, 2], data: f32(1, 2) } });
  test('every cut is an error', async () => {
    for (let cut = 0; cut < good.length; cut++) {
      expect(await failure(good.subarray(0, cut), { name })).toMatch(/^m\.safetensors: /);
    }
  });

  const header = (entries: string) => safetensorsRaw(`{${entries}}`, f32(1, 2, 3, 4));
  const entry = (own: string, begin: number, end: number, shape = `[${(end - begin) / 4}]`) =>
    `"${own}":{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;

  test.each([
    ['a header past the end', safetensorsRaw('{}', new Uint8Array(0), 1000), 'claims 1000 bytes; 8 are left'],
    [
      'a header of 2^63',
      safetensorsRaw('{}', new Uint8Array(0), 2n ** 63n),
      'claims 9223372036854776000 bytes',
    ],
    [
      'a header over 100 MB',
      concat(uint(100_000_001, 8), utf8('{'), new Uint8Array(8)),
      '100000000 is the most',
    ],
    ['no JSON', safetensorsRaw('{"a":', new Uint8Array(0)), 'is not JSON'],
    ['no object', safetensorsRaw('[1]', new Uint8Array(0)), 'expected a JSON object'],
    ['no UTF-8', concat(uint(8, 8), utf8('{"'), [0xff, 0xfe, 0xff, 0xff, 0xff, 0xff]), 'is not UTF-8'],
    ['deep nesting', safetensorsRaw(`{"a":${'['.repeat(50000)}`, new Uint8Array(0)), 'is not JSON'],
    ['overlap', header(`${entry('a', 0, 8)},${entry('b', 4, 12)}`), "'b' at offset"],
    ['out of range', header(entry('a', 8, 24)), 'claims 16 bytes at offset'],
    ['a twin', header(`${entry('a', 0, 8)},${entry('a', 8, 16)}`), "'a' is in the header twice"],
    [
      'a twin in disguise',
      header(`${entry('a', 0, 8)},${entry('\\u0061', 8, 16)}`),
      "'a' is in the header twice",
    ],
    ['offsets backwards', header(entry('a', 8, 4)), "has '[8, 4]' as data_offsets"],
    ['negative offsets', header(entry('a', -4, 4)), 'as data_offsets'],
    [
      'fractional offsets',
      header('"a":{"dtype":"F32","shape":[1],"data_offsets":[0.5,4.5]}'),
      'as data_offsets',
    ],
    ['no offsets', header('"a":{"dtype":"F32","shape":[1]}'), 'as data_offsets'],
    ['a wrong shape', header(entry('a', 0, 8, '[3]')), 'needs 12 bytes, 8 are stored'],
    ['a negative shape', header(entry('a', 0, 8, '[-2]')), "has '-2' as a dimension"],
    ['a text for a shape', header(entry('a', 0, 8, '"2"')), "lacks the field 'shape'"],
    [
      'an unknown dtype',
      header('"a":{"dtype":"F13","shape":[1],"data_offsets":[0,4]}'),
      "type 'f13', not supported",
    ],
    [
      'a dtype of Object',
      header('"a":{"dtype":"constructor","shape":[1],"data_offsets":[0,4]}'),
      'not supported',
    ],
    ['a number', header('"a":5'), 'has no object in the header'],
  ])('%s', async (_, file, message) => {
    expect(await failure(file, { name })).toContain(message);
  });

  test('one bad tensor costs no other', async () => {
    const file = header(
      `${entry('a', 0, 8)},${entry('b', 4, 12)},"c":5,${entry('d', 12, 16)},${entry('e', 16, 99)}`,
    );
    const { names, errors } = await salvage(file, { name });
    expect(names).toEqual(['a', 'd']);
    expect(Object.keys(errors).sort()).toEqual(['b', 'c', 'e']);
  });
});
