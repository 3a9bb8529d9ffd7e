// Which layer or operator uses a tfjs weight, and so how its axes are meant.
// Layers models name weights by layer ('conv2d_1/kernel', 'depthwise_kernel'); graph models say it by their nodes.
import { isObject, type Json } from '../json.js';
import { layoutByName } from '../layout.js';
import type { TensorLayout } from '../types.js';

/**
 * operator -> layout of its second input. Transposed convolutions count as HWIO: their rows are the input's channels.
 */
const OPERATORS: Readonly<Record<string, TensorLayout>> = {
  Conv1D: 'HWIO',
  Conv2D: 'HWIO',
  Conv3D: 'HWIO',
  _FusedConv2D: 'HWIO',
  FusedConv2D: 'HWIO',
  Conv2DBackpropInput: 'HWIO',
  DepthwiseConv2d: 'HWCM',
  DepthwiseConv2dNative: 'HWCM',
  FusedDepthwiseConv2dNative: 'HWCM',
  MatMul: 'dense',
  _FusedMatMul: 'dense',
  BatchMatMul: 'dense',
  BatchMatMulV2: 'dense',
};
/** Operators whose output has the axes of their first input. */
const PASS = new Set(['Identity', 'Enter', 'Cast', 'ReadVariableOp']);

/** How the axes of a weight of this name and shape are meant, where the topology or the name tells. */
export function tfjsLayouts(topology: unknown) {
  const nodes = graphNodes(topology);
  if (nodes.length === 0) return byName;
  const layouts = new Map<string, TensorLayout>();
  const passed = new Map<string, string>();
  for (const { op, name, input } of nodes) {
    if (typeof op !== 'string' || !Array.isArray(input)) continue;
    const inputs = input.map((i) => String(i).replace(/^\^/, '').replace(/:\d+$/, ''));
    if (PASS.has(op) && typeof name === 'string' && inputs.length > 0) passed.set(name, inputs[0]);
    const layout = Object.hasOwn(OPERATORS, op) ? OPERATORS[op] : undefined;
    if (layout !== undefined && inputs.length > 1 && !layouts.has(inputs[1])) layouts.set(inputs[1], layout);
  }
  for (const start of [...layouts.keys()]) {
    const layout = layouts.get(start) as TensorLayout;
    let name = passed.get(start);
    for (let steps = 0; name !== undefined && steps < 8 && !layouts.has(name); steps++) {
      layouts.set(name, layout);
      name = passed.get(name);
    }
  }
  return (name: string, shape: readonly number[]): TensorLayout | undefined => {
    const layout = layouts.get(name);
    if (layout === undefined) return byName(name, shape);
    return fits(layout, shape) ? layout : undefined;
  };
}

/**
 * Convolutions of three dimensions are those over time here,
 * and what is called weights is what TensorFlow's slim models call so.
 */
function byName(name: string, shape: readonly number[]): TensorLayout | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1).replace(/(_\d+)?(:\d+)?$/, '');
  if (/^(pointwise_)?kernel$/.test(last) && shape.length === 3) return 'HWIO';
  if (last === 'weights' && shape.length === 4) return 'HWIO';
  return layoutByName(name, shape);
}

function fits(layout: TensorLayout, shape: readonly number[]): boolean {
  if (layout === 'HWCM') return shape.length === 4 || shape.length === 3;
  return layout === 'HWIO' ? shape.length >= 3 && shape.length <= 5 : shape.length >= 2;
}

/** The nodes of a graph model and of its library functions; none for a layers model. */
function graphNodes(topology: unknown): Json[] {
  if (!isObject(topology)) return [];
  const nodes = list(topology.node);
  const library = isObject(topology.library) ? list(topology.library.function) : [];
  for (const one of library) nodes.push(...list(one.nodeDef));
  return nodes;
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
