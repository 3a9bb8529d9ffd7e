// MLX's quantised weights.
// Layout: X.weight uint32 [rows, cols bits / 32], a stream of codes along the row;
// X.scales and X.biases [rows, groups]:
// code x scale + bias. In the modes mxfp4, nvfp4 and mxfp8 scales are bytes (exponents,
// or e4m3 for nvfp4), without biases.
// The file tells bits x group size; config.json tells each,
// and 64 is the group that MLX takes by default. h = scale / 2.
// Source: mlx/ops.cpp (quantize, dequantize).
import { numbers, type Stored } from '../stored.js';
import { unpackAlongRows } from './bits.js';
import { type CodeTable, codeTable } from './codes.js';
import { type Decoded, decodeGrid } from './grid.js';
import { readExponents } from './microscaling.js';

export interface MlxParts {
  file: string;
  weight: Stored;
  scales: Stored;
  biases?: Stored;
}

export interface MlxKind {
  bits: number;
  group: number;
  /** Codes are floats of this type; absent: whole numbers. */
  floats?: 'mxfp4' | 'nvfp4' | 'mxfp8';
}

/** What a weight of `words` words and `groups` groups a row can be; undefined: nothing that MLX writes. */
export function mlxKind(
  words: number,
  groups: number,
  affine: boolean,
  config: { bits?: number; group?: number },
): (MlxKind & { assumed?: boolean }) | undefined {
  const product = (32 * words) / groups; // bits x group size
  if (!affine) {
    if (product === 128) return { bits: 4, group: 32, floats: 'mxfp4' };
    if (product === 64) return { bits: 4, group: 16, floats: 'nvfp4' };
    return product === 256 ? { bits: 8, group: 32, floats: 'mxfp8' } : undefined;
  }
  const { bits, group } = config;
  if (bits !== undefined && group !== undefined && bits * group === product) return { bits, group };
  const possible = [64, 32, 128].filter((g) => WIDTHS.includes(product / g));
  if (possible.length === 0) return undefined;
  return { bits: product / possible[0], group: possible[0], assumed: possible.length > 1 };
}

const WIDTHS = [2, 3, 4, 5, 6, 8];

/** Number `index` of a stack of rows x cols matrices. */
export async function decodeMlx(
  { file, weight, scales, biases }: MlxParts,
  { bits, group, floats }: MlxKind,
  rows: number,
  cols: number,
  index = 0,
): Promise<Decoded> {
  const words = (cols * bits) / 32;
  const groups = cols / group;
  const [from, count] = [index * rows * groups, rows * groups];
  const packed = (await weight.words(index * rows * words, rows * words)) as Uint32Array;
  const read = async () => {
    if (floats === undefined) return numbers(file, scales, from, count);
    if (floats !== 'nvfp4') return readExponents(file, scales, from, count);
    const bytes = (await scales.words(from, count)) as Uint8Array;
    return Float32Array.from(bytes, (b) => codeTable('float8_e4m3')!.values[b]);
  };
  const type = floats === undefined ? 'uint8' : floats === 'mxfp8' ? 'float8_e4m3' : 'float4_e2m1';
  return decodeGrid({
    codes: unpackAlongRows(packed, rows, words, bits, cols),
    rows,
    cols,
    table: codeTable(type) as CodeTable,
    scales: await read(),
    offsets: biases && (await numbers(file, biases, from, count)),
    gridCols: groups,
    blockRows: 1,
    blockCols: group,
  });
}
