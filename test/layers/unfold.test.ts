// Unfoldings against their definition, for any strides; multilinear ranks against Tucker tensors of known ranks.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import { multilinearRank, unfold } from '../../src/layers/unfold.js';
import { integers, ofRank, permute, uniform } from './random.js';

/** The elements of an unfolding, row by row. */
function rows({ data, shape, strides, offset }: ReturnType<typeof unfold>): number[] {
  const out: number[] = [];
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) out.push(data[offset + i * strides[0] + j * strides[1]]);
  }
  return out;
}

/** A core multiplied along every mode by factors: multilinear rank = the core's shape, when it is not degenerate. */
function tucker(shape: readonly number[], core: readonly number[], seed: number): Float64Array {
  let data = uniform(
    core.reduce((a, b) => a * b, 1),
    seed,
  );
  const now = [...core];
  shape.forEach((extent, mode) => {
    const factor = uniform(extent * core[mode], seed + mode + 1);
    const others = [...now.keys()].filter((axis) => axis !== mode);
    const front = permute(data, now, [mode, ...others]);
    const width = front.data.length / core[mode];
    const product = new Float64Array(extent * width);
    for (let i = 0; i < extent; i++) {
      for (let k = 0; k < core[mode]; k++) {
        const f = factor[i * core[mode] + k];
        for (let j = 0; j < width; j++) product[i * width + j] += f * front.data[k * width + j];
      }
    }
    const back = now.map((_, axis) => (axis === mode ? 0 : others.indexOf(axis) + 1));
    data = permute(product, [extent, ...front.shape.slice(1)], back).data;
    now[mode] = extent;
  });
  return data;
}

describe('unfold', () => {
  it('is moveaxis and reshape, for any order, mode and axis permutation', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(shapes, fc.nat(), fc.nat(), (shape, pick, seed) => {
        const mode = pick % shape.length;
        const data = uniform(
          shape.reduce((a, b) => a * b, 1),
          seed,
        );
        const axes = [...shape.keys()];
        const expected = Array.from(permute(data, shape, [mode, ...axes.filter((a) => a !== mode)]).data);
        const dense = unfold({ data, shape }, mode);
        expect(dense.shape).toEqual([shape[mode], data.length / shape[mode]]);
        expect(rows(dense)).toEqual(expected);

        // The same tensor, stored with its axes in another order.
        const order = axes.map((a) => (a + seed) % axes.length);
        const stored = permute(data, shape, order);
        const storedStrides = stored.shape.map((_, a) =>
          stored.shape.slice(a + 1).reduce((x, y) => x * y, 1),
        );
        const strides = axes.map((a) => storedStrides[order.indexOf(a)]);
        expect(rows(unfold({ data: stored.data, shape, strides }, mode))).toEqual(expected);
      }),
      { numRuns: 200, seed: 4 },
    );
  });

  it('copies nothing for the first and the last mode, nor where the others merge', () => {
    const data = uniform(60, 1);
    const tensor = { data, shape: [3, 4, 5] };
    expect(unfold(tensor, 0)).toEqual({ data, shape: [3, 20], strides: [20, 1], offset: 0 });
    expect(unfold(tensor, 0).data).toBe(data);
    expect(unfold(tensor, 2)).toEqual({ data, shape: [5, 12], strides: [1, 5], offset: 0 });
    expect(unfold(tensor, 2).data).toBe(data);
    expect(unfold({ data, shape: [1, 12, 1, 5] }, 1).data).toBe(data);
    expect(unfold(tensor, 1).data).not.toBe(data);
  });

  it('keeps the type, negative strides, offsets and 16-bit patterns', () => {
    const data = new Float32Array([0, 1, 2, 3, 4, 5, 6, 7]);
    const reversed = unfold({ data, shape: [2, 2, 2], strides: [-4, -2, -1], offset: 7 }, 1);
    expect(rows(reversed)).toEqual([7, 6, 3, 2, 5, 4, 1, 0]);
    expect(reversed.data).toBeInstanceOf(Float32Array);
    const bits = { data: new Uint16Array(8), shape: [2, 2, 2], dtype: 'bfloat16' };
    expect(unfold(bits, 1)).toEqual({
      data: new Uint16Array(8),
      shape: [2, 4],
      strides: [4, 1],
      offset: 0,
      dtype: 'bfloat16',
    });
    expect(unfold({ data: [1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 2, 2] }, 1).data).toBeInstanceOf(Float64Array);
  });

  it('reads tf.Tensor, ndarray and nested arrays', () => {
    const t = tf.tensor3d([0, 1, 2, 3, 4, 5, 6, 7], [2, 2, 2]);
    expect(rows(unfold(t, 1))).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
    t.dispose();
    const nd = ndarray(new Float64Array([0, 1, 2, 3, 4, 5, 6, 7]), [2, 2, 2]).transpose(2, 0, 1);
    expect(rows(unfold(nd, 0))).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
    const nested = [[[0, 1], [2, 3]], [[4, 5], [6, 7]]] as never; // biome-ignore format: a cube
    expect(rows(unfold(nested, 1))).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
  });

  it('has no columns, or no rows, where a dimension is zero', () => {
    expect(unfold({ data: new Float64Array(0), shape: [2, 0, 3] }, 0).shape).toEqual([2, 0]);
    expect(unfold({ data: new Float64Array(0), shape: [2, 0, 3] }, 1).shape).toEqual([0, 6]);
  });

  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['no tensor', () => unfold(null as never, 0), TypeError,
      'unfold: tensor: expected a typed array or number[] with a shape'],
    ['flat array', () => unfold(new Float64Array(4) as never, 0), TypeError,
      'unfold: tensor: a flat array needs a shape'],
    ['too few elements', () => unfold({ data: [1, 2, 3], shape: [2, 2] }, 0), RangeError,
      'unfold: tensor: data has 3 elements, shape [2, 2] needs 4.'],
    ['strides past the end', () => unfold({ data: [1, 2, 3, 4], shape: [2, 2], strides: [3, 2] }, 0), RangeError,
      'unfold: tensor: shape [2, 2] with strides [3, 2] and offset 0 reads data[5]; data has 4 elements.'],
    ['mode past the end', () => unfold({ data: [1, 2], shape: [2, 1] }, 2), RangeError,
      'unfold: mode must be an integer from 0 to 1 for a tensor [2, 1]; got 2.'],
    ['half a mode', () => unfold({ data: [1, 2], shape: [2, 1] }, 0.5), RangeError,
      'unfold: mode must be an integer from 0 to 1 for a tensor [2, 1]; got 0.5.'],
    ['no mode', () => unfold({ data: [1, 2], shape: [2, 1] }, undefined as never), TypeError,
      'unfold: mode must be a number; got undefined.'],
    ['a scalar', () => unfold({ data: [1], shape: [] }, 0), RangeError,
      'unfold: mode must be an integer, but a scalar has none; got 0.'],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});

