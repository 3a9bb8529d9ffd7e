// ONNX's quantised weights.
// Layout: DequantizeLinear: y = (x - zero point) scale, with one scale, one for each index of `axis`, or, with
// block_size, one for each block along it; 4-bit codes are two a byte, the low nibble first.
// MatMulNBits: B [N, blocks, block_size bits / 8], codes of a row of N x K from the lowest bits on; scales [N, blocks];
// zero points packed in the same way, each row to whole bytes, or floats; 2^(bits - 1) where they are absent.
// h = half a step of the code times the scale.
// Source: onnx/defs/quantization, onnxruntime's ContribOperators.md.
import { product } from '../../shared/shape.js';
import { unpackNibbles } from './bits.js';
import { type CodeTable, codeTable } from './codes.js';
import { type Decoded, decodeGrid, decodeRun, type Grid } from './grid.js';

export interface AxisScales {
  scales: ArrayLike<number>;
  /** Of the scales. */
  shape: readonly number[];
  zeros?: ArrayLike<number>;
  axis: number;
  /** 0: no blocks. */
  block: number;
}

/** The matrix [shape[0], the rest] of dequantised codes; undefined where the scales do not fit. */
export function dequantise(
  codes: Uint8Array,
  table: CodeTable,
  shape: readonly number[],
  given: AxisScales,
): Decoded | undefined {
  const { scales, zeros } = given;
  const rows = shape[0];
  const cols = product(shape.slice(1));
  const places = placesOf(shape, given);
  if (places === undefined || (zeros && zeros.length !== scales.length && zeros.length !== 1))
    return undefined;
  const zero = (i: number) => (zeros === undefined ? 0 : zeros[zeros.length === 1 ? 0 : i]);
  const offsets = zeros && Float64Array.from(scales, (s, i) => -s * zero(i));
  return decodeGrid({ codes, rows, cols, table, scales, offsets, ...places });
}

type Places = Pick<Grid, 'gridCols' | 'blockRows' | 'blockCols' | 'groups'>;

/** Which scale belongs to which element of [shape[0], the rest]. */
function placesOf(
  shape: readonly number[],
  { scales, shape: grid, axis, block }: AxisScales,
): Places | undefined {
  const rows = shape[0];
  const cols = product(shape.slice(1));
  if (scales.length === 1) return { gridCols: 1, blockRows: rows, blockCols: cols };
  const at = axis < 0 ? axis + shape.length : axis;
  if (!(at >= 0 && at < shape.length)) return undefined;
  const after = product(shape.slice(at + 1));
  if (block === 0) {
    if (scales.length !== shape[at]) return undefined;
    if (at === 0) return { gridCols: 1, blockRows: 1, blockCols: cols };
    const groups = Int32Array.from({ length: cols }, (_, c) => Math.floor(c / after) % shape[at]);
    return { gridCols: shape[at], blockRows: rows, blockCols: cols, groups };
  }
  const count = Math.ceil(shape[at] / block);
  if (grid.length !== shape.length || grid.some((d, i) => d !== (i === at ? count : shape[i])))
    return undefined;
  if (at === 0)
    return {
      gridCols: cols,
      blockRows: block,
      blockCols: cols,
      groups: Int32Array.from({ length: cols }, (_, c) => c),
    };
  const groups = Int32Array.from({ length: cols }, (_, c) => {
    const [before, along] = [Math.floor(c / (shape[at] * after)), Math.floor(c / after) % shape[at]];
    return (before * count + Math.floor(along / block)) * after + (c % after);
  });
  return { gridCols: (cols / (shape[at] * after)) * count * after, blockRows: 1, blockCols: cols, groups };
}

export interface NBits {
  bytes: Uint8Array;
  scales: ArrayLike<number>;
  /** Packed as the codes are, or one number for each block. */
  zeros?: ArrayLike<number> | Uint8Array;
  zerosPacked: boolean;
  n: number;
  k: number;
  bits: number;
  block: number;
  /** Codes that a row has room for. */
  line: number;
  /** The block of each column, where it is not the one that it lies in. */
  order?: ArrayLike<number>;
}

/** [N, K]; undefined where the lengths do not fit. */
export function decodeNBits({
  bytes,
  scales,
  zeros,
  zerosPacked,
  n,
  k,
  bits,
  block,
  line,
  order,
}: NBits): Decoded | undefined {
  const blocks = Math.ceil(k / block);
  if (![2, 4, 8].includes(bits) || bytes.length !== (n * line * bits) / 8) return undefined;
  if (scales.length !== n * blocks) return undefined;
  if (order && (order.length < k || !Array.prototype.every.call(order, (g) => g >= 0 && g < blocks)))
    return undefined;
  const packedLine = Math.ceil((blocks * bits) / 8);
  if (zeros && zeros.length !== (zerosPacked ? n * packedLine : n * blocks)) return undefined;
  const middle = 2 ** (bits - 1);
  const zero = (i: number) => {
    if (zeros === undefined) return middle;
    if (!zerosPacked) return zeros[i];
    const [line, at] = [Math.floor(i / blocks), (i % blocks) * bits];
    return (zeros[line * packedLine + (at >> 3)] >> (at & 7)) & (2 * middle - 1);
  };
  return decodeGrid({
    codes: unpackLines(bytes, n, line, k, bits),
    rows: n,
    cols: k,
    table: codeTable('uint8')!,
    scales,
    offsets: Float64Array.from(scales, (s, i) => -s * zero(i)),
    gridCols: blocks,
    blockRows: 1,
    blockCols: block,
    groups: order,
  });
}

/** The first `count` codes of lines of `length`. */
function unpackLines(
  bytes: Uint8Array,
  lines: number,
  length: number,
  count: number,
  bits: number,
): Uint8Array {
  if (bits === 8 && length === count) return bytes;
  const out = new Uint8Array(lines * count);
  const per = 8 / bits;
  const mask = (1 << bits) - 1;
  for (let i = 0, p = 0; i < lines; i++) {
    const line = (i * length) / per;
    for (let k = 0; k < count; k++)
      out[p++] = (bytes[line + Math.floor(k / per)] >> (bits * (k % per))) & mask;
  }
  return out;
}

/** MatMulNBits, GatherBlockQuantized, or MatMulBnb4, whose codes look into a `table`. */
export function decodePacked(
  parts: Omit<NBits, 'zerosPacked'> & { table?: string },
  zerosPacked: boolean,
): Decoded | undefined {
  const { bytes, scales, n, k, block, table } = parts;
  if (table === undefined) return decodeNBits({ ...parts, zerosPacked });
  if (bytes.length !== Math.ceil((n * k) / 2) || scales.length !== Math.ceil((n * k) / block))
    return undefined;
  return decodeRun(unpackNibbles(bytes, n * k, true), n, k, codeTable(table)!, scales, block);
}
