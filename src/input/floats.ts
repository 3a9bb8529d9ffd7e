// The elements of a stack as the kernel takes them.

import type { Floats } from '../kernel/host.js';
import { widenHalf } from '../shared/half.js';
import { allocate } from './elements.js';
import type { Stack } from './stack.js';

/** Elements as float64 or float32, without a copy where they are that already. */
export function floats(stack: Stack): { data: Floats; offset: number } {
  const { kind, offset } = stack;
  if (kind === 'f64' || kind === 'f32') return { data: stack.data as Floats, offset };
  const n = stack.count * stack.rows * stack.cols;
  if (kind === 'other') {
    const all = stack.data as ArrayLike<number>;
    const out = allocate('matrix-rank', Float64Array, n);
    if (ArrayBuffer.isView(all)) out.set((all as Float64Array).subarray(offset, offset + n));
    else for (let i = 0; i < n; i++) out[i] = all[offset + i];
    return { data: out, offset: 0 };
  }
  const bits = (stack.data as Uint16Array).subarray(offset, offset + n);
  const words = allocate('matrix-rank', Uint32Array, n);
  if (kind === 'bf16') for (let i = 0; i < n; i++) words[i] = bits[i] << 16;
  else for (let i = 0; i < n; i++) words[i] = widenHalf(bits[i]);
  return { data: new Float32Array(words.buffer), offset: 0 };
}
