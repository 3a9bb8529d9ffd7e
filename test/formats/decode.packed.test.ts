// Packed weights: the unpackers against bits counted one by one, the tolerance against its definition,
// and what is wrong with a file.
import { describe, expect, test } from 'vitest';
import { unpackAlongRows, unpackDownColumns, unpackNibbles } from '../../src/formats/decode/bits.js';
import { codeTable } from '../../src/formats/decode/codes.js';
import { decodeGrid, readGrid } from '../../src/formats/decode/grid.js';
import { salvage } from './helpers.js';
import { bytesOf, safetensors } from './write.js';

let state = 3;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const words = (n: number) => Int32Array.from({ length: n }, () => random() * 2 ** 32);

/** Code k of a stream of bits, lowest first. */
function codeAt(stream: readonly number[], k: number, bits: number): number {
  let code = 0;
  for (let b = 0; b < bits; b++) {
    const at = k * bits + b;
    code |= ((stream[at >> 5] >>> (at & 31)) & 1) << b;
  }
  return code;
}

describe('codes', () => {
  test.each([2, 3, 4, 5, 6, 8])('of %i bits, along rows and down columns', (bits) => {
    const [lines, per] = [5, 2 * bits];
    const count = (32 * per) / bits;
    const stored = words(lines * per);
    const rows = unpackAlongRows(stored, lines, per, bits, count);
    const columns = unpackDownColumns(stored, lines, bits, count);
    for (let i = 0; i < lines; i++) {
      const row = [...stored.subarray(i * per, (i + 1) * per)];
      const column = Array.from({ length: per }, (_, k) => stored[k * lines + i]);
      for (let k = 0; k < count; k++) {
        expect(rows[i * count + k]).toBe(codeAt(row, k, bits));
        expect(columns[i * count + k]).toBe(codeAt(column, k, bits));
      }
    }
  });

  test('two a byte', () => {
    expect([...unpackNibbles(Uint8Array.of(0x21, 0x43), 3)]).toEqual([1, 2, 3]);
    expect([...unpackNibbles(Uint8Array.of(0x21, 0x43), 3, true)]).toEqual([2, 1, 4]);
  });

  test.each([
    ['a scale for all, few elements', [61, 68], [1, 1], [61, 68]],
    ['a scale for all', [260, 1032], [1, 1], [260, 1032]],
    ['a scale for each row', [61, 68], [61, 1], [1, 68]],
    ['a scale for each column', [61, 68], [1, 68], [61, 1]],
    ['blocks of 12 x 8', [61, 68], [6, 9], [12, 8]],
    ['blocks of 60 x 64', [130, 132], [3, 3], [60, 64]],
    ['blocks of 12 x 6', [61, 66], [6, 11], [12, 6]],
    ['blocks of 7 x 67', [61, 67], [9, 1], [7, 67]],
  ])('a panel at a time, by the definition: %s', async (_, [rows, cols], [gridRows, gridCols], block) => {
    const [blockRows, blockCols] = block;
    const stored = Uint8Array.from(
      { length: 5 + rows * cols },
      () => random() * 120 + (random() < 0.5 ? 128 : 0),
    );
    const scales = Float32Array.from({ length: gridRows * gridCols }, random);
    const offsets = Float32Array.from(scales, random);
    const table = codeTable('float8_e4m3')!;
    const grid = { rows, cols, table, scales, offsets, gridCols, blockRows, blockCols };
    const asked: number[] = [];
    const words = async (from = 0, count = 0) => {
      asked.push(count);
      return stored.slice(from, from + count);
    };
    const entry = { name: 'w', dtype: 'float8_e4m3', shape: [rows, cols], words };
    const panels = await readGrid(grid, { ...entry, panel: 16 * cols - 1 }, { from: 5 });
    const lines = Array.from({ length: Math.ceil(rows / 16) }, (_, k) => Math.min(16, rows - 16 * k));
    expect(asked).toEqual(lines.map((count) => count * cols));
    const readInto = async (from: number, into: Uint8Array) =>
      into.set(stored.subarray(from, from + into.length));
    const filled = await readGrid(grid, { ...entry, panel: 16 * cols, readInto }, { from: 5 });
    const whole = await readGrid(grid, entry, { from: 5 });

    const data = new Float32Array(rows * cols);
    const sums = [new Float64Array(rows), new Float64Array(cols)];
    for (let p = 0; p < data.length; p++) {
      const [i, j] = [Math.floor(p / cols), p % cols];
      const at = Math.floor(i / blockRows) * gridCols + Math.floor(j / blockCols);
      data[p] = table.values[stored[5 + p]] * scales[at] + offsets[at];
      const h = table.steps[stored[5 + p]] * scales[at];
      sums[0][i] += (h * h) / 3;
      sums[1][j] += (h * h) / 3;
    }
    const noise = Math.sqrt(Math.max(...sums[0])) + Math.sqrt(Math.max(...sums[1]));
    for (const made of [panels, filled, whole]) {
      expect(Buffer.compare(Buffer.from(made.data.buffer), Buffer.from(data.buffer))).toBe(0);
      expect(made.noise / noise).toBeCloseTo(1, 12);
    }
  });

  test('times a grid of scales, cut at the edges, with the tolerance of the definition', () => {
    const [rows, cols, blockRows, blockCols] = [7, 11, 3, 4];
    const codes = Uint8Array.from({ length: rows * cols }, () => random() * 120);
    const scales = Float32Array.from({ length: 9 }, () => random() - 0.5);
    const table = codeTable('float8_e4m3')!;
    const { data, noise } = decodeGrid({
      codes,
      rows,
      cols,
      table,
      scales,
      gridCols: 3,
      blockRows,
      blockCols,
    });
    const [down, across] = [new Array(rows).fill(0), new Array(cols).fill(0)];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const [code, scale] = [codes[i * cols + j], scales[Math.floor(i / 3) * 3 + Math.floor(j / 4)]];
        const e = code >> 3;
        const value = e === 0 ? (code & 7) * 2 ** -9 : (1 + (code & 7) / 8) * 2 ** (e - 7);
        expect(data[i * cols + j]).toBe(Math.fround(value * scale) + 0);
        const h = 2 ** (Math.max(e, 1) - 7 - 4) * scale;
        down[i] += h ** 2 / 3;
        across[j] += h ** 2 / 3;
      }
    }
    expect(noise).toBeCloseTo(Math.sqrt(Math.max(...down)) + Math.sqrt(Math.max(...across)), 12);
  });
});

