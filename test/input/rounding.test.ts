// The storage tolerance: its definition, element by element, on every type; what it counts and what it leaves out.
import { describe, expect, it } from 'vitest';
import { matrixRank, matrixRanks, rankReport, spectralMetrics } from '../../src/index.js';

let state = 7;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32 - 0.5;
};
const gauss = () => random() + random() + random();

/** Half a unit in the last place of x, in a type of `digits` stored digits and least exponent `least`. */
function halfStep(x: number, digits: number, least: number): number {
  let e = least;
  while (2 ** (e + 1) <= Math.abs(x)) e++;
  return 2 ** (e - digits) / 2;
}

function tau(h: (i: number, j: number) => number, m: number, n: number): number {
  const rows = new Array(m).fill(0);
  const cols = new Array(n).fill(0);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      rows[i] += h(i, j) ** 2 / 3;
      cols[j] += h(i, j) ** 2 / 3;
    }
  }
  return Math.sqrt(Math.max(...rows)) + Math.sqrt(Math.max(...cols));
}

const words = new Float32Array(1);
const bits = new Uint32Array(words.buffer);
/** To bfloat16, nearest even. */
function toBfloat16(x: number): number {
  words[0] = x;
  return (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16;
}
function fromBfloat16(word: number): number {
  bits[0] = word << 16;
  return words[0];
}
/** To float16, nearest, for normal numbers and zero. */
function toFloat16(x: number): number {
  if (Math.abs(x) < 2 ** -14) return Math.round(Math.abs(x) * 2 ** 24) | (x < 0 ? 0x8000 : 0);
  const e = Math.floor(Math.log2(Math.abs(x)));
  const m = Math.round((Math.abs(x) / 2 ** e - 1) * 1024);
  return (x < 0 ? 0x8000 : 0) | ((e + 15) * 1024 + m);
}
function fromFloat16(w: number): number {
  const [e, m] = [(w >> 10) & 31, w & 1023];
  return (w & 0x8000 ? -1 : 1) * (e ? (1 + m / 1024) * 2 ** (e - 15) : m * 2 ** -24);
}

const TYPES = {
  bfloat16: { digits: 7, least: -126, to: toBfloat16, from: fromBfloat16 },
  float16: { digits: 10, least: -14, to: toFloat16, from: fromFloat16 },
};

describe('storage tolerance', () => {
  it.each(Object.entries(TYPES))(
    'of %s is what the definition says',
    (dtype, { digits, least, to, from }) => {
      for (const [m, n] of [
        [1, 9],
        [17, 5],
        [40, 64],
      ]) {
        const data = Uint16Array.from({ length: m * n }, () => to(gauss() * 2 ** Math.round(8 * random())));
        data[3] = 0;
        const { noise, tolerance } = rankReport({ data, shape: [m, n], dtype });
        const expected = tau((i, j) => halfStep(from(data[i * n + j]), digits, least), m, n);
        expect(noise).toBeCloseTo(expected, 12);
        expect(Math.abs((noise as number) / expected - 1)).toBeLessThan(1e-13);
        expect(tolerance).toBeGreaterThanOrEqual(noise as number);
      }
    },
  );

  it("of float32 and float64 is given for tol: 'storage' only", () => {
    const [m, n] = [12, 30];
    const values = Array.from({ length: m * n }, () => gauss() * 10 ** Math.round(6 * random()));
    for (const [data, digits, least] of [
      [Float32Array.from(values), 23, -126],
      [Float64Array.from(values), 52, -1022],
    ] as const) {
      expect(rankReport(data, [m, n])).not.toHaveProperty('noise');
      const { noise } = rankReport(data, [m, n], { tol: 'storage' });
      const expected = tau((i, j) => halfStep(data[i * n + j], digits, least), m, n);
      expect(Math.abs((noise as number) / expected - 1)).toBeLessThan(1e-13);
      const turned = rankReport({ data, shape: [n, m], strides: [1, n] }, { tol: 'storage' });
      expect(turned.noise).toBe(noise);
    }
    const whole = rankReport(Int8Array.from(values), [m, n], { tol: 'storage' });
    expect(whole.noise).toBe(0);
    expect(whole.tolerance).toBeGreaterThan(0);
  });

  it('scales with the matrix, up to the ends of float64', () => {
    const data = Float64Array.from({ length: 35 }, gauss);
    const { noise } = rankReport(data, [5, 7], { tol: 'storage' });
    for (const power of [-1000, -40, 40, 1000]) {
      const scaled = rankReport(
        data.map((x) => x * 2 ** power),
        [5, 7],
        { tol: 'storage' },
      );
      expect(scaled.noise).toBe((noise as number) * 2 ** power);
    }
  });

  it.each(Object.entries(TYPES))('a product of rank r keeps its rank as %s', (dtype, { to, from }) => {
    for (const [m, n, r] of [
      [96, 128, 10],
      [200, 50, 3],
      [64, 64, 1],
    ]) {
      const a = Float64Array.from({ length: m * r }, gauss);
      const b = Float64Array.from({ length: r * n }, gauss);
      const data = new Uint16Array(m * n);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let x = 0;
          for (let k = 0; k < r; k++) x += a[i * r + k] * b[k * n + j];
          data[i * n + j] = to(x);
        }
      }
      expect(matrixRank({ data, shape: [m, n], dtype })).toBe(r);
      expect(spectralMetrics({ data, shape: [m, n], dtype }).rank).toBe(r);
      const float32 = Float32Array.from(data, from);
      expect(matrixRank(float32, [m, n])).toBeGreaterThan(r + 20);
      // A tolerance that is given is the tolerance.
      expect(matrixRank({ data, shape: [m, n], dtype }, { rtol: 2 ** -23 * Math.max(m, n) })).toBeGreaterThan(
        r + 20,
      );
    }
  });

  it('is one for each matrix of a stack', () => {
    const [m, n] = [6, 8];
    // 2^k I with one element off by a unit in the last place of its own: rank n - ...
    // whatever the scale of the neighbours.
    const one = new Uint16Array(m * n);
    for (let j = 0; j < n; j++) for (let i = 0; i < m; i++) one[i * n + j] = toBfloat16(1 + j / 8);
    one[0] += 1;
    const big = Uint16Array.from(one, (w) => w + (60 << 7));
    const data = Uint16Array.from([...one, ...big, ...one]);
    expect([...matrixRanks({ data, shape: [3, m, n], dtype: 'bfloat16' })]).toEqual([1, 1, 1]);
    expect([...matrixRanks({ data, shape: [3, m, n], dtype: 'bfloat16' }, { rtol: 1e-6 })]).toEqual([
      2, 2, 2,
    ]);
  });

  it('of a symmetric matrix reads its lower triangle', () => {
    const n = 9;
    const lower = Uint16Array.from({ length: n * n }, () => toBfloat16(gauss()));
    const both = Uint16Array.from(lower);
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) both[i * n + j] = lower[j * n + i];
    const { noise } = rankReport({ data: both, shape: [n, n], dtype: 'bfloat16' });
    const wild = lower.map((w, p) => (p % n > Math.floor(p / n) ? 0x7f00 : w));
    const report = rankReport({ data: wild, shape: [n, n], dtype: 'bfloat16' }, { hermitian: true });
    expect(report.noise).toBeCloseTo(noise as number, 14);
  });

  it('that the caller knows is the least tolerance', () => {
    const data = Float32Array.of(1, 0, 0, 1e-3);
    expect(matrixRank({ data, shape: [2, 2] })).toBe(2);
    expect(rankReport({ data, shape: [2, 2], noise: 2e-3 })).toMatchObject({
      rank: 1,
      noise: 2e-3,
      tolerance: 2e-3,
    });
    expect(matrixRank({ data, shape: [2, 2], noise: 2e-3 }, { tol: 1e-4 })).toBe(2);
    expect(() => matrixRank({ data, shape: [2, 2], noise: -1 })).toThrow(RangeError);
    expect(() => matrixRank({ data, shape: [2, 2], noise: '1' as never })).toThrow(TypeError);
  });

  it('says what tol may be', () => {
    const call = () => matrixRank([[1]], { tol: 'stored' as never });
    expect(call).toThrow("matrixRank: tol must be a number or 'storage'; got 'stored'.");
    expect(() => matrixRank([[1]], { tol: 'storage', rtol: 1 })).toThrow(TypeError);
  });
});
