// Packing: gathers a K x Q piece of a matrix into micro-panels, the operands of the tile kernel.
//
// Output: panel q holds columns 4q .. 4q+3 as [K][4] float64, panels `ld` steps (of 32 bytes) apart, the
// last one padded with zero columns. Input: Indexed, float32 or float64; each element is multiplied by `scale` on the
// way. Cost: one read and one write.
import { alloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import { PACK_TASK } from '../base/params';
import { load1, load2 } from '../base/simd';
import * as source from './source';
import { panels } from './triangle';

// @ts-ignore: decorator
@inline
function offset(table: usize, i: i32): usize {
  return <usize>load<u32>(table + (<usize>i << 2));
}

/** A matrix by tables of u32 byte offsets: element (k, q) is scale times what stands at `at` + down[k] + across[q]. */
@unmanaged
export class Indexed {
  at: usize;
  down: usize;
  across: usize;
  single: bool;
  scale: f64;
}

export function createIndexed(at: usize, down: usize, across: usize, single: bool, scale: f64): Indexed {
  const A = changetype<Indexed>(alloc(offsetof<Indexed>()));
  A.at = at;
  A.down = down;
  A.across = across;
  A.single = single;
  A.scale = scale;
  return A;
}

/** Of float64. */
export function indexed(at: usize, down: usize, across: usize, scale: f64): Indexed {
  return createIndexed(at, down, across, false, scale);
}

/** Of the source's elements that are open, `sign` times its scale. */
export function indexedSource(down: usize, across: usize, sign: f64): Indexed {
  return createIndexed(source.at, down, across, source.single, sign * source.scale);
}

/** Rows k .. k + K, columns q .. q + Q of A. */
function packAs<T>(to: usize, ld: i32, A: Indexed, k0: i32, K: i32, q0: i32, Q: i32): void {
  const base = A.at;
  const ko = A.down + (<usize>k0 << 2);
  const qo = A.across + (<usize>q0 << 2);
  const scale = A.scale;
  const size = sizeof<T>();
  const s = f64x2.splat(scale);
  for (let q = 0; q < Q; q += 4) {
    let out = to + ((<usize>(q >> 2) * <usize>ld) << 5);
    const width = min(4, Q - q);
    if (width == 4) {
      const o0 = offset(qo, q);
      const o1 = offset(qo, q + 1);
      const o2 = offset(qo, q + 2);
      const o3 = offset(qo, q + 3);
      const flat = o1 - o0 == size && o2 - o0 == 2 * size && o3 - o0 == 3 * size;
      for (let k = 0; k < K; k++) {
        const p = base + offset(ko, k);
        if (flat) {
          v128.store(out, f64x2.mul(load2<T>(p + o0), s));
          v128.store(out, f64x2.mul(load2<T>(p + o2), s), 16);
        } else if (k + 1 < K && offset(ko, k + 1) - offset(ko, k) == size) {
          const a = f64x2.mul(load2<T>(p + o0), s);
          const b = f64x2.mul(load2<T>(p + o1), s);
          const c = f64x2.mul(load2<T>(p + o2), s);
          const d = f64x2.mul(load2<T>(p + o3), s);
          v128.store(out, v128.shuffle<f64>(a, b, 0, 2));
          v128.store(out, v128.shuffle<f64>(c, d, 0, 2), 16);
          out += 32;
          k++;
          v128.store(out, v128.shuffle<f64>(a, b, 1, 3));
          v128.store(out, v128.shuffle<f64>(c, d, 1, 3), 16);
        } else {
          store<f64>(out, load1<T>(p + o0) * scale);
          store<f64>(out, load1<T>(p + o1) * scale, 8);
          store<f64>(out, load1<T>(p + o2) * scale, 16);
          store<f64>(out, load1<T>(p + o3) * scale, 24);
        }
        out += 32;
      }
    } else {
      for (let k = 0; k < K; k++) {
        const p = base + offset(ko, k);
        for (let c = 0; c < 4; c++) {
          store<f64>(out + (<usize>c << 3), c < width ? load1<T>(p + offset(qo, q + c)) * scale : 0);
        }
        out += 32;
      }
    }
  }
}

/** Rows k .. k + K, columns q .. q + Q of A, on this thread: for tasks. */
export function packHere(to: usize, ld: i32, A: Indexed, k: i32, K: i32, q: i32, Q: i32): void {
  if (A.single) packAs<f32>(to, ld, A, k, K, q, Q);
  else packAs<f64>(to, ld, A, k, K, q, Q);
}

/** The arguments of pack(), and how many columns a task takes. */
@unmanaged
class Packing {
  to: usize;
  ld: i32;
  A: Indexed;
  K: i32;
  Q: i32;
  width: i32;
}

function packColumns(record: usize, index: i32, _thread: i32): void {
  const p = changetype<Packing>(record);
  const q = index * p.width;
  packHere(p.to + ((<usize>(q >> 2) * <usize>p.ld) << 5), p.ld, p.A, 0, p.K, q, min(p.width, p.Q - q));
}

/** The first K rows and Q columns of A. */
export function pack(to: usize, ld: i32, A: Indexed, K: i32, Q: i32): void {
  if (threads == 1) return packHere(to, ld, A, 0, K, 0, Q);
  const start = mark();
  const p = changetype<Packing>(alloc(offsetof<Packing>()));
  p.to = to;
  p.ld = ld;
  p.A = A;
  p.K = K;
  p.Q = Q;
  p.width = (PACK_TASK / max(K, 1) | 3) + 1;
  parallelFor(packColumns, (Q + p.width - 1) / p.width, changetype<usize>(p));
  release(start);
}

/** The table of byte offsets 0, step, 2 step, ... */
export function offsets(count: i32, step: i32): usize {
  const table = alloc(<u64>count << 2);
  for (let i = 0; i < count; i++) store<u32>(table + (<usize>i << 2), <u32>i * <u32>step);
  return table;
}

/** Bytes of n columns of so many rows packed. */
export function packedBytes(rows: i32, n: i32): u64 {
  return (<u64>panels(n) * <u64>rows) << 5;
}

/** All rows of A into P, [n/4][m][4]. */
export function packSource(P: usize): void {
  for (let first = 0; first < source.m; first += source.panelRows) {
    const count = min(source.panelRows, source.m - first);
    source.panel(first, count);
    packPanel(P + (<usize>first << 5), source.m, 0, count, source.columns, source.n);
  }
}

export function packPanel(to: usize, ld: i32, from: i32, count: i32, columns: usize, n: i32): void {
  const start = mark();
  pack(to, ld, indexedSource(source.rows + (<usize>from << 2), columns, 1), count, n);
  release(start);
}
