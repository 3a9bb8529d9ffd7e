// Full rank of a triangular matrix: it is its own R, and sigma_n >= 1 / ||A^-1||_F.
// docs/certificates.md, "Full rank by QR".
// Cost: n^3 / 3 flops; no more than four solves, n^2 each, where they show that the inverse is too large.
import { alloc, mark, release } from '../base/arena';
import { HOPELESS_INVERSE, TRIANGLE_ROWS } from '../base/params';
import { congruential } from '../base/random';
import { madd44 } from '../blas/gemm';
import { dot } from '../blas/level1';
import { forwardTile } from '../blas/trsm';
import { column, createColumns, leading, readAll, transposeSquare } from '../matrix/columns';
import * as source from '../matrix/source';
import { packUpper, panels, rowPanel } from '../matrix/triangle';
import * as claim from './claim';
import { stage } from './rounding';
import { decideFromInverse } from './unpivoted-qr';

/** Whether some rows are those of an upper triangular matrix, or of a lower one; a guess for that of all. */
function look(upper: bool): bool {
  const start = mark();
  const n = source.n;
  const s = min(TRIANGLE_ROWS, n);
  const list = alloc(<u64>s << 2);
  for (let i = 0; i < s; i++) store<i32>(list + (<usize>i << 2), <i32>(<u64>(i + 1) * n / (s + 1)));
  const rows = source.select(list, s);
  const columns = source.selectedColumns(s);
  let zero = true;
  for (let i = 0; i < s && zero; i++) {
    const row = source.at + <usize>load<u32>(rows + (<usize>i << 2));
    const at = load<i32>(list + (<usize>i << 2));
    for (let j = upper ? 0 : n - 1; j != at && zero; j += upper ? 1 : -1) {
      zero = source.element(row + <usize>load<u32>(columns + (<usize>j << 2))) == 0;
    }
  }
  release(start);
  return zero;
}

/** Whether all below the diagonal is zero. */
function isUpper(W: usize, ld: i32, n: i32): bool {
  for (let j = 0; j < n; j++) {
    const x = column(W, ld, j);
    for (let i = <usize>(j + 1) << 3; i < <usize>n << 3; i += 8) if (load<f64>(x + i) != 0) return false;
  }
  return true;
}

/** A square triangular A as the packed transpose of an upper triangle that has its singular values, else 0. */
export function triangleOfSource(): usize {
  const n = source.n;
  const upper = look(true);
  if (!upper && !look(false)) return 0;
  const ld = leading(n);
  const W = createColumns(n, n);
  readAll(W, ld);
  if (!upper) transposeSquare(W, ld, n);
  return isUpper(W, ld, n) ? packUpper(W, ld, n) : 0;
}

/** ||L^-1||_F, about: the images of random vectors are as long in the mean. */
function estimateInverse(L: usize, n: i32): f64 {
  const start = mark();
  const count = panels(n);
  const X = alloc(<u64>count << 7);
  let seed: u64 = <u64>n;
  for (let o: usize = 0; o < <usize>count << 7; o += 8) {
    seed = congruential(seed);
    store<f64>(X + o, seed >> 63 ? 1 : -1);
  }
  for (let i = 0; i < count; i++) {
    const x = X + (<usize>i << 7);
    const Li = rowPanel(L, i);
    madd44(x, X, Li, i << 2);
    forwardTile(x, Li + (<usize>i << 7), false);
  }
  const size = 0.5 * Math.sqrt(dot(X, X, n << 2));
  release(start);
  return size;
}

/** Claims full rank where it is proved of the triangle of triangleOfSource(). */
export function fullRankOfTriangle(L: usize): bool {
  const n = source.n;
  if (!(HOPELESS_INVERSE * claim.tolerance(claim.high) * estimateInverse(L, n) < 1)) return false;
  return decideFromInverse(L, stage(n));
}
