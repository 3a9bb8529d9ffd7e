// Numbers and proofs in words.
import type { RankReport } from 'matrix-rank';

/** Four significant digits; powers of ten where plain digits would be long. */
export function short(x: number): string {
  if (x === 0) return '0';
  if (!Number.isFinite(x)) return '∞';
  const size = Math.abs(x);
  return size >= 1e-3 && size < 1e5
    ? String(Number(x.toPrecision(4)))
    : x.toExponential(2).replace('e+', 'e');
}

const STEPS: Record<string, string> = {
  trivial: 'One look at the elements is enough',
  cholesky:
    'Cholesky factorisation: it runs to completion only if every singular value is above a known bound',
  inertia: "Sylvester's law: the positive pivots of AᵀA − τ²I are the singular values above τ",
  sample: 'A sample of rows and columns, and the norm of what it leaves over',
  qr: 'Pivoted QR: both sides of the gap are bounded by its factors',
  lq: 'QR, and QR of its transpose, whose bounds are nearly tight',
  jacobi: 'Jacobi iteration, until no singular value can cross the tolerance any more',
  bidiagonal: 'Bidiagonalisation: all singular values, each to rounding error',
};

/** How the rank was proved, with its bounds. */
export function proof({ method, rank, lower, upper, tolerance, margin }: RankReport): string {
  const above = rank > 0 ? `σ${sub(rank)} ≥ ${short(lower)} > ` : '';
  const below = upper > 0 ? ` ≥ ${short(upper)} ≥ σ${sub(rank + 1)}` : '';
  const bounds = above || below ? ` Proven: ${above}${short(tolerance)} (tolerance)${below}.` : '';
  const clear = Number.isFinite(margin) ? ` Clear of the tolerance by a factor of ${short(margin)}.` : '';
  return `${STEPS[method] ?? method}.${bounds}${clear}`;
}

const sub = (n: number) => String(n).replace(/\d/g, (d) => '₀₁₂₃₄₅₆₇₈₉'[Number(d)]);

export const plural = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export function bytes(n: number): string {
  if (n < 1e6) return `${(n / 1e3).toFixed(0)} kB`;
  return n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}
