// What every reader of a model file yields.
import type { NumericArray } from '../types.js';

/** How the operator that uses a tensor reads it, where the file tells. */
export type TensorLayout = 'OIHW' | 'HWIO' | 'HWCM' | 'dense' | 'rnn';

/** One tensor of a model file, ready for matrixRank as it stands: `matrixRank({ data, shape, dtype })`. */
export interface NamedTensor {
  /** As stored. For ONNX subgraphs the path of node names stands before it, joined by '/'. */
  name: string;
  /** As stored. */
  shape: number[];
  /** As stored, in lower case: 'float32', 'bfloat16', 'float8_e4m3', 'int8', ... */
  dtype: string;
  /** The elements, row-major. float16 and bfloat16 stay as their 16-bit patterns in a Uint16Array. */
  data: NumericArray;
  /** Set when `data` holds 16-bit patterns; pass it on as TensorLike's dtype. */
  bits?: 'float16' | 'bfloat16';
  /** How the operator reads the tensor, where the file tells. */
  layout?: TensorLayout;
}

export interface ReadOptions {
  /** Only tensors whose name passes are decoded. */
  filter?: (name: string) => boolean;
  /** Called as bytes are consumed. */
  onProgress?: (bytesRead: number, bytesTotal: number) => void;
  /** Stops the reader before the next tensor. */
  signal?: AbortSignal;
}
