// .safetensors: a JSON header and the tensors' bytes.
// Layout: header length (8 bytes, little-endian), the header, then the data that its offsets count from. The header maps
// names to { dtype, shape, data_offsets: [begin, end] }; '__metadata__' is no tensor. Large models are split into shards:
// model.safetensors.index.json maps names to files of the same folder.
// Source: the format section of huggingface/safetensors' README, and its Rust reader for what is refused.
import { admit } from './admit.js';
import { checkLength, decode } from './decode.js';
import { attempt, FormatError, quote } from './errors.js';
import { duplicateKeys, isObject, type Json, parseObject } from './json.js';
import { type ByteSource, checkRange, readText } from './source.js';
import type { NamedTensor, ReadOptions } from './types.js';

const MAX_HEADER = 100_000_000;

const TYPES: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3',
  F8_E5M2: 'float8_e5m2',
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
  name: string;
  dtype: string;
  shape: number[];
  /** In the file. */
  start: number;
  end: number;
  /** Why it cannot be read: text, since an error for each of a million bad entries would take gigabytes. */
  problem?: string;
}

/** The tensors of a .safetensors file, in the order of their bytes. */
export async function* readSafetensors(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  for (const entry of await readHeader(source)) {
    const tensor = await attempt(entry.name, source.name, options, () => readEntry(source, entry, options));
    options.onProgress?.(Math.min(source.size, Math.max(0, entry.end)), source.size);
    if (tensor !== undefined) yield tensor;
  }
  options.onProgress?.(source.size, source.size);
}

/** The tensors of every shard that a model.safetensors.index.json names, shard by shard. */
export async function* readSafetensorsIndex(
  source: ByteSource,
  options: ReadOptions = {},
  parsed?: Json,
): AsyncGenerator<NamedTensor> {
  const file = source.name;
  const index = parsed ?? parseObject(file, 'the index', await readText(source));
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
  const declared = isObject(index.metadata) ? Number(index.metadata.total_size) : Number.NaN;
  let done = 0;
  let finished = 0;
  const progress = (read: number) => {
    const total = declared > 0 ? declared : Math.ceil(((done + read) / (finished + 1)) * shards.size);
    options.onProgress?.(done + read, Math.max(total, done + read));
  };
  for (const [shard, names] of shards) {
    const from = await attempt(shard, file, options, () => source.sibling(shard));
    if (from === undefined) continue;
    try {
      const missing = new Set(names);
      const inner: ReadOptions = {
        ...options,
        filter: (name, info) => names.has(name) && options.filter?.(name, info) !== false,
        onProgress: (read) => progress(read),
      };
      const headers = await attempt(shard, file, options, () => readHeader(from));
      for (const { name } of headers ?? []) missing.delete(name);
      if (headers === undefined) continue;
      for (const name of missing) {
        await attempt(name, file, options, () => {
          throw new FormatError(
            file,
            `tensor ${quote(name)} is not in ${quote(shard)}, where weight_map has it.`,
          );
        });
      }
      yield* readSafetensors(from, inner);
    } finally {
      await from.close();
      done += from.size;
      finished++;
    }
  }
}

async function readEntry(
  source: ByteSource,
  entry: Entry,
  options: ReadOptions,
): Promise<NamedTensor | undefined> {
  const { name, dtype, shape, start, end } = entry;
  if (entry.problem !== undefined)
    throw new FormatError(source.name, `tensor ${quote(name)} ${entry.problem}.`);
  if (!(await admit(source.name, options, name, { shape, dtype }))) return undefined;
  checkLength(source.name, name, dtype, shape, end - start, start);
  const bytes = await source.read(start, end - start);
  const { data, bits } = decode(bytes, dtype, { file: source.name, name, dims: shape.length });
  return { name, shape, dtype, data, ...(bits && { bits }) };
}

async function readHeader(source: ByteSource): Promise<Entry[]> {
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
  return entries;
}

function toEntry(source: ByteSource, base: number, name: string, value: unknown): Entry {
  const entry: Entry = { name, dtype: '', shape: NO_SHAPE, start: base, end: base };
  const fail = (problem: string) => {
    entry.problem = problem;
    return entry;
  };
  if (!isObject(value)) return fail('has no object in the header');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') return fail("lacks the field 'dtype'");
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
