// lstm(weights): a ready-made LSTM, for a rank without a framework.
// Layout: [batch, time, features] in, [batch, units] or [batch, time, units] out; two directions side by side.
// Cost: batch * time * (features + units) * 4 units multiplications for each direction, in float64.
// Source: Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000, as Keras and ONNX define it:
//   i, f, o = sigmoid(x W + h R + b),  c' = f c + i tanh(x Wc + h Rc + bc),  h' = o tanh(c')

import { product } from '../shared/shape.js';
import type { MatrixInput } from '../types.js';
import { type Direction, type LstmWeights, readWeights } from './lstm-weights.js';
import { type RealTensor, readReal, show } from './tensor.js';

/** How the cell runs. */
export interface LstmOptions {
  /**
   * The order of the gates in the weights, if not that of their form: 'ifco' (Keras), 'iofc' (ONNX), 'ifgo' (PyTorch).
   */
  gateOrder?: string;
  /** true: the outputs of every step, [batch, time, units]. Default false: those of the last, [batch, units]. */
  returnSequences?: boolean;
  /**
   * Activation of the gates i, f and o. Default 'sigmoid', as in Keras since 2.3, ONNX and PyTorch. 'hardSigmoid' is
   * clip(x / 5 + 1 / 2, 0, 1), the default of tfjs.
   */
  recurrentActivation?: 'sigmoid' | 'hardSigmoid';
}

/** Reads a sequence by structure, returns its outputs as a new dense tensor. */
export type LstmCell = (inputSequence: MatrixInput) => RealTensor;

/**
 * An LSTM over [batch, time, features], its states zero at first. The names of the weights tell their form: Keras
 * { kernel, recurrentKernel, bias }, ONNX { W, R, B }, PyTorch { weight_ih, weight_hh, bias_ih, bias_hh }.
 *
 * Two directions (ONNX only) stand side by side in the last dimension of the outputs, the forward one first; without
 * `returnSequences` each gives its own last step. float32 in (float16 and bfloat16 widened), Float32Array out; any
 * other type in, Float64Array out; the arithmetic is float64 in any case. Weights are copied.
 *
 * @param weights tensors, read by structure; shapes in LstmWeights
 * @param options `gateOrder`, `returnSequences` (default false), `recurrentActivation` (default 'sigmoid')
 * @returns a function from a sequence to { data, shape }, shape [batch, units] or [batch, time, units]
 * @example
 * const [kernel, recurrentKernel, bias] = layer.getWeights();
 * lstmLayerRank(lstm({ kernel, recurrentKernel, bias }), { data, shape: [64, 20, 8] });
 * @throws TypeError for weights of no known form, RangeError for shapes that do not fit each other; in the cell
 *   RangeError for a sequence that is not [batch, time, features]
 */
export function lstm(weights: LstmWeights, options: LstmOptions = {}): LstmCell {
  const { gateOrder, returnSequences, gate } = readOptions(options);
  const { features, units, directions } = readWeights(weights, gateOrder);
  const width = directions.length * units;
  return (inputSequence) => {
    const { data, shape } = readReal('lstm: inputSequence', inputSequence);
    if (shape.length !== 3 || shape[2] !== features) {
      throw new RangeError(
        `lstm: inputSequence must have the shape [batch, time, ${features}]; got ${show(shape)}.`,
      );
    }
    const [batch, time] = shape;
    const outShape = returnSequences ? [batch, time, width] : [batch, width];
    const out = new (data instanceof Float32Array ? Float32Array : Float64Array)(product(outShape));
    directions.forEach((direction, d) => {
      run(direction, { data, batch, time, features }, d === 1, gate, (h, t, last) => {
        if (!returnSequences && !last) return;
        for (let b = 0; b < batch; b++) {
          const at = (returnSequences ? b * time + t : b) * width + d * units;
          for (let u = 0; u < units; u++) out[at + u] = h[b * units + u];
        }
      });
    });
    return { data: out, shape: outShape };
  };
}

/** What a cell is given: data [batch, time, features]. */
interface Sequence {
  data: ArrayLike<number>;
  batch: number;
  time: number;
  features: number;
}

/** Steps through time, the whole batch at once; `emit` gets the outputs [batch, units] of each step. */
function run(
  { kernel, recurrent, bias }: Direction,
  { data, batch, time, features }: Sequence,
  backwards: boolean,
  gate: (x: number) => number,
  emit: (h: Float64Array, t: number, last: boolean) => void,
): void {
  const gates = bias.length;
  const units = gates / 4;
  const z = new Float64Array(batch * gates);
  const h = new Float64Array(batch * units);
  const c = new Float64Array(batch * units);
  for (let step = 0; step < time; step++) {
    const t = backwards ? time - 1 - step : step;
    for (let b = 0; b < batch; b++) z.set(bias, b * gates);
    accumulate(z, data, t * features, time * features, kernel, gates);
    accumulate(z, h, 0, units, recurrent, gates);
    for (let b = 0; b < batch; b++) {
      for (let u = 0; u < units; u++) {
        const at = b * gates + u;
        const s = b * units + u;
        const input = gate(z[at]) * Math.tanh(z[at + 2 * units]);
        c[s] = gate(z[at + units]) * c[s] + input;
        h[s] = gate(z[at + 3 * units]) * Math.tanh(c[s]);
      }
    }
    emit(h, t, step === time - 1);
  }
}

/** z [batch, gates] += x [batch, inputs] * weights [inputs, gates]; x's rows are `rowLength` apart. */
function accumulate(
  z: Float64Array,
  x: ArrayLike<number>,
  from: number,
  rowLength: number,
  weights: Float64Array,
  gates: number,
): void {
  const batch = z.length / gates;
  const inputs = weights.length / gates;
  for (let k = 0; k < inputs; k++) {
    for (let b = 0; b < batch; b++) {
      const value = x[from + b * rowLength + k];
      const row = k * gates;
      const to = b * gates;
      for (let j = 0; j < gates; j++) z[to + j] += value * weights[row + j];
    }
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function hardSigmoid(x: number): number {
  return Math.min(Math.max(0.2 * x + 0.5, 0), 1);
}

function readOptions(options: LstmOptions) {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `lstm: options must be an object, such as { returnSequences: true }; got ${show(options)}.`,
    );
  }
  const { gateOrder, returnSequences = false, recurrentActivation = 'sigmoid', ...rest } = options;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new TypeError(
      `lstm: there is no option ${JSON.stringify(unknown)}; the options are gateOrder, ` +
        'returnSequences, recurrentActivation.',
    );
  }
  if (typeof returnSequences !== 'boolean') {
    throw new TypeError(`lstm: returnSequences must be true or false; got ${show(returnSequences)}.`);
  }
  if (recurrentActivation !== 'sigmoid' && recurrentActivation !== 'hardSigmoid') {
    const Kind = typeof recurrentActivation === 'string' ? RangeError : TypeError;
    throw new Kind(
      `lstm: recurrentActivation must be 'sigmoid' or 'hardSigmoid'; got ${show(recurrentActivation)}.`,
    );
  }
  return { gateOrder, returnSequences, gate: recurrentActivation === 'sigmoid' ? sigmoid : hardSigmoid };
}
