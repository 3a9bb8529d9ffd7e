// .safetensors: a JSON header and the tensors' bytes.
// Layout: header length (8 bytes, little-endian), the header, then the data that its offsets count from. The header
// maps names to { dtype, shape, data_offsets: [begin, end] }; '__metadata__' is no tensor.
// Large models are split into shards:
// model.safetensors.index.json maps names to files of the same folder.
// Source: the format section of huggingface/safetensors' README, and its Rust reader for what is refused.
import { checkLength, decode, elementSize } from './decode.js';
import { attempt, FormatError, quote } from './errors.js';
import { duplicateKeys, isObject, type Json, parseObject } from './json.js';
import { layoutByName } from './layout.js';
import { type ByteSource, checkRange, readText } from './source.js';
import type { Stored } from './stored.js';
import type { NamedTensor, ReadOptions } from './types.js';
import { listWeights, readWeight } from './weights/index.js';
import type { Weight } from './weights/weight.js';

const MAX_HEADER = 100_000_000;

const TYPES: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3',
  F8_E5M2: 'float8_e5m2',
  F8_E4M3FNUZ: 'float8_e4m3fnuz',
  F8_E5M2FNUZ: 'float8_e5m2fnuz',
  F8_E8M0: 'float8_e8m0',
  I8: 'int8',
  I16: 'int16',
  I32: 'int32',
  I64: 'int64',
  U8: 'uint8',
  U16: 'uint16',
  U32: 'uint32',
  U64: 'uint64',
  BOOL: 'bool',
};

const NO_SHAPE: number[] = [];

interface Entry {
  file: string;
  name: string;
  dtype: string;
  /** As the header has it. */
  type: string;
  shape: number[];
  /** In the file. */
  start: number;
  end: number;
  /** Why it cannot be read: text, since an error for each of a million bad entries would take gigabytes. */
  problem?: string;
}

/** The weights of a .safetensors file, in the order of their bytes. */
export async function* readSafetensors(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  const { stored } = await openSafetensors(source);
  for (const { weight, entry } of await listWeights(source, stored, plain)) {
    const tensor = await readWeight(source.name, weight, options);
    options.onProgress?.(Math.min(source.size, Math.max(0, entry.end)), source.size);
    if (tensor !== undefined) yield tensor;
  }
  options.onProgress?.(source.size, source.size);
}

/** The tensors of a .safetensors file as they lie there, and its metadata. */
export async function openSafetensors(source: ByteSource) {
  const { entries, metadata } = await readHeader(source);
  return { stored: entries.map((entry) => new SafetensorsEntry(entry, () => source)), metadata };
}

/**
 * The weights of every shard that a model.safetensors.index.json names, shard by shard;
 * parts may lie in different ones.
 */
export async function* readSafetensorsIndex(
  source: ByteSource,
  options: ReadOptions = {},
  parsed?: Json,
): AsyncGenerator<NamedTensor> {
  const file = source.name;
  const index = parsed ?? parseObject(file, 'the index', await readText(source));
  const shards = await readShardNames(file, index, options);
  const declared = isObject(index.metadata) ? Number(index.metadata.total_size) : Number.NaN;
  const open = new Shards(source);
  try {
    const stored: SafetensorsEntry[] = [];
    let broken: unknown; // thrown after what comes before it
    try {
      for (const [shard, names] of shards) {
        for (const one of await readShard(file, shard, names, open, options)) stored.push(one);
      }
    } catch (error) {
      broken = error;
    }
    const total =
      declared > 0 ? declared : stored.reduce((sum, { start, end }) => sum + Math.max(0, end - start), 0);
    let done = 0;
    let last: Stored | undefined;
    for (const { weight, entry } of await listWeights(source, stored, plain)) {
      const tensor = await readWeight(entry.file, weight, options);
      if (entry !== last) done += Math.max(0, entry.end - entry.start);
      last = entry;
      options.onProgress?.(done, Math.max(total, done));
      if (tensor !== undefined) yield tensor;
    }
    if (broken !== undefined) throw broken;
  } finally {
    await open.close();
  }
}

/** The shards and the names that the index has in each. */
async function readShardNames(
  file: string,
  index: Json,
  options: ReadOptions,
): Promise<Map<string, Set<string>>> {
  const map = index.weight_map;
  if (!isObject(map)) throw new FormatError(file, "expected an object in the field 'weight_map'.");
  const shards = new Map<string, Set<string>>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string') {
      await attempt(name, file, options, () => {
        throw new FormatError(file, `expected a file name at weight_map[${quote(name)}].`);
      });
      continue;
    }
    const names = shards.get(shard);
    if (names === undefined) shards.set(shard, new Set([name]));
    else names.add(name);
  }
  return shards;
}

/** The tensors of a shard that the index names; those that it lacks are told. */
async function readShard(
  file: string,
  shard: string,
  names: ReadonlySet<string>,
  open: Shards,
  options: ReadOptions,
): Promise<SafetensorsEntry[]> {
  const header = await attempt(shard, file, options, async () => readHeader(await open.shard(shard)));
  if (header === undefined) return [];
  const { entries } = header;
  const here = new Set(entries.map((entry) => entry.name));
  for (const name of names) {
    if (here.has(name)) continue;
    await attempt(name, file, options, () => {
      throw new FormatError(
        file,
        `tensor ${quote(name)} is not in ${quote(shard)}, where weight_map has it.`,
      );
    });
  }
  return entries
    .filter((e) => names.has(e.name))
    .map((entry) => new SafetensorsEntry(entry, () => open.shard(shard)));
}

