// The triangle that stands for all rows seen so far: one step of a sequential TSQR (factor/tsqr.ts), on the
// host's request. Source: Demmel, Grigori, Hoemmen & Langou 2012.
import { mark, release } from '../base/arena';
import { reduce } from '../factor/tsqr';
import { column, leading } from '../matrix/columns';
import * as source from '../matrix/source';

/** R of scale * A, A the open matrix (m >= n, not transposed): n x n row-major, zero below the diagonal. */
export function triangle(r: usize): void {
  source.keepAll();
  const n = source.n;
  const start = mark();
  const R = reduce();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const x: f64 = j < i ? 0 : load<f64>(column(R, leading(n), j) + (<usize>i << 3));
      store<f64>(r + ((<usize>i * <usize>n + <usize>j) << 3), x);
    }
  }
  release(start);
}
