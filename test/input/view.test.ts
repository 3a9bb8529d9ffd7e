// Matrices of other libraries, the real ones: read by structure, in place where their layout allows.
import * as tf from '@tensorflow/tfjs';
import { bignumber, complex, matrix as mathMatrix, sparse as mathSparse } from 'mathjs';
import { Matrix, MatrixTransposeView, SymmetricMatrix, WrapperMatrix1D, WrapperMatrix2D } from 'ml-matrix';
import ndarray from 'ndarray';
import * as np from 'numpy-ts';
import { Tensor } from 'onnxruntime-web';
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { element, readInput, type Stack } from '../../src/input/stack.js';
import type { MatrixInput } from '../../src/types.js';

const read = (a: MatrixInput, maxDims?: number) => readInput('matrixRank', [a], maxDims);

function rows(stack: Stack): number[][] {
  const { rows: m, cols: n, colMajor } = stack;
  return Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => element(stack, colMajor ? j * m + i : i * n + j)),
  );
}

function refuses(type: typeof TypeError | typeof RangeError, message: string, action: () => unknown): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toEqual(new type(`matrixRank: ${message}`));
  expect(thrown).toBeInstanceOf(type);
}

describe('tf.Tensor', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  it('is read, and stays with its owner', () => {
    const tensor = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const before = tf.memory().numTensors;
    const stack = read(tensor);
    expect(stack).toMatchObject({
      kind: 'f32',
      single: true,
      rows: 2,
      cols: 3,
      colMajor: false,
      vector: false,
    });
    expect(rows(stack)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(tf.memory().numTensors).toBe(before);
    expect(tensor.isDisposed).toBe(false);
    tensor.dispose();
  });

  it('is read when a variable, transposed, integer, boolean, 0-D, 1-D, 4-D', () => {
    tf.tidy(() => {
      expect(rows(read(tf.variable(tf.eye(2))))).toEqual([
        [1, 0],
        [0, 1],
      ]);
      expect(rows(read(tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]).transpose()))).toEqual([
        [1, 4],
        [2, 5],
        [3, 6],
      ]);
      expect(read(tf.tensor2d([1, 2], [1, 2], 'int32'))).toMatchObject({
        kind: 'other',
        data: Int32Array.of(1, 2),
      });
      expect(read(tf.tensor1d([true, false], 'bool'))).toMatchObject({
        kind: 'other',
        vector: true,
        cols: 2,
      });
      expect(read(tf.scalar(3))).toMatchObject({ vector: true, rows: 1, cols: 1 });
      expect(read(tf.zeros([2, 3, 4, 5]))).toMatchObject({ batch: [2, 3], count: 6, rows: 4, cols: 5 });
    });
  });

  it('is refused when complex, of strings, disposed, or of too many dimensions', () => {
    refuses(TypeError, "the tensor's type is complex64; expected real numbers.", () =>
      read(tf.complex([1], [2])),
    );
    refuses(TypeError, "the tensor's type is string; expected real numbers.", () => read(tf.tensor(['1'])));
    const gone = tf.scalar(1);
    gone.dispose();
    refuses(TypeError, 'the tensor is disposed.', () => read(gone));
    expect(() => read(tf.zeros([1, 1, 1]), 2)).toThrow(/^matrixRank: shape \[1, 1, 1\] has 3 dimensions/);
  });
});

