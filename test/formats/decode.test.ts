// Every packing against a decoder that takes one element at a time, straight from the format: random codes in, the same
// numbers out, and the storage tolerance of the half-steps. Shapes have edges that fill no block, groups out of order.
import { describe, expect, test } from 'vitest';
import { all, check, type Element } from './helpers.js';
import { bytesOf, gguf, type SafetensorSpec, safetensors, utf8 } from './write.js';

let state = 29;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const below = (n: number) => Math.floor(random() * n);
const floats = (n: number) => Float32Array.from({ length: n }, () => random() + 0.25);
const bytes = (n: number, most = 256) => Uint8Array.from({ length: n }, () => below(most));
const words = (n: number) => Int32Array.from({ length: n }, () => below(2 ** 32));
const spec = (dtype: string, shape: number[], data: ArrayBufferView): SafetensorSpec => ({
  dtype,
  shape,
  data: bytesOf(data),
});

/** Code number k of a stream of bits in 32-bit words, lowest first; word(n) is the n-th of them. */
function bitsAt(word: (n: number) => number, k: number, bits: number): number {
  let code = 0;
  for (let b = 0; b < bits; b++) {
    const at = k * bits + b;
    code += ((word(at >> 5) >>> (at & 31)) & 1) * 2 ** b;
  }
  return code;
}

const nibble = (data: Uint8Array, k: number) => (data[k >> 1] >> (k % 2 ? 4 : 0)) & 15;
/** The eight magnitudes of e2m1, and half the distance to the next. */
const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
const e2m1 = (code: number): [number, number] => [
  E2M1[code & 7] * (code & 8 ? -1 : 1),
  (code & 7) < 4 ? 0.25 : (code & 7) < 6 ? 0.5 : 1,
];
function e4m3(code: number): [number, number] {
  const [e, m] = [(code >> 3) & 15, code & 7];
  const value = e === 0 ? m / 8 / 64 : (1 + m / 8) * 2 ** (e - 7);
  return [code & 128 ? -value : value, 2 ** (Math.max(e, 1) - 7) / 16];
}

