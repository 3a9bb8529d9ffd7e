// .npy byte by byte, then the files of NumPy itself.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failure, one, python, runPython } from '../helpers.js';
import { bytesOf, concat, npy, npyRaw } from '../write.js';

const name = 'a.npy';
const counting = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('what .npy can hold', () => {
  test.each([
    ['<f8', 'float64', Float64Array],
    ['<f4', 'float32', Float32Array],
    ['|i1', 'int8', Int8Array],
    ['<i2', 'int16', Int16Array],
    ['<i4', 'int32', Int32Array],
    ['|u1', 'uint8', Uint8Array],
    ['<u2', 'uint16', Uint16Array],
    ['<u4', 'uint32', Uint32Array],
  ] as const)('%s, in both byte orders', async (descr, dtype, Type) => {
    const data = Type.from([1, 2, 3, 4, 100, 6]);
    const little = await one(npy(descr, [2, 3], bytesOf(data)), { name });
    expect(little).toEqual({ name: 'a', shape: [2, 3], dtype, storage: dtype, data });
    const swapped = bytesOf(data);
    const size = data.BYTES_PER_ELEMENT;
    for (let i = 0; i < swapped.length; i += size) swapped.subarray(i, i + size).reverse();
    const big = await one(npy(descr.replace('<', '>'), [2, 3], swapped), { name });
    expect(big.data).toEqual(data);
  });

  test('float16 stays as bits, bool becomes 0 and 1', async () => {
    const half = Uint16Array.of(0x3c00, 0xc000);
    expect(await one(npy('<f2', [1, 2], bytesOf(half)), { name })).toMatchObject({
      name: 'a',
      shape: [1, 2],
      dtype: 'float16',
      data: half,
      bits: 'float16',
    });
    const flags = await one(npy('|b1', [1, 3], Uint8Array.of(0, 1, 7)), { name });
    expect([...(flags.data as Uint8Array)]).toEqual([0, 1, 1]);
  });

  test('64-bit integers become float64 exactly, or not at all', async () => {
    const big = [2n ** 53n - 1n, -(2n ** 53n) + 1n, -1n, 4294967296n];
    const ok = await one(npy('<i8', [2, 2], bytesOf(BigInt64Array.from(big))), { name });
    expect([...(ok.data as Float64Array)]).toEqual(big.map(Number));
    expect(await failure(npy('<u8', [1, 1], bytesOf(BigUint64Array.of(2n ** 53n))), { name })).toContain(
      'past 2^53',
    );
    expect(await failure(npy('<i8', [1, 1], bytesOf(BigInt64Array.of(-(2n ** 63n)))), { name })).toContain(
      'element 0',
    );
    const limit = await one(npy('<i8', [1], bytesOf(BigInt64Array.of(2n ** 63n - 1n))), { name });
    expect(limit.data[0]).toBe(2 ** 63);
  });

  test('Fortran order becomes row-major, in 2, 3 and 4 dimensions', async () => {
    for (const shape of [[70, 41], [5, 33, 34], [2, 3, 4, 5], [1, 7], [7, 1], [6]]) {
      const n = shape.reduce((a, b) => a * b, 1);
      const stored = new Float32Array(n);
      const index = shape.map(() => 0);
      for (let i = 0; i < n; i++) {
        let at = 0;
        for (let k = shape.length - 1; k >= 0; k--) at = at * shape[k] + index[k];
        stored[at] = i;
        for (let k = shape.length - 1; k >= 0 && ++index[k] === shape[k]; k--) index[k] = 0;
      }
      const read = await one(npy('<f4', shape, bytesOf(stored), true), { name });
      expect([...(read.data as Float32Array)]).toEqual(counting(n));
    }
  });

  test('versions 1, 2 and 3, scalars, empty arrays, unaligned bytes', async () => {
    for (const version of [1, 2, 3]) {
      const file = npy('<f4', [2], bytesOf(Float32Array.of(5, 6)), false, version);
      expect((await one(file, { name })).data).toEqual(Float32Array.of(5, 6));
      const shifted = concat([0, 0, 0], file).subarray(3);
      const read = await one(shifted, { name });
      expect(read.data).toEqual(Float32Array.of(5, 6));
      expect((read.data as Float32Array).buffer.byteLength).toBe(8);
    }
    expect((await one(npy('<f8', [], bytesOf(Float64Array.of(3))), { name })).shape).toEqual([]);
    expect((await one(npy('<f8', [0, 4], new Uint8Array(0)), { name })).data.length).toBe(0);
  });

  test('the filter sees name, shape and dtype, and a Blob reads the same', async () => {
    const file = npy('<f4', [1, 2], bytesOf(Float32Array.of(5, 6)));
    const seen: unknown[] = [];
    const filter = (...args: unknown[]) => seen.push(args) < 0;
    await expect(one(file, { name, filter })).rejects.toThrow('0 tensors');
    expect(seen).toEqual([['a', { shape: [1, 2], dtype: 'float32' }]]);
    expect((await one(new Blob([file.slice()]), { name })).data).toEqual(Float32Array.of(5, 6));
  });
});

