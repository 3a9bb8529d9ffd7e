// maxPool and avgPool: ready-made pooling operations, equal to TensorFlow's element by element.
// Layout: [batch, height, width, channels] (NHWC) or [batch, channels, height, width] (NCHW), which is read as NHWC
// with batch * channels images of one channel: the same bytes, one loop for both.
// Cost: one visit per element and window, channels innermost. Averages are summed in float64.
// Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2 (SAME, VALID),
// https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html (count_include_pad).

import type { MatrixInput } from '../types.js';
import { type RealTensor, readReal, show } from './tensor.js';

type RealArray = RealTensor['data'];

/** Rows and columns of explicit padding. */
export type ExplicitPadding =
  | number
  | readonly [vertical: number, horizontal: number]
  | readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];

/** How a window moves over a feature map. */
export interface PoolingOptions {
  /** Height and width of the window, from 1; one number for a square one. */
  size?: number | readonly [height: number, width: number];
  /** What Keras calls `size`; give one of the two. */
  poolSize?: number | readonly [height: number, width: number];
  /** Steps between windows, from 1. Default: the window's size. */
  strides?: number | readonly [vertical: number, horizontal: number];
  /**
   * 'valid' (default): none. 'same': TensorFlow's ('VALID' and 'SAME' are the same), the output has ceil(input /
   * stride) rows and columns, an odd row of padding goes to the bottom, an odd column to the right. Explicit:
   * less than the window's size on each side.
   * Padding never wins a maximum.
   */
  padding?: 'valid' | 'same' | 'VALID' | 'SAME' | ExplicitPadding;
  /** Where the channels are. Default 'NHWC'. */
  layout?: 'NHWC' | 'NCHW';
}

/** How a window is averaged. */
export interface AveragePoolingOptions extends PoolingOptions {
  /**
   * false (default), TensorFlow's rule: the mean of the elements inside the map. true, PyTorch's default: their sum
   * divided by the window's size, as if padding were zeros.
   */
  countIncludePad?: boolean;
}

/** Reads a feature map by structure, returns a new dense tensor. */
export type PoolingOp = (featureMap: MatrixInput) => RealTensor;

/**
 * A max pooling operation over [batch, height, width, channels], or [batch, channels, height, width].
 *
 * Float32 in (float16 and bfloat16 widened), Float32Array out; any other type in, Float64Array out. A NaN inside a
 * window is the window's maximum, so that it cannot disappear.
 *
 * @example poolingLayerRank(maxPool({ size: 2 }), { data, shape: [32, 28, 28, 8] })
 * @throws TypeError or RangeError, here for bad options, in the operation for a map that is not 4-D or too small
 */
export function maxPool(options: PoolingOptions): PoolingOp {
  const plan = readOptions('maxPool', options, NAMES);
  return (featureMap) => pool('maxPool', plan, featureMap, maximum, () => 1);
}

/**
 * An average pooling operation over [batch, height, width, channels], or [batch, channels, height, width].
 *
 * Types as in `maxPool`. Sums are in float64. Padding does not count unless `countIncludePad` is true.
 *
 * @example poolingLayerRank(avgPool({ size: 3, strides: 2, padding: 'same' }), featureMap)
 * @throws TypeError or RangeError, here for bad options, in the operation for a map that is not 4-D or too small
 */
export function avgPool(options: AveragePoolingOptions): PoolingOp {
  const plan = readOptions('avgPool', options, [...NAMES, 'countIncludePad']);
  const includePad = options.countIncludePad ?? false;
  if (typeof includePad !== 'boolean') {
    throw new TypeError(`avgPool: countIncludePad must be true or false; got ${show(includePad)}.`);
  }
  const divisor = includePad ? () => plan.size[0] * plan.size[1] : (inside: number) => inside;
  return (featureMap) => pool('avgPool', plan, featureMap, sum, divisor);
}

const NAMES = ['size', 'poolSize', 'strides', 'padding', 'layout'];

