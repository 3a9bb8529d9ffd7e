// What every reader of a model file yields, and what it may be told.

import type { AbortSignalLike, BlobLike, NumericArray } from '../types.js';
import type { Bits } from './decode.js';

/** How the operator that uses a tensor reads it, where the file tells. */
export type TensorLayout = 'OIHW' | 'HWIO' | 'HWCM' | 'dense' | 'rnn';

/** One tensor of a model file, ready for matrixRank as it stands: `matrixRank({ data, shape, dtype: bits })`. */
export interface NamedTensor {
  /** As stored. For ONNX subgraphs the path of node names stands before it, joined by '/'. */
  name: string;
  /** As stored. */
  shape: number[];
  /** As stored, in lower case: 'float32', 'bfloat16', 'float8_e4m3', 'int8', ... */
  dtype: string;
  /**
   * The elements, row-major, in a buffer of their own that may be transferred to a worker.
   * float16 and bfloat16 stay as their 16-bit patterns in a Uint16Array.
   */
  data: NumericArray;
  /** Set when `data` holds 16-bit patterns, or pairs of numbers; pass it on as TensorLike's dtype. */
  bits?: Bits;
  /** How the operator reads the tensor, where the file tells. */
  layout?: TensorLayout;
  /** The type of the stored integers when `data` was recovered as integer * scale + min (tfjs). */
  quantization?: string;
}

/** What a filter can know of a tensor before its elements are read. */
export interface TensorInfo {
  shape: readonly number[];
  dtype: string;
}

/** What a reader can read from: a path (Node), a Blob or File (browsers), or bytes. */
export type Readable = string | Uint8Array | BlobLike;

export interface ReadOptions {
  /** The file's name, for messages and for its extension, where bytes or a Blob have none. */
  name?: string;
  /** Only tensors that pass are decoded. */
  filter?: (name: string, info: TensorInfo) => boolean;
  /**
   * Awaited before the elements of a tensor that passes are read, so that a caller can wait for memory. A FormatError that it
   * throws is the tensor's error.
   */
  before?: (name: string, info: TensorInfo) => void | Promise<void>;
  /** Called as bytes are consumed. */
  onProgress?: (bytesRead: number, bytesTotal: number) => void;
  /** Told of a tensor that cannot be read, and the reader goes on; without it the error is thrown. */
  onError?: (name: string, error: Error) => void;
  /** Stops the reader before the next tensor. */
  signal?: AbortSignalLike;
  /** Opens a file that lies beside bytes or a Blob: shards, external data. Paths need none. */
  open?: (name: string) => Readable | Promise<Readable>;
  /** The most bytes that one zip entry may inflate to. Default 4 GiB. */
  maxBytes?: number;
}
