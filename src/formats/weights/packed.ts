// Weights whose codes are packed into bytes and words, by the names of their parts: GPTQ, AWQ, bitsandbytes, MXFP4,
// NVFP4, MLX, compressed-tensors. decode/ says how each lies in memory.
import { product } from '../../shared/shape.js';
import { decodeFourBit, readQuantState } from '../decode/bitsandbytes.js';
import { decodePacked } from '../decode/compressed.js';
import { decodeAwq, decodeGptq } from '../decode/gptq.js';
import { decodeMxfp4, decodeNvfp4 } from '../decode/microscaling.js';
import { decodeMlx, mlxKind } from '../decode/mlx.js';
import { FormatError, quote } from '../errors.js';
import { misfit, numbers, type Stored } from '../stored.js';
import { type Context, comfyNote, eachOf, type Match, notDecoded, stem } from './weight.js';

const isWord = (dtype: string) => dtype === 'int32' || dtype === 'uint32';
const words = async (stored: Stored) => (await stored.words()) as Int32Array;

export function gptq(entry: Stored, context: Context): Match | undefined {
  const base = stem(entry.name, '.qweight');
  if (base === undefined || !isWord(entry.dtype) || entry.shape.length !== 2) return undefined;
  const [scales, qzeros, order] = ['scales', 'qzeros', 'g_idx'].map((part) => context.get(`${base}.${part}`));
  const parts = [scales, qzeros, order];
  const name = `${base}.weight`;
  if (scales === undefined)
    return notDecoded(name, entry, `packed (${entry.dtype} qweight without .scales)`, parts);
  const fail = (why: string): Match => ({
    weights: [
      {
        name,
        dtype: entry.dtype,
        shape: entry.shape,
        problem: misfit([entry, ...parts], why),
      },
    ],
    parts: [entry, ...parts],
  });
  const { file, settings } = context;
  const [lines, columns] = entry.shape;
  const [groups, outputs] = scales.shape;
  if (scales.shape.length !== 2 || groups === 0 || outputs === 0) return fail('scales are [groups, outputs]');
  const awq = columns * 8 === outputs;
  if (!awq && columns !== outputs)
    return fail('qweight has neither a column nor an eighth of one for each output');
  // AWQ's GEMV kernels keep [outputs, words of inputs], which only a small layer can be taken for GPTQ's.
  const gemv = settings.method === 'awq' || (groups === lines && !order && settings.method === undefined);
  if (!awq && gemv)
    return notDecoded(name, entry, "packed (qweight in GPTQ's order or AWQ's for GEMV)", parts);
  const bits = awq ? 4 : qzeros ? (qzeros.shape[1] * 32) / outputs : (settings.bits ?? 4);
  if (![2, 3, 4, 8].includes(bits)) return fail(`codes of ${bits} bits`);
  const inputs = awq ? lines : (lines * 32) / bits;
  if (qzeros && (qzeros.shape[0] !== groups || qzeros.shape[1] !== (outputs * bits) / 32)) {
    return fail(`qzeros should be [${groups}, ${(outputs * bits) / 32}]`);
  }
  if (!Number.isInteger(inputs) || (order && product(order.shape) !== inputs))
    return fail(`${inputs} inputs`);
  if (groups > inputs) return fail(`${groups} groups of ${inputs} inputs`);
  const read = async () => {
    const given = {
      qweight: await words(entry),
      qzeros: qzeros && (await words(qzeros)),
      scales: await numbers(file, scales),
      order: order && (await readGroups(file, order, groups)),
      ...{ inputs, outputs, groups, bits },
    };
    return awq ? decodeAwq(given) : decodeGptq(given, settings.gptqLess);
  };
  const storage = awq ? 'awq-int4' : `gptq-int${bits}`;
  return {
    weights: [{ name, dtype: entry.dtype, shape: [outputs, inputs], storage, read }],
    parts: [entry, ...parts],
  };
}

async function readGroups(file: string, order: Stored, groups: number): Promise<ArrayLike<number>> {
  const of = await numbers(file, order);
  for (let i = 0; i < of.length; i++) {
    if (!(of[i] >= 0 && of[i] < groups)) {
      throw new FormatError(file, `${quote(order.name)} has group ${of[i]} at element ${i}, of ${groups}.`);
    }
  }
  return of;
}

