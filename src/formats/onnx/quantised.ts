// Which weights of an ONNX model are codes, and what decodes them: DequantizeLinear (one scale, one along an axis, or
// blocks), the operators that take codes with their scales, and MatMulNBits (codes packed by rows).
// Source: onnx's operators DequantizeLinear, QLinearConv, QLinearMatMul, MatMulInteger, ConvInteger;
// onnxruntime's contrib operators.
import type { OnnxGraph, OnnxNode, OnnxTensor } from './graph.js';

/** How a weight is used as codes. */
export interface CodesUse {
  op: string;
  ints: ReadonlyMap<string, number>;
  scale?: OnnxTensor;
  zero?: OnnxTensor;
  /** The block of each input channel (MatMulNBits). */
  order?: OnnxTensor;
  /** Why it cannot be decoded. */
  unknown?: string;
  /** The axis that a scale for each channel goes along. */
  axis: number;
}

/**
 * operator -> [codes, scale, zero point] as places of inputs, and the axis of scales for each channel; -1 is the last.
 */
const OPERATORS: Readonly<Record<string, readonly (readonly [number, number, number, number])[]>> = {
  DequantizeLinear: [[0, 1, 2, 1]],
  QLinearConv: [[3, 4, 5, 0]],
  QLinearMatMul: [
    [3, 4, 5, -1],
    [0, 1, 2, 0],
  ],
  QGemm: [[3, 4, 5, -1]],
  MatMulInteger: [[1, -1, 3, -1]],
  ConvInteger: [[1, -1, 3, 0]],
  DynamicQuantizeMatMul: [[1, 2, 3, -1]],
  MatMulIntegerToFloat: [[1, 3, 5, -1]],
  MatMulNBits: [[1, 2, 3, 0]],
  MatMulBnb4: [[1, 2, -1, 0]],
  GatherBlockQuantized: [[0, 2, 3, 1]],
};
/** Domains of operators that are known to take integers as what they are. */
const PLAIN_DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml']);
/** Operators that hand on the elements of their first input, moved or chosen. */
const MOVES = new Set(
  'Identity Transpose Reshape Squeeze Unsqueeze Flatten Gather Slice Split Expand Cast CastLike Concat'.split(
    ' ',
  ),
);
const SCALES = new Set(['Mul', 'Div', 'Sub', 'Add']);
const MAX_MOVES = 8;
/** TensorProto.DataType of 8 bits and fewer, bool apart. */
const NARROW = new Set([2, 3, 17, 18, 19, 20, 21, 22, 23, 24]);

/** Codes packed by rows of an N x K weight. */
export interface Packing {
  n: number;
  k: number;
  bits: number;
  block: number;
  /** Codes that a row has room for. */
  line: number;
  storage: string;
  /** nf4 or fp4, one row after the other. */
  table?: string;
}

/** undefined: as many codes as the tensor has elements. */
export function packingOf(
  { op, ints }: CodesUse,
  dtype: string,
  shape: readonly number[],
): Packing | undefined {
  const bits = ints.get('bits') ?? 4;
  const [n, k] = ['N', 'K'].map((key) => ints.get(key) ?? 0);
  if (op === 'MatMulNBits') {
    const block = ints.get('block_size') ?? 32;
    return { n, k, bits, block, line: Math.ceil(k / block) * block, storage: `matmulnbits-int${bits}` };
  }
  if (op === 'MatMulBnb4') {
    const table = ints.get('quant_type') === 1 ? 'nf4' : 'fp4';
    return { n, k, bits: 4, block: ints.get('block_size') ?? 64, line: k, storage: `bnb-${table}`, table };
  }
  if (op !== 'GatherBlockQuantized' || dtype !== 'uint8' || shape.length !== 2) return undefined;
  const codes = (shape[1] * 8) / bits;
  const block = ints.get('block_size') ?? 128;
  return { n: shape[0], k: codes, bits, block, line: codes, storage: `uint${bits} x scales` };
}

