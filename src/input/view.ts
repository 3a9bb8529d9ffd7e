// Whatever callers pass, to a View: elements, shape, strides. No library is imported; objects are told by structure.
// Layout: a View's strides are in elements; null means row-major. Cost: no copy, except for nested arrays (and
// mathjs, ml-matrix, which store such), read into one fresh typed array.
import { product } from '../shared/shape.js';
import { describe } from './options.js';

/**
 * How elements are stored. f16 and bf16 are 16-bit patterns in a Uint16Array; c64 and c128 are pairs of float32 and
 * float64, counted as one; other is widened to f64 on copying.
 */
export type Kind = 'f64' | 'f32' | 'f16' | 'bf16' | 'c64' | 'c128' | 'other';

export type Elements =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | readonly number[];

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

/** Nested arrays go no deeper; an array that contains itself would never end. */
const MAX_DEPTH = 32;

const tagGetter = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get!;

/** 'Float64Array' and so on, of any realm (`instanceof` fails for those of an iframe or a vm); else undefined. */
const typedName = (value: unknown): string | undefined => tagGetter.call(value);
const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || typedName(value) !== undefined;

/** Data with a shape beside it. */
export function flatView(fn: string, data: unknown, shape: unknown): View {
  const dims = readShape(fn, 'shape', shape); // first: reading it may run the caller's code, which may change the data
  const { elements, kind } = readElements(fn, data, undefined);
  return { data: elements, kind, shape: dims, strides: null, offset: null };
}

/** Something that has to know its own shape: an array of rows, a TensorLike, another library's matrix. */
export function selfDescribedView(fn: string, a: unknown, complexToo = false): View {
  if (Array.isArray(a)) {
    if (typeof a[0] !== 'number') return nestedView(fn, a, nestedShape(fn, a));
    throw needsShape(fn);
  }
  if (typedName(a) !== undefined) {
    readElements(fn, a, undefined);
    throw needsShape(fn);
  }
  if (typeof a === 'object' && a !== null) {
    const object = a as Record<string, unknown>;
    if (typeof object.dataSync === 'function') return tensorFlowView(fn, object, complexToo);
    if (object.isMatrix === true && typeof object.size === 'function') return mathView(fn, object);
    if (typeof object.to1DArray === 'function') return mlMatrixView(fn, object);
    if ('data' in object) return tensorView(fn, object, complexToo);
  }
  throw new TypeError(
    `${fn}: expected a typed array or number[] with a shape, an array of rows, or a tensor with data and shape; ` +
      `got ${describe(a)}.`,
  );
}

const needsShape = (fn: string) =>
  new TypeError(`${fn}: a flat array needs a shape, such as [rows, columns]; none was given.`);

/** Dimensions, checked one by one and for their product. */
export function readShape(fn: string, name: string, shape: unknown): number[] {
  const dims = readIntegers(fn, name, shape, 'dimensions, such as [rows, columns]', 0);
  const size = dims.includes(0) ? 0 : product(dims);
  if (!Number.isSafeInteger(size)) {
    throw new RangeError(`${fn}: ${name} [${dims.join(', ')}] has more elements than any array can hold.`);
  }
  return dims;
}

function readIntegers(fn: string, name: string, list: unknown, what: string, least: number): number[] {
  if (!isList(list))
    throw new TypeError(`${fn}: ${name} must be an array of ${what}; got ${describe(list)}.`);
  const out: number[] = [];
  for (let i = 0; i < list.length; i++) out.push(readInteger(fn, `${name}[${i}]`, list[i], least));
  return out;
}

function readInteger(fn: string, name: string, value: unknown, least: number): number {
  if (typeof value !== 'number')
    throw new TypeError(`${fn}: ${name} must be a number; got ${describe(value)}.`);
  if (!Number.isSafeInteger(value) || value < least) {
    const range = least === 0 ? ' of 0 or more' : '';
    throw new RangeError(`${fn}: ${name} must be a whole number${range}, below 2^53; got ${value}.`);
  }
  return value + 0; // -0 becomes 0
}

