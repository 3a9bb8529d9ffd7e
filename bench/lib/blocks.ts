// The kernel's building blocks one by one, for bench/kernels.mjs: each export runs one block `times` times on data in
// scratch memory. AssemblyScript, compiled together with assembly/ when the benchmark starts.
// What a block computes here is of no interest (values are arbitrary but tame); its flops are.
import { alloc, reset as empty, mark, release } from '../../assembly/base/arena';
import { madd } from '../../assembly/base/simd';
import { madd44, madd412 } from '../../assembly/blas/gemm';
import { axpy as axpyOf, dot as dotOf, rotate as rotateOf } from '../../assembly/blas/level1';
import { gram } from '../../assembly/blas/syrk';
import { inverseNorm } from '../../assembly/blas/trsm';
import { factor } from '../../assembly/factor/cholesky';
import * as wy from '../../assembly/factor/compact-wy';
import { createPanel, factorPanel } from '../../assembly/factor/householder';
import { column, createColumns, leading } from '../../assembly/matrix/columns';
import { panels, triangleBytes } from '../../assembly/matrix/triangle';

let A: usize = 0;
let B: usize = 0;
let C: usize = 0;
let block: wy.ReflectorBlock = changetype<wy.ReflectorBlock>(0);
let seed: u32 = 1;

/** Uniform on (-1, 1). */
function next(): f64 {
  seed = seed * 1664525 + 1013904223;
  return <f64>(<i32>seed) / 2147483648.0;
}

function filled(count: i32): usize {
  const p = alloc((<u64>count) << 3);
  for (let i = 0; i < count; i++) store<f64>(p + ((<usize>i) << 3), next());
  return p;
}

/** Two operands of n elements and a result, for the vector blocks and the tile. */
export function prepareVectors(n: i32): void {
  empty();
  A = filled(n);
  B = filled(n);
  C = filled(48);
}

export function dot(n: i32, times: i32): void {
  for (let i = 0; i < times; i++) store<f64>(C, dotOf(A, B, n));
}

export function axpy(n: i32, times: i32): void {
  for (let i = 0; i < times; i++) axpyOf(A, B, 1e-9, n);
}

export function rotate(n: i32, times: i32): void {
  for (let i = 0; i < times; i++) rotateOf(A, B, 0.8, 0.6, A, n);
}

export function tile(k: i32, times: i32): void {
  for (let i = 0; i < times; i++) madd44(C, A, B, k);
}

/** Three tiles at once; A and B hold 8 k elements. */
export function tiles(k: i32, times: i32): void {
  const step = (<usize>k) << 5;
  for (let i = 0; i < times; i++) madd412(C, A, A + step, B, B + step, k);
}

/**
 * The machine's limit: multiply-adds on 12 registers, independent of each other, without a load. 48 flops a round.
 * 12 hide the latency of a multiplication and an addition; more would not fit beside the operands. Those come from
 * memory: V8 makes a constant anew in every round.
 */
export function peak(times: i32): f64 {
  const x = v128.load(A);
  const y = v128.load(B);
  let a = v128.load(A, 0);
  let b = v128.load(A, 16);
  let c = v128.load(A, 32);
  let d = v128.load(A, 48);
  let e = v128.load(A, 64);
  let f = v128.load(A, 80);
  let g = v128.load(A, 96);
  let h = v128.load(A, 112);
  let i = v128.load(A, 128);
  let j = v128.load(A, 144);
  let k = v128.load(A, 160);
  let l = v128.load(A, 176);
  for (let n = 0; n < times; n++) {
    a = madd(a, x, y);
    b = madd(b, x, y);
    c = madd(c, x, y);
    d = madd(d, x, y);
    e = madd(e, x, y);
    f = madd(f, x, y);
    g = madd(g, x, y);
    h = madd(h, x, y);
    i = madd(i, x, y);
    j = madd(j, x, y);
    k = madd(k, x, y);
    l = madd(l, x, y);
  }
  a = f64x2.add(a, b);
  a = f64x2.add(a, c);
  a = f64x2.add(a, d);
  a = f64x2.add(a, e);
  a = f64x2.add(a, f);
  a = f64x2.add(a, g);
  a = f64x2.add(a, h);
  a = f64x2.add(a, i);
  a = f64x2.add(a, j);
  a = f64x2.add(a, k);
  a = f64x2.add(a, l);
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}

/** A packed operand of m rows and n columns, its Gram matrix, and room for a factor. */
export function prepareGram(m: i32, n: i32): void {
  empty();
  A = filled((panels(n) * m) << 2);
  B = alloc(triangleBytes(n));
  C = alloc(triangleBytes(n));
  gram(B, 0, n, A, m, m, true);
}

export function syrk(m: i32, n: i32, times: i32): void {
  for (let i = 0; i < times; i++) gram(B, 0, n, A, m, m, true);
}

/** Factors the Gram matrix again and again: a copy each time, as the factor overwrites it. */
export function cholesky(n: i32, definite: bool, times: i32): void {
  for (let i = 0; i < times; i++) {
    memory.copy(C, B, <usize>triangleBytes(n));
    const start = mark();
    factor(C, n, 0, definite);
    release(start);
  }
}

export function invert(n: i32, times: i32): void {
  for (let i = 0; i < times; i++) store<f64>(A, inverseNorm(C, n));
}

/** A column-major m x n matrix and scratch for blocks of b reflectors. */
export function prepareQr(m: i32, n: i32, b: i32): void {
  empty();
  const ld = leading(m);
  A = createColumns(m, n);
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) store<f64>(column(A, ld, j) + ((<usize>i) << 3), next());
  }
  B = alloc((<u64>b) << 3);
  C = alloc((<u64>b) << 3);
  block = wy.createBlock(m, b);
}

export function panel(m: i32, b: i32, times: i32): void {
  for (let i = 0; i < times; i++) {
    const start = mark();
    factorPanel(createPanel(A, leading(m), m, b, B, C), -1, b);
    release(start);
  }
}

export function form(m: i32, b: i32, times: i32): void {
  for (let i = 0; i < times; i++) wy.formBlock(block, A, leading(m), m, b, B);
}

export function apply(m: i32, n: i32, b: i32, times: i32): void {
  for (let i = 0; i < times; i++) wy.applyBlock(block, A, leading(m), 0, b, n);
}
