// Matrix products: the tile, packing, the Gram matrix, and vectors.
import { describe, expect, test } from 'vitest';
import { matrix, multiply, Random, transpose } from '../numbers.js';
import {
  area,
  distance,
  f64,
  getColumns,
  getSymmetric,
  inTriangle,
  k,
  openSource,
  paddingIsZero,
  put,
  putColumns,
  putInts,
  putPanels,
  putSymmetric,
  SIZES,
  watch,
} from './kernel.js';

describe('a micro-panel times a tile, subtracted', () => {
  test.each([0, 1, 2, 7, 64])('%i rows, elsewhere and in place', (rows) => {
    k.reset();
    const r = new Random(rows);
    const x = r.matrix(rows, 4);
    const y = r.matrix(rows, 4);
    const t = r.matrix(4, 4);
    const X = put(x.a);
    const Y = put(y.a);
    const T = put(t.a);
    const less = (a: typeof x, b: typeof x) => matrix(rows, 4, (i, j) => a.a[i * 4 + j] - b.a[i * 4 + j]);
    watch([[X, 32 * rows]], () => k.subtract(X, Y, T, rows));
    expect(distance({ m: rows, n: 4, a: f64(X, 4 * rows) }, less(x, multiply(y, t)))).toBeLessThan(1e-14);
    watch([[Y, 32 * rows]], () => k.subtract(Y, Y, T, rows));
    expect(distance({ m: rows, n: 4, a: f64(Y, 4 * rows) }, less(y, multiply(y, t)))).toBeLessThan(1e-14);
  });
});

describe('tile', () => {
  // c += a b^T for one tile of 4 columns, or three of them whose operands lie apart.
  const cases = [0, 1, 2, 3, 4, 5, 17, 64, 301].flatMap((steps) => [
    [steps, 4],
    [steps, 12],
  ]);
  test.each(cases)('%i steps, 4 x %i', (steps, columns) => {
    k.reset();
    const r = new Random(steps + columns);
    const x = r.matrix(steps, 4);
    const start = r.matrix(4, columns);
    const c = put(transpose(start).a);
    const a = put(x.a);
    const b = Array.from({ length: columns / 4 }, () => r.matrix(steps, 4));
    const at = b.map((panel) => put(panel.a));
    watch([[c, 32 * columns]], () => {
      if (columns === 4) k.madd44(c, a, at[0], steps);
      else k.madd412(c, a, at[0], at[1], at[2], steps);
    });
    const products = b.map((panel) => multiply(transpose(x), panel));
    const known = matrix(
      4,
      columns,
      (i, j) => start.a[columns * i + j] + products[j >> 2].a[4 * i + (j & 3)],
    );
    const got = f64(c, 4 * columns);
    expect(
      distance(
        matrix(4, columns, (i, j) => got[4 * j + i]),
        known,
        1 + steps,
      ),
    ).toBeLessThan(1e-14);
  });
});

describe('pack', () => {
  // Element (k, q) at base + ko[k] + qo[q], in each of the orders that packing has a road for.
  const orders = {
    'rows contiguous': (K: number, Q: number) => [(i: number) => i * Q, (j: number) => j, K * Q],
    'columns contiguous': (K: number, Q: number) => [(i: number) => i, (j: number) => j * K, K * Q],
    'columns strided': (K: number, Q: number) => [
      (i: number) => 2 * i,
      (j: number) => j * (2 * K + 3),
      Q * (2 * K + 3),
    ],
    'rows scattered': (K: number, Q: number) => [
      (i: number) => ((i * 7) % 19) * Q,
      (j: number) => (j * 5) % Q,
      (K + 19) * Q,
    ],
  } as const;
  for (const [name, order] of Object.entries(orders)) {
    for (const single of [false, true]) {
      test(`${name}, ${single ? 'float32' : 'float64'}`, () => {
        for (const K of [1, 2, 3, 4, 5, 16, 19]) {
          for (const Q of [1, 2, 3, 4, 6, 7, 8, 9, 13]) {
            k.reset();
            const [ko, qo, size] = order(K, Q) as [(i: number) => number, (j: number) => number, number];
            const r = new Random(100 * K + Q);
            const data = new (single ? Float32Array : Float64Array)(size).map(() => r.normal());
            const bytes = data.BYTES_PER_ELEMENT;
            const base = area(data.byteLength);
            new Uint8Array(k.memory.buffer, base, data.byteLength).set(new Uint8Array(data.buffer));
            const rows = putInts(Array.from({ length: K }, (_, i) => bytes * ko(i)));
            const columns = putInts(Array.from({ length: Q }, (_, j) => bytes * qo(j)));
            const ld = K + 2;
            const count = Math.ceil(Q / 4);
            const to = area(32 * ld * count);
            const ranges = Array.from({ length: count }, (_, q): [number, number] => [
              to + 32 * ld * q,
              32 * K,
            ]);
            watch(ranges, () => k.pack(to, ld, base, rows, K, columns, Q, single, -0.25));
            const out = f64(to, 4 * ld * count);
            for (let i = 0; i < K; i++) {
              for (let c = 0; c < 4 * count; c++) {
                const known = c < Q ? data[ko(i) + qo(c)] * -0.25 : 0;
                if (out[4 * ((c >> 2) * ld + i) + (c & 3)] !== known) expect.fail(`${K}x${Q} (${i}, ${c})`);
              }
            }
          }
        }
      });
    }
  }
});

