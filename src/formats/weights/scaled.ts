// FP8 and int8 weights beside their scales, by the names of decode/scales.ts.
import { product } from '../../shared/shape.js';
import { codeTable } from '../decode/codes.js';
import { decodeScaled, scaleBlocks } from '../decode/scales.js';
import { FormatError, quote } from '../errors.js';
import { isExperts } from '../layout.js';
import { numbers, type Stored } from '../stored.js';
import { type Context, comfyNote, eachOf, type Match, notDecoded, stem } from './weight.js';

export function scaled(entry: Stored, context: Context): Match | undefined {
  const { name, dtype, shape } = entry;
  const table = dtype === 'float8_e8m0' || dtype === 'uint8' ? undefined : codeTable(dtype);
  if (table === undefined || !/^(float8|int8)/.test(dtype) || shape.length < 2) return undefined;
  const base = stem(name, '.weight');
  const beside = (ending: string) => (base === undefined ? undefined : context.get(base + ending));
  const scb = dtype === 'int8' ? beside('.SCB') : undefined;
  const scale =
    scb ??
    context.get(`${name}_scale`) ??
    context.get(`${name}_scale_inv`) ??
    beside('.scale_weight') ??
    context.get(`${name}.scale`) ??
    beside('.scale');
  if (scale === undefined || hasMore(name, context)) return undefined;
  const zero = context.get(`${name}_zero_point`);
  const marked = comfyNote(name, context);
  const order = beside('.weight_format');
  const parts = [scale, zero, order, beside('.input_scale'), beside('.scale_input'), marked];
  if (marked !== undefined && scale.shape.filter((d) => d !== 1).length > 1)
    return notDecoded(name, entry, `packed (${dtype}, its scales in the order of ComfyUI's kernels)`, parts);

  const stack =
    shape.length === 3 &&
    (isExperts(name, shape) || (scale.shape.length === 3 && scale.shape[0] === shape[0]));
  const count = stack ? shape[0] : undefined;
  const matrix = stack ? shape.slice(1) : shape;
  const [rows, cols] = [matrix[0], product(matrix.slice(1))];
  // Bytes as scales are exponents for 32 values each (MXFP8), or nothing that is known.
  const exponents = [...shape.slice(0, -1), shape.at(-1)! / 32].join() === scale.shape.join();
  if (scale.dtype === 'uint8' && !(dtype.startsWith('float8') && exponents)) return undefined;
  const { file, settings } = context;
  const { method = '', bits } = settings;
  // Two codes of four bits a byte have the type of one of eight (W4AFP8).
  if (dtype === 'int8' && (bits === 4 || /w4|int4/i.test(method)))
    return notDecoded(name, entry, `packed (int8, where config.json says ${method || '4 bits'})`, parts);
  const given = {
    file,
    name,
    weight: entry,
    table,
    scale,
    zero,
    unit: scb ? 1 / 127 : 1,
    block: settings.block,
  };
  const storage = `${dtype.replace('float8_', 'fp8-')} x ${kindOf(scale, rows, cols, count)}`;
  const weights = eachOf(count, name, (index) => ({
    dtype,
    shape: matrix,
    storage: scb ? 'bitsandbytes-int8' : storage,
    read: async () => {
      if (order !== undefined) await expectRows(file, name, order);
      return decodeScaled(given, rows, cols, index, count);
    },
  }));
  return { weights, parts };
}

/** bitsandbytes' orders of int8 codes: 0 is row by row, others are of its kernels. */
async function expectRows(file: string, name: string, order: Stored): Promise<void> {
  const [kind] = await numbers(file, order);
  if (kind === 0) return;
  throw new FormatError(file, `tensor ${quote(name)} lies in the order of a kernel (weight_format ${kind}).`);
}

/** Parts that nothing is known of: offsets, tables, an order. Without them the weight would be another. */
const MORE = /^_(offset|zeros?|zp|min|max|mean|shift|second|lut|codebook|g_idx|scale_2|global_scale)\w*$/i;

function hasMore(name: string, context: Context): boolean {
  const known = `${name}_zero_point`;
  return context.under(`${name}_`).some((s) => s.name !== known && MORE.test(s.name.slice(name.length)));
}

function kindOf(scale: Stored, rows: number, cols: number, count = 1): string {
  const own = count > 1 && scale.shape[0] === count ? scale.shape.slice(1) : scale.shape;
  const blocks = scaleBlocks(own, rows, cols);
  if (blocks === undefined) return 'scales';
  const { blockRows, blockCols } = blocks;
  if (blockRows === rows && blockCols === cols) return 'tensor scale';
  if (blockRows === 1) return blockCols === cols ? 'row scales' : 'group scales';
  return blockRows === rows && blockCols === 1 ? 'column scales' : 'block scales';
}
