// Rows of A, all or a sample of them, packed in column panels.
import { alloc, mark, release } from '../base/arena';
import { congruential } from '../base/random';
import { Nonzeros } from './nonzeros';
import { indexedSource, pack, packedBytes, packSource } from './pack';
import * as source from './source';

/** s rows of A. It lives above its maker's mark. */
@unmanaged
export class PackedRows {
  /** Column panels [n/4][s][4]; 0 where A has few nonzeros, which take their place. */
  P: usize;
  nonzeros: Nonzeros;
  s: i32;
  /** The rows of A as they stand in P; 0 for a sample that nobody has asked for (rowOrder()). */
  order: usize;
  /**
   * So many columns have been eliminated (certificate/elimination.ts): P then holds the pivot rows B2 above the Schur
   * complement W, N has -Y in row panels, M the inverse of the pivot block. 0 where P is A.
   */
  p: i32;
  N: usize;
  M: usize;
  /** P is no longer A. */
  overwritten: bool;
}

/** `count` row indices, one from each of as many equal strata of 0 .. m, seeded. */
export function stratifiedRows(list: usize, count: i32, m: i32): void {
  let seed: u64 = 0x2545f4914f6cdd1d + <u64>count;
  for (let i = 0; i < count; i++) {
    const from = <u64>i * m / count;
    const to = <u64>(i + 1) * m / count;
    seed = congruential(seed);
    store<i32>(list + (<usize>i << 2), <i32>(from + (seed >> 33) % max<u64>(to - from, 1)));
  }
}

/** The first n columns of s stratified rows into P. */
export function packSample(P: usize, s: i32, n: i32): void {
  const start = mark();
  const list = alloc(<u64>s << 2);
  stratifiedRows(list, s, source.m);
  const rows = source.select(list, s);
  pack(P, s, indexedSource(rows, source.selectedColumns(s), 1), s, n);
  release(start);
}

function fillRows(x: PackedRows): void {
  if (x.s < source.m) packSample(x.P, x.s, source.n);
  else packSource(x.P);
  x.overwritten = false;
}

/** Forgets a step of elimination, whose scratch is released: P is A again. */
export function restoreRows(x: PackedRows): void {
  x.order = 0;
  x.p = 0;
  if (x.overwritten) fillRows(x);
}

/** s stratified rows of A, or all. */
export function packRows(s: i32): PackedRows {
  const x = changetype<PackedRows>(alloc(offsetof<PackedRows>()));
  openRows(x, s, changetype<Nonzeros>(0));
  x.P = alloc(packedBytes(s, source.n));
  fillRows(x);
  return x;
}

function openRows(x: PackedRows, s: i32, z: Nonzeros): void {
  x.P = x.order = x.N = x.M = 0;
  x.nonzeros = z;
  x.s = s;
  x.p = 0;
}

/** All of A, which has few nonzeros. */
export function rowsOfNonzeros(z: Nonzeros): PackedRows {
  const x = changetype<PackedRows>(alloc(offsetof<PackedRows>()));
  openRows(x, source.m, z);
  return x;
}

/** The rows of A as they stand in P. */
export function rowOrder(x: PackedRows): usize {
  if (!x.order) {
    x.order = alloc(<u64>x.s << 2);
    stratifiedRows(x.order, x.s, source.m);
  }
  return x.order;
}
