// From the tensors of a file to the weights of the model: rules that know how packed,
// scaled and factored weights are named.
import type { Stored, Weight } from '../stored.js';
import type { Settings } from './settings.js';

/** What a rule makes of a tensor: weights, and the tensors that are parts of them. */
export interface Match {
  weights: Weight[];
  parts: readonly (Stored | undefined)[];
}

export interface Context {
  file: string;
  settings: Settings;
  /** Whether some other file of the model could not be looked at. */
  incomplete: boolean;
  /** The types of the tensors that turned out to be packed. */
  packed: Set<string>;
  get(name: string): Stored | undefined;
  /** The names that begin so. */
  under(prefix: string): Stored[];
  /** What was found under this key before, or is found now. */
  once(key: string, find: () => readonly Stored[]): readonly Stored[];
}

export type Rule = (entry: Stored, context: Context) => Match | undefined | Promise<Match | undefined>;

/** The name without an ending; undefined where it ends in another way. */
export function stem(name: string, ending: string): string | undefined {
  return name.endsWith(ending) ? name.slice(0, -ending.length) : undefined;
}

/** ComfyUI's note beside a weight: scales of blocks lie in the order of its kernels, which their shape may hide. */
export function comfyNote(name: string, context: Context): Stored | undefined {
  const base = stem(name, 'weight');
  return base === undefined ? undefined : context.get(`${base}comfy_quant`);
}

/** One weight that is not decoded, and why. */
export function notDecoded(
  name: string,
  entry: Stored,
  why: string,
  parts: readonly (Stored | undefined)[],
): Match {
  return {
    weights: [{ name, dtype: entry.dtype, shape: entry.shape, packed: why }],
    parts: [entry, ...parts],
  };
}

/** More matrices than any stack has: a shape may claim a hundred million of them, of nothing each. */
const MAX_STACK = 1 << 16;

/** A stack [E, ...] as E weights `name[e]`, a single matrix (count undefined) as one. */
export function eachOf(
  count: number | undefined,
  name: string,
  make: (index: number) => Omit<Weight, 'name'>,
): Weight[] {
  if (count === undefined) return [{ name, ...make(0) }];
  if (count > MAX_STACK) return [{ name, ...make(0), problem: `is a stack of ${count} matrices` }];
  return Array.from({ length: count }, (_, index) => ({ name: `${name}[${index}]`, ...make(index) }));
}
