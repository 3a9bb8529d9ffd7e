// What the tests of test/kernel/ call: AssemblyScript, compiled by compile.ts from build/.
export { alloc, mark, release, reset } from '../assembly/base/arena';
export { bidiagonalForm, bidiagonalValues, countAbove, largestValue } from '../assembly/spectrum/bidiagonal';
export { begin as beginFactor, factor, gram, growth, negatives } from '../assembly/factor/cholesky';
export { proceed as proceedFactor, triangleBytes } from '../assembly/factor/cholesky';
export { axpy, createColumns, dot, leading, norm, readAll, rotate, square, swapColumns } from '../assembly/matrix/columns';
export { gramOfSource, multiply, packSource, squareSymmetric } from '../assembly/blas/syrk';
export { coarseness, noneFarAbove } from '../assembly/factor/cholesky16';
export { allocBlock, applyBlock, formBlock, panel, restMost, restTotal } from '../assembly/factor/householder';
export { jacobi } from '../assembly/spectrum/jacobi';
export { largestEigenvalue } from '../assembly/spectrum/lanczos';
export { factor as factorBlock, invert } from '../assembly/factor/lu';
export { image, power } from '../assembly/spectrum/power';
export { pack } from '../assembly/matrix/pack';
export { begin } from '../assembly/factor/qrcp';
export { reduce } from '../assembly/factor/tsqr';
export { scan, squares, total } from '../assembly/matrix/scan';
export { n as kept, open, original, scale } from '../assembly/matrix/source';
export { dual, solve } from '../assembly/factor/cholesky-solve';
export { transposeUpper } from '../assembly/certificate/qlp';
export { madd412, madd44 } from '../assembly/blas/gemm';
export { inverseNorm, packUpper, solveUpper } from '../assembly/blas/trsm';
export { subtract } from '../assembly/blas/gemv';

import { leastSteps, PivotedQr, proceed as proceedQr, residualAfter } from '../assembly/factor/qrcp';

/** Returns the steps done. */
export function proceed(q: PivotedQr, stop: f64, checkBelow: f64, cap: i32): i32 {
  proceedQr(q, stop, checkBelow, cap);
  return q.steps;
}

export function residual(q: PivotedQr): f64 {
  return q.residual;
}

export { leastSteps, residualAfter };
