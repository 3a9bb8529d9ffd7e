// MATLAB's .mat files of version 4, which Octave (save -v4) and SciPy still write.
// Layout: matrices one after the other, each with five 32-bit integers (type, rows, columns, whether complex, length of
// the name), the name, the real parts by columns, the imaginary ones. The type is 1000 M + 100 O + 10 P + T: M the byte
// order, P what the numbers are stored as, T 0 for a full matrix, 1 for text, 2 for a sparse one. That is a full matrix
// of three columns (row, column, value; a fourth for imaginary parts), whose last row says how large it is.
// Source: "MAT-File Format", The MathWorks, "Level 4 MAT-File Format".
import { columnMajorStrides, gather, gatherPairs, paired } from '../../shared/strided.js';
import { textDecoder, untilZero } from '../../shared/text.js';
import { admit } from '../admit.js';
import { decode, ELEMENT_SIZE } from '../decode.js';
import { attempt, FormatError, quote } from '../errors.js';
import { squeezed } from '../hdf5/index.js';
import { checkDense } from '../scipy-sparse.js';
import { type ByteSource, checkRange } from '../source/source.js';
import type { NamedTensor, ReadOptions } from '../types.js';

const HEADER = 20;
const MAX_NAME = 1 << 12;
const STORED = ['float64', 'float32', 'int32', 'int16', 'uint16', 'uint8'];
const [TEXT, SPARSE] = [1, 2];

interface Header {
  little: boolean;
  dtype: string;
  kind: number;
  rows: number;
  columns: number;
  complex: boolean;
  /** Bytes of the name. */
  length: number;
}

/** The header that 20 bytes are, if they are one. */
function toHeader(bytes: Uint8Array): Header | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const little of [true, false]) {
    const [type, rows, columns, complex, length] = [0, 4, 8, 12, 16].map((at) => view.getInt32(at, little));
    const [order, zero, stored, kind] = [1000, 100, 10, 1].map((unit) => Math.floor(type / unit) % 10);
    const known =
      type < 5000 && order === (little ? 0 : 1) && zero === 0 && stored < STORED.length && kind <= SPARSE;
    const sizes =
      rows >= 0 && columns >= 0 && (complex === 0 || complex === 1) && length > 0 && length <= MAX_NAME;
    if (type >= 0 && known && sizes)
      return { little, dtype: STORED[stored], kind, rows, columns, complex: complex === 1, length };
  }
  return undefined;
}

/** Whether a file that begins so is of version 4: nothing else tells. */
export function isMatlab4(head: Uint8Array): boolean {
  const header = head.length > HEADER ? toHeader(head) : undefined;
  const name = head.subarray(HEADER, HEADER + (header?.length ?? 0) - 1);
  return header !== undefined && name.every((c) => c > 32 && c < 127);
}

/** The matrices of a .mat file of version 4. */
export async function* readMatlab4(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  const { name: file, size } = source;
  for (let at = 0; at < size; ) {
    checkRange(file, size, at, HEADER, 'a matrix');
    const header = toHeader(await source.read(at, HEADER));
    if (header === undefined) throw new FormatError(file, `expected a matrix of MATLAB 4 at offset ${at}.`);
    const { rows, columns, complex, dtype, kind, length } = header;
    const start = at + HEADER + length;
    const bytes = rows * columns * ELEMENT_SIZE[dtype] * (complex ? 2 : 1);
    checkRange(file, size, at + HEADER, length + bytes, 'a matrix');
    const name = untilZero(textDecoder('latin1').decode(await source.read(at + HEADER, length)));
    at = start + bytes;
    if (kind !== TEXT) {
      const read = () => (kind === SPARSE ? sparse : full)(source, header, name, start, options);
      const tensor = await attempt(name, file, options, read);
      if (tensor !== undefined) yield tensor;
    }
    options.onProgress?.(at, size);
  }
}

async function full(
  source: ByteSource,
  header: Header,
  name: string,
  start: number,
  options: ReadOptions,
): Promise<NamedTensor | undefined> {
  const { rows, columns, complex, dtype, little } = header;
  const shape = squeezed([rows, columns]);
  const bits = dtype === 'float32' ? ('complex64' as const) : ('complex128' as const);
  if (!(await admit(source.name, options, name, { shape, dtype: complex ? bits : dtype }))) return undefined;
  const count = rows * columns;
  const width = ELEMENT_SIZE[dtype];
  const part = async (k: number) => {
    const bytes = await source.read(start + k * count * width, count * width);
    return decode(bytes, dtype, { file: source.name, name, dims: 2 }, little).data;
  };
  const re = await part(0);
  if (!complex) return { name, shape, dtype, data: gather(re, shape, columnMajorStrides(shape)) };
  const pairs = paired(re, await part(1));
  return { name, shape, dtype: bits, data: gatherPairs(pairs, shape, columnMajorStrides(shape)), bits };
}

async function sparse(
  source: ByteSource,
  header: Header,
  name: string,
  start: number,
  options: ReadOptions,
): Promise<NamedTensor | undefined> {
  const { rows: entries, columns: width, dtype: stored, little } = header;
  const file = source.name;
  const bytes = await source.read(start, entries * width * ELEMENT_SIZE[stored]);
  const { data } = decode(bytes, stored, { file, name, dims: 2 }, little);
  const at = (k: number, column: number) => data[column * entries + k];
  const shape = [at(entries - 1, 0), at(entries - 1, 1)];
  const fail = (detail: string) => new FormatError(file, `the sparse matrix ${quote(name)} ${detail}.`);
  if (entries < 1 || (width !== 3 && width !== 4)) throw fail(`has ${width} columns, not 3 or 4`);
  const dtype = width === 4 ? ('complex128' as const) : 'float64';
  if (!(await admit(file, options, name, { shape, dtype }))) return undefined;
  checkDense(file, shape[0], shape[1]);
  const parts = width - 2;
  const out = new Float64Array(shape[0] * shape[1] * parts);
  for (let k = 0; k < entries - 1; k++) {
    const [i, j] = [at(k, 0) - 1, at(k, 1) - 1];
    const inside =
      Number.isInteger(i) && i >= 0 && i < shape[0] && Number.isInteger(j) && j >= 0 && j < shape[1];
    if (!inside) throw fail(`has an element at [${i}, ${j}] of [${shape.join(', ')}]`);
    for (let p = 0; p < parts; p++) out[(i * shape[1] + j) * parts + p] += at(k, 2 + p);
  }
  return { name, shape, dtype, data: out, ...(dtype === 'complex128' && { bits: dtype }) };
}
