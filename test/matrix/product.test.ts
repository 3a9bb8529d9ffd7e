// Products that are not formed: the answers of the formed product.
import { describe, expect, it } from 'vitest';
import { frobeniusNorm, productFactors, productReport, rankReport, singularValues } from '../../src/index.js';

let state = 11;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32 - 0.5;
};
const below = (n: number) => Math.floor((random() + 0.5) * n);

/** A rows x cols matrix of a smaller rank now and then. */
function factor(rows: number, cols: number): Float64Array {
  const out = Float64Array.from({ length: rows * cols }, random);
  for (let spare = below(3); spare > 0 && cols > 1; spare--) {
    const [from, to] = [below(cols), below(cols)];
    for (let i = 0; i < rows; i++) out[i * cols + to] = 2 * out[i * cols + from];
  }
  return out;
}

function multiply(a: ArrayLike<number>, b: ArrayLike<number>, m: number, r: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < r; k++) for (let j = 0; j < n; j++) out[i * n + j] += a[i * r + k] * b[k * n + j];
  }
  return out;
}

describe('productReport', () => {
  it('is rankReport of the formed product, on 500 random pairs', () => {
    for (let trial = 0; trial < 500; trial++) {
      const [m, r, n] = [1 + below(40), 1 + below(12), 1 + below(40)];
      const [a, b] = [factor(m, r), factor(r, n)];
      const formed = rankReport(multiply(a, b, m, r, n), [m, n]);
      const product = productReport({ data: a, shape: [m, r] }, { data: b, shape: [r, n] });
      expect(product.rank).toBe(formed.rank);
      expect(product.shape).toEqual([m, n]);
      expect(Math.abs(product.sigmaMax - formed.sigmaMax)).toBeLessThanOrEqual(1e-5 * formed.sigmaMax);
      expect(product.singularValues.length).toBe(Math.min(m, n, r));
      expect(Math.abs(product.frobeniusNorm - frobeniusNorm(multiply(a, b, m, r, n), [m, n]))).toBeLessThan(
        1e-12 * (1 + product.frobeniusNorm),
      );
    }
  });

  it('has bounds on their sides of the singular values', () => {
    const [m, r, n] = [60, 9, 50];
    const [a, b] = [factor(m, r), factor(r, n)];
    const values = singularValues(multiply(a, b, m, r, n), [m, n]);
    const { rank, lower, upper, tolerance, proven } = productReport(
      { data: a, shape: [m, r] },
      { data: b, shape: [r, n] },
    );
    expect(lower).toBeLessThanOrEqual(values[rank - 1] * (1 + 1e-14));
    expect(upper).toBeGreaterThanOrEqual(0);
    expect(proven).toBe(lower > tolerance && upper <= tolerance);
  });

  it('reads float32, 16-bit and column-major factors', () => {
    const half = Uint16Array.of(0x3f80, 0x4000, 0x4040, 0x4080); // 1 2 3 4 as bfloat16
    const left = { data: half, shape: [2, 2], dtype: 'bfloat16' };
    const right = { data: Float32Array.of(1, 0, 2, 0, 1, 2), shape: [2, 3], strides: [1, 2] };
    const formed = rankReport(Float64Array.of(1, 6, 5, 3, 16, 11), [2, 3], { rtol: 3 * 2 ** -23 });
    // right is [[1, 2, 1], [0, 0, 2]] column by column.
    const expected = rankReport(multiply([1, 2, 3, 4], [1, 2, 1, 0, 0, 2], 2, 2, 3), [2, 3]);
    const product = productReport(left, right);
    expect(product.sigmaMax).toBeCloseTo(expected.sigmaMax, 5);
    expect(product.tolerance / product.sigmaMax).toBeCloseTo(formed.tolerance / formed.sigmaMax, 12);
  });

  it('says what does not fit', () => {
    const one = { data: [1, 2], shape: [1, 2] };
    expect(() => productReport(one, one)).toThrow(
      'the factors must be [m, r] and [r, n]; got [1, 2] and [1, 2].',
    );
    const nan = { data: [1, NaN], shape: [2, 1] };
    expect(() => productReport(one, nan)).toThrow(RangeError);
    expect(() => productReport(one, { data: [1, 2], shape: [2, 1] }, { tol: 'storage' })).toThrow(TypeError);
    expect(productReport({ data: [], shape: [3, 0] }, { data: [], shape: [0, 4] })).toMatchObject({
      rank: 0,
      shape: [3, 4],
    });
  });
});

