// Models in several files: an index that names the file of each tensor (model.safetensors.index.json,
// pytorch_model.bin.index.json), or files that count themselves, model-00001-of-00002.safetensors. A packed weight and
// its scales may lie in different ones: headers are read first, all of them, and the weights are put together from what
// is listed. Source: transformers' and diffusers' save_pretrained.
import { attempt, FormatError, quote } from './errors.js';
import { isObject, type Json, parseObject } from './json.js';
import { isLegacyPytorch, refuseKnown } from './signatures.js';
import { type ByteSource, readText } from './source/source.js';
import { readZip } from './source/zip.js';
import type { Entry, Listing } from './stored.js';
import type { NamedTensor, ReadOptions } from './types.js';
import { type Model, mayLackParts, readEntries } from './weights/index.js';
import { readBeside } from './weights/settings.js';

type Reader = (source: ByteSource, options: ReadOptions) => Promise<AsyncGenerator<NamedTensor>>;

const HEAD = 512;
const MAX_OPEN = 4;
const MAX_SHARDS = 1000;
const INDICES = [
  'model.safetensors.index.json',
  'diffusion_pytorch_model.safetensors.index.json',
  'pytorch_model.bin.index.json',
];

/** The weights of a file that may be one of several: parts of them are looked for in the others. */
export async function* readListing(
  source: ByteSource,
  { entries, broken }: Listing,
  options: ReadOptions,
): AsyncGenerator<NamedTensor> {
  const shards = new Shards(source);
  try {
    const rest = mayLackParts(entries) ? await listRest(source, shards, options) : {};
    const model: Model = { source, entries, ...rest, incomplete: broken !== undefined || rest.incomplete };
    yield* readEntries(model, options, source.size);
  } finally {
    await shards.close();
  }
  if (broken !== undefined) throw broken;
  options.onProgress?.(source.size, source.size);
}

/** The weights of every shard that an index names, shard by shard. `read` knows the formats that list no tensors. */
export async function* readIndex(
  source: ByteSource,
  options: ReadOptions,
  index: Json,
  read: Reader,
): AsyncGenerator<NamedTensor> {
  const { name: file } = source;
  const named = await readNames(file, index, options);
  const map = index.weight_map as Json;
  const declared = isObject(index.metadata) ? Number(index.metadata.total_size) : Number.NaN;
  const shards = new Shards(source);
  try {
    const model = { source, entries: [] as Entry[], beside: [] as Entry[], incomplete: false };
    const others: [shard: string, names: ReadonlySet<string>][] = [];
    let broken: unknown; // thrown after what comes before it
    try {
      for (const [shard, names] of named) {
        const listing = await attempt(shard, file, options, async () =>
          listFile(await shards.open(shard), options),
        );
        if (listing === undefined) model.incomplete = true;
        else if (listing === OTHER) others.push([shard, names]);
        else {
          model.entries.push(...listing.entries.filter((entry) => names.has(entry.name)));
          // What the index does not name may be a part of what it names.
          model.beside.push(...listing.entries.filter((entry) => !Object.hasOwn(map, entry.name)));
          const here = new Set(listing.entries.map((entry) => entry.name));
          for (const name of names) if (!here.has(name)) await lacks(file, shard, name, options);
          if (listing.broken !== undefined) throw listing.broken;
        }
      }
    } catch (error) {
      broken = error;
      model.incomplete = true;
    }
    const sum = model.entries.reduce((bytes, { byteLength }) => bytes + Math.max(0, byteLength), 0);
    yield* readEntries(model, options, declared > 0 ? declared : sum);
    if (broken !== undefined) throw broken;
    for (const [shard, names] of others) yield* readOther(source, shard, names, options, read);
  } finally {
    await shards.close();
  }
}

/** The weights of every shard that a model.safetensors.index.json names. */
export async function* readSafetensorsIndex(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  const index = parseObject(source.name, 'the index', await readText(source));
  yield* readIndex(source, options, index, async ({ name }) => {
    throw new FormatError(name, 'is a shard that is neither .safetensors nor of PyTorch.');
  });
}

