// Full rank for less than a Gram matrix of all columns: one step of block elimination, then Cholesky of the Gram matrix of what it leaves.
// docs/certificates.md, "Full rank by elimination".
//
// A = [B1 B2; C1 C2], the p x p pivot block B1 chosen by lu.ts from 2 p spread rows; M ~ B1^-1, Y = C1 M, W = C2 - Y B2, the Schur
// complement. P holds A in column panels [n/4][s][4], the pivot rows are brought to its top, and W takes the place of C2: the four columns
// of a panel are one operand of the tile kernel, -Y in row panels [p][4] the other. W is formed as Cholesky gets to it.
// Cost for s = n, p = n / 5: 1.05 n^3 flops where Gram and Cholesky alone take 1.33.
import { alloc, release } from '../base/arena';
import { BLOCK, U } from '../base/params';
import { identity, negated, tiles } from '../blas/gemm';
import { dot, swapIndices, swapRows } from '../blas/level1';
import * as cholesky from '../factor/cholesky';
import * as lu from '../factor/lu';
import { packedBytes } from '../matrix/pack';
import { stratifiedRows } from '../matrix/rows';
import * as source from '../matrix/source';
import { panels, triangleBytes } from '../matrix/triangle';
import * as claim from './claim';
import { Method } from './claim';
import { bound, mayDeflate } from './null-space';
import { rounding } from './rounding';

/** Columns that the last call found independent, and those of them that it proved to be so beyond the tolerance. */
export let found: i32 = 0;
export let known: i32 = 0;
/** Whether its pivots fell to the size of the shift without a gap. */
export let gapless: bool = false;
/** Whether the last call has left P other than it was. */
export let spoiled: bool = false;

/** ||P(0:rows, j0:j1)||_F^2 of column panels. */
function square(P: usize, ld: i32, rows: i32, j0: i32, j1: i32): f64 {
  let sum: f64 = 0;
  for (let j = j0; j < j1; j++) {
    const x = P + ((<usize>j * <usize>ld) << 5);
    sum += dot(x, x, rows << 2);
  }
  return sum;
}

/** Copies the listed rows of p columns. */
function take(T: usize, P: usize, s: i32, rows: usize, r: i32, p: i32): void {
  for (let j = 0; j < p >> 2; j++) {
    for (let i = 0; i < r; i++, T += 32) {
      const from = P + ((<usize>j * s + load<i32>(rows + (<usize>i << 2))) << 5);
      v128.store(T, v128.load(from));
      v128.store(T, v128.load(from, 16), 16);
    }
  }
}

/** Brings the first p of the listed rows to the top of every column panel of P, in their order; `order` becomes A's rows as they then stand. */
function raise(P: usize, s: i32, count: i32, rows: usize, p: i32, order: usize): void {
  stratifiedRows(order, s, source.m);
  for (let k = 0; k < p; k++) {
    const at = rows + (<usize>k << 2);
    let from = load<i32>(at);
    while (from < k) from = load<i32>(rows + (<usize>from << 2)); // where an earlier exchange has taken it
    store<i32>(at, from);
    swapIndices(order, k, from);
  }
  for (let j = 0; j < count; j++) {
    const X = P + ((<usize>j * <usize>s) << 5);
    for (let k = 0; k < p; k++) swapRows(X + (<usize>k << 5), X + (<usize>load<i32>(rows + (<usize>k << 2)) << 5));
  }
}

/** Column panels j0 .. j1 of W from those of A; returns the square of their norm. */
function block(W: usize, s: i32, N: usize, p: i32, j0: i32, j1: i32): f64 {
  const step = <usize>p << 5;
  const groups = panels(s);
  for (let i = p >> 2; i < groups; i += BLOCK) {
    for (let j = j0; j < j1; j++) {
      const x = W + ((<usize>j * <usize>s) << 5);
      tiles(x + (<usize>i << 7), x, N + <usize>i * step, step, min(BLOCK, groups - i), p);
    }
  }
  return square(W + step, s, s - p, j0, j1);
}

