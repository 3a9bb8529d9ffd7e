// Packed triangles: the layout of Gram matrices and their factors.
//
// The lower triangle in row panels of 4: panel i holds rows 4i .. 4i+3 as [4(i+1) columns][4 rows], so that a tile is
// 128 contiguous bytes and a row panel is itself an operand of the tile kernel. The diagonal tiles of a symmetric
// matrix are whole, those of a triangular one have zeros above the diagonal.
import { alloc, mark, release } from '../base/arena';
import { parallelFor } from '../base/parallel';
import { COPY_TASK_BYTES, PAD } from '../base/params';
import { column, createColumns, leading } from './columns';

export function panels(n: i32): i32 {
  return (n + 3) >> 2;
}

/** Start of row panel i of a packed triangle. */
// @ts-ignore: decorator
@inline
export function rowPanel(L: usize, i: i32): usize {
  return L + (<usize>i * <usize>(i + 1) << 6);
}

export function triangleBytes(n: i32): u64 {
  const p = <u64>panels(n);
  return (p * (p + 1)) << 6;
}

@unmanaged
class Copy {
  to: usize;
  from: usize;
  bytes: usize;
  sign: f64;
}

function copyStretch(record: usize, index: i32, _thread: i32): void {
  const c = changetype<Copy>(record);
  const s = f64x2.splat(c.sign);
  const first = <usize>index * COPY_TASK_BYTES;
  const end = c.from + min(c.bytes, first + COPY_TASK_BYTES);
  for (let p = c.from + first, to = c.to + first; p < end; p += 16, to += 16) {
    v128.store(to, f64x2.mul(v128.load(p), s));
  }
}

/** How many tasks a pass over so many bytes is. */
export function stretches(bytes: usize): i32 {
  return <i32>((bytes + COPY_TASK_BYTES - 1) / COPY_TASK_BYTES);
}

/** Copies a packed triangle, times +-1. */
export function copyTriangle(to: usize, from: usize, n: i32, sign: f64): void {
  const start = mark();
  const c = changetype<Copy>(alloc(offsetof<Copy>()));
  c.to = to;
  c.from = from;
  c.bytes = <usize>triangleBytes(n);
  c.sign = sign;
  parallelFor(copyStretch, stretches(c.bytes), changetype<usize>(c));
  release(start);
}

/** R (k x k upper, column-major) as the packed row panels of its transpose; padding on the diagonal is PAD. */
export function packUpper(R: usize, ld: i32, k: i32): usize {
  const L = alloc(triangleBytes(k));
  for (let i = 0; i < panels(k); i++) {
    let out = rowPanel(L, i);
    for (let p = 0; p < (i + 1) << 2; p++) {
      for (let c = i << 2; c < (i + 1) << 2; c++) {
        const x: f64 = c >= k ? (p == c ? PAD : 0) : p <= c ? load<f64>(column(R, ld, c) + (<usize>p << 3)) : 0;
        store<f64>(out, x);
        out += 8;
      }
    }
  }
  return L;
}

/** The transpose of a packed lower triangle, by columns: n x n upper triangular. */
export function unpackTransposed(L: usize, n: i32): usize {
  const R = createColumns(n, n);
  for (let j = 0; j < n; j++) {
    const to = column(R, leading(n), j);
    let from = rowPanel(L, j >> 2) + (<usize>(j & 3) << 3);
    for (let i: usize = 0; i <= <usize>j << 3; i += 8) {
      store<f64>(to + i, load<f64>(from));
      from += 32;
    }
  }
  return R;
}