describe('safetensors', () => {
  const at = (model: Record<string, SafetensorSpec>, shape: [number, number], element: Element) =>
    check(safetensors(model), 'm.safetensors', shape, element);

  test('FP8 with blocks of 128, the last ones cut', async () => {
    const [rows, cols] = [130, 260];
    const [codes, scales] = [bytes(rows * cols, 120), floats(2 * 3)];
    const model = { 'a.weight': spec('F8_E4M3', [rows, cols], codes) };
    const scale = { 'a.weight_scale_inv': spec('F32', [2, 3], scales) };
    await at({ ...model, ...scale }, [rows, cols], (i, j) => {
      const s = scales[(i >> 7) * 3 + (j >> 7)];
      const [value, h] = e4m3(codes[i * cols + j]);
      return [value * s, h * s];
    });
  });

  test.each([2, 3, 4, 8])('GPTQ, %i bits, groups in any order', async (bits) => {
    const [inputs, outputs, groups] = [64, 32, 4];
    const [q, z, scales] = [
      words((inputs * bits * outputs) / 32),
      words(groups * bits),
      floats(groups * outputs),
    ];
    const order = Int32Array.from({ length: inputs }, () => below(groups));
    const model = {
      'a.qweight': spec('I32', [(inputs * bits) / 32, outputs], q),
      'a.qzeros': spec('I32', [groups, (outputs * bits) / 32], z),
      'a.scales': spec('F32', [groups, outputs], scales),
      'a.g_idx': spec('I32', [inputs], order),
    };
    const storage = await at(model, [outputs, inputs], (o, i) => {
      const [g, s] = [order[i], scales[order[i] * outputs + o]];
      const code = bitsAt((n) => q[n * outputs + o], i, bits);
      const zero = bitsAt((n) => z[g * bits + n], o, bits);
      return [s * (code - zero - 1), s / 2];
    });
    expect(storage).toBe(`gptq-int${bits}`);
  });

  test('AWQ: columns of a word in the order 0 2 4 6 1 3 5 7', async () => {
    const [inputs, outputs, groups] = [32, 24, 2];
    const [q, z, scales] = [
      words((inputs * outputs) / 8),
      words((groups * outputs) / 8),
      floats(groups * outputs),
    ];
    const model = {
      'a.qweight': spec('I32', [inputs, outputs / 8], q),
      'a.qzeros': spec('I32', [groups, outputs / 8], z),
      'a.scales': spec('F32', [groups, outputs], scales),
    };
    const code = (from: Int32Array, row: number, column: number) =>
      (from[row * (outputs / 8) + (column >> 3)] >>> (4 * [0, 4, 1, 5, 2, 6, 3, 7][column & 7])) & 15;
    await at(model, [outputs, inputs], (o, i) => {
      const s = scales[(i >> 4) * outputs + o];
      return [s * (code(q, i, o) - code(z, i >> 4, o)), s / 2];
    });
  });

  test('bitsandbytes int8', async () => {
    const [codes, scb] = [bytes(5 * 8), floats(5)];
    const model = { 'a.weight': spec('I8', [5, 8], codes), 'a.SCB': spec('F32', [5], scb) };
    await at(model, [5, 8], (i, j) => [(((codes[i * 8 + j] << 24) >> 24) * scb[i]) / 127, scb[i] / 254]);
  });

  test('bitsandbytes 4 bits, scales quantised too, blocks over the ends of rows', async () => {
    const [rows, cols] = [6, 48];
    const [codes, absmax, nested] = [bytes((rows * cols) / 2), bytes(5), floats(2)];
    const table = Float32Array.from({ length: 16 }, (_, k) => (k - 7.5) ** 3 / 422);
    const map = Float32Array.from({ length: 256 }, (_, k) => k / 256);
    const json = {
      quant_type: 'nf4',
      blocksize: 64,
      shape: [rows, cols],
      nested_blocksize: 4,
      nested_offset: 0.5,
    };
    const state = utf8(JSON.stringify(json));
    const model = {
      'a.weight': spec('U8', [codes.length, 1], codes),
      'a.weight.absmax': spec('U8', [5], absmax),
      'a.weight.quant_map': spec('F32', [16], table),
      'a.weight.nested_absmax': spec('F32', [2], nested),
      'a.weight.nested_quant_map': spec('F32', [256], map),
      'a.weight.quant_state.bitsandbytes__nf4': spec('U8', [state.length], state),
    };
    await at(model, [rows, cols], (i, j) => {
      const p = i * cols + j;
      const code = p % 2 ? codes[p >> 1] & 15 : codes[p >> 1] >> 4;
      const s = map[absmax[p >> 6]] * nested[p >> 8] + 0.5;
      const gap = (k: number) => Math.abs(table[Math.min(15, Math.max(0, k))] - table[code]);
      const [low, high] = [gap(code - 1), gap(code + 1)];
      return [table[code] * s, (((low || high) + (high || low)) / 4) * s];
    });
  });

  test.each([2, 3, 4, 5, 6, 8])('MLX, %i bits', async (bits) => {
    const [rows, cols, groups] = [5, 128, 2];
    const per = (cols * bits) / 32;
    const [q, scales, biases] = [words(rows * per), floats(rows * groups), floats(rows * groups)];
    const model = {
      'a.weight': spec('U32', [rows, per], q),
      'a.scales': spec('F32', [rows, groups], scales),
      'a.biases': spec('F32', [rows, groups], biases),
    };
    await at(model, [rows, cols], (i, j) => {
      const g = i * groups + (j >> 6);
      return [scales[g] * bitsAt((n) => q[i * per + n], j, bits) + biases[g], scales[g] / 2];
    });
  });

  test('MXFP4', async () => {
    const [rows, groups] = [3, 2];
    const [codes, scales] = [
      bytes(rows * groups * 16),
      Uint8Array.from({ length: 6 }, () => 120 + below(12)),
    ];
    const model = {
      a_blocks: spec('U8', [rows, groups, 16], codes),
      a_scales: spec('U8', [rows, groups], scales),
    };
    await at(model, [rows, 64], (i, j) => {
      const s = 2 ** (scales[i * groups + (j >> 5)] - 127);
      const [value, h] = e2m1(nibble(codes, i * 64 + j));
      return [value * s, h * s];
    });
  });

  // Exponents for 16 bytes: two codes in each (DeepSeek-V4); for 32: numbers (MXINT8).
  test.each([16, 32])('int8 with an exponent for %i', async (group) => {
    const [rows, groups] = [3, 2];
    const codes = bytes(rows * groups * group);
    const scales = Uint8Array.from({ length: rows * groups }, () => 120 + below(12));
    const model = {
      'a.weight': spec('I8', [rows, groups * group], codes),
      'a.scale': spec('F8_E8M0', [rows, groups], scales),
    };
    const numbers = new Int8Array(codes.buffer);
    const cols = group === 16 ? 64 : groups * group;
    const storage = await at(model, [rows, cols], (i, j) => {
      const s = 2 ** (scales[i * groups + (j >> 5)] - 127);
      const [value, h] = group === 16 ? e2m1(nibble(codes, i * cols + j)) : [numbers[i * cols + j], 0.5];
      return [value * s, h * s];
    });
    expect(storage).toBe(group === 16 ? 'mxfp4' : 'int8 x group scales');
  });

  test.each([
    ['uint8, second scale multiplied', 'U8', '.weight', '.weight_scale_2'],
    ['F4', 'F4', '.weight', '.weight_scale_2'],
    ['uint8, second scale divided by', 'U8', '.weight_packed', '.weight_global_scale'],
  ])('NVFP4: %s', async (_, dtype, own, second) => {
    const [rows, cols] = [3, 48];
    const [codes, scales] = [bytes((rows * cols) / 2), bytes(rows * 3, 120)];
    const model = {
      [`a${own}`]: spec(dtype, [rows, dtype === 'F4' ? cols : cols / 2], codes),
      'a.weight_scale': spec('F8_E4M3', [rows, 3], scales),
      [`a${second}`]: spec('F32', [1], Float32Array.of(4)),
    };
    await at(model, [rows, cols], (i, j) => {
      const s = e4m3(scales[i * 3 + (j >> 4)])[0] * (second.endsWith('_2') ? 4 : 1 / 4);
      const [value, h] = e2m1(nibble(codes, i * cols + j));
      return [value * s, h * s];
    });
  });

  test.each([4, 8])('compressed-tensors, %i bits, with zero points', async (bits) => {
    const [rows, cols, groups] = [16, 24, 3];
    const per = 32 / bits;
    const [q, z] = [words((rows * cols) / per), words((rows / per) * groups)];
    const scales = floats(rows * groups);
    const model = {
      'a.weight_packed': spec('I32', [rows, cols / per], q),
      'a.weight_scale': spec('F32', [rows, groups], scales),
      'a.weight_zero_point': spec('I32', [rows / per, groups], z),
      'a.weight_shape': spec('I64', [2], BigInt64Array.of(BigInt(rows), BigInt(cols))),
    };
    await at(model, [rows, cols], (i, j) => {
      const g = j >> 3;
      const code = bitsAt((n) => q[(i * cols) / per + n], j, bits);
      const zero = bitsAt((n) => z[n * groups + g], i, bits);
      return [scales[i * groups + g] * (code - zero), scales[i * groups + g] / 2];
    });
  });
});