/** Checked options: the window, its steps, its padding as [[top, bottom], [left, right]] unless 'same'. */
interface Plan {
  size: Pair;
  strides: Pair;
  padding: 'same' | readonly [Pair, Pair];
  channelsFirst: boolean;
}

type Pair = readonly [number, number];

/** Folds a window, `rows` runs of `columns` pixels whose channels lie together, into `acc`, one float64 per channel. */
type Reduction = (
  data: RealArray,
  from: number,
  rows: number,
  columns: number,
  rowLength: number,
  acc: Float64Array,
) => void;

const maximum: Reduction = (data, from, rows, columns, rowLength, acc) => {
  const channels = acc.length;
  acc.fill(Number.NEGATIVE_INFINITY);
  for (let y = 0; y < rows; y++, from += rowLength) {
    for (let x = 0, at = from; x < columns; x++, at += channels) {
      for (let c = 0; c < channels; c++) {
        const value = data[at + c];
        // A NaN is neither above nor below: it gets in, and nothing gets it out.
        if (!(value <= acc[c]) && !Number.isNaN(acc[c])) acc[c] = value;
      }
    }
  }
};

const sum: Reduction = (data, from, rows, columns, rowLength, acc) => {
  const channels = acc.length;
  acc.fill(0);
  for (let y = 0; y < rows; y++, from += rowLength) {
    for (let x = 0, at = from; x < columns; x++, at += channels) {
      for (let c = 0; c < channels; c++) acc[c] += data[at + c];
    }
  }
};

/** Moves the window over every image; an output element is its reduction over `divisor(elements inside)`. */
function pool(
  caller: string,
  plan: Plan,
  featureMap: MatrixInput,
  reduce: Reduction,
  divisor: (inside: number) => number,
): RealTensor {
  const { data, shape } = readReal(`${caller}: featureMap`, featureMap);
  if (shape.length !== 4) {
    const layout = plan.channelsFirst
      ? '[batch, channels, height, width]'
      : '[batch, height, width, channels]';
    throw new RangeError(`${caller}: featureMap must have the shape ${layout}; got ${show(shape)}.`);
  }
  const [batch, height, width, channels] = plan.channelsFirst
    ? [shape[0] * shape[1], shape[2], shape[3], 1]
    : shape;
  const vertical = axis(caller, 'height', height, plan, 0);
  const horizontal = axis(caller, 'width', width, plan, 1);
  const rowLength = width * channels;
  const acc = new Float64Array(channels);
  const length = batch * vertical.count * horizontal.count * channels;
  const out = data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);

  let at = 0;
  for (let b = 0; b < batch; b++) {
    const image = b * height * rowLength;
    for (let i = 0; i < vertical.count; i++) {
      const top = i * vertical.stride - vertical.before;
      const y0 = Math.max(top, 0);
      const rows = Math.min(top + vertical.size, height) - y0;
      for (let j = 0; j < horizontal.count; j++) {
        const left = j * horizontal.stride - horizontal.before;
        const x0 = Math.max(left, 0);
        const columns = Math.min(left + horizontal.size, width) - x0;
        reduce(data, image + y0 * rowLength + x0 * channels, rows, columns, rowLength, acc);
        const by = divisor(rows * columns);
        for (let c = 0; c < channels; c++) out[at++] = acc[c] / by;
      }
    }
  }
  const map = [vertical.count, horizontal.count];
  return {
    data: out,
    shape: plan.channelsFirst ? [shape[0], shape[1], ...map] : [shape[0], ...map, shape[3]],
  };
}

