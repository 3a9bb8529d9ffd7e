// Ranks of layers and of tensors: what the package exports of this folder.
export { type ConvLayerOptions, convLayerRank } from './conv.js';
export { denseLayerRank } from './dense.js';
export { lstmLayerRank, lstmLayerRankAsync } from './lstm.js';
export { type LstmCell, type LstmOptions, lstm } from './lstm-cell.js';
export type { KerasLstmWeights, LstmWeights, OnnxLstmWeights, TorchLstmWeights } from './lstm-weights.js';
export type { BatchOptions } from './output.js';
export { poolingLayerRank, poolingLayerRankAsync } from './pooling.js';
export type { RealTensor, TensorView } from './tensor.js';
export { multilinearRank, unfold } from './unfold.js';
export {
  type AveragePoolingOptions,
  avgPool,
  type ExplicitPadding,
  maxPool,
  type PoolingOp,
  type PoolingOptions,
} from './windows.js';
