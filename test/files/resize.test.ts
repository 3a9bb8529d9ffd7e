// Smaller adapters: what a loader makes of them against the best approximation of what it made before,
// whose error is known from a
// Jacobi SVD of the formed product.
import { describe, expect, it } from 'vitest';
import { type Limit, resizeAdapters } from '../../src/files/resize.js';
import { writeSafetensors } from '../../src/formats/safetensors/write.js';
import { openSource } from '../../src/formats/source/open.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../src/shared/half.js';
import { one } from '../formats/helpers.js';
import { bytesOf, concat, type SafetensorSpec, safetensors, utf8 } from '../formats/write.js';
import { Random } from '../numbers.js';

const rng = new Random(81);
type Dtype = 'F32' | 'F16' | 'BF16';
const EPS = { F32: 2 ** -23, F16: 2 ** -10, BF16: 2 ** -7 };

function tensor(dtype: Dtype, shape: number[], data: ArrayLike<number>): SafetensorSpec {
  const x = Array.from(data);
  if (dtype === 'F32') return { dtype, shape, data: bytesOf(Float32Array.from(x)) };
  return { dtype, shape, data: bytesOf(Uint16Array.from(x, dtype === 'F16' ? toFloat16 : toBfloat16)) };
}

function values({ dtype, data }: SafetensorSpec): number[] {
  const { buffer } = data.slice();
  if (dtype === 'F32') return [...new Float32Array(buffer)];
  return Array.from(new Uint16Array(buffer), dtype === 'F16' ? fromFloat16 : fromBfloat16);
}

function multiply(b: number[], a: number[], m: number, n: number, scale: number): number[][] {
  const r = b.length / m;
  return Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < r; k++) sum += b[i * r + k] * a[k * n + j];
      return scale * sum;
    }),
  );
}

const norm = (x: number[][]) => Math.sqrt(x.flat().reduce((sum, v) => sum + v * v, 0));
const minus = (x: number[][], y: number[][]) => x.map((row, i) => row.map((v, j) => v - y[i][j]));

/** One-sided Jacobi: rows made orthogonal; their norms, descending. */
function jacobi(matrix: number[][]): number[] {
  const rows = matrix.map((row) => [...row]);
  const dot = (x: number[], y: number[]) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < rows.length; p++) {
      for (let q = p + 1; q < rows.length; q++) {
        const [x, y] = [rows[p], rows[q]];
        const off = dot(x, y);
        if (off === 0) continue;
        const zeta = (dot(y, y) - dot(x, x)) / (2 * off);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const c = 1 / Math.hypot(1, t);
        rows[p] = x.map((v, i) => c * (v - t * y[i]));
        rows[q] = x.map((v, i) => c * (t * v + y[i]));
      }
    }
  }
  return rows.map((row) => Math.sqrt(dot(row, row))).sort((a, b) => b - a);
}

/** Factors whose later columns matter less and less; `rank` of the r columns are independent. */
function pair(m: number, r: number, n: number, rank = r): [up: number[], down: number[]] {
  const up = Array.from({ length: m * r }, (_, i) => rng.normal() * 0.7 ** (i % r));
  for (let i = 0; i < m; i++) for (let j = rank; j < r; j++) up[i * r + j] = up[i * r + (j % rank)];
  return [up, Array.from({ length: r * n }, () => rng.normal())];
}

async function resize(bytes: Uint8Array, limit: Limit, config?: object) {
  const open = (name: string) => {
    if (config && name === 'adapter_config.json') return utf8(JSON.stringify(config));
    throw new Error('is not there');
  };
  const result = await resizeAdapters(await openSource(bytes, { name: 'a.safetensors', open }), limit);
  const byName = Object.fromEntries(
    result.tensors.map(({ name, type, shape, data }) => [name, { dtype: type, shape, data }]),
  );
  return { ...result, byName, bytes: concat(...writeSafetensors(result.tensors, result.metadata)) };
}

