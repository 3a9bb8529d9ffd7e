// Matrices in the containers of other tools, written here byte by byte: Matrix Market, scipy.sparse, MATLAB 5,
// TFLite, .pth before 1.6,
// JSON; and folders.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zlibSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { toMatrices } from '../../src/formats/index.js';
import type { NumericArray } from '../../src/index.js';
import { all, failure, one, python, runPython, salvage } from './helpers.js';
import {
  bytesOf,
  concat,
  npy,
  pickle,
  safetensors,
  torchFile,
  torchTensor,
  uint,
  utf8,
  zip,
} from './write.js';

const list = ({ data }: { data: NumericArray }) => Array.from(data as ArrayLike<number>);
const home = mkdtempSync(join(tmpdir(), 'containers-'));
afterAll(() => rmSync(home, { recursive: true }));

describe('Matrix Market', () => {
  const read = (text: string) => one(utf8(text), { name: 'm.mtx' });
  test('a symmetric array lists its lower triangle by columns', async () => {
    const { data, shape } = await read(
      '%%MatrixMarket matrix array real symmetric\n% x\n3 3\n1\n2\n3\n4\n5\n6\n',
    );
    expect(shape).toEqual([3, 3]);
    expect(list({ data })).toEqual([1, 2, 3, 2, 4, 5, 3, 5, 6]);
  });
  test('skew-symmetric, hermitian, pattern, duplicates, Fortran exponents', async () => {
    expect(list(await read('%%MatrixMarket matrix array integer skew-symmetric\n2 2\n7'))).toEqual([
      0, -7, 7, 0,
    ]);
    const complex = await read(
      '%%MatrixMarket matrix coordinate complex hermitian\n2 2 2\n1 1 3 0\n2 1 1D0 2',
    );
    expect(complex).toMatchObject({ dtype: 'complex128', bits: 'complex128' });
    expect(list(complex)).toEqual([3, 0, 1, -2, 1, 2, 0, 0]);
    expect(list(await read('%%MatrixMarket matrix coordinate pattern general\n2 3 2\n1 3\n2 1'))).toEqual([
      0, 0, 1, 1, 0, 0,
    ]);
    expect(list(await read('%%MatrixMarket matrix coordinate real general\n1 1 2\n1 1 2\n1 1 3'))).toEqual([
      5,
    ]);
  });
  test.each([
    ['%%MatrixMarket vector array real general\n1 1\n1', 'no Matrix Market matrix'],
    ['%%MatrixMarket matrix array real general\n100000 100000\n1', 'at most 134217728 elements'],
    ['%%MatrixMarket matrix array real general\n1000 1000\n1', 'needs 1000000 numbers'],
    ['%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 5', 'row 3, column 1 of 2 x 2'],
    ['%%MatrixMarket matrix array real general\n1 1\n0x10', "'0x10' where a number belongs"],
    ['%%MatrixMarket matrix array integer general\n1 1\n9007199254740993', 'past 2^53 - 1'],
    ['%%MatrixMarket matrix array real general\n1 1\nx', "'x' where a number belongs"],
    ['%%MatrixMarket matrix array real general\n1 1\n1 2', 'more elements than its size line says'],
    ['%%MatrixMarket matrix array real symmetric\n1 2\n1 2', 'is symmetric, but 1 x 2'],
  ])('%j is refused', async (text, message) => {
    expect(await failure(utf8(text), { name: 'm.mtx' })).toContain(message);
  });
});

