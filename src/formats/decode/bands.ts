// The inner loops of decodeGrid: values = table[code] * scale + offset, and the sums of squared half-steps. Four rows
// side by side read and write the sums of the columns once for all, and take their codes as words of four
// (little-endian). Unrolled: a loop over the bytes of a word costs a tenth. decodePairs and decodeAlike form the sums
// in the pass that writes the values, hence three copies: apart, as addSquares has them, blocks take 1.1 times as long.
// Cost: 1 to 2 ns an element, beside what the system takes for fresh memory.
import type { RoundingSums } from '../../input/rounding.js';
import type { CodeTable } from './codes.js';

/** Rows that are decoded side by side. */
export const BAND = 4;

/** Columns `from` to `to` of the rows from `row` on, whose codes begin at `start`. */
export interface Band {
  codes: Uint8Array;
  start: number;
  data: Float32Array;
  row: number;
  cols: number;
  from: number;
  to: number;
  sums: RoundingSums;
}

/** A band whose parts of rows are whole words: those of its codes, and its values two by two. */
export interface WordBand extends Band {
  words: Uint32Array;
  pairs: Float64Array;
}

/** Scales and offsets. */
export interface Factors {
  scales: ArrayLike<number>;
  offsets: ArrayLike<number>;
}

/** Every two values side by side, as the eight bytes that they are: entry first + 256 second. */
export function pairsOf(values: Float32Array): Float64Array {
  const size = values.length;
  const pairs = new Float32Array(2 * (256 * (size - 1) + size));
  for (let second = 0; second < size; second++) {
    for (let first = 0; first < size; first++) {
      pairs[2 * (first + 256 * second)] = values[first];
      pairs[2 * (first + 256 * second) + 1] = values[second];
    }
  }
  return new Float64Array(pairs.buffer);
}

/** Four rows with the same table of values, scaled already, two at a time (pairsOf); `unit` scales the squares. */
export function decodePairs(band: WordBand, values: Float64Array, squares: Float64Array, unit: number) {
  const { words, pairs, start, row, cols, from, to, sums } = band;
  const columns = sums.cols;
  const [p, line, last] = [start >>> 2, cols >>> 2, to >>> 2];
  const [q, r, s] = [p + line, p + 2 * line, p + 3 * line];
  const out = (row * cols) / 2;
  const [out1, out2, out3] = [out + cols / 2, out + cols, out + (3 * cols) / 2];
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let k = from >>> 2, j = from; k < last; k++, j += 4) {
    const word0 = words[p + k];
    const word1 = words[q + k];
    const word2 = words[r + k];
    const word3 = words[s + k];
    pairs[out + 2 * k] = values[word0 & 0xffff];
    pairs[out + 2 * k + 1] = values[word0 >>> 16];
    pairs[out1 + 2 * k] = values[word1 & 0xffff];
    pairs[out1 + 2 * k + 1] = values[word1 >>> 16];
    pairs[out2 + 2 * k] = values[word2 & 0xffff];
    pairs[out2 + 2 * k + 1] = values[word2 >>> 16];
    pairs[out3 + 2 * k] = values[word3 & 0xffff];
    pairs[out3 + 2 * k + 1] = values[word3 >>> 16];
    const a0 = squares[word0 & 255];
    const b0 = squares[(word0 >>> 8) & 255];
    const c0 = squares[(word0 >>> 16) & 255];
    const d0 = squares[word0 >>> 24];
    const a1 = squares[word1 & 255];
    const b1 = squares[(word1 >>> 8) & 255];
    const c1 = squares[(word1 >>> 16) & 255];
    const d1 = squares[word1 >>> 24];
    const a2 = squares[word2 & 255];
    const b2 = squares[(word2 >>> 8) & 255];
    const c2 = squares[(word2 >>> 16) & 255];
    const d2 = squares[word2 >>> 24];
    const a3 = squares[word3 & 255];
    const b3 = squares[(word3 >>> 8) & 255];
    const c3 = squares[(word3 >>> 16) & 255];
    const d3 = squares[word3 >>> 24];
    sum0 += a0 + b0 + (c0 + d0);
    sum1 += a1 + b1 + (c1 + d1);
    sum2 += a2 + b2 + (c2 + d2);
    sum3 += a3 + b3 + (c3 + d3);
    columns[j] += unit * (a0 + a1 + (a2 + a3));
    columns[j + 1] += unit * (b0 + b1 + (b2 + b3));
    columns[j + 2] += unit * (c0 + c1 + (c2 + c3));
    columns[j + 3] += unit * (d0 + d1 + (d2 + d3));
  }
  sums.rows[row] += unit * sum0;
  sums.rows[row + 1] += unit * sum1;
  sums.rows[row + 2] += unit * sum2;
  sums.rows[row + 3] += unit * sum3;
}

