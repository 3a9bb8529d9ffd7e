// Four-bit floats (e2m1) in blocks that share a scale: MXFP4 and NVFP4.
// Layout: two codes a byte, the low nibble first.
//   MXFP4  X_blocks uint8 [..., rows, groups, 16], X_scales uint8 [..., rows, groups], exponents:
//   code x 2^(scale - 127), 32 a group
//   NVFP4  X.weight uint8 [rows, cols / 2], X.weight_scale e4m3 [rows, cols / 16], X.weight_scale_2 float32:
//          code x weight_scale x weight_scale_2 (ModelOpt);
//          compressed-tensors' weight_packed divides by weight_global_scale instead
// h: half a step of e2m1 times the scales. Source: OCP Microscaling Formats 1.0; gpt-oss' weights.py;
// ModelOpt's NVFP4QTensor.
import { FormatError, quote } from '../errors.js';
import { checkStored, numbers, type Stored } from '../stored.js';
import { unpackNibbles } from './bits.js';
import { codeTable } from './codes.js';
import { type Decoded, decodeGrid } from './grid.js';

/** Exponents as scales; 255 is NaN, which no weight has. */
export async function readExponents(
  file: string,
  scales: Stored,
  from: number,
  count: number,
): Promise<Float64Array> {
  checkStored(file, scales);
  const bytes = await scales.words(from, count);
  return Float64Array.from(bytes as Uint8Array, (e, i) => {
    if (e === 255) throw new FormatError(file, `${quote(scales.name)} holds NaN at element ${from + i}.`);
    return 2 ** (e - 127);
  });
}

/** Number `index` of the rows x (32 groups) matrices. */
export async function decodeMxfp4(
  file: string,
  blocks: Stored,
  scales: Stored,
  rows: number,
  groups: number,
  index: number,
): Promise<Decoded> {
  const cols = 32 * groups;
  const packed = await blocks.words(index * rows * groups * 16, rows * groups * 16);
  return decodeGrid({
    codes: unpackNibbles(packed as Uint8Array | Int8Array, rows * cols),
    rows,
    cols,
    table: codeTable('float4_e2m1')!,
    scales: await readExponents(file, scales, index * rows * groups, rows * groups),
    gridCols: groups,
    blockRows: 1,
    blockCols: 32,
  });
}

/** `unit` is what the scales of 16 are multiplied by. Number `index` of the rows x cols matrices. */
export async function decodeNvfp4(
  file: string,
  weight: Stored,
  scale: Stored,
  unit: number,
  rows: number,
  cols: number,
  index = 0,
): Promise<Decoded> {
  const groups = cols / 16;
  const scales = await numbers(file, scale, index * rows * groups, rows * groups);
  const packed = (await weight.words((index * rows * cols) / 2, (rows * cols) / 2)) as Uint8Array;
  return decodeGrid({
    codes: unpackNibbles(packed, rows * cols),
    rows,
    cols,
    table: codeTable('float4_e2m1')!,
    scales: Float64Array.from(scales, (s) => s * unit),
    gridCols: groups,
    blockRows: 1,
    blockCols: 16,
  });
}
