// The weights of an LSTM in the three forms in common use, to one form: gates i f c o, inputs first.
// Layout in: Keras kernel [features, 4 units], recurrentKernel [units, 4 units], bias [4 units]; ONNX W [directions,
// 4 units, features], R [directions, 4 units, units], B [directions, 8 units]; PyTorch weight_ih [4 units, features],
// weight_hh [4 units, units], bias_ih and bias_hh [4 units]. Layout out: see Direction.
// Cost: one copy of the weights, in float64.
// Source: https://keras.io/api/layers/recurrent_layers/lstm, https://onnx.ai/onnx/operators/onnx__LSTM.html,
// https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html.

import type { MatrixInput } from '../types.js';
import { type RealTensor, readReal, show } from './tensor.js';

/** As `layer.getWeights()` of Keras and tfjs returns them. Gate order i f c o. */
export interface KerasLstmWeights {
  kernel: MatrixInput;
  recurrentKernel: MatrixInput;
  /** [4u]; or [8u] or [2, 4u], two biases that are added. Default none. */
  bias?: MatrixInput;
}

/** The inputs of ONNX's operator LSTM, under its names. Gate order i o f c. One or two directions. */
export interface OnnxLstmWeights {
  W: MatrixInput;
  R: MatrixInput;
  /** [directions, 8u]. Default none. */
  B?: MatrixInput;
}

/** One layer and direction of torch.nn.LSTM, or a torch.nn.LSTMCell. Gate order i f g o, g being c. */
export interface TorchLstmWeights {
  weight_ih: MatrixInput;
  weight_hh: MatrixInput;
  bias_ih?: MatrixInput;
  bias_hh?: MatrixInput;
}

export type LstmWeights = KerasLstmWeights | OnnxLstmWeights | TorchLstmWeights;

/** One direction, row-major: kernel [features, 4 units], recurrent [units, 4 units], bias [4 units], gates i f c o. */
export interface Direction {
  kernel: Float64Array;
  recurrent: Float64Array;
  bias: Float64Array;
}

export interface Layer {
  features: number;
  units: number;
  directions: Direction[];
}

/** Where a form keeps what: its names, its gate order, whether the gates are rows (4u before the inputs). */
interface Form {
  kernel: string;
  recurrent: string;
  biases: string[];
  gateOrder: string;
  gatesFirst: boolean;
  hasDirections: boolean;
}

const FORMS: Form[] = [
  {
    kernel: 'kernel',
    recurrent: 'recurrentKernel',
    biases: ['bias'],
    gateOrder: 'ifco',
    gatesFirst: false,
    hasDirections: false,
  },
  { kernel: 'W', recurrent: 'R', biases: ['B'], gateOrder: 'iofc', gatesFirst: true, hasDirections: true },
  {
    kernel: 'weight_ih',
    recurrent: 'weight_hh',
    biases: ['bias_ih', 'bias_hh'],
    gateOrder: 'ifgo',
    gatesFirst: true,
    hasDirections: false,
  },
];

/** The weights, checked and rearranged; their names tell the form, `gateOrder` overrides the form's own. */
export function readWeights(weights: unknown, gateOrder: string | undefined): Layer {
  const given = (typeof weights === 'object' && weights !== null ? weights : {}) as Record<string, unknown>;
  const form = FORMS.find((f) => given[f.kernel] !== undefined && given[f.recurrent] !== undefined);
  if (form === undefined) {
    throw new TypeError(
      'lstm: weights must be { kernel, recurrentKernel, bias }, { W, R, B } or { weight_ih, weight_hh, ' +
        `bias_ih, bias_hh }; got ${show(weights)}.`,
    );
  }
  if (given.P !== undefined) throw new RangeError('lstm: peephole weights (P) are not supported.');

  const kernel = readKernel(form, form.kernel, given[form.kernel]);
  const recurrent = readKernel(form, form.recurrent, given[form.recurrent]);
  const [count, gates, features] = kernel.shape;
  const units = recurrent.shape[2];
  if (gates === 0 || gates !== 4 * units || recurrent.shape[1] !== gates || recurrent.shape[0] !== count) {
    throw new RangeError(
      `lstm: ${form.kernel} and ${form.recurrent} must be ${expected(form, 'features')} and ` +
        `${expected(form, 'units')}; got ${show(kernel.stored)} and ${show(recurrent.stored)}.`,
    );
  }
  const order = readOrder(gateOrder ?? form.gateOrder);
  const bias = new Float64Array(count * gates);
  for (const name of form.biases) {
    if (given[name] !== undefined) addBias(bias, name, given[name], count, gates);
  }
  const directions = Array.from({ length: count }, (_, d) => ({
    kernel: arrange(kernel.data, d * gates * features, features, units, order, form.gatesFirst),
    recurrent: arrange(recurrent.data, d * gates * units, units, units, order, form.gatesFirst),
    bias: arrange(bias, d * gates, 1, units, order, true),
  }));
  return { features, units, directions };
}

