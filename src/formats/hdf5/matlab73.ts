// What MATLAB 7.3 makes of HDF5: attributes that name a class; sparse matrices as groups of row indices (ir), where
// each column begins (jc) and values (data); cells and arrays of structures as references to objects; empty arrays as
// their dimensions. Source: MATLAB's own files; hdf5storage and mat73, which read them.
import { decode, type TensorData } from '../decode.js';
import { isComplex } from '../dtypes.js';
import { FormatError, quote } from '../errors.js';
import { checkDense, fromColumns } from '../scipy-sparse.js';
import type { Entry } from '../stored.js';
import { attribute } from './attribute.js';
import { type Dataset, datasetOf, readBytes } from './dataset.js';
import type { Hdf5File, Link, Message } from './file.js';

/** Classes that are numbers. */
const NUMERIC = /^(double|single|logical|u?int(8|16|32|64))$/;
const MAX_CELLS = 1 << 20;
const MAX_EMPTY = 64; // dimensions

/** Whether a dataset is of a class of numbers, or of none. */
export function isNumeric(messages: readonly Message[]): boolean {
  const value = attribute(messages, 'MATLAB_class');
  const name = value?.bytes.text(Math.min(value.size, value.bytes.left));
  return name === undefined || NUMERIC.test(name);
}

/** The objects of a cell array, or of a field of an array of structures, by MATLAB's order. */
export async function readCells(hdf: Hdf5File, path: string, dataset: Dataset): Promise<Link[]> {
  const count = dataset.shape.reduce((a, b) => a * b, 1);
  if (!(count <= MAX_CELLS)) throw new FormatError(hdf.source.name, `${quote(path)} has ${count} cells.`);
  const bytes = await readBytes(hdf, path, dataset);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from(
    { length: count },
    (_, k): Link => [`${path}{${k + 1}}`, Number(view.getBigUint64(8 * k, true))],
  );
}

/** An array without elements: its dimensions are stored in their place. */
export async function emptyArray(hdf: Hdf5File, name: string, dataset: Dataset): Promise<Entry | undefined> {
  if (attribute(dataset.messages, 'MATLAB_empty') === undefined) return undefined;
  const numeric = isNumeric(dataset.messages) && dataset.dtype === 'uint64' && dataset.shape.length === 1;
  if (!numeric || dataset.shape[0] > MAX_EMPTY) return undefined;
  const shape = [...(await numbersOf(hdf, name, dataset))];
  if (!shape.includes(0)) return undefined;
  return entry(hdf, name, 'float64', shape, 0, async () => ({ data: new Float64Array(0) }));
}

/** A group that is a sparse matrix. */
export async function sparseMatrix(
  hdf: Hdf5File,
  name: string,
  messages: readonly Message[],
  links: readonly Link[],
): Promise<Entry | undefined> {
  const value = attribute(messages, 'MATLAB_sparse');
  if (value === undefined) return undefined;
  const file = hdf.source.name;
  const rows = value.bytes.uint(value.size);
  const part = async (wanted: string) => {
    const address = links.find(([link]) => link === wanted)?.[1];
    return address === undefined ? undefined : datasetOf(await hdf.messages(address));
  };
  const [ir, jc, data] = [await part('ir'), await part('jc'), await part('data')];
  if (jc === undefined || jc.shape.length !== 1)
    throw new FormatError(file, `the sparse matrix ${quote(name)} has no 'jc'.`);
  const shape = [rows, jc.shape[0] - 1];
  const dtype = isComplex(data?.dtype ?? '') ? data!.dtype! : 'float64';
  return entry(hdf, name, dtype, shape, (data?.shape[0] ?? 0) * 16, async () => {
    checkDense(file, rows, shape[1]);
    const values = data === undefined ? new Float64Array(0) : await numbersOf(hdf, name, data);
    const index = ir === undefined ? new Float64Array(0) : await numbersOf(hdf, name, ir);
    const starts = await numbersOf(hdf, name, jc);
    const out = fromColumns(file, name, shape, index, starts, values, isComplex(dtype) ? 2 : 1);
    return { data: out, ...(isComplex(dtype) && { bits: 'complex128' as const }) };
  });
}

type Read = () => Promise<{ data: TensorData; bits?: 'complex128' }>;

function entry(
  hdf: Hdf5File,
  name: string,
  dtype: string,
  shape: number[],
  byteLength: number,
  read: Read,
): Entry {
  return {
    ...{ file: hdf.source.name, name, dtype, shape, byteLength },
    words: async (from, count) =>
      (await read()).data.slice(from, from === undefined ? undefined : from + count!),
    plain: () => ({ name, dtype, shape, read }),
  };
}

async function numbersOf(hdf: Hdf5File, name: string, dataset: Dataset): Promise<TensorData> {
  const file = hdf.source.name;
  if (dataset.dtype === undefined)
    throw new FormatError(file, `a part of ${quote(name)} is of no type of numbers.`);
  const bytes = await readBytes(hdf, name, dataset);
  return decode(bytes, dataset.dtype, { file, name, dims: 2 }, dataset.little).data;
}