describe('gram', () => {
  test.each(SIZES)('of %i columns, formed and added to, at once and in two parts', (n) => {
    for (const s of [1, 2, 7, 70]) {
      k.reset();
      const x = new Random(n).matrix(s, n);
      const P = putPanels(x, s + 3);
      const bytes = Number(k.triangleBytes(n));
      const G = area(bytes);
      watch([[G, bytes]], () => k.gram(G, 0, n, P, s + 3, s, true));
      const known = multiply(transpose(x), x);
      expect(distance(getSymmetric(G, n), known, s + 1)).toBeLessThan(1e-14);
      // Row panels of a part only: those before it stay as they are.
      const part = (n + 4) >> 3;
      watch([[G, bytes]], () => {
        k.gram(G, 0, Math.min(n, 4 * part), P, s + 3, s, false);
        k.gram(G, part, n, P, s + 3, s, false);
      });
      const twice = matrix(n, n, (i, j) => 2 * known.a[i * n + j]);
      expect(distance(getSymmetric(G, n), twice, s + 1)).toBeLessThan(2e-14);
      const square = twice.a.reduce((t, v) => t + v * v, 0);
      expect(Math.abs(watch([], () => k.squareSymmetric(G, n)) / square - 1)).toBeLessThan(1e-13);
    }
  });

  test.each(SIZES)('times a vector, n = %i', (n) => {
    k.reset();
    const r = new Random(n);
    const x = r.matrix(n, n);
    const s = matrix(n, n, (i, j) => x.a[Math.max(i, j) * n + Math.min(i, j)]);
    const v = r.matrix(n, 1);
    const G = putSymmetric(s);
    const padded = (n + 3) & ~3;
    const from = put([...v.a, ...new Float64Array(padded - n)]);
    const y = area(8 * padded);
    watch([[y, 8 * padded]], () => k.multiply(y, G, n, from));
    expect(distance({ m: n, n: 1, a: f64(y, n) }, multiply(s, v), n)).toBeLessThan(1e-14);
  });

  test('the packed triangle takes 128 bytes a tile', () => {
    for (const n of SIZES) {
      const tiles = Math.ceil(n / 4);
      expect(Number(k.triangleBytes(n))).toBe(64 * tiles * (tiles + 1));
      expect(8 * (inTriangle(n - 1, n - 1) + 1)).toBeLessThanOrEqual(Number(k.triangleBytes(n)));
    }
  });
});

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
      const norm = watch([[to, 8 * ((m + 3) & ~3)]], () => k.image(at, to, 0, 0));
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
      watch([[panels, 2 * 32 * rows]], () => k.image(panels, below, 2 * 32 * rows, 32 * rows));
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

