export { RankAccumulator } from './accumulator/accumulator.js';
export { simd } from './kernel/load.js';
export * from './layers/index.js';
export { rankFactors } from './matrix/factors.js';
export {
  frobeniusNorm,
  participationRatio,
  spectralMetrics,
  spectralNorm,
  stableRank,
} from './matrix/metrics.js';
export { productFactors, productReport } from './matrix/product.js';
export { matrixRank, matrixRanks, rankReport } from './matrix/rank.js';
export { independentColumns, qr, singularValues } from './matrix/spectrum.js';
export { columnSpace, dependencies, nullSpace } from './matrix/subspaces.js';
export { createRankPool, type PoolOptions, type RankPool } from './pool/pool.js';
export type * from './types.js';
