// Codes times a grid of scales: FP8 and int8 with a scale for the tensor, a row, a column or a block; four-bit codes by
// groups; with offsets (zero points, biases) where the format has them. value = table[code] * scale + offset.
// Layout: codes row-major [rows, cols]; scales and offsets row-major [gridRows, gridCols], entry (i, j) for the block
// of blockRows x blockCols elements at (i blockRows, j blockCols), cut at the edges;
// `groups` names the grid column of each column instead.
// Cost: one pass, the sums of the storage tolerance included (bands.ts).
import { RoundingSums } from '../../input/rounding.js';
import type { Stored } from '../stored.js';
import { BAND, type Band, decodeAlike, decodeRow, decodeScaled, type Factors } from './bands.js';
import type { CodeTable } from './codes.js';

export interface GridOf {
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

export interface Grid extends GridOf {
  codes: Uint8Array;
}

/** One matrix as the model computes with it, and its storage tolerance. */
export interface Decoded {
  data: Float32Array;
  noise: number;
}

export function decodeGrid({ codes, ...grid }: Grid): Decoded {
  const decoder = new GridDecoder(grid, new Float32Array(grid.rows * grid.cols));
  decoder.add(codes, 0, grid.rows);
  return decoder.result();
}

const PANEL = 1 << 24;

/** Where the codes begin in what is stored, where the values go, and the codes of a panel. */
export interface Reading {
  from?: number;
  data?: Float32Array;
  panel?: number;
}

/** Codes of a byte each, a panel of rows at a time: the next one is read while one is decoded. */
export async function readGrid(
  grid: GridOf,
  stored: Stored,
  { from = 0, data = new Float32Array(grid.rows * grid.cols), panel: most = PANEL }: Reading = {},
): Promise<Decoded> {
  const { rows, cols } = grid;
  const decoder = new GridDecoder(grid, data);
  const lines = stored.inPieces ? Math.floor(most / Math.max(1, cols)) : rows;
  const step = BAND * Math.max(1, Math.ceil(lines / BAND));
  const panel = (i: number) => {
    const bytes = bytesOf(stored, from + i * cols, (Math.min(rows, i + step) - i) * cols);
    bytes.catch(() => {}); // thrown where it is awaited
    return bytes;
  };
  let next = panel(0);
  for (let i = 0; i < rows; i += step) {
    const codes = await next;
    if (i + step < rows) next = panel(i + step);
    decoder.add(codes, i, Math.min(rows, i + step));
  }
  return decoder.result();
}

async function bytesOf(stored: Stored, from: number, count: number): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await stored.words(from, count);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** A table of scaled values pays from this many elements for each of its entries on. */
const SHARED = 4;

class GridDecoder {
  private readonly sums: RoundingSums;
  private readonly squares: Float64Array;
  private readonly factors: Factors;
  private groups?: ArrayLike<number>;
  constructor(
    private readonly grid: GridOf,
    private readonly data: Float32Array,
  ) {
    const { rows, cols, table, scales, offsets = new Float64Array(scales.length), groups } = grid;
    this.sums = new RoundingSums(rows, cols);
    this.squares = Float64Array.from(table.steps, (h) => (h * h) / 3);
    this.factors = { scales, offsets };
    this.groups = groups;
  }

  result(): Decoded {
    return { data: this.data, noise: this.sums.norm() };
  }

  /** Rows `first` to `last`, whose codes these are. */
  add(codes: Uint8Array, first: number, last: number) {
    const { data, sums } = this;
    const { cols, table, blockRows, blockCols, groups } = this.grid;
    for (let i = first; i < last; ) {
      const band = { codes, start: (i - first) * cols, data, row: i, cols, from: 0, to: cols, sums };
      const end = Math.min(last, (Math.floor(i / blockRows) + 1) * blockRows);
      const alike = BAND * Math.floor((end - i) / BAND);
      if (groups === undefined && alike * Math.min(blockCols, cols) >= SHARED * table.values.length) {
        this.addAlike(band, alike);
        i += alike;
      } else if (groups === undefined && last - i >= BAND) {
        this.addScaled(band);
        i += BAND;
      } else {
        this.groups ??= Int32Array.from({ length: cols }, (_, j) => Math.floor(j / blockCols));
        decodeRow(band, table, this.squares, this.factors, this.lineOf(i), this.groups);
        i++;
      }
    }
  }

  /** The place of a row's scales. */
  private lineOf(i: number): number {
    return Math.floor(i / this.grid.blockRows) * this.grid.gridCols;
  }

  /** Whole bands that have the same scales: tables of scaled values. */
  private addAlike(band: Band, rows: number) {
    const { cols, table, blockCols } = this.grid;
    const { scales, offsets } = this.factors;
    const values = new Float32Array(table.values.length);
    const squares = new Float64Array(values.length);
    for (let from = 0, g = this.lineOf(band.row); from < cols; from += blockCols, g++) {
      const [scale, offset] = [scales[g], offsets[g]];
      for (let code = 0; code < values.length; code++) {
        values[code] = table.values[code] * scale + offset;
        squares[code] = this.squares[code] * scale * scale;
      }
      const part = { ...band, from, to: Math.min(cols, from + blockCols) };
      for (let k = 0; k < rows; k += BAND, part.row += BAND, part.start += BAND * cols)
        decodeAlike(part, values, squares);
    }
  }

  /** One band, a scale for each row and block. */
  private addScaled(band: Band) {
    const { cols, table, blockCols } = this.grid;
    const { scales, offsets } = this.factors;
    const own = { scales: new Float64Array(BAND), offsets: new Float64Array(BAND) };
    for (let from = 0, g = 0; from < cols; from += blockCols, g++) {
      for (let k = 0; k < BAND; k++) {
        const at = this.lineOf(band.row + k) + g;
        own.scales[k] = scales[at];
        own.offsets[k] = offsets[at];
      }
      band.from = from;
      band.to = Math.min(cols, from + blockCols);
      decodeScaled(band, table, this.squares, own);
    }
  }
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
