// HDF5 of the newer kinds, written by h5py: datasets that grow, groups of many, MATLAB's sparse matrices and cells.
// files/make-hdf5.py says what is in the files.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readTensors } from '../../src/formats/index.js';

const file = (name: string) => readFileSync(new URL(`files/${name}`, import.meta.url));

async function read(name: string) {
  const errors: Record<string, string> = {};
  const tensors: Record<string, { shape: number[]; dtype: string; data: number[] }> = {};
  const onError = (tensor: string, error: Error) => {
    errors[tensor] = error.message;
  };
  for await (const { name: tensor, shape, dtype, data } of readTensors(file(name), { name, onError }))
    tensors[tensor] = { shape, dtype, data: Array.from(data) };
  return { tensors, errors };
}

const values = Array.from({ length: 35 }, (_, k) => 10 * Math.floor(k / 5) + (k % 5));
const written = (data: readonly number[]) => data.flatMap((value, i) => (value === 0 ? [] : [[i, value]]));

test('chunks in every index, with and without filters; what was never written is the fill value', async () => {
  const { tensors, errors } = await read('growing.h5');
  const same = ['fixed', 'bounded', 'rows', 'columns', 'both'].flatMap((size) =>
    ['plain', 'deflated', 'lzf'].map((filter) => `${size}-${filter}`),
  );
  for (const name of [...same, 'single', 'side-by-side'])
    expect(tensors[`growing/${name}`], name).toEqual({ shape: [7, 5], dtype: 'float32', data: values });
  expect(tensors['growing/holes'].data).toEqual(
    values.map((value, k) => (k < 5 || k >= 30 ? value : Number.NaN)),
  );
  for (const [name, rows] of [
    ['fixed', 1100],
    ['extensible', 140_000],
  ] as const) {
    const { shape, data } = tensors[`many/${name}`];
    expect(shape).toEqual([rows, 1]);
    expect(written(data)).toEqual([
      [0, 1],
      [rows - 1, 2],
    ]);
  }
  expect(errors.virtual).toBe("growing.h5: dataset 'virtual' lies in other files, which are not read.");
  expect(errors.scaled).toContain('is compressed with scale-offset, not read; h5repack');
  expect(Object.keys(errors)).toHaveLength(2);
});

test('a group of more objects than its header names', async () => {
  const { tensors } = await read('growing.h5');
  const found = Object.keys(tensors).filter((name) => name.startsWith('links/'));
  expect(found).toEqual(['links/w0', 'links/w1', 'links/w2']);
  expect(tensors['links/w1']).toEqual({ shape: [3, 5], dtype: 'float32', data: values.slice(0, 15) });
});

test("types that look like others, behind bytes that are not MATLAB's", async () => {
  const { tensors, errors } = await read('types.h5');
  expect(errors).toEqual({});
  expect(Object.keys(tensors).sort()).toEqual(['bool', 'colours', 'complex', 'deep', 'packed']);
  expect(tensors.colours).toEqual({ shape: [2, 3], dtype: 'int8', data: [0, 1, 2, 0, 1, 2] });
  expect(tensors.bool).toEqual({ shape: [2, 3], dtype: 'bool', data: [0, 1, 1, 0, 1, 1] });
  expect(tensors.complex.dtype).toBe('complex64');
  expect(tensors.packed).toMatchObject({ dtype: 'int16', data: [] });
  expect(tensors.deep.shape).toEqual([2, 3, 4]);
});

test('MATLAB 7.3: sparse, logical, complex and empty matrices, cells', async () => {
  const { tensors, errors } = await read('sparse73.mat');
  expect(errors).toEqual({});
  const sparse = [0, 5, 0, 7, 0, 0, 0, 6, 0, 0, 0, 0];
  expect(tensors.S).toEqual({ shape: [4, 3], dtype: 'float64', data: sparse });
  expect(tensors.L.data).toEqual(sparse.map((v) => (v === 0 ? 0 : 1)));
  expect(tensors.C).toEqual({
    shape: [4, 3],
    dtype: 'complex128',
    data: sparse.flatMap((v) => (v === 0 ? [0, 0] : [v, -v])),
  });
  expect(tensors.Z).toEqual({ shape: [2, 3], dtype: 'float64', data: new Array(6).fill(0) });
  expect(tensors.E).toEqual({ shape: [0, 3], dtype: 'float64', data: [] });
  expect(tensors['c{1}']).toEqual({ shape: [2, 3], dtype: 'float64', data: [0, 2, 4, 1, 3, 5] });
});
