// What every reader of a model file yields, and what it may be told.

import type { AbortSignalLike, BlobLike, NumericArray, UrlLike } from '../types.js';
import type { Bits } from './dtypes.js';

/** How the operator that uses a tensor reads it, where the file tells. */
export type TensorLayout = 'OIHW' | 'HWIO' | 'HWCM' | 'dense' | 'rnn' | 'experts';

/**
 * One weight of a model file, as the model computes with it: `matrixRank({ data, shape, dtype: bits, noise })`.
 * Quantised weights are decoded; what is packed in a way that nobody here knows has `packed` and no data.
 */
export interface NamedTensor {
  /**
   * That of the weight: as stored, or of the weight that packed tensors stand for. For ONNX subgraphs the path of node
   * names stands before it, joined by '/'.
   */
  name: string;
  /** Of the weight; for a packed one that is not known, of what is stored. */
  shape: number[];
  /** The type of the stored elements, in lower case: 'float32', 'bfloat16', 'float8_e4m3', 'int8', ... */
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
  /**
   * How the weight is stored: its type, or what was undone: 'bfloat16', 'fp8-e4m3 x block scales',
   * 'q4_K', 'gptq-int4', ...
   */
  storage?: string;
  /**
   * The storage tolerance: singular values below it can't be told from rounding to the stored type. One for each matrix
   * where the tensor is a stack. Absent for float32, float64 and integers, which are what they are.
   */
  noise?: number | readonly number[];
  /** Why the tensor is not decoded: 'packed (uint8 beside .foo_scales)'. `data` is empty then. */
  packed?: string;
  /** What else there is to know: an assumption, a part that is left out. */
  note?: string;
  /** A low-rank adapter, whose weight left * right (the scale is in left) is not formed. `data` is empty then. */
  factors?: Factors;
}

/** A product of two thin matrices, row-major: left is [m, r], right is [r, n]. */
export interface Factors {
  left: Float32Array | Float64Array;
  right: Float32Array | Float64Array;
  rank: number;
}

/** What a filter can know of a tensor before its elements are read. */
export interface TensorInfo {
  shape: readonly number[];
  dtype: string;
  /** Set when the weight is decoded to float32 from what is stored. */
  storage?: string;
  /** Set for an adapter: the rank of its two factors. */
  factors?: number;
}

/**
 * What a reader can read from: a path of a file or folder (Node), an address ('https://...',
 * 'hf://org/name[@revision][/path]', a URL), a
 * Blob or File (browsers), or bytes.
 */
export type Readable = string | Uint8Array | BlobLike | UrlLike;

export interface ReadOptions {
  /** The file's name, for messages and for its extension, where bytes or a Blob have none. */
  name?: string;
  /** Only tensors that pass are decoded. */
  filter?: (name: string, info: TensorInfo) => boolean;
  /**
   * Awaited before the elements of a tensor that passes are read, so that a caller can wait for memory. A FormatError
   * that it throws is the tensor's error.
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
  /** How tensors of three dimensions and more are meant, whatever the file says. */
  layout?: TensorLayout;
  /**
   * The most bytes that one zip entry may inflate to (default 4 GiB),
   * or that a server without ranges may send (default 1 GiB).
   */
  maxBytes?: number;
}
