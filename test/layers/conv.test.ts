// Kernels of convolutions: every layout against its definition, a dense block-diagonal matrix built element by element.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import ndarray from 'ndarray';
import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { type ConvLayerOptions, convLayerRank } from '../../src/layers/conv.js';
import { matrixRank } from '../../src/matrix/rank.js';
import { integers, ofRank, permute } from './random.js';

/** A convolution by its definition: weight(output, input, position), zero between groups. */
interface Convolution {
  outputs: number;
  inputs: number;
  spatial: number[];
  groups: number;
  /** [outputs, inputs / groups, positions], row-major. */
  weights: Float64Array;
}

/** Each group's matrix with a rank of its own. */
function convolution(
  groups: number,
  outputs: number,
  inputs: number,
  spatial: number[],
  seed: number,
): Convolution {
  const columns = inputs * spatial.reduce((a, b) => a * b, 1);
  const weights = new Float64Array(groups * outputs * columns);
  for (let g = 0; g < groups; g++) {
    const rank = (g + seed) % (Math.min(outputs, columns) + 1);
    weights.set(ofRank(outputs, columns, rank, seed + 31 * g), g * outputs * columns);
  }
  return { outputs: groups * outputs, inputs: groups * inputs, spatial, groups, weights };
}

/** The block-diagonal matrix [outputs, inputs * positions]. */
function blockDiagonal(c: Convolution) {
  const positions = c.spatial.reduce((a, b) => a * b, 1);
  const width = (c.inputs / c.groups) * positions;
  const data = new Float64Array(c.outputs * width * c.groups);
  for (let o = 0; o < c.outputs; o++) {
    const group = Math.floor(o / (c.outputs / c.groups));
    data.set(c.weights.subarray(o * width, (o + 1) * width), (o * c.groups + group) * width);
  }
  return { data, shape: [c.outputs, width * c.groups] };
}

/** The kernel as each framework stores it: the axes of [group, outputs, inputs, ...spatial] in its order, merged. */
function stored(c: Convolution, form: 'OIHW' | 'HWIO' | 'HWCM' | 'IOHW' | 'HWOI') {
  const full = [c.groups, c.outputs / c.groups, c.inputs / c.groups, ...c.spatial];
  const space = c.spatial.map((_, i) => i + 3);
  const [g, o, i] = [0, 1, 2];
  const order = {
    OIHW: [g, o, i, ...space],
    HWIO: [...space, i, g, o],
    HWCM: [...space, g, i, o],
    IOHW: [g, i, o, ...space],
    HWOI: [...space, o, g, i],
  }[form];
  const [outputs, inputs] = [c.outputs / c.groups, c.inputs / c.groups];
  const shape = {
    OIHW: [c.outputs, inputs, ...c.spatial],
    HWIO: [...c.spatial, inputs, c.outputs],
    HWCM: [...c.spatial, c.groups, outputs],
    IOHW: [c.inputs, outputs, ...c.spatial],
    HWOI: [...c.spatial, outputs, c.inputs],
  }[form];
  return { data: permute(c.weights, full, order).data, shape };
}

const forms: [Parameters<typeof stored>[1], ConvLayerOptions][] = [
  ['OIHW', { layout: 'OIHW' }],
  ['HWIO', { layout: 'HWIO' }],
  ['IOHW', { layout: 'OIHW', transposed: true }],
  ['HWOI', { layout: 'HWIO', transposed: true }],
];

