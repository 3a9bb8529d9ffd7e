// A read whole or in panels, by rows or columns: packed, by columns, its Gram matrix, its R factor.

import { describe, expect, test } from 'vitest';
import { matrix, multiply, Random, transpose } from '../../numbers.js';
import {
  area,
  distance,
  f64,
  getColumns,
  getSymmetric,
  k,
  openSource,
  paddingIsZero,
  put,
  watch,
} from '../kernel.js';

// From the source: whole or streamed, by rows or by columns, either type, with a few panels and with one.
const sources = [true, false].flatMap((resident) =>
  [true, false].flatMap((byRow) => [true, false].map((single) => ({ resident, byRow, single }))),
);

const shapes = [
  [1, 1],
  [2, 2],
  [5, 3],
  [17, 17],
  [66, 65],
  [203, 31],
  [2100, 66],
];

describe.each(sources)(
  'source, resident $resident, by rows $byRow, float32 $single',
  ({ resident, byRow, single }) => {
    test.each(shapes)('%ix%i: packed, by columns, Gram matrix, reduced', (m, n) => {
      const values = new Random(m).matrix(m, n);
      if (n > 2) for (let i = 0; i < m; i++) values.a[i * n + 1] = 0; // a zero column
      const x = { m, n, a: single ? Float64Array.from(Float32Array.from(values.a)) : values.a };
      const fresh = () => {
        k.reset();
        openSource(x, single, byRow, resident);
        expect(k.scan()).toBeTruthy();
      };
      fresh();
      const kept = k.kept.value as number;
      expect(kept).toBe(n > 2 ? n - 1 : n);
      const columns = Array.from({ length: kept }, (_, j) => k.original(j));
      expect(columns).toEqual(Array.from({ length: n }, (_, j) => j).filter((j) => n <= 2 || j !== 1));
      const scale = k.scale.value as number;
      const y = matrix(m, kept, (i, j) => scale * x.a[i * n + columns[j]]);
      const gram = multiply(transpose(y), y);

      const squares = f64(k.squares.value as number, kept);
      squares.forEach((s, j) => {
        expect(Math.abs(s - gram.a[j * kept + j])).toBeLessThan(1e-13 * s);
      });
      const total = squares.reduce((s, t) => s + t, 0);
      expect(Math.abs((k.total.value as number) - total)).toBeLessThan(1e-13 * total);

      const P = area(32 * m * Math.ceil(kept / 4));
      k.packSource(P);
      const packed = f64(P, 4 * m * Math.ceil(kept / 4));
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < kept; j++) {
          if (packed[4 * ((j >> 2) * m + i) + (j & 3)] !== y.a[i * kept + j])
            expect.fail(`packed (${i}, ${j})`);
        }
      }

      fresh();
      const ld = k.leading(m);
      const W = k.createColumns(m, kept);
      k.readAll(W, ld);
      expect(distance(getColumns(W, ld, m, kept), y)).toBe(0);
      expect(paddingIsZero(W, ld, m, kept)).toBe(true);

      fresh();
      const G = area(Number(k.triangleBytes(kept)));
      k.gramOfSource(G);
      expect(distance(getSymmetric(G, kept), gram, m)).toBeLessThan(1e-14);

      const v = new Random(3).matrix(kept, 1);
      const image = multiply(y, v);
      const length = Math.sqrt(image.a.reduce((s, t) => s + t * t, 0));
      const to = area(8 * (m + 4));
      const at = put(v.a);
      const norm = watch([[to, 8 * ((m + 3) & ~3)]], () => k.applyToVector(at, to));
      expect(Math.abs(norm / length - 1)).toBeLessThan(1e-13);
      expect(distance({ m, n: 1, a: f64(to, m) }, image, length)).toBeLessThan(1e-13);

      // Two micro-panels of four vectors each, their images right behind them.
      const V = new Random(4).matrix(kept, 8);
      const images = multiply(y, V);
      const rows = kept + m + 8;
      const panels = area(2 * 32 * rows);
      const view = f64(panels, 2 * 4 * rows).fill(0);
      const place = (i: number, c: number) => 4 * ((c >> 2) * rows + i) + (c & 3);
      for (let i = 0; i < kept; i++) for (let c = 0; c < 8; c++) view[place(i, c)] = V.a[i * 8 + c];
      const below = panels + 32 * (kept + 4);
      watch([[panels, 2 * 32 * rows]], () => k.applyToPanels(panels, below, 2 * 32 * rows, 32 * rows));
      const got = matrix(m, 8, (i, c) => view[place(kept + 4 + i, c)]);
      expect(distance(got, images, Math.sqrt(n))).toBeLessThan(1e-13);
      for (let i = 0; i < kept; i++)
        for (let c = 0; c < 8; c++) expect(view[place(i, c)]).toBe(V.a[i * 8 + c]);

      fresh();
      const R = getColumns(k.reduce(), k.leading(kept), Math.min(m, kept), kept);
      for (let i = 1; i < R.m; i++) for (let j = 0; j < i; j++) expect(R.a[i * kept + j]).toBe(0);
      expect(distance(multiply(transpose(R), R), gram, m)).toBeLessThan(1e-13);
    });
  },
);
