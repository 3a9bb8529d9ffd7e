// An index whose shards are not .safetensors: pytorch_model.bin.index.json. Each shard is read by its own first bytes.
import { attempt, FormatError, quote } from './errors.js';
import { isObject, type Json } from './json.js';
import type { ByteSource } from './source.js';
import type { ShardOptions } from './stored.js';
import type { NamedTensor, ReadOptions } from './types.js';

type Reader = (source: ByteSource, options: ReadOptions) => Promise<AsyncGenerator<NamedTensor>>;

/** Whether every shard of an index is .safetensors, whose reader knows more of them. */
export function areSafetensors(index: Json): boolean {
  const map = isObject(index.weight_map) ? Object.values(index.weight_map) : [];
  return map.every((shard) => typeof shard !== 'string' || shard.endsWith('.safetensors'));
}

/** The tensors of every shard that the index names, shard by shard. `read` knows the format of a file. */
export async function* readShards(
  source: ByteSource,
  options: ReadOptions,
  index: Json,
  read: Reader,
): AsyncGenerator<NamedTensor> {
  const file = source.name;
  const map = index.weight_map;
  if (!isObject(map)) throw new FormatError(file, "expected an object in the field 'weight_map'.");
  const shards = new Map<string, Set<string>>();
  const fail = (name: string, detail: string) =>
    attempt(name, file, options, () => {
      throw new FormatError(file, detail);
    });
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string') await fail(name, `expected a file name at weight_map[${quote(name)}].`);
    else shards.set(shard, (shards.get(shard) ?? new Set()).add(name));
  }
  let before = 0;
  for (const [shard, names] of shards) {
    const from = await attempt(shard, file, options, () => source.sibling(shard));
    if (from === undefined) continue;
    const missing = new Set(names);
    let asked = false;
    const inner: ShardOptions = {
      ...options,
      stored(name) {
        asked = true;
        missing.delete(name);
        return names.has(name);
      },
      filter(name, info) {
        missing.delete(name);
        return (asked || names.has(name)) && options.filter?.(name, info) !== false;
      },
      onError:
        options.onError &&
        ((name, error) => {
          missing.delete(name);
          options.onError?.(name, error);
        }),
      onProgress: (bytes, total) => options.onProgress?.(before + bytes, before + total),
    };
    try {
      const tensors = await attempt(shard, file, options, () => read(from, inner));
      if (tensors === undefined) continue;
      yield* tensors;
      for (const name of missing)
        await fail(name, `tensor ${quote(name)} is not in ${quote(shard)}, where weight_map has it.`);
    } finally {
      await from.close();
      before += from.size;
    }
  }
}
