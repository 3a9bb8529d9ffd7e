// What looks packed and is not known: bytes are no weight, and no rank is given of them.
import type { Stored } from '../stored.js';
import { type Context, type Match, notDecoded, stem } from './weight.js';

const NARROW = /^(u?int(4|8|16|32)|float[468]_\w+|f[468]_\w+)$/;
/** Types that no weight has unless it is packed, or scaled by something. */
const EIGHT = /^(u?int[48]|float[468]_\w+)$/;
const WIDE_NAMES = /(qidxs|codes|w_q|q_?weight|packed|dense_weights|trellis|qdata)$/i;
/** Indices and masks that lie beside scales of their own: Swin's relative_position_index beside logit_scale. */
const INDICES = /(^|[._/])(\w*(ids?|index|idx|mask|shape|size|tokens?)|position\w*|num_batches_tracked)$/i;
/** What the parts of a packed weight are called. */
const PARTS = endingIn(
  ...[
    '\\w*scales?(_\\w+)?',
    '\\w*scaling_factors?',
    '\\w*zeros?',
    '\\w*zero_?points?',
    '\\w*absmax',
    '\\w*offsets?',
    'SCB',
    's',
  ],
  ...[
    '\\w*codebooks?',
    '\\w*centroids',
    'code',
    't?luts?',
    'tables2?',
    'quant_\\w+',
    'quant_state\\..*',
    'q_\\w+',
  ],
  ...['SU', 'SV', 'suh', 'svh', 'g_idx', 'nbits', 'meta', 'shift', 'row_offsets'],
);
/** The same of tensors that are called so and nothing else, in files whose names have no modules. */
const BARE = /^(\w*scales?|zeros?|zero_?points?|absmax|SCB|g_idx|codebooks?)$/i;
/** Those that are never anything else. */
const ONLY_PARTS =
  /(^|[._/:])(weight_scales?(_inv|_2)?|weight_zero_point|weight_global_scale|qzeros|g_idx|absmax|SCB|\w+_scale_inv)$/;
/** Scales of activations. */
const NO_PARTS = endingIn(
  '(input|output|act|activation|logit|layer|[qkv](_proj)?)_?(global_)?(scale|scaling_factor)(_ub)?',
  'scale_input',
);

/** Names whose last part is one of these. */
function endingIn(...names: readonly string[]): RegExp {
  return new RegExp(`(^|[._/:])(${names.join('|')})$`, 'i');
}

const lastOf = (name: string) => name.slice(cutOf(name) + 1);
/** Where the last part of a name begins, less one. */
const cutOf = (name: string) => Math.max(name.lastIndexOf('.'), name.lastIndexOf('/'));

/** Whether a tensor has the type of codes. */
export const isNarrow = ({ name, dtype, shape }: Stored) =>
  NARROW.test(dtype) && shape.length > 0 && !INDICES.test(lastOf(name));

/** Whether it looks like a part of a weight, and like a matrix. */
export const isPart = ({ name, shape }: Stored) => shape.length > 1 && ONLY_PARTS.test(name);

/** Whether a name is one that parts of packed weights have. */
export const isPartName = (name: string) => PARTS.test(name) || ONLY_PARTS.test(name);

export function unknown(entry: Stored, context: Context): Match | undefined {
  const { name, dtype, shape } = entry;
  const last = lastOf(name);
  const sparse = stem(name, '.compressed');
  if (sparse !== undefined && context.get(`${sparse}.bitmask`) !== undefined)
    return notDecoded(sparse, entry, `packed (${dtype} beside .bitmask)`, context.under(`${sparse}.`));
  if (/^f(loat)?[46](_|$)/.test(dtype))
    return notDecoded(name, entry, `packed as ${dtype}`, partsOf(entry, context));
  const integer = NARROW.test(dtype) || (dtype === 'int64' && WIDE_NAMES.test(last));
  if (!integer || shape.length === 0 || INDICES.test(last) || (PARTS.test(last) && !WIDE_NAMES.test(last)))
    return undefined;
  const parts = partsOf(entry, context);
  if (parts.length > 0) {
    const shown = parts[0].name.slice(commonStart(name, parts[0].name));
    return notDecoded(name, entry, `packed (${dtype} beside ${shown})`, parts);
  }
  const bytes = dtype === 'uint8' || dtype === 'int8';
  if (shape.length === 2 && shape[1] === 1 && shape[0] > 1 && bytes) {
    return notDecoded(name, entry, `packed (${dtype} of shape [${shape.join(', ')}])`, []);
  }
  if (stem(name, '_blocks') !== undefined && shape.at(-1) === 16 && bytes) {
    return notDecoded(name, entry, `packed (${dtype} blocks of 16)`, []);
  }
  // No weight lacks negative numbers: these are words of MLX, codes of two a byte, codes with a zero point.
  const noWeight =
    /^(qweight|weight_packed|W_q|q_weight)$/.test(last) || /^uint(8|32) weight$/.test(`${dtype} ${last}`);
  return noWeight ? notDecoded(name, entry, `packed (${dtype} ${last} without scales)`, []) : undefined;
}

