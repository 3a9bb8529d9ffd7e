// Norms of small matrices, which come without the kernel.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { frobeniusNorm, singularValues, spectralNorm } from '../../src/index.js';
import { matrix, Random, transpose } from '../numbers.js';

afterEach(() => vi.unstubAllGlobals());

describe('norms of small matrices', () => {
  it('are those of the singular values, at any scale, of any shape', () => {
    const random = new Random(8);
    for (let trial = 0; trial < 300; trial++) {
      const m = 1 + random.below(16);
      const n = 1 + random.below(16);
      const x = random.matrix(m, n);
      if (trial % 3 === 0) for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) x.a[i * n + j] *= 10 ** -j;
      for (const scale of [1, 2 ** 1000, 2 ** -1000]) {
        const a = x.a.map((v) => v * scale);
        const s = singularValues(a, [m, n]);
        expect(Math.abs(spectralNorm(a, [m, n]) / s[0] - 1)).toBeLessThan(1e-14);
        const squares = s.reduce((sum, v) => sum + (v / s[0]) ** 2, 0);
        expect(Math.abs(frobeniusNorm(a, [m, n]) / s[0] / Math.sqrt(squares) - 1)).toBeLessThan(1e-14);
      }
      const { a } = transpose(x);
      expect(spectralNorm(a, [n, m])).toBe(spectralNorm({ data: x.a, shape: [n, m], strides: [1, n] }));
    }
  });

  it('are known where theory knows them', () => {
    expect(spectralNorm([[3, 0], [0, -4]])).toBe(4); // biome-ignore format: a line
    expect(frobeniusNorm([[3, 0], [0, -4]])).toBe(5); // biome-ignore format: a line
    expect(spectralNorm(matrix(9, 9, () => 1).a, [9, 9])).toBeCloseTo(9, 13);
    expect(spectralNorm(new Float32Array(6), [2, 3])).toBe(0);
    expect(frobeniusNorm([5e-324], [1])).toBe(5e-324);
    // Golden ratio: [[1, 1], [1, 0]].
    expect(spectralNorm([[1, 1], [1, 0]])).toBeCloseTo((1 + Math.sqrt(5)) / 2, 14); // biome-ignore format: a line
  });

  it('do not need WebAssembly; a large matrix does', async () => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', undefined);
    const fresh = await import('../../src/matrix/norms.js');
    expect(fresh.spectralNorm([[0, 2], [0, 0]])).toBe(2); // biome-ignore format: a line
    expect(fresh.frobeniusNorm(Float32Array.of(3, 4), [2])).toBe(5);
    expect(() => fresh.frobeniusNorm(new Float64Array(1000), [10, 100])).toThrow('WebAssembly');
  });

  it('name the element that is not finite', () => {
    const bad = [1, 2, Number.NaN, 4];
    expect(() => spectralNorm(bad, [2, 2])).toThrow(
      'spectralNorm: element [1, 0] is NaN; every element must be finite.',
    );
    expect(() => frobeniusNorm({ data: Float64Array.from(bad), shape: [2, 2], strides: [1, 2] })).toThrow(
      'frobeniusNorm: element [0, 1] is NaN',
    );
  });
});
