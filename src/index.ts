// biome-ignore assist/source/organizeImports: first, for the kernel's text to stand first in a bundle, where gzip saves 0.9 kB
export { simd } from './kernel.js';

export { RankAccumulator } from './accumulator.js';
export { rankFactors } from './factors.js';
export * from './layers/index.js';
export { frobeniusNorm, participationRatio, spectralMetrics, spectralNorm, stableRank } from './metrics.js';
export { createRankPool, type PoolOptions, type RankPool } from './pool.js';
export { matrixRank, matrixRanks, rankReport } from './rank.js';
export { independentColumns, qr, singularValues } from './spectrum.js';
export type * from './types.js';
