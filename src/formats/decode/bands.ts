// The inner loops of decodeGrid: values = table[code] * scale + offset, and the sums of squared half-steps, of four
// rows side by side or of one. Four read and write the sums of the columns once for all.
// Cost: about 1 ns an element, beside what the system takes for fresh memory.
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

/** For each block of columns, or for each row of a band. */
export interface Factors {
  scales: ArrayLike<number>;
  offsets: ArrayLike<number>;
}

/** Four rows with the same table of values, scaled already. */
export function decodeAlike(band: Band, values: Float32Array, squares: Float64Array) {
  const { codes, start: p, data, row, cols, from, to, sums } = band;
  const columns = sums.cols;
  const [q, r, s] = [p + cols, p + 2 * cols, p + 3 * cols];
  const out = row * cols;
  const [out1, out2, out3] = [out + cols, out + 2 * cols, out + 3 * cols];
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let j = from; j < to; j++) {
    const code0 = codes[p + j];
    const code1 = codes[q + j];
    const code2 = codes[r + j];
    const code3 = codes[s + j];
    data[out + j] = values[code0];
    data[out1 + j] = values[code1];
    data[out2 + j] = values[code2];
    data[out3 + j] = values[code3];
    const h0 = squares[code0];
    const h1 = squares[code1];
    const h2 = squares[code2];
    const h3 = squares[code3];
    sum0 += h0;
    sum1 += h1;
    sum2 += h2;
    sum3 += h3;
    columns[j] += h0 + h1 + (h2 + h3);
  }
  sums.rows[row] += sum0;
  sums.rows[row + 1] += sum1;
  sums.rows[row + 2] += sum2;
  sums.rows[row + 3] += sum3;
}

/** Four rows with a scale and an offset each. */
export function decodeScaled(band: Band, { values }: CodeTable, squares: Float64Array, given: Factors) {
  const { codes, start: p, data, row, cols, from, to, sums } = band;
  const columns = sums.cols;
  const [q, r, s] = [p + cols, p + 2 * cols, p + 3 * cols];
  const out = row * cols;
  const [out1, out2, out3] = [out + cols, out + 2 * cols, out + 3 * cols];
  const { scales: t, offsets: o } = given;
  const [scale0, scale1, scale2, scale3] = [t[0], t[1], t[2], t[3]];
  const [offset0, offset1, offset2, offset3] = [o[0], o[1], o[2], o[3]];
  const [unit0, unit1, unit2, unit3] = [scale0 * scale0, scale1 * scale1, scale2 * scale2, scale3 * scale3];
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let j = from; j < to; j++) {
    const code0 = codes[p + j];
    const code1 = codes[q + j];
    const code2 = codes[r + j];
    const code3 = codes[s + j];
    data[out + j] = values[code0] * scale0 + offset0;
    data[out1 + j] = values[code1] * scale1 + offset1;
    data[out2 + j] = values[code2] * scale2 + offset2;
    data[out3 + j] = values[code3] * scale3 + offset3;
    const h0 = squares[code0];
    const h1 = squares[code1];
    const h2 = squares[code2];
    const h3 = squares[code3];
    sum0 += h0;
    sum1 += h1;
    sum2 += h2;
    sum3 += h3;
    columns[j] += h0 * unit0 + h1 * unit1 + (h2 * unit2 + h3 * unit3);
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
