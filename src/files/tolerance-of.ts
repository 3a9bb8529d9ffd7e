// Whose tolerance a row was decided by.
import type { NamedMatrix } from '../formats/matrices.js';
import type { RankOptions, RankReport } from '../types.js';

/** The default of the elements' type, the rounding to the stored one, or what the caller asked for. */
export type ToleranceOf = 'float32' | 'float64' | 'storage' | 'given';

/** Whether the default tolerance is float32's. */
export function isSingle({ data, dtype, factors }: NamedMatrix): boolean {
  return factors !== undefined || data instanceof Float32Array || /^b?float16$/.test(dtype ?? '');
}

export function toleranceOf(
  { tolerance, noise }: RankReport,
  { tol, ...others }: RankOptions,
  single: boolean,
): ToleranceOf {
  const asked = tol !== undefined ? tol !== 'storage' : Object.keys(others).length > 0;
  if (asked) return 'given';
  if (noise !== undefined && noise > 0 && tolerance === noise) return 'storage';
  return single ? 'float32' : 'float64';
}
