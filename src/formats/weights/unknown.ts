// What looks packed and is not known: bytes are no weight, and no rank is given of them.
import type { Stored } from '../stored.js';
import { type Context, type Match, notDecoded, stem } from './weight.js';

const NARROW = /^(u?int(8|16|32)|float[468]_\w+)$/;
const WIDE_NAMES = /(qidxs|codes|w_q|qweight|packed)$/i;
/** Indices and masks that lie beside scales of their own: Swin's relative_position_index beside logit_scale. */
const INDICES = /(^|[._])(\w*(ids?|index|idx|mask|shape|size|tokens?)|position\w*|num_batches_tracked)$/i;
/** What the parts of a packed weight are called. */
const PARTS = new RegExp(
  `(^|[._])(${[
    ...[
      '\\w*scales?(_\\w+)?',
      '\\w*zeros?',
      '\\w*zero_?points?',
      '\\w*absmax',
      '\\w*codebooks?',
      'code',
      'luts?',
    ],
    ...['quant_\\w+', 'quant_state\\..*', 'SCB', 'SU', 'SV', 'g_idx', 'q_\\w+', 'nbits', 'meta', 's'],
  ].join('|')})$`,
  'i',
);
/** Scales of activations. */
const NO_PARTS =
  /(^|[._])(input|output|act|activation|logit|layer|[qkv](_proj)?)_?(global_)?scale$|scale_input$/i;

export function unknown(entry: Stored, context: Context): Match | undefined {
  const { name, dtype, shape } = entry;
  const last = name.slice(name.lastIndexOf('.') + 1);
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
  const noWeight = /^(qweight|weight_packed|W_q|q_weight)$/.test(last);
  return noWeight ? notDecoded(name, entry, `packed (${dtype} ${last} without scales)`, []) : undefined;
}

/** The tensors beside it that scales and zero points are called like. */
function partsOf(entry: Stored, context: Context): Stored[] {
  const { name } = entry;
  const dot = name.lastIndexOf('.');
  const beside =
    dot < 0 ? [] : context.under(name.slice(0, dot + 1)).filter((s) => !s.name.slice(dot + 1).includes('.'));
  const below = [...context.under(`${name}.`), ...context.under(`${name}_`)];
  const found = [...new Set([...below, ...beside])].filter((s) => s !== entry);
  const parts = found.filter((s) => PARTS.test(s.name.slice(dot + 1)) && !NO_PARTS.test(s.name));
  // Further codes of the same weight are no rows of their own either.
  return parts.length === 0
    ? []
    : [...parts, ...found.filter((s) => !parts.includes(s) && /^u?int/.test(s.dtype))];
}

/** Where the endings of two names begin, their separator included. */
function commonStart(a: string, b: string): number {
  let end = 0;
  while (end < b.length && a[end] === b[end]) end++;
  if (end === a.length) return end;
  return Math.max(0, b.lastIndexOf('.', end));
}