describe('bad .npy files', () => {
  const good = npy('<f4', [2, 3], bytesOf(new Float32Array(6)));
  test('every cut is an error', async () => {
    for (let cut = 0; cut < good.length; cut++) {
      expect(await failure(good.subarray(0, cut), { name })).toMatch(/^a\.npy: /);
    }
  });
  test.each([
    ['dates', npy('<M8[s]', [1], new Uint8Array(8)), "dtype '<M8[s]' (dates)"],
    ['objects', npy('|O', [1], new Uint8Array(8)), "dtype '|O' (objects)"],
    ['text', npy('<U3', [1], new Uint8Array(12)), "dtype '<U3' (text)"],
    ['bytes', npy('|S3', [1], new Uint8Array(3)), "dtype '|S3' (bytes)"],
    ['long double', npy('<f16', [1], new Uint8Array(16)), "dtype '<f16'"],
    [
      'fields of two types',
      npyRaw(
        "{'descr': [('x', '<f4'), ('y', '<f8')], 'fortran_order': False, 'shape': (1,), }",
        new Uint8Array(12),
      ),
      'fields of more than one type',
    ],
    [
      'a missing key',
      npyRaw("{'descr': '<f4', 'shape': (1,), }", new Uint8Array(4)),
      "lacks 'fortran_order'",
    ],
    [
      'a key twice',
      npyRaw("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'descr': '<i4', }", new Uint8Array(4)),
      'a key twice',
    ],
    [
      'a negative shape',
      npyRaw("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", new Uint8Array(4)),
      'shape',
    ],
    ['a huge shape', npy('<f4', [2 ** 40, 2 ** 40], new Uint8Array(4)), 'more elements than any file'],
    ['a lying shape', npy('<f4', [1000, 1000], new Uint8Array(4)), 'needs 4000000 bytes at offset'],
    [
      'version 9',
      npy('<f4', [1], new Uint8Array(4), false, 9),
      'expected .npy version 1, 2 or 3 at offset 6, not 9',
    ],
    ['foreign bytes', concat([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), "expected '\\x93NUMPY' at offset 0"],
    ['nothing', new Uint8Array(0), 'is empty'],
  ])('%s', async (_, file, message) => {
    expect(await failure(file, { name })).toContain(message);
  });
});

describe.skipIf(!python)('files that NumPy wrote (skipped where NumPy is absent)', () => {
  test('every dtype and order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'npy-'));
    try {
      const made = JSON.parse(
        runPython(
          `
import numpy as np, json, sys
out = []
rng = np.random.default_rng(1)
for d in ['f2','f4','f8','i1','i2','i4','i8','u1','u2','u4','u8','b1']:
  for e in '<>':
    for o in 'CF':
      a = np.asarray(rng.integers(0, 100, (3, 5, 4)), dtype=e + d, order=o)
      p = f'{sys.argv[1]}/{d}{"l" if e == "<" else "b"}{o}.npy'
      np.save(p, a)
      v = a.view(e + 'u2') if d == 'f2' else a
      out.append([p, v.astype('f8').ravel().tolist()])
print(json.dumps(out))`,
          folder,
        ),
      ) as [string, number[]][];
      expect(made.length).toBe(48);
      for (const [path, values] of made) {
        const read = await one(path);
        expect(read.shape).toEqual([3, 5, 4]);
        expect(Array.from(read.data as Float64Array)).toEqual(values);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
