// FP8 and int8 weights with scales beside: one for the tensor, a row, a column, a group of a row,
// or a block of 128 x 128.
// Layout: X.weight with X.weight_scale, X.weight_scale_inv (which multiplies too, DeepSeek),
// X.scale_weight (ComfyUI), X.scale, or
// X.SCB (bitsandbytes int8: code x SCB / 127), and X.weight_zero_point. Blocks at the edges are cut. h: half a step of
// the code times the scale. Source: compressed-tensors' and FBGEMM's FP8 checkpoints, DeepSeek-V3's README_WEIGHTS,
// bitsandbytes' Linear8bitLt.
import { product } from '../../shared/shape.js';
import { FormatError, quote } from '../errors.js';
import { numbers, type Stored } from '../stored.js';
import { type CodeTable, codeTable } from './codes.js';
import { type Decoded, type Grid, type GridOf, readGrid } from './grid.js';
import { readExponents } from './microscaling.js';

export type Blocks = Pick<Grid, 'gridCols' | 'blockRows' | 'blockCols'>;

/** Which element of the scales belongs to which of a rows x cols matrix; undefined where the shapes do not fit. */
export function scaleBlocks(
  shape: readonly number[],
  rows: number,
  cols: number,
  given?: readonly number[],
): Blocks | undefined {
  if (product(shape) === 1) return { gridCols: 1, blockRows: rows, blockCols: cols };
  const flat = shape.length > 2 ? shape.filter((d, i) => i < 2 || d !== 1) : shape;
  const [a, b] = flat.length === 1 ? [flat[0], 1] : flat;
  if (flat.length > 2 || (shape.length > 2 && a !== rows) || (flat.length === 1 && a !== rows))
    return undefined;
  const square =
    given ??
    COMMON.map((d) => [d, d]).find(([r, c]) => Math.ceil(rows / r) === a && Math.ceil(cols / c) === b);
  const blockRows = a === rows ? 1 : a === 1 ? rows : blockOf(rows, a, square?.[0]);
  const blockCols = b === cols ? 1 : b === 1 ? cols : blockOf(cols, b, a === rows ? undefined : square?.[1]);
  if (blockRows === undefined || blockCols === undefined) return undefined;
  return { gridCols: b, blockRows, blockCols };
}

const COMMON = [128, 64, 32, 256, 16, 512];

/** The length of the blocks of which `count` cover `extent`. */
function blockOf(extent: number, count: number, given: number | undefined): number | undefined {
  if (given !== undefined && Math.ceil(extent / given) === count) return given;
  if (extent % count === 0) return extent / count;
  return COMMON.find((block) => Math.ceil(extent / block) === count);
}

export interface ScaledParts {
  file: string;
  name: string;
  weight: Stored;
  table: CodeTable;
  scale: Stored;
  zero?: Stored;
  /** What a scale is multiplied by. */
  unit?: number;
  block?: readonly number[];
}

/** One matrix, number `index` of a stack. */
export async function decodeScaled(
  parts: ScaledParts,
  rows: number,
  cols: number,
  index = 0,
  count = 1,
): Promise<Decoded> {
  const { file, name, weight, table, scale, zero, unit = 1, block } = parts;
  // A stack has its scales stacked too, or one for all.
  const own = count > 1 && scale.shape[0] === count ? scale.shape.slice(1) : scale.shape;
  const each = product(own);
  const blocks = scaleBlocks(own, rows, cols, block);
  if (blocks === undefined || (count > 1 && own === scale.shape && each !== 1)) {
    throw new FormatError(
      file,
      `tensor ${quote(name)}: ${quote(scale.name)} of shape [${scale.shape.join(', ')}] fits no ${rows} x ${cols} ` +
        'matrix.',
    );
  }
  const read = scale.dtype === 'uint8' ? readExponents : numbers;
  const values = await read(file, scale, own === scale.shape ? 0 : index * each, each);
  const scales = unit === 1 ? values : Float64Array.from(values, (s) => s * unit);
  let offsets: Float64Array | undefined;
  if (zero !== undefined) {
    const zeros = await numbers(file, zero);
    if (zeros.length !== each && zeros.length !== 1) {
      throw new FormatError(
        file,
        `tensor ${quote(name)}: ${quote(zero.name)} has ${zeros.length} zero points for ${each} scales.`,
      );
    }
    offsets = Float64Array.from(scales, (s, i) => -s * zeros[zeros.length === 1 ? 0 : i]);
  }
  return readGrid({ rows, cols, table, scales, offsets, ...blocks }, weight, { from: index * rows * cols });
}

/** A matrix, or more, of such codes. */
export const isFloat8 = ({ dtype, shape }: Stored) => dtype.startsWith('float8') && shape.length > 1;

/** float8 without scales: the matrices of a stack one after the other. */
export async function readFloat8(
  stored: Stored,
  [count, rows, cols]: readonly [number, number, number],
): Promise<{ data: Float32Array; noise: number | number[] }> {
  const table = codeTable(stored.dtype)!;
  const grid: GridOf = { rows, cols, table, scales: [1], gridCols: 1, blockRows: rows, blockCols: cols };
  const data = new Float32Array(count * rows * cols);
  const noise: number[] = [];
  for (let at = 0; at < data.length; at += rows * cols) {
    const one = await readGrid(grid, stored, { from: at, data: data.subarray(at, at + rows * cols) });
    noise.push(one.noise);
  }
  return { data, noise: count === 1 ? (noise[0] ?? 0) : noise };
}
