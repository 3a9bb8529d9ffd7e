// scipy.sparse.save_npz: one sparse matrix in the arrays of an .npz, filled in as a dense one.
// Layout: format ('csr', 'csc', 'coo', 'bsr', 'dia'), shape, data, and indices with indptr, row with col, or offsets.
// Source: scipy/sparse/_matrix_io.py and the classes' own pages.
import { textDecoder } from '../shared/text.js';
import { admit } from './admit.js';
import type { TensorData } from './decode.js';
import { isComplex } from './dtypes.js';
import { attempt, FormatError, quote } from './errors.js';
import { readNpyTensor } from './numpy/npy.js';
import type { ByteSource } from './source/source.js';
import { openEntry, withCrc, type ZipEntry } from './source/zip.js';
import type { NamedTensor, ReadOptions } from './types.js';

/** Elements that a sparse matrix may have when it is filled in: 1 GiB in float64. */
export const MAX_DENSE = 2 ** 27;

/** Throws where a sparse matrix is too large to be filled in. */
export function checkDense(file: string, rows: number, columns: number): void {
  if (!(rows * columns <= MAX_DENSE)) {
    throw new FormatError(
      file,
      `the sparse matrix of ${rows} x ${columns} is read as a dense one, of at most ${MAX_DENSE} elements.`,
    );
  }
}

/**
 * A sparse matrix by columns, as MATLAB keeps it, filled in: element k of those from starts[j] to starts[j + 1] is in
 * row index[k] of column j. `parts`: numbers of an element.
 */
export function fromColumns(
  file: string,
  name: string,
  [rows, columns]: readonly number[],
  index: TensorData,
  starts: TensorData,
  values: TensorData,
  parts: number,
): Float64Array {
  checkDense(file, rows, columns);
  if (starts.length !== columns + 1)
    throw new FormatError(
      file,
      `the sparse matrix ${quote(name)} has ${starts.length} starts of ${columns} columns.`,
    );
  const out = new Float64Array(rows * columns * parts);
  for (let j = 0; j < columns; j++) {
    for (let k = starts[j]; k < starts[j + 1]; k++) {
      const i = index[k];
      if (!(i >= 0 && i < rows && (k + 1) * parts <= values.length)) {
        throw new FormatError(
          file,
          `the sparse matrix ${quote(name)} has an element at row ${i} of ${rows}.`,
        );
      }
      for (let p = 0; p < parts; p++) out[(i * columns + j) * parts + p] = values[k * parts + p];
    }
  }
  return out;
}

const file = (key: string) => `${key}.npy`;

export function isSparse(entries: readonly ZipEntry[]): boolean {
  const names = new Set(entries.map((entry) => entry.name));
  return ['format', 'shape', 'data'].every((key) => names.has(file(key)));
}

/** The one matrix of the archive, named by the file. */
export async function* readSparse(
  source: ByteSource,
  options: ReadOptions,
  entries: readonly ZipEntry[],
): AsyncGenerator<NamedTensor> {
  const name = source.name.replace(/\.npz$/i, '');
  const tensor = await attempt(name, source.name, options, () => readMatrix(source, name, options, entries));
  options.onProgress?.(source.size, source.size);
  if (tensor !== undefined) yield tensor;
}

/** The arrays of the archive, each opened when it is asked for. */
function arraysOf(source: ByteSource, options: ReadOptions, entries: readonly ZipEntry[]) {
  const open = async (key: string) => {
    const entry = entries.find((e) => e.name === file(key));
    if (entry === undefined)
      throw new FormatError(source.name, `the sparse matrix lacks ${quote(file(key))}.`);
    return withCrc(await openEntry(source, entry, options), entry.crc);
  };
  return {
    fail: (detail: string) => new FormatError(source.name, `the sparse matrix has ${detail}.`),
    async array(key: string) {
      const read = await readNpyTensor(await open(key), key, { maxBytes: options.maxBytes }, true);
      return read as NamedTensor & { data: TensorData };
    },
    /** The end of an array of one text. */
    async text(key: string) {
      const from = await open(key);
      const bytes = await from.read(0, from.size);
      return textDecoder('latin1').decode(bytes).slice(-16).replaceAll('\0', '');
    },
  };
}

type Arrays = ReturnType<typeof arraysOf>;

