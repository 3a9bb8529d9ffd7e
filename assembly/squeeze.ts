// The squeeze: R^T made a matrix of its own, and the lower triangle that Jacobi works on.
//
// QR of R^T (Stewart's QLP) moves R12 into the triangle: both bounds become nearly tight, and the transpose of its
// factor has columns close to orthogonal (Drmac & Veselic 2008; Huckaby & Chan 2003).
import { column, createColumns, leading } from './columns';

/** X = R(0:k, 0:n)^T, n x k lower trapezoidal, of leading(n). */
export function transposeUpper(W: usize, ld: i32, k: i32, n: i32): usize {
  const X = createColumns(n, k);
  const xLd = leading(n);
  for (let j = 0; j < n; j++) {
    const from = column(W, ld, j);
    for (let i = 0; i < min(j + 1, k); i++) {
      store<f64>(column(X, xLd, i) + (<usize>j << 3), load<f64>(from + (<usize>i << 3)));
    }
  }
  return X;
}