/** The windows along one axis: how many, how far apart, how much padding comes before the first element. */
function axis(caller: string, name: string, extent: number, plan: Plan, which: 0 | 1) {
  const size = plan.size[which];
  const stride = plan.strides[which];
  if (plan.padding === 'same') {
    const count = Math.ceil(extent / stride);
    const padding = Math.max((count - 1) * stride + size - extent, 0);
    return { size, stride, count, before: Math.floor(padding / 2) };
  }
  const [before, after] = plan.padding[which];
  const room = extent + before + after - size;
  if (room < 0) {
    throw new RangeError(
      `${caller}: the window's ${name} is ${size}, ` +
        `but featureMap's ${name} is ${extent} with ${before + after} of padding.`,
    );
  }
  return { size, stride, count: Math.floor(room / stride) + 1, before };
}

function readOptions(caller: string, options: PoolingOptions, names: readonly string[]): Plan {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${caller}: options must be an object with a size; got ${show(options)}.`);
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      const valid = names.join(', ');
      throw new TypeError(`${caller}: there is no option ${JSON.stringify(name)}; the options are ${valid}.`);
    }
  }
  const { size, poolSize, layout = 'NHWC' } = options;
  const padding = lowerCase(options.padding ?? 'valid');
  if ((size === undefined) === (poolSize === undefined)) {
    const both = size === undefined ? 'neither' : 'both';
    throw new TypeError(`${caller}: expected either size or poolSize; got ${both}.`);
  }
  const window = readPair(caller, size === undefined ? 'poolSize' : 'size', size ?? poolSize, 1);
  const strides = readPair(caller, 'strides', options.strides ?? window, 1);
  if (layout !== 'NHWC' && layout !== 'NCHW') {
    const Kind = typeof layout === 'string' ? RangeError : TypeError;
    throw new Kind(`${caller}: layout must be 'NHWC' or 'NCHW'; got ${show(layout)}.`);
  }
  return {
    size: window,
    strides,
    padding: padding === 'same' ? padding : readPadding(caller, padding, window),
    channelsFirst: layout === 'NCHW',
  };
}

/** TensorFlow's 'SAME' and 'VALID' in lower case; all else as it is. */
function lowerCase(padding: NonNullable<PoolingOptions['padding']>): 'valid' | 'same' | ExplicitPadding {
  if (padding === 'SAME') return 'same';
  return padding === 'VALID' ? 'valid' : padding;
}

function readPadding(
  caller: string,
  padding: 'valid' | ExplicitPadding,
  window: Pair,
): readonly [Pair, Pair] {
  if (padding === 'valid') padding = 0;
  if (typeof padding === 'string') {
    const expected = "'valid', 'same', a number, [vertical, horizontal] or [[top, bottom], [left, right]]";
    throw new RangeError(`${caller}: padding must be ${expected}; got ${show(padding)}.`);
  }
  const [vertical, horizontal] = typeof padding === 'number' ? [padding, padding] : readTwo(caller, padding);
  const sides = [
    readPair(caller, 'padding', vertical, 0),
    readPair(caller, 'padding', horizontal, 0),
  ] as const;
  for (const which of [0, 1] as const) {
    const most = Math.max(...sides[which]);
    if (most >= window[which]) {
      const name = which === 0 ? 'height' : 'width';
      throw new RangeError(
        `${caller}: padding must be less than the window's ${name}, which is ${window[which]}; got ${most}.`,
      );
    }
  }
  return sides;
}

/** A number standing for two, or two numbers: integers from `least`. */
function readPair(caller: string, name: string, value: unknown, least: number): Pair {
  const pair = typeof value === 'number' ? [value, value] : readTwo(caller, value, name);
  for (const n of pair) {
    if (typeof n !== 'number') {
      throw new TypeError(`${caller}: ${name} must be a number or two numbers; got ${show(value)}.`);
    }
    if (!Number.isInteger(n) || n < least) {
      throw new RangeError(`${caller}: ${name} must be integers of at least ${least}; got ${show(value)}.`);
    }
  }
  return pair as unknown as Pair;
}

function readTwo<T>(caller: string, value: unknown, name = 'padding'): [T, T] {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new TypeError(`${caller}: ${name} must be a number or a pair; got ${show(value)}.`);
  }
  return value as [T, T];
}