/** The shards of a model, few of them open at a time. */
class Shards {
  private readonly opened = new Map<string, ByteSource>();
  constructor(private readonly source: ByteSource) {}

  async shard(name: string): Promise<ByteSource> {
    let source = this.opened.get(name);
    if (source === undefined) {
      source = await this.source.sibling(name);
      const [oldest] = this.opened.keys();
      if (this.opened.size >= MAX_OPEN) await this.release(oldest);
    } else this.opened.delete(name); // moves to the end, as the one used last
    this.opened.set(name, source);
    return source;
  }

  private async release(name: string) {
    const source = this.opened.get(name);
    this.opened.delete(name);
    await source?.close();
  }

  async close() {
    for (const name of [...this.opened.keys()]) await this.release(name);
  }
}

const MAX_OPEN = 4;

/** A tensor of a file, and its place. */
export class SafetensorsEntry implements Stored {
  constructor(
    private readonly entry: Entry,
    private readonly open: () => ByteSource | Promise<ByteSource>,
  ) {}
  get file() {
    return this.entry.file;
  }
  get name() {
    return this.entry.name;
  }
  get type() {
    return this.entry.type;
  }
  get dtype() {
    return this.entry.dtype;
  }
  get shape() {
    return this.entry.shape;
  }
  get problem() {
    return this.entry.problem;
  }
  get start() {
    return this.entry.start;
  }
  get end() {
    return this.entry.end;
  }

  /** The bytes that the header gives it, whatever their type. */
  async raw(): Promise<Uint8Array> {
    return (await this.open()).read(this.start, this.end - this.start);
  }

  async elements() {
    const { file, name, dtype, shape } = this.entry;
    return decode(await this.bytes(), dtype, { file, name, dims: shape.length });
  }

  async words(from?: number, count?: number) {
    const { file, name, dtype } = this.entry;
    const type = dtype.startsWith('float8') ? 'uint8' : dtype;
    return decode(await this.bytes(from, count), type, { file, name, dims: 0 }).data;
  }

  /** Those of `count` elements from `from` on, or of all. */
  private async bytes(from?: number, count?: number): Promise<Uint8Array> {
    const { file, name, dtype, shape, start, end } = this.entry;
    checkLength(file, name, dtype, shape, end - start, start);
    const source = await this.open();
    if (from === undefined || count === undefined) return source.read(start, end - start);
    const size = elementSize(file, name, dtype);
    checkRange(file, end - start, from * size, count * size, `tensor ${quote(name)}`);
    return source.read(start + from * size, count * size);
  }
}

/** A weight that is what its tensor is. */
export function plain(entry: SafetensorsEntry): Weight {
  const { name, dtype, shape, problem } = entry;
  const layout = Array.isArray(shape) ? layoutByName(name, shape) : undefined;
  const read = async () => ({ ...(await entry.elements()), ...(layout && { layout }) });
  return { name, dtype, shape, problem, read };
}

async function readHeader(source: ByteSource): Promise<{ entries: Entry[]; metadata?: Json }> {
  const file = source.name;
  checkRange(file, source.size, 0, 8, 'the header length');
  const length = Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true));
  if (length > MAX_HEADER || length > source.size - 8) {
    throw new FormatError(
      file,
      `the header at offset 8 claims ${length} bytes; ${source.size - 8} are left, and ${MAX_HEADER} is the most.`,
    );
  }
  const text = await readText(source, 8, length);
  const header = parseObject(file, 'the header at offset 8', text);
  const twice = duplicateKeys(text);
  const base = 8 + length;
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => {
      const entry = toEntry(source, base, name, value);
      if (twice.has(name)) entry.problem = 'is in the header twice';
      return entry;
    });
  entries.sort((a, b) => a.start - b.start);
  let last: Entry | undefined;
  for (const entry of entries) {
    if (entry.problem !== undefined || entry.start === entry.end) continue;
    if (last !== undefined && entry.start < last.end) {
      entry.problem = `at offset ${entry.start} overlaps ${quote(last.name)}, which ends at ${last.end}`;
    } else last = entry;
  }
  const metadata = header.__metadata__;
  return { entries, ...(isObject(metadata) && { metadata }) };
}

function toEntry(source: ByteSource, base: number, name: string, value: unknown): Entry {
  const entry: Entry = {
    file: source.name,
    name,
    dtype: '',
    type: '',
    shape: NO_SHAPE,
    start: base,
    end: base,
  };
  const fail = (problem: string) => {
    entry.problem = problem;
    return entry;
  };
  if (!isObject(value)) return fail('has no object in the header');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') return fail("lacks the field 'dtype'");
  entry.type = dtype;
  entry.dtype = Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : dtype.toLowerCase();
  if (!Array.isArray(shape)) return fail("lacks the field 'shape'");
  entry.shape = shape;
  const whole = (v: unknown): v is number => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole) || offsets[0] > offsets[1]) {
    return fail(`has ${quote(offsets)} as data_offsets`);
  }
  entry.start = base + offsets[0];
  entry.end = base + offsets[1];
  if (entry.end > source.size) {
    return fail(
      `claims ${entry.end - entry.start} bytes at offset ${entry.start}, the file has ${source.size}`,
    );
  }
  return entry;
}