/** Codes without scales, and scales without codes, where something says that there are some: nothing is guessed. */
export function orphan(entry: Stored, context: Context): Match | undefined {
  const { name, dtype, shape } = entry;
  const { incomplete, settings, packed } = context;
  const last = lastOf(name);
  if (shape.length < 2 || INDICES.test(last)) return undefined;
  const told = incomplete || settings.method !== undefined;
  const where = incomplete ? 'in a file that is not here' : 'not here';
  const part = isPart(entry) || (told && (PARTS.test(last) || last === 'biases') && last !== 'weight');
  if (part) return notDecoded(name, entry, `packed (part of a weight that is ${where})`, []);
  const narrow = NARROW.test(dtype);
  if (narrow && incomplete)
    return notDecoded(name, entry, `packed (${dtype}, its scales perhaps ${where})`, []);
  const { method } = settings;
  const column = shape.length === 2 && shape[1] === 1 && shape[0] > 1 && method === 'bitsandbytes';
  if (method !== undefined && (narrow || column)) {
    return notDecoded(name, entry, `packed (${dtype} without scales, where config.json says ${method})`, []);
  }
  if (!EIGHT.test(dtype)) return undefined;
  if (packed.has(dtype))
    return notDecoded(name, entry, `packed (${dtype} without scales, which others have)`, []);
  const inputs = partsOf(entry, context, true);
  if (inputs.length === 0) return undefined;
  const shown = inputs[0].name.slice(commonStart(name, inputs[0].name));
  return notDecoded(name, entry, `packed (${dtype} beside ${shown}, without a scale of its own)`, []);
}

/** The tensors beside it that scales and zero points are called like; `inputs`: those of activations. */
function partsOf(entry: Stored, context: Context, inputs = false): Stored[] {
  const name = entry.name.replace(/\._data\._data$/, '._data'); // packed codes in quanto's tensor of them
  const below = ['.', '_', ':'].flatMap((separator) => context.under(name + separator));
  const wanted = (s: Stored) => s !== entry && NO_PARTS.test(s.name) === inputs;
  const [module, beside] = besideOf(name, entry.dtype, context, inputs);
  const own = (s: Stored) => s.name.slice(module.length);
  const parts = [...new Set([...below.filter((s) => PARTS.test(own(s))), ...beside])].filter(wanted);
  if (parts.length === 0) return [];
  // Further codes of the same weight are no rows of their own either.
  const near = [...below, ...(module === '' ? [] : context.under(module).filter((s) => cutOf(own(s)) < 0))];
  return [...new Set([...parts, ...near.filter((s) => s !== entry && /^u?int/.test(s.dtype))])];
}

/**
 * What lies in the same module and is called like a part; where names have no modules: w_q and w_scale, w and scale.
 */
function besideOf(
  name: string,
  dtype: string,
  context: Context,
  inputs: boolean,
): [module: string, parts: readonly Stored[]] {
  const cut = cutOf(name);
  const bare = cut < 0;
  const module = bare ? name.slice(0, name.lastIndexOf('_') + 1) : name.slice(0, cut + 1);
  const pick = (prefix: string, pattern: RegExp) =>
    context.once(`${inputs} ${prefix} ${pattern.source}`, () =>
      context.under(prefix).filter((s) => {
        const own = s.name.slice(prefix.length).replace(/\.weight$/, '');
        return cutOf(own) < 0 && pattern.test(own) && NO_PARTS.test(s.name) === inputs;
      }),
    );
  if (!bare) return [module, pick(module, PARTS)];
  return [
    module,
    [...(module === '' ? [] : pick(module, PARTS)), ...(EIGHT.test(dtype) ? pick('', BARE) : [])],
  ];
}

/** Where the endings of two names begin, their separator included. */
function commonStart(a: string, b: string): number {
  let end = 0;
  while (end < b.length && a[end] === b[end]) end++;
  if (end === a.length) return end;
  return Math.max(0, cutOf(b.slice(0, end + 1)));
}
