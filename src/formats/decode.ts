// From stored bytes to the arrays that the rank functions take.
// Layout: elements side by side, little or big endian, row-major or at given strides.
// Cost: one pass, none where the bytes can be viewed as they are.
import { codeTable } from './decode/codes.js';
import { BITS, isComplex } from './dtypes.js';
import { FormatError, quote } from './errors.js';

type Elements =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** What a tensor's data field can hold. */
export type TensorData = Elements;

/** Bytes of one element. Anything absent here cannot be read. */
export const ELEMENT_SIZE: Readonly<Record<string, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float8_e4m3: 1,
  float8_e5m2: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2fnuz: 1,
  float8_e8m0: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
  complex64: 8,
  complex128: 16,
};

/** Types whose elements a typed array does not tell: the library has to be told. */

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The number of elements of a shape, or a FormatError naming what is wrong with it. */
export function countElements(file: string, name: string, shape: readonly unknown[]): number {
  if (shape.length > 64) throw new FormatError(file, `tensor ${quote(name)} has ${shape.length} dimensions.`);
  let count = 1;
  let empty = false;
  for (const d of shape) {
    if (typeof d !== 'number' || !Number.isSafeInteger(d) || d < 0) {
      throw new FormatError(file, `tensor ${quote(name)} has ${quote(d)} as a dimension.`);
    }
    if (d === 0) empty = true;
    else count *= d;
  }
  if (empty) return 0;
  if (!Number.isSafeInteger(count)) {
    throw new FormatError(
      file,
      `tensor ${quote(name)} of shape [${shape.join(', ')}] has more elements than any file.`,
    );
  }
  return count;
}

/** The element size of a dtype, or a FormatError. */
export function elementSize(file: string, name: string, dtype: string): number {
  const size = Object.hasOwn(ELEMENT_SIZE, dtype) ? ELEMENT_SIZE[dtype] : undefined;
  if (size === undefined)
    throw new FormatError(file, `tensor ${quote(name)} is of type ${quote(dtype)}, not supported.`);
  return size;
}

/** Throws unless a tensor's stored length is the one that its shape and dtype need. */
export function checkLength(
  file: string,
  name: string,
  dtype: string,
  shape: readonly number[],
  bytes: number,
  offset: number,
) {
  const need = countElements(file, name, shape) * elementSize(file, name, dtype);
  if (need !== bytes) {
    throw new FormatError(
      file,
      `tensor ${quote(name)} of ${dtype} [${shape.join(', ')}] needs ${need} bytes, ` +
        `${bytes} are stored at offset ${offset}.`,
    );
  }
}

export interface DecodeContext {
  file: string;
  name: string;
  /** The tensor's number of dimensions; below two, 64-bit integers may be rounded. */
  dims: number;
}

/**
 * The elements of `bytes`, an array that owns its buffer and is given up to the result. 64-bit integers become
 * float64: exactly, or with a FormatError. Vectors and scalars (shapes, limits, sentinels such as 2^63 - 1) are
 * rounded instead, which cannot change whether an element is zero.
 */
export function decode(bytes: Uint8Array, dtype: string, at: DecodeContext, little = true) {
  const size = elementSize(at.file, at.name, dtype);
  const owned = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const own = owned ? bytes : Uint8Array.from(bytes);
  if (size > 1 && little !== LITTLE) swap(own, isComplex(dtype) ? size / 2 : size);
  const buffer = own.buffer as ArrayBuffer;
  const length = Math.floor(own.byteLength / size);
  const bits = BITS.find((name) => name === dtype);
  return { data: view(buffer, length, dtype, at), bits };
}

function view(buffer: ArrayBuffer, length: number, dtype: string, at: DecodeContext): TensorData {
  switch (dtype) {
    case 'complex128':
      return new Float64Array(buffer, 0, 2 * length);
    case 'complex64':
      return new Float32Array(buffer, 0, 2 * length);
    case 'float64':
      return new Float64Array(buffer, 0, length);
    case 'float32':
      return new Float32Array(buffer, 0, length);
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return new Uint16Array(buffer, 0, length);
    case 'int8':
      return new Int8Array(buffer, 0, length);
    case 'uint8':
      return new Uint8Array(buffer, 0, length);
    case 'bool':
      return new Uint8Array(buffer, 0, length).map((v) => (v === 0 ? 0 : 1));
    case 'int16':
      return new Int16Array(buffer, 0, length);
    case 'int32':
      return new Int32Array(buffer, 0, length);
    case 'uint32':
      return new Uint32Array(buffer, 0, length);
    case 'int64':
    case 'uint64':
      return wide(buffer, length, dtype === 'int64', at);
    default: {
      const { values } = codeTable(dtype)!;
      const codes = new Uint8Array(buffer, 0, length);
      const out = new Float32Array(length);
      for (let i = 0; i < length; i++) out[i] = values[codes[i]];
      return out;
    }
  }
}

/** 64-bit integers as float64, in place: each result has the size of what it replaces. */
function wide(buffer: ArrayBuffer, length: number, signed: boolean, at: DecodeContext): Float64Array {
  const low = new Uint32Array(buffer, 0, length * 2);
  const high = signed ? new Int32Array(buffer, 0, length * 2) : low;
  const out = new Float64Array(buffer, 0, length);
  const [lo, hi] = LITTLE ? [0, 1] : [1, 0];
  for (let i = 0; i < length; i++) {
    const value = high[2 * i + hi] * 4294967296 + low[2 * i + lo];
    if (at.dims >= 2 && !Number.isSafeInteger(value)) throw unsafe(at.file, at.name, i, value);
    out[i] = value;
  }
  return out;
}

/** The error for a 64-bit integer that float64 cannot hold. */
export function unsafe(file: string, name: string, index: number, value: number): FormatError {
  return new FormatError(
    file,
    `tensor ${quote(name)} holds the 64-bit integer ${value} at element ${index}, past 2^53 - 1.`,
  );
}

function swap(bytes: Uint8Array, size: number) {
  for (let i = 0; i + size <= bytes.length; i += size) {
    for (let a = i, b = i + size - 1; a < b; a++, b--) {
      const t = bytes[a];
      bytes[a] = bytes[b];
      bytes[b] = t;
    }
  }
}
