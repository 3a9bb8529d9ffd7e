// What the tests of test/kernel/ call: AssemblyScript, compiled by compile.ts from build/.
export { alloc, mark, release, reset } from '../assembly/arena';
export { bidiagonalValues, countAbove, reduceToBidiagonal, value } from '../assembly/bidiagonal';
export { begin as beginFactor, dual, factor, gram, growth, multiply, negatives } from '../assembly/cholesky';
export { proceed as proceedFactor, triangleBytes } from '../assembly/cholesky';
export { axpy, createColumns, dot, leading, norm, readAll, rotate, square, swapColumns } from '../assembly/columns';
export { gramOfSource, packSource, squareSymmetric } from '../assembly/grams';
export { allocBlock, applyBlock, formBlock, panel, restMost, restTotal } from '../assembly/householder';
export { coupling, jacobi } from '../assembly/jacobi';
export { largestEigenvalue } from '../assembly/lanczos';
export { imageNorm, power } from '../assembly/norms';
export { pack } from '../assembly/pack';
export { begin, proceed, residual } from '../assembly/qrcp';
export { reduce } from '../assembly/reduce';
export { scan, squares, total } from '../assembly/scan';
export { n as kept, open, original, scale } from '../assembly/source';
export { transposeUpper } from '../assembly/squeeze';
export { madd412, madd44 } from '../assembly/tile';
export { inverseNorm, packUpper, solveUpper } from '../assembly/triangular';
