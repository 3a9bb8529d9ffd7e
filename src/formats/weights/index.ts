// The weights of a file of named tensors (safetensors, PyTorch): what is packed is put together with its parts, what is
// an adapter is one weight a pair, and the rest is what it is.
import { admit } from '../admit.js';
import { attempt, FormatError, oneLine, quote } from '../errors.js';
import type { ByteSource } from '../source.js';
import type { Stored } from '../stored.js';
import type { NamedTensor, ReadOptions } from '../types.js';
import { lora } from './lora.js';
import { bitsandbytes, compressed, gptq, mlx, mxfp4, nvfp4 } from './packed.js';
import { scaled } from './scaled.js';
import { readSettings, type Settings } from './settings.js';
import { unknown } from './unknown.js';
import type { Context, Match, Rule, Weight } from './weight.js';

const RULES: readonly Rule[] = [lora, bitsandbytes, gptq, mxfp4, nvfp4, mlx, compressed, scaled];
/** Names and types for which a config beside may tell something. */
const TELLING = /\.(qweight|scales|SCB|weight_packed)$|weight_scale_inv$|lora_/;
const isDimension = (d: unknown) => Number.isSafeInteger(d) && (d as number) >= 0;
const NONE: Settings = { gptqLess: 1 };

/** A weight of the file, and the tensors that it was made of. */
export interface Listed<E> {
  weight: Weight;
  entry: E;
}

/** The weights in the order of the tensors that hold their elements. */
export async function listWeights<E extends Stored>(
  source: ByteSource,
  entries: readonly E[],
  plain: (entry: E) => Weight,
): Promise<Iterable<Listed<E>>> {
  const settings = entries.some((e) => TELLING.test(e.name)) ? await readSettings(source) : NONE;
  const context = contextOf(source.name, settings, entries);
  const made = new Map<Stored, Weight[]>();
  const taken = new Set<Stored>();
  for (const rules of [RULES, [unknown]]) {
    for (const entry of entries) {
      if (taken.has(entry) || entry.problem !== undefined || !entry.shape.every(isDimension)) continue;
      for (const rule of rules) {
        const match = await apply(rule, entry, context);
        if (match === undefined) continue;
        made.set(entry, match.weights);
        for (const part of match.parts) if (part !== undefined) taken.add(part);
        taken.add(entry);
        break;
      }
    }
  }
  return inOrder();

  function* inOrder(): Generator<Listed<E>> {
    for (const entry of entries) {
      const weights = made.get(entry);
      if (weights !== undefined) for (const weight of weights) yield { weight, entry };
      else if (!taken.has(entry)) yield { weight: plain(entry), entry };
    }
  }
}

/**
 * What a rule makes of a tensor. Parts that it has to read to tell and that cannot be read cost this weight, no other.
 */
async function apply(rule: Rule, entry: Stored, context: Context): Promise<Match | undefined> {
  try {
    return await rule(entry, context);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { name, dtype, shape } = entry;
    const reason = error.message.slice(oneLine(context.file).length + 2, -1);
    return { weights: [{ name, dtype, shape, problem: `cannot be decoded (${reason})` }], parts: [] };
  }
}

/** The tensor of a weight; undefined where it is not wanted or cannot be read. */
export async function readWeight(
  file: string,
  weight: Weight,
  options: ReadOptions,
): Promise<NamedTensor | undefined> {
  const { name, dtype, shape, storage, factors, packed, problem, read } = weight;
  return attempt(name, file, options, async () => {
    if (problem !== undefined) throw new FormatError(file, `tensor ${quote(name)} ${problem}.`);
    const info = { shape, dtype, ...(storage && { storage }), ...(factors && { factors }) };
    const known = { name, shape: [...shape], dtype, ...(storage && { storage }) };
    if (packed !== undefined || read === undefined) {
      if (options.filter?.(name, info) === false) return undefined;
      return { ...known, data: new Uint8Array(0), packed: `${packed}, not analysed` };
    }
    return (await admit(file, options, name, info)) ? { ...known, ...(await read()) } : undefined;
  });
}

function contextOf(file: string, settings: Settings, entries: readonly Stored[]): Context {
  const all = new Map(entries.map((entry) => [entry.name, entry]));
  let sorted: string[] | undefined;
  return {
    file,
    settings,
    get: (name) => all.get(name),
    under(prefix) {
      sorted ??= [...all.keys()].sort();
      let [low, high] = [0, sorted.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sorted[middle] < prefix) low = middle + 1;
        else high = middle;
      }
      const found: Stored[] = [];
      for (let i = low; i < sorted.length && sorted[i].startsWith(prefix); i++)
        found.push(all.get(sorted[i])!);
      return found;
    },
  };
}
