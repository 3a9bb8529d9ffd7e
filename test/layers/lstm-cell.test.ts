// lstm(weights) against tfjs (Keras form), onnxruntime (ONNX form), and itself in PyTorch's form.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LstmOptions, lstm } from '../../src/layers/lstm-cell.js';
import { lstmModel } from './onnx-lstm.js';
import { permute, uniform } from './random.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const single = (length: number, seed: number) => Float32Array.from(uniform(length, seed));

/** Every element within `within`, and the shapes equal. */
function expectClose(
  got: { data: ArrayLike<number>; shape: readonly number[] },
  data: ArrayLike<number>,
  shape: readonly number[],
  within = 1e-6,
) {
  expect(got.shape).toEqual([...shape]);
  expect(got.data.length).toBe(data.length);
  let worst = 0;
  for (let i = 0; i < data.length; i++) worst = Math.max(worst, Math.abs(got.data[i] - data[i]));
  expect(worst).toBeLessThanOrEqual(within);
}

const sizes = [
  { batch: 1, time: 1, features: 1, units: 1 },
  { batch: 4, time: 7, features: 3, units: 5 },
  { batch: 2, time: 12, features: 8, units: 6 },
  { batch: 5, time: 2, features: 1, units: 9 },
];

describe("Keras's form, against tfjs", () => {
  for (const { batch, time, features, units } of sizes) {
    for (const recurrentActivation of ['sigmoid', 'hardSigmoid'] as const) {
      for (const useBias of [true, false]) {
        for (const returnSequences of [true, false]) {
          const shape = `${batch}x${time}x${features}, ${units} units`;
          it(`${shape}, ${recurrentActivation}, bias ${useBias}, sequences ${returnSequences}`, () => {
            tf.tidy(() => {
              const layer = tf.layers.lstm({ units, recurrentActivation, useBias, returnSequences });
              const x = tf.tensor3d(single(batch * time * features, 1), [batch, time, features]);
              layer.apply(x); // builds it
              const shapes = layer.getWeights().map((w) => w.shape);
              layer.setWeights(shapes.map((s, i) => tf.tensor(single(tf.util.sizeFromShape(s), i + 2), s)));
              const [kernel, recurrentKernel, bias] = layer.getWeights();
              const expected = layer.apply(x) as tf.Tensor;
              const cell = lstm({ kernel, recurrentKernel, bias }, { recurrentActivation, returnSequences });
              const got = cell(x);
              expect(got.data).toBeInstanceOf(Float32Array);
              expectClose(got, expected.dataSync(), expected.shape);
              expect(kernel.isDisposed).toBe(false);
            });
          });
        }
      }
    }
  }
});

describe("ONNX's form, against onnxruntime", () => {
  for (const directions of [1, 2] as const) {
    for (const hasBias of [true, false]) {
      for (const { batch, time, features, units } of sizes) {
        it(`${batch}x${time}x${features}, ${units} units, ${directions} direction(s), bias ${hasBias}`, async () => {
          const W = single(directions * 4 * units * features, 1);
          const R = single(directions * 4 * units * units, 2);
          const B = hasBias ? single(directions * 8 * units, 3) : undefined;
          const session = await ort.InferenceSession.create(
            lstmModel({ W, R, B, directions, features, units }),
            {
              executionProviders: ['wasm'],
            },
          );
          const x = uniform(batch * time * features, 4);
          const timeFirst = permute(x, [batch, time, features], [1, 0, 2]);
          const X = new ort.Tensor('float32', Float32Array.from(timeFirst.data), timeFirst.shape);
          const { Y } = await session.run({ X });
          await session.release();
          expect(Y.dims).toEqual([time, directions, batch, units]);
          // [time, directions, batch, units] to [batch, time, directions, units].
          const y = permute(Float64Array.from(Y.data as Float32Array), Y.dims, [2, 0, 1, 3]).data;

          const weights = {
            W: new ort.Tensor('float32', W, [directions, 4 * units, features]),
            R: new ort.Tensor('float32', R, [directions, 4 * units, units]),
            B: B && new ort.Tensor('float32', B, [directions, 8 * units]),
          };
          const sequence = { data: Float32Array.from(x), shape: [batch, time, features] };
          const width = directions * units;
          const all = lstm(weights, { returnSequences: true })(sequence);
          expectClose(all, y, [batch, time, width]);

          // The last step: of the forward direction the last in time, of the backward one the first.
          const last = lstm(weights)(sequence);
          const expected = new Float64Array(batch * width);
          for (let b = 0; b < batch; b++) {
            for (let j = 0; j < width; j++) {
              expected[b * width + j] = y[(b * time + (j < units ? time - 1 : 0)) * width + j];
            }
          }
          expectClose(last, expected, [batch, width]);
        });
      }
    }
  }
});