describe('multilinearRank', () => {
  it('is the shape of the core of a Tucker tensor', () => {
    for (const [shape, core] of [
      [
        [6, 7, 8],
        [2, 3, 4],
      ],
      [
        [9, 5, 4],
        [3, 3, 2],
      ],
      [
        [4, 5, 3, 6],
        [2, 3, 2, 4],
      ],
      [
        [3, 3, 4, 2, 5],
        [2, 1, 2, 1, 3],
      ],
      [
        [8, 3],
        [2, 2],
      ],
    ] as const) {
      expect(multilinearRank({ data: tucker(shape, core, 11), shape })).toEqual([...core]);
    }
  });

  it('of a rank-one tensor is all ones, of zeros all zeros, of a scalar empty', () => {
    const [a, b, c] = [integers(4, 1), integers(5, 2), integers(6, 3)];
    const data = new Float64Array(120).map(
      (_, i) => a[Math.floor(i / 30)] * b[Math.floor(i / 6) % 5] * c[i % 6],
    );
    expect(multilinearRank({ data, shape: [4, 5, 6] })).toEqual([1, 1, 1]);
    expect(multilinearRank({ data: new Float64Array(24), shape: [2, 3, 4] })).toEqual([0, 0, 0]);
    expect(multilinearRank({ data: new Float64Array(0), shape: [2, 0, 4] })).toEqual([0, 0, 0]);
    expect(multilinearRank({ data: [5], shape: [] })).toEqual([]);
    expect(multilinearRank({ data: [0, 5, 0], shape: [3] })).toEqual([1]);
  });

  it('of a matrix is its rank twice, whatever dimensions of one stand around', () => {
    const data = ofRank(7, 9, 4, 5);
    expect(multilinearRank({ data, shape: [7, 9] })).toEqual([4, 4]);
    expect(multilinearRank({ data, shape: [1, 7, 1, 9] })).toEqual([1, 4, 1, 4]);
  });

  it('does not depend on how the tensor is stored', () => {
    const shape = [5, 6, 7];
    const data = tucker(shape, [2, 3, 4], 3);
    const { data: stored } = permute(data, shape, [1, 2, 0]);
    expect(multilinearRank({ data: stored, shape, strides: [1, 35, 5] })).toEqual([2, 3, 4]);
  });

  it('passes the tolerance on, and refuses what matrixRank refuses', () => {
    const data = new Float64Array(8);
    data[0] = 1;
    data[7] = 1e-3;
    expect(multilinearRank({ data, shape: [2, 2, 2] })).toEqual([2, 2, 2]);
    expect(multilinearRank({ data, shape: [2, 2, 2] }, { rtol: 1e-2 })).toEqual([1, 1, 1]);
    data[3] = Number.NaN;
    expect(() => multilinearRank({ data, shape: [2, 2, 2] })).toThrow(RangeError);
    expect(() => multilinearRank({ data, shape: [2, 2, 2] })).toThrow(
      'multilinearRank: unfolding 0: element [0, 3] is NaN',
    );
    expect(() => multilinearRank({ data, shape: [2, 2, 2] }, { tolerance: 1 } as never)).toThrow(
      'multilinearRank: there is no option "tolerance"; the options are tol, rtol, atol, hermitian.',
    );
    expect(() => multilinearRank(7 as never)).toThrow('multilinearRank: tensor: expected a typed array');
  });
});