/** Four rows with the same table of values, scaled already; `unit` scales the squares. */
export function decodeAlike(band: WordBand, values: Float32Array, squares: Float64Array, unit: number) {
  const { words, data, start, row, cols, from, to, sums } = band;
  const columns = sums.cols;
  const [p, line, last] = [start >>> 2, cols >>> 2, to >>> 2];
  const [q, r, s] = [p + line, p + 2 * line, p + 3 * line];
  const out = row * cols;
  const [out1, out2, out3] = [out + cols, out + 2 * cols, out + 3 * cols];
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let k = from >>> 2, j = from; k < last; k++, j += 4) {
    const word0 = words[p + k];
    const word1 = words[q + k];
    const word2 = words[r + k];
    const word3 = words[s + k];
    data[out + j] = values[word0 & 255];
    data[out + j + 1] = values[(word0 >>> 8) & 255];
    data[out + j + 2] = values[(word0 >>> 16) & 255];
    data[out + j + 3] = values[word0 >>> 24];
    data[out1 + j] = values[word1 & 255];
    data[out1 + j + 1] = values[(word1 >>> 8) & 255];
    data[out1 + j + 2] = values[(word1 >>> 16) & 255];
    data[out1 + j + 3] = values[word1 >>> 24];
    data[out2 + j] = values[word2 & 255];
    data[out2 + j + 1] = values[(word2 >>> 8) & 255];
    data[out2 + j + 2] = values[(word2 >>> 16) & 255];
    data[out2 + j + 3] = values[word2 >>> 24];
    data[out3 + j] = values[word3 & 255];
    data[out3 + j + 1] = values[(word3 >>> 8) & 255];
    data[out3 + j + 2] = values[(word3 >>> 16) & 255];
    data[out3 + j + 3] = values[word3 >>> 24];
    const a0 = squares[word0 & 255];
    const b0 = squares[(word0 >>> 8) & 255];
    const c0 = squares[(word0 >>> 16) & 255];
    const d0 = squares[word0 >>> 24];
    const a1 = squares[word1 & 255];
    const b1 = squares[(word1 >>> 8) & 255];
    const c1 = squares[(word1 >>> 16) & 255];
    const d1 = squares[word1 >>> 24];
    const a2 = squares[word2 & 255];
    const b2 = squares[(word2 >>> 8) & 255];
    const c2 = squares[(word2 >>> 16) & 255];
    const d2 = squares[word2 >>> 24];
    const a3 = squares[word3 & 255];
    const b3 = squares[(word3 >>> 8) & 255];
    const c3 = squares[(word3 >>> 16) & 255];
    const d3 = squares[word3 >>> 24];
    sum0 += a0 + b0 + (c0 + d0);
    sum1 += a1 + b1 + (c1 + d1);
    sum2 += a2 + b2 + (c2 + d2);
    sum3 += a3 + b3 + (c3 + d3);
    columns[j] += unit * (a0 + a1 + (a2 + a3));
    columns[j + 1] += unit * (b0 + b1 + (b2 + b3));
    columns[j + 2] += unit * (c0 + c1 + (c2 + c3));
    columns[j + 3] += unit * (d0 + d1 + (d2 + d3));
  }
  sums.rows[row] += unit * sum0;
  sums.rows[row + 1] += unit * sum1;
  sums.rows[row + 2] += unit * sum2;
  sums.rows[row + 3] += unit * sum3;
}

