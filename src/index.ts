export { RankAccumulator } from './accumulator.js';
export { rankFactors } from './factors.js';
export { simd } from './kernel.js';
export * from './layers/index.js';
export { frobeniusNorm, participationRatio, spectralMetrics, spectralNorm, stableRank } from './metrics.js';
export { createRankPool, type PoolOptions, type RankPool } from './pool.js';
export { matrixRank, matrixRanks, rankReport } from './rank.js';
export { independentColumns, qr, singularValues } from './spectrum.js';
export type * from './types.js';
