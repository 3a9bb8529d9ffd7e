// Cuts the low-rank adapters of a .safetensors file: each product up x down to a rank, or to a share of its energy, by
// the best factors (Eckart & Young 1936), which productFactors finds without forming the product.
//
// A loader multiplies factors of rank r with a scale that depends on r: alpha / r, rsLoRA's alpha / sqrt(r),
// or 1 where there is no alpha.
// Alphas stay as they are. The new factors of rank k are multiplied with scale(r) / scale(k) instead, so that what the
// loader computes is the old product's best approximation. PEFT takes r from adapter_config.json, not from the shapes:
// its r and rank_pattern are replaced.
//
// Names, types and metadata stay; what is no pair, or is not made smaller, stays byte for byte.
// Everything is held in memory.
import { FormatError, quote } from '../formats/errors.js';
import { isObject, type Json } from '../formats/json.js';
import { openSafetensors, type SafetensorsEntry } from '../formats/safetensors/listing.js';
import type { SafetensorsTensor } from '../formats/safetensors/write.js';
import type { ByteSource } from '../formats/source/source.js';
import { type AdapterPair, numbers, toNumbers, type Weight } from '../formats/stored.js';
import { listWeights } from '../formats/weights/index.js';
import { readBeside } from '../formats/weights/settings.js';
import { multiplyTransposed, transpose } from '../matrix/multiply.js';
import { productFactors } from '../matrix/product.js';
import { dot } from '../matrix/vectors.js';
import { toBfloat16, toFloat16 } from '../shared/half.js';
import { product } from '../shared/shape.js';

/** The share of the squared Frobenius norm to keep, or the rank. */
export type Limit = { energy: number } | { rank: number };

export interface ResizedRow {
  name: string;
  /** The rank of the factors before and after. */
  from: number;
  to: number;
  /** ||new - old||_F / ||old||_F of the products, rounding to the stored type included. */
  error: number;
  /** In the factors, before. */
  numbers: number;
  /** Numbers that are no longer needed. */
  saves: number;
  /** Why it is left as it is, or what was assumed. */
  note?: string;
}

export interface Resized {
  rows: ResizedRow[];
  tensors: SafetensorsTensor[];
  metadata: Json;
  /** Of a PEFT adapter: adapter_config.json for the new ranks. */
  config?: Json;
}

/** In the metadata of what is written. */
export const RESIZED = 'matrix_rank_resize';
/** What the header of a .safetensors file begins with, after its length in 8 bytes. */
const BRACE = 0x7b;
/** diffusers keeps r and alpha there, too. */
const ELSEWHERE = 'lora_adapter_metadata';

export async function resizeAdapters(source: ByteSource, limit: Limit): Promise<Resized> {
  const head = await source.read(0, Math.min(9, source.size));
  if (head[8] !== BRACE) {
    throw new FormatError(
      source.name,
      'is no .safetensors file, the only kind of adapter that --resize reads.',
    );
  }
  const { stored, metadata = {} } = await openSafetensors(source);
  const broken = stored.find((entry) => entry.problem !== undefined);
  if (broken) throw new FormatError(source.name, `tensor ${quote(broken.name)} ${broken.problem}.`);
  if (Object.hasOwn(metadata, ELSEWHERE)) {
    throw new FormatError(source.name, `its metadata has ${ELSEWHERE}, whose ranks are not rewritten.`);
  }
  const replaced = new Map<unknown, SafetensorsTensor>();
  const rows: ResizedRow[] = [];
  const ranks: [module: string, rank: number][] = [];
  for (const { weight } of await listWeights({ source, entries: stored })) {
    const { name, problem, packed, adapter } = weight;
    if (problem !== undefined) throw new FormatError(source.name, `tensor ${quote(name)} ${problem}.`);
    if (packed !== undefined)
      rows.push({ name, from: 0, to: 0, error: 0, numbers: 0, saves: 0, note: `${packed}: as it was` });
    if (adapter === undefined) continue;
    const { row, tensors } = await resizePair(source.name, weight, adapter, limit);
    rows.push(row);
    if (adapter.module !== undefined) ranks.push([adapter.module, row.to]);
    if (tensors) replaced.set(adapter.up, tensors[0]).set(adapter.down, tensors[1]);
  }
  if (!rows.some((row) => row.from > 0)) {
    throw new FormatError(
      source.name,
      'holds no pair of factors, lora_A and lora_B or lora_down and lora_up.',
    );
  }
  const tensors: SafetensorsTensor[] = [];
  for (const entry of stored)
    tensors.push(replaced.get(entry) ?? { ...headOf(entry), data: await entry.raw() });
  const said = 'energy' in limit ? `energy ${limit.energy}` : `rank ${limit.rank}`;
  const { [RESIZED]: _, ...rest } = metadata;
  const config =
    ranks.length > 0 ? withRanks(await readBeside(source, 'adapter_config.json'), ranks) : undefined;
  return { rows, tensors, metadata: { [RESIZED]: said, ...rest }, ...(config && { config }) };
}

const headOf = ({ name, type, shape }: SafetensorsEntry) => ({ name, type, shape });