describe('MATLAB 5', () => {
  const element = (type: number, data: Uint8Array) =>
    concat(uint(type, 4), uint(data.length, 4), data, new Uint8Array((8 - (data.length % 8)) % 8));
  const small = (type: number, data: Uint8Array) =>
    concat(uint(type | (data.length << 16), 4), data, new Uint8Array(4 - data.length));
  const header = concat(utf8('MATLAB 5.0 MAT-file'.padEnd(124)), uint(0x100, 2), utf8('IM'));
  const mx = (name: string, kind: number, dims: number[], ...parts: Uint8Array[]) =>
    element(
      14,
      concat(
        element(6, concat(uint(kind, 4), uint(0, 4))),
        element(5, concat(...dims.map((d) => uint(d, 4)))),
        name.length <= 4 && name !== '' ? small(1, utf8(name)) : element(1, utf8(name)),
        ...parts,
      ),
    );
  const doubles = (...values: number[]) => element(9, bytesOf(Float64Array.from(values)));
  const file = (...elements: Uint8Array[]) => concat(header, ...elements);
  const name = 'm.mat';

  test('by columns, in narrower types, compressed, beside text, in structures and cells', async () => {
    const a = mx('A', 6, [2, 3], element(2, Uint8Array.of(1, 2, 3, 4, 5, 6))); // doubles stored as bytes
    const single = mx('longer_name', 7, [2, 2], element(7, bytesOf(Float32Array.of(1, 2, 3, 4))));
    const text = mx('t', 4, [1, 3], element(4, bytesOf(Uint16Array.of(65, 66, 67))));
    const fields = concat(
      small(5, uint(8, 4)),
      element(1, concat(utf8('w\0\0\0\0\0\0\0'), utf8('n\0\0\0\0\0\0\0'))),
    );
    const s = mx(
      's',
      2,
      [1, 1],
      fields,
      mx('', 6, [2, 2], doubles(1, 0, 0, 1)),
      mx('', 6, [1, 1], doubles(7)),
    );
    const c = mx(
      'c',
      1,
      [1, 2],
      mx('', 12, [2, 2], element(5, bytesOf(Int32Array.of(1, -2, 3, 4)))),
      mx('', 6, [0, 0], doubles()),
    );
    const zipped = zlibSync(mx('Z', 6, [2, 2], doubles(1, 2, 3, 4)));
    const read = await all(file(a, single, text, s, element(15, zipped).slice(0, 8 + zipped.length), c), {
      name,
    });
    expect(read.map((t) => [t.name, t.dtype, t.shape, list(t)])).toEqual([
      ['A', 'float64', [2, 3], [1, 3, 5, 2, 4, 6]],
      ['longer_name', 'float32', [2, 2], [1, 3, 2, 4]],
      ['s.w', 'float64', [2, 2], [1, 0, 0, 1]],
      ['s.n', 'float64', [], [7]],
      ['Z', 'float64', [2, 2], [1, 3, 2, 4]],
      ['c{1}', 'int32', [2, 2], [1, 3, -2, 4]],
      ['c{2}', 'float64', [0, 0], []],
    ]);
  });
  test('sparse and complex', async () => {
    const parts = [
      element(5, bytesOf(Int32Array.of(1, 0))),
      element(5, bytesOf(Int32Array.of(0, 1, 2))),
      doubles(5, 6),
    ];
    expect(list(await one(file(mx('S', 5, [2, 2], ...parts)), { name }))).toEqual([0, 6, 5, 0]);
    const complex = mx('C', 6 | 0x800, [1, 2], doubles(1, 2), doubles(3, 4));
    expect(await one(file(complex), { name })).toMatchObject({
      bits: 'complex128',
      data: Float64Array.of(1, 3, 2, 4),
    });
  });
  test('one that is damaged costs no other', async () => {
    const lying = mx('L', 6, [1000, 1000], doubles(1));
    const { names, errors } = await salvage(file(lying, mx('A', 6, [2, 2], doubles(1, 2, 3, 4))), { name });
    expect(names).toEqual(['A']);
    expect(errors.L).toContain('needs 8000000 bytes, 8 are stored');
  });
});

