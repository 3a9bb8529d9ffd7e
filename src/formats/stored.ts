// A tensor as it lies in a file, before anyone knows what it means: readers of safetensors and PyTorch files list
// these, and weights/ makes weights of them.
import { widenHalf } from '../shared/half.js';
import { product } from '../shared/shape.js';
import { codeTable } from './decode/codes.js';
import type { TensorData } from './decode.js';
import { FormatError, oneLine, quote } from './errors.js';
import type { NamedTensor } from './types.js';

export interface Stored {
  name: string;
  /** In lower case: 'float32', 'float8_e4m3', 'int32', ... */
  dtype: string;
  shape: readonly number[];
  /** Why it cannot be read, as the end of a sentence about it. */
  problem?: string;
  /** Whether it is a weight by itself: scales beside it are of something else. */
  readonly complete?: boolean;
  /** The bytes that are best read at a time; undefined where a part of it costs as much as all. */
  readonly panel?: number;
  /**
   * `count` elements from `from` on, all by default, as words: codes of 8 bits in a Uint8Array (two 4-bit ones a byte),
   * patterns of 16 in a Uint16Array, 64-bit integers as float64.
   */
  words(from?: number, count?: number): Promise<TensorData>;
  /** Codes of 8 bits from `from` on, into memory of the caller's; undefined where that saves nothing. */
  readonly readInto?: (from: number, into: Uint8Array) => Promise<void>;
}

/** A pair of factors, scale x up x down, as the file has them. */
export interface AdapterPair {
  down: Stored;
  up: Stored;
  mid?: Stored;
  /** The name by which adapter_config.json knows the module. */
  module?: string;
  /** What had to be assumed. */
  note?: string;
  /** What a loader multiplies factors of this rank with. */
  scale(rank: number): Promise<number>;
}

/** A weight, not yet read. */
export interface Weight {
  name: string;
  dtype: string;
  shape: readonly number[];
  storage?: string;
  /** The rank of an adapter's factors. */
  factors?: number;
  adapter?: AdapterPair;
  /** Why it is not decoded. */
  packed?: string;
  /** Why it cannot be read, as the end of a sentence about it. */
  problem?: string;
  read?(): Promise<Pick<NamedTensor, 'data'> & Partial<NamedTensor>>;
}

/** A tensor that is a weight of its own where nobody knows better. */
export interface Entry extends Stored {
  /** The name of the file that it is in. */
  readonly file: string;
  /** That it takes there. */
  readonly byteLength: number;
  /** The weight that it is when it is what it looks like. */
  plain(): Weight;
}

/** The tensors of a file; `broken` is thrown after what comes before it. */
export interface Listing<E extends Entry = Entry> {
  entries: E[];
  broken?: unknown;
}

/** The numbers that words of a type stand for. */
export function toNumbers(words: TensorData, dtype: string): Exclude<TensorData, Uint16Array> | Uint16Array {
  if (dtype === 'float16') {
    const wide = new Uint32Array(words.length);
    for (let i = 0; i < wide.length; i++) wide[i] = widenHalf(words[i]);
    return new Float32Array(wide.buffer);
  }
  if (dtype === 'bfloat16') {
    const wide = new Uint32Array(words.length);
    for (let i = 0; i < wide.length; i++) wide[i] = words[i] << 16;
    return new Float32Array(wide.buffer);
  }
  if (!dtype.startsWith('float8')) return words;
  const { values } = codeTable(dtype)!;
  const out = new Float32Array(words.length);
  for (let i = 0; i < out.length; i++) out[i] = values[words[i]];
  return out;
}

/**
 * Scales, zero points, tables: all elements of a tensor as numbers, each finite,
 * or a FormatError that says which is not.
 */
export async function numbers(file: string, stored: Stored, from = 0, count = product(stored.shape)) {
  checkStored(file, stored);
  const values = toNumbers(await stored.words(from, count), stored.dtype);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new FormatError(file, `${quote(stored.name)} holds ${values[i]} at element ${from + i}.`);
    }
  }
  return values;
}

/** Throws for a tensor that cannot be read. */
export function checkStored(file: string, { name, problem }: Stored): void {
  if (problem !== undefined) throw new FormatError(file, `tensor ${quote(name)} ${problem}.`);
}

/** What is wrong with a weight whose parts do not fit together, as the end of a sentence. */
export function misfit(parts: readonly (Stored | undefined)[], why: string): string {
  const shown = parts
    .filter((p) => p !== undefined)
    .map((p) => `${oneLine(p.name.slice(p.name.lastIndexOf('.') + 1))} [${p.shape.join(', ')}]`);
  return `has parts that do not fit together, ${shown.join(', ')}: ${why}`;
}
