export { factor, gram, triangleBytes } from './cholesky';
export { alloc, reset } from './arena';
export { pack } from './pack';
export { madd44 } from './tile';
