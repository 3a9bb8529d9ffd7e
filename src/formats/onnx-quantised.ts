// Which weights of an ONNX model are codes, and what decodes them: DequantizeLinear (one scale, one along an axis, or
// blocks), the operators that take codes with their scales, and MatMulNBits (codes packed by rows).
// Source: onnx's operators DequantizeLinear, QLinearConv, QLinearMatMul, MatMulInteger, ConvInteger;
// onnxruntime's contrib operators.
import type { OnnxGraph, OnnxNode, OnnxTensor } from './onnx-graph.js';

/** How a weight is used as codes. */
export interface CodesUse {
  op: string;
  ints: ReadonlyMap<string, number>;
  scale?: OnnxTensor;
  zero?: OnnxTensor;
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
  GatherBlockQuantized: [[0, 2, 3, 1]],
};
/** Operators whose packed inputs nobody here decodes. */
const PACKED = /Bnb4|QMoE|^QAttention$|QuantizeLSTM/;

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
    if (PACKED.test(node.op)) {
      for (const name of node.inputs) {
        const tensor = names.get(name);
        if (tensor !== undefined && (tensor.type === 2 || tensor.type === 3)) {
          codes.set(tensor, { op: node.op, ints: node.ints, axis: 0, unknown: `an input of ${node.op}` });
        }
      }
    }
    for (const inner of node.graphs) visit(inner, names, codes, parts);
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
  const computed = (scaleAt >= 0 && scale === undefined) || (inputs[zeroAt] && zero === undefined);
  codes.set(tensor, {
    ...{ op, ints, scale, zero },
    axis: ints.get('axis') ?? ints.get('quantize_axis') ?? axis,
    ...(computed && { unknown: `the scale of ${op} is computed in the graph` }),
  });
  for (const part of [scale, zero]) if (part !== undefined) parts.add(part);
}