describe("onnxruntime's Tensor", () => {
  it('is read in place', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const stack = read(new Tensor('float32', data, [2, 2]));
    expect(stack).toMatchObject({ kind: 'f32', single: true, rows: 2, cols: 2 });
    expect(stack.data).toBe(data);
    expect(read(new Tensor('float64', Float64Array.of(1, 2), [1, 2]))).toMatchObject({
      kind: 'f64',
      single: false,
    });
    expect(read(new Tensor('uint8', Uint8Array.of(1, 2), [2]))).toMatchObject({
      kind: 'other',
      vector: true,
    });
    expect(read(new Tensor('bool', [true, false], [1, 2]))).toMatchObject({ kind: 'other' });
    expect(read(new Tensor('uint16', Uint16Array.of(1), [1]))).toMatchObject({
      kind: 'other',
      single: false,
    });
  });

  it('of float16 is known, whichever array holds it', () => {
    const Float16 = (globalThis as { Float16Array?: { from(list: number[]): unknown } }).Float16Array;
    const data = Float16 ? Float16.from([1, -2]) : Uint16Array.of(0x3c00, 0xc000);
    const stack = read(new Tensor('float16', data as Uint16Array, [1, 2]));
    expect(stack).toMatchObject({ kind: 'f16', single: true, data: Uint16Array.of(0x3c00, 0xc000) });
    expect(rows(stack)).toEqual([[1, -2]]);
    const plain = { dims: [1, 2], type: 'float16', location: 'cpu', data: Uint16Array.of(0x3c00, 0xc000) };
    expect(rows(read(plain))).toEqual([[1, -2]]);
    expect(read({ ...plain, type: 'bfloat16' })).toMatchObject({ kind: 'bf16' });
  });

  it('is refused when of int64, strings or 4-bit elements, disposed or on a GPU', () => {
    const wide =
      'data is a BigInt64Array, whose 64-bit integers a number cannot hold; convert it first, ' +
      'as in Float64Array.from(data, Number).';
    refuses(TypeError, wide, () => read(new Tensor('int64', BigInt64Array.of(1n), [1])));
    refuses(TypeError, "the tensor's type is string; expected real numbers.", () =>
      read(new Tensor(['a'], [1])),
    );
    refuses(TypeError, "the tensor's type is uint4, packed two to a byte; unpack it first.", () =>
      read(new Tensor('uint4', Uint8Array.of(1), [2])),
    );
    const gone = new Tensor('float32', new Float32Array(1), [1]);
    gone.dispose();
    refuses(TypeError, 'the tensor is disposed.', () => read(gone));
    const far = Tensor.fromTexture({} as WebGLTexture, { width: 1, height: 1 });
    refuses(TypeError, "the tensor's data is in 'texture'; download it first with await getData().", () =>
      read(far),
    );
  });
});

describe('ndarray', () => {
  const data = Float64Array.of(1, 2, 3, 4, 5, 6);
  const a = ndarray(data, [2, 3]);

  it('is read in place when contiguous', () => {
    expect(read(a).data).toBe(data);
    expect(read(a)).toMatchObject({ kind: 'f64', rows: 2, cols: 3, colMajor: false });
    expect(read(a.transpose(1, 0)).data).toBe(data);
    expect(rows(read(a.transpose(1, 0)))).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(read(a.lo(1, 0))).toMatchObject({ data, offset: 3, rows: 1, cols: 3 });
  });

  it('is gathered when cut, stepped or reversed', () => {
    expect(rows(read(a.lo(0, 1)))).toEqual([
      [2, 3],
      [5, 6],
    ]);
    expect(rows(read(a.step(1, 2)))).toEqual([
      [1, 3],
      [4, 6],
    ]);
    expect(rows(read(a.step(-1, -1)))).toEqual([
      [6, 5, 4],
      [3, 2, 1],
    ]);
    expect(read(a.pick(null, 1))).toMatchObject({ vector: true, data: Float64Array.of(2, 5) });
  });

  it('of number[] and of float32 is read', () => {
    expect(rows(read(ndarray([1, 2, 3, 4], [2, 2])))).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(read(ndarray(new Float32Array(4), [2, 2]))).toMatchObject({ kind: 'f32', single: true });
    expect(read(ndarray(new Float32Array(8), [2, 2, 2]))).toMatchObject({ batch: [2], count: 2 });
  });

  it('of a generic store is refused', () => {
    const store = { length: 1, get: () => 1, set: () => undefined };
    refuses(
      TypeError,
      'data must be a typed array or an array of numbers; got an object with keys length, get, set.',
      () => read(ndarray(store, [1])),
    );
  });
});

/** As @stdlib/ndarray-base-ctor makes them: everything behind getters of the prototype. */
class StdlibNdarray {
  constructor(
    private readonly _dtype: string,
    private readonly _buffer: unknown,
    private readonly _shape: number[],
    private readonly _strides: number[],
    private readonly _offset: number,
    private readonly _order: string,
  ) {}
  get dtype() {
    return this._dtype;
  }
  get data() {
    return this._buffer;
  }
  get shape() {
    return this._shape.slice();
  }
  get strides() {
    return this._strides.slice();
  }
  get offset() {
    return this._offset;
  }
  get order() {
    return this._order;
  }
}

