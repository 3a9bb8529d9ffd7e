// The matrices of bench/sweep.mjs: structures that people have, by sizes that nobody tuned for. 128 of them, seeded.
import {
  binary,
  causalAttention,
  gaussian,
  graded,
  gradedBoth,
  hankel,
  laplacian,
  oneHot,
  product,
  rbfKernel,
  reluFeatures,
  sparse,
  stack,
  upperOnes,
  withSpectrum,
} from './matrices.mjs';

const f32 = { dtype: 'float32' };
const name = (m, n) => `${m}x${n}`;
const powers = (n, p) => Float64Array.from({ length: n }, (_, i) => (i + 1) ** p);
const geometric = (n, digits) => Float64Array.from({ length: n }, (_, i) => 10 ** ((-digits * i) / (n - 1)));

const squares = [
  ...[3, 5, 8, 12, 17, 24, 32, 48, 65, 96, 130, 200, 350, 600, 1100].map((n) => ({
    name: `Gaussian ${n}`,
    make: () => gaussian(n, n),
  })),
  ...[5, 17, 33, 100, 300, 700, 1200].map((n) => ({
    name: `Gaussian f32 ${n}`,
    make: () => gaussian(n, n, f32),
  })),
  ...[20, 80, 250, 500, 900].flatMap((n) =>
    [1, Math.floor(n / 3), n >> 1, (3 * n) >> 2, n - 3].map((r) => ({
      name: `product ${n}, rank ${r}`,
      make: () => product(n, n, r),
    })),
  ),
  ...[100, 400, 1000].map((n) => ({
    name: `product f32 ${n}, rank ${n >> 1}`,
    make: () => product(n, n, n >> 1, f32),
  })),
];

const spectra = [
  ...[60, 200, 500, 1000].flatMap((n) =>
    [6, 9, 12, 16].map((digits) => ({
      name: `geometric, condition 1e${digits}, ${n}`,
      make: () => withSpectrum(n, geometric(n, digits)),
    })),
  ),
  ...[100, 500, 1000].flatMap((n) =>
    [-1, -2].map((p) => ({
      name: `power law i^${p} f32 ${n}`,
      make: () => withSpectrum(n, powers(n, p), f32),
    })),
  ),
  ...[64, 256, 768].flatMap((n) => [
    { name: `causal attention ${n}`, make: () => causalAttention(n) },
    { name: `causal attention f32 ${n}`, make: () => causalAttention(n, f32) },
  ]),
];

const shapes = [
  [2000, 30],
  [5000, 200],
  [20000, 100],
  [300, 3000],
  [1000, 100],
  [700, 500],
].flatMap(([m, n]) => [
  { name: `Gaussian ${name(m, n)}`, make: () => gaussian(m, n) },
  {
    name: `product ${name(m, n)}, rank ${Math.min(m, n) >> 1}`,
    make: () => product(m, n, Math.min(m, n) >> 1),
  },
  { name: `ReLU features f32 ${name(m, n)}`, make: () => reluFeatures(m, n, 20, f32) },
]);

const structures = [100, 400, 1000].flatMap((n) => [
  { name: `one-hot + intercept ${name(5 * n, n >> 2)}`, make: () => oneHot(5 * n, n >> 2) },
  { name: `0/1 dense ${n}`, make: () => binary(n) },
  { name: `sparse 1 % ${n}`, make: () => sparse(n, 0.01) },
  { name: `RBF kernel ${n}`, make: () => rbfKernel(n, 8, 2) },
  { name: `columns graded ${n}`, make: () => graded(n, 10 ** (-12 / (n - 1))) },
  { name: `rows and columns graded ${n}`, make: () => gradedBoth(n, 10) },
  { name: `graph Laplacian ${n}`, make: () => laplacian(n, 6) },
  { name: `upper triangle of ones ${n}`, make: () => upperOnes(n) },
  { name: `Hankel of a signal ${n}`, make: () => hankel(n) },
]);

const stacks = [
  { name: 'stack 20000x3x3', make: () => stack(20000, (i) => gaussian(3, 3, { seed: i + 1 })) },
  { name: 'stack f32 5000x4x4', make: () => stack(5000, (i) => gaussian(4, 4, { seed: i + 1 }), f32) },
  { name: 'stack 500x30x20', make: () => stack(500, (i) => gaussian(30, 20, { seed: i + 1 })) },
  { name: 'stack 50x200x200', make: () => stack(50, (i) => gaussian(200, 200, { seed: i + 1 })) },
  {
    name: 'stack 300x17x40, rank 5',
    make: () => stack(300, (i) => product(17, 40, 5, { seed: i + 1 })),
  },
];

export const SWEEP_CASES = [...squares, ...spectra, ...shapes, ...structures, ...stacks];
