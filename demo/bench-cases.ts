// What is measured: seeded matrices, the same as those of bench/, small enough for every library.
import { gaussian, product, smoothKernel, stack } from '../bench/lib/matrices.mjs';

export interface Matrix {
  data: Float64Array | Float32Array;
  shape: number[];
  rank: number | number[] | null;
}
const f32 = { dtype: 'float32' };

export const CASES: { name: string; make(): Matrix }[] = [
  { name: 'Gaussian 16 × 16', make: () => gaussian(16, 16) },
  { name: 'Gaussian 64 × 64', make: () => gaussian(64, 64) },
  { name: 'Gaussian 256 × 256', make: () => gaussian(256, 256) },
  { name: '256 × 256 of rank 64', make: () => product(256, 256, 64) },
  { name: 'conv 64 × 576, float32', make: () => gaussian(64, 576, f32) },
  { name: 'tall 20000 × 32', make: () => gaussian(20000, 32) },
  {
    name: '1000 of 8 × 8, ranks 0 to 8',
    make: () => stack(1000, (i: number) => product(8, 8, i % 9, { seed: i + 1 })),
  },
  { name: 'smooth kernel 128 × 128', make: () => smoothKernel(128, 0.25) },
];

export const PEER_NAMES = ['matrix-rank', 'ml-matrix', 'numpy-ts', 'svd-js'] as const;

/** Which library, which case, for how many ms. */
export type Question = [peer: (typeof PEER_NAMES)[number], index: number, ms: number];

export interface Result {
  /** ms a call, and how many were timed. */
  time?: number;
  calls?: number;
  /** The rank was not the one that the matrix was made with. */
  wrong?: boolean;
  error?: string;
}
