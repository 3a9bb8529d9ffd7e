// Low-rank adapters: pairs of factors, as one weight each, scale x left x right, which is not formed.
// Names: PEFT and diffusers  X.lora_A.weight, X.lora_B.weight (an adapter's name may stand before .weight),
// X.lora_embedding_A / _B
//        AdaLoRA             X.lora_A, X.lora_B and X.lora_E [r, 1], whose rows multiply those of lora_A
//        kohya               X.lora_down.weight, X.lora_up.weight, X.alpha, for convolutions X.lora_mid.weight
//        diffusers, before   X_lora.down.weight, X.lora.down.weight, X.lora_linear_layer.down.weight with .up;
//                            XLabs' X_lora1.down.weight and X_lora2
// Scale: alpha / r, rsLoRA's alpha / sqrt(r); alpha from X.alpha or adapter_config.json. Convolutions: down [r, I, kh,
// kw] and up [O, r, 1, 1]; with a middle [p, r, kh, kw], right = middle x down. DoRA's magnitudes are noted, not
// applied: they scale the rows of the sum with the weight, which is not here. A part that is not known here makes
// another product, and so do factors of more experts than one (PEFT's target_parameters): they are named.
// Source: PEFT's LoraLayer, SVDLinear and ParamWrapper, kohya-ss/sd-scripts' networks/lora.py, LyCORIS.
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
  /** AdaLoRA's factors of the rows of down. */
  diagonal?: string;
  /** PEFT's names lead to the weight that is adapted; kohya's do not. */
  weight: string;
  peft: boolean;
}

