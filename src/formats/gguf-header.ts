// The header of a .gguf file: metadata, of which the alignment and an adapter's alpha are read, and tensors' places.
// Layout, little-endian: 'GGUF', version (2 or 3), tensor count, metadata count (8 bytes each); metadata as key, type,
// value; per tensor its name, dimensions (innermost first), type and offset. Source: docs/gguf.md of the ggml project.
import { repeated } from '../shared/repeated.js';
import { textDecoder } from '../shared/text.js';
import { GGUF_BLOCKS } from './decode/gguf-blocks.js';
import { ELEMENT_SIZE } from './decode.js';
import { fromNumber } from './dtypes.js';
import { FormatError, quote } from './errors.js';
import { type ByteSource, checkRange } from './source/source.js';

/** ggml_type: our name of what is no plain type: blocks that are decoded, and names alone. */
const TYPES: Readonly<Record<number, string>> = {
  ...{ 2: 'q4_0', 3: 'q4_1', 6: 'q5_0', 7: 'q5_1', 8: 'q8_0', 20: 'iq4_NL', 39: 'mxfp4', 40: 'nvfp4' },
  ...{ 10: 'q2_K', 11: 'q3_K', 12: 'q4_K', 13: 'q5_K', 14: 'q6_K', 23: 'iq4_XS' },
  ...{
    9: 'Q8_1',
    15: 'Q8_K',
    16: 'IQ2_XXS',
    17: 'IQ2_XS',
    18: 'IQ3_XXS',
    19: 'IQ1_S',
    21: 'IQ3_S',
    22: 'IQ2_S',
  },
  ...{
    4: 'Q4_2',
    5: 'Q4_3',
    29: 'IQ1_M',
    31: 'Q4_0_4_4',
    32: 'Q4_0_4_8',
    33: 'Q4_0_8_8',
    34: 'TQ1_0',
    35: 'TQ2_0',
  },
  ...{ 36: 'IQ4_NL_4_4', 37: 'IQ4_NL_4_8', 38: 'IQ4_NL_8_8', 41: 'Q1_0', 42: 'Q2_0' },
};
/** Bytes of a metadata value by its type; 8 is a string, 9 an array. */
const VALUE_SIZE = [1, 1, 2, 2, 4, 4, 4, 1, -1, -1, 8, 8, 8];
const WINDOW = 1 << 16;
const MAX_NAME = 1 << 16;
const MAX_DIMS = 8;
/**
 * The fewest bytes of a tensor's entry (name, dimensions, type, offset), of a metadata value (key,
 * type, a byte), of a text.
 */
const MIN_TENSOR = 24;
const MIN_VALUE = 13;
const MIN_TEXT = 8;
const MAX_TENSORS = 1_000_000;
const FLOAT32 = 6; // of metadata

/** A tensor as the header has it. */
export interface Entry {
  name: string;
  shape: number[];
  dtype: string;
  offset: number;
  /** Why it cannot be read; text, since there may be millions. */
  problem?: string;
}

/** What stands before the elements: `base` is where their offsets count from. */
export interface Header {
  tensors: Entry[];
  base: number;
  /** Of a low-rank adapter; 0: none. */
  alpha: number;
}

export async function readHeader(source: ByteSource): Promise<Header> {
  const file = source.name;
  const cursor = new Cursor(source);
  const magic = await cursor.text(4);
  if (magic !== 'GGUF') throw new FormatError(file, `expected 'GGUF' at offset 0, not ${quote(magic)}.`);
  const version = await cursor.u32();
  if (version > 0 && version % 0x1000000 === 0) {
    throw new FormatError(file, "is big-endian GGUF; llama.cpp's gguf_convert_endian.py turns it around.");
  }
  if (version === 1) throw new FormatError(file, 'is GGUF version 1; convert the model again, to version 3.');
  if (version !== 2 && version !== 3) {
    throw new FormatError(file, `expected version 2 or 3, little-endian, at offset 4, not ${version}.`);
  }
  const tensorCount = await cursor.u64();
  const valueCount = await cursor.u64();
  cursor.expect(tensorCount, MIN_TENSOR, 'tensors');
  cursor.expect(valueCount, MIN_VALUE, 'metadata values');
  let alignment = 32;
  let alpha = 0;
  for (let i = 0; i < valueCount; i++) {
    const key = await cursor.string();
    const type = await cursor.u32();
    if (key === 'adapter.lora.alpha' && type === FLOAT32) alpha = await cursor.f32();
    else if (key !== 'general.alignment') await cursor.skipValue(type);
    else if (type === 4) alignment = await cursor.u32();
    else throw new FormatError(file, `general.alignment is of metadata type ${type}, not 4.`);
  }
  if (alignment < 1 || alignment > 1 << 20) throw new FormatError(file, `general.alignment is ${alignment}.`);
  const tensors: Entry[] = [];
  for (let i = 0; i < tensorCount; i++) {
    const name = await cursor.string();
    const dims = await cursor.u32();
    if (dims > MAX_DIMS) throw new FormatError(file, `tensor ${quote(name)} has ${dims} dimensions.`);
    const shape: number[] = [];
    for (let k = 0; k < dims; k++) shape.unshift(await cursor.u64());
    const type = await cursor.u32();
    tensors.push({
      name,
      shape,
      dtype: fromNumber('ggml', type) ?? TYPES[type] ?? `ggml type ${type}`,
      offset: await cursor.u64(),
    });
  }
  refuseTwins(tensors);
  refuseOverlaps(tensors);
  return { tensors, base: Math.ceil(cursor.pos / alignment) * alignment, alpha };
}

