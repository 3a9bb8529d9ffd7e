// maxPool and avgPool against tfjs, element by element, on random shapes; then what tfjs has no word for.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { avgPool, maxPool, type PoolingOptions } from '../../src/layers/windows.js';
import { permute, uniform } from './random.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const geometry = fc.record({
  shape: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 5 }),
  ),
  size: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  padding: fc.constantFrom('valid', 'same', 'explicit'),
  pads: fc.array(fc.nat({ max: 4 }), { minLength: 4, maxLength: 4 }),
  seed: fc.nat(),
});

type Geometry = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

/** What a case means to us and to tfjs; undefined when the window does not fit. */
function both(c: Geometry) {
  const [, height, width] = c.shape;
  const { size } = c;
  if (c.padding === 'same') return { padding: 'same' as const, pad: 'same' as const };
  const sides = c.padding === 'valid' ? [0, 0, 0, 0] : c.pads.map((p, i) => Math.min(p, size[i >> 1] - 1));
  const [top, bottom, left, right] = sides;
  const fits = height + top + bottom >= size[0] && width + left + right >= size[1];
  if (!fits) return undefined;
  if (c.padding === 'valid') return { padding: 'valid' as const, pad: 'valid' as const };
  const rows = [top, bottom] as [number, number];
  const columns = [left, right] as [number, number];
  return { padding: [rows, columns] as const, pad: [[0, 0], rows, columns, [0, 0]] as const };
}