const PATTERNS: [pattern: RegExp, names: (m: RegExpExecArray) => Names][] = [
  [
    /^(.*)\.lora_(embedding_)?[AB](\.(?!bias$)[^.]+)??(\.weight)?$/,
    ([, base, embedding = '', adapter = '', end = '']) => ({
      base,
      down: `${base}.lora_${embedding}A${adapter}${end}`,
      up: `${base}.lora_${embedding}B${adapter}${end}`,
      diagonal: `${base}.lora_E${adapter}${end}`,
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
    /^(.*?)(_lora\d?|\.lora|\.lora_linear_layer)\.(?:down|up)\.weight$/,
    ([, base, kind]) => ({
      base: `${base}${kind}`,
      down: `${base}${kind}.down.weight`,
      up: `${base}${kind}.up.weight`,
      weight: /\d$/.test(kind) ? `${base}${kind}` : `${base}.weight`,
      peft: false,
    }),
  ],
];

export function lora(entry: Stored, context: Context): Match | undefined {
  const other = otherAdapter(entry, context);
  if (other !== undefined) return other;
  for (const [pattern, toNames] of PATTERNS) {
    const match = pattern.exec(entry.name);
    if (match !== null) return pair(entry, toNames(match), context);
  }
  return undefined;
}

/** Parts of an adapter that are read, or noted. */
const KNOWN = /\.lora_((embedding_)?[ABE]|down|up|mid|magnitude_vector)(\.|$)/;

/** The tensors of an adapter of one weight. */
interface Parts {
  down?: Stored;
  up?: Stored;
  mid?: Stored;
  alpha?: Stored;
  diagonal?: Stored;
  /** DoRA's. */
  magnitude: readonly Stored[];
  /** What else there is. */
  more: readonly Stored[];
}

function partsOf({ base, down, up, diagonal }: Names, context: Context): Parts {
  const get = (name: string | undefined) => (name === undefined ? undefined : context.get(name));
  const dora = get(`${base}.dora_scale`);
  return {
    ...{ down: get(down), up: get(up), diagonal: get(diagonal) },
    ...{ mid: get(`${base}.lora_mid.weight`), alpha: get(`${base}.alpha`) },
    magnitude: [...(dora ? [dora] : []), ...context.under(`${base}.lora_magnitude_vector`)],
    more: context.under(`${base}.lora_`).filter((s) => !KNOWN.test(s.name.slice(base.length))),
  };
}

function pair(entry: Stored, names: Names, context: Context): Match | undefined {
  const { base, weight: name } = names;
  const given = partsOf(names, context);
  const { down, up, mid, alpha, diagonal, magnitude, more } = given;
  const parts = [down, up, mid, alpha, diagonal, ...magnitude, ...more];
  if (entry !== down && !(entry === up && down === undefined)) {
    return entry === mid && down === undefined
      ? notDecoded(name, entry, 'lora_mid without its factors', [])
      : undefined;
  }
  if (down === undefined || up === undefined) {
    const lost = (down ? names.up : names.down).slice(base.length + 1);
    return notDecoded(name, entry, `an adapter without its ${lost}`, parts);
  }
  if (more.length > 0) {
    const part = more[0].name.slice(base.length);
    return notDecoded(name, entry, `packed (an adapter with ${quote(part)} beside its factors)`, parts);
  }
  const shape = productShape(down, up, mid);
  if (shape === undefined || (diagonal && product(diagonal.shape) !== down.shape[0])) {
    const problem = misfit([up, mid, diagonal, down], 'up x down');
    return { weights: [{ name, dtype: down.dtype, shape: down.shape, problem }], parts };
  }
  const { adapter } = context.settings;
  if (names.peft && adapter?.pooled)
    return notDecoded(name, entry, 'packed as QALoRA (of pooled inputs)', parts);
  if (names.peft && adapter?.stacks && down.shape[0] !== rankOf(adapter, name)) {
    return notDecoded(name, entry, 'packed (factors of several experts, target_parameters)', parts);
  }
  return { weights: [toWeight(names, { ...given, down, up }, shape, context)], parts };
}

function toWeight(
  { weight: name, peft }: Names,
  { down, up, mid, alpha, diagonal, magnitude }: Parts & { down: Stored; up: Stored },
  shape: number[],
  { file, settings }: Context,
): Weight {
  const adapter = peft ? settings.adapter : undefined;
  const notes: string[] = [];
  if (peft && adapter === undefined && alpha === undefined) notes.push('lora_alpha unknown, taken as r');
  if (magnitude.length > 0) notes.push("DoRA's magnitude is not applied");
  if (diagonal !== undefined) notes.push("AdaLoRA's rank for the scale taken as r");
  const module = adapter && moduleOf(name);
  const told = (adapter && alpha === undefined && adapter.alphas.first(module!)) || {};
  if (told.unread !== undefined) {
    notes.push(`alpha_pattern ${quote(told.unread)} is not read, lora_alpha may be another`);
  }
  const note = notes.length > 0 && { note: notes.join('; ') };
  const scale = async (r: number) =>
    alpha ? (await numbers(file, alpha))[0] / r : adapter ? scaleOf(adapter, told.value, r) : 1;
  const read: Weight['read'] = async () => {
    const factors = await readFactors(file, down, up, mid, await scale(down.shape[0]));
    const whole = diagonal === undefined ? factors : scaleRows(factors, await numbers(file, diagonal));
    return { data: new Float32Array(0), factors: whole, ...note };
  };
  const known = { name, dtype: down.dtype, shape, storage: 'lora', factors: down.shape[0], read };
  return diagonal === undefined ? { ...known, adapter: { down, up, mid, module, scale, ...note } } : known;
}

const moduleOf = (name: string) => name.replace(/\.weight$/, '');

/** The rank that the config gives a module's factors. */
function rankOf({ rank, ranks }: AdapterSettings, name: string): number | undefined {
  return ranks.first(moduleOf(name)).value ?? rank;
}

function scaleRows(factors: Factors, by: ArrayLike<number>): Factors {
  const columns = factors.right.length / factors.rank;
  const right = factors.right.map((x, k) => x * by[Math.floor(k / columns)]);
  return { ...factors, right };
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

/** Adapters that are no product of two factors: how their parts are called. */
const OTHERS: readonly (readonly [kind: string, parts: string])[] = [
  ['LoHa', 'hada_[wt]\\d(_[ab])?'],
  ['LoKr', 'lokr_\\w+'],
  ['OFT', 'oft_(blocks|diag|[rRs])'],
  ['BOFT', 'boft_[Rs]'],
  ['IA3', 'ia3_l'],
  ['VeRA', 'vera_([AB]|lambda_[bd])'],
  ['RandLora', 'randlora_([AB]|lambda|gamma)'],
  ['FourierFT', 'fourierft_spectrum'],
  ['HRA', 'hra_u'],
  ['VB-LoRA', 'vblora_\\w+'],
  ['Bone', 'bone_block'],
  ['MiSS', 'miss_block'],
];
const OTHER = new RegExp(
  `^(.*)\\.(?:${OTHERS.map(([, parts]) => `(${parts.replace('(', '(?:')})`).join('|')})(?:\\.[^.]+)?(?:\\.weight)?$`,
);

function otherAdapter(entry: Stored, context: Context): Match | undefined {
  const match = OTHER.exec(entry.name);
  if (match === null) return undefined;
  const [, base, ...found] = match;
  const at = found.findIndex((part) => part !== undefined);
  const parts = [
    ...context.under(`${base}.${found[at].slice(0, found[at].indexOf('_') + 1)}`),
    context.get(`${base}.alpha`),
    context.get(`${base}.dora_scale`),
  ];
  const why = `packed as ${OTHERS[at][0]} (${entry.name.slice(base.length + 1)}, ...)`;
  return notDecoded(base, entry, why, parts);
}