/** New factors, up first; none where the pair is not made smaller. */
async function resizePair(
  file: string,
  { name }: Weight,
  pair: AdapterPair,
  limit: Limit,
): Promise<{ row: ResizedRow; tensors?: [SafetensorsTensor, SafetensorsTensor] }> {
  const [up, down] = [pair.up as SafetensorsEntry, pair.down as SafetensorsEntry];
  const r = down.shape[0];
  const row: ResizedRow = {
    name,
    from: r,
    to: r,
    error: 0,
    numbers: product(up.shape) + product(down.shape),
    saves: 0,
    ...(pair.note && { note: pair.note }),
  };
  const why = pair.mid ? 'has a lora_mid' : [up, down].find((e) => !Object.hasOwn(CODES, e.dtype))?.dtype;
  if (why !== undefined) return { row: { ...row, note: `${why}: as it was` } };
  if ('rank' in limit && limit.rank >= r) return { row };
  const left = { data: await numbers(file, up), shape: [up.shape[0], r] };
  const right = { data: await numbers(file, down), shape: [r, product(down.shape.slice(1))] };
  const kept = productFactors(left, right, limit);
  // A rank is the same for all, zeros beyond what the product has; and no loader takes rank 0.
  const k = 'rank' in limit ? limit.rank : Math.max(1, kept.rank);
  if (k >= r) return { row };
  const [before, after] = [await pair.scale(r), await pair.scale(k)];
  const ratio = after === 0 ? 1 : before / after;
  const [m, n] = [left.shape[0], right.shape[1]];
  const root = Math.sqrt(ratio);
  const l = widen(kept.left, m, kept.rank, k).map((x) => x * root);
  const t = widen(kept.right, 1, kept.right.length, k * n).map((x) => x * root);
  const [b, a] = [toStored(file, up, l), toStored(file, down, t)];
  row.to = k;
  row.error = relativeError([l, t], [b.values, a.values], kept.residual * ratio, k);
  row.saves = (r - k) * (m + n);
  return {
    row,
    tensors: [
      { ...headOf(up), shape: [m, k, ...up.shape.slice(2)], data: b.data },
      { ...headOf(down), shape: [k, ...down.shape.slice(1)], data: a.data },
    ],
  };
}

/** Columns of zeros added. */
function widen(data: Float64Array, rows: number, from: number, to: number): Float64Array {
  const out = new Float64Array(rows * to);
  for (let i = 0; i < rows; i++) out.set(data.subarray(i * from, (i + 1) * from), i * to);
  return out;
}

type Pair = [left: Float64Array, right: Float64Array];

/**
 * What is cut off and what rounding L R to l r adds, over the norm of the whole. The columns of L and the rows of R are
 * orthogonal, to each other and to what is cut off, so that squares add up (rounding's part in
 * what is cut off is of second order).
 */
function relativeError([left, right]: Pair, [l, r]: Pair, residual: number, k: number): number {
  const [m, n] = [left.length / k, right.length / k];
  // L R - l r = (L - l) R + l (R - r), a product of inner dimension 2 k: its norm from the two Gram matrices.
  const across = transpose(left, m, k);
  const rounded = transpose(l, m, k);
  const u = stacked(
    across.map((x, i) => x - rounded[i]),
    rounded,
  );
  const v = stacked(
    right,
    right.map((x, i) => x - r[i]),
  );
  const [first, second] = [
    multiplyTransposed(u, u, 2 * k, 2 * k, m),
    multiplyTransposed(v, v, 2 * k, 2 * k, n),
  ];
  const square = first.reduce((sum, x, i) => sum + x * second[i], 0);
  let whole = residual ** 2;
  for (let j = 0; j < k; j++) whole += dot(across, j * m, across, j * m, m) * second[j * 2 * k + j];
  return whole === 0 ? 0 : Math.sqrt((residual ** 2 + Math.max(0, square)) / whole);
}

/** One below the other. */
function stacked(above: Float64Array, below: Float64Array): Float64Array {
  const out = new Float64Array(above.length + below.length);
  out.set(above);
  out.set(below, above.length);
  return out;
}

type Bits = Float64Array | Float32Array | Uint16Array;
const CODES: Record<string, (x: Float64Array) => Bits> = {
  float64: (x) => x,
  float32: (x) => Float32Array.from(x),
  float16: (x) => codesOf(x, toFloat16),
  bfloat16: (x) => codesOf(x, toBfloat16),
};

function codesOf(x: Float64Array, code: (x: number) => number): Uint16Array {
  const out = new Uint16Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = code(x[i]);
  return out;
}

/** The bytes of a tensor's type, and the numbers that they stand for. */
function toStored(file: string, { name, dtype }: SafetensorsEntry, x: Float64Array) {
  const bits = CODES[dtype](x);
  const values = Float64Array.from(toNumbers(bits, dtype));
  if (!values.every(Number.isFinite)) {
    throw new FormatError(file, `the new ${quote(name)} has numbers that ${dtype} has no room for.`);
  }
  return { data: new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength), values };
}

/**
 * adapter_config.json with new ranks. PEFT takes the first pattern that a module's name ends with: whole names do, and
 * the longer ones go first, so that none is found by a name that it ends with.
 */
function withRanks(config: Json, ranks: readonly [string, number][]): Json {
  const r = ranks.reduce((most, [, rank]) => Math.max(most, rank), 1);
  const sorted = [...ranks].sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1));
  const pattern = ranks.every(([, rank]) => rank === r) ? {} : Object.fromEntries(sorted);
  return { ...config, r, rank_pattern: pattern };
}

/** Whether a file holds nothing but what this would write of the same adapter: another r, other ranks. */
export function isSameConfig(text: string, config: Json): boolean {
  const bare = ({ r, rank_pattern, ...rest }: Json) => JSON.stringify(rest);
  try {
    const other: unknown = JSON.parse(text);
    return isObject(other) && bare(other) === bare(config);
  } catch {
    return false;
  }
}
