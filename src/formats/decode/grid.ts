// Codes times a grid of scales: FP8 and int8 with a scale for the tensor, a row, a column or a block; four-bit codes by
// groups; with offsets (zero points, biases) where the format has them. value = table[code] * scale + offset.
// Layout: codes row-major [rows, cols]; scales and offsets row-major [gridRows, gridCols], entry (i, j) for the block
// of blockRows x blockCols elements at (i blockRows, j blockCols), cut at the edges;
// `groups` names the grid column of each column instead.
// Cost: one pass, the sums of the storage tolerance included (bands.ts).
import { RoundingSums } from '../../input/rounding.js';
import type { Stored } from '../stored.js';
import {
  BAND,
  type Band,
  decodeAlike,
  decodePairs,
  decodeRow,
  decodeScaled,
  type Factors,
  pairsOf,
  type WordBand,
} from './bands.js';
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

const NOTHING = (): Decoded => ({ data: new Float32Array(0), noise: 0 });

export function decodeGrid({ codes, ...grid }: Grid): Decoded {
  if (grid.rows * grid.cols === 0) return NOTHING();
  const decoder = new GridDecoder(grid, new Float32Array(grid.rows * grid.cols));
  decoder.add(codes, 0, grid.rows);
  return decoder.result();
}

/** Where the codes begin in what is stored, and where the values go. */
export interface Reading {
  from?: number;
  data?: Float32Array;
}

