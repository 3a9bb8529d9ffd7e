// What a caller may say before a tensor's elements are read: that they are not wanted, or not yet.
import type { ReadOptions, TensorInfo } from './types.js';

/** Whether the tensor is to be read; waits until it may be. */
export async function admit(options: ReadOptions, name: string, info: TensorInfo): Promise<boolean> {
  if (options.filter?.(name, info) === false) return false;
  await options.before?.(name, info);
  return true;
}
