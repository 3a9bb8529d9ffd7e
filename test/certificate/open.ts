// The certificates of the kernel one at a time, on the module of test/kernel/: what each of them claims must be true
// of every matrix, and is held against exact or double-double arithmetic here.

import { expect } from 'vitest';
import { area, k, openSource, putColumns } from '../kernel/kernel.js';
import { type Matrix, map, matrix, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';

/** Opens a matrix and a claim about it, in units in which ||A||_F is about 1. Returns that scale, a power of two. */
export function openClaim(x: Matrix, { tol = 0, rtol = 0, report = false, byRow = true } = {}): number {
  k.reset();
  openSource(x, false, byRow, true);
  k.scan();
  const scale = k.scale.value;
  k.openClaim(tol * scale, rtol, report);
  return scale;
}

/** A^T A of the open matrix of n columns, and room for a factor. */
export function gramOfOpen(n: number): { G: number; L: number } {
  const bytes = Number(k.triangleBytes(n));
  const G = area(bytes);
  k.gramOfSource(G);
  return { G, L: area(bytes) };
}

/** The sum of squares, exactly, in units of 2^-104: of numbers of [2^-52, 2^52] with no digit below 2^-52. */
export function squareSum(...x: number[]): bigint {
  return x.reduce((sum, v) => sum + BigInt(v * 2 ** 52) ** 2n, 0n);
}

/**
 * m rows [x, y, ...], the same: of rank one, sigma_1^2 = m (x^2 + y^2 + ...), and sums of its products round all the
 * same way.
 */
export function equalRows(m: number, ...x: number[]): Matrix {
  return matrix(m, x.length, (_, j) => x[j]);
}

/** The sign of a^2 - m (x^2 + y^2 + ..), exactly. */
export function compareSquare(a: number, m: number, ...x: number[]): number {
  const d = squareSum(a) - BigInt(m) * squareSum(...x);
  return d > 0n ? 1 : d < 0n ? -1 : 0;
}

/**
 * Whether byTransposed() makes a claim about x, of which `aside` was set aside. It must hold for every matrix within
 * that of x, and its bounds for x.
 */
export function claims(x: Matrix, tol: number, aside: number): boolean {
  const scale = openClaim(x, { tol });
  k.encloseByNorms();
  const { W } = putColumns(map(transpose(x), (v) => v * scale));
  if (!k.byTransposed(W, x.m, aside * scale, 0)) return false;
  holds(x, tol, aside, scale);
  return true;
}

/** The same of bySingularValues(), which sets nothing aside and always decides. */
export function claimsBySingularValues(x: Matrix, tol: number): void {
  const scale = openClaim(x, { tol });
  k.encloseByNorms();
  expect(k.bySingularValues()).toBeTruthy();
  holds(x, tol, 0, scale);
}

function holds(x: Matrix, tol: number, aside: number, scale: number): void {
  const values = referenceValues(x);
  const rank = k.claimed.value;
  if (rank > 0) expect(k.lower.value / scale).toBeLessThanOrEqual(values[rank - 1] - aside);
  if (rank < x.n) expect(k.upper.value / scale).toBeGreaterThanOrEqual(values[rank] + aside);
  if (aside > 1e-14 || k.proven.value) {
    expect(values.filter((v) => v + aside > tol).length).toBe(rank);
    expect(values.filter((v) => v - aside > tol).length).toBe(rank);
  }
}
