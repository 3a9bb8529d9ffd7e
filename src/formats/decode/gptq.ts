// GPTQ and AWQ: codes of a linear layer packed into 32-bit words, with scales and zero points for groups of inputs.
// Layout, [in, out] as the layer's transpose has it: scales [groups, out];
// input i belongs to group g_idx[i], or i / group size.
//   GPTQ  qweight [in bits / 32, out], a stream of codes down the columns; qzeros [groups, out bits / 32],
//   along the rows, less one
//         (checkpoint_format gptq_v2: as they are). All bits set, 2^bits - 1, are 2^bits for most loaders
//         (AutoGPTQ, ExLlama), 0 for those that keep to the code's bits (ExLlamaV2)
//   AWQ   qweight [in, out / 8] and qzeros [groups, out / 8]: nibble k of a word is column 0 2 4 6 1 3 5 7 of its eight
// weight = (code - zero) scale, turned to [out, in]; h = scale / 2. Source: AutoGPTQ's QuantLinear,
// AutoAWQ's WQLinear_GEMM.

import { turned, unpackAlongRows, unpackDownColumns } from './bits.js';
import { codeTable } from './codes.js';
import { type Decoded, decodeGrid } from './grid.js';

const ORDER = [0, 2, 4, 6, 1, 3, 5, 7];

const LIKE_NONE = 'zero points of 2^bits, which some loaders take as 0';

export interface GroupedWords {
  qweight: Int32Array;
  qzeros: Int32Array | undefined;
  scales: ArrayLike<number>;
  inputs: number;
  outputs: number;
  groups: number;
  bits: number;
  /** The group of each input; absent: groups of equal length. */
  order?: ArrayLike<number>;
}

/** `less`: what was taken off the zero points before they were stored. */
export function decodeGptq(words: GroupedWords, less: number): Decoded & { note?: string } {
  const { qweight, qzeros, inputs, outputs, groups, bits } = words;
  const codes = unpackDownColumns(qweight, outputs, bits, inputs);
  const zeros = qzeros && unpackAlongRows(qzeros, groups, Math.ceil((outputs * bits) / 32), bits, outputs);
  const decoded = decodeGroups(words, codes, (at) =>
    zeros === undefined ? 2 ** (bits - 1) : zeros[at] + less,
  );
  const past = zeros?.some((zero) => zero + less >= 2 ** bits);
  return past ? { ...decoded, note: LIKE_NONE } : decoded;
}

export function decodeAwq(words: GroupedWords): Decoded {
  const { qweight, qzeros, inputs, outputs, groups } = words;
  const zeros = qzeros && unpackAwq(qzeros, groups, outputs, false);
  return decodeGroups(words, unpackAwq(qweight, inputs, outputs, true), (at) =>
    zeros === undefined ? 8 : zeros[at],
  );
}

/** [lines, count] codes out of AWQ's words, turned to [count, lines] if asked for. */
function unpackAwq(words: Int32Array, lines: number, count: number, turn: boolean): Uint8Array {
  const out = new Uint8Array(lines * count);
  const [line, step] = turn ? [1, lines] : [count, 1];
  for (let i = 0, w = 0; i < lines; i++) {
    for (let j = 0; j < count; j += 8, w++) {
      for (let k = 0; k < 8; k++) out[i * line + (j + ORDER[k]) * step] = (words[w] >>> (4 * k)) & 15;
    }
  }
  return out;
}

/** Codes are [outputs, inputs]; scales and zero points come as [groups, outputs] and are turned. */
function decodeGroups(words: GroupedWords, codes: Uint8Array, zero: (at: number) => number): Decoded {
  const { scales: stored, inputs, outputs, groups, order } = words;
  const scales = turned(stored, groups, outputs);
  const offsets = turned(
    Float64Array.from(stored, (s, at) => -s * zero(at)),
    groups,
    outputs,
  );
  return decodeGrid({
    codes,
    rows: outputs,
    cols: inputs,
    table: codeTable('uint8')!,
    scales,
    offsets,
    gridCols: groups,
    blockRows: 1,
    blockCols: Math.ceil(inputs / groups),
    groups: order,
  });
}
