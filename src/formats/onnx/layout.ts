// Which operator uses an ONNX weight, and so how its axes are meant. A weight may be used in the graph that holds it or
// in any graph inside, and may pass through operators that keep its axes on the way.

import type { TensorLayout } from '../types.js';
import type { OnnxGraph, OnnxTensor } from './graph.js';

/** operator -> the layout of its inputs by position. ConvTranspose is absent: it is flattened as stored. */
const LAYOUTS: Readonly<Record<string, Readonly<Record<number, TensorLayout>>>> = {
  Conv: { 1: 'OIHW' },
  ConvInteger: { 1: 'OIHW' },
  DeformConv: { 1: 'OIHW' },
  FusedConv: { 1: 'OIHW' },
  QLinearConv: { 3: 'OIHW' },
  Gemm: { 0: 'dense', 1: 'dense' },
  FusedGemm: { 0: 'dense', 1: 'dense' },
  MatMul: { 0: 'dense', 1: 'dense' },
  FusedMatMul: { 0: 'dense', 1: 'dense' },
  MatMulInteger: { 0: 'dense', 1: 'dense' },
  QLinearMatMul: { 0: 'dense', 3: 'dense' },
  LSTM: { 1: 'rnn', 2: 'rnn' },
  GRU: { 1: 'rnn', 2: 'rnn' },
  RNN: { 1: 'rnn', 2: 'rnn' },
};

/** Operators whose output has the axes of their first input. */
const PASS = new Set(['Identity', 'Cast', 'QuantizeLinear', 'DequantizeLinear']);
const MAX_PASS = 8;

interface Use {
  op: string;
  input: number;
  output?: string;
  /** The uses that the node's own graph sees. */
  scope: Uses;
}
interface Uses {
  of: Map<string, Use[]>;
  /** Answers given; each name is followed once, so that no chain of names can be followed for ever. */
  known: Map<string, TensorLayout | undefined>;
}

export interface OnnxWeight {
  tensor: OnnxTensor;
  /** The names of the nodes around it, outermost first. */
  path: string[];
  own: string;
  layout?: TensorLayout;
}

/** Initializers in stored order, then Constants and subgraphs in node order; local functions last. */
export function* eachWeight(model: { main: OnnxGraph; functions: OnnxGraph[] }): Generator<OnnxWeight> {
  yield* weights(model.main, []);
  for (const graph of model.functions) yield* weights(graph, [graph.name || 'function']);
}

function* weights(root: OnnxGraph, prefix: string[]): Generator<OnnxWeight> {
  const scopes = new Map<OnnxGraph, Uses>();
  collect(root, scopes);
  yield* visit(root, prefix);

  function* visit(graph: OnnxGraph, path: string[]): Generator<OnnxWeight> {
    const uses = scopes.get(graph) as Uses;
    for (const tensor of graph.initializers) {
      yield { tensor, path, own: tensor.name, layout: layoutOf(uses, tensor.name) };
    }
    for (const node of graph.nodes) {
      if (node.value !== undefined) {
        const own = node.outputs[0] || node.value.name || node.name;
        yield { tensor: node.value, path, own, layout: layoutOf(uses, own) };
      }
      const step = node.name || node.outputs[0] || node.op;
      for (const inner of node.graphs) yield* visit(inner, [...path, step]);
    }
  }
}

/** The uses that each graph sees: its own, and those of graphs inside for names that they do not define. */
function collect(graph: OnnxGraph, scopes: Map<OnnxGraph, Uses>): Uses {
  const uses: Uses = { of: new Map(), known: new Map() };
  scopes.set(graph, uses);
  const add = (name: string, use: Use) => {
    const list = uses.of.get(name);
    if (list === undefined) uses.of.set(name, [use]);
    else list.push(use);
  };
  for (const node of graph.nodes) {
    node.inputs.forEach((name, input) => {
      if (name !== '') add(name, { op: node.op, input, output: node.outputs[0], scope: uses });
    });
    for (const inner of node.graphs) {
      const own = new Set([
        ...inner.inputs,
        ...inner.initializers.map((t) => t.name),
        ...inner.nodes.flatMap((n) => n.outputs),
      ]);
      for (const [name, list] of collect(inner, scopes).of)
        if (!own.has(name)) for (const use of list) add(name, use);
    }
  }
  return uses;
}

function layoutOf(uses: Uses, name: string, passed = 0): TensorLayout | undefined {
  if (uses.known.has(name)) return uses.known.get(name);
  uses.known.set(name, undefined);
  const layout = followUses(uses, name, passed);
  uses.known.set(name, layout);
  return layout;
}

function followUses(uses: Uses, name: string, passed: number): TensorLayout | undefined {
  for (const use of uses.of.get(name) ?? []) {
    const table = Object.hasOwn(LAYOUTS, use.op) ? LAYOUTS[use.op] : undefined;
    const layout = table?.[use.input];
    if (layout !== undefined) return layout;
    if (PASS.has(use.op) && use.input === 0 && use.output && passed < MAX_PASS) {
      const through = layoutOf(use.scope, use.output, passed + 1);
      if (through !== undefined) return through;
    }
  }
  return undefined;
}
