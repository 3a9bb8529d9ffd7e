// docs/certificates.md, "Float32 spectra": values from A^T A only where they are as good as float32 asks.
import { expect, test } from 'vitest';
import { singularValues } from '../../src/index.js';
import { Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';
import { equalRows } from './open.js';

test('equal rows are of rank one, whatever their Gram matrix is', () => {
  const m = 4000;
  const r = new Random(4);
  for (let trial = 0; trial < 40; trial++) {
    const x = equalRows(m, Math.fround(1 + r.uniform()), Math.fround(1 + r.uniform()));
    for (const y of [x, transpose(x)]) {
      const [first, second] = singularValues(Float32Array.from(y.a), [y.m, y.n]);
      expect(second).toBeLessThanOrEqual(2 ** -26 * first);
    }
  }
});

test('condition numbers of 10 to 10^9', () => {
  for (let seed = 0; seed < 40; seed++) {
    const r = new Random(seed);
    const values = [1, 0.7, 0.3, 0.1, 10 ** (-1 - 8 * r.uniform())];
    const x = r.withSpectrum(60, 5, values, 5);
    const data = Float32Array.from(x.a);
    const expected = referenceValues({ m: 60, n: 5, a: Float64Array.from(data) });
    singularValues(data, [60, 5]).forEach((s, i) => {
      expect(Math.abs(s - expected[i])).toBeLessThanOrEqual(2 ** -26 * expected[0]);
    });
  }
});
