// The weights of a file of named tensors (safetensors, PyTorch): what is packed is put together with its parts, what is
// an adapter is one weight a pair, and the rest is what it is.
import { admit } from '../admit.js';
import { attempt, FormatError, oneLine, quote } from '../errors.js';
import type { ByteSource } from '../source/source.js';
import type { Entry, Stored, Weight } from '../stored.js';
import type { NamedTensor, ReadOptions } from '../types.js';
import { lora } from './lora.js';
import { bitsandbytes, compressed, gptq, mlx, mxfp4, nvfp4 } from './packed.js';
import { reparametrised } from './reparametrised.js';
import { scaled } from './scaled.js';
import { readSettings, type Settings } from './settings.js';
import { isNarrow, isPart, orphan, unknown } from './unknown.js';
import type { Context, Match, Rule } from './weight.js';

const RULES: readonly Rule[] = [
  lora,
  bitsandbytes,
  gptq,
  mxfp4,
  nvfp4,
  mlx,
  compressed,
  scaled,
  reparametrised,
];
/** Names for which a config beside may tell something. */
const TELLING = /\.(qweight|scales|SCB|weight_packed)$|weight_scale_inv$|lora_/;
const isDimension = (d: unknown) => Number.isSafeInteger(d) && (d as number) >= 0;
const NONE: Settings = { gptqLess: 1, layers: new Map() };

/** The tensors of a model. */
export interface Model<E extends Entry = Entry> {
  /** The file, or the index of the files. */
  source: ByteSource;
  entries: readonly E[];
  /** Tensors of other files, which may be parts of weights here. */
  beside?: readonly Entry[];
  /** Whether some other file of the model could not be looked at. */
  incomplete?: boolean;
}

/** A weight of the file, and the tensors that it was made of. */
export interface Listed<E> {
  weight: Weight;
  entry: E;
}

/** Whether tensors may be packed, with parts in another file, or be such parts. */
export function mayLackParts(entries: readonly Stored[]): boolean {
  return entries.some((entry) => isNarrow(entry) || isPart(entry));
}

/** The weights in the order of the tensors that hold their elements. */
export async function listWeights<E extends Entry>(model: Model<E>): Promise<Iterable<Listed<E>>> {
  const { source, entries, beside = [], incomplete = false } = model;
  const telling = entries.some((e) => TELLING.test(e.name) || isNarrow(e));
  const settings = telling ? await readSettings(source) : NONE;
  const all: Stored[] =
    beside.length === 0 ? (entries as readonly Stored[] as Stored[]) : [...entries, ...beside];
  const context = contextOf(source.name, settings, all, incomplete);
  const made = new Map<Stored, Weight[]>();
  const taken = new Set<Stored>();
  for (const rules of [RULES, [unknown], [orphan]]) {
    for (const entry of all) {
      if (
        taken.has(entry) ||
        entry.complete ||
        entry.problem !== undefined ||
        !entry.shape.every(isDimension)
      )
        continue;
      for (const rule of rules) {
        const match = await apply(rule, entry, context);
        if (match === undefined) continue;
        made.set(entry, match.weights);
        for (const part of match.parts) if (part !== undefined) taken.add(part);
        taken.add(entry);
        context.packed.add(entry.dtype);
        break;
      }
    }
  }
  return inOrder();

  function* inOrder(): Generator<Listed<E>> {
    for (const entry of entries) {
      const weights = made.get(entry);
      if (weights !== undefined) for (const weight of weights) yield { weight, entry };
      else if (!taken.has(entry)) yield { weight: entry.plain(), entry };
    }
  }
}

/** The weights of what is listed. */
export async function* readEntries(
  model: Model,
  options: ReadOptions,
  total: number,
): AsyncGenerator<NamedTensor> {
  let done = 0;
  let last: Entry | undefined;
  for (const { weight, entry } of await listWeights(model)) {
    const tensor = await readWeight(entry.file, weight, options);
    if (entry !== last) done += Math.max(0, entry.byteLength);
    last = entry;
    options.onProgress?.(Math.min(done, total), total);
    if (tensor !== undefined) yield tensor;
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
    if (!(await admit(file, options, name, info))) return undefined;
    // A shape of nothing may have a billion rows, which no decoder need look at.
    const nothing = storage !== undefined && factors === undefined && shape.includes(0);
    return nothing ? { ...known, data: new Float32Array(0), noise: 0 } : { ...known, ...(await read()) };
  });
}

function contextOf(
  file: string,
  settings: Settings,
  entries: readonly Stored[],
  incomplete: boolean,
): Context {
  const all = new Map(entries.map((entry) => [entry.name, entry]));
  let sorted: string[] | undefined;
  const found = new Map<string, readonly Stored[]>();
  return {
    file,
    settings,
    incomplete,
    packed: new Set(),
    get: (name) => all.get(name),
    once(key, find) {
      const known = found.get(key) ?? find();
      found.set(key, known);
      return known;
    },
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
