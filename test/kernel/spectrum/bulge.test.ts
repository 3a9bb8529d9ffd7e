// A bidiagonal form over a band, against the one that is made at once.
import { describe, expect, test } from 'vitest';
import { type Matrix, map, matrix, Random } from '../../numbers.js';
import { area, f64, k, putColumns, SIZES, watch } from '../kernel.js';

describe('a bidiagonal form in two stages', () => {
  /** The bidiagonal matrix that x becomes over a band of this width, or at once. */
  function bidiagonal(x: Matrix, width: number) {
    k.reset();
    const { W, ld, bytes } = putColumns(x);
    const d = area(16 * x.n);
    const e = d + 8 * x.n;
    f64(d, 2 * x.n).fill(0);
    if (width) {
      const start = k.mark();
      const B = k.createBand(x.n, width);
      const band: [number, number] = [start, k.mark() - start];
      watch([[W, bytes], band], () => k.reduceToBand(W, ld, x.m, x.n, B, 0));
      watch([band, [d, 8 * x.n], [e, 8 * x.n]], () => k.chaseBulges(B, d, e));
    } else {
      watch(
        [
          [W, bytes],
          [d, 16 * x.n],
        ],
        () => k.golubKahan(W, ld, x.m, x.n, d, 0, 0),
      );
    }
    const [diagonal, beside] = [f64(d, x.n), f64(e, x.n)];
    return matrix(x.n, x.n, (i, j) => (i === j ? diagonal[i] : i + 1 === j ? beside[i] : 0));
  }

  function values(x: Matrix) {
    k.reset();
    const { W, ld } = putColumns(x);
    const at = area(8 * x.n);
    k.bidiagonalValues(W, ld, x.m, x.n, at);
    return f64(at, x.n).slice();
  }

  const shapes = SIZES.flatMap((n) => [n, n + 1, n + 30].map((m) => [m, n] as const));
  test.each(shapes)('%i x %i', (m, n) => {
    for (const x of [
      new Random(m * n).matrix(m, n),
      new Random(n).withSpectrum(
        m,
        n,
        Array.from({ length: n }, (_, i) => 0.5 ** i),
      ),
      matrix(m, n, (i, j) => (i % 3 && j % 4 ? i + j : 0)),
    ]) {
      const size = Math.sqrt(x.a.reduce((s, t) => s + t * t, 0));
      const known = values(bidiagonal(x, 0));
      for (const width of [8, 16, 24]) {
        values(bidiagonal(x, width)).forEach((s, i) => {
          // docs/certificates.md, "Bidiagonal", for both of them.
          expect(Math.abs(s - known[i])).toBeLessThanOrEqual(2 * Math.sqrt(2 * n) * 2 ** -53 * size);
        });
      }
    }
  });

  test('where it is taken: known values about 512 and 576 columns, square, tall, of low rank, scaled', () => {
    for (const [m, n] of [
      [511, 511],
      [512, 512],
      [900, 513],
      [575, 575],
      [585, 577],
    ]) {
      const spectra = [
        (i: number) => 1 / (1 + i),
        (i: number) => (i < n / 3 ? 1 : 0),
        (i: number) => 10 ** (-i / 10),
      ];
      for (const [p, value] of spectra.entries()) {
        const known = Array.from({ length: n }, (_, i) => value(i));
        const size = Math.sqrt(known.reduce((s, t) => s + t * t, 0));
        const scale = [1, 1e-139, 1e139][p];
        const x = new Random(n).withSpectrum(m, n, known);
        values(map(x, (t) => t * scale)).forEach((s, i) => {
          const off = Math.abs(s / scale - known[i]) / size;
          if (!(off < 2 * Math.sqrt(2 * n) * 2 ** -53)) expect.fail(`${m} x ${n}, value ${i}: off by ${off}`);
        });
      }
    }
  });
});
