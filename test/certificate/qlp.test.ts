// docs/certificates.md, "QLP": what was set aside enters the count and both bounds.
import { expect, test } from 'vitest';
import { Random } from '../numbers.js';
import { claims } from './open.js';

test.each([4, 9, 50])('%i columns: the rank is that of all matrices within what was set aside', (n) => {
  let claimed = 0;
  for (let seed = 0; seed < (n < 20 ? 100 : 3); seed++) {
    const r = new Random(seed);
    const tol = 1e-2;
    const aside = tol * 10 ** (-3 * r.uniform());
    const values = Array.from({ length: n }, (_, i) => {
      if (i < n / 2) return 1 - i / n;
      return i === n - 1
        ? tol * 10 ** -(2 + r.uniform())
        : tol + (2 * r.below(2) - 1) * aside * (0.2 + 2 * r.uniform());
    });
    if (
      claims(
        r.withSpectrum(n, n, seed % 4 ? values : values.map((v) => (v > tol ? v + 5 * aside : v / 40)), n),
        tol,
        aside,
      )
    )
      claimed++;
  }
  expect(claimed).toBeGreaterThan(0);
});
