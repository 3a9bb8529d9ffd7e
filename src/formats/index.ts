// matrix-rank/formats: the tensors of model files, one at a time, never the whole file.
export { FormatError } from './errors.js';
export { readGguf } from './gguf.js';
export { type NamedMatrix, toMatrices } from './matrices.js';
export { readNpy } from './numpy/npy.js';
export { readNpz } from './numpy/npz.js';
export { readOnnx } from './onnx/index.js';
export { readPytorch } from './pytorch/index.js';
export { readTensors } from './read.js';
export { readSafetensors } from './safetensors/index.js';
export { readSafetensorsIndex } from './shards.js';
export { openSource } from './source/open.js';
export type { ByteSource } from './source/source.js';
export { type Parsed, parseMatrix } from './text.js';
export { readTfjs } from './tfjs/index.js';
export type { NamedTensor, Readable, ReadOptions, TensorInfo, TensorLayout } from './types.js';