export async function bitsandbytes(entry: Stored, context: Context): Promise<Match | undefined> {
  const { name, dtype } = entry;
  const state = context.under(`${name}.quant_state.bitsandbytes__`)[0];
  if (state === undefined) return undefined;
  const { file } = context;
  const [absmax, map, nestedAbsmax, nestedMap] = [
    'absmax',
    'quant_map',
    'nested_absmax',
    'nested_quant_map',
  ].map((part) => context.get(`${name}.${part}`));
  const parts = [entry, state, absmax, map, nestedAbsmax, nestedMap];
  const missing = absmax === undefined ? 'absmax' : map === undefined ? 'quant_map' : undefined;
  if (missing !== undefined) return notDecoded(name, entry, `packed (${dtype} without .${missing})`, parts);
  try {
    const known = await readQuantState(file, state);
    const read = () =>
      decodeFourBit(
        { file, name, weight: entry, absmax: absmax!, map: map!, nestedAbsmax, nestedMap },
        known,
      );
    const storage = `bitsandbytes-${known.type}${nestedAbsmax ? ' (double quantised)' : ''}`;
    return { weights: [{ name, dtype, shape: known.shape, storage, read }], parts };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return {
      weights: [
        {
          name,
          dtype,
          shape: entry.shape,
          problem: `cannot be decoded (${error.message.slice(file.length + 2, -1)})`,
        },
      ],
      parts,
    };
  }
}

/** X_blocks and X_scales. */
export function mxfp4(entry: Stored, context: Context): Match | undefined {
  const base = stem(entry.name, '_blocks');
  const { dtype, shape } = entry;
  if (base === undefined || dtype !== 'uint8' || shape.length < 3 || shape.at(-1) !== 16) return undefined;
  const scales = context.get(`${base}_scales`);
  if (scales === undefined) return notDecoded(base, entry, `packed (uint8 blocks of 16 without _scales)`, []);
  const { file } = context;
  const lead = shape.slice(0, -1);
  const parts = [entry, scales];
  if (scales.dtype !== 'uint8' || scales.shape.join() !== lead.join()) {
    const problem = misfit(parts, `scales should be uint8 [${lead.join(', ')}]`);
    return { weights: [{ name: base, dtype, shape, problem }], parts };
  }
  const [rows, groups] = lead.slice(-2);
  const count = lead.length > 2 ? product(lead.slice(0, -2)) : undefined;
  const weights = eachOf(count, base, (index) => ({
    dtype,
    shape: [rows, 32 * groups],
    storage: 'mxfp4',
    read: () => decodeMxfp4(file, entry, scales, rows, groups, index),
  }));
  return { weights, parts };
}

/**
 * Bytes of two e2m1 codes, or F4 itself, with scales for 16 (NVFP4) or 32 (MXFP4) of them. Exponents for 16 bytes tell
 * it of int8, too: DeepSeek-V4's experts (its inference/convert.py). Those of int8 numbers (MXINT8) are for 32 bytes.
 */
export function nvfp4(entry: Stored, context: Context): Match | undefined {
  const { name, dtype, shape } = entry;
  if (!/^(uint8|int8|float4_e2m1)$/.test(dtype) || (shape.length !== 2 && shape.length !== 3))
    return undefined;
  const packed = stem(name, '_packed');
  const own = packed ?? name;
  const scale = context.get(`${own}_scale`) ?? exponents(name, context);
  if (scale === undefined || scale.shape.length !== shape.length) return undefined;
  if (dtype === 'int8' && scale.dtype !== 'float8_e8m0') return undefined;
  const second = context.get(`${own}_scale_2`) ?? context.get(`${own}_global_scale`);
  const base = stem(own, '.weight') ?? own;
  const parts = [
    entry,
    scale,
    second,
    context.get(`${base}.input_scale`),
    context.get(`${base}.input_global_scale`),
  ];
  const marked = comfyNote(name, context);
  if (marked !== undefined)
    return notDecoded(own, entry, `packed (${dtype}, its scales in the order of ComfyUI's kernels)`, [
      ...parts,
      marked,
    ]);
  const [rows, last] = shape.slice(-2);
  const half = dtype === 'float4_e2m1' ? last / 2 : last;
  const count = shape.length === 3 ? shape[0] : undefined;
  const { file } = context;
  const matrix = { dtype, shape: [rows, 2 * half] };
  const fits = (group: number) => [...shape.slice(0, -1), (2 * half) / group].join() === scale.shape.join();
  if (scale.dtype === 'float8_e4m3' && second !== undefined) {
    if (!fits(16)) {
      const problem = misfit([entry, scale], `scales should be [${rows}, ${half / 8}]`);
      return { weights: [{ name: own, ...matrix, problem }], parts };
    }
    const divides = second.name.endsWith('_global_scale');
    const read = async (index: number) => {
      const units = await numbers(file, second);
      const unit = units[units.length > 1 ? index : 0];
      if (unit === undefined) {
        const why = misfit([entry, second], 'a second scale for each matrix');
        throw new FormatError(file, `tensor ${quote(own)} ${why}.`);
      }
      return decodeNvfp4(file, entry, scale, divides ? 1 / unit : unit, rows, 2 * half, index);
    };
    const make = (index: number) => ({ ...matrix, storage: 'nvfp4', read: () => read(index) });
    return { weights: eachOf(count, own, make), parts };
  }
  if ((scale.dtype === 'uint8' || scale.dtype === 'float8_e8m0') && second === undefined && fits(32)) {
    const make = (index: number) => ({
      ...matrix,
      storage: 'mxfp4',
      read: () => decodeMxfp4(file, entry, scale, rows, half / 16, index),
    });
    return { weights: eachOf(count, own, make), parts };
  }
  return undefined;
}

