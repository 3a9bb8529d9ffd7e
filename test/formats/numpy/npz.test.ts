// .npz: archives written byte by byte, then NumPy's own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { all, failure, one, python, runPython, salvage } from '../helpers.js';
import { bytesOf, concat, npy, utf8, type ZipSpec, zip } from '../write.js';

const name = 'm.npz';
const numbers = Float64Array.from({ length: 2000 }, (_, i) => Math.sin(i));
const array = npy('<f8', [40, 50], bytesOf(numbers));
const stored: ZipSpec = { name: 'a.npy', data: array };
const deflated: ZipSpec = { name: 'b.npy', data: array, deflated: deflateSync(array) };

describe('what .npz can hold', () => {
  test.each([false, true])('stored and deflated entries, zip64: %s', async (zip64) => {
    const read = await all(zip([stored, deflated, { name: 'notes.txt', data: utf8('hello') }], zip64), {
      name,
    });
    expect(read.map((t) => [t.name, t.shape])).toEqual([
      ['a', [40, 50]],
      ['b', [40, 50]],
    ]);
    for (const tensor of read) expect(tensor.data).toEqual(numbers);
  });

  test('an archive with a comment, and one in a Blob', async () => {
    const file = zip([deflated]);
    file[file.length - 2] = 5;
    expect((await one(concat(file, utf8('hello')), { name })).name).toBe('b');
    expect((await one(new Blob([zip([deflated]).slice()]), { name })).data).toEqual(numbers);
  });

  test('many chunks of deflated data', async () => {
    const noise = Float64Array.from({ length: 60000 }, (_, i) => Math.sin(i * i));
    const data = npy('<f8', [200, 300], bytesOf(noise), true);
    const read = await one(zip([{ name: 'x.npy', data, deflated: deflateSync(data) }]), { name });
    expect(read.data[1]).toBe(noise[200]);
  });
});

describe('bad .npz files', () => {
  const good = zip([stored, deflated]);
  test('cuts', async () => {
    for (let cut = 0; cut < good.length; cut += 97) await failure(good.subarray(0, cut), { name });
    for (let cut = good.length - 150; cut < good.length; cut++) {
      expect(await failure(good.subarray(0, cut), { name })).toContain('may be cut');
    }
  });

  const zeros = npy('|u1', [1 << 20], new Uint8Array(1 << 20));
  const bomb = deflateSync(zeros);
  test.each<[string, ZipSpec, string]>([
    [
      'a size larger than it inflates to',
      { ...deflated, claim: { size: array.length + 1 } },
      '16001 are stored',
    ],
    [
      'a bomb: more than it claims',
      { name: 'a.npy', data: zeros, deflated: bomb, claim: { size: 1000 } },
      'inflates to more than the 1000 bytes it claims',
    ],
    [
      'a bomb: a header that fits',
      { ...deflated, claim: { size: 200 } },
      'inflates to more than the 200 bytes it claims',
    ],
    ['a claim past what deflate can', { ...deflated, claim: { size: 2 ** 31 } }, 'more than deflate can'],
    ['a stored entry with two sizes', { ...stored, claim: { size: 5 } }, 'claims 5'],
    [
      'a stored entry past the end',
      { ...stored, claim: { size: 10 ** 6, stored: 10 ** 6 } },
      "past the data's end",
    ],
    ['an offset past the end', { ...stored, claim: { offset: 10 ** 6 } }, "past the data's end"],
    ['an offset to nowhere', { ...stored, claim: { offset: 7 } }, ''],
    ['a wrong CRC', { ...deflated, claim: { crc: 1 } }, 'CRC-32'],
    ['a wrong CRC, stored', { ...stored, claim: { crc: 1 } }, 'CRC-32'],
    ['encryption', { ...stored, claim: { flags: 1 } }, 'is encrypted'],
    ['another method', { ...stored, claim: { method: 12 } }, 'compression method 12'],
    [
      'damaged deflate data',
      { ...deflated, deflated: deflated.deflated?.map((v, i) => (i > 40 ? v ^ 0x55 : v)) },
      '',
    ],
  ])('%s', async (_, spec, message) => {
    const { names, errors } = await salvage(zip([spec, { ...stored, name: 'ok.npy' }]), { name });
    expect(names).toEqual(['ok']);
    expect(Object.values(errors).join()).toContain(message);
    expect(Object.values(errors).join()).toContain(name);
  });

  test('data that goes on after the end of the stream', async () => {
    const tail = concat(deflated.deflated as Uint8Array, new Uint8Array(1 << 20));
    expect(await failure(zip([{ ...deflated, deflated: tail }]), { name })).toContain('ends before offset');
    const short = deflateSync(array.subarray(0, 5000));
    const cut = concat(short, new Uint8Array(1 << 20));
    expect(await failure(zip([{ ...deflated, deflated: cut }]), { name })).toContain('ends before offset');
  });

  test('maxBytes, twins, entries that share bytes', async () => {
    expect(await failure(zip([deflated]), { name, maxBytes: 1000 })).toContain('more than maxBytes (1000)');
    expect((await salvage(zip([stored, stored]), { name })).names).toEqual([]);
    const shared = zip([stored, { ...stored, name: 'c.npy', claim: { offset: 0 } }]);
    const { errors } = await salvage(shared, { name });
    expect(errors).toMatchObject({
      a: expect.stringContaining('overlaps'),
      c: expect.stringContaining("is named 'a.npy'"),
    });
  });

  test('archives of something else', async () => {
    expect(await failure(zip([{ name: 'x.txt', data: utf8('x') }]), { name: 'm.zip' })).toContain(
      'without .npy arrays',
    );
    expect(await failure(concat(utf8('PK\x03\x04'), new Uint8Array(100)), { name })).toContain('may be cut');
  });
});

describe.skipIf(!python)('files that NumPy wrote (skipped where NumPy is absent)', () => {
  test('savez and savez_compressed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'npz-'));
    try {
      runPython(
        `
import numpy as np, sys
a = np.arange(6000, dtype='f4').reshape(60, 100)
np.savez(sys.argv[1] + '/s.npz', a=a, b=np.asfortranarray(a), c=a.astype('>i8'))
np.savez_compressed(sys.argv[1] + '/c.npz', a=a, b=np.asfortranarray(a), c=a.astype('>i8'))`,
        folder,
      );
      for (const file of ['s.npz', 'c.npz']) {
        const read = await all(join(folder, file));
        expect(read.map((t) => t.name)).toEqual(['a', 'b', 'c']);
        for (const { data } of read) expect([data[0], data[1], data[5999]]).toEqual([0, 1, 5999]);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
