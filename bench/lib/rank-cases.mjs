// The matrices of bench/rank.mjs. aim: how many times faster than native NumPy the project means to be, with the
// relaxed and with the baseline build; a measured ratio below it is a task, not an error.
import {
  causalAttention,
  gaussian,
  graded,
  ones,
  product,
  radialBasis,
  smoothKernel,
  stack,
} from './matrices.mjs';

const f32 = { dtype: 'float32' };

/** What the geometric mean of all, and the slowest of all, should reach. */
export const AIM_ALL = [7, 5];
export const AIM_EACH = [2, 1.5];

export const RANK_CASES = [
  { name: 'Gaussian 16', aim: [8, 5], make: () => gaussian(16, 16) },
  { name: 'Gaussian 64', aim: [6, 4], make: () => gaussian(64, 64) },
  { name: 'Gaussian 256', aim: [6, 4], make: () => gaussian(256, 256) },
  { name: 'Gaussian 1024', aim: [4, 3], make: () => gaussian(1024, 1024) },
  { name: '1024, rank 512', aim: [3, 2], make: () => product(1024, 1024, 512) },
  { name: '1024, rank 102', aim: [10, 7], make: () => product(1024, 1024, 102) },
  { name: 'conv 512x4608 f32', aim: [15, 12], make: () => gaussian(512, 4608, f32) },
  { name: 'conv 512x4608 f32, rank 128', aim: [6, 4], make: () => product(512, 4608, 128, f32) },
  // A full-rank tall matrix must not need more kernel memory than a sample and a buffer, however many rows it has.
  { name: 'tall 100000x64', aim: [25, 20], memory: 32, make: () => gaussian(100000, 64) },
  { name: 'tall 100000x64, rank 40', aim: [5, 4], make: () => product(100000, 64, 40) },
  {
    name: 'stack of 1000 64x64',
    aim: [8, 5],
    make: () => stack(1000, (i) => gaussian(64, 64, { seed: i + 1 })),
  },
  {
    name: 'stack of 10000 8x8, mixed',
    aim: [15, 10],
    make: () => stack(10000, (i) => product(8, 8, i % 9, { seed: i + 1 })),
  },
  { name: 'Gaussian 2048 f32', aim: [4, 3], make: () => gaussian(2048, 2048, f32) },
  { name: 'smooth kernel 400x400', aim: [5, 4], make: () => smoothKernel(400, 0.25) },
];

/**
 * With --all: neighbours of the cases above, so that tuning for one width, size or seed shows. Not in the geometric
 * mean. A narrower kernel leaves more singular values around the tolerance: 76 of 400 above it at width 0.1.
 */
export const MORE_CASES = [
  { name: 'smooth kernel, width 0.1', make: () => smoothKernel(400, 0.1) },
  { name: 'smooth kernel, width 0.5', make: () => smoothKernel(400, 0.5) },
  { name: 'smooth kernel 1000x1000', make: () => smoothKernel(1000, 0.25) },
  { name: 'Gaussian 100, another seed', make: () => gaussian(100, 100, { seed: 7 }) },
  { name: '1024, rank 1023', make: () => product(1024, 1024, 1023) },
  { name: '1024, rank 1020', make: () => product(1024, 1024, 1020) },
  { name: '20000x200, rank 199', make: () => product(20000, 200, 199) },
  { name: '3000x1000, rank 990', make: () => product(3000, 1000, 990) },
  { name: '4608x512 f32, rank 420', make: () => product(4608, 512, 420, f32) },
  { name: '1024 f32, rank 102', make: () => product(1024, 1024, 102, f32) },
  { name: '512, columns of 0.95^j', make: () => graded(512, 0.95) },
  { name: '1024, columns of 0.97^j', make: () => graded(1024, 0.97) },
  { name: 'radial basis, 512 points', make: () => radialBasis(512) },
  { name: 'causal attention 512', make: () => causalAttention(512) },
  { name: '1024, rank 960', make: () => product(1024, 1024, 960) },
  { name: 'ones 512x512', make: () => ones(512, 512) },
  { name: '3000x1000, rank 300', make: () => product(3000, 1000, 300) },
  {
    name: 'stack of 1000 32x32, rank 16',
    make: () => stack(1000, (i) => product(32, 32, 16, { seed: i + 1 })),
  },
].map((entry) => ({ ...entry, aim: AIM_EACH, extra: true }));

/** MiB of kernel memory that a case may take: 1.25 times its input and 16 MiB, or less where the case says so. */
export function memoryBound(entry, bytes) {
  return Math.min(entry.memory ?? Infinity, (1.25 * bytes) / 2 ** 20 + 16);
}
