// How the axes of a weight are meant where only its name tells: TensorFlow, Flax and tfjs call convolution kernels by
// the same few names and keep them as [height, width, inputs, outputs]; a mixture of experts stacks its matrices.
import type { TensorLayout } from './types.js';

const KERNEL = /^(kernel|filters?|pointwise_(kernel|filter|weights))$/;
const DEPTHWISE = /^depthwise_(kernel|filter|weights)$/;
const EXPERTS = /(^|[._/])(experts?([._/]|$)|\w*_exps([._/]|$)|\w*moe([._/]|$))/i;

/** HWIO, HWCM or 'experts' where the name says so; undefined where it does not, as for PyTorch's OIHW. */
export function layoutByName(name: string, shape: readonly number[]): TensorLayout | undefined {
  const last = name
    .slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('.')) + 1)
    .replace(/(_\d+)?(:\d+)?$/, '');
  if (DEPTHWISE.test(last)) return shape.length === 4 || shape.length === 3 ? 'HWCM' : undefined;
  if (KERNEL.test(last)) {
    if (shape.length === 2) return 'dense';
    // Three dimensions are a convolution over time only where the name says so: attention has kernels of three, too.
    if (shape.length === 4 || shape.length === 5 || (shape.length === 3 && /conv/i.test(name))) return 'HWIO';
  }
  return isExperts(name, shape) ? 'experts' : undefined;
}

/** Whether a tensor is E matrices [E, m, n]. */
export function isExperts(name: string, shape: readonly number[]): boolean {
  return shape.length === 3 && EXPERTS.test(name);
}

/** Whether a tensor is the biases of E experts, [E, rows]: vectors. */
export function isExpertBias(name: string, shape: readonly number[]): boolean {
  return (
    shape.length === 2 &&
    /(^|[._/])(\w+_)?bias$/i.test(name) &&
    (EXPERTS.test(name) || /mlp[12]_bias$/.test(name))
  );
}