describe('scan', () => {
  test.each([NaN, Infinity, -Infinity])('%f at the first, a middle and the last place', (bad) => {
    for (const { resident, byRow, single } of sources) {
      for (const [m, n] of [
        [1, 1],
        [3, 2],
        [1100, 67],
      ]) {
        for (const p of [0, (m * n) >> 1, m * n - 1]) {
          const x = new Random(5).matrix(m, n);
          x.a[p] = bad;
          k.reset();
          openSource(x, single, byRow, resident);
          expect(k.scan()).toBeFalsy();
        }
      }
    }
  });

  test('a power of two brings every matrix to about norm 1', () => {
    for (const e of [-1074, -1022, -600, -200, 0, 200, 600, 1022]) {
      k.reset();
      openSource(
        matrix(5, 3, (i, j) => (1 + ((i + j) % 2)) * 2 ** e),
        false,
        true,
        true,
      );
      expect(k.scan()).toBeTruthy();
      const scale = k.scale.value as number;
      expect(Number.isInteger(Math.log2(scale))).toBe(true);
      const total = k.total.value as number;
      expect(total).toBeGreaterThanOrEqual(e === -1074 ? 1e-33 : 1);
      expect(total).toBeLessThan(4);
    }
  });

  test('all zero: no column is kept', () => {
    k.reset();
    openSource(
      matrix(70, 9, () => 0),
      false,
      true,
      true,
    );
    expect(k.scan()).toBeTruthy();
    expect(k.kept.value).toBe(0);
  });

  test('a column that is too small to square is no zero column', () => {
    k.reset();
    openSource(
      matrix(70, 3, (i, j) => (j === 1 ? (i === 60 ? 5e-324 : 0) : 1)),
      false,
      true,
      false,
    );
    expect(k.scan()).toBeTruthy();
    expect(k.kept.value).toBe(3);
  });
});

describe('columns', () => {
  const lengths = Array.from({ length: 20 }, (_, i) => i);

  test.each(lengths)('dot, axpy, rotate, swap, norm of %i elements', (n) => {
    k.reset();
    const r = new Random(n);
    const even = (n + 1) & ~1;
    const x = Array.from({ length: n }, () => r.normal());
    const y = Array.from({ length: n }, () => r.normal());
    const pad = even > n ? [0] : [];
    const a = put([...x, ...pad]);
    const b = put([...y, ...pad]);
    const exact = (p: number[], q: number[]) => p.reduce((s, t, i) => s + t * q[i], 0);
    expect(Math.abs(watch([], () => k.dot(a, b, n)) - exact(x, y))).toBeLessThan(1e-14 * (n + 1));
    expect(Math.abs(watch([], () => k.norm(a, n)) - Math.hypot(...x))).toBeLessThan(1e-15 * (n + 1));

    watch(
      [
        [a, 8 * even],
        [b, 8 * even],
      ],
      () => k.rotate(a, b, 0.6, 0.8, n),
    );
    for (let i = 0; i < n; i++) {
      expect(Math.abs(f64(a, n)[i] - (0.6 * x[i] - 0.8 * y[i]))).toBeLessThan(1e-15 * 8);
      expect(Math.abs(f64(b, n)[i] - (0.8 * x[i] + 0.6 * y[i]))).toBeLessThan(1e-15 * 8);
    }

    const before = [[...f64(a, n)], [...f64(b, n)]];
    watch(
      [
        [a, 8 * even],
        [b, 8 * even],
      ],
      () => k.swapColumns(a, b, n),
    );
    expect([[...f64(b, n)], [...f64(a, n)]]).toEqual(before);

    const p = [...f64(a, n)];
    const q = [...f64(b, n)];
    const size = watch([[b, 8 * n]], () => k.axpy(b, a, -0.5, n));
    const sum = q.map((t, i) => t - 0.5 * p[i]);
    sum.forEach((t, i) => {
      expect(Math.abs(f64(b, n)[i] - t)).toBeLessThan(1e-15 * 8);
    });
    expect(Math.abs(size - exact(sum, sum))).toBeLessThan(1e-14 * (n + 1));
  });

  test('norm where squares overflow and where they vanish', () => {
    k.reset();
    for (const s of [1e-320, 1e-300, 1e-160, 1, 1e160, 1e307]) {
      const a = put([3 * s, 0, -4 * s, 0, 12 * s]);
      expect(Math.abs(k.norm(a, 5) / (13 * s) - 1)).toBeLessThan(s === 1e-320 ? 1e-3 : 1e-15);
    }
    expect(k.norm(put([0, 0, 0]), 3)).toBe(0);
  });

  test('the sum of squares of a block', () => {
    k.reset();
    const x = new Random(4).matrix(9, 7);
    const { W, ld } = putColumns(x);
    let known = 0;
    for (let i = 2; i < 8; i++) for (let j = 3; j < 6; j++) known += x.a[i * 7 + j] ** 2;
    expect(Math.abs(watch([], () => k.square(W, ld, 2, 8, 3, 6)) / known - 1)).toBeLessThan(1e-15);
  });
});