/** The elements of a flat array and how they are stored; `dtype` tells what a Uint16Array holds. */
function readElements(
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

function notNumber(fn: string, name: string, list: ArrayLike<unknown>, i: number): TypeError {
  const what = i in list ? describe(list[i]) : 'missing (the array has a hole)';
  return new TypeError(`${fn}: ${name} is ${what}; expected a number.`);
}

// Nested arrays: rows may be number[] or typed arrays.

/** The shape that the first entries tell: [length, first row's length, ...]. */
function nestedShape(fn: string, a: readonly unknown[]): number[] {
  const shape: number[] = [];
  for (let level: unknown = a; isList(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > MAX_DEPTH)
      throw new RangeError(`${fn}: arrays are nested more than ${MAX_DEPTH} deep.`);
  }
  // [undefined] and ['a'] are lists of rows that are none: copying says so.
  if (shape.length === 1 && a.length > 0) shape.push(0);
  return shape;
}

/** Nested arrays of the given shape in one typed array: Float32Array if every row is of single precision. */
function nestedView(fn: string, a: unknown, shape: readonly number[]): View {
  const size = product(shape);
  const single = size > 0 && everyRow(a, shape.length, (row) => SINGLE.has(typedName(row)));
  const data = single ? allocate(fn, Float32Array, size) : allocate(fn, Float64Array, size);
  copyNested(fn, data, 0, a, shape, []);
  return { data, kind: single ? 'f32' : 'f64', shape, strides: null, offset: null };
}

const SINGLE = new Set<string | undefined>(['Float32Array', 'Float16Array']);

function everyRow(node: unknown, depth: number, test: (row: unknown) => boolean): boolean {
  if (depth === 1) return test(node);
  return Array.isArray(node) && node.every((child) => everyRow(child, depth - 1, test));
}

function copyNested(
  fn: string,
  out: Float64Array | Float32Array,
  at: number,
  node: unknown,
  shape: readonly number[],
  path: number[],
): number {
  const length = shape[path.length];
  if (!isList(node))
    throw new TypeError(`${fn}: ${placeName(path)} is ${describe(node)}; expected an array.`);
  if (node.length !== length) {
    const first = placeName(path.map(() => 0));
    throw new RangeError(
      `${fn}: ${placeName(path)} has ${count(node.length, 'element')}, ${first} has ${length}; ` +
        'all must have the same length.',
    );
  }
  if (path.length === shape.length - 1) {
    for (let j = 0; j < length; j++) {
      const value = node[j];
      if (typeof value !== 'number') throw notNumber(fn, `element [${[...path, j].join(', ')}]`, node, j);
      out[at + j] = value;
    }
    return at + length;
  }
  for (let i = 0; i < length; i++) at = copyNested(fn, out, at, node[i], shape, [...path, i]);
  return at;
}

const placeName = (path: readonly number[]) =>
  path.length === 1 ? `row ${path[0]}` : `a${path.map((i) => `[${i}]`).join('')}`;

// Objects.

/** TensorLike, and what looks like one: onnxruntime's Tensor, ndarray, @stdlib/ndarray. */
function tensorView(fn: string, a: Record<string, unknown>, complexToo: boolean): View {
  const dtype = typeName(a.dtype) ?? typeName(a.type);
  checkDtype(fn, dtype, complexToo);
  const location = a.location;
  if (location === 'none') throw new TypeError(`${fn}: the tensor is disposed.`);
  if (typeof location === 'string' && 'dims' in a && !location.startsWith('cpu')) {
    throw new TypeError(
      `${fn}: the tensor's data is in '${location}'; download it first with await getData().`,
    );
  }
  const name = 'shape' in a ? 'shape' : 'dims';
  if (a[name] === undefined) throw new TypeError(`${fn}: the tensor has data but neither shape nor dims.`);
  const shape = readShape(fn, name, a[name]);
  const noise = readNoise(fn, a.noise);
  const stepName = a.strides === undefined ? 'stride' : 'strides';
  const steps = a[stepName];
  const strides = steps === undefined ? null : readIntegers(fn, stepName, steps, 'whole numbers', -Infinity);
  const start = a.offset;
  const offset = start === undefined ? null : readInteger(fn, 'offset', start, 0);
  const { elements, kind } = readElements(fn, a.data, dtype); // last, for the same reason as in flatView
  // @stdlib gives a scalar the strides [0].
  if (shape.length === 0) return { data: elements, kind, shape, strides: null, offset };
  if (strides && strides.length !== shape.length) {
    throw new RangeError(
      `${fn}: ${stepName} [${strides.join(', ')}] has ${count(strides.length, 'entry')}, ` +
        `${name} [${shape.join(', ')}] needs ${shape.length}.`,
    );
  }
  return { data: elements, kind, shape, strides, offset, noise };
}

function readNoise(fn: string, noise: unknown): number | undefined {
  if (noise === undefined) return undefined;
  if (typeof noise !== 'number')
    throw new TypeError(`${fn}: noise must be a number; got ${describe(noise)}.`);
  if (!(noise >= 0)) throw new RangeError(`${fn}: noise must be 0 or more; got ${noise}.`);
  return noise;
}

/** tf.Tensor: always row-major; its `strides` leave out the last dimension and say nothing new. */
function tensorFlowView(fn: string, a: Record<string, unknown>, complexToo: boolean): View {
  const dtype = typeName(a.dtype);
  checkDtype(fn, dtype, complexToo);
  if (a.isDisposed === true) throw new TypeError(`${fn}: the tensor is disposed.`);
  const shape = readShape(fn, 'shape', a.shape);
  const { elements, kind } = readElements(
    fn,
    (a.dataSync as () => unknown)(),
    dtype === 'complex64' ? dtype : undefined,
  );
  return { data: elements, kind, shape, strides: null, offset: null };
}

/** mathjs: valueOf() is nested arrays, dense or sparse. */
function mathView(fn: string, a: Record<string, unknown>): View {
  const shape = readShape(fn, 'size()', (a.size as () => unknown)());
  return nestedView(fn, (a.valueOf as () => unknown)(), shape);
}

/** ml-matrix: rows in `data`, for a Matrix; anything else of its kind can at least list its elements. */
function mlMatrixView(fn: string, a: Record<string, unknown>): View {
  const shape = readShape(fn, 'rows and columns', [a.rows, a.columns]);
  if (Array.isArray(a.data) && isList(a.data[0])) return nestedView(fn, a.data, shape);
  return flatView(fn, (a.to1DArray as () => unknown)(), shape);
}

/** Complex types, their kinds, and the arrays that hold pairs of their parts. */
const COMPLEX: Readonly<Record<string, { kind: Kind; parts: string }>> = {
  complex64: { kind: 'c64', parts: 'Float32Array' },
  complex128: { kind: 'c128', parts: 'Float64Array' },
};

const typeName = (dtype: unknown): string | undefined =>
  dtype === undefined || dtype === null ? undefined : String(dtype);

function checkDtype(fn: string, dtype: string | undefined, complexToo: boolean): void {
  const complex = dtype?.startsWith('complex') && !(complexToo && Object.hasOwn(COMPLEX, dtype));
  if (dtype === 'string' || complex) {
    throw new TypeError(`${fn}: the tensor's type is ${dtype}; expected real numbers.`);
  }
  if (dtype === 'int4' || dtype === 'uint4') {
    throw new TypeError(`${fn}: the tensor's type is ${dtype}, packed two to a byte; unpack it first.`);
  }
}

// Shared with input.ts.

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
