// ONNX's quantised weights against the operators' definitions, an element at a time.
import { describe, expect, test } from 'vitest';
import { all, one, salvage } from '../helpers.js';
import { bytesOf, intAttribute, onnxGraph, onnxModel, onnxNode, onnxTensor } from '../write.js';

let state = 31;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const below = (n: number) => Math.floor(random() * n);
const bytes = (n: number) => Uint8Array.from({ length: n }, () => below(256));
const floats = (n: number) => Float32Array.from({ length: n }, () => random() + 0.25);
const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const nibble = (data: Uint8Array, k: number) => (data[k >> 1] >> (k % 2 ? 4 : 0)) & 15;
const INT4 = 22;
const UINT4 = 21;

async function decoded(op: string, ints: Record<string, number>, inputs: Parameters<typeof onnxTensor>[0][]) {
  const attributes = Object.entries(ints).map(([name, value]) => intAttribute(name, value));
  const names = inputs.map((t) => t.name ?? '');
  const first = op.startsWith('MatMul') ? ['x'] : [];
  const node = onnxNode({ op, inputs: [...first, ...names], outputs: ['y'], attributes });
  return one(onnxModel(onnxGraph([node], inputs.filter((t) => t.raw).map(onnxTensor))), { name: 'm.onnx' });
}

/** Codes of a type out of its bytes. */
const CODES: Record<
  number,
  [name: string, size: (n: number) => number, code: (b: Uint8Array, k: number) => number]
> = {
  2: ['uint8', (n) => n, (b, k) => b[k]],
  3: ['int8', (n) => n, (b, k) => (b[k] > 127 ? b[k] - 256 : b[k])],
  [UINT4]: ['uint4', (n) => Math.ceil(n / 2), nibble],
  [INT4]: ['int4', (n) => Math.ceil(n / 2), (b, k) => (nibble(b, k) > 7 ? nibble(b, k) - 16 : nibble(b, k))],
};

describe('DequantizeLinear', () => {
  const shape = [5, 6, 3];
  const cases: [
    what: string,
    grid: number[],
    ints: Record<string, number>,
    at: (index: number[]) => number,
  ][] = [
    ['one scale', [], {}, () => 0],
    ['axis 0', [5], { axis: 0 }, ([i]) => i],
    ['axis 1', [6], { axis: 1 }, ([, j]) => j],
    ['the last axis', [3], { axis: -1 }, ([, , k]) => k],
    ['blocks along axis 0', [3, 6, 3], { axis: 0, block_size: 2 }, ([i, j, k]) => ((i >> 1) * 6 + j) * 3 + k],
    ['blocks along axis 1', [5, 2, 3], { axis: 1, block_size: 4 }, ([i, j, k]) => (i * 2 + (j >> 2)) * 3 + k],
  ];
  for (const [type, [name, size, code]] of Object.entries(CODES)) {
    test.each(cases)(`${name}, %s`, async (_, grid, ints, at) => {
      const [raw, scales, zeros] = [
        bytes(size(product(shape))),
        floats(product(grid)),
        bytes(size(product(grid))),
      ];
      const { data, noise } = await decoded('DequantizeLinear', ints, [
        { name: 'w', dims: shape, type: Number(type), raw },
        { name: 's', dims: grid, type: 1, raw: bytesOf(scales) },
        { name: 'z', dims: grid, type: Number(type), raw: zeros },
      ]);
      const [down, across] = [new Array(5).fill(0), new Array(18).fill(0)];
      for (let p = 0; p < 90; p++) {
        const index = [Math.floor(p / 18), Math.floor(p / 3) % 6, p % 3];
        const s = at(index);
        const want = (code(raw, p) - code(zeros, s)) * scales[s];
        expect((data as Float32Array)[p]).toBeCloseTo(want, 3);
        down[index[0]] += scales[s] ** 2 / 12;
        across[p % 18] += scales[s] ** 2 / 12;
      }
      expect(noise).toBeCloseTo(Math.sqrt(Math.max(...down)) + Math.sqrt(Math.max(...across)), 5);
    });
  }
});

describe('MatMulNBits', () => {
  const [N, K, block_size] = [3, 40, 16];
  const blocks = 3; // of 16, the last one cut
  const ints = { N, K, block_size };
  test.each([
    [4, 'packed zero points'],
    [4, 'floats as zero points'],
    [4, 'none'],
    [4, 'g_idx'],
    [8, 'packed zero points'],
    [2, 'packed zero points'],
  ])('%i bits, %s', async (bits, kind) => {
    const codes = bytes((N * blocks * block_size * bits) / 8);
    const [scales, floating] = [floats(N * blocks), floats(N * blocks)];
    const line = Math.ceil((blocks * bits) / 8);
    const zeros = bytes(N * line);
    const order = Int32Array.from({ length: K }, () => below(blocks));
    const per = 8 / bits;
    const at = (b: Uint8Array, k: number) => (b[Math.floor(k / per)] >> (bits * (k % per))) & (2 ** bits - 1);
    const zero = (i: number, g: number) => {
      if (kind === 'packed zero points') return at(zeros.subarray(i * line), g);
      return kind === 'floats as zero points' ? floating[i * blocks + g] : 2 ** (bits - 1);
    };
    const absent = { name: '', dims: [], type: 1 };
    const { data, shape } = await decoded('MatMulNBits', { ...ints, bits }, [
      { name: 'w', dims: [N, blocks, (block_size * bits) / 8], type: 2, raw: codes },
      { name: 's', dims: [N * blocks], type: 1, raw: bytesOf(scales) },
      kind === 'packed zero points'
        ? { name: 'z', dims: [N * line], type: 2, raw: zeros }
        : kind === 'floats as zero points'
          ? { name: 'z', dims: [N, blocks], type: 1, raw: bytesOf(floating) }
          : absent,
      kind === 'g_idx' ? { name: 'g', dims: [K], type: 6, raw: bytesOf(order) } : absent,
    ]);
    expect(shape).toEqual([N, K]);
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < K; j++) {
        const g = kind === 'g_idx' ? order[j] : j >> 4;
        const code = at(codes.subarray((i * blocks * block_size * bits) / 8), j);
        const want = (code - zero(i, g)) * scales[i * blocks + g];
        expect((data as Float32Array)[i * K + j]).toBeCloseTo(want, 3);
      }
    }
  });
});

