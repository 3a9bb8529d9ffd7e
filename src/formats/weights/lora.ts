// Low-rank adapters: pairs of factors, as one weight each, scale x left x right, which is not formed.
// Names: PEFT and diffusers  X.lora_A.weight, X.lora_B.weight (an adapter's name may stand before .weight),
// X.lora_embedding_A / _B
//        kohya               X.lora_down.weight, X.lora_up.weight, X.alpha, for convolutions X.lora_mid.weight
//        diffusers, before   X_lora.down.weight, X.lora.down.weight, X.lora_linear_layer.down.weight with .up
// Scale: alpha / r, rsLoRA's alpha / sqrt(r); alpha from X.alpha or adapter_config.json. Convolutions: down [r, I, kh,
// kw] and up [O, r, 1, 1]; with a middle [p, r, kh, kw], right = middle x down. DoRA's magnitudes are noted, not
// applied: they scale the rows of the sum with the weight, which is not here. Source: PEFT's LoraLayer,
// kohya-ss/sd-scripts' networks/lora.py, LyCORIS.
import { product } from '../../shared/shape.js';
import { quote } from '../errors.js';
import { misfit, numbers, type Stored, type Weight } from '../stored.js';
import type { Factors } from '../types.js';
import type { AdapterSettings } from './settings.js';
import { type Context, type Match, notDecoded } from './weight.js';

interface Names {
  base: string;
  down: string;
  up: string;
  /** PEFT's names lead to the weight that is adapted; kohya's do not. */
  weight: string;
  peft: boolean;
}

const PATTERNS: [pattern: RegExp, names: (m: RegExpExecArray) => Names][] = [
  [
    /^(.*)\.lora_(embedding_)?[AB](\.[^.]+)??(\.weight)?$/,
    ([, base, embedding = '', adapter = '', end = '']) => ({
      base,
      down: `${base}.lora_${embedding}A${adapter}${end}`,
      up: `${base}.lora_${embedding}B${adapter}${end}`,
      weight: `${base.replace(/^base_model\.model\./, '')}.weight`,
      peft: true,
    }),
  ],
  [
    /^(.*)\.lora_(?:down|up|mid)\.weight$/,
    ([, base]) => ({
      base,
      down: `${base}.lora_down.weight`,
      up: `${base}.lora_up.weight`,
      weight: base,
      peft: false,
    }),
  ],
  [
    /^(.*?)(_lora|\.lora|\.lora_linear_layer)\.(?:down|up)\.weight$/,
    ([, base, kind]) => ({
      base: `${base}${kind}`,
      down: `${base}${kind}.down.weight`,
      up: `${base}${kind}.up.weight`,
      weight: `${base}.weight`,
      peft: false,
    }),
  ],
];

export function lora(entry: Stored, context: Context): Match | undefined {
  const other = lycoris(entry, context);
  if (other !== undefined) return other;
  for (const [pattern, toNames] of PATTERNS) {
    const match = pattern.exec(entry.name);
    if (match !== null) return pair(entry, toNames(match), context);
  }
  return undefined;
}