/** Tries s rows of A in P. Returns false where it says nothing; else `found` and `known` tell what came of it, known = n: the claim is made. */
export function eliminate(P: usize, s: i32): bool {
  const n = source.n;
  spoiled = false;
  const columns = panels(n);
  const p = (n / 5) & ~3;
  const first = p >> 2;
  const step = <usize>p << 5;
  const groups = panels(s);
  const N = alloc(<u64>groups * step); // -L and -U, then -Y
  const r = min(2 * p, s) & ~3;
  const rows = alloc(<u64>r << 2);
  const order = alloc(<u64>s << 2);
  stratifiedRows(rows, r, s);
  const M = alloc(packedBytes(r, p));
  take(M, P, s, rows, r, p);
  const a1 = Math.sqrt(square(P, s, s, 0, first));
  if (lu.factor(M, r, p, N, rows, 1e-8 * a1 / Math.sqrt(p)) < p) return false;
  lu.invert(M, p, N);
  raise(P, s, columns, rows, p, order);
  spoiled = true;

  // Row groups of -Y = -C1 M, and of D = I - B1 M.
  const X = alloc(step);
  let d2: f64 = 0;
  let y2: f64 = 0;
  for (let i = 0; i < groups; i++) {
    for (let j = 0; j < first; j++) negated(X + (<usize>j << 7), P + ((<usize>j * s + (i << 2)) << 5));
    for (let k = s & 3; k && k < 4 && i == s >> 2; k++) {
      for (let o = <usize>k << 3; o < step; o += 32) store<f64>(X + o, 0); // past row s stands the next panel
    }
    const out = N + <usize>i * step;
    memory.fill(out, 0, step);
    if (i < first) identity(out + (<usize>i << 7));
    tiles(out, X, M, step, first, p);
    const sum = square(out, 0, p, 0, 1);
    if (i < first) d2 += sum;
    else y2 += sum;
  }
  const g = <f64>(p + 16) * U;
  const m1 = Math.sqrt(square(M, p, p, 0, first));
  release(M + <usize>packedBytes(p, p));
  const a2 = Math.sqrt(square(P, s, s, first, columns));
  const b2 = Math.sqrt(square(P, s, p, first, columns));
  const rho = g * a1 * m1;
  const d = Math.sqrt(d2) + rho + g * <f64>p;
  const y = (Math.sqrt(y2) + rho) / (1 - d);
  const error = (y * d + rho) * b2 + g * (a2 + y * b2);
  const inverse = m1 / (1 - d);
  const t = (1 + inverse * b2) * Math.sqrt(1 + y * y);
  const q = n - p;
  const W = P + ((<usize>first * <usize>s) << 5);
  const count = columns - first;
  const threshold = claim.tolerance(claim.high);
  // ||W||_F is not known before the last block; the first one tells what it will be if the others are like it.
  const some = cholesky.next(0, count);
  const part = square(W, s, s, 0, some);
  let w2 = block(W, s, N, p, 0, some);
  const most = 1.25 * w2 * a2 * a2 / part;
  const shift = threshold * threshold + 1.1 * rounding(s - p, q, most, most);
  const room = Math.sqrt(0.15 * shift) - error;
  if (!(d < 0.5 && room > 0 && 0.9 > threshold * (inverse + t / room))) return false;
  const L = alloc(triangleBytes(q));
  const f = cholesky.begin(L, q, shift, true, mayDeflate(s, q));
  for (let j0 = 0; j0 < count && f.columns == q; ) {
    const j1 = cholesky.next(j0, count);
    if (j0) w2 += block(W, s, N, p, j0, j1);
    if (w2 > most) return false;
    cholesky.proceed(f, j1, W + step, s, s - p);
    j0 = j1;
  }
  gapless = f.gapless;
  found = p + f.columns - f.deflated;
  const least = 0.99 / (inverse + t / (Math.sqrt(shift - rounding(s - p, q, w2, w2)) - error));
  known = least > threshold ? found : 0;
  if (f.columns < q || !known) return true;
  let rest: f64 = 0;
  if (found < n) {
    rest = bound(P, s, order, f, p, N, M);
    if (!(rest <= claim.tolerance(claim.low))) return true;
  }
  known = n;
  return claim.answer(found, least, rest, Method.Cholesky);
}
