// The block types of .gguf files: 32 or 256 values with their scales in a few bytes. Each decoder writes the values and
// half-steps of one block; h is half of what separates two codes there.
// Source: ggml-common.h (layouts) and ggml-quants.c of llama.cpp; f16 scales, little-endian.
import { RoundingSums } from '../../input/rounding.js';
import { codeTable } from './codes.js';
import type { Decoded } from './grid.js';

type Block = (b: Uint8Array, at: number, out: Float32Array, to: number, steps: Float32Array) => void;

export interface BlockType {
  /** Values of a block. */
  size: number;
  /** Its bytes. */
  bytes: number;
  decode: Block;
}

const half = new Float32Array(65536);
for (let w = 0; w < 65536; w++) {
  const [e, m, sign] = [(w >> 10) & 31, w & 1023, w & 0x8000 ? -1 : 1];
  half[w] =
    sign *
    (e === 31
      ? m
        ? Number.NaN
        : Number.POSITIVE_INFINITY
      : e
        ? (1 + m / 1024) * 2 ** (e - 15)
        : m * 2 ** -24);
}
const f16 = (b: Uint8Array, at: number) => half[b[at] | (b[at + 1] << 8)];
const i8 = (byte: number) => (byte << 24) >> 24;

/** 32 codes of 4 or 5 bits: low nibbles are values 0 to 15, high ones 16 to 31; code * d + m. */
function nibbles(min: boolean, fifth: boolean): Block {
  const head = min ? 4 : 2;
  return (b, at, out, to, steps) => {
    const d = f16(b, at);
    const m = min ? f16(b, at + 2) : d * (fifth ? -16 : -8);
    const bits = at + head;
    const codes = fifth ? bits + 4 : bits;
    const high = fifth ? b[bits] | (b[bits + 1] << 8) | (b[bits + 2] << 16) | (b[bits + 3] << 24) : 0;
    for (let k = 0; k < 16; k++) {
      out[to + k] = d * ((b[codes + k] & 15) | (((high >>> k) & 1) << 4)) + m;
      out[to + k + 16] = d * ((b[codes + k] >> 4) | (((high >>> (k + 16)) & 1) << 4)) + m;
    }
    steps.fill(Math.abs(d) / 2, 0, 32);
  };
}

const q8_0: Block = (b, at, out, to, steps) => {
  const d = f16(b, at);
  for (let k = 0; k < 32; k++) out[to + k] = d * i8(b[at + 2 + k]);
  steps.fill(Math.abs(d) / 2, 0, 32);
};

const q2_K: Block = (b, at, out, to, steps) => {
  const d = f16(b, at + 80);
  const min = f16(b, at + 82);
  for (let g = 0; g < 16; g++) {
    const codes = at + 16 + 32 * (g >> 3) + 16 * (g & 1);
    const shift = g & 6;
    const scale = d * (b[at + g] & 15);
    const low = min * (b[at + g] >> 4);
    for (let k = 0; k < 16; k++) out[to + 16 * g + k] = scale * ((b[codes + k] >> shift) & 3) - low;
    steps.fill(Math.abs(scale) / 2, 16 * g, 16 * g + 16);
  }
};

const q3_K: Block = (b, at, out, to, steps) => {
  const d = f16(b, at + 108);
  for (let g = 0; g < 16; g++) {
    const low = g < 8 ? b[at + 96 + g] & 15 : b[at + 96 + g - 8] >> 4;
    const high = (b[at + 104 + (g & 3)] >> (2 * (g >> 2))) & 3;
    const scale = d * ((low | (high << 4)) - 32);
    const [half, shift] = [16 * (g & 1), g & 6];
    const codes = at + 32 + 32 * (g >> 3) + half;
    const bit = 1 << (g >> 1);
    for (let k = 0; k < 16; k++) {
      const code = ((b[codes + k] >> shift) & 3) - (b[at + half + k] & bit ? 0 : 4);
      out[to + 16 * g + k] = scale * code;
    }
    steps.fill(Math.abs(scale) / 2, 16 * g, 16 * g + 16);
  }
};

/** Eight scales and minima of 6 bits in 12 bytes: scale and minimum of 32 values each. */
function scale6(b: Uint8Array, at: number, g: number): [scale: number, min: number] {
  if (g < 4) return [b[at + g] & 63, b[at + g + 4] & 63];
  return [(b[at + g + 4] & 15) | ((b[at + g - 4] >> 6) << 4), (b[at + g + 4] >> 4) | ((b[at + g] >> 6) << 4)];
}

function q45_K(fifth: boolean): Block {
  const codesAt = fifth ? 48 : 16;
  return (b, at, out, to, steps) => {
    const d = f16(b, at);
    const dmin = f16(b, at + 2);
    for (let g = 0; g < 8; g++) {
      const [s, m] = scale6(b, at + 4, g);
      const [scale, low] = [d * s, dmin * m];
      const codes = at + codesAt + 32 * (g >> 1);
      const shift = 4 * (g & 1);
      for (let k = 0; k < 32; k++) {
        const high = fifth ? ((b[at + 16 + k] >> g) & 1) << 4 : 0;
        out[to + 32 * g + k] = scale * (((b[codes + k] >> shift) & 15) | high) - low;
      }
      steps.fill(Math.abs(scale) / 2, 32 * g, 32 * g + 32);
    }
  };
}

