// Packing into micro-panels.

import { describe, expect, test } from 'vitest';
import { Random } from '../../numbers.js';
import { area, f64, k, putInts, watch } from '../kernel.js';

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
            const A = k.createIndexed(base, rows, columns, single, -0.25);
            watch(ranges, () => k.pack(to, ld, A, K, Q));
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