/** A kernel with its shape told as [directions, 4 units, inputs], however it is stored. */
function readKernel(form: Form, name: string, value: unknown): RealTensor & { stored: number[] } {
  const { data, shape } = readReal(`lstm: weights.${name}`, value);
  const [a, b, c] = form.hasDirections ? shape : [1, ...shape];
  const order = form.hasDirections ? 3 : 2;
  if (shape.length !== order || (form.hasDirections && a !== 1 && a !== 2)) {
    const inputs = name === form.kernel ? 'features' : 'units';
    throw new RangeError(
      `lstm: weights.${name} must have the shape ` +
        `${expected(form, inputs)}${form.hasDirections ? ' with 1 or 2 directions' : ''}; got ${show(shape)}.`,
    );
  }
  return { data, shape: form.gatesFirst ? [a, b, c] : [a, c, b], stored: shape };
}

function expected(form: Form, inputs: string): string {
  if (!form.gatesFirst) return `[${inputs}, 4 units]`;
  return form.hasDirections ? `[directions, 4 units, ${inputs}]` : `[4 units, ${inputs}]`;
}

/** For each of i f c o, its place in the stored order. */
function readOrder(gateOrder: unknown): number[] {
  if (typeof gateOrder !== 'string') {
    throw new TypeError(`lstm: gateOrder must be a string; got ${show(gateOrder)}.`);
  }
  const stored = gateOrder.replace('g', 'c');
  const order = [...'ifco'].map((gate) => stored.indexOf(gate));
  if (stored.length !== 4 || order.includes(-1)) {
    throw new RangeError(
      'lstm: gateOrder must have the four letters i, f, c (or g) and o, ' +
        `such as 'ifco' (Keras) or 'iofc' (ONNX); got ${show(gateOrder)}.`,
    );
  }
  return order;
}

/** Adds a bias, or the two halves of an input's and a recurrent one, for each direction. */
function addBias(bias: Float64Array, name: string, value: unknown, count: number, gates: number): void {
  const { data, shape } = readReal(`lstm: weights.${name}`, value);
  const each = data.length / count;
  if (each !== gates && each !== 2 * gates) {
    const per = count === 1 ? '' : ` for each of the ${count} directions`;
    throw new RangeError(
      `lstm: weights.${name} must have ${gates} or ${2 * gates} elements${per}; got the shape ${show(shape)}.`,
    );
  }
  for (let d = 0; d < count; d++) {
    for (let j = 0; j < each; j++) bias[d * gates + (j % gates)] += data[d * each + j];
  }
}

/** One direction's weights as [inputs, 4 units] with gates i f c o. */
function arrange(
  data: ArrayLike<number>,
  from: number,
  inputs: number,
  units: number,
  order: readonly number[],
  gatesFirst: boolean,
): Float64Array {
  const gates = 4 * units;
  const out = new Float64Array(inputs * gates);
  for (let k = 0; k < inputs; k++) {
    for (let gate = 0; gate < 4; gate++) {
      for (let u = 0; u < units; u++) {
        const j = order[gate] * units + u;
        out[k * gates + gate * units + u] = data[from + (gatesFirst ? j * inputs + k : k * gates + j)];
      }
    }
  }
  return out;
}