const q6_K: Block = (b, at, out, to, steps) => {
  const d = f16(b, at + 208);
  for (let g = 0; g < 16; g++) {
    const scale = d * i8(b[at + 192 + g]);
    // 128 values to a half: four quarters of 32, the first two in low nibbles, the last two in high ones.
    const [side, quarter, part] = [g >> 3, (g >> 1) & 3, 16 * (g & 1)];
    const low = at + 64 * side + 32 * (quarter & 1) + part;
    const high = at + 128 + 32 * side + part;
    const shift = quarter & 2 ? 4 : 0;
    for (let k = 0; k < 16; k++) {
      const code = ((b[low + k] >> shift) & 15) | (((b[high + k] >> (2 * quarter)) & 3) << 4);
      out[to + 16 * g + k] = scale * (code - 32);
    }
    steps.fill(Math.abs(scale) / 2, 16 * g, 16 * g + 16);
  }
};

const IQ4 = codeTable('iq4_nl')!;
const E2M1 = codeTable('float4_e2m1')!;

/** 32 codes of a table in b, low nibbles first, times a scale d: numbers into out[to..], half-steps into h[k0..]. */
const lookUp =
  ({ values, steps }: typeof IQ4) =>
  (b: Uint8Array, codes: number, d: number, out: Float32Array, to: number, h: Float32Array, k0: number) => {
    for (let k = 0; k < 16; k++) {
      const [low, high] = [b[codes + k] & 15, b[codes + k] >> 4];
      out[to + k] = d * values[low];
      out[to + k + 16] = d * values[high];
      h[k0 + k] = Math.abs(d) * steps[low];
      h[k0 + k + 16] = Math.abs(d) * steps[high];
    }
  };

const lookUpIq4 = lookUp(IQ4);
const lookUpE2m1 = lookUp(E2M1);

const iq4_NL: Block = (b, at, out, to, steps) => lookUpIq4(b, at + 2, f16(b, at), out, to, steps, 0);

const iq4_XS: Block = (b, at, out, to, steps) => {
  const d = f16(b, at);
  const high = b[at + 2] | (b[at + 3] << 8);
  for (let g = 0; g < 8; g++) {
    const low = (b[at + 4 + (g >> 1)] >> (4 * (g & 1))) & 15;
    const scale = d * ((low | (((high >> (2 * g)) & 3) << 4)) - 32);
    lookUpIq4(b, at + 8 + 16 * g, scale, out, to + 32 * g, steps, 32 * g);
  }
};

const mxfp4: Block = (b, at, out, to, steps) =>
  lookUpE2m1(b, at + 1, b[at] === 255 ? Number.NaN : 2 ** (b[at] - 127), out, to, steps, 0);

const E4M3 = codeTable('float8_e4m3')!.values;

/** Four unsigned e4m3 scales for 16 values each; the low nibbles of eight bytes, then their high ones. NaN is 0. */
const nvfp4: Block = (b, at, out, to, steps) => {
  for (let g = 0; g < 4; g++) {
    const code = b[at + g] & 127;
    const d = code === 127 ? 0 : E4M3[code];
    for (let k = 0; k < 8; k++) {
      const byte = b[at + 4 + 8 * g + k];
      for (const [place, value] of [
        [16 * g + k, byte & 15],
        [16 * g + k + 8, byte >> 4],
      ]) {
        out[to + place] = d * E2M1.values[value];
        steps[place] = d * E2M1.steps[value];
      }
    }
  }
};

export const GGUF_BLOCKS: Readonly<Record<string, BlockType>> = {
  q4_0: { size: 32, bytes: 18, decode: nibbles(false, false) },
  q4_1: { size: 32, bytes: 20, decode: nibbles(true, false) },
  q5_0: { size: 32, bytes: 22, decode: nibbles(false, true) },
  q5_1: { size: 32, bytes: 24, decode: nibbles(true, true) },
  q8_0: { size: 32, bytes: 34, decode: q8_0 },
  q2_K: { size: 256, bytes: 84, decode: q2_K },
  q3_K: { size: 256, bytes: 110, decode: q3_K },
  q4_K: { size: 256, bytes: 144, decode: q45_K(false) },
  q5_K: { size: 256, bytes: 176, decode: q45_K(true) },
  q6_K: { size: 256, bytes: 210, decode: q6_K },
  iq4_NL: { size: 32, bytes: 18, decode: iq4_NL },
  iq4_XS: { size: 256, bytes: 136, decode: iq4_XS },
  mxfp4: { size: 32, bytes: 17, decode: mxfp4 },
  nvfp4: { size: 64, bytes: 36, decode: nvfp4 },
};

/** lines x length values, whole blocks a line; `rows` of them, a whole number of lines each, make the matrix. */
export function decodeBlocks(
  type: BlockType,
  bytes: Uint8Array,
  lines: number,
  length: number,
  rows = lines,
): Decoded {
  const data = new Float32Array(lines * length);
  const per = lines / rows;
  const sums = new RoundingSums(rows, per * length);
  const steps = new Float32Array(type.size);
  let at = 0;
  for (let i = 0, to = 0; i < lines; i++) {
    const column = (i % per) * length;
    let sum = 0;
    for (let j = 0; j < length; j += type.size, to += type.size, at += type.bytes) {
      type.decode(bytes, at, data, to, steps);
      for (let k = 0; k < type.size; k++) {
        const h = steps[k] * steps[k];
        sum += h;
        sums.cols[column + j + k] += h;
      }
    }
    sums.rows[Math.floor(i / per)] += sum / 3;
  }
  for (let j = 0; j < sums.cols.length; j++) sums.cols[j] /= 3;
  return { data, noise: sums.norm() };
}