describe('@stdlib/ndarray', () => {
  const data = Float64Array.of(1, 2, 3, 4, 5, 6);

  it('is read through its getters, in either order', () => {
    const c = new StdlibNdarray('float64', data, [2, 3], [3, 1], 0, 'row-major');
    expect(read(c)).toMatchObject({ data, colMajor: false });
    const f = new StdlibNdarray('float64', data, [2, 3], [1, 2], 0, 'column-major');
    expect(read(f)).toMatchObject({ data, colMajor: true });
    expect(rows(read(f))).toEqual([
      [1, 3, 5],
      [2, 4, 6],
    ]);
    const reversed = new StdlibNdarray('float64', data, [2, 3], [-3, -1], 5, 'row-major');
    expect(rows(read(reversed))).toEqual([
      [6, 5, 4],
      [3, 2, 1],
    ]);
  });

  it('has scalars with one stride', () => {
    const scalar = new StdlibNdarray('float64', data, [], [0], 4, 'row-major');
    expect(read(scalar)).toMatchObject({ vector: true, offset: 4, rows: 1, cols: 1 });
    expect(element(read(scalar), 0)).toBe(5);
  });

  it('of complex numbers is refused', () => {
    const z = new StdlibNdarray('complex128', { length: 1 }, [1], [1], 0, 'row-major');
    refuses(TypeError, "the tensor's type is complex128; expected real numbers.", () => read(z));
  });
});

describe('ml-matrix', () => {
  const a = new Matrix([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  it('is read, whatever its class', () => {
    expect(read(a)).toMatchObject({ kind: 'f64', single: false, rows: 2, cols: 3 });
    expect(rows(read(a))).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(rows(read(new MatrixTransposeView(a)))).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(
      rows(
        read(
          new WrapperMatrix2D([
            [1, 2],
            [3, 4],
          ]),
        ),
      ),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(rows(read(new WrapperMatrix1D([1, 2, 3, 4], { rows: 2 })))).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(rows(read(SymmetricMatrix.zeros(2) as unknown as Matrix))).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(read(new Matrix(0, 3))).toMatchObject({ rows: 0, cols: 3 });
    expect(read(new Matrix(3, 0))).toMatchObject({ rows: 3, cols: 0 });
  });
});

describe('mathjs', () => {
  it('is read, dense or sparse', () => {
    expect(
      read(
        mathMatrix([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toMatchObject({ kind: 'f64', rows: 2, cols: 2, vector: false });
    expect(
      rows(
        read(
          mathMatrix([
            [1, 2, 3],
            [4, 5, 6],
          ]),
        ),
      ),
    ).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(
      rows(
        read(
          mathSparse([
            [0, 2, 0],
            [4, 0, 0],
          ]),
        ),
      ),
    ).toEqual([
      [0, 2, 0],
      [4, 0, 0],
    ]);
    expect(read(mathMatrix([1, 2, 3]))).toMatchObject({ vector: true, rows: 1, cols: 3 });
    expect(read(mathMatrix())).toMatchObject({ vector: true, cols: 0 });
    expect(read(mathMatrix([[[1, 2]], [[3, 4]]]))).toMatchObject({ batch: [2], rows: 1, cols: 2 });
  });

  it('of anything but plain numbers is refused', () => {
    const big = mathMatrix([[bignumber(1)]]);
    expect(() => read(big)).toThrow(/^matrixRank: element \[0, 0\] is a .*; expected a number\.$/);
    expect(() => read(mathMatrix([[1, complex(0, 1)]]))).toThrow(
      'matrixRank: element [0, 1] is a Complex; expected a number.',
    );
    expect(() => read(mathMatrix(['1']))).toThrow('matrixRank: element [0] is a string; expected a number.');
  });
});

describe('numpy-ts', () => {
  it('is read as a tensor with strides', () => {
    const a = np.array([
      [1, 2, 3],
      [4, 5, 6],
    ]) as unknown as MatrixInput;
    expect(rows(read(a))).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const t = (a as unknown as { T: MatrixInput }).T;
    expect(read(t)).toMatchObject({ colMajor: true, rows: 3, cols: 2 });
    expect(rows(read(t))).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });
});

describe('the types', () => {
  it("accept the libraries' own", () => {
    expectTypeOf<tf.Tensor>().toExtend<MatrixInput>();
    expectTypeOf<tf.Tensor2D>().toExtend<MatrixInput>();
    expectTypeOf<tf.Variable>().toExtend<MatrixInput>();
    expectTypeOf<Tensor>().toExtend<MatrixInput>();
    expectTypeOf<import('onnxruntime-web').TypedTensor<'float32'>>().toExtend<MatrixInput>();
    expectTypeOf<ndarray.NdArray>().toExtend<MatrixInput>();
    expectTypeOf<ndarray.NdArray<Float32Array>>().toExtend<MatrixInput>();
    expectTypeOf<ndarray.NdArray<number[]>>().toExtend<MatrixInput>();
    expectTypeOf<Matrix>().toExtend<MatrixInput>();
    expectTypeOf<MatrixTransposeView>().toExtend<MatrixInput>();
    expectTypeOf<import('mathjs').Matrix>().toExtend<MatrixInput>();
    expectTypeOf<StdlibNdarray>().toExtend<MatrixInput>();
  });
});
