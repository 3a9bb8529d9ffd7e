// What the tests of test/kernel/ call: AssemblyScript, compiled by compile.ts from build/.
import { Attempt, createAttempt } from '../assembly/certificate/attempt';
import { eliminate } from '../assembly/certificate/elimination';
import { packRows } from '../assembly/matrix/rows';
import { Cholesky } from '../assembly/factor/cholesky';
import { PivotedQr, proceed as proceedQr } from '../assembly/factor/qrcp';

export { alloc, mark, release, reset } from '../assembly/base/arena';
export { axpy, dot, norm, rotate, square, swapColumns } from '../assembly/blas/level1';
export { madd412, madd44 } from '../assembly/blas/gemm';
export { subtract } from '../assembly/blas/gemv';
export { gramOfNonzeros, multiplyNonzeros, subtractNonzeros } from '../assembly/blas/sparse';
export { multiply, squareSymmetric } from '../assembly/blas/symv';
export { gram, gramOfSource } from '../assembly/blas/syrk';
export { inverseNorm, solveUpper } from '../assembly/blas/trsm';
export { begin as beginFactor, factor, proceed as proceedFactor } from '../assembly/factor/cholesky';
export { inverseRowsNormSquare, solve } from '../assembly/factor/cholesky-solve';
export { integerRounding, provesUpperBound } from '../assembly/factor/cholesky16';
export { applyBlock, applyRight, createBlock, formBlock } from '../assembly/factor/compact-wy';
export { createPanel, factorPanel, factorPanelPivoted } from '../assembly/factor/householder';
export { factor as factorBlock, invert } from '../assembly/factor/lu';
export { begin, inOrder, leastSteps, residualAfter } from '../assembly/factor/qrcp';
export { reduce } from '../assembly/factor/tsqr';
export { createColumns, leading, readAll, transposeUpper } from '../assembly/matrix/columns';
export { findNonzeros } from '../assembly/matrix/nonzeros';
export { createIndexed, pack, packSource } from '../assembly/matrix/pack';
export { scan, squares, total } from '../assembly/matrix/scan';
export { n as kept, open, original, scale } from '../assembly/matrix/source';
export { packUpper, triangleBytes } from '../assembly/matrix/triangle';
export { reduceToBand } from '../assembly/spectrum/band';
export { chaseBulges, createBand } from '../assembly/spectrum/bulge';
export { golubKahan } from '../assembly/spectrum/golub-kahan';
export { bidiagonalForm, bidiagonalValues, countAbove, largestValue } from '../assembly/spectrum/bidiagonal';
export { sturmValues } from '../assembly/spectrum/bisection';
export { jacobi } from '../assembly/spectrum/jacobi';
export { largestEigenvalue, largestOfInverse, largestOfNegativeInverse } from '../assembly/spectrum/lanczos';
export { applyToPanels, applyToVector, power } from '../assembly/spectrum/power';

export { capSigma, high, low, open as openClaim, raiseSigma } from '../assembly/certificate/claim';
export { lower, method, proven, rank as claimed, upper } from '../assembly/certificate/claim';
export { byEquilibratedColumns, byEquilibratedTriangle, count, ofColumns } from '../assembly/certificate/equilibrated';
export { fullRank, fullRankOfNonzeros } from '../assembly/certificate/full-rank';
export { inertia } from '../assembly/certificate/inertia';
export { nullSpaceBound, openSearch } from '../assembly/certificate/null-space';
export { boundOfSpan } from '../assembly/certificate/set-aside';
export { fullRankByQr } from '../assembly/certificate/unpivoted-qr';
export { bySingularValues, byTransposed } from '../assembly/certificate/qlp';
export { reductionStages, reflectorError, rounding, stage } from '../assembly/certificate/rounding';
export { capByCholesky, capByIntegers, enclose, encloseByNorms, raiseByLanczos } from '../assembly/certificate/sigma1';
export { byTrailing } from '../assembly/certificate/trailing';
export { packRows, stratifiedRows } from '../assembly/matrix/rows';

export function decided(a: Attempt): bool {
  return a.decided;
}

export function independent(a: Attempt): i32 {
  return a.independent;
}

export function proved(a: Attempt): i32 {
  return a.proved;
}

/** One step of elimination of all rows, whatever the size. */
export function eliminateAll(s: i32): Attempt {
  const a = createAttempt();
  eliminate(packRows(s), a);
  return a;
}

export function columnsOf(f: Cholesky): i32 {
  return f.columns;
}

export function negativePivots(f: Cholesky): i32 {
  return f.negativePivots;
}

export function deflated(f: Cholesky): i32 {
  return f.deflated;
}

export function growth(f: Cholesky): f64 {
  return f.growth;
}

/** Returns the steps done. */
export function proceed(q: PivotedQr, stop: f64, checkBelow: f64, cap: i32): i32 {
  proceedQr(q, stop, checkBelow, cap);
  return q.steps;
}

export function residual(q: PivotedQr): f64 {
  return q.residual;
}
