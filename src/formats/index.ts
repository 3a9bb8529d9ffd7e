// matrix-rank/formats: the tensors of model files, one at a time, never the whole file.
export { FormatError } from './errors.js';
export { readGguf } from './gguf.js';
export { type NamedMatrix, toMatrices } from './matrices.js';
export { readNpy } from './npy.js';
export { readNpz } from './npz.js';
export { readOnnx } from './onnx.js';
export { readPytorch } from './pytorch.js';
export { readTensors } from './read.js';
export { readSafetensors } from './safetensors.js';
export { readSafetensorsIndex } from './shards.js';
export { type ByteSource, openSource } from './source.js';
export { type Parsed, parseMatrix } from './text.js';
export { readTfjs } from './tfjs.js';
export type { NamedTensor, Readable, ReadOptions, TensorInfo, TensorLayout } from './types.js';