/** float16 at a byte. */
function half(b: Uint8Array, at: number): number {
  const word = b[at] + 256 * b[at + 1];
  const [e, m] = [(word >> 10) & 31, word & 1023];
  return (word & 0x8000 ? -1 : 1) * (e ? (1 + m / 1024) * 2 ** (e - 15) : m * 2 ** -24);
}
const signed = (byte: number) => (byte > 127 ? byte - 256 : byte);
const IQ4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
function iq4(code: number): [number, number] {
  const gap = (k: number) => Math.abs(IQ4[Math.min(15, Math.max(0, k))] - IQ4[code]);
  const [low, high] = [gap(code - 1), gap(code + 1)];
  return [IQ4[code], ((low || high) + (high || low)) / 4];
}
/** Code k of 32 in 16 bytes: low nibbles are the first half. */
const inHalves = (b: Uint8Array, at: number, k: number) => (b[at + (k & 15)] >> (k > 15 ? 4 : 0)) & 15;
/** Scale and minimum of 6 bits, number g of 8 in 12 bytes. */
function scaleAndMin(b: Uint8Array, at: number, g: number): [number, number] {
  const [low, high] = [b[at + (g & 3)], b[at + 4 + (g & 3)]];
  if (g < 4) return [low & 63, high & 63];
  const last = b[at + 8 + (g & 3)];
  return [(last & 15) + 16 * (low >> 6), (last >> 4) + 16 * (high >> 6)];
}