describe('GatherBlockQuantized', () => {
  const [rows, cols] = [5, 40];
  const scaled = async (bits: number, withZeros: boolean) => {
    const codes = bytes((rows * cols * bits) / 8);
    const [blocks, line] = [3, Math.ceil((3 * bits) / 8)]; // of 16, the last one cut
    const [scales, zeros] = [floats(rows * blocks), bytes(rows * line)];
    const inputs = [
      { name: 'w', dims: [rows, (cols * bits) / 8], type: 2, raw: codes },
      { name: 'i', dims: [2], type: 7 },
      { name: 's', dims: [rows, blocks], type: 1, raw: bytesOf(scales) },
      ...(withZeros ? [{ name: 'z', dims: [rows, line], type: 2, raw: zeros }] : []),
    ];
    const { data, shape } = await decoded('GatherBlockQuantized', { bits, block_size: 16 }, inputs);
    const per = 8 / bits;
    const at = (b: Uint8Array, k: number) => (b[Math.floor(k / per)] >> (bits * (k % per))) & (2 ** bits - 1);
    const zero = (i: number, g: number) => (withZeros ? at(zeros.subarray(i * line), g) : 2 ** (bits - 1));
    expect(shape).toEqual([rows, cols]);
    for (let p = 0; p < rows * cols; p++) {
      const [i, g] = [Math.floor(p / cols), (p % cols) >> 4];
      const want = (at(codes, p) - zero(i, g)) * scales[i * blocks + g];
      expect((data as Float32Array)[p]).toBeCloseTo(want, 3);
    }
  };
  test.each([2, 4, 8])('bytes of %i-bit codes, with zero points and without', async (bits) => {
    await scaled(bits, true);
    await scaled(bits, false);
  });
});

describe('MatMulBnb4', () => {
  const NF4 = [-1, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0];
  NF4.push(0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.723, 1);
  const FP4 = [0, 0.0625, 8, 12, 4, 6, 2, 3].map((v) => v / 12);
  const tables = [[...FP4, ...FP4.map((v) => -v)], NF4];
  test.each([0, 1])('type %i: the high nibble first, blocks that run over row ends', async (quant_type) => {
    const [N, K, block_size] = [3, 25, 16];
    const [codes, absmax] = [bytes(38), floats(5)];
    const inputs = [
      { name: 'w', dims: [38], type: 2, raw: codes },
      { name: 's', dims: [5], type: 1, raw: bytesOf(absmax) },
    ];
    const { data, shape } = await decoded('MatMulBnb4', { N, K, block_size, quant_type }, inputs);
    expect(shape).toEqual([N, K]);
    for (let p = 0; p < N * K; p++) {
      const code = p % 2 ? codes[p >> 1] & 15 : codes[p >> 1] >> 4;
      expect((data as Float32Array)[p]).toBeCloseTo(tables[quant_type][code] * absmax[p >> 4], 3);
    }
    await expect(decoded('MatMulBnb4', { N, K: 27, block_size, quant_type }, inputs)).rejects.toThrow(
      'does not fit it (MatMulBnb4)',
    );
  });
});

test('codes that two nodes scale in two ways have no rank, with the same scale twice they have', async () => {
  const codes = { name: 'w', dims: [2, 3], type: 3, raw: bytes(6) };
  const scale = (name: string) => ({ name, dims: [], type: 1, raw: bytesOf(floats(1)) });
  const read = (second: string) => {
    const nodes = ['s', second].map((s, i) =>
      onnxNode({ op: 'DequantizeLinear', inputs: ['w', s], outputs: [`y${i}`] }),
    );
    const weights = [codes, scale('s'), scale('t')].map(onnxTensor);
    return all(onnxModel(onnxGraph(nodes, weights)), { name: 'm.onnx' });
  };
  expect((await read('t'))[0].packed).toBe('packed (int8, with two scales), not analysed');
  expect((await read('s'))[0]).toMatchObject({ name: 'w', storage: 'int8 x scales' });
});

test('two weights of one name: neither is known to be the one', async () => {
  const weight = (name: string, ...values: number[]) =>
    onnxTensor({ name, dims: [1, 2], type: 1, raw: bytesOf(Float32Array.from(values)) });
  const graph = onnxGraph([], [weight('w', 1, 2), weight('v', 3, 4), weight('w', 5, 6)]);
  const { names, errors } = await salvage(onnxModel(graph), { name: 'm.onnx' });
  expect(names).toEqual(['v']);
  expect(errors.w).toBe("m.onnx: the graph has the weight 'w' twice.");
});
