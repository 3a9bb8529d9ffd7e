// bitsandbytes' 4-bit weights: nf4 and fp4.
// Layout: X.weight uint8 [n / 2, 1], two codes a byte, the high nibble first, along the flattened weight;
// X.weight.absmax, a scale for every `blocksize` values; X.weight.quant_map, the 16 values;
// X.weight.quant_state.bitsandbytes__nf4, a JSON text with the shape. Double quantisation keeps absmax as bytes:
// absmax = nested_quant_map[byte] nested_absmax[block] + nested_offset.
// h: half of what lies between the midpoints to both neighbours in the table, times the scale. Source:
// bitsandbytes' QuantState.
import { product } from '../../shared/shape.js';
import { FormatError, quote } from '../errors.js';
import { parseObject } from '../json.js';
import { numbers, type Stored } from '../stored.js';
import { unpackNibbles } from './bits.js';
import { type CodeTable, codebook } from './codes.js';
import { type Decoded, decodeRun } from './grid.js';

export interface QuantState {
  type: string;
  shape: number[];
  block: number;
  nestedBlock?: number;
  nestedOffset?: number;
}

export async function readQuantState(file: string, stored: Stored): Promise<QuantState> {
  const text = new TextDecoder().decode((await stored.words()) as Uint8Array);
  const json = parseObject(file, quote(stored.name), text);
  const whole = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) > 0;
  const { quant_type: type, shape, blocksize, nested_blocksize: nested, nested_offset: offset } = json;
  if (typeof type !== 'string' || !Array.isArray(shape) || !shape.every(whole) || !whole(blocksize)) {
    throw new FormatError(file, `${quote(stored.name)} lacks quant_type, shape or blocksize.`);
  }
  const state: QuantState = { type, shape, block: blocksize };
  if (whole(nested)) state.nestedBlock = nested;
  if (typeof offset === 'number') state.nestedOffset = offset;
  return state;
}

export interface FourBitParts {
  file: string;
  name: string;
  weight: Stored;
  absmax: Stored;
  map: Stored;
  nestedAbsmax?: Stored;
  nestedMap?: Stored;
}

export async function decodeFourBit(parts: FourBitParts, state: QuantState): Promise<Decoded> {
  const { file, name, weight, map } = parts;
  const fail = (detail: string) => new FormatError(file, `tensor ${quote(name)}: ${detail}.`);
  const rows = state.shape[0];
  const cols = product(state.shape.slice(1));
  const codes = (await weight.words()) as Uint8Array;
  const count = rows * cols;
  if (codes.length !== Math.ceil(count / 2)) {
    throw fail(`${codes.length} bytes hold no ${state.shape.join(' x ')} weight of 4 bits`);
  }
  const scales = await readAbsmax(parts, state, fail);
  if (scales.length !== Math.ceil(count / state.block)) {
    throw fail(
      `${scales.length} scales in absmax, ${Math.ceil(count / state.block)} blocks of ${state.block}`,
    );
  }
  const values = await numbers(file, map);
  if (values.length !== 16) throw fail(`${values.length} values in quant_map, not 16`);
  const table: CodeTable = codebook(values);
  return decodeRun(unpackNibbles(codes, count, true), rows, cols, table, scales, state.block);
}

async function readAbsmax(
  { file, absmax, nestedAbsmax, nestedMap }: FourBitParts,
  { nestedBlock, nestedOffset = 0 }: QuantState,
  fail: (detail: string) => FormatError,
): Promise<ArrayLike<number>> {
  const stored = await numbers(file, absmax);
  if (absmax.dtype !== 'uint8') return stored;
  if (nestedAbsmax === undefined || nestedMap === undefined || nestedBlock === undefined) {
    throw fail('absmax is quantised, without nested_absmax, nested_quant_map and nested_blocksize');
  }
  const [outer, map] = [await numbers(file, nestedAbsmax), await numbers(file, nestedMap)];
  if (map.length !== 256 || outer.length !== Math.ceil(stored.length / nestedBlock)) {
    throw fail(
      `${outer.length} values in nested_absmax and ${map.length} in nested_quant_map do not fit absmax`,
    );
  }
  return Float32Array.from(
    stored,
    (code, i) => map[code] * outer[Math.floor(i / nestedBlock)] + nestedOffset,
  );
}