test('MATLAB 4: full, narrow, complex, sparse and text, in both byte orders', async () => {
  const matrix = (name: string, type: number, sizes: [number, number], complex: number, data: Uint8Array) =>
    concat(bytesOf(Int32Array.of(type, ...sizes, complex, name.length + 1)), utf8(`${name}\0`), data);
  const f64 = (...values: number[]) => bytesOf(Float64Array.from(values));
  const big = matrix('B', 1010, [2, 2], 0, bytesOf(Float32Array.of(1, 2, 3, 4)));
  for (const at of [0, 4, 8, 12, 16]) big.subarray(at, at + 4).reverse();
  for (const at of [22, 26, 30, 34]) big.subarray(at, at + 4).reverse();
  const file = concat(
    matrix('A', 0, [2, 3], 0, f64(1, 2, 3, 4, 5, 6)),
    matrix('text', 1, [1, 2], 0, f64(104, 105)),
    matrix('n', 50, [2, 2], 0, Uint8Array.of(1, 2, 3, 4)),
    matrix('C', 0, [1, 2], 1, f64(1, 2, 3, 4)),
    matrix('S', 2, [3, 3], 0, f64(2, 1, 2, 1, 3, 3, 7, 5, 0)),
    big,
  );
  const read = await all(file, { name: 'm.mat' });
  expect(read.map((t) => [t.name, t.dtype, t.shape, list(t)])).toEqual([
    ['A', 'float64', [2, 3], [1, 3, 5, 2, 4, 6]],
    ['n', 'uint8', [2, 2], [1, 3, 2, 4]],
    ['C', 'complex128', [2], [1, 3, 2, 4]],
    ['S', 'float64', [2, 3], [0, 0, 5, 7, 0, 0]],
    ['B', 'float32', [2, 2], [1, 3, 2, 4]],
  ]);
  expect(await failure(file.slice(0, 60), { name: 'm.mat' })).toContain(
    'a matrix needs 50 bytes at offset 20',
  );
});

describe('PyTorch before 1.6', () => {
  test('pickles one after the other, then storages', async () => {
    const magic = concat([0x80, 2, 0x8a, 10], uint(0x1950a86a20f9469cfc6cn, 10), utf8('.'));
    const { pickled, dict, int, short } = pickle;
    const weight = torchTensor({ kind: 'FloatStorage', key: '7', elements: 6 }, 0, [2, 3], [3, 1]);
    const half = torchTensor({ kind: 'HalfStorage', key: '8', elements: 2 }, 0, [1, 2], [2, 1]);
    const keys = concat(utf8(']('), short('8'), short('7'), utf8('e'));
    const system = dict({ little_endian: Uint8Array.of(0x88) });
    const file = concat(
      magic,
      ...[int(1001), system, dict({ weight, half }), keys].map(pickled),
      uint(2, 8),
      [0, 0x3c, 0, 0xc0],
      uint(6, 8),
      bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6)),
    );
    const read = await all(file, { name: 'old.pth' });
    expect(read.map((t) => [t.name, t.dtype, list(t)])).toEqual([
      ['weight', 'float32', [1, 2, 3, 4, 5, 6]],
      ['half', 'float16', [0x3c00, 0xc000]],
    ]);
    expect(await failure(file.slice(0, -4), { name: 'old.pth' })).toContain('24 bytes at offset');
  });

  test.each([0, 5])('protocol %d, as torch.save writes it', async (protocol) => {
    const file = readFileSync(new URL(`files/legacy-${protocol}.pt`, import.meta.url));
    expect((await all(file, { name: 'old.pt' })).map((t) => [t.name, t.shape, list(t)])).toEqual([
      ['w', [2, 3], [1, 2, 3, 4, 5, 6]],
      ['x.v', [3, 2], [1, 4, 2, 5, 3, 6]],
    ]);
  });
});

