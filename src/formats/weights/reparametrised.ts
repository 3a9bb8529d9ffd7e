// Weights that a layer computes from others each time: PyTorch's weight normalisation and pruning.
// Layout: weight_norm   X.weight_g and X.weight_v (or X.parametrizations.weight.original0 and original1): g v / ||v||,
//                       norms over all axes but the one that g has, over all of them where it has none
//         prune         X.weight_orig and X.weight_mask: their product
// Source: torch/nn/utils/weight_norm.py, parametrizations.py, prune.py.
import { product } from '../../shared/shape.js';
import { misfit, numbers, type Stored, type Weight } from '../stored.js';
import { type Context, type Match, stem } from './weight.js';

const FLOAT = /^(b?float16|float32|float64)$/;

export function reparametrised(entry: Stored, context: Context): Match | undefined {
  if (!FLOAT.test(entry.dtype) || entry.shape.length < 2) return undefined;
  return normalised(entry, context) ?? pruned(entry, context);
}

function normalised(entry: Stored, context: Context): Match | undefined {
  const old = /(^|\.)weight(_\w+)?_v$/.test(entry.name) ? stem(entry.name, '_v') : undefined;
  const module = stem(entry.name, '.parametrizations.weight.original1');
  if (old === undefined && module === undefined) return undefined;
  const lengths = context.get(old ? `${old}_g` : `${module}.parametrizations.weight.original0`);
  if (lengths === undefined) return undefined;
  const name = old ?? `${module}.weight`;
  const { dtype, shape } = entry;
  const parts = [entry, lengths];
  const along = lengths.shape.findIndex((d) => d !== 1);
  const fits =
    along < 0 || (lengths.shape.length === shape.length && product(lengths.shape) === shape[along]);
  if (!fits) {
    if (old === undefined) return undefined; // another parametrisation of two tensors
    return { weights: [{ name, dtype, shape, problem: misfit(parts, 'a length for each row') }], parts };
  }
  const read: Weight['read'] = async () => {
    const values = await numbers(context.file, entry);
    return { data: held(scaleTo(values, shape, along, await numbers(context.file, lengths)), dtype) };
  };
  return { weights: [{ name, dtype, shape, storage: `${dtype} x weight norm`, read }], parts };
}

const held = (values: Float64Array, dtype: string) =>
  dtype === 'float64' ? values : Float32Array.from(values);

/** `along` < 0: one length for all. */
function scaleTo(values: ArrayLike<number>, shape: readonly number[], along: number, g: ArrayLike<number>) {
  const inner = along < 0 ? values.length : product(shape.slice(along + 1));
  const place = (i: number) => (along < 0 ? 0 : Math.floor(i / inner) % shape[along]);
  const squares = new Float64Array(g.length);
  for (let i = 0; i < values.length; i++) squares[place(i)] += values[i] * values[i];
  const factors = squares.map((square, k) => (square === 0 ? 0 : g[k] / Math.sqrt(square)));
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i] * factors[place(i)];
  return out;
}

function pruned(entry: Stored, context: Context): Match | undefined {
  const name = stem(entry.name, '_orig');
  const mask = name === undefined ? undefined : context.get(`${name}_mask`);
  if (name === undefined || mask === undefined || mask.shape.join() !== entry.shape.join()) return undefined;
  const { dtype, shape } = entry;
  const read: Weight['read'] = async () => {
    const kept = await numbers(context.file, mask);
    const values = await numbers(context.file, entry);
    return {
      data: held(
        Float64Array.from(values, (x, i) => x * kept[i]),
        dtype,
      ),
    };
  };
  return { weights: [{ name, dtype, shape, storage: `${dtype} x mask`, read }], parts: [entry, mask] };
}