describe('what is wrong with a file is said, and nothing is guessed', () => {
  const weight = { dtype: 'F8_E4M3', shape: [4, 6], data: new Uint8Array(24).fill(0x38) };
  const scale = (values: number[], shape: number[]) => ({
    dtype: 'F32',
    shape,
    data: bytesOf(Float32Array.from(values)),
  });

  test('scales of a wrong shape, NaN scales', async () => {
    const wrong = await salvage(safetensors({ 'a.weight': weight, 'a.weight_scale': scale([1, 2, 3], [3]) }));
    expect(wrong.errors['a.weight']).toContain("'a.weight_scale' of shape [3] fits no 4 x 6 matrix");
    const nan = await salvage(
      safetensors({ 'a.weight': weight, 'a.weight_scale': scale([1, Number.NaN, 1, 1], [4]) }),
    );
    expect(nan.errors['a.weight']).toContain("'a.weight_scale' holds NaN at element 1");
  });

  test('missing partners', async () => {
    const data = new Uint8Array(64);
    const { tensors } = await salvage(safetensors({ 'a.qweight': { dtype: 'I32', shape: [2, 8], data } }));
    expect(tensors).toMatchObject([
      { name: 'a.weight', packed: 'packed (int32 qweight without .scales), not analysed' },
    ]);
    const adapter = { dtype: 'F32', shape: [2, 8], data };
    const half = await salvage(safetensors({ 'x.lora_A.weight': adapter }));
    expect(half.tensors[0].packed).toContain('an adapter without its lora_B.weight');
  });
});