describe('convLayerRank', () => {
  it.each(forms)(
    '%s: the rank of the block-diagonal matrix, with any groups and spatial dimensions',
    (form, options) => {
      const cases = fc.record({
        groups: fc.integer({ min: 1, max: 4 }),
        outputs: fc.integer({ min: 1, max: 6 }),
        inputs: fc.integer({ min: 1, max: 4 }),
        spatial: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
        seed: fc.nat({ max: 1e6 }),
      });
      fc.assert(
        fc.property(cases, ({ groups, outputs, inputs, spatial, seed }) => {
          // HWIO reads a kernel with `groups` channels and outputs that they do not divide as depthwise; not here.
          const c = convolution(groups, outputs, inputs, spatial, seed);
          const expected = matrixRank(blockDiagonal(c));
          expect(convLayerRank(stored(c, form), { ...options, groups })).toBe(expected);
          if (groups === 1) expect(convLayerRank(stored(c, form), options)).toBe(expected);
        }),
        { numRuns: 60, seed: 4 },
      );
    },
  );

  it('depthwise: one group for each channel, in every layout', () => {
    for (const [channels, multiplier, spatial] of [
      [8, 1, [3, 3]],
      [5, 2, [3, 3]],
      [3, 12, [2, 2]],
      [4, 3, [5]],
      [1, 4, [2, 3, 2]],
    ] as const) {
      const c = convolution(channels, multiplier, 1, [...spatial], 5);
      const expected = matrixRank(blockDiagonal(c));
      expect(convLayerRank(stored(c, 'OIHW'), { groups: channels })).toBe(expected);
      expect(convLayerRank(stored(c, 'HWCM'), { layout: 'HWCM' })).toBe(expected);
      expect(convLayerRank(stored(c, 'HWCM'), { layout: 'HWCM', groups: channels })).toBe(expected);
      if (multiplier % channels !== 0 || channels === 1) {
        expect(convLayerRank(stored(c, 'HWCM'), { layout: 'HWIO', groups: channels })).toBe(expected);
      }
    }
  });

  it('decides each group by its own scale; tol is one for all', () => {
    const data = new Float64Array([1, 2, 3, 5, 1e-30, 2e-30, 3e-30, 5e-30]);
    const kernel = { data, shape: [4, 2, 1, 1] };
    expect(convLayerRank(kernel, { groups: 2 })).toBe(4);
    expect(convLayerRank(kernel, { groups: 2, tol: 1e-20 })).toBe(2);
    expect(convLayerRank(kernel, { groups: 2, rtol: 0.5 })).toBe(2);
  });

  it('reads the kernels of tfjs layers, onnxruntime and ndarray, and leaves them', () => {
    const weights = ofRank(6, 4 * 9, 3, 8);
    const hwio = permute(weights, [6, 4, 3, 3], [2, 3, 1, 0]);
    const layer = tf.layers.conv2d({ filters: 6, kernelSize: 3, inputShape: [8, 8, 4], useBias: false });
    layer.build([null, 8, 8, 4]);
    const t = tf.tensor(Float32Array.from(hwio.data), hwio.shape);
    layer.setWeights([t]);
    const [kernel] = layer.getWeights();
    expect(convLayerRank(kernel, { layout: 'HWIO' })).toBe(3);
    expect(kernel.isDisposed).toBe(false);
    const depthwise = tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 });
    depthwise.build([null, 8, 8, 4]);
    expect(convLayerRank(depthwise.getWeights()[0], { layout: 'HWCM' })).toBe(8);
    const up = tf.layers.conv2dTranspose({ filters: 5, kernelSize: 2 });
    up.build([null, 8, 8, 3]);
    expect(up.getWeights()[0].shape).toEqual([2, 2, 5, 3]);
    expect(convLayerRank(up.getWeights()[0], { layout: 'HWIO', transposed: true })).toBe(5);

    expect(convLayerRank(new ort.Tensor('float32', Float32Array.from(weights), [6, 4, 3, 3]))).toBe(3);
    const nd = ndarray(hwio.data, hwio.shape);
    expect(convLayerRank(nd, { layout: 'HWIO' })).toBe(3);
    expect(convLayerRank(nd.transpose(3, 2, 0, 1))).toBe(3);
  });

  it('an empty kernel, a zero kernel and 16-bit floats', () => {
    expect(convLayerRank({ data: new Float32Array(0), shape: [0, 3, 3, 3] })).toBe(0);
    expect(convLayerRank({ data: new Float32Array(54), shape: [2, 3, 3, 3] })).toBe(0);
    const data = Uint16Array.from(integers(16, 3), (x) => (x > 0 ? 0x3f80 : 0));
    const expected = matrixRank({ data: Float32Array.from(data, (b) => (b ? 1 : 0)), shape: [4, 4] });
    expect(convLayerRank({ data, shape: [4, 2, 2, 1], dtype: 'bfloat16' })).toBe(expected);
    expect(
      convLayerRank({ data, shape: [4, 2, 2, 1], dtype: 'bfloat16' }, { transposed: true }),
    ).toBeGreaterThan(0);
  });

  const kernel = { data: new Float64Array(36).fill(1), shape: [2, 2, 3, 3] };
  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['no tensor', () => convLayerRank('kernel' as never), TypeError,
      'convLayerRank: kernel: expected a typed array or number[] with a shape'],
    ['shape and data', () => convLayerRank({ data: [1, 2], shape: [2, 2, 1] }), RangeError,
      'convLayerRank: kernel: data has 2 elements, shape [2, 2, 1] needs 4.'],
    ['one dimension', () => convLayerRank({ data: [1, 2], shape: [2] }), RangeError,
      "convLayerRank: kernel must have at least 2 dimensions, as layout 'OIHW' has; got the shape [2]."],
    ['options', () => convLayerRank(kernel, 'HWIO' as never), TypeError, 'convLayerRank: options must be an object'],
    ['an option', () => convLayerRank(kernel, { format: 'HWIO' } as never), TypeError,
      'convLayerRank: there is no option "format"; the options are ' +
      'tol, rtol, atol, hermitian, layout, groups, transposed.'],
    ['layout', () => convLayerRank(kernel, { layout: 'NHWC' as never }), RangeError,
      "convLayerRank: layout must be 'OIHW', 'HWIO' or 'HWCM'; got 'NHWC'."],
    ['layout type', () => convLayerRank(kernel, { layout: 3 as never }), TypeError,
      "convLayerRank: layout must be 'OIHW', 'HWIO' or 'HWCM'; got 3."],
    ['transposed', () => convLayerRank(kernel, { transposed: 'yes' as never }), TypeError,
      "convLayerRank: transposed must be true or false; got 'yes'."],
    ['groups type', () => convLayerRank(kernel, { groups: '2' as never }), TypeError,
      "convLayerRank: groups must be a number; got '2'."],
    ['no groups', () => convLayerRank(kernel, { groups: 0 }), RangeError,
      'convLayerRank: groups must be an integer from 1; got 0.'],
    ['groups that do not divide', () => convLayerRank(kernel, { groups: 3 }), RangeError,
      'convLayerRank: groups must divide the 2 outputs of the kernel [2, 2, 3, 3] (OIHW); got 3.'],
    ['groups that do not divide, HWIO', () => convLayerRank(kernel, { layout: 'HWIO', groups: 2 }), RangeError,
      "convLayerRank: groups must divide the 3 outputs of the kernel [2, 2, 3, 3] (HWIO); " +
      "got 2. A depthwise kernel's layout is 'HWCM'."],
    ['groups that do not divide, transposed', () => convLayerRank(kernel, { groups: 3, transposed: true }), RangeError,
      'convLayerRank: groups must divide the 2 inputs of the kernel [2, 2, 3, 3] (OIHW); got 3.'],
    ['depthwise groups', () => convLayerRank(kernel, { layout: 'HWCM', groups: 2 }), RangeError,
      "convLayerRank: layout 'HWCM' has one group for each channel, 3 for the shape [2, 2, 3, 3]; got groups 2."],
    ['depthwise transposed', () => convLayerRank(kernel, { layout: 'HWCM', transposed: true }), RangeError,
      "convLayerRank: layout 'HWCM' has no transposed form; give 'HWIO' or 'OIHW' and groups."],
    ['tolerance', () => convLayerRank(kernel, { tol: -1 }), RangeError,
      'convLayerRank: tol must be 0 or more; got -1.'],
    ['NaN', () => convLayerRank({ data: [1, Number.NaN], shape: [2, 1, 1, 1] }), RangeError,
      'convLayerRank: element [1, 0] is NaN'],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
