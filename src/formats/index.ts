// matrix-rank/formats: the tensors of model files, one at a time, never the whole file.
export { FormatError } from './errors.js';
export { type NamedMatrix, toMatrices } from './matrices.js';
export { readNpy } from './npy.js';
export { readOnnx } from './onnx.js';
export { readTensors } from './read.js';
export { type ByteSource, openSource } from './source.js';
export type { NamedTensor, Readable, ReadOptions, TensorInfo, TensorLayout } from './types.js';
