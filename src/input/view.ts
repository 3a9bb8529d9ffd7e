// Whatever callers pass, to a View: elements, shape, strides. No library is imported; objects are told by structure.
// Layout: a View's strides are in elements; null means row-major. Cost: no copy, except for nested arrays (and
// mathjs, ml-matrix, which store such), read into one fresh typed array.
import { product } from '../shared/shape.js';
import { COMPLEX, count, isList, readElements, typedName, type View } from './elements.js';
import { nestedShape, nestedView } from './nested.js';
import { describe } from './options.js';

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
function readShape(fn: string, name: string, shape: unknown): number[] {
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