/** X.scale beside X.weight, of exponents (DeepSeek). */
function exponents(name: string, context: Context): Stored | undefined {
  const base = stem(name, '.weight');
  const scale = base === undefined ? undefined : context.get(`${base}.scale`);
  return scale?.dtype === 'float8_e8m0' ? scale : undefined;
}

export function mlx(entry: Stored, context: Context): Match | undefined {
  const { name, dtype, shape } = entry;
  const base = stem(name, '.weight');
  if (base === undefined || dtype !== 'uint32' || shape.length < 2) return undefined;
  const scales = context.get(`${base}.scales`);
  if (scales === undefined) return undefined;
  const biases = context.get(`${base}.biases`);
  const parts = [entry, scales, biases];
  if (scales.dtype !== 'uint8' && biases === undefined)
    return notDecoded(name, entry, 'packed (uint32 beside .scales, without .biases)', parts);
  const { file } = context;
  const settings = context.settings.layers.get(base) ?? context.settings;
  const groups = scales.shape.at(-1) ?? 0;
  const fit = scales.shape.slice(0, -1).join() === shape.slice(0, -1).join() && groups > 0;
  const kind = fit ? mlxKind(shape.at(-1)!, groups, scales.dtype !== 'uint8', settings) : undefined;
  if (kind === undefined || (biases && biases.shape.join() !== scales.shape.join())) {
    const why = kind
      ? 'biases should have the shape of the scales'
      : 'no group size has codes of 2 to 8 bits';
    const problem = misfit(parts, why);
    return { weights: [{ name, dtype, shape, problem }], parts };
  }
  const rows = shape.at(-2)!;
  const cols = groups * kind.group;
  const count = shape.length > 2 ? product(shape.slice(0, -2)) : undefined;
  const note = kind.assumed ? `groups of ${kind.group} assumed: no config.json tells` : undefined;
  const weights = eachOf(count, name, (index) => ({
    dtype,
    shape: [rows, cols],
    storage: `mlx-${kind.floats ?? `int${kind.bits}`}`,
    read: async () => ({
      ...(await decodeMlx({ file, weight: entry, scales, biases }, kind, rows, cols, index)),
      ...(note && { note }),
    }),
  }));
  return { weights, parts };
}

/** compressed-tensors' integers. */
export async function compressed(entry: Stored, context: Context): Promise<Match | undefined> {
  const { dtype, shape } = entry;
  const base = stem(entry.name, '.weight_packed');
  if (base === undefined || dtype !== 'int32' || shape.length !== 2) return undefined;
  const [scale, sizes, zero, order] = ['scale', 'shape', 'zero_point', 'g_idx'].map((part) =>
    context.get(`${base}.weight_${part}`),
  );
  const name = `${base}.weight`;
  const parts = [entry, scale, sizes, zero, order];
  const missing = scale === undefined ? 'scale' : sizes === undefined ? 'shape' : undefined;
  if (missing) {
    const marlin = [context.get(`${base}.scale_packed`), context.get(`${base}.meta`)];
    const why = `packed (int32 weight_packed without .weight_${missing})`;
    return notDecoded(name, entry, why, [...parts, ...marlin]);
  }
  const { file } = context;
  const [rows, cols] = await numbers(file, sizes!);
  const bits = [4, 8, 2].find((b) => Math.ceil(cols / (32 / b)) === shape[1]);
  const groups = scale!.shape[1] ?? 1;
  const zeroShape = bits && `${Math.ceil(rows / (32 / bits))},${groups}`;
  if (
    shape[0] !== rows ||
    bits === undefined ||
    scale!.shape[0] !== rows ||
    (zero && zero.shape.join() !== zeroShape)
  ) {
    const problem = misfit(parts, `a weight of ${rows} x ${cols}`);
    return { weights: [{ name, dtype, shape, problem }], parts };
  }
  const read = async () =>
    decodePacked({
      packed: await words(entry),
      zeros: zero && (await words(zero)),
      scales: await numbers(file, scale!),
      order: order && (await readGroups(file, order, groups)),
      ...{ rows, cols, groups, bits },
    });
  return { weights: [{ name, dtype, shape: [rows, cols], storage: `packed-int${bits}`, read }], parts };
}