function refuseTwins(tensors: readonly Entry[]) {
  const twice = repeated(tensors.map(({ name }) => name));
  for (const entry of tensors) if (twice.has(entry.name)) entry.problem = 'is in the header twice';
}

function refuseOverlaps(tensors: readonly Entry[]) {
  let end = 0;
  for (const entry of [...tensors].sort((a, b) => a.offset - b.offset)) {
    const { shape, dtype, offset } = entry;
    if (offset < end) {
      entry.problem ??= `at data offset ${offset} overlaps another`;
    }
    const block = Object.hasOwn(GGUF_BLOCKS, dtype) ? GGUF_BLOCKS[dtype] : undefined;
    const size = block ? block.bytes / block.size : (ELEMENT_SIZE[dtype] ?? 0); // 0: not known here
    end = Math.max(end, offset + Math.floor(shape.reduce((a, b) => a * b, size)));
  }
}

/** Reads a source front to back through a window; every step ends in an error at the file's end. */
class Cursor {
  pos = 0;
  private window = new DataView(new ArrayBuffer(0));
  private from = 0;
  constructor(private readonly source: ByteSource) {}

  private async take(length: number): Promise<number> {
    const { source, pos } = this;
    if (pos < this.from || pos + length > this.from + this.window.byteLength) {
      checkRange(source.name, source.size, pos, length, 'the GGUF header');
      const bytes = await source.read(pos, Math.min(Math.max(WINDOW, length), source.size - pos));
      this.window = new DataView(bytes.buffer as ArrayBuffer);
      this.from = pos;
    }
    this.pos += length;
    return pos - this.from;
  }
  async u32() {
    const at = await this.take(4);
    return this.window.getUint32(at, true);
  }
  async f32() {
    const at = await this.take(4);
    return this.window.getFloat32(at, true);
  }
  async u64() {
    const at = await this.take(8);
    return Number(this.window.getBigUint64(at, true));
  }
  async text(length: number) {
    const at = await this.take(length);
    return textDecoder().decode(new Uint8Array(this.window.buffer, at, length));
  }
  async string() {
    const length = await this.u64();
    if (length > MAX_NAME) {
      throw new FormatError(this.source.name, `a name at offset ${this.pos - 8} claims ${length} bytes.`);
    }
    return this.text(length);
  }

  /** Throws unless `count` things of at least `size` bytes can follow. */
  expect(count: number, size: number, what: string) {
    const left = this.source.size - this.pos;
    if (count * size > left || (what === 'tensors' && count > MAX_TENSORS)) {
      throw new FormatError(
        this.source.name,
        `the GGUF header claims ${count} ${what} at offset ${this.pos}; ${left} bytes follow.`,
      );
    }
  }
  private skip(length: number) {
    checkRange(this.source.name, this.source.size, this.pos, length, 'the GGUF header');
    this.pos += length;
  }
  /** Steps over a metadata value; arrays may nest. */
  async skipValue(type: number, depth = 0): Promise<void> {
    const size = VALUE_SIZE[type];
    if (size === undefined || depth > 8) {
      throw new FormatError(this.source.name, `metadata of type ${type} before offset ${this.pos}.`);
    }
    if (size > 0) return this.skip(size);
    if (type === 8) return this.skip(await this.u64());
    const inner = await this.u32();
    const count = await this.u64();
    if (VALUE_SIZE[inner] > 0) return this.skip(count * VALUE_SIZE[inner]);
    this.expect(count, MIN_TEXT, 'values');
    for (let i = 0; i < count; i++) await this.skipValue(inner, depth + 1);
  }
}