async function readMatrix(
  source: ByteSource,
  name: string,
  options: ReadOptions,
  entries: readonly ZipEntry[],
): Promise<NamedTensor | undefined> {
  const arrays = arraysOf(source, options, entries);
  const format = /csr|csc|coo|bsr|dia/.exec(await arrays.text('format'))?.[0];
  if (format === undefined)
    throw new FormatError(source.name, 'the sparse matrix is of a format that is not read.');
  const shape = Array.from((await arrays.array('shape')).data, Number);
  if (shape.length !== 2)
    throw new FormatError(source.name, `the sparse matrix has ${shape.length} dimensions.`);
  const [rows, columns] = shape;
  checkDense(source.name, rows, columns);
  const values = await arrays.array('data');
  const { dtype } = values;
  if (!(await admit(source.name, options, name, { shape, dtype }))) return undefined;
  const parts = isComplex(dtype) ? 2 : 1;
  const out = new (values.data.constructor as new (n: number) => TensorData)(rows * columns * parts);
  // Duplicates add up.
  const add = (i: number, j: number, k: number) => {
    if (!(i >= 0 && i < rows && j >= 0 && j < columns && k * parts < values.data.length)) {
      throw new FormatError(
        source.name,
        `the sparse matrix of ${rows} x ${columns} has an element at [${i}, ${j}].`,
      );
    }
    for (let p = 0; p < parts; p++) {
      const at = (i * columns + j) * parts + p;
      if (out[at] !== 0 && values.bits !== undefined && parts === 1)
        throw new FormatError(source.name, `the sparse matrix has two elements of ${dtype} at [${i}, ${j}].`);
      out[at] += values.data[k * parts + p];
    }
  };
  if (format === 'coo') await addCoordinates(arrays, values.shape[0], add);
  else if (format === 'dia') await addDiagonals(arrays, rows, columns, values.shape[1] ?? 0, add);
  else {
    const block = format === 'bsr' ? values.shape.slice(1) : [1, 1];
    const lines = format === 'csc' ? columns : rows / block[0];
    await addCompressed(arrays, lines, block, format === 'csc' ? (i, j, k) => add(j, i, k) : add);
  }
  return { name, shape, dtype, data: out, ...(values.bits && { bits: values.bits }) };
}

/** Adds number k of the array `data` to the element [i, j]. */
type Add = (i: number, j: number, k: number) => void;

async function addCoordinates(arrays: Arrays, count: number, add: Add): Promise<void> {
  const [row, col] = [(await arrays.array('row')).data, (await arrays.array('col')).data];
  if (row.length !== count || col.length !== count)
    throw arrays.fail(`${count} elements, ${row.length} rows and ${col.length} columns`);
  for (let k = 0; k < row.length; k++) add(row[k], col[k], k);
}

/** Diagonals `width` long, each counted by the columns of the matrix. */
async function addDiagonals(
  arrays: Arrays,
  rows: number,
  columns: number,
  width: number,
  add: Add,
): Promise<void> {
  const offsets = (await arrays.array('offsets')).data;
  for (let d = 0; d < offsets.length; d++) {
    for (let j = 0; j < Math.min(width, columns); j++) {
      const i = j - offsets[d];
      if (i >= 0 && i < rows) add(i, j, d * width + j);
    }
  }
}

/** Rows of blocks of r x c elements, as csr has them with blocks of one; csc has columns in their place. */
async function addCompressed(
  arrays: Arrays,
  lines: number,
  [r, c]: readonly number[],
  add: Add,
): Promise<void> {
  const [indices, indptr] = [(await arrays.array('indices')).data, (await arrays.array('indptr')).data];
  let fits = indptr.length === lines + 1 && indptr[0] === 0 && indptr[lines] <= indices.length;
  for (let i = 0; i < lines; i++) fits &&= indptr[i] <= indptr[i + 1];
  if (!fits) throw arrays.fail(`an 'indptr' of ${indptr.length} that does not fit ${lines} lines of it`);
  for (let i = 0; i < lines; i++) {
    for (let p = indptr[i]; p < indptr[i + 1]; p++) {
      for (let a = 0; a < r; a++) {
        for (let b = 0; b < c; b++) add(i * r + a, indices[p] * c + b, (p * r + a) * c + b);
      }
    }
  }
}