describe('forms of the same weights', () => {
  const [batch, time, features, units] = [3, 5, 4, 2];
  const gates = 4 * units;
  const kernel = uniform(features * gates, 1);
  const recurrent = uniform(units * gates, 2);
  const bias = uniform(gates, 3);
  const x = { data: uniform(batch * time * features, 4), shape: [batch, time, features] };
  const keras = {
    kernel: { data: kernel, shape: [features, gates] },
    recurrentKernel: { data: recurrent, shape: [units, gates] },
    bias: { data: bias, shape: [gates] },
  };
  const expected = lstm(keras, { returnSequences: true })(x);

  it('is float64 in, float64 out', () => {
    expect(expected.data).toBeInstanceOf(Float64Array);
    expect(expected.shape).toEqual([batch, time, units]);
  });

  it("PyTorch's weights are Keras's, transposed, with two biases", () => {
    const half = bias.map((b) => b / 2);
    const torch = {
      weight_ih: permute(kernel, [features, gates], [1, 0]),
      weight_hh: permute(recurrent, [units, gates], [1, 0]),
      bias_ih: { data: half, shape: [gates] },
      bias_hh: { data: half, shape: [gates] },
    };
    expectClose(lstm(torch, { returnSequences: true })(x), expected.data, expected.shape, 1e-15);
  });

  it('two biases come as [8u] or [2, 4u], and are added', () => {
    const data = new Float64Array([...bias.map((b) => b * 0.75), ...bias.map((b) => b * 0.25)]);
    for (const shape of [[8 * units], [2, gates]]) {
      const cell = lstm({ ...keras, bias: { data, shape } }, { returnSequences: true });
      expectClose(cell(x), expected.data, expected.shape, 1e-15);
    }
  });

  it('gateOrder overrides the order of the form', () => {
    // Columns of i f c o to o c i f.
    const move = (data: Float64Array, rows: number) => reorder(data, rows, units, [3, 2, 0, 1]);
    const moved = {
      kernel: { data: move(kernel, features), shape: [features, gates] },
      recurrentKernel: { data: move(recurrent, units), shape: [units, gates] },
      bias: { data: move(bias, 1), shape: [gates] },
    };
    for (const gateOrder of ['ocif', 'ogif']) {
      const cell = lstm(moved, { returnSequences: true, gateOrder });
      expectClose(cell(x), expected.data, expected.shape, 0);
    }
  });

  it('keeps nothing of the weights given, nor of the sequence before', () => {
    const mine = { ...keras, bias: { data: bias.slice(), shape: [gates] } };
    const cell = lstm(mine, { returnSequences: true });
    mine.bias.data.fill(9);
    cell({ data: uniform(x.data.length, 99), shape: x.shape });
    expectClose(cell(x), expected.data, expected.shape, 0);
  });

  it('no time, no batch', () => {
    const none = { data: new Float64Array(0), shape: [2, 0, features] };
    expectClose(lstm(keras)(none), [0, 0, 0, 0], [2, units], 0);
    expect(lstm(keras, { returnSequences: true })(none).shape).toEqual([2, 0, units]);
    expect(lstm(keras)({ data: new Float64Array(0), shape: [0, 3, features] }).shape).toEqual([0, units]);
  });

  const t = (...shape: number[]) => ({ data: new Float64Array(shape.reduce((a, b) => a * b)), shape });
  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['no weights', () => lstm(undefined as never), TypeError,
      'lstm: weights must be { kernel, recurrentKernel, bias }, { W, R, B } or ' +
      '{ weight_ih, weight_hh, bias_ih, bias_hh }; got undefined.'],
    ['half of the weights', () => lstm({ kernel: t(4, 8) } as never), TypeError,
      'weight_hh, bias_ih, bias_hh }; got an object with key kernel.'],
    ['weights that are no tensor', () => lstm({ ...keras, kernel: 5 } as never), TypeError,
      'lstm: weights.kernel: expected a typed array or number[] with a shape'],
    ['peepholes', () => lstm({ W: t(1, 8, 3), R: t(1, 8, 2), P: t(1, 6) } as never), RangeError,
      'lstm: peephole weights (P) are not supported.'],
    ['kernel of three dimensions', () => lstm({ ...keras, kernel: t(1, 4, 8) }), RangeError,
      'lstm: weights.kernel must have the shape [features, 4 units]; got [1, 4, 8].'],
    ['three directions', () => lstm({ W: t(3, 8, 4), R: t(3, 8, 2) }), RangeError,
      'lstm: weights.W must have the shape [directions, 4 units, features] with 1 or 2 directions; got [3, 8, 4].'],
    ['units that do not fit', () => lstm({ ...keras, recurrentKernel: t(3, 8) }), RangeError,
      'lstm: kernel and recurrentKernel must be [features, 4 units] and [units, 4 units]; got [4, 8] and [3, 8].'],
    ['transposed weights', () => lstm({ weight_ih: t(4, 8), weight_hh: t(2, 8) }), RangeError,
      'lstm: weight_ih and weight_hh must be [4 units, features] and [4 units, units]; got [4, 8] and [2, 8].'],
    ['bias', () => lstm({ ...keras, bias: t(6) }), RangeError,
      'lstm: weights.bias must have 8 or 16 elements; got the shape [6].'],
    ['bias of two directions', () => lstm({ W: t(2, 8, 3), R: t(2, 8, 2), B: t(2, 5) }), RangeError,
      'lstm: weights.B must have 8 or 16 elements for each of the 2 directions; got the shape [2, 5].'],
    ['sequence', () => lstm(keras)(t(3, 5)), RangeError,
      'lstm: inputSequence must have the shape [batch, time, 4]; got [3, 5].'],
    ['features', () => lstm(keras)(t(3, 5, 6)), RangeError,
      'lstm: inputSequence must have the shape [batch, time, 4]; got [3, 5, 6].'],
    ['no sequence', () => lstm(keras)(null as never), TypeError,
      'lstm: inputSequence: expected a typed array or number[] with a shape'],
    ['options', () => lstm(keras, null as never), TypeError,
      'lstm: options must be an object, such as { returnSequences: true }; got null.'],
    ['an option', () => lstm(keras, { units: 2 } as LstmOptions), TypeError,
      'lstm: there is no option "units"; the options are gateOrder, returnSequences, recurrentActivation.'],
    ['returnSequences', () => lstm(keras, { returnSequences: 1 as never }), TypeError,
      'lstm: returnSequences must be true or false; got 1.'],
    ['activation', () => lstm(keras, { recurrentActivation: 'relu' as never }), RangeError,
      "lstm: recurrentActivation must be 'sigmoid' or 'hardSigmoid'; got 'relu'."],
    ['activation type', () => lstm(keras, { recurrentActivation: Math.tanh as never }), TypeError,
      "lstm: recurrentActivation must be 'sigmoid' or 'hardSigmoid'; got a function."],
    ['gateOrder', () => lstm(keras, { gateOrder: 'ifoo' }), RangeError,
      'lstm: gateOrder must have the four letters i, f, c (or g) and o, such as ' +
      "'ifco' (Keras) or 'iofc' (ONNX); got 'ifoo'."],
    ['gateOrder type', () => lstm(keras, { gateOrder: 4 as never }), TypeError,
      'lstm: gateOrder must be a string; got 4.'],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});

/** Gate blocks of every row in another order: block g of the result is block order[g] of the input. */
function reorder(data: Float64Array, rows: number, units: number, order: number[]): Float64Array {
  const out = new Float64Array(data.length);
  for (let r = 0; r < rows; r++) {
    order.forEach((from, to) => {
      out.set(data.subarray((r * 4 + from) * units, (r * 4 + from + 1) * units), (r * 4 + to) * units);
    });
  }
  return out;
}