/** Codes of a byte each, a panel of rows at a time: the next one is read while one is decoded. */
export async function readGrid(
  grid: GridOf,
  stored: Stored,
  { from = 0, data = new Float32Array(grid.rows * grid.cols) }: Reading = {},
): Promise<Decoded> {
  const { rows, cols } = grid;
  if (data.length === 0) return NOTHING();
  const decoder = new GridDecoder(grid, data);
  const most = stored.panel ?? rows * cols;
  const step = BAND * Math.max(1, Math.ceil(Math.min(rows, most / Math.max(1, cols)) / BAND));
  const read = readerOf(stored, Math.min(rows, step) * cols);
  const panel = (i: number) => {
    const bytes = read(from + i * cols, (Math.min(rows, i + step) - i) * cols);
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

type ReadCodes = (from: number, count: number) => Promise<Uint8Array>;

/** Two panels take turns where they can be read into: fresh memory costs more than decoding. */
function readerOf(stored: Stored, most: number): ReadCodes {
  if (stored.readInto === undefined) {
    return async (from, count) => {
      const { buffer, byteOffset, byteLength } = await stored.words(from, count);
      return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    };
  }
  let panel = new Uint8Array(0);
  let other = new Uint8Array(0);
  return async (from, count) => {
    [panel, other] = [other.length === 0 ? new Uint8Array(most) : other, panel];
    const codes = panel.subarray(0, count);
    await stored.readInto!(from, codes);
    return codes;
  };
}

/** Tables of scaled values pay from this many elements for each of their entries on. */
const SHARED = 4;

/** Rows. */
const STRIP = 16;

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The values of a block, and the square of its scale. */
interface Scaled {
  values: Float32Array;
  unit: number;
  pairs?: Float64Array;
}

class GridDecoder {
  private readonly sums: RoundingSums;
  private readonly squares: Float64Array;
  private readonly factors: Factors;
  private readonly inWords: boolean;
  private groups?: ArrayLike<number>;
  private scaled?: { line: number; blocks: readonly Scaled[] };
  constructor(
    private readonly grid: GridOf,
    private readonly data: Float32Array,
  ) {
    const { rows, cols, table, scales, offsets = new Float64Array(scales.length), groups } = grid;
    this.sums = new RoundingSums(rows, cols);
    this.squares = Float64Array.from(table.steps, (h) => (h * h) / 3);
    this.factors = { scales, offsets };
    this.groups = groups;
    const whole = cols % 4 === 0 && (grid.blockCols % 4 === 0 || grid.blockCols >= cols);
    this.inWords = LITTLE && groups === undefined && whole && data.byteOffset % 8 === 0;
  }

  result(): Decoded {
    return { data: this.data, noise: this.sums.norm() };
  }

  /** Rows `first` to `last`, whose codes these are. */
  add(given: Uint8Array, first: number, last: number) {
    const { data, sums, inWords } = this;
    const { cols, blockRows, blockCols, table } = this.grid;
    const codes = inWords && given.byteOffset % 4 !== 0 ? given.slice() : given;
    const words = viewOf(Uint32Array, codes, inWords);
    const pairs = viewOf(Float64Array, data, inWords);
    for (let i = first; i < last; ) {
      const band = {
        codes,
        start: (i - first) * cols,
        data,
        row: i,
        cols,
        from: 0,
        to: cols,
        sums,
        words,
        pairs,
      };
      const end = Math.min(last, (Math.floor(i / blockRows) + 1) * blockRows);
      const alike = BAND * Math.floor((end - i) / BAND);
      if (inWords && alike * Math.min(blockCols, cols) >= SHARED * table.values.length) {
        this.addAlike(band, alike);
        i += alike;
      } else if (inWords && last - i >= BAND) {
        this.addScaled(band);
        i += BAND;
      } else {
        this.addRow(band);
        i++;
      }
    }
  }

  /** The place of a row's scales. */
  private lineOf(i: number): number {
    return Math.floor(i / this.grid.blockRows) * this.grid.gridCols;
  }

  /** Whole bands that have the same scales, a strip of them at a time, whose values stay in the cache. */
  private addAlike(band: WordBand, rows: number) {
    const blocks = this.scaledBy(this.lineOf(band.row));
    const { row, start, cols } = band;
    for (let top = 0; top < rows; top += STRIP) {
      for (let b = 0; b < blocks.length; b++) {
        band.from = b * this.grid.blockCols;
        band.to = Math.min(cols, band.from + this.grid.blockCols);
        const { values, unit, pairs } = blocks[b];
        for (let k = top; k < Math.min(rows, top + STRIP); k += BAND) {
          band.row = row + k;
          band.start = start + k * cols;
          if (pairs !== undefined) decodePairs(band, pairs, this.squares, unit);
          else decodeAlike(band, values, this.squares, unit);
        }
      }
    }
  }

  /** The values times the scales of each block from `line` on, those of pairs, too, where blocks are large enough. */
  private scaledBy(line: number): readonly Scaled[] {
    if (this.scaled?.line === line) return this.scaled.blocks;
    const { rows, cols, table, blockRows, blockCols } = this.grid;
    const { scales, offsets } = this.factors;
    const size = table.values.length;
    const elements = Math.min(rows, blockRows) * Math.min(cols, blockCols);
    const blocks = Array.from({ length: Math.ceil(cols / blockCols) }, (_, b) => {
      const [scale, offset] = [scales[line + b], offsets[line + b]];
      const values = table.values.map((value) => value * scale + offset);
      return {
        values,
        unit: scale * scale,
        ...(elements >= SHARED * size * size && { pairs: pairsOf(values) }),
      };
    });
    this.scaled = { line, blocks };
    return blocks;
  }

  /** One band, a scale for each row and block. */
  private addScaled(band: WordBand) {
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

  private addRow(band: Band) {
    const { cols, blockCols, table } = this.grid;
    this.groups ??= Int32Array.from({ length: cols }, (_, j) => Math.floor(j / blockCols));
    decodeRow(band, table, this.squares, this.factors, this.lineOf(band.row), this.groups);
  }
}

/** Whole elements of another type in the same memory; none where they do not fit there. */
function viewOf<T>(
  as: { new (buffer: ArrayBuffer, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
  { buffer, byteOffset, byteLength }: Uint8Array | Float32Array,
  fits: boolean,
): T {
  const length = Math.floor(byteLength / as.BYTES_PER_ELEMENT);
  return new as(buffer as ArrayBuffer, fits ? byteOffset : 0, fits ? length : 0);
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
