// biome-ignore assist/source/organizeImports: first, for the kernel's text to stand first in a bundle, where gzip saves 0.9 kB
export { simd } from './kernel/load.js';

export { RankAccumulator } from './accumulator/accumulator.js';
export { rankFactors } from './matrix/factors.js';
export * from './layers/index.js';
export {
  frobeniusNorm,
  participationRatio,
  spectralMetrics,
  spectralNorm,
  stableRank,
} from './matrix/metrics.js';
export { createRankPool, type PoolOptions, type RankPool } from './pool/pool.js';
export { productFactors, productReport } from './matrix/product.js';
export { matrixRank, matrixRanks, rankReport } from './matrix/rank.js';
export { independentColumns, qr, singularValues } from './matrix/spectrum.js';
export { columnSpace, dependencies, nullSpace } from './matrix/subspaces.js';
export type * from './types.js';
