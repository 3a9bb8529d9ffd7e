// .gguf, byte by byte.
import { describe, expect, test } from 'vitest';
import { all, failure, one, salvage } from './helpers.js';
import { bytesOf, concat, gguf, ggufNumber, ggufText, ggufTexts, uint, utf8 } from './write.js';

const name = 'm.gguf';
const f32 = (...values: number[]) => bytesOf(Float32Array.from(values));
const tensor = (own: string, type = 0, data = f32(1, 2, 3, 4, 5, 6), dims = [3, 2]) => ({
  name: own,
  dims,
  type,
  data,
});

test('types, metadata of every kind, shapes turned outermost first', async () => {
  const metadata = [
    ggufText('general.architecture', 'test'),
    ggufTexts('tokens', ['a', 'bb', '']),
    ggufNumber('n', 5),
  ];
  const file = gguf(
    [
      tensor('a'),
      tensor('b', 1, bytesOf(Uint16Array.of(1, 2, 3, 4, 5, 6))),
      tensor('c', 30, bytesOf(Uint16Array.of(1, 2, 3, 4, 5, 6))),
      tensor('d', 28, bytesOf(Float64Array.of(1, 2, 3, 4, 5, 6))),
      tensor('e', 24, Uint8Array.of(1, 2, 3, 4, 5, 255)),
    ],
    metadata,
  );
  const read = await all(file, { name });
  expect(read.map((t) => [t.name, t.dtype, t.shape, t.bits])).toEqual([
    ['a', 'float32', [2, 3], undefined],
    ['b', 'float16', [2, 3], 'float16'],
    ['c', 'bfloat16', [2, 3], 'bfloat16'],
    ['d', 'float64', [2, 3], undefined],
    ['e', 'int8', [2, 3], undefined],
  ]);
  expect(read[0].data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  expect(read[4].data).toEqual(Int8Array.of(1, 2, 3, 4, 5, -1));
  expect((await one(gguf([tensor('a')], [], 2))).name).toBe('a');
});

describe('low-rank adapters', () => {
  const a = { ...tensor('q.weight.lora_a'), dims: [3, 2] }; // [2, 3]
  const b = (type = 0, data = f32(1, 0, 0, 1, 2, 2, 3, 3)) => ({
    name: 'q.weight.lora_b',
    dims: [2, 4],
    type,
    data,
  });
  const alpha = (value: number) =>
    concat(uint(18, 8), utf8('adapter.lora.alpha'), uint(6, 4), bytesOf(Float32Array.of(value)));

  test.each([
    [8, 4],
    [0, 1],
  ])('a pair is one weight, alpha %d scales it by %d', async (value, scale) => {
    const half = bytesOf(Uint16Array.of(0x3c00, 0, 0, 0x3c00, 0x4000, 0x4000, 0x4200, 0x4200));
    for (const up of [b(), b(1, half)]) {
      const read = await one(gguf([up, a], [alpha(value)]), { name });
      expect(read).toMatchObject({ name: 'q.weight', shape: [4, 3], storage: 'lora' });
      expect(read.factors).toEqual({
        left: Float32Array.from([1, 0, 0, 1, 2, 2, 3, 3], (x) => x * scale),
        right: Float32Array.of(1, 2, 3, 4, 5, 6),
        rank: 2,
      });
    }
  });

  test('one factor, factors that do not meet, factors in blocks that are not known', async () => {
    const read = async (...tensors: Parameters<typeof gguf>[0]) =>
      (await all(gguf(tensors), { name })).map((t) => [t.name, t.packed]);
    expect(await read(a)).toEqual([['q.weight', 'an adapter without its lora_b, not analysed']]);
    expect(await read(b())).toEqual([['q.weight', 'an adapter without its lora_a, not analysed']]);
    const turned = { ...b(), dims: [4, 2] };
    expect(await read(a, turned)).toEqual([
      ['q.weight', 'packed (lora_a float32 [2, 3], lora_b float32 [2, 4]), not analysed'],
    ]);
    const unknown = await read(a, b(34));
    expect(unknown[0][1]).toContain('TQ1_0');
  });
});

describe('bad GGUF files', () => {
  test('a quantised tensor costs no other', async () => {
    const { names, errors, tensors } = await salvage(
      gguf([tensor('a'), tensor('q', 12), tensor('x', 99), tensor('b')]),
      { name },
    );
    expect(names).toEqual(['a', 'x', 'b']);
    expect(errors.q).toContain('has rows of no whole blocks of 256');
    expect(tensors[1]).toMatchObject({
      packed: 'packed as ggml type 99, not analysed',
      data: new Uint8Array(0),
    });
  });

  test('cuts', async () => {
    const good = gguf([tensor('a')], [ggufText('k', 'v')]);
    for (let cut = 0; cut < good.length - 8; cut++) {
      expect(await failure(good.subarray(0, cut), { name })).toMatch(/^m\.gguf: /);
    }
  });

  test('lies', async () => {
    const file = (at: number, value: number | bigint, size = 8) => {
      const bytes = gguf([tensor('a')]);
      bytes.set(uint(value, size), at);
      return bytes;
    };
    expect(await failure(file(4, 1, 4), { name })).toContain('GGUF version 1');
    expect(await failure(file(8, 2n ** 63n), { name })).toContain('tensors at offset');
    expect(await failure(file(16, 2n ** 60n), { name })).toContain(':');
    expect(await failure(file(24, 2n ** 40n), { name })).toContain(
      'a name at offset 24 claims 1099511627776 bytes',
    );
    expect(await failure(file(33, 1000, 4), { name })).toContain('has 1000 dimensions');
    expect(await failure(file(37, 2n ** 40n), { name })).toContain('needs 8796093022208 bytes');
    expect(await failure(file(57, 2n ** 40n), { name })).toContain('at offset');
    const overlapping = gguf([tensor('a'), tensor('b')]);
    overlapping.set(uint(0, 8), 24 + 41 + 33); // the offset of the second tensor
    const { names, errors } = await salvage(overlapping, { name });
    expect(names).toEqual(['a']);
    expect(errors.b).toContain('overlaps another');
    const twice = await salvage(gguf([tensor('a'), tensor('b'), tensor('a')]), { name });
    expect(twice.names).toEqual(['b']);
    expect(twice.errors.a).toContain('is in the header twice');
    const wide = concat(uint(17, 8), utf8('general.alignment'), uint(10, 4), uint(64, 8));
    expect(await failure(gguf([tensor('a')], [wide]), { name })).toContain('metadata type 10, not 4');
  });
});
