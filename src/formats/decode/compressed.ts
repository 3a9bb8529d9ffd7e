// compressed-tensors' pack-quantized weights (llm-compressor).
// Layout: X.weight_packed int32 [rows, cols bits / 32], codes along the row from the lowest bits on, each plus 2^(bits
// - 1), a word at the end filled up; X.weight_scale [rows, groups]; X.weight_shape [rows, cols];
//   with zero points X.weight_zero_point int32
// [rows bits / 32, groups], packed down the columns in the same way; X.weight_g_idx the group of each column.
// (code - zero) x scale; h = scale / 2. Source: compressed_tensors' pack_quantized compressor.

import { turned, unpackAlongRows, unpackDownColumns } from './bits.js';
import { codeTable } from './codes.js';
import { type Decoded, decodeGrid } from './grid.js';

export interface PackedWords {
  packed: Int32Array;
  zeros?: Int32Array;
  scales: ArrayLike<number>;
  rows: number;
  cols: number;
  groups: number;
  bits: number;
  order?: ArrayLike<number>;
}

export function decodePacked({
  packed,
  zeros,
  scales,
  rows,
  cols,
  groups,
  bits,
  order,
}: PackedWords): Decoded {
  const words = Math.ceil(cols / Math.floor(32 / bits));
  const middle = 2 ** (bits - 1);
  // Zero points come out as [groups, rows].
  const zero = zeros && turned(unpackDownColumns(zeros, groups, bits, rows), groups, rows);
  return decodeGrid({
    codes: unpackAlongRows(packed, rows, words, bits, cols),
    rows,
    cols,
    table: codeTable('uint8')!,
    scales,
    offsets: Float64Array.from(scales, (s, at) => -s * (zero === undefined ? middle : zero[at])),
    gridCols: groups,
    blockRows: 1,
    blockCols: Math.ceil(cols / groups),
    groups: order,
  });
}