type Block = (b: Uint8Array, k: number) => [value: number, h: number];
/** ggml type, values and bytes of a block, where its float16 scales are, and element k. */
const BLOCKS: Record<string, [type: number, size: number, bytes: number, halves: number[], block: Block]> = {
  q4_0: [2, 32, 18, [0], (b, k) => [half(b, 0) * (inHalves(b, 2, k) - 8), half(b, 0) / 2]],
  q4_1: [3, 32, 20, [0, 2], (b, k) => [half(b, 0) * inHalves(b, 4, k) + half(b, 2), half(b, 0) / 2]],
  q5_0: [
    6,
    32,
    22,
    [0],
    (b, k) => {
      const code = inHalves(b, 6, k) + 16 * ((b[2 + (k >> 3)] >> (k & 7)) & 1);
      return [half(b, 0) * (code - 16), half(b, 0) / 2];
    },
  ],
  q5_1: [
    7,
    32,
    24,
    [0, 2],
    (b, k) => {
      const code = inHalves(b, 8, k) + 16 * ((b[4 + (k >> 3)] >> (k & 7)) & 1);
      return [half(b, 0) * code + half(b, 2), half(b, 0) / 2];
    },
  ],
  q8_0: [8, 32, 34, [0], (b, k) => [half(b, 0) * signed(b[2 + k]), half(b, 0) / 2]],
  q2_K: [
    10,
    256,
    84,
    [80, 82],
    (b, k) => {
      const scale = b[k >> 4];
      const code = (b[16 + 32 * (k >> 7) + (k & 31)] >> (2 * ((k >> 5) & 3))) & 3;
      const d = half(b, 80) * (scale & 15);
      return [d * code - half(b, 82) * (scale >> 4), d / 2];
    },
  ],
  q3_K: [
    11,
    256,
    110,
    [108],
    (b, k) => {
      const low = (b[32 + 32 * (k >> 7) + (k & 31)] >> (2 * ((k >> 5) & 3))) & 3;
      const high = (b[k & 31] >> (k >> 5)) & 1;
      const g = k >> 4;
      const four = (b[96 + (g & 7)] >> (g > 7 ? 4 : 0)) & 15;
      const two = (b[104 + (g & 3)] >> (2 * (g >> 2))) & 3;
      const d = half(b, 108) * (four + 16 * two - 32);
      return [d * (low + 4 * high - 4), Math.abs(d) / 2];
    },
  ],
  q4_K: [
    12,
    256,
    144,
    [0, 2],
    (b, k) => {
      const [scale, min] = scaleAndMin(b, 4, k >> 5);
      const code = (b[16 + 32 * (k >> 6) + (k & 31)] >> (k & 32 ? 4 : 0)) & 15;
      return [half(b, 0) * scale * code - half(b, 2) * min, (half(b, 0) * scale) / 2];
    },
  ],
  q5_K: [
    13,
    256,
    176,
    [0, 2],
    (b, k) => {
      const [scale, min] = scaleAndMin(b, 4, k >> 5);
      const low = (b[48 + 32 * (k >> 6) + (k & 31)] >> (k & 32 ? 4 : 0)) & 15;
      const code = low + 16 * ((b[16 + (k & 31)] >> (k >> 5)) & 1);
      return [half(b, 0) * scale * code - half(b, 2) * min, (half(b, 0) * scale) / 2];
    },
  ],
  q6_K: [
    14,
    256,
    210,
    [208],
    (b, k) => {
      const low = (b[64 * (k >> 7) + (k & 63)] >> (k & 64 ? 4 : 0)) & 15;
      const high = (b[128 + 32 * (k >> 7) + (k & 31)] >> (2 * ((k >> 5) & 3))) & 3;
      const d = half(b, 208) * signed(b[192 + (k >> 4)]);
      return [d * (low + 16 * high - 32), Math.abs(d) / 2];
    },
  ],
  iq4_NL: [
    20,
    32,
    18,
    [0],
    (b, k) => {
      const [value, h] = iq4(inHalves(b, 2, k));
      return [half(b, 0) * value, half(b, 0) * h];
    },
  ],
  iq4_XS: [
    23,
    256,
    136,
    [0],
    (b, k) => {
      const g = k >> 5;
      const low = (b[4 + (g >> 1)] >> (4 * (g & 1))) & 15;
      const high = ((b[2] + 256 * b[3]) >> (2 * g)) & 3;
      const d = half(b, 0) * (low + 16 * high - 32);
      const [value, h] = iq4(inHalves(b, 8 + 16 * g, k & 31));
      return [d * value, Math.abs(d) * h];
    },
  ],
  mxfp4: [
    39,
    32,
    17,
    [],
    (b, k) => {
      const d = 2 ** (b[0] - 127);
      const [value, h] = e2m1(inHalves(b, 1, k));
      return [d * value, d * h];
    },
  ],
  nvfp4: [
    40,
    64,
    36,
    [],
    (b, k) => {
      const [g, i] = [k >> 4, k & 15];
      const [e, m] = [(b[g] >> 3) & 15, b[g] & 7];
      const d = e === 0 ? m * 2 ** -9 : (1 + m / 8) * 2 ** (e - 7);
      const byte = b[4 + 8 * g + (i & 7)];
      const [value, h] = e2m1(i < 8 ? byte & 15 : byte >> 4);
      return [d * value, d * h];
    },
  ],
};

