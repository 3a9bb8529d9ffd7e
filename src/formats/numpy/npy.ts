// .npy, NumPy's file of one array.
// Layout: '\x93NUMPY', version (2 bytes), header length (2 bytes little-endian in version 1, 4 in versions 2 and 3),
// the header, then the elements. The header is a Python literal: {'descr': '<f8', 'fortran_order':
// False, 'shape': (3, 4), }.
// Source: NEP 1 and numpy/lib/format.py.

import { columnMajorStrides, gather, gatherPairs } from '../../shared/strided.js';
import { textDecoder } from '../../shared/text.js';
import { admit } from '../admit.js';
import { checkLength, countElements, decode, elementSize, type TensorData } from '../decode.js';
import { fromNumpy, isComplex } from '../dtypes.js';
import { attempt, FormatError, quote } from '../errors.js';
import type { ByteSource } from '../source/source.js';
import { checkRange } from '../source/source.js';
import type { NamedTensor, ReadOptions } from '../types.js';

const MAGIC = '\x93NUMPY';
const MAX_HEADER = 1 << 20;

export interface NpyHeader {
  shape: number[];
  dtype: string;
  fortran: boolean;
  little: boolean;
  /** Elements of a structured row; 0: the array has none. */
  fields: number;
  /** Where the elements begin. */
  offset: number;
}

/** The array of a .npy file, under the file's name without its extension. */
export async function* readNpy(source: ByteSource, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const name = source.name.replace(/\.npy$/i, '');
  const tensor = await attempt(name, source.name, options, () => readNpyTensor(source, name, options));
  options.onProgress?.(source.size, source.size);
  if (tensor !== undefined) yield tensor;
}

/** The array of a .npy file, or undefined when the filter refuses it. `exact`: nothing may follow it. */
export async function readNpyTensor(
  source: ByteSource,
  name: string,
  options: ReadOptions,
  exact = false,
): Promise<NamedTensor | undefined> {
  const header = await readNpyHeader(source, name);
  const { dtype, fields } = header;
  const shape = fields > 0 ? [...header.shape, fields] : header.shape;
  if (!(await admit(source.name, options, name, { shape, dtype }))) return undefined;
  return { name, shape, dtype, ...(await readNpyElements(source, name, header, exact)) };
}

/** The elements, row-major; `type`: what they are decoded as. */
export async function readNpyElements(
  source: ByteSource,
  name: string,
  header: NpyHeader,
  exact = false,
  type = header.dtype,
): Promise<Pick<NamedTensor, 'bits'> & { data: TensorData }> {
  const { dtype, fortran, little, offset, fields } = header;
  const shape = fields > 0 ? [...header.shape, fields] : header.shape;
  // Bytes past the array are no error: np.save may be called more than once on one file.
  const length = countElements(source.name, name, shape) * elementSize(source.name, name, dtype);
  checkRange(source.name, source.size, offset, length, `${dtype} [${shape.join(', ')}]`);
  if (exact) checkLength(source.name, name, dtype, shape, source.size - offset, offset);
  const bytes = await source.read(offset, length);
  const { data, bits } = decode(bytes, type, { file: source.name, name, dims: shape.length }, little);
  const strides = fortranStrides(header.shape, fields);
  const moved = isComplex(dtype) ? gatherPairs : gather;
  const rows = fortran && shape.length > 1 ? moved(data, shape, strides) : data;
  return { data: rows, ...(bits && { bits }) };
}

function fortranStrides(shape: readonly number[], fields: number): number[] {
  return fields > 0 ? [...columnMajorStrides(shape).map((s) => s * fields), 1] : columnMajorStrides(shape);
}

export async function readNpyHeader(source: ByteSource, name: string): Promise<NpyHeader> {
  const file = source.name;
  checkRange(file, source.size, 0, 10, 'the .npy header');
  const head = await source.read(0, 10);
  const magic = String.fromCharCode(...head.subarray(0, 6));
  if (magic !== MAGIC) throw new FormatError(file, `expected '\\x93NUMPY' at offset 0, not ${quote(magic)}.`);
  const version = head[6];
  if (version < 1 || version > 3) {
    throw new FormatError(file, `expected .npy version 1, 2 or 3 at offset 6, not ${version}.`);
  }
  const start = version === 1 ? 10 : 12;
  checkRange(file, source.size, 0, start, 'the .npy header');
  const field = new DataView((await source.read(8, start - 8)).buffer);
  const length = version === 1 ? field.getUint16(0, true) : field.getUint32(0, true);
  if (length > MAX_HEADER)
    throw new FormatError(file, `the header at offset ${start} claims ${length} bytes.`);
  checkRange(file, source.size, start, length, 'the .npy header');
  const bytes = await source.read(start, length);
  const text = textDecoder(version === 3 ? 'utf-8' : 'latin1').decode(bytes);
  return { ...parseHeader(file, name, text), offset: start + length };
}

