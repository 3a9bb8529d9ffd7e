// .gguf, the files of llama.cpp.
// Layout, little-endian: 'GGUF', version (2 or 3), tensor count, metadata count (8 bytes each); metadata as key, type,
// value; per tensor its name, dimensions (innermost first), type and offset; then, aligned,
// the data that the offsets count from.
// Floats and integers are read as they are, blocks decoded (decode/gguf-blocks.ts);
// other types are named, not analysed.
// Source: docs/gguf.md of the ggml project.
import { textDecoder } from '../shared/text.js';
import { decodeBlocks, GGUF_BLOCKS } from './decode/gguf-blocks.js';
import type { Decoded } from './decode/grid.js';
import { countElements, decode, ELEMENT_SIZE, elementSize } from './decode.js';
import { fromNumber } from './dtypes.js';
import { FormatError, quote } from './errors.js';
import { isExperts } from './layout.js';
import { type ByteSource, checkRange } from './source/source.js';
import type { Weight } from './stored.js';
import type { NamedTensor, ReadOptions } from './types.js';
import { readWeight } from './weights/index.js';
import { eachOf } from './weights/weight.js';

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

/** The weights of a .gguf file in stored order. Shapes are turned to the usual order, outermost first. */
export async function* readGguf(source: ByteSource, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const file = source.name;
  const { tensors, base } = await readHeader(source);
  const scales = new Map(tensors.filter(({ name }) => name.endsWith('.scale')).map((one) => [one.name, one]));
  for (const entry of tensors) {
    const scale = entry.dtype === 'nvfp4' ? scales.get(entry.name.replace(/\.weight$/, '.scale')) : undefined;
    for (const weight of toWeights(source, base, entry, scale)) {
      const tensor = await readWeight(file, weight, options);
      if (tensor !== undefined) yield tensor;
    }
    options.onProgress?.(Math.min(source.size, base + entry.offset), source.size);
  }
  options.onProgress?.(source.size, source.size);
}

/**
 * One weight, or one for each expert of a stack that has to be decoded. NVFP4's second scale, for all or for each
 * expert, is a tensor of its own (convert_hf_to_gguf.py).
 */
function toWeights(
  source: ByteSource,
  base: number,
  { name, shape, dtype, offset, problem }: Entry,
  scale?: Entry,
): Weight[] {
  const file = source.name;
  const known = { name, dtype, shape, problem };
  const bytes = async (start: number, length: number) => {
    checkRange(file, source.size, base + offset + start, length, `tensor ${quote(name)}`);
    return source.read(base + offset + start, length);
  };
  const type = Object.hasOwn(GGUF_BLOCKS, dtype) ? GGUF_BLOCKS[dtype] : undefined;
  if (type === undefined) {
    if (!Object.hasOwn(ELEMENT_SIZE, dtype)) return [{ ...known, packed: `packed as ${dtype}` }];
    const read = async () => {
      const length = countElements(file, name, shape) * elementSize(file, name, dtype);
      const elements = decode(await bytes(0, length), dtype, { file, name, dims: shape.length });
      return { ...elements, ...(isExperts(name, shape) && { layout: 'experts' as const }) };
    };
    return [{ ...known, read }];
  }
  const cols = shape.at(-1) ?? 1;
  if (cols % type.size !== 0) {
    const detail = `of ${dtype} [${shape.join(', ')}] has rows of no whole blocks of ${type.size}`;
    return [{ ...known, problem: problem ?? detail }];
  }
  const stack = isExperts(name, shape) ? shape[0] : undefined;
  const matrix = stack === undefined ? shape : shape.slice(1);
  return eachOf(stack, name, (index) => ({
    ...{ dtype, shape: matrix, problem, storage: dtype },
    read: async () => {
      const count = countElements(file, name, matrix);
      const length = (count / type.size) * type.bytes;
      // A matrix as it is ranked: convolutions are [outputs, the rest].
      const rows = matrix.length > 1 ? matrix[0] : 1;
      const blocks = await bytes(index * length, length);
      if (count === 0) return { data: new Float32Array(0) };
      const decoded = decodeBlocks(type, blocks, count / cols, cols, rows);
      return scale === undefined
        ? decoded
        : scaled(decoded, await readScale(source, base, scale, stack, index));
    },
  }));
}

/** That of matrix `index` of a stack. */
async function readScale(
  source: ByteSource,
  base: number,
  { name, shape, dtype, offset }: Entry,
  stack: number | undefined,
  index: number,
): Promise<number> {
  const file = source.name;
  const count = countElements(file, name, shape);
  if (dtype !== 'float32' || (count !== 1 && count !== stack)) {
    const detail = `of ${dtype} [${shape.join(', ')}] is no second scale of ${stack ?? 1} in float32`;
    throw new FormatError(file, `tensor ${quote(name)} ${detail}.`);
  }
  checkRange(file, source.size, base + offset, 4 * count, `tensor ${quote(name)}`);
  const bytes = await source.read(base + offset, 4 * count);
  const { data } = decode(bytes, dtype, { file, name, dims: shape.length });
  const value = data[count === 1 ? 0 : index];
  if (!Number.isFinite(value)) throw new FormatError(file, `${quote(name)} holds ${value}.`);
  return value;
}

function scaled({ data, noise }: Decoded, by: number): Decoded {
  return { data: data.map((x) => x * by), noise: noise * Math.abs(by) };
}

interface Entry {
  name: string;
  shape: number[];
  dtype: string;
  offset: number;
  /** Why it cannot be read; text, since there may be millions. */
  problem?: string;
}

async function readHeader(source: ByteSource): Promise<{ tensors: Entry[]; base: number }> {
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
  for (let i = 0; i < valueCount; i++) {
    const key = await cursor.string();
    const type = await cursor.u32();
    if (key !== 'general.alignment') await cursor.skipValue(type);
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
  return { tensors, base: Math.ceil(cursor.pos / alignment) * alignment };
}

function refuseTwins(tensors: readonly Entry[]) {
  const first = new Map<string, Entry>();
  for (const entry of tensors) {
    const twin = first.get(entry.name);
    if (twin === undefined) first.set(entry.name, entry);
    else twin.problem = entry.problem = 'is in the header twice';
  }
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
