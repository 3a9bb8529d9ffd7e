// Substitution, with deflated columns.

import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, multiply, Random, transpose } from '../../numbers.js';
import { area, f64, k, putSymmetric, watch } from '../kernel.js';

const shifted = (x: Matrix, s: number) => matrix(x.m, x.n, (i, j) => x.a[i * x.n + j] - (i === j ? s : 0));

describe('deflated columns', () => {
  test.each([14, 30, 66, 101, 350])('of order %i: the factor and solve() are those of the others', (n) => {
    const r = new Random(n);
    const x = r.matrix(n + 5, n);
    // As many as may be.
    const most = Math.min(24, Math.floor(n / 11));
    const gone = new Set([n - 1, ...r.permutation(n - 2).map((j) => j + 1)].slice(0, most));
    const order = Array.from({ length: n }, (_, i) => i);
    const others = order.filter((j) => !gone.has(j));
    // Dependent on those before them, up to rounding that the shift hides.
    for (const j of gone) for (let i = 0; i < x.m; i++) x.a[i * n + j] = x.a[i * n];
    const shift = 1e-9;
    k.reset();
    const panels = (n + 3) >> 2;
    const one = Array.from({ length: n }, (_, j) => j).find((j) => j > 0 && !gone.has(j)) ?? 0;
    const more = matrix(x.m, n, (i, j) => x.a[i * n + (j === one ? 0 : j)]);
    const L = putSymmetric(multiply(transpose(more), more));
    const failing = k.beginFactor(L, n, shift, true, most);
    expect(k.proceedFactor(failing, panels, 0, 0, 0), 'one more than allowed').toBeFalsy();
    expect(k.columnsOf(failing)).toBe(n - 1);

    k.reset();
    const again = putSymmetric(multiply(transpose(x), x));
    const f = k.beginFactor(again, n, shift, true, most);
    const bytes = Number(k.triangleBytes(n));
    expect(k.proceedFactor(f, panels, 0, 0, 0)).toBeTruthy();
    expect(k.columnsOf(f)).toBe(n);
    expect(k.deflated(f)).toBe(most);
    const kept = matrix(x.m, others.length, (i, j) => x.a[i * n + others[j]]);
    // Two micro-panels of four right-hand sides each, some bytes apart.
    const columns = 8;
    const solution = r.matrix(others.length, columns);
    const right = multiply(shifted(multiply(transpose(kept), kept), shift), solution);
    const step = 128 * panels + 32;
    const b = area(2 * step);
    const view = f64(b, step / 4).fill(0);
    const at = (j: number, c: number) => (c >> 2) * (step >> 3) + 4 * j + (c & 3);
    for (let c = 0; c < columns; c++) {
      others.forEach((j, i) => {
        view[at(j, c)] = right.a[i * columns + c];
      });
      for (const j of gone) view[at(j, c)] = 7; // not read
    }
    watch(
      [
        [again, bytes],
        [b, 2 * step],
      ],
      () => k.solve(f, b, 2 * step, step),
    );
    for (let c = 0; c < columns; c++) {
      for (const j of gone) expect(Math.abs(view[at(j, c)])).toBe(0);
      others.forEach((j, i) => {
        expect(Math.abs(view[at(j, c)] - solution.a[i * columns + c])).toBeLessThan(1e-7);
      });
    }
  });
});
