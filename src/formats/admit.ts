// What a caller may say before a tensor's elements are read: that they are not wanted, or not yet.
import { countElements } from './decode.js';
import type { ReadOptions, TensorInfo } from './types.js';

/**
 * Whether the tensor is to be read; waits until it may be.
 * A shape that no tensor has is a FormatError, and nobody is asked.
 */
export async function admit(
  file: string,
  options: ReadOptions,
  name: string,
  info: TensorInfo,
): Promise<boolean> {
  countElements(file, name, info.shape);
  if (options.filter?.(name, info) === false) return false;
  await options.before?.(name, info);
  return true;
}