/** Four rows with a scale and an offset each: the values of one after the other, then what rounding adds. */
export function decodeScaled(band: WordBand, { values }: CodeTable, squares: Float64Array, given: Factors) {
  const { words, data, start, row, cols, from, to } = band;
  for (let i = 0; i < BAND; i++) {
    const scale = given.scales[i];
    const offset = given.offsets[i];
    const line = (start + i * cols) >>> 2;
    for (let k = from >>> 2, out = (row + i) * cols + from; k < to >>> 2; k++, out += 4) {
      const word = words[line + k];
      data[out] = values[word & 255] * scale + offset;
      data[out + 1] = values[(word >>> 8) & 255] * scale + offset;
      data[out + 2] = values[(word >>> 16) & 255] * scale + offset;
      data[out + 3] = values[word >>> 24] * scale + offset;
    }
  }
  addSquares(band, squares, given.scales);
}

/** The sums of the squares times those of the rows' scales. */
function addSquares(band: WordBand, squares: Float64Array, scales: ArrayLike<number>) {
  const { words, start, row, cols, from, to, sums } = band;
  const columns = sums.cols;
  const [p, line, last] = [start >>> 2, cols >>> 2, to >>> 2];
  const [q, r, s] = [p + line, p + 2 * line, p + 3 * line];
  const unit0 = scales[0] * scales[0];
  const unit1 = scales[1] * scales[1];
  const unit2 = scales[2] * scales[2];
  const unit3 = scales[3] * scales[3];
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let k = from >>> 2, j = from; k < last; k++, j += 4) {
    const word0 = words[p + k];
    const word1 = words[q + k];
    const word2 = words[r + k];
    const word3 = words[s + k];
    const a0 = squares[word0 & 255];
    const b0 = squares[(word0 >>> 8) & 255];
    const c0 = squares[(word0 >>> 16) & 255];
    const d0 = squares[word0 >>> 24];
    const a1 = squares[word1 & 255];
    const b1 = squares[(word1 >>> 8) & 255];
    const c1 = squares[(word1 >>> 16) & 255];
    const d1 = squares[word1 >>> 24];
    const a2 = squares[word2 & 255];
    const b2 = squares[(word2 >>> 8) & 255];
    const c2 = squares[(word2 >>> 16) & 255];
    const d2 = squares[word2 >>> 24];
    const a3 = squares[word3 & 255];
    const b3 = squares[(word3 >>> 8) & 255];
    const c3 = squares[(word3 >>> 16) & 255];
    const d3 = squares[word3 >>> 24];
    sum0 += a0 + b0 + (c0 + d0);
    sum1 += a1 + b1 + (c1 + d1);
    sum2 += a2 + b2 + (c2 + d2);
    sum3 += a3 + b3 + (c3 + d3);
    columns[j] += a0 * unit0 + a1 * unit1 + (a2 * unit2 + a3 * unit3);
    columns[j + 1] += b0 * unit0 + b1 * unit1 + (b2 * unit2 + b3 * unit3);
    columns[j + 2] += c0 * unit0 + c1 * unit1 + (c2 * unit2 + c3 * unit3);
    columns[j + 3] += d0 * unit0 + d1 * unit1 + (d2 * unit2 + d3 * unit3);
  }
  sums.rows[row] += sum0 * unit0;
  sums.rows[row + 1] += sum1 * unit1;
  sums.rows[row + 2] += sum2 * unit2;
  sums.rows[row + 3] += sum3 * unit3;
}

/** One row: its scales begin at `line`, and `groups` names the one of each column. */
export function decodeRow(
  { codes, start, data, row, cols, sums }: Band,
  { values }: CodeTable,
  squares: Float64Array,
  { scales, offsets }: Factors,
  line: number,
  groups: ArrayLike<number>,
) {
  const columns = sums.cols;
  const out = row * cols;
  let sum = 0;
  for (let j = 0; j < cols; j++) {
    const g = line + groups[j];
    const code = codes[start + j];
    const h = squares[code] * scales[g] * scales[g];
    data[out + j] = values[code] * scales[g] + offsets[g];
    sum += h;
    columns[j] += h;
  }
  sums.rows[row] += sum;
}
