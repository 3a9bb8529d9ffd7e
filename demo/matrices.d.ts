// The types of bench/lib/matrices.mjs, as far as the page uses it.
declare module '*/bench/lib/matrices.mjs' {
  import type { Matrix } from './bench-cases.js';

  export interface MatrixOptions {
    dtype?: string;
    seed?: number;
  }
  export function gaussian(m: number, n: number, options?: MatrixOptions): Matrix;
  export function product(m: number, n: number, k: number, options?: MatrixOptions): Matrix;
  export function smoothKernel(n: number, width: number): Matrix;
  export function stack(count: number, make: (i: number) => Matrix): Matrix;
}
