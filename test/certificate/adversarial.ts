// Matrices made to be counted wrong, each kind by one shortcut that a rank decision could take.
// Ranks come from referenceValues().
import { type Matrix, map, matrix, multiply, permuted, type Random, transpose } from '../numbers.js';

export interface Case {
  name: string;
  x: Matrix;
  /** float32 input, decided with float32's eps. */
  single?: boolean;
  options?: { tol?: number; rtol?: number };
}

/** Q_1 diag(sigma) Q_2 with well mixed factors. */
function withSpectrum(r: Random, m: number, n: number, sigma: number[]): Matrix {
  return r.withSpectrum(m, n, sigma, 12);
}

/**
 * A spectrum that passes through the tolerance with values as close as 10^-d of it on both sides: what is set aside, a
 * sigma_1 known to few digits or a count of low resolution moves one of them across.
 */
export function denseSpectrum(r: Random, n: number, m = n): Case {
  const tau = 10 ** -(5 + 6 * r.uniform());
  const d = 10 ** -(3 + 2.5 * r.uniform());
  const k = Math.floor(n * (0.3 + 0.4 * r.uniform()));
  const near = 1 + r.below(4);
  const sigma = Array.from({ length: n }, (_, i) => {
    if (i < k - near) return 10 ** ((i / k) * (Math.log10(tau) + 0.05));
    if (i < k) return tau * (1 + d * (k - i));
    if (i < k + near) return tau * (1 - d * (i - k + 1));
    return tau * 10 ** -(0.02 + ((i - k) / (n - k)) * 3);
  });
  return { name: `dense spectrum ${m}x${n}`, x: withSpectrum(r, m, n, sigma), options: { rtol: tau } };
}

/**
 * Two values whose squares come to the tolerance's but for a few 10^-4, and a last row a little shorter than 1 / 32 of
 * it, where a QR may stop: without that row the second value is below the tolerance, with it above.
 */
export function shortRow(r: Random, n: number, single: boolean, share: number): Case {
  const tau = single ? n * 2 ** -23 : 10 ** -(5 + 3 * r.uniform());
  const round = single ? Math.fround : (v: number) => v;
  const b = round(tau * Math.sqrt((1 - 2.4e-4 * (32.3 / share) ** 2) / (1 + 1.002 ** 2)));
  const x = matrix(n, n, (i, j) => {
    if (i < n - 2) return i === j ? 1 : 0;
    if (i === n - 2) return j === n - 2 ? round(1.002 * b) : j === n - 1 ? b : 0;
    return j === n - 1 ? round(tau / share) : 0;
  });
  return {
    name: `row of ${share} times less than the tolerance, ${n}x${n}${single ? ' float32' : ''}`,
    x: single ? x : permuted(x, r.permutation(n), r.permutation(n)),
    single,
    options: single ? {} : { tol: tau },
  };
}

/** The start vectors of assembly/spectrum/lanczos.ts and power.ts. */
function startVectors(n: number): Float64Array[] {
  const mask = (1n << 64n) - 1n;
  const lanczos = [0, 1, 2].map((start) => {
    let s = (0x9e3779b97f4a7c15n * BigInt(2 * start + 1)) & mask;
    return Float64Array.from({ length: n }, () => {
      s = (s * 6364136223846793005n + 1442695040888963407n) & mask;
      return 0.25 + Number(s >> 40n) / 16777216 - (s & (1n << 39n) ? 1.5 : 0);
    });
  });
  return [...lanczos, Float64Array.from({ length: n }, (_, j) => 1 + 0.5 * (j % 7) - (j & 1 ? 3.5 : 0))];
}

/** v less its parts along the basis, to length 1. */
function orthonormal(v: Float64Array, basis: Float64Array[]): Float64Array {
  for (let pass = 0; pass < 3; pass++) {
    for (const b of basis) {
      const s = b.reduce((sum, x, i) => sum + x * v[i], 0);
      for (let i = 0; i < v.length; i++) v[i] -= s * b[i];
    }
    const size = Math.sqrt(v.reduce((s, x) => s + x * x, 0));
    for (let i = 0; i < v.length; i++) v[i] /= size;
  }
  return v;
}

/**
 * The largest singular value, 1, belongs to a vector that no start vector sees; the next is 0.9.
 * The others pass through the tolerance.
 */
export function unseenTop(r: Random, n: number, starts = 4): Case {
  const seen: Float64Array[] = [];
  for (const v of startVectors(n).slice(4 - starts)) seen.push(orthonormal(v, seen));
  const basis = [
    orthonormal(
      Float64Array.from({ length: n }, () => r.normal()),
      seen,
    ),
    ...seen,
  ];
  while (basis.length < n)
    basis.push(
      orthonormal(
        Float64Array.from({ length: n }, () => r.normal()),
        basis,
      ),
    );
  const tau = n * 2 ** -52;
  const half = n >> 1;
  const sigma = (i: number) =>
    i === 0
      ? 1
      : i <= seen.length
        ? 0.9
        : i < half
          ? 1e-9 ** (i / half) * 0.9
          : tau * (i < half + 4 ? 1.06 : 0.95);
  const left = transpose(
    r.reflect(
      matrix(n, n, (i, j) => (i === j ? 1 : 0)),
      12,
    ),
  );
  const right = matrix(n, n, (i, j) => sigma(i) * basis[i][j]);
  return { name: `top vector that ${starts} start vectors miss, ${n}x${n}`, x: multiply(left, right) };
}

/**
 * Two columns that a start vector's first two entries cannot see, in exact arithmetic,
 * beside a spectrum through the tolerance.
 */
export function unseenPair(r: Random, n: number): Case {
  const [v] = startVectors(2);
  const size = Math.hypot(v[0], v[1]);
  const w = [v[1] / size, -v[0] / size];
  const tau = 1e-9;
  const rest = denseSpectrum(r, n - 2).x;
  const scale = tau / 1e-7;
  const x = matrix(n, n, (i, j) => {
    if (i === 0) return j < 2 ? w[j] : 0;
    if (i === 1) return j < 2 ? 0.5 * (j ? w[0] : -w[1]) : 0;
    return j < 2 ? 0 : scale * rest.a[(i - 2) * (n - 2) + j - 2];
  });
  return { name: `top pair orthogonal to a start vector, ${n}x${n}`, x, options: { rtol: tau } };
}

/** The same matrix times a power of two that neither overflows nor underflows, its absolute tolerance too. */
export function scaled(c: Case, power: number): Case {
  const s = 2 ** power;
  const options = c.options?.tol === undefined ? c.options : { tol: c.options.tol * s };
  return { ...c, name: `${c.name} times 2^${power}`, x: map(c.x, (v) => v * s), options };
}
