// docs/certificates.md, "Low rank from a sample": rows that the sample does not see count, and so do those that it
// sees.
import { expect, test } from 'vitest';
import { matrixRank } from '../../src/index.js';
import { kernel } from '../../src/kernel/load.js';
import { matrix, multiply, Random } from '../numbers.js';

const SAMPLE = 3; // of claim.ts
const M = 128;
const N = 64;
const RANK = 10;

const r = new Random(8);
const low = multiply(r.matrix(M, RANK), r.matrix(RANK, N));
const w = r.matrix(1, N).a;
const size = Math.hypot(...w);

/** Of rank 10, and one row changed, by so much. */
const changed = (row: number, by: number) =>
  matrix(M, N, (i, j) => low.a[i * N + j] + (i === row ? (by / size) * w[j] : 0));

/** sigma_11, at least: what is left of e_row and of w beside the column and the row space of rank 10. */
const share = 0.3;

test('a change below the tolerance is in the upper bound, whichever row it is in', () => {
  const tol = 1e-6;
  let decided = 0;
  for (let row = 0; row < M; row++) {
    expect(matrixRank(changed(row, 0.1 * tol).a, [M, N], { tol })).toBe(RANK);
    if (kernel().method() !== SAMPLE) continue;
    decided++;
    expect(kernel().upper()).toBeGreaterThanOrEqual(share * 0.1 * tol);
    expect(kernel().upper()).toBeLessThanOrEqual(tol);
    expect(kernel().lower()).toBeGreaterThanOrEqual(tol);
  }
  expect(decided).toBeGreaterThan(M / 2);
});

test('a change above the tolerance is one more, whichever row it is in', () => {
  for (let row = 0; row < M; row++) {
    expect(matrixRank(changed(row, 1e-3).a, [M, N], { tol: 1e-6 })).toBe(RANK + 1);
  }
});
