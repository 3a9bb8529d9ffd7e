// The elements that callers pass, and how they are stored. Cost: no copy but for a number[].
import type { Float16ArrayLike, NumericArray } from '../types.js';
import { describe } from './options.js';

/**
 * How elements are stored. f16 and bf16 are 16-bit patterns in a Uint16Array; c64 and c128 are pairs of float32 and
 * float64, counted as one; other is widened to f64 on copying.
 */
export type Kind = 'f64' | 'f32' | 'f16' | 'bf16' | 'c64' | 'c128' | 'other';

export const isComplex = ({ kind }: { kind: Kind }): boolean => kind === 'c64' || kind === 'c128';

/** What callers pass, a Float16Array as its patterns. */
export type Elements = Exclude<NumericArray, Float16ArrayLike>;
export type TypedElements = Exclude<Elements, readonly number[]>;

interface TypedArrays {
  new (length: number): TypedElements;
  new (buffer: ArrayBuffer, offset: number, length: number): TypedElements;
}

/** By their tags: a Buffer is a Uint8Array, and arrays of another realm (Jest's, a frame's) are what they say. */
export const TYPED_ARRAYS: Readonly<Record<string, TypedArrays>> = {
  Float64Array,
  Float32Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
};

/** Elements with a shape, not yet checked against each other. Numbers of a number[] are checked. */
export interface View {
  data: Elements;
  kind: Kind;
  shape: readonly number[];
  /** null: row-major. */
  strides: readonly number[] | null;
  /** null: 0, and data is exactly as long as the shape needs. */
  offset: number | null;
  /** The storage tolerance that comes with the elements. */
  noise?: number;
}

const tagGetter = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get!;

/** 'Float64Array' and so on, of any realm (`instanceof` fails for those of an iframe or a vm); else undefined. */
export const typedName = (value: unknown): string | undefined => tagGetter.call(value);
export const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || typedName(value) !== undefined;

/** Complex types, their kinds, and the arrays that hold pairs of their parts. */
export const COMPLEX: Readonly<Record<string, { kind: Kind; parts: string }>> = {
  complex64: { kind: 'c64', parts: 'Float32Array' },
  complex128: { kind: 'c128', parts: 'Float64Array' },
};

/** A name that files and frameworks give to floating-point numbers: 'BF16', 'fp16', 'torch.half', 'float8_e4m3fn'. */
const FLOATING = /float|half|double|(^|\W)(b?f|fp)\d|e\dm\d/i;

/** Integers under the name of such numbers are patterns that nobody decoded: their rank would be another matrix's. */
const notDecoded = (fn: string, dtype: string, data: unknown) =>
  new TypeError(
    `${fn}: dtype '${dtype}' names floating-point numbers, but data holds integers (${describe(data)}); ` +
      "16-bit patterns go as dtype 'float16' or 'bfloat16' over a Uint16Array, other patterns are to be decoded first.",
  );

/** The elements of a flat array and how they are stored; `dtype` tells what a Uint16Array holds. */
export function readElements(
  fn: string,
  data: unknown,
  dtype: string | undefined,
): { elements: Elements; kind: Kind } {
  const name = typedName(data);
  const bits = dtype === 'float16' || dtype === 'bfloat16' ? dtype : undefined;
  if (name === 'BigInt64Array' || name === 'BigUint64Array') {
    throw new TypeError(
      `${fn}: data is a ${name}, whose 64-bit integers a number cannot hold; ` +
        'convert it first, as in Float64Array.from(data, Number).',
    );
  }
  if (name === undefined && !Array.isArray(data)) {
    throw new TypeError(`${fn}: data must be a typed array or an array of numbers; got ${describe(data)}.`);
  }
  const fits =
    name === 'Uint16Array' || name === 'Float32Array' || (bits === 'float16' && name === 'Float16Array');
  if (bits && !fits) {
    throw new TypeError(
      `${fn}: dtype '${bits}' goes with a Uint16Array of 16-bit patterns; got ${describe(data)}.`,
    );
  }
  const pairs = dtype !== undefined && Object.hasOwn(COMPLEX, dtype) ? COMPLEX[dtype] : undefined;
  if (pairs && (name !== pairs.parts || (data as Float64Array).length % 2 !== 0)) {
    const what = name === pairs.parts ? 'an odd number of them' : describe(data);
    throw new TypeError(
      `${fn}: dtype '${dtype}' goes with a ${pairs.parts} of real and imaginary parts in turn; got ${what}.`,
    );
  }
  if (name === undefined) return { elements: numbers(fn, data as unknown[]), kind: 'f64' };
  const elements = data as Exclude<Elements, readonly number[]>;
  if (elements.length === 0 && isDetached(elements.buffer)) {
    throw new TypeError(
      `${fn}: data's buffer is detached: it was transferred to a worker, or is WebAssembly memory that has grown.`,
    );
  }
  if (pairs) return { elements, kind: pairs.kind };
  switch (name) {
    case 'Float64Array':
      return { elements, kind: 'f64' };
    case 'Float32Array':
      return { elements, kind: 'f32' };
    case 'Float16Array':
      return {
        elements: new Uint16Array(elements.buffer, elements.byteOffset, elements.length),
        kind: 'f16',
      };
    default:
      if (!bits && dtype !== undefined && FLOATING.test(dtype)) throw notDecoded(fn, dtype, data);
      return { elements, kind: bits === 'float16' ? 'f16' : bits === 'bfloat16' ? 'bf16' : 'other' };
  }
}

function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** The numbers of an array, each read once: the second time a getter may say something else. */
function numbers(fn: string, data: readonly unknown[]): Float64Array {
  const out = allocate(fn, Float64Array, data.length);
  for (let i = 0; i < out.length; i++) {
    const value = data[i];
    if (typeof value !== 'number') throw notNumber(fn, `data[${i}]`, data, i);
    out[i] = value;
  }
  return out;
}

export function notNumber(fn: string, name: string, list: ArrayLike<unknown>, i: number): TypeError {
  const what = i in list ? describe(list[i]) : 'missing (the array has a hole)';
  return new TypeError(`${fn}: ${name} is ${what}; expected a number.`);
}

export const count = (n: number, noun: string): string =>
  n === 1 ? `1 ${noun}` : `${n} ${noun.replace(/y$/, 'ie')}s`;

/** A zeroed array, or an error that says how large it would have been. */
export function allocate<T>(fn: string, type: new (length: number) => T, length: number): T {
  try {
    return new type(length);
  } catch {
    throw new RangeError(`${fn}: there is no memory for a copy of ${count(length, 'element')}.`);
  }
}