describe('GGUF', () => {
  test.each([
    ['one for all', 'a.weight', [64, 2], [2.5]],
    ['one for each expert', 'blk.0.ffn_up_exps.weight', [64, 1, 2], [2.5, -3]],
  ])('the second scale of NVFP4: %s', async (_, weight, dims, scales) => {
    const block = Uint8Array.of(0x38, 0x38, 0x38, 0x38, ...new Array(32).fill(0x42)); // 1 x (1 and 2)
    const tensors = [
      { name: weight, dims, type: 40, data: Uint8Array.of(...block, ...block) },
      {
        name: weight.replace('weight', 'scale'),
        dims: [scales.length],
        type: 0,
        data: bytesOf(Float32Array.from(scales)),
      },
    ];
    const read = await all(gguf(tensors, []), { name: 'm.gguf' });
    const made = read.filter(({ storage }) => storage === 'nvfp4');
    expect(made.map(({ data }) => [data[0], data[8]])).toEqual(scales.map((s) => [s, 2 * s]));
    // h of 1 and 2: a quarter and a half
    expect(made[0].noise).toBeGreaterThan(0.25 * 2.5);
    tensors[1] = { ...tensors[1], dims: [3], data: bytesOf(Float32Array.of(1, 2, 3)) };
    await expect(all(gguf(tensors, []), { name: 'm.gguf' })).rejects.toThrow('is no second scale');
  });

  test.each(Object.entries(BLOCKS))('%s', async (name, [type, size, length, halves, block]) => {
    const [rows, cols] = [3, 2 * size];
    const blocks = Array.from({ length: 2 * rows }, () => {
      const b = bytes(length);
      for (const at of halves) b[at + 1] = 0x30 + below(8); // positive, near 1
      if (name === 'mxfp4') b[0] = 120 + below(12);
      if (name === 'nvfp4') for (let g = 0; g < 4; g++) b[g] = 0x20 + below(0x40);
      return b;
    });
    const data = Uint8Array.from(blocks.flatMap((b) => [...b]));
    const file = gguf([{ name: 'a', dims: [cols, rows], type, data }], []);
    const storage = await check(file, 'm.gguf', [rows, cols], (i, j) =>
      block(blocks[2 * i + Math.floor(j / size)], j % size),
    );
    expect(storage).toBe(name);
  });
});
