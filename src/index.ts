// matrix-rank: the root entry.
export { RankAccumulator } from './accumulator/accumulator.js';
export { simd } from './kernel/load.js';
export * from './layers/index.js';
export { rankFactors } from './matrix/factors.js';
export { independentColumns } from './matrix/independent-columns.js';
export { spectralMetrics } from './matrix/metrics.js';
export { frobeniusNorm, participationRatio, spectralNorm, stableRank } from './matrix/norms.js';
export { productFactors, productReport } from './matrix/product.js';
export { qr } from './matrix/qr.js';
export { matrixRank, matrixRanks, rankReport } from './matrix/rank.js';
export { singularValues } from './matrix/singular-values.js';
export { columnSpace, dependencies, nullSpace } from './matrix/subspaces.js';
export { createRankPool, type PoolOptions, type RankPool } from './pool/pool.js';
export type * from './types.js';