/** The codes of a model, and the scales and zero points that are no weights of their own. */
export function findCodes(graphs: readonly OnnxGraph[]): {
  codes: Map<OnnxTensor, CodesUse>;
  parts: Set<OnnxTensor>;
} {
  const codes = new Map<OnnxTensor, CodesUse>();
  const parts = new Set<OnnxTensor>();
  for (const graph of graphs) visit(graph, new Map(), codes, parts);
  return { codes, parts };
}

type Names = ReadonlyMap<string, OnnxTensor>;

function visit(graph: OnnxGraph, outer: Names, codes: Map<OnnxTensor, CodesUse>, parts: Set<OnnxTensor>) {
  const names = new Map(outer);
  for (const tensor of graph.initializers) names.set(tensor.name, tensor);
  for (const node of graph.nodes) if (node.value !== undefined) names.set(node.outputs[0], node.value);
  for (const node of graph.nodes) {
    for (const places of Object.hasOwn(OPERATORS, node.op) ? OPERATORS[node.op] : [])
      use(node, places, names, codes, parts);
    for (const inner of node.graphs) visit(inner, names, codes, parts);
  }
  markUnknown(graph, names, codes, parts);
}

/** Codes that reach something which may scale or unpack them in a way that is not known here: they are no weights. */
function markUnknown(
  graph: OnnxGraph,
  names: Names,
  codes: Map<OnnxTensor, CodesUse>,
  parts: Set<OnnxTensor>,
) {
  const users = new Map<string, OnnxNode[]>();
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      const list = users.get(name);
      if (list === undefined) users.set(name, [node]);
      else list.push(node);
    }
  }
  const known = new Map<string, string | undefined>();
  for (const name of users.keys()) {
    const tensor = names.get(name);
    if (tensor === undefined || !NARROW.has(tensor.type) || codes.has(tensor) || parts.has(tensor)) continue;
    const unknown = reached(name, 0);
    const matrix = tensor.dims.length > 1 || /Bnb4/.test(unknown ?? '');
    if (unknown !== undefined && matrix) codes.set(tensor, { op: '', ints: new Map(), axis: 0, unknown });
  }

  /** What the elements of a name end up in; each name is followed once. */
  function reached(name: string, moved: number, cast = false): string | undefined {
    const key = `${cast} ${name}`;
    if (known.has(key)) return known.get(key);
    known.set(key, undefined);
    for (const node of users.get(name) ?? []) {
      const { op, domain } = node;
      let found: string | undefined;
      if (!PLAIN_DOMAINS.has(domain) || op === 'DequantizeLinear') found = `an input of ${op}`;
      else if (cast && SCALES.has(op)) found = 'scaled in the graph';
      else if (MOVES.has(op) && moved < MAX_MOVES) {
        for (const output of node.outputs)
          found ??= reached(output, moved + 1, cast || op.startsWith('Cast'));
      }
      if (found !== undefined) {
        known.set(key, found);
        return found;
      }
    }
    return undefined;
  }
}

function use(
  { op, inputs, ints }: OnnxNode,
  [codesAt, scaleAt, zeroAt, axis]: readonly [number, number, number, number],
  names: Names,
  codes: Map<OnnxTensor, CodesUse>,
  parts: Set<OnnxTensor>,
) {
  const tensor = names.get(inputs[codesAt]);
  if (tensor === undefined) return;
  const at = (place: number) => (place < 0 ? undefined : names.get(inputs[place]));
  const [scale, zero] = [at(scaleAt), at(zeroAt)];
  const order = op === 'MatMulNBits' && inputs[4] ? names.get(inputs[4]) : undefined;
  const computed =
    (op === 'MatMulNBits' && inputs[4] && order === undefined) ||
    (scaleAt >= 0 && scale === undefined) ||
    (inputs[zeroAt] && zero === undefined);
  const known = codes.get(tensor);
  const other = known && (known.scale !== scale || known.zero !== zero) && 'with two scales';
  const unknown = computed ? `the scale of ${op} is computed in the graph` : other || known?.unknown;
  codes.set(tensor, {
    ...{ op, ints, scale, zero, order },
    axis: ints.get('axis') ?? ints.get('quantize_axis') ?? axis,
    ...(unknown && { unknown }),
  });
  for (const part of [scale, zero, order]) if (part !== undefined) parts.add(part);
}
