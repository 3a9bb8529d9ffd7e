// What every tensor says of itself beside its elements: how it is stored, and what rounding to that type can do to its
// singular values.
import { FLOAT_TYPES, rounding16, roundingOf, uniformRounding } from '../input/rounding.js';
import { stackOf } from './matrices.js';
import type { NamedTensor, ReadOptions } from './types.js';

/** The tensor with its `storage` and `noise`, and the layout that the caller gives. */
export function describe(tensor: NamedTensor, options: ReadOptions): NamedTensor {
  const layout = options.layout !== undefined && tensor.shape.length > 2 ? options.layout : tensor.layout;
  const known = layout === tensor.layout ? tensor : { ...tensor, layout };
  // What the reader knows is of its own layout; of a plain type it can be told again.
  const again = known !== tensor && known.storage === undefined;
  const noise = (again ? undefined : known.noise) ?? noiseOf(known) ?? known.noise;
  return { ...known, storage: known.storage ?? known.dtype, ...(noise !== undefined && { noise }) };
}

/** Types that are narrower than what holds their elements, or than float32. */
function noiseOf({
  data,
  shape,
  dtype,
  bits,
  layout,
  packed,
  factors,
}: NamedTensor): number | number[] | undefined {
  const type = FLOAT_TYPES[dtype];
  if (packed !== undefined || factors !== undefined || type === undefined || type.digits >= 23)
    return undefined;
  const [count, rows, columns] = stackOf(shape, layout);
  if (count === 0 || rows * columns === 0) return undefined;
  const all = Array.from({ length: count }, (_, i) => {
    const at = i * rows * columns;
    if (bits === 'float16' || bits === 'bfloat16')
      return rounding16(bits, data as Uint16Array, at, rows, columns);
    return roundingOf(type, data as Float32Array, at, rows, columns);
  });
  return count === 1 ? all[0] : all;
}

/** The noise of a tensor whose steps are all the same, for each of its matrices. */
export function uniformNoise(step: number, { shape, layout }: NamedTensor): number | number[] | undefined {
  const [count, rows, columns] = stackOf(shape, layout);
  if (count === 0) return undefined;
  const noise = uniformRounding(Math.abs(step) / 2, rows, columns);
  return count === 1 ? noise : new Array(count).fill(noise);
}