/** The shards and the names that the index has in each. */
async function readNames(
  file: string,
  index: Json,
  options: ReadOptions,
): Promise<Map<string, ReadonlySet<string>>> {
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

const lacks = (file: string, shard: string, name: string, options: ReadOptions) =>
  attempt(name, file, options, () => {
    throw new FormatError(file, `tensor ${quote(name)} is not in ${quote(shard)}, where weight_map has it.`);
  });

/** The tensors of a shard whose format has no list of them. */
async function* readOther(
  source: ByteSource,
  shard: string,
  names: ReadonlySet<string>,
  options: ReadOptions,
  read: Reader,
): AsyncGenerator<NamedTensor> {
  const { name: file } = source;
  const from = await attempt(shard, file, options, () => source.sibling(shard));
  if (from === undefined) return;
  const missing = new Set(names);
  const inner: ReadOptions = {
    ...options,
    filter(name, info) {
      missing.delete(name);
      return names.has(name) && options.filter?.(name, info) !== false;
    },
    onError:
      options.onError &&
      ((name, error) => {
        missing.delete(name);
        options.onError?.(name, error);
      }),
  };
  try {
    const tensors = await attempt(shard, file, options, () => read(from, inner));
    if (tensors === undefined) return;
    yield* tensors;
    for (const name of missing) await lacks(file, shard, name, options);
  } finally {
    await from.close();
  }
}

const OTHER = 'of another format';

/** The tensors of a file that has a list of them. */
async function listFile(source: ByteSource, options: ReadOptions): Promise<Listing | typeof OTHER> {
  const { name, size } = source;
  const head = await source.read(0, Math.min(HEAD, size));
  const starts = (magic: string, at = 0) => [...magic].every((c, i) => head[at + i] === c.charCodeAt(0));
  if (starts('PK\x03\x04')) {
    const entries = await readZip(source);
    const torch = await import('./pytorch/listing.js');
    return entries.some((entry) => torch.isPickleEntry(entry.name))
      ? torch.listPytorch(source, options, entries)
      : OTHER;
  }
  if (isLegacyPytorch(head)) return (await import('./pytorch/listing.js')).listLegacyPytorch(source);
  if (!starts('\0\0\0\0{', 4)) {
    refuseKnown(name, head);
    // An index may name itself, or two of them each other.
    if (/\.json$/i.test(name) || starts('{') || starts('['))
      throw new FormatError(name, 'is JSON, which is no shard of a model.');
    if (!/\.safetensors$/i.test(name)) return OTHER;
  }
  return { entries: (await (await import('./safetensors/listing.js')).openSafetensors(source)).stored };
}

/** The tensors of the other files of a model; `incomplete` where one is missing or damaged. */
async function listRest(source: ByteSource, shards: Shards, options: ReadOptions): Promise<Partial<Model>> {
  const names = await otherShards(source);
  const rest = { beside: [] as Entry[], incomplete: names.length > MAX_SHARDS };
  for (const name of rest.incomplete ? [] : names) {
    options.signal?.throwIfAborted();
    try {
      const listing = await listFile(await shards.open(name), options);
      if (listing === OTHER) continue;
      for (const entry of listing.entries) rest.beside.push(entry);
      if (listing.broken !== undefined) rest.incomplete = true;
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      rest.incomplete = true;
    }
  }
  return rest;
}

/** The other shards of a model, by the name of one, or by the index beside it. */
async function otherShards(source: ByteSource): Promise<string[]> {
  const counted = /^(.*\D)?(\d{5})-of-(\d{5})(\..+)$/.exec(source.name);
  if (counted !== null) {
    const [, before = '', own, total, after] = counted;
    return Array.from({ length: Number(total) }, (_, i) => String(i + 1).padStart(5, '0'))
      .filter((number) => number !== own)
      .map((number) => `${before}${number}-of-${total}${after}`);
  }
  for (const name of INDICES) {
    const { weight_map: map } = await readBeside(source, name);
    const files = isObject(map) ? new Set(Object.values(map)) : new Set();
    if (files.delete(source.name)) return [...files].filter((file) => typeof file === 'string');
  }
  return [];
}

/** The shards of a model, few of them open at a time. */
class Shards {
  private readonly opened = new Map<string, ByteSource>();
  constructor(private readonly source: ByteSource) {}

  /** A shard that is opened again when it is read. */
  async open(shard: string): Promise<ByteSource> {
    const { name, size, bytes, readInto } = await this.take(shard);
    return {
      ...{ name, size, bytes },
      read: async (offset, length) => (await this.take(shard)).read(offset, length),
      ...(readInto && {
        readInto: async (offset: number, into: Uint8Array) =>
          (await this.take(shard)).readInto!(offset, into),
      }),
      sibling: (other) => this.source.sibling(other),
      close: async () => {},
    };
  }

  private async take(shard: string): Promise<ByteSource> {
    let source = this.opened.get(shard);
    if (source === undefined) {
      source = await this.source.sibling(shard);
      const [oldest] = this.opened.keys();
      if (this.opened.size >= MAX_OPEN) await this.release(oldest);
    } else this.opened.delete(shard); // moves to the end, as the one used last
    this.opened.set(shard, source);
    return source;
  }

  private async release(shard: string) {
    const source = this.opened.get(shard);
    this.opened.delete(shard);
    await source?.close();
  }

  async close() {
    for (const shard of [...this.opened.keys()]) await this.release(shard);
  }
}
