// HDF5's types of elements, as far as they are numbers.
// Source: HDF5 File Format Specification 3.0 (and 4.0 for the complex class), section IV.A.2.d.
import type { Cursor } from './cursor.js';

export interface Type {
  /** Ours; undefined for text, references and other things that are no numbers. */
  dtype?: string;
  little: boolean;
  /** Bytes of an element. */
  size: number;
  /** Object references. */
  reference?: boolean;
  /** Numbers that nobody here reads, in words. */
  odd?: string;
}

const [INTEGER, FLOAT, COMPOUND, REFERENCE, ENUM, COMPLEX] = [0, 1, 6, 7, 8, 11];

/** Floats by their bytes, bits of precision, exponent and mantissa, and their bias. */
const FLOATS: Readonly<Record<string, string>> = {
  '1/8/4/3/7': 'float8_e4m3',
  '1/8/5/2/15': 'float8_e5m2',
  '2/16/5/10/15': 'float16',
  '2/16/8/7/127': 'bfloat16',
  '4/32/8/23/127': 'float32',
  '8/64/11/52/1023': 'float64',
};

export function readType(bytes: Cursor, depth = 0): Type {
  const head = bytes.uint(1);
  const [kind, version] = [head & 15, head >> 4];
  const [bits0, bits1] = [bytes.uint(1), bytes.uint(1)];
  bytes.skip(1);
  const size = bytes.uint(4);
  const little = (bits0 & 1) === 0;
  if (kind === INTEGER) {
    const [offset, precision] = [bytes.uint(2), bytes.uint(2)];
    const plain = [1, 2, 4, 8].includes(size) && offset === 0 && precision === 8 * size;
    if (!plain) return { little, size, odd: `integers of ${precision} bits in ${size} bytes` };
    return { dtype: `${bits0 & 8 ? '' : 'u'}int${8 * size}`, little, size };
  }
  if (kind === FLOAT) {
    const [, precision, , exponent, , mantissa] = [2, 2, 1, 1, 1, 1].map((n) => bytes.uint(n));
    const dtype = FLOATS[[size, precision, exponent, mantissa, bytes.uint(4)].join('/')];
    if (dtype === undefined || bits0 & 0x40) return { little, size, odd: `floats of ${precision} bits` };
    return { dtype, little, size };
  }
  if (kind === ENUM && depth === 0) {
    // The numbers are those of its base; FALSE and TRUE alone are how h5py writes bool.
    const base = readType(bytes, 1);
    const names = Array.from({ length: Math.min(bits0, 3) }, () => readName(bytes, version));
    return { ...base, dtype: names.join() === 'FALSE,TRUE' ? 'bool' : base.dtype };
  }
  if (kind === COMPLEX && depth === 0) {
    const base = readType(bytes, 1);
    const dtype = pairOf(base);
    return {
      dtype,
      little: base.little,
      size,
      ...(dtype === undefined && { odd: `complex numbers of ${size} bytes` }),
    };
  }
  if (kind === COMPOUND && depth === 0)
    return { ...readCompound(bytes, version, bits0 | (bits1 << 8), size), size };
  return { little, size, ...(kind === REFERENCE && size === 8 && { reference: true }) };
}

const pairOf = ({ dtype = '' }: Type): string | undefined =>
  ({ float32: 'complex64', float64: 'complex128' })[dtype];

/** Text up to a zero; before version 3 filled up to a multiple of 8. */
function readName(bytes: Cursor, version: number): string | undefined {
  const length = bytes.data.indexOf(0, bytes.at) + 1 - bytes.at;
  if (length < 1) return undefined;
  return bytes.part(version >= 3 ? length : Math.ceil(length / 8) * 8).text(length);
}

/** How the parts of a complex number are called by h5py, MATLAB, Octave and Julia: two others are a table. */
const PARTS = /^(r_?|re_?|real),(i_?|im_?|imag|imaginary)$/i;

/** Two equal floats, one after the other, are a complex number. */
function readCompound(bytes: Cursor, version: number, members: number, size: number): Omit<Type, 'size'> {
  const none = { little: true };
  if (members !== 2) return none;
  const types: (Type & { at: number; name: string })[] = [];
  for (let k = 0; k < 2; k++) {
    const name = readName(bytes, version);
    if (name === undefined) return none;
    const width = version >= 3 ? (size < 256 ? 1 : size < 65536 ? 2 : 4) : 4;
    const at = bytes.uint(width);
    if (version === 1) bytes.skip(28);
    const first = bytes.at;
    types.push({ ...readType(bytes, 1), at, name });
    if (bytes.at === first) return none;
  }
  const [re, im] = types;
  const pair =
    PARTS.test(`${re.name},${im.name}`) &&
    re.dtype === im.dtype &&
    re.at === 0 &&
    im.at === re.size &&
    size === 2 * re.size &&
    re.little === im.little;
  return { dtype: pair ? pairOf(re) : undefined, little: re.little };
}