/** Three keys in any order, as NumPy writes them; descr in whatever way np.dtype reads. */
function parseHeader(file: string, name: string, text: string): Omit<NpyHeader, 'offset'> {
  const descr = /['"]descr['"]\s*:\s*(?:(['"])([^'"]*)\1|(\[[^\]]*\]))/.exec(text);
  const order = /['"]fortran_order['"]\s*:\s*(True|False)\b/.exec(text);
  const tuple = /['"]shape['"]\s*:\s*\(([^()]*)\)/.exec(text);
  const missing = [!descr && 'descr', !order && 'fortran_order', !tuple && 'shape'].filter(Boolean);
  const keys = text.match(/['"](descr|fortran_order|shape)['"]\s*:/g) ?? [];
  if (missing.length === 0 && keys.length !== 3)
    throw new FormatError(file, `the header ${quote(text)} has a key twice.`);
  if (!descr || !order || !tuple || !/^\s*\{.*\}\s*$/s.test(text)) {
    throw new FormatError(
      file,
      `the header ${quote(text)} lacks ${missing.length ? missing.map(quote).join(', ') : 'its braces'}.`,
    );
  }
  const { dtype, little, fields } =
    descr[3] === undefined ? parseType(file, name, descr[2]) : parseFields(file, name, descr[3]);
  const items = tuple[1].trim() === '' ? [] : tuple[1].trim().replace(/,$/, '').split(',');
  const shape = items.map((item) => {
    const digits = /^\s*(\d+)L?\s*$/.exec(item)?.[1];
    if (digits === undefined || !Number.isSafeInteger(Number(digits))) {
      throw new FormatError(file, `array ${quote(name)} has shape (${quote(tuple[1])}).`);
    }
    return Number(digits);
  });
  // A structured array's fields are one more dimension, the fastest whatever the order.
  return { shape, dtype, fortran: order[1] === 'True', little, fields };
}

interface NpyType {
  dtype: string;
  little: boolean;
  /** Elements in a row of a structured array; 0: it is none. */
  fields: number;
}

function parseType(file: string, name: string, text: string): NpyType {
  const [, endian, kind] = /^([<>|=]?)(.+)$/.exec(text) ?? [];
  // ml_dtypes: np.save knows its bfloat16 as two bytes of raw data only.
  const dtype = kind === 'V2' ? 'bfloat16' : kind === undefined ? undefined : fromNumpy(kind);
  if (dtype === undefined) {
    throw new FormatError(
      file,
      `array ${quote(name)} has dtype ${quote(text)}${why(kind)}; numbers are read.`,
    );
  }
  return { dtype, little: endian !== '>', fields: 0 };
}

/** [('x', '<f4'), ('y', '<f4', (3,))]: rows of numbers where every field is of one type. */
function parseFields(file: string, name: string, text: string): NpyType {
  const FIELD =
    /\(\s*(?:'[^']*'|"[^"]*"|\([^()]*\))\s*,\s*['"]([^'"]*)['"]\s*(?:,\s*\(([\d\s,]*)\)\s*|,\s*(\d+)\s*)?\)/g;
  const found = [...text.matchAll(FIELD)];
  const types = new Set(found.map(([, type]) => type));
  if (types.size !== 1 || text.replace(FIELD, '').replace(/[[\],\s]/g, '') !== '') {
    throw new FormatError(
      file,
      `array ${quote(name)} has fields of more than one type (a structured dtype).`,
    );
  }
  const fields = found.reduce((sum, [, , tuple, one]) => {
    const sizes = (tuple ?? one ?? '').match(/\d+/g) ?? [];
    return sum + sizes.reduce((product, n) => product * Number(n), 1);
  }, 0);
  return { ...parseType(file, name, [...types][0]), fields };
}

function why(kind: string | undefined): string {
  const names: Record<string, string> = {
    O: 'objects',
    S: 'bytes',
    U: 'text',
    V: 'raw data',
    M: 'dates',
  };
  const what = kind === undefined ? undefined : names[kind[0]];
  return what === undefined ? '' : ` (${what})`;
}