function pair(entry: Stored, names: Names, context: Context): Match | undefined {
  const { base, weight: name, peft } = names;
  const [down, up] = [context.get(names.down), context.get(names.up)];
  const [mid, alpha] = [context.get(`${base}.lora_mid.weight`), context.get(`${base}.alpha`)];
  const magnitude = [
    context.get(`${base}.dora_scale`),
    ...context.under(`${base}.lora_magnitude_vector`),
  ].filter((s) => s !== undefined);
  const parts = [down, up, mid, alpha, ...magnitude];
  if (entry !== down && !(entry === up && down === undefined)) {
    return entry === mid && down === undefined
      ? notDecoded(name, entry, 'lora_mid without its factors', [])
      : undefined;
  }
  if (down === undefined || up === undefined) {
    const lost = (down ? names.up : names.down).slice(base.length + 1);
    return notDecoded(name, entry, `an adapter without its ${lost}`, parts);
  }
  const { file, settings } = context;
  const shape = productShape(down, up, mid);
  if (shape === undefined) {
    const problem = misfit([up, mid, down], 'up x down');
    return { weights: [{ name, dtype: down.dtype, shape: down.shape, problem }], parts };
  }
  const adapter = peft ? settings.adapter : undefined;
  const notes: string[] = [];
  if (peft && adapter === undefined && alpha === undefined) notes.push('lora_alpha unknown, taken as r');
  if (magnitude.length > 0) notes.push("DoRA's magnitude is not applied");
  const module = adapter && name.replace(/\.weight$/, '');
  const told = (adapter && alpha === undefined && adapter.alphas.first(module!)) || {};
  if (told.unread !== undefined) {
    notes.push(`alpha_pattern ${quote(told.unread)} is not read, lora_alpha may be another`);
  }
  const scale = async (r: number) =>
    alpha ? (await numbers(file, alpha))[0] / r : adapter ? scaleOf(adapter, told.value, r) : 1;
  const read: Weight['read'] = async () => {
    return {
      data: new Float32Array(0),
      factors: await readFactors(file, down, up, mid, await scale(down.shape[0])),
      ...(notes.length > 0 && { note: notes.join('; ') }),
    };
  };
  const dtype = down.dtype;
  const factors = down.shape[0];
  const pair = { down, up, mid, module, scale, ...(notes.length > 0 && { note: notes.join('; ') }) };
  return { weights: [{ name, dtype, shape, storage: 'lora', factors, adapter: pair, read }], parts };
}

/** The shape of the weight that is adapted; undefined where the factors do not fit together. */
function productShape(down: Stored, up: Stored, mid: Stored | undefined): number[] | undefined {
  if (down.shape.length < 2 || up.shape.length < 2 || product(up.shape.slice(2)) !== 1) return undefined;
  const [[r, inputs], [outputs, p]] = [down.shape, up.shape];
  if (mid === undefined) return p === r ? [outputs, ...down.shape.slice(1)] : undefined;
  const fits = mid.shape.length > 2 && mid.shape[0] === p && mid.shape[1] === r;
  return fits && product(down.shape.slice(2)) === 1 ? [outputs, inputs, ...mid.shape.slice(2)] : undefined;
}

function scaleOf({ alpha, rslora }: AdapterSettings, own: number | undefined, r: number): number {
  return (own ?? alpha) / (rslora ? Math.sqrt(r) : r);
}

async function readFactors(
  file: string,
  down: Stored,
  up: Stored,
  mid: Stored | undefined,
  factor: number,
): Promise<Factors> {
  const left = Float32Array.from(await numbers(file, up), (x) => x * factor);
  const values = await numbers(file, down);
  const rank = down.shape[0];
  if (mid === undefined) return { left, right: Float32Array.from(values), rank };
  // right[p, (i, k)] = sum over q of mid[p, q, k] down[q, i]
  const [p, q] = mid.shape;
  const inputs = down.shape[1];
  const spatial = product(mid.shape.slice(2));
  const middle = await numbers(file, mid);
  const right = new Float64Array(p * inputs * spatial);
  for (let a = 0; a < p; a++) {
    for (let b = 0; b < q; b++) {
      for (let i = 0; i < inputs; i++) {
        const x = values[b * inputs + i];
        const to = (a * inputs + i) * spatial;
        const from = (a * q + b) * spatial;
        for (let k = 0; k < spatial; k++) right[to + k] += middle[from + k] * x;
      }
    }
  }
  return { left, right: Float32Array.from(right), rank: p };
}

/** LyCORIS' other products, which are no product of two factors. */
function lycoris(entry: Stored, context: Context): Match | undefined {
  const match = /^(.*)\.((hada)_[wt]\d(_[ab])?|(lokr)_\w+)$/.exec(entry.name);
  if (match === null) return undefined;
  const [, base] = match;
  const kind = match[3] ?? match[5];
  const parts = [
    ...context.under(`${base}.${kind}_`),
    context.get(`${base}.alpha`),
    context.get(`${base}.dora_scale`),
  ];
  return notDecoded(
    base,
    entry,
    `packed as ${kind === 'hada' ? 'LoHa' : 'LoKr'} (${entry.name.slice(base.length + 1)}, ...)`,
    parts,
  );
}