describe('.npy in the ways that np.dtype reads', () => {
  const pairs = bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  test('complex, by columns and big-endian', async () => {
    const read = await one(npy('<c8', [2, 2], pairs, true), { name: 'c.npy' });
    expect(read).toMatchObject({ dtype: 'complex64', bits: 'complex64', shape: [2, 2] });
    expect(list(read)).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
    const swapped = pairs.slice();
    for (let i = 0; i < swapped.length; i += 4) swapped.subarray(i, i + 4).reverse();
    expect(list(await one(npy('>c8', [2, 2], swapped), { name: 'c.npy' }))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
  test.skipIf(!python)('structured rows of one type, as NumPy writes them', async () => {
    const path = join(home, 's.npy');
    runPython(
      `
import numpy as np, sys
a = np.zeros(3, dtype=[('x', '<f4'), ('y', '<f4', (2,))])
a['x'] = [1, 2, 3]; a['y'] = [[4, 5], [6, 7], [8, 9]]
np.save(sys.argv[1], a)`,
      path,
    );
    const read = await one(path);
    expect(read.shape).toEqual([3, 3]);
    expect(list(read)).toEqual([1, 4, 5, 2, 6, 7, 3, 8, 9]);
  });
  test.skipIf(!python)('sparse matrices of SciPy in every format', async () => {
    const path = join(home, 'sparse');
    try {
      runPython(
        `
import numpy as np, scipy.sparse as s, sys
a = np.array([[0, 2, 0, 0], [1, 0, 0, 3], [0, 0, 0, 0], [4, 0, 5, 0]], dtype=float)
for f in 'csr csc coo bsr dia'.split():
    s.save_npz(sys.argv[1] + f + '.npz', s.csr_matrix(a).asformat(f), compressed=f != 'coo')`,
        path,
      );
    } catch {
      return; // no SciPy here
    }
    for (const format of ['csr', 'csc', 'coo', 'bsr', 'dia']) {
      const read = await one(`${path}${format}.npz`);
      expect([format, list(read)]).toEqual([format, [0, 2, 0, 0, 1, 0, 0, 3, 0, 0, 0, 0, 4, 0, 5, 0]]);
    }
  });
});

describe('sparse matrices of SciPy whose arrays do not fit together', () => {
  const wide = (...values: number[]) =>
    npy('<i8', [values.length], bytesOf(BigInt64Array.from(values, BigInt)));
  const half = npy('<f2', [3], bytesOf(Uint16Array.of(0x3c00, 0x4000, 0x4200)));
  const read = (format: string, arrays: Record<string, Uint8Array>) => {
    const known = { format: npy('|S3', [], utf8(format)), shape: wide(2, 3), data: half };
    const files = Object.entries({ ...known, ...arrays });
    return failure(zip(files.map(([key, data]) => ({ name: `${key}.npy`, data }))), { name: 'm.npz' });
  };
  test.each<[string, string, Record<string, Uint8Array>, string]>([
    ['rows that are left out', 'csr', { indices: wide(0, 1, 2), indptr: wide(0, 3) }, "'indptr' of 2"],
    ['elements that are not there', 'csr', { indices: wide(0, 1, 2), indptr: wide(0, 2, 4) }, "'indptr'"],
    ['lines that go back', 'csc', { indices: wide(0, 1, 0), indptr: wide(0, 2, 1, 3) }, "'indptr'"],
    ['a column too few', 'coo', { row: wide(0, 1, 1), col: wide(0, 1) }, '3 rows and 2 columns'],
    ['16-bit sums', 'coo', { row: wide(0, 0, 1), col: wide(1, 1, 1) }, 'two elements of float16 at [0, 1]'],
  ])('%s', async (_, format, arrays, message) => {
    expect(await read(format, arrays)).toContain(message);
  });
});

describe('text and JSON', () => {
  const read = (text: string, name = 'm.csv') => one(utf8(text), { name });
  test('comments, headings, quotes, decimal commas, no name', async () => {
    expect(list(await read('# by hand\n1 2\n3 4\n', 'm.txt'))).toEqual([1, 2, 3, 4]);
    expect(list(await read('"a";"b"\n1,5;2\n3;4,25\n'))).toEqual([1.5, 2, 3, 4.25]);
    expect((await read('1\t2\n3\t4', 'standard input')).shape).toEqual([2, 2]);
  });
  test('separators in comments are none', async () => {
    expect(list(await read('# x;y\n1,2\n2,4\n', 'm.txt'))).toEqual([1, 2, 2, 4]);
    expect(list(await read('1 2\n  % a, b\n3 4\n', 'm.txt'))).toEqual([1, 2, 3, 4]);
  });
  test('a first line 0, 1, 2, ... may be a heading, which is said', async () => {
    const { data, note } = await read('0,1\n5,6\n');
    expect([list({ data }), note]).toEqual([[0, 1, 5, 6], expect.stringContaining('first line')]);
    for (const text of ['0,2\n5,6\n', '0\n1\n', '0.0,1.0\n5,6\n', '[[0,1],[5,6]]'])
      expect((await read(text)).note).toBeUndefined();
  });
  test("rows' names of pandas and R are no numbers", async () => {
    expect(list(await read(',a,b\n0,1,2\n1,3,4\n'))).toEqual([1, 2, 3, 4]);
    expect(list(await read('"a" "b"\n"x" 1 2\n"y" 3 4\n', 'm.txt'))).toEqual([1, 2, 3, 4]);
  });
  test('matrices by name', async () => {
    const found = await all(utf8('{"w":[[1,2],[3,4]],"n":3,"v":[[5]]}'), { name: 'm.json' });
    expect(found.map((t) => [t.name, list(t)])).toEqual([
      ['w', [1, 2, 3, 4]],
      ['v', [5]],
    ]);
  });
  test('rows, records, data with a shape', async () => {
    expect((await read('[[1,2,3],[4,5,6]]', 'm.json')).shape).toEqual([2, 3]);
    expect(list(await read('[{"x":1,"y":2},{"y":4,"x":3}]', 'm.json'))).toEqual([1, 2, 3, 4]);
    expect((await read('{"data":[1,2,3,4],"shape":[2,2]}', 'm.json')).shape).toEqual([2, 2]);
  });
  test.each([
    ['1,2\n3\n', 'm.csv', 'row 2 has 1 number, row 1 has 2'],
    ['1,2\n3,x\n', 'm.csv', 'row 2, column 2'],
    ['[[1,2],[3]]', 'm.json', 'row 2 has 1 number'],
    ['[[[1]]]', 'm.json', 'more than two dimensions'],
    ['[{"x":1},{"x":"2"}]', 'm.json', "record 1 has no number as 'x'"],
    ['[{"x":1},{"x":2,"y":3}]', 'm.json', 'record 1 has more values'],
    ['{"w":[[1,2]],"w":[[3,4]]}', 'm.json', "'w' twice"],
    ['{"data":[1,2],"shape":[1,2],"shape":[2,1]}', 'm.json', "'shape' twice"],
    ['[[1,,2],[3,,4]]', 'm.json', 'between two commas'],
    ['{"error":"Repository not found"}', 'm.json', 'is an error message of a server'],
  ])('%j of %s is refused', async (text, name, message) => {
    expect(await failure(utf8(text), { name })).toContain(message);
  });
});

describe('folders', () => {
  const folder = (name: string, files: Record<string, Uint8Array | string>) => {
    const path = join(home, name);
    mkdirSync(path, { recursive: true });
    for (const [file, data] of Object.entries(files)) {
      if (file.includes('/'))
        mkdirSync(join(path, file.slice(0, file.lastIndexOf('/'))), { recursive: true });
      writeFileSync(join(path, file), data);
    }
    return path;
  };
  const f32 = { dtype: 'F32', shape: [2, 2], data: bytesOf(Float32Array.of(1, 2, 3, 4)) };
  const shard = (...names: string[]) => safetensors(Object.fromEntries(names.map((n) => [n, f32])));
  const torch = (name: string) =>
    torchFile(
      pickle.pickled(
        pickle.dict({
          [name]: torchTensor({ kind: 'FloatStorage', key: '0', elements: 4 }, 0, [2, 2], [2, 1]),
        }),
      ),
      {
        0: f32.data,
      },
    );
  const names = async (path: string) => (await all(path)).map((t) => t.name);

  test('an index and its shards once, whatever their names; the same weights in another format not again', async () => {
    const index = (files: Record<string, string>) => JSON.stringify({ weight_map: files });
    const both = folder('both', {
      'model.safetensors.index.json': index({ a: 'model-1.safetensors', b: 'model-2.safetensors' }),
      'model-1.safetensors': shard('a'),
      'model-2.safetensors': shard('b'),
      'pytorch_model.bin.index.json': index({ a: 'pytorch_model-1.bin' }),
      'pytorch_model-1.bin': torch('a'),
      '._model-1.safetensors': 'x',
      'config.json': '{}',
      'tokenizer.json': '{"model":{}}',
    });
    expect(await names(both)).toEqual(['a', 'b']);
    const bin = folder('bin', {
      'pytorch_model.bin.index.json': index({ a: 'one.bin', b: 'two.bin', gone: 'two.bin' }),
      'one.bin': torch('a'),
      'two.bin': torch('b'),
      'training_args.bin': 'x',
      'optimizer.pt': 'x',
    });
    const { names: found, errors } = await salvage(bin);
    expect(found).toEqual(['a', 'b']);
    expect(errors.gone).toContain("is not in 'two.bin', where weight_map has it");
    for (const [text, key] of [
      ['{"weight_map": {"a": "one.bin", "a": "two.bin"}}', 'a'],
      ['{"weight_map": {"a": "one.bin"}, "weight_map": {}}', 'weight_map'],
    ])
      expect(await failure(utf8(text), { name: 'm.index.json' })).toBe(`m.index.json: has '${key}' twice.`);
  });

  test('several models: their files stand before the names, and one that is damaged costs no other', async () => {
    const path = folder('pipeline', {
      'model_index.json': '{}',
      'unet/diffusion_pytorch_model.safetensors': shard('a'),
      'vae/diffusion_pytorch_model.safetensors': shard('a'),
      'vae/diffusion_pytorch_model.bin': torch('a'),
      'text/model.safetensors': 'broken',
    });
    const { names: found, errors } = await salvage(path);
    expect(found).toEqual([
      'unet/diffusion_pytorch_model.safetensors/a',
      'vae/diffusion_pytorch_model.safetensors/a',
    ]);
    expect(Object.keys(errors)).toEqual(['text/model.safetensors']);
    const filtered = await all(path, { filter: (name) => name.startsWith('unet/'), onError: () => {} });
    expect(filtered).toHaveLength(1);
  });

  test('a snapshot of the cache, whose files are links to blobs; other links lead nowhere', async () => {
    folder('cache/blobs', { sha: shard('a') });
    const snapshot = folder('cache/snapshots/main', { 'config.json': '{}' });
    symlinkSync('../../blobs/sha', join(snapshot, 'model.safetensors'));
    expect(await names(snapshot)).toEqual(['a']);
    const outside = folder('outside', {});
    symlinkSync(join(home, 'cache/blobs/sha'), join(outside, 'model.safetensors'));
    expect(await failure(outside)).toContain("a link to a file outside the model's folder");
  });

  test.each([
    ['saved', { 'saved_model.pb': '\x08\x01' }, 'is a TensorFlow SavedModel'],
    ['a.zarr', { '.zarray': '{}' }, 'is a Zarr array'],
    ['a.mlpackage', { 'Manifest.json': '{}' }, 'is a Core ML package'],
    ['tf', { checkpoint: '', 'm.data-00000-of-00001': '', 'm.index': '' }, 'is a TensorFlow checkpoint'],
    ['none', { 'README.md': 'x', 'data/notes.log': 'x' }, 'holds no model file'],
  ])('%s is refused', async (name, files, message) => {
    expect(await failure(folder(name, files as Record<string, string>))).toContain(message);
  });
});

describe('files that are not read are named', () => {
  test.each([
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0', 'm.onnx', 'git lfs pull'],
    ['\n <!DOCTYPE html><html>', 'm.safetensors', 'HTML page'],
    ['<?xml version="1.0"?><Error>', 'm.npy', 'XML'],
    ['PAR1', 'm.bin', 'Parquet'],
    ['ARROW1\0\0', 'm.bin', 'Arrow'],
    ['\x1f\x8b\x08', 'm.npy.gz', 'gunzip'],
    ['\x89PNG\r\n', 'm.bin', 'picture'],
    ['\x08\x05\x12', 'm.mlmodel', 'Core ML'],
    ['\x80\x04\x95\x01', 'm.pkl', 'pickle that is not of PyTorch'],
    ['ggjt', 'm.bin', 'no model file known'],
    ['tjgg\x03\0\0\0', 'm.bin', 'GGML'],
    ['GGUF\0\0\0\x03', 'm.gguf', 'big-endian'],
  ])('%j', async (text, name, message) => {
    expect(
      await failure(
        Uint8Array.from(text, (c) => c.charCodeAt(0)),
        { name },
      ),
    ).toContain(message);
  });
  test('an Excel workbook', async () => {
    expect(
      await failure(zip([{ name: 'xl/workbook.xml', data: utf8('<x/>') }]), { name: 'm.xlsx' }),
    ).toContain('save the sheet as CSV');
  });
});

test('a matrix of any of them is what toMatrices makes of it', async () => {
  const [matrix] = toMatrices(await one(utf8('1,2,3\n4,5,6'), { name: 'm.csv' }));
  expect(matrix).toMatchObject({ name: 'm', shape: [2, 3] });
});
