// Codes times a grid of scales: FP8 and int8 with a scale for the tensor, a row, a column or a block; four-bit codes by
// groups; with offsets (zero points, biases) where the format has them. value = table[code] * scale + offset.
// Layout: codes row-major [rows, cols]; scales and offsets row-major [gridRows, gridCols], entry (i, j) for the block
// of blockRows x blockCols elements at (i blockRows, j blockCols), cut at the edges;
// `groups` names the grid column of each column instead.
// Cost: one pass, the sums of the storage tolerance included.
import { RoundingSums } from '../../input/rounding.js';
import type { CodeTable } from './codes.js';

export interface Grid {
  codes: Uint8Array;
  rows: number;
  cols: number;
  table: CodeTable;
  scales: ArrayLike<number>;
  gridCols: number;
  blockRows: number;
  blockCols: number;
  offsets?: ArrayLike<number>;
  groups?: ArrayLike<number>;
}

/** One matrix as the model computes with it, and its storage tolerance. */
export interface Decoded {
  data: Float32Array;
  noise: number;
}

export function decodeGrid(grid: Grid): Decoded {
  const { rows, cols, blockRows, gridCols, groups } = grid;
  const data = new Float32Array(rows * cols);
  const sums = new RoundingSums(rows, cols);
  const squares = Float64Array.from(grid.table.steps, (h) => (h * h) / 3);
  for (let i = 0; i < rows; i++) {
    const line = Math.floor(i / blockRows) * gridCols;
    if (groups === undefined) sums.rows[i] = decodeRow(grid, data, sums.cols, squares, i, line);
    else sums.rows[i] = decodeScattered(grid, data, sums.cols, squares, i, line, groups);
  }
  return { data, noise: sums.norm() };
}

/** Row i, whose scales begin at `line`; returns the sum of its squared half-steps. */
function decodeRow(
  { codes, cols, table, scales, offsets, blockCols }: Grid,
  data: Float32Array,
  columns: Float64Array,
  squares: Float64Array,
  i: number,
  line: number,
): number {
  const { values } = table;
  const start = i * cols;
  let sum = 0;
  for (let from = 0, g = line; from < cols; from += blockCols, g++) {
    const to = Math.min(cols, from + blockCols);
    const scale = scales[g];
    const offset = offsets === undefined ? 0 : offsets[g];
    const square = scale * scale;
    let part = 0;
    for (let j = from; j < to; j++) {
      const code = codes[start + j];
      const h = squares[code];
      data[start + j] = values[code] * scale + offset;
      part += h;
      columns[j] += h * square;
    }
    sum += part * square;
  }
  return sum;
}

function decodeScattered(
  { codes, cols, table, scales, offsets }: Grid,
  data: Float32Array,
  columns: Float64Array,
  squares: Float64Array,
  i: number,
  line: number,
  groups: ArrayLike<number>,
): number {
  const { values } = table;
  const start = i * cols;
  let sum = 0;
  for (let j = 0; j < cols; j++) {
    const g = line + groups[j];
    const code = codes[start + j];
    const h = squares[code] * scales[g] * scales[g];
    data[start + j] = values[code] * scales[g] + (offsets === undefined ? 0 : offsets[g]);
    sum += h;
    columns[j] += h;
  }
  return sum;
}

/**
 * Codes that follow each other in a flattened matrix, a scale for every `block` of them,
 * which may run on over row ends.
 */
export function decodeRun(
  codes: Uint8Array,
  rows: number,
  cols: number,
  table: CodeTable,
  scales: ArrayLike<number>,
  block: number,
): Decoded {
  const data = new Float32Array(rows * cols);
  const sums = new RoundingSums(rows, cols);
  const { values, steps } = table;
  const squares = Float64Array.from(steps, (h) => (h * h) / 3);
  let j = 0;
  let i = 0;
  let sum = 0;
  for (let from = 0, g = 0; from < data.length; from += block, g++) {
    const to = Math.min(data.length, from + block);
    const scale = scales[g];
    const square = scale * scale;
    for (let p = from; p < to; p++) {
      const code = codes[p];
      const h = squares[code] * square;
      data[p] = values[code] * scale;
      sum += h;
      sums.cols[j] += h;
      if (++j === cols) {
        sums.rows[i++] = sum;
        sum = 0;
        j = 0;
      }
    }
  }
  return { data, noise: sums.norm() };
}
