// The matrices of bench/peers.mjs: small ones that people call most,
// and shapes that SVD loops in JavaScript stumble on.
import { gaussian, kahan, ones, product, scaled, stack } from './matrices.mjs';

export const PEER_CASES = [
  { name: '3x3', make: () => gaussian(3, 3) },
  { name: '4x4', make: () => gaussian(4, 4) },
  { name: '16x16', make: () => gaussian(16, 16) },
  { name: '64x64', make: () => gaussian(64, 64) },
  { name: '256x256', make: () => gaussian(256, 256) },
  { name: 'ones 64x64', make: () => ones(64, 64) },
  { name: '64x64, rank 20', make: () => product(64, 64, 20) },
  { name: '256x256, rank 100', make: () => product(256, 256, 100) },
  { name: '64x64 f32, rank 20', make: () => product(64, 64, 20, { dtype: 'float32' }) },
  { name: '32x32 * 1e300, rank 10', make: () => scaled(product(32, 32, 10), 1e300) },
  { name: 'Kahan 90', make: () => kahan(90, 1.2, 89) }, // sigma_90 is 0.02 of the tolerance, r_90,90 1e10 times it
  { name: '20000x64', make: () => gaussian(20000, 64) },
  { name: '200 of 32x32', make: () => stack(200, (i) => gaussian(32, 32, { seed: i + 1 })) },
];