describe('productFactors', () => {
  it('names itself in what it says of its options', () => {
    const [a, b] = [
      { data: [1, 2], shape: [2, 1] },
      { data: [1, 2], shape: [1, 2] },
    ];
    const act = (options: unknown) => () => productFactors(a, b, options as object);
    expect(act({ rank: 'x' })).toThrow('productFactors: rank must be a number; got a string.');
    expect(act({ rank: 1, energy: 1 })).toThrow('productFactors: rank and energy exclude each other.');
    expect(act({ method: 'svd' })).toThrow('productFactors: there is no option "method"');
    expect(act(1e-5)).toThrow('productFactors: options must be an object, such as { tol: 1e-5 }');
  });

  it('keeps the best of a rank, or of a share of the energy', () => {
    for (let trial = 0; trial < 60; trial++) {
      const [m, r, n] = [1 + below(40), 1 + below(12), 1 + below(40)];
      const [a, b] = [factor(m, r), factor(r, n)];
      const whole = multiply(a, b, m, r, n);
      const values = singularValues(whole, [m, n]);
      const rank = below(Math.min(m, n, r) + 1);
      const kept = productFactors({ data: a, shape: [m, r] }, { data: b, shape: [r, n] }, { rank });
      expect(kept.rank).toBeLessThanOrEqual(rank);
      const left = whole.map((x, i) => x - multiply(kept.left, kept.right, m, kept.rank, n)[i]);
      const error = frobeniusNorm(left, [m, n]);
      const best = Math.sqrt(values.slice(kept.rank).reduce((sum, s) => sum + s * s, 0));
      expect(error).toBeLessThanOrEqual(best + 1e-12 * (1 + values[0]));
      expect(Math.abs(kept.residual - error)).toBeLessThan(1e-11 * (1 + values[0]));
    }
    const few = productFactors(
      { data: factor(30, 8), shape: [30, 8] },
      { data: factor(8, 20), shape: [8, 20] },
      { energy: 0.9 },
    );
    expect(few.rank).toBeLessThan(8);
    expect([few.left.length, few.right.length]).toEqual([30 * few.rank, few.rank * 20]);
  });

  it('keeps singular values far below the first, each side orthogonal', () => {
    const [m, r, n] = [40, 6, 30];
    for (const least of [1e-3, 1e-7, 1e-11]) {
      const scales = Float64Array.from({ length: r }, (_, k) => least ** (k / (r - 1)));
      const a = Float64Array.from({ length: m * r }, (_, i) => random() * scales[i % r]);
      const b = Float64Array.from({ length: r * n }, random);
      const kept = productFactors({ data: a, shape: [m, r] }, { data: b, shape: [r, n] });
      expect(kept.rank).toBe(r);
      const whole = multiply(a, b, m, r, n);
      const made = multiply(kept.left, kept.right, m, r, n);
      const error = frobeniusNorm(
        whole.map((x, i) => x - made[i]),
        [m, n],
      );
      expect(error).toBeLessThan(1e-14 * frobeniusNorm(whole, [m, n]));
      for (let p = 0; p < r; p++) {
        for (let q = 0; q < p; q++) {
          let [across, down] = [0, 0];
          for (let j = 0; j < n; j++) across += kept.right[p * n + j] * kept.right[q * n + j];
          for (let i = 0; i < m; i++) down += kept.left[i * r + p] * kept.left[i * r + q];
          const size = Math.sqrt(kept.right.slice(p * n, (p + 1) * n).reduce((sum, x) => sum + x * x, 0));
          const other = Math.sqrt(kept.right.slice(q * n, (q + 1) * n).reduce((sum, x) => sum + x * x, 0));
          expect(Math.abs(across)).toBeLessThan(1e-7 * size * other);
          expect(Math.abs(down)).toBeLessThan(1e-7 * size * other);
        }
      }
    }
  });
});