describe.each([
  ['maxPool', maxPool, tf.maxPool],
  ['avgPool', avgPool, tf.avgPool],
] as const)('%s', (_, ours, theirs) => {
  it('equals tfjs element by element, and is the same in NCHW and from strided input', () => {
    fc.assert(
      fc.property(geometry, (c) => {
        const asked = both(c);
        fc.pre(asked !== undefined);
        const { size, strides, shape } = c;
        const data = Float32Array.from(uniform(shape[0] * shape[1] * shape[2] * shape[3], c.seed));
        const options: PoolingOptions = { size, strides, padding: asked!.padding };
        const got = ours(options)({ data, shape });
        const expected = tf.tidy(() => {
          const pooled = theirs(
            tf.tensor4d(data, shape),
            size,
            strides,
            asked!.pad as Parameters<typeof tf.maxPool>[3],
            c.padding === 'explicit' ? 'floor' : undefined, // explicit padding that strides do not use up needs one
          );
          return { shape: pooled.shape, data: pooled.dataSync() };
        });
        expect(got.shape).toEqual(expected.shape);
        expect(got.data).toBeInstanceOf(Float32Array);
        expect(Array.from(got.data)).toEqual(Array.from(expected.data));

        const first = permute(Float64Array.from(data), shape, [0, 3, 1, 2]);
        const nchw = ours({ ...options, layout: 'NCHW' })({ ...first, data: Float32Array.from(first.data) });
        const back = permute(Float64Array.from(nchw.data), nchw.shape, [0, 2, 3, 1]);
        expect(back.shape).toEqual(got.shape);
        expect(Array.from(back.data)).toEqual(Array.from(got.data));

        const [, h, w, channels] = shape;
        const strided = ours(options)({
          data: Float32Array.from(first.data),
          shape,
          strides: [channels * h * w, w, 1, h * w],
        });
        expect(strided).toEqual(got);
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  it('keeps float64, widens everything else', () => {
    const op = ours({ size: 1 });
    expect(op({ data: new Float64Array([0.1]), shape: [1, 1, 1, 1] }).data).toEqual(new Float64Array([0.1]));
    expect(op({ data: new Int8Array([-7]), shape: [1, 1, 1, 1] }).data).toEqual(new Float64Array([-7]));
    expect(op({ data: [2.5], shape: [1, 1, 1, 1] }).data).toEqual(new Float64Array([2.5]));
    const halves = { data: new Uint16Array([0x3e00, 0x0001]), shape: [1, 1, 2, 1], dtype: 'float16' };
    expect(op(halves).data).toEqual(new Float32Array([1.5, 2 ** -24]));
    expect(op({ data: new Uint16Array([0x3fc0]), shape: [1, 1, 1, 1], dtype: 'bfloat16' }).data).toEqual(
      new Float32Array([1.5]),
    );
  });

  it('reads tfjs tensors, disposes nothing, and gives NaN on', () => {
    const x = tf.tensor4d([1, NaN, 3, 4], [1, 2, 2, 1]);
    const before = tf.memory().numTensors;
    expect(Array.from(ours({ size: 2 })(x).data)).toEqual([NaN]);
    expect(x.isDisposed).toBe(false);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    const map = { data: new Float64Array([NaN, 1, 2, 3]), shape: [1, 1, 4, 1] };
    const { data } = ours({ size: [1, 2], strides: 1 })(map);
    expect(data[0]).toBeNaN();
    expect(data[2]).not.toBeNaN();
  });

  it('never writes to its input', () => {
    const data = new Float64Array([1, 2, 3, 4]);
    const out = ours({ size: 1 })({ data, shape: [1, 2, 2, 1] });
    out.data.fill(0);
    expect(Array.from(data)).toEqual([1, 2, 3, 4]);
  });

  it('takes poolSize for size, a number for a pair, and the size for strides', () => {
    const map = { data: uniform(2 * 6 * 6 * 3, 1), shape: [2, 6, 6, 3] };
    const expected = ours({
      size: [2, 2],
      strides: [2, 2],
      padding: [
        [0, 0],
        [0, 0],
      ],
    })(map);
    expect(ours({ poolSize: 2 })(map)).toEqual(expected);
    expect(ours({ size: 2, strides: 2, padding: 0 })(map)).toEqual(expected);
    expect(ours({ size: [2, 2], padding: [0, 0] })(map)).toEqual(expected);
  });

  it('an empty batch gives an empty batch', () => {
    expect(ours({ size: 2 })({ data: new Float32Array(0), shape: [0, 4, 4, 3] }).shape).toEqual([0, 2, 2, 3]);
  });
});

describe('avgPool and padding', () => {
  const map = { data: new Float64Array([4, 8, 12, 16]), shape: [1, 2, 2, 1] };

  it("leaves it out of the divisor, as TensorFlow does; counts it with countIncludePad, PyTorch's default", () => {
    const options = { size: 3, strides: 1, padding: 1 } as const;
    expect(Array.from(avgPool(options)(map).data)).toEqual([10, 10, 10, 10]);
    const counted = avgPool({ ...options, countIncludePad: true })(map);
    expect(Array.from(counted.data)).toEqual([40 / 9, 40 / 9, 40 / 9, 40 / 9]);
  });

  it('same: the odd row of padding is at the bottom, the odd column at the right', () => {
    const pooled = avgPool({ size: 2, strides: 1, padding: 'same' })(map);
    expect(Array.from(pooled.data)).toEqual([10, 12, 14, 16]);
  });
});

describe('messages', () => {
  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['no options', () => maxPool(undefined as never), TypeError,
      'maxPool: options must be an object with a size; got undefined.'],
    ['no size', () => maxPool({}), TypeError, 'maxPool: expected either size or poolSize; got neither.'],
    ['both sizes', () => avgPool({ size: 2, poolSize: 2 }), TypeError,
      'avgPool: expected either size or poolSize; got both.'],
    ['size text', () => maxPool({ size: '2' as never }), TypeError,
      "maxPool: size must be a number or a pair; got '2'."],
    ['size pair of text', () => maxPool({ poolSize: ['2', 2] as never }), TypeError,
      "maxPool: poolSize must be a number or two numbers; got ['2', 2]."],
    ['size 0', () => maxPool({ size: [2, 0] }), RangeError,
      'maxPool: size must be integers of at least 1; got [2, 0].'],
    ['strides 1.5', () => maxPool({ size: 2, strides: 1.5 }), RangeError,
      'maxPool: strides must be integers of at least 1; got 1.5.'],
    ['three strides', () => maxPool({ size: 2, strides: [1, 1, 1] as never }), TypeError,
      'maxPool: strides must be a number or a pair; got [1, 1, 1].'],
    ['padding word', () => maxPool({ size: 2, padding: 'full' as never }), RangeError,
      "maxPool: padding must be 'valid', 'same', a number, " +
      "[vertical, horizontal] or [[top, bottom], [left, right]]; got 'full'."],
    ['padding type', () => maxPool({ size: 2, padding: true as never }), TypeError,
      'maxPool: padding must be a number or a pair; got true.'],
    ['padding too large', () => maxPool({ size: [3, 2], padding: 2 }), RangeError,
      "maxPool: padding must be less than the window's width, which is 2; got 2."],
    ['negative padding', () => maxPool({ size: 2, padding: -1 }), RangeError,
      'maxPool: padding must be integers of at least 0; got -1.'],
    ['layout', () => maxPool({ size: 2, layout: 'HWC' as never }), RangeError,
      "maxPool: layout must be 'NHWC' or 'NCHW'; got 'HWC'."],
    ['layout type', () => maxPool({ size: 2, layout: 4 as never }), TypeError,
      "maxPool: layout must be 'NHWC' or 'NCHW'; got 4."],
    ['unknown option', () => maxPool({ size: 2, stride: 2 } as never), TypeError,
      'maxPool: there is no option "stride"; the options are size, poolSize, strides, padding, layout.'],
    ['countIncludePad of a maximum', () => maxPool({ size: 2, countIncludePad: true } as never), TypeError,
      'maxPool: there is no option "countIncludePad"; the options are size, poolSize, strides, padding, layout.'],
    ['countIncludePad', () => avgPool({ size: 2, countIncludePad: 1 as never }), TypeError,
      'avgPool: countIncludePad must be true or false; got 1.'],
    ['no tensor', () => maxPool({ size: 2 })(4 as never), TypeError,
      'maxPool: featureMap: expected a typed array or number[] with a shape'],
    ['3-D', () => maxPool({ size: 2 })({ data: [1], shape: [1, 1, 1] }), RangeError,
      'maxPool: featureMap must have the shape [batch, height, width, channels]; got [1, 1, 1].'],
    ['3-D, NCHW', () => avgPool({ size: 2, layout: 'NCHW' })({ data: [1], shape: [1, 1, 1] }), RangeError,
      'avgPool: featureMap must have the shape [batch, channels, height, width]; got [1, 1, 1].'],
    ['window too large', () => maxPool({ size: 3, padding: [0, 1] })({ data: [1], shape: [1, 1, 1, 1] }), RangeError,
      "maxPool: the window's height is 3, but featureMap's height is 1 with 0 of padding."],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
