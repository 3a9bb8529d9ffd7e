// Arrays with a shape, nested arrays, tensors with strides: what is read, what is refused, and in which words.
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { element, position, readInput, type Stack, symmetrized } from '../../src/input/stack.js';
import type { Float16ArrayLike, MatrixInput, NumericArray, Rows, TensorLike } from '../../src/types.js';

const read = (a: unknown, shape?: unknown, maxDims?: number) => readInput('matrixRank', [a, shape], maxDims);

/** All elements in the caller's own order: row-major within each matrix. */
function elements(stack: Stack): number[] {
  const { rows, cols, colMajor } = stack;
  const out: number[] = [];
  for (let k = 0; k < stack.count; k++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        out.push(element(stack, k * rows * cols + (colMajor ? j * rows + i : i * cols + j)));
      }
    }
  }
  return out;
}

function thrown(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

function refuses(type: typeof TypeError | typeof RangeError, message: string, action: () => unknown): void {
  const error = thrown(action);
  expect(error.message).toBe(`matrixRank: ${message}`);
  expect(error).toBeInstanceOf(type);
}

const HOLED: unknown[] = [1, 0, 3];
const HOLED_SHAPE: unknown[] = [2, 3];
const HOLED_ROWS: unknown[] = [[1], 0, [2]];
delete HOLED[1];
delete HOLED_SHAPE[0];
delete HOLED_ROWS[1];

const detached = (): Float64Array => {
  const data = new Float64Array(4);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
};

describe('a flat array with a shape', () => {
  const types = [
    [Float64Array, 'f64', false],
    [Float32Array, 'f32', true],
    [Int8Array, 'other', false],
    [Uint8Array, 'other', false],
    [Uint8ClampedArray, 'other', false],
    [Int16Array, 'other', false],
    [Uint16Array, 'other', false],
    [Int32Array, 'other', false],
    [Uint32Array, 'other', false],
  ] as const;
  it.each(types)('%o is read in place', (type, kind, single) => {
    const data = new type([1, 2, 3, 4, 5, 6]);
    expect(read(data, [2, 3], 2)).toEqual({
      data,
      offset: 0,
      kind,
      single,
      batch: [],
      count: 1,
      rows: 2,
      cols: 3,
      colMajor: false,
      vector: false,
      noise: NaN,
    });
    expect(read(data, [2, 3]).data).toBe(data);
  });

  it('a number[] is read once, into an array of its own', () => {
    const data = [1, 2.5, -0, NaN];
    const stack = read(data, [2, 2]);
    expect(stack.data).toEqual(Float64Array.from(data));
    expect(stack).toMatchObject({ kind: 'f64', single: false, rows: 2, cols: 2 });
  });

  it('records have the same properties in the same order, whatever the road', () => {
    const road = [
      read(new Float64Array(4), [2, 2]),
      read(new Float32Array(4), [2, 2]),
      read([1], []),
      read([[1]]),
      read({ data: [1, 2, 3, 4], shape: [2, 2], strides: [-1, 2], offset: 1 }),
    ];
    for (const stack of road) expect(Object.keys(stack)).toEqual(Object.keys(road[0]));
  });

  it('shapes tell vectors, matrices and stacks', () => {
    const data = new Float64Array(12);
    expect(read(data.subarray(0, 1), [])).toMatchObject({
      rows: 1,
      cols: 1,
      count: 1,
      batch: [],
      vector: true,
    });
    expect(read(data, [12])).toMatchObject({ rows: 1, cols: 12, count: 1, batch: [], vector: true });
    expect(read(data, [12, 1])).toMatchObject({
      rows: 12,
      cols: 1,
      count: 1,
      batch: [],
      vector: false,
      noise: NaN,
    });
    expect(read(data, [2, 3, 2])).toMatchObject({
      rows: 3,
      cols: 2,
      count: 2,
      batch: [2],
      vector: false,
      noise: NaN,
    });
    expect(read(data, [2, 3, 1, 2])).toMatchObject({
      rows: 1,
      cols: 2,
      count: 6,
      batch: [2, 3],
      vector: false,
      noise: NaN,
    });
  });

  it('dimensions of 0 are fine', () => {
    expect(read(new Float64Array(0), [0])).toMatchObject({ rows: 1, cols: 0, vector: true });
    expect(read(new Float64Array(0), [0, 3])).toMatchObject({ rows: 0, cols: 3, count: 1 });
    expect(read([], [3, 0])).toMatchObject({ rows: 3, cols: 0, count: 1 });
    expect(read(new Float32Array(0), [0, 3, 3])).toMatchObject({ rows: 3, cols: 3, count: 0, batch: [0] });
    expect(read(new Float32Array(0), [2 ** 40, 2 ** 40, 0])).toMatchObject({ count: 2 ** 40, cols: 0 });
    expect(Object.is(read([], [-0, 3]).rows, 0)).toBe(true);
  });

  it('the shape may itself be a typed array', () => {
    expect(read(new Float64Array(6), Int32Array.of(2, 3))).toMatchObject({ rows: 2, cols: 3, batch: [] });
  });

  it('shared, resizable and partial buffers are fine', () => {
    const shared = new Float32Array(new SharedArrayBuffer(16));
    expect(read(shared, [2, 2]).data).toBe(shared);
    const Resizable = ArrayBuffer as unknown as new (n: number, o: { maxByteLength: number }) => ArrayBuffer;
    const growing = new Float64Array(new Resizable(32, { maxByteLength: 64 }));
    expect(read(growing, [2, 2]).data).toBe(growing);
    const part = new Float64Array(8).subarray(2, 6);
    expect(read(part, [2, 2])).toMatchObject({ data: part, offset: 0 });
  });

  it('arrays of another realm are known by what they are', () => {
    const foreign = runInNewContext(
      '({ data: new Float32Array([1, 2, 3, 4]), shape: [2, 2], rows: [[1, 2]] })',
    );
    expect(foreign.data instanceof Float32Array).toBe(false);
    expect(read(foreign.data, foreign.shape)).toMatchObject({ kind: 'f32', single: true, rows: 2, cols: 2 });
    expect(read({ data: foreign.data, shape: [2, 1], strides: [3, 1] }).data).toEqual(
      new Float32Array([1, 4]),
    );
    expect(elements(read(foreign.rows))).toEqual([1, 2]);
  });

  it.runIf('Float16Array' in globalThis)('a Float16Array is seen as its bits', () => {
    const Float16 = (globalThis as unknown as Record<string, Float64ArrayConstructor>).Float16Array;
    const data = new Float16([1, -2, 0.5, 65504]);
    const stack = read(data, [2, 2]);
    expect(stack).toMatchObject({ kind: 'f16', single: true });
    expect(stack.data).toBeInstanceOf(Uint16Array);
    expect((stack.data as Uint16Array).buffer).toBe(data.buffer);
    expect(elements(stack)).toEqual([1, -2, 0.5, 65504]);
    expect(elements(read({ data, shape: [2, 2], dtype: 'float16', strides: [1, 2] }))).toEqual([
      1, 0.5, -2, 65504,
    ]);
    expect(read([data, data])).toMatchObject({ kind: 'f32', rows: 2, cols: 4 });
  });

  const needsShape = 'a flat array needs a shape, such as [rows, columns]; none was given.';
  it('without a shape is refused', () => {
    refuses(TypeError, needsShape, () => read(new Float64Array(4)));
    refuses(TypeError, needsShape, () => read([1, 2]));
    refuses(TypeError, needsShape, () => read(new Uint8Array(0)));
  });

  it('with something else for a shape is refused', () => {
    const data = new Float64Array(6);
    const must = 'shape must be an array of dimensions, such as [rows, columns]; got';
    refuses(TypeError, `${must} null.`, () => read(data, null));
    refuses(TypeError, `${must} a number.`, () => read(data, 6));
    refuses(TypeError, `${must} a string.`, () => read(data, '2x3'));
    refuses(TypeError, `${must} an object with keys rows, cols.`, () => read(data, { rows: 2, cols: 3 }));
    refuses(TypeError, 'shape[0] must be a number; got a string.', () => read(data, ['2', 3]));
    refuses(TypeError, 'shape[1] must be a number; got undefined.', () => read(data, [2, undefined]));
    refuses(TypeError, 'shape[0] must be a number; got undefined.', () => read(data, HOLED_SHAPE));
    refuses(TypeError, 'shape[1] must be a number; got a BigInt.', () => read(data, [2, 3n]));
    refuses(TypeError, 'shape[0] must be a number; got a BigInt.', () =>
      read(data, BigInt64Array.of(2n, 3n)),
    );
    const whole = 'must be a whole number of 0 or more, below 2^53; got';
    refuses(RangeError, `shape[1] ${whole} -1.`, () => read(data, [6, -1]));
    refuses(RangeError, `shape[0] ${whole} 1.5.`, () => read(data, [1.5, 4]));
    refuses(RangeError, `shape[0] ${whole} NaN.`, () => read(data, [NaN, 4]));
    refuses(RangeError, `shape[2] ${whole} Infinity.`, () => read(data, [1, 1, Infinity]));
    refuses(RangeError, `shape[0] ${whole} 9007199254740992.`, () => read(data, [2 ** 53, 0]));
    refuses(RangeError, 'shape [4294967296, 4294967296] has more elements than any array can hold.', () =>
      read(data, [2 ** 32, 2 ** 32]),
    );
  });

  it('of another length than the shape needs is refused', () => {
    for (const type of [Float64Array, Float32Array, Int8Array]) {
      refuses(RangeError, 'data has 11 elements, shape [3, 4] needs 12.', () => read(new type(11), [3, 4]));
      refuses(RangeError, 'data has 13 elements, shape [3, 4] needs 12.', () => read(new type(13), [3, 4]));
      refuses(RangeError, 'data has 1 element, shape [0, 4] needs 0.', () => read(new type(1), [0, 4]));
      refuses(RangeError, 'data has 0 elements, shape [2, 2] needs 4.', () => read(new type(0), [2, 2]));
    }
    refuses(RangeError, 'data has 2 elements, shape [] needs 1.', () => read([1, 2], []));
    refuses(RangeError, 'data has 2 elements, shape [3] needs 3.', () => read([1, 2], [3]));
  });

  it('with elements that are no numbers is refused', () => {
    refuses(TypeError, 'data[1] is a string; expected a number.', () => read([1, '2'], [1, 2]));
    refuses(TypeError, 'data[0] is an array; expected a number.', () => read([[1, 2]], [1, 2]));
    refuses(TypeError, 'data[1] is a BigInt; expected a number.', () => read([1, 2n], [1, 2]));
    refuses(TypeError, 'data[1] is undefined; expected a number.', () => read([1, undefined], [1, 2]));
    refuses(TypeError, 'data[1] is null; expected a number.', () => read([1, null], [2]));
    refuses(TypeError, 'data[1] is missing (the array has a hole); expected a number.', () =>
      read(HOLED, [3]),
    );
    refuses(TypeError, 'data[0] is missing (the array has a hole); expected a number.', () =>
      read(new Array(4), [2, 2]),
    );
    const wide = (name: string) =>
      `data is a ${name}, whose 64-bit integers a number cannot hold; convert it first, ` +
      'as in Float64Array.from(data, Number).';
    refuses(TypeError, wide('BigInt64Array'), () => read(new BigInt64Array(4), [2, 2]));
    refuses(TypeError, wide('BigUint64Array'), () => read(new BigUint64Array(4)));
  });

  it('that is none is refused', () => {
    const must = 'data must be a typed array or an array of numbers; got';
    refuses(TypeError, `${must} a string.`, () => read('1234', [2, 2]));
    refuses(TypeError, `${must} undefined.`, () => read(undefined, [2, 2]));
    refuses(TypeError, `${must} an ArrayBuffer.`, () => read(new ArrayBuffer(4), [2, 2]));
    refuses(TypeError, `${must} a DataView.`, () => read(new DataView(new ArrayBuffer(4)), [2, 2]));
    refuses(TypeError, `${must} an object with keys data, shape.`, () =>
      read({ data: [1], shape: [1] }, [1]),
    );
  });

  it('on a detached buffer is refused', () => {
    const message =
      "data's buffer is detached: it was transferred to a worker, or is WebAssembly memory that has grown.";
    refuses(TypeError, message, () => read(detached(), [2, 2]));
    refuses(TypeError, message, () => read(detached(), [0, 2]));
    refuses(TypeError, message, () => read(detached()));
    refuses(TypeError, message, () => read({ data: detached(), shape: [2, 2] }));
  });

  it('with too many dimensions for one matrix is refused', () => {
    refuses(
      RangeError,
      'shape [2, 3, 2] has 3 dimensions, a matrix has 2; use matrixRanks for a stack of matrices, convLayerRank for ' +
        'a convolution kernel, or flatten the tensor first.',
      () => read(new Float64Array(12), [2, 3, 2], 2),
    );
    expect(() => read([[[1]]], undefined, 2)).toThrow(/shape \[1, 1, 1\] has 3 dimensions/);
  });
});

describe('nested arrays', () => {
  it('are copied row by row', () => {
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const stack = read(rows);
    expect(stack).toMatchObject({
      kind: 'f64',
      single: false,
      rows: 2,
      cols: 3,
      vector: false,
      noise: NaN,
      colMajor: false,
    });
    expect(stack.data).toEqual(new Float64Array([1, 2, 3, 4, 5, 6]));
    expect(read([[NaN, Infinity]]).data).toEqual(new Float64Array([NaN, Infinity]));
  });

  it('may be empty', () => {
    expect(read([])).toMatchObject({ rows: 1, cols: 0, vector: true });
    expect(read([[]])).toMatchObject({ rows: 1, cols: 0, vector: false, noise: NaN });
    expect(read([[], []])).toMatchObject({ rows: 2, cols: 0 });
  });

  it('may be a stack', () => {
    const stack = read([[[1, 2]], [[3, 4]], [[5, 6]]]);
    expect(stack).toMatchObject({ batch: [3], count: 3, rows: 1, cols: 2 });
    expect(elements(stack)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('may have typed rows, and are single precision if all of them are', () => {
    expect(read([Float32Array.of(1, 2), Float32Array.of(3, 4)])).toMatchObject({
      data: Float32Array.of(1, 2, 3, 4),
      kind: 'f32',
      single: true,
    });
    expect(read([Float32Array.of(0.1, 2), [3, 4]])).toMatchObject({ kind: 'f64', single: false });
    expect(read([[Float32Array.of(1)], [Float32Array.of(2)]])).toMatchObject({ kind: 'f32', batch: [2] });
    expect(read([Int8Array.of(1, -2)]).data).toEqual(Float64Array.of(1, -2));
  });

  it('of unequal rows are refused', () => {
    const same = 'all must have the same length.';
    refuses(RangeError, `row 1 has 1 element, row 0 has 2; ${same}`, () => read([[1, 2], [3]]));
    refuses(RangeError, `row 2 has 3 elements, row 0 has 2; ${same}`, () =>
      read([
        [1, 2],
        [3, 4],
        [5, 6, 7],
      ]),
    );
    refuses(RangeError, `row 1 has 1 element, row 0 has 0; ${same}`, () => read([[], [1]]));
    refuses(RangeError, `a[1][0] has 1 element, a[0][0] has 2; ${same}`, () => read([[[1, 2]], [[3]]]));
    refuses(RangeError, `row 1 has 2 elements, row 0 has 1; ${same}`, () =>
      read([
        [[1, 2]],
        [
          [3, 4],
          [5, 6],
        ],
      ]),
    );
  });

  it('with something else inside are refused', () => {
    refuses(TypeError, 'row 0 is a string; expected an array.', () => read(['12', '34']));
    refuses(TypeError, 'row 0 is null; expected an array.', () => read([null]));
    refuses(TypeError, 'row 1 is a number; expected an array.', () => read([[1, 2], 3]));
    refuses(TypeError, 'row 1 is undefined; expected an array.', () => read([[1], undefined]));
    refuses(TypeError, 'row 1 is an object with key 0; expected an array.', () => read([[1], { 0: 1 }]));
    refuses(TypeError, 'row 1 is undefined; expected an array.', () => read(HOLED_ROWS));
    refuses(TypeError, 'a[1][0] is a number; expected an array.', () => read([[[1]], [2]]));
    refuses(TypeError, 'element [1, 0] is a string; expected a number.', () =>
      read([
        [1, 2],
        ['3', 4],
      ]),
    );
    refuses(TypeError, 'element [0, 1] is a BigInt; expected a number.', () => read([[1, 2n]]));
    refuses(TypeError, 'element [0, 0] is a BigInt; expected a number.', () => read([BigInt64Array.of(1n)]));
    refuses(TypeError, 'element [0, 1] is an array; expected a number.', () => read([[1, [2]]]));
    refuses(TypeError, 'element [0, 0, 1] is null; expected a number.', () => read([[[1, null]]]));
    refuses(TypeError, 'element [0, 1] is missing (the array has a hole); expected a number.', () =>
      read([HOLED]),
    );
  });

  it('that contain themselves are refused', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    refuses(RangeError, 'arrays are nested more than 32 deep.', () => read(loop));
  });

  it('with one row repeated past all memory are refused', () => {
    const rows = new Array(1e6).fill(new Array(1e7).fill(0));
    refuses(RangeError, 'there is no memory for a copy of 10000000000000 elements.', () => read(rows));
  });
});

describe('what is no matrix', () => {
  const values: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    ['1 2', 'a string'],
    [3, 'a number'],
    [5n, 'a BigInt'],
    [() => [[1]], 'a function'],
    [{}, 'an object without keys'],
    [{ shape: [1] }, 'an object with key shape'],
    [new ArrayBuffer(8), 'an ArrayBuffer'],
    [new DataView(new ArrayBuffer(8)), 'a DataView'],
    [Promise.resolve([[1]]), 'a Promise'],
    [new Map(), 'a Map'],
    [new Set([1]), 'a Set'],
  ];
  it.each(values)('%o is refused', (value, words) => {
    const expected =
      'a typed array or number[] with a shape, an array of rows, or a tensor with data and shape';
    refuses(TypeError, `expected ${expected}; got ${words}.`, () => read(value));
  });

  it('is refused in the name of the function that was called', () => {
    expect(() => readInput('qr', [null])).toThrow(/^qr: expected a typed array/);
    expect(() => readInput('qr', [new Float64Array(3), [2, 2]])).toThrow(/^qr: data has 3 elements/);
  });
});

describe('a tensor', () => {
  it('is read in place when row-major, with shape or dims', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    for (const a of [
      { data, shape: [2, 3] },
      { data, dims: [2, 3] },
      { data, shape: [2, 3], strides: [3, 1] },
      { data, shape: [2, 3], stride: [3, 1], offset: 0 },
      { data, shape: Int32Array.of(2, 3), strides: Int32Array.of(3, 1), dtype: 'float32' },
    ]) {
      const stack = read(a);
      expect(stack).toMatchObject({ kind: 'f32', rows: 2, cols: 3, colMajor: false, offset: 0 });
      expect(stack.data).toBe(data);
    }
    expect(read({ data, shape: [2, 2], offset: 2 })).toMatchObject({ data, offset: 2, rows: 2, cols: 2 });
  });

  it('is read in place when column-major', () => {
    const data = Float64Array.of(9, 1, 2, 3, 4, 5, 6);
    const stack = read({ data, shape: [2, 3], strides: [1, 2], offset: 1 });
    expect(stack).toMatchObject({ data, offset: 1, rows: 2, cols: 3, colMajor: true });
    expect(stack.data).toBe(data);
    expect(elements(stack)).toEqual([1, 3, 5, 2, 4, 6]);
    const batch = read({ data: new Float64Array(12), shape: [2, 2, 3], strides: [6, 1, 2] });
    expect(batch).toMatchObject({ batch: [2], colMajor: true });
  });

  it('takes the stride of a single element as any', () => {
    const data = Float64Array.of(1, 2, 3, 4);
    expect(read({ data, shape: [1, 4], strides: [99, 1] }).data).toBe(data);
    expect(read({ data, shape: [4, 1], strides: [1, 99] })).toMatchObject({ data, colMajor: false });
    expect(read({ data, shape: [1, 2, 2], strides: [0, 2, 1] }).data).toBe(data);
  });

  it('is gathered otherwise: padded, reversed, broadcast, Fortran stacks', () => {
    const data = Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const gathered = (shape: number[], strides: number[], offset?: number) => {
      const stack = read({ data, shape, strides, offset });
      expect(stack).toMatchObject({ offset: 0, colMajor: false, kind: 'other' });
      return stack.data;
    };
    expect(gathered([2, 3], [4, 1])).toEqual(Int16Array.of(1, 2, 3, 5, 6, 7));
    expect(gathered([2, 2], [-2, -1], 7)).toEqual(Int16Array.of(8, 7, 6, 5));
    expect(gathered([2, 3], [0, 1], 2)).toEqual(Int16Array.of(3, 4, 5, 3, 4, 5));
    expect(gathered([2, 2, 2], [1, 2, 4])).toEqual(Int16Array.of(1, 5, 3, 7, 2, 6, 4, 8));
    expect(gathered([3], [3], 1)).toEqual(Int16Array.of(2, 5, 8));
    expect(data).toEqual(Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const wide = Float64Array.from({ length: 200 }, (_, i) => i);
    expect(read({ data: wide, shape: [2, 50], strides: [100, 1] }).data).toEqual(
      Float64Array.from({ length: 100 }, (_, i) => (i < 50 ? i : i + 50)),
    );
  });

  it('is gathered into a plain array of the same type', () => {
    const buffer = Buffer.from([1, 2, 3, 4]);
    const stack = read({ data: buffer, shape: [2], strides: [2] });
    expect(Object.getPrototypeOf(stack.data)).toBe(Uint8Array.prototype);
    for (const type of [
      Float64Array,
      Float32Array,
      Int8Array,
      Uint8ClampedArray,
      Uint16Array,
      Int32Array,
      Uint32Array,
    ]) {
      expect(read({ data: type.of(1, 2, 3), shape: [2], strides: [2] }).data).toEqual(type.of(1, 3));
    }
    expect(read({ data: [1, 2, 3], shape: [2], strides: [2] })).toMatchObject({
      data: Float64Array.of(1, 3),
      kind: 'f64',
    });
  });

  it('of 16-bit floats is known by its dtype', () => {
    const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x7c00, 0xfc00, 0x7e00);
    const stack = read({ data: half, shape: [2, 4], dtype: 'float16' });
    expect(stack).toMatchObject({ data: half, kind: 'f16', single: true });
    expect(elements(stack)).toEqual([1, -2, 2 ** -24, 65504, -0, Infinity, -Infinity, NaN]);
    const brain = Uint16Array.of(0x3f80, 0xc000, 0x0001, 0x7f80, 0xffc0);
    const other = read({ data: brain, shape: [5], dtype: 'bfloat16' });
    expect(other).toMatchObject({ kind: 'bf16', single: true });
    expect(elements(other)).toEqual([1, -2, 2 ** -133, Infinity, NaN]);
    expect(read({ data: brain, shape: [5], dtype: 'uint16' })).toMatchObject({
      kind: 'other',
      single: false,
    });
    expect(read({ data: brain, shape: [5] })).toMatchObject({ kind: 'other', single: false });
    expect(read({ data: half, shape: [2, 2], strides: [4, 2], dtype: 'float16' })).toMatchObject({
      data: Uint16Array.of(0x3c00, 0x0001, 0x8000, 0xfc00),
      kind: 'f16',
    });
    expect(read({ data: Float32Array.of(1), shape: [1], dtype: 'bfloat16' })).toMatchObject({ kind: 'f32' });
  });

  it('of no elements reads none', () => {
    expect(read({ data: [], shape: [0, 3], strides: [3, 1], offset: 7 })).toMatchObject({
      offset: 0,
      rows: 0,
      cols: 3,
    });
  });

  it('whose strides leave the data is refused', () => {
    const data = new Float64Array(6);
    refuses(
      RangeError,
      'shape [2, 3] with strides [3, 1] and offset 1 reads data[6]; data has 6 elements.',
      () => read({ data, shape: [2, 3], strides: [3, 1], offset: 1 }),
    );
    refuses(
      RangeError,
      'shape [2, 3] with strides [-3, 1] and offset 0 reads data[-3]; data has 6 elements.',
      () => read({ data, shape: [2, 3], strides: [-3, 1] }),
    );
    refuses(RangeError, 'shape [2, 3] with offset 1 reads data[6]; data has 6 elements.', () =>
      read({ data, shape: [2, 3], offset: 1 }),
    );
    refuses(RangeError, 'shape [1] with strides [1] and offset 0 reads data[0]; data has 0 elements.', () =>
      read({ data: [], shape: [1], strides: [1] }),
    );
  });

  it('whose parts do not fit is refused', () => {
    const data = new Float64Array(6);
    refuses(RangeError, 'data has 6 elements, shape [2, 2] needs 4.', () => read({ data, shape: [2, 2] }));
    refuses(RangeError, 'strides [3] has 1 entry, shape [2, 3] needs 2.', () =>
      read({ data, shape: [2, 3], strides: [3] }),
    );
    refuses(RangeError, 'stride [1, 1, 1] has 3 entries, dims [2, 3] needs 2.', () =>
      read({ data, dims: [2, 3], stride: [1, 1, 1] }),
    );
    refuses(RangeError, 'strides[0] must be a whole number, below 2^53; got 0.5.', () =>
      read({ data, shape: [2, 3], strides: [0.5, 1] }),
    );
    refuses(TypeError, 'strides[1] must be a number; got a string.', () =>
      read({ data, shape: [2, 3], strides: [3, '1'] }),
    );
    refuses(TypeError, 'strides must be an array of whole numbers; got a number.', () =>
      read({ data, shape: [2, 3], strides: 3 }),
    );
    refuses(TypeError, 'offset must be a number; got a string.', () =>
      read({ data, shape: [2, 3], offset: '0' }),
    );
    refuses(RangeError, 'offset must be a whole number of 0 or more, below 2^53; got -1.', () =>
      read({ data, shape: [2, 3], offset: -1 }),
    );
    refuses(TypeError, 'the tensor has data but neither shape nor dims.', () => read({ data }));
    refuses(TypeError, 'dims must be an array of dimensions, such as [rows, columns]; got a number.', () =>
      read({ data, dims: 6 }),
    );
    refuses(TypeError, 'data must be a typed array or an array of numbers; got a function.', () =>
      read({ data: async () => data, shape: [2, 3] }),
    );
    refuses(TypeError, 'data[0] is a string; expected a number.', () => read({ data: ['1'], shape: [1] }));
    refuses(
      TypeError,
      "dtype 'float16' goes with a Uint16Array of 16-bit patterns; got a Float64Array.",
      () => read({ data, shape: [2, 3], dtype: 'float16' }),
    );
    refuses(TypeError, "dtype 'bfloat16' goes with a Uint16Array of 16-bit patterns; got an array.", () =>
      read({ data: [1], shape: [1], dtype: 'bfloat16' }),
    );
    refuses(TypeError, "the tensor's type is complex128; expected real numbers.", () =>
      read({ data, shape: [3], dtype: 'complex128' }),
    );
  });

  it('of integers under the name of floating-point numbers is refused: their patterns were not decoded', () => {
    const names = [
      'BF16',
      'bf16',
      'F16',
      'fp16',
      'HALF',
      'torch.bfloat16',
      'float8_e4m3fn',
      'F8_E5M2',
      'float32',
    ];
    for (const dtype of names) {
      for (const data of [new Uint16Array(4), new Uint8Array(4), new Uint32Array(4)]) {
        const message =
          `dtype '${dtype}' names floating-point numbers, but data holds integers (a ${data.constructor.name}); ` +
          "16-bit patterns go as dtype 'float16' or 'bfloat16' over a Uint16Array, " +
          'other patterns are to be decoded first.';
        refuses(TypeError, message, () => read({ data, shape: [2, 2], dtype }));
      }
      expect(read({ data: new Float32Array(4), shape: [2, 2], dtype })).toMatchObject({ kind: 'f32' });
    }
    for (const dtype of ['uint16', 'U16', 'int', 'bool', 'generic', 'uint8c', 'q8_0', 'buffer']) {
      expect(read({ data: new Uint16Array(4), shape: [2, 2], dtype })).toMatchObject({ kind: 'other' });
    }
  });

  it('broadcast past all memory is refused', () => {
    refuses(RangeError, 'there is no memory for a copy of 1000000000000000 elements.', () =>
      read({ data: [1, 2], shape: [1e9, 1e6], strides: [0, 0] }),
    );
  });

  /** A strided view with all its elements inside the data, axes in any order, some reversed, some repeated. */
  const view = fc
    .array(
      fc.record({
        length: fc.integer({ min: 0, max: 4 }),
        gap: fc.integer({ min: 0, max: 2 }),
        sign: fc.constantFrom(1, 1, -1, 0),
        order: fc.nat(),
      }),
      { minLength: 0, maxLength: 5 },
    )
    .chain((axes) => {
      const byOrder = axes.map((_, i) => i).sort((a, b) => axes[a].order - axes[b].order || a - b);
      const strides = new Array<number>(axes.length);
      let step = 1;
      for (const k of byOrder) {
        strides[k] = axes[k].sign * step;
        step *= axes[k].length + axes[k].gap;
      }
      const shape = axes.map((axis) => axis.length);
      let low = 0;
      let high = 0;
      shape.forEach((n, k) => {
        const span = Math.max(n - 1, 0) * strides[k];
        if (span < 0) low += span;
        else high += span;
      });
      return fc.record({
        shape: fc.constant(shape),
        strides: fc.constant(strides),
        before: fc.nat(3),
        after: fc.nat(3),
        low: fc.constant(low),
        high: fc.constant(high),
        type: fc.constantFrom('Float64Array', 'Float32Array', 'Int32Array', 'Uint8Array', 'Array'),
      });
    });

  function naive(data: ArrayLike<number>, shape: number[], strides: number[], offset: number): number[] {
    if (shape.length === 0) return [data[offset]];
    const out: number[] = [];
    for (let i = 0; i < shape[0]; i++) {
      out.push(...naive(data, shape.slice(1), strides.slice(1), offset + i * strides[0]));
    }
    return out;
  }

  it('of any strides has the elements that a naive gather finds', () => {
    fc.assert(
      fc.property(view, ({ shape, strides, before, after, low, high, type }) => {
        const offset = before - low;
        const length = offset + high + 1 + after;
        const types = { Float64Array, Float32Array, Int32Array, Uint8Array, Array };
        const data = types[type as 'Array'].from({ length }, (_, i) => i % 251);
        const copy = Array.from(data);
        const stack = read({ data, shape, strides, offset });
        expect(elements(stack)).toEqual(naive(data, shape, strides, offset));
        expect(Array.from(data)).toEqual(copy);
        const tail = shape.length < 2 ? [1, shape[0] ?? 1] : shape.slice(-2);
        expect([...stack.batch, stack.rows, stack.cols]).toEqual([...shape.slice(0, -2), ...tail]);
        expect(stack.data.length - stack.offset).toBeGreaterThanOrEqual(
          stack.count * stack.rows * stack.cols,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('one element shorter than its strides reach is always refused', () => {
    fc.assert(
      fc.property(view, ({ shape, strides, before, low, high }) => {
        fc.pre(!shape.includes(0));
        const offset = before - low;
        expect(() => read({ data: new Float64Array(offset + high), shape, strides, offset })).toThrow(
          RangeError,
        );
      }),
    );
  });

  it('is named in the same indices by position, whatever its layout', () => {
    fc.assert(
      fc.property(view, ({ shape, strides, before, low, high }) => {
        fc.pre(!shape.includes(0) && shape.length > 0);
        const offset = before - low;
        const data = Float64Array.from({ length: offset + high + 1 }, (_, i) => i);
        const stack = read({ data, shape, strides, offset });
        for (let k = 0; k < stack.count * stack.rows * stack.cols; k++) {
          const indices: number[] = JSON.parse(position(stack, k));
          expect(indices.length).toBe(shape.length);
          const at = indices.reduce((sum, index, axis) => sum + index * strides[axis], offset);
          expect(element(stack, k)).toBe(data[at]);
        }
      }),
    );
  });
});

describe('position', () => {
  it('counts from the first element', () => {
    expect(position(read([7], []), 0)).toBe('[0]');
    expect(position(read([1, 2, 3], [3]), 2)).toBe('[2]');
    expect(position(read(new Float64Array(6), [2, 3]), 4)).toBe('[1, 1]');
    expect(position(read({ data: new Float64Array(9), shape: [2, 3], offset: 3 }), 4)).toBe('[1, 1]');
    expect(position(read({ data: new Float64Array(6), shape: [2, 3], strides: [1, 2] }), 5)).toBe('[1, 2]');
    expect(position(read(new Float64Array(24), [2, 2, 3, 2]), 23)).toBe('[1, 1, 2, 1]');
    expect(
      position(
        read([
          [1, 2],
          [3, NaN],
        ]),
        3,
      ),
    ).toBe('[1, 1]');
  });
});

describe('symmetrized', () => {
  it('mirrors the lower triangle, whatever stands above the diagonal', () => {
    const expected = Float64Array.of(1, 2, 4, 2, 3, 5, 4, 5, 6);
    const rowMajor = Float64Array.of(1, NaN, Infinity, 2, 3, NaN, 4, 5, 6);
    expect(symmetrized(read(rowMajor, [3, 3]), 0)).toEqual(expected);
    const colMajor = Float64Array.of(1, 2, 4, NaN, 3, 5, NaN, NaN, 6);
    const stack = read({ data: colMajor, shape: [3, 3], strides: [1, 3] });
    expect(stack.colMajor).toBe(true);
    expect(symmetrized(stack, 0)).toEqual(expected);
    expect(rowMajor[1]).toBeNaN();
  });

  it('takes one matrix of a stack, from the offset, in every kind', () => {
    const data = Float32Array.of(9, 9, 1, 0, 2, 3, 4, 0, 5, 6);
    const stack = read({ data, shape: [2, 2, 2], offset: 2 });
    expect(symmetrized(stack, 0)).toEqual(Float64Array.of(1, 2, 2, 3));
    expect(symmetrized(stack, 1)).toEqual(Float64Array.of(4, 5, 5, 6));
    const half = read({
      data: Uint16Array.of(0x3c00, 0x7e00, 0x4000, 0x4200),
      shape: [2, 2],
      dtype: 'float16',
    });
    expect(symmetrized(half, 0)).toEqual(Float64Array.of(1, 2, 2, 3));
    const brain = read({
      data: Uint16Array.of(0x3f80, 0x7fc0, 0x4000, 0x4040),
      shape: [2, 2],
      dtype: 'bfloat16',
    });
    expect(symmetrized(brain, 0)).toEqual(Float64Array.of(1, 2, 2, 3));
    expect(symmetrized(read([], [0, 0]), 0)).toEqual(new Float64Array(0));
  });

  it('needs a square matrix', () => {
    const stack = read(new Float64Array(12), [3, 4]);
    refuses(RangeError, 'hermitian needs a square matrix; got 3x4.', () => symmetrized(stack, 0));
    expect(() => symmetrized(stack, 0, 'matrixRanks')).toThrow(
      'matrixRanks: hermitian needs a square matrix; got 3x4.',
    );
  });
});

describe('the types', () => {
  it('accept what is read', () => {
    expectTypeOf<Float64Array>().toExtend<NumericArray>();
    expectTypeOf<Float32Array<SharedArrayBuffer>>().toExtend<NumericArray>();
    expectTypeOf<Buffer>().toExtend<NumericArray>();
    expectTypeOf<number[]>().toExtend<NumericArray>();
    expectTypeOf<readonly [1, 2]>().toExtend<NumericArray>();
    expectTypeOf<Float16ArrayLike>().toExtend<NumericArray>();
    expectTypeOf<number[][]>().toExtend<MatrixInput>();
    expectTypeOf<readonly (readonly number[])[]>().toExtend<MatrixInput>();
    expectTypeOf<Float32Array[]>().toExtend<Rows>();
    expectTypeOf<{ data: Float32Array; shape: number[] }>().toExtend<TensorLike>();
    expectTypeOf<{ data: Uint16Array; dims: readonly [2, 3]; dtype: 'bfloat16' }>().toExtend<MatrixInput>();
    expectTypeOf<{
      data: number[];
      shape: number[];
      strides: number[];
      offset: number;
    }>().toExtend<MatrixInput>();
  });

  it('refuse what is refused', () => {
    expectTypeOf<string[]>().not.toExtend<NumericArray>();
    expectTypeOf<BigInt64Array>().not.toExtend<NumericArray>();
    expectTypeOf<DataView>().not.toExtend<NumericArray>();
    expectTypeOf<ArrayBuffer>().not.toExtend<MatrixInput>();
    expectTypeOf<string>().not.toExtend<MatrixInput>();
    expectTypeOf<string[][]>().not.toExtend<MatrixInput>();
    expectTypeOf<bigint[][]>().not.toExtend<MatrixInput>();
    expectTypeOf<{ data: string[]; shape: number[] }>().not.toExtend<MatrixInput>();
    expectTypeOf<{ data: BigInt64Array; shape: number[] }>().not.toExtend<MatrixInput>();
    expectTypeOf<{ data: Float64Array }>().not.toExtend<MatrixInput>();
    expectTypeOf<Float64Array>().not.toExtend<MatrixInput>();
    expectTypeOf<Promise<number[][]>>().not.toExtend<MatrixInput>();
  });
});