describe('resizeAdapters', () => {
  const M = 18;
  const N = 24;
  const R = 8;

  it.each(['F32', 'F16', 'BF16'] as const)('is the best approximation: kohya, %s', async (dtype) => {
    for (const limit of [{ rank: 1 }, { rank: 3 }, { rank: 7 }, { energy: 0.9 }, { energy: 0.99 }]) {
      const [up, down] = pair(M, R, N);
      const specs = {
        'lora_unet_q.alpha': tensor(dtype, [], [4]),
        'lora_unet_q.lora_down.weight': tensor(dtype, [R, N], down),
        'lora_unet_q.lora_up.weight': tensor(dtype, [M, R], up),
      };
      const { byName, rows, metadata } = await resize(safetensors(specs, { ss_tag: 'x' }), limit);
      const [b, a] = [byName['lora_unet_q.lora_up.weight'], byName['lora_unet_q.lora_down.weight']];
      const k = b.shape[1];
      expect([b.dtype, a.dtype, b.shape, a.shape]).toEqual([dtype, dtype, [M, k], [k, N]]);
      expect(byName['lora_unet_q.alpha']).toEqual(specs['lora_unet_q.alpha']);
      expect(metadata.ss_tag).toBe('x');
      const stored = (name: keyof typeof specs) => values(specs[name]);
      const before = multiply(
        stored('lora_unet_q.lora_up.weight'),
        stored('lora_unet_q.lora_down.weight'),
        M,
        N,
        4 / R,
      );
      const after = multiply(values(b), values(a), M, N, 4 / k);
      const sigma = jacobi(before);
      const rest = (from: number) => Math.sqrt(sigma.slice(from).reduce((sum, s) => sum + s * s, 0));
      if ('rank' in limit) expect(k).toBe(limit.rank);
      else {
        expect(rest(k) ** 2).toBeLessThanOrEqual((1 - limit.energy!) * rest(0) ** 2);
        expect(rest(k - 1) ** 2).toBeGreaterThan((1 - limit.energy!) * rest(0) ** 2);
      }
      const error = norm(minus(before, after));
      expect(Math.abs(error - rest(k))).toBeLessThan(4 * EPS[dtype] * rest(0));
      expect(rows[0]).toMatchObject({ name: 'lora_unet_q', from: R, to: k, saves: (R - k) * (M + N) });
      expect(Math.abs(rows[0].error - error / rest(0))).toBeLessThan(1e-6);
    }
  });

  it.each([false, true])('is read back by r and rank_pattern: PEFT, rslora %s', async (use_rslora) => {
    const base = 'base_model.model.layers';
    const config = { peft_type: 'LORA', r: R, lora_alpha: 16, alpha_pattern: { k: 2 }, use_rslora };
    const specs: Record<string, SafetensorSpec> = {};
    const truth: Record<string, number[][]> = {};
    for (const [module, rank, alpha] of [
      ['0.q', 5, 16],
      ['0.k', 2, 2],
    ] as const) {
      const [up, down] = pair(M, R, N, rank);
      specs[`${base}.${module}.lora_A.weight`] = tensor('F32', [R, N], down);
      specs[`${base}.${module}.lora_B.weight`] = tensor('F32', [M, R], up);
      const factors = [`${base}.${module}.lora_B.weight`, `${base}.${module}.lora_A.weight`].map((s) =>
        values(specs[s]),
      );
      truth[module] = multiply(factors[0], factors[1], M, N, alpha / (use_rslora ? Math.sqrt(R) : R));
    }
    const { config: written, byName, rows } = await resize(safetensors(specs), { energy: 0.999999 }, config);
    expect(rows.map(({ to }) => to)).toEqual([5, 2]);
    expect(written).toEqual({ ...config, r: 5, rank_pattern: { 'layers.0.q': 5, 'layers.0.k': 2 } });
    for (const [module, whole] of Object.entries(truth)) {
      const [b, a] = ['B', 'A'].map((f) => byName[`${base}.${module}.lora_${f}.weight`]);
      // As PEFT has it: r from rank_pattern, by the module's name.
      const r = (written!.rank_pattern as Record<string, number>)[`layers.${module}`];
      const alpha = module === '0.k' ? 2 : 16;
      const scale = alpha / (use_rslora ? Math.sqrt(r) : r);
      expect(norm(minus(whole, multiply(values(b), values(a), M, N, scale)))).toBeLessThan(
        1e-5 * norm(whole),
      );
    }
    const same = await resize(safetensors(specs), { rank: 4 }, config);
    expect(same.config).toEqual({ ...config, r: 4, rank_pattern: {} });
    expect(same.rows.map(({ to }) => to)).toEqual([4, 4]); // zeros, where the product has less
  });

  it('cuts convolutions, and copies what is no pair or not smaller', async () => {
    const [up, down] = pair(6, 4, 3 * 9);
    const specs = {
      'c.lora_down.weight': tensor('F32', [4, 3, 3, 3], down),
      'c.lora_up.weight': tensor('F32', [6, 4, 1, 1], up),
      'd.lora_down.weight': tensor('F16', [2, 5], pair(1, 2, 5)[1]),
      'd.lora_up.weight': tensor('F16', [7, 2], pair(7, 2, 1)[0]),
      'e.lora_up.weight': tensor('F32', [7, 2], pair(7, 2, 1)[0]),
      ids: { dtype: 'I64', shape: [1], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 255) },
      note: { dtype: 'F8_E5M2', shape: [3], data: Uint8Array.of(255, 254, 0) },
    };
    const { byName, rows, bytes } = await resize(safetensors(specs), { rank: 2 });
    expect(byName['c.lora_down.weight'].shape).toEqual([2, 3, 3, 3]);
    expect(byName['c.lora_up.weight'].shape).toEqual([6, 2, 1, 1]);
    for (const name of Object.keys(specs).filter((n) => !n.startsWith('c.'))) {
      expect(byName[name]).toEqual(specs[name as keyof typeof specs]);
    }
    expect(rows.map(({ name, to }) => [name, to])).toEqual([
      ['c', 2],
      ['d', 2],
      ['e', 0],
    ]);
    expect(rows[2].note).toContain('without its lora_down.weight');
    const read = await one(bytes, { name: 'out.safetensors', filter: (name) => name === 'c' });
    expect([read.shape, read.factors!.rank]).toEqual([[6, 3, 3, 3], 2]);
  });

  it('takes zeros, and refuses what it cannot do right', async () => {
    const file = (up: number[], down: number[], metadata?: Record<string, string>, dtype: Dtype = 'F32') =>
      safetensors(
        { 'x.lora_down.weight': tensor(dtype, [2, 3], down), 'x.lora_up.weight': tensor(dtype, [2, 2], up) },
        metadata,
      );
    const ones = [1, 2, 3, 4, 5, 7];
    const zero = await resize(file([0, 0, 0, 0], ones), { energy: 0.5 });
    expect(zero.rows[0]).toMatchObject({ from: 2, to: 1, error: 0 });
    await expect(resize(file([1, 2, 3, Number.NaN], ones), { rank: 1 })).rejects.toThrow(/lora_up.*NaN/);
    await expect(
      resize(file([1, 2, 3, 4], ones, { lora_adapter_metadata: '{}' }), { rank: 1 }),
    ).rejects.toThrow('lora_adapter_metadata');
    const large = file([6e4, 6e4, 6e4, 6e4], [6e4, 6e4, 6e4, 6e4, 6e4, 6e4], undefined, 'F16');
    await expect(resize(large, { rank: 1 })).rejects.toThrow('float16 has no room for');
    await expect(
      resize(safetensors({ w: tensor('F32', [2, 2], ones.slice(2)) }), { rank: 1 }),
    ).rejects.toThrow('holds no pair of factors');
  });
});
