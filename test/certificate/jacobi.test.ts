// docs/certificates.md, "Jacobi": rotations of several sweeps, and cosines that are left, move values by more than
// the reflectors before.
import { expect, test } from 'vitest';
import { Random } from '../numbers.js';
import { claims } from './open.js';

test.each([2, 3, 4, 6, 9, 12, 15, 16])('values of an orthogonal matrix of order %i', (n) => {
  const ones = new Array(n).fill(1);
  for (let seed = 0; seed < (n < 10 ? 150 : 30); seed++) {
    expect(claims(new Random(seed).withSpectrum(n, n, ones, n), 0.9, 0)).toBe(true);
  }
});

test.each([4, 13])('graded columns, a tolerance between two values, order %i', (n) => {
  for (let seed = 0; seed < 40; seed++) {
    const r = new Random(seed);
    const values = Array.from({ length: n }, (_, i) => 10 ** (-i * r.uniform()));
    claims(r.withSpectrum(n, n, values, n), 1.01 * values[n >> 1], 0);
  }
});
