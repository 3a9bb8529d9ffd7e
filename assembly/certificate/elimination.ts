// Full rank for less than a Gram matrix of all columns: one step of block elimination,
// then Cholesky of the Gram matrix of what it leaves.
// docs/certificates.md, "Full rank by elimination".
//
// A = [B1 B2; C1 C2], the p x p pivot block B1 chosen by lu.ts from 2 p spread rows; M ~ B1^-1, Y = C1 M, W = C2 - Y
// B2, the Schur complement. P holds A in column panels [n/4][s][4], the pivot rows are brought to its top, and W takes
// the place of C2: the four columns of a panel are one operand of the tile kernel, -Y in row panels [p][4] the other.
// W is formed as Cholesky gets to it.
// Cost for s = n, p = n / 5: 1.05 n^3 flops where Gram and Cholesky alone take 1.33.
import { alloc, mark, release } from '../base/arena';
import { parallelFor, threads } from '../base/parallel';
import {
  BLOCK, COMPLEMENT_TASK, ELIMINATED_SHARE, ELIMINATION_HOPE, LEAST_PIVOT, NORM_ROOM, ROUNDING_ROOM, SHIFT_SHARE, U,
} from '../base/params';
import { identity, negated, tiles } from '../blas/gemm';
import { dot, swapIndices, swapRows } from '../blas/level1';
import * as cholesky from '../factor/cholesky';
import { Cholesky } from '../factor/cholesky';
import * as lu from '../factor/lu';
import { packedBytes } from '../matrix/pack';
import { PackedRows, rowOrder, stratifiedRows } from '../matrix/rows';
import * as source from '../matrix/source';
import { panels, triangleBytes } from '../matrix/triangle';
import { Attempt } from './attempt';
import * as claim from './claim';
import { Method } from './claim';
import { mayDeflate } from './null-space';
import { rounding } from './rounding';
import { settle } from './set-aside';

/** What a bound of W says of A: sigma_min(A) >= 1 / (inverse + factor / (sigma_min(W) - error)). */
@unmanaged
class Transfer {
  inverse: f64;
  factor: f64;
  error: f64;
  /** ||A2||_F, of the columns that W takes the place of. */
  a2: f64;
  /** The inverse of the pivot block is good enough for all this to hold. */
  holds: bool;
}

/** ||P(0:rows, j0:j1)||_F^2 of column panels. */
function square(P: usize, ld: i32, rows: i32, j0: i32, j1: i32): f64 {
  let sum: f64 = 0;
  for (let j = j0; j < j1; j++) sum += squareOfPanel(P, ld, rows, j);
  return sum;
}

// @ts-ignore: decorator
@inline
function squareOfPanel(P: usize, ld: i32, rows: i32, j: i32): f64 {
  const x = P + ((<usize>j * <usize>ld) << 5);
  return dot(x, x, rows << 2);
}

/** The listed rows of p columns into T. */
function copyRows(T: usize, x: PackedRows, rows: usize, r: i32, p: i32): void {
  for (let j = 0; j < p >> 2; j++) {
    for (let i = 0; i < r; i++, T += 32) {
      const from = x.P + ((<usize>j * x.s + load<i32>(rows + (<usize>i << 2))) << 5);
      v128.store(T, v128.load(from));
      v128.store(T, v128.load(from, 16), 16);
    }
  }
}

/** Brings the first x.p of the listed rows to the top of every column panel, in their order. */
function raiseRows(x: PackedRows, rows: usize): void {
  const p = x.p;
  const order = rowOrder(x);
  for (let k = 0; k < p; k++) {
    const at = rows + (<usize>k << 2);
    let from = load<i32>(at);
    while (from < k) from = load<i32>(rows + (<usize>from << 2)); // where an earlier exchange has taken it
    store<i32>(at, from);
    swapIndices(order, k, from);
  }
  for (let j = 0; j < panels(source.n); j++) {
    const X = x.P + ((<usize>j * <usize>x.s) << 5);
    for (let k = 0; k < p; k++) swapRows(X + (<usize>k << 5), X + (<usize>load<i32>(rows + (<usize>k << 2)) << 5));
  }
  x.overwritten = true;
}

/**
 * Chooses the pivot block of the first p columns among 2 p rows, brings it to the top of P and inverts it.
 * False where there is none.
 */
function choosePivots(x: PackedRows, p: i32): bool {
  const s = x.s;
  x.p = p;
  x.N = alloc(<u64>panels(s) * <u64>p << 5); // -L and -U
  const r = min(2 * p, s) & ~3;
  const rows = alloc(<u64>r << 2);
  rowOrder(x);
  stratifiedRows(rows, r, s);
  x.M = alloc(packedBytes(r, p));
  copyRows(x.M, x, rows, r, p);
  const a1 = Math.sqrt(square(x.P, s, s, 0, p >> 2));
  if (lu.factor(x.M, r, p, x.N, rows, LEAST_PIVOT * a1 / Math.sqrt(p)) < p) return false;
  lu.invert(x.M, p, x.N);
  raiseRows(x, rows);
  return true;
}

/** What tasks work on: the rows in x, P or the place of the Schur complement in it. */
@unmanaged
class Work {
  P: usize;
  s: i32;
  p: i32;
  N: usize;
  M: usize;
  /** Scratch of a row group for each thread. */
  X: usize;
  /** A square for each row group, or for each column panel. */
  squares: usize;
  /** Column panels from j0 on, so many tasks in each block of row groups. */
  j0: i32;
  j1: i32;
  tasks: i32;
}

function openWork(x: PackedRows, P: usize): Work {
  const w = changetype<Work>(alloc(offsetof<Work>()));
  w.P = P;
  w.s = x.s;
  w.p = x.p;
  w.N = x.N;
  w.M = x.M;
  return w;
}

/** Row group i of D = I - B1 M, then of -Y. */
function coefficientsTask(record: usize, i: i32, thread: i32): void {
  const w = changetype<Work>(record);
  const s = w.s;
  const first = w.p >> 2;
  const step = <usize>w.p << 5;
  const X = w.X + <usize>thread * step;
  for (let j = 0; j < first; j++) negated(X + (<usize>j << 7), w.P + ((<usize>j * s + (i << 2)) << 5));
  for (let k = s & 3; k && k < 4 && i == s >> 2; k++) {
    for (let o = <usize>k << 3; o < step; o += 32) store<f64>(X + o, 0); // past row s stands the next panel
  }
  const out = w.N + <usize>i * step;
  memory.fill(out, 0, step);
  if (i < first) identity(out + (<usize>i << 7));
  tiles(out, X, w.M, step, first, w.p);
  store<f64>(w.squares + (<usize>i << 3), square(out, 0, w.p, 0, 1));
}

/** -Y = -C1 M in row panels in the place of -L and -U, and what the inverse and its rounding do to bounds. */
function formCoefficients(x: PackedRows, transfer: Transfer): void {
  const P = x.P;
  const s = x.s;
  const p = x.p;
  const first = p >> 2;
  const groups = panels(s);
  const w = openWork(x, P);
  w.X = alloc(<u64>threads * <u64>p << 5);
  w.squares = alloc(<u64>groups << 3);
  parallelFor(coefficientsTask, groups, changetype<usize>(w));
  let d2: f64 = 0;
  let y2: f64 = 0;
  for (let i = 0; i < groups; i++) {
    const sum = load<f64>(w.squares + (<usize>i << 3));
    if (i < first) d2 += sum;
    else y2 += sum;
  }
  const columns = panels(source.n);
  const g = <f64>(p + 16) * U;
  const m1 = Math.sqrt(square(x.M, p, p, 0, first));
  const a1 = Math.sqrt(square(P, s, s, 0, first));
  const a2 = Math.sqrt(square(P, s, s, first, columns));
  const b2 = Math.sqrt(square(P, s, p, first, columns));
  const rho = g * a1 * m1;
  const d = Math.sqrt(d2) + rho + g * <f64>p;
  const y = (Math.sqrt(y2) + rho) / (1 - d);
  transfer.error = (y * d + rho) * b2 + g * (a2 + y * b2);
  transfer.inverse = m1 / (1 - d);
  transfer.factor = (1 + transfer.inverse * b2) * Math.sqrt(1 + y * y);
  transfer.a2 = a2;
  transfer.holds = d < 0.5;
  release(x.M + <usize>packedBytes(p, p)); // all that came behind, and the rows of M that are not in the block
}

function complementTask(record: usize, index: i32, _thread: i32): void {
  const w = changetype<Work>(record);
  const p = w.p;
  const step = <usize>p << 5;
  const i = (p >> 2) + index / w.tasks * BLOCK;
  const from = w.j0 + index % w.tasks * COMPLEMENT_TASK;
  const count = min(BLOCK, panels(w.s) - i);
  for (let j = from; j < min(w.j1, from + COMPLEMENT_TASK); j++) {
    const X = w.P + ((<usize>j * <usize>w.s) << 5);
    tiles(X + (<usize>i << 7), X, w.N + <usize>i * step, step, count, p);
  }
}

function squareTask(record: usize, index: i32, _thread: i32): void {
  const w = changetype<Work>(record);
  const sum = squareOfPanel(w.P + (<usize>w.p << 5), w.s, w.s - w.p, w.j0 + index);
  store<f64>(w.squares + (<usize>index << 3), sum);
}

/** Column panels j0 .. j1 of W, the first being 0, from those of A. Returns their square. */
function formComplement(x: PackedRows, W: usize, j0: i32, j1: i32): f64 {
  const w = openWork(x, W);
  w.j0 = j0;
  w.j1 = j1;
  w.tasks = (j1 - j0 + COMPLEMENT_TASK - 1) / COMPLEMENT_TASK;
  w.squares = alloc(<u64>(j1 - j0) << 3);
  const blocks = (panels(w.s) - (w.p >> 2) + BLOCK - 1) / BLOCK;
  parallelFor(complementTask, blocks * w.tasks, changetype<usize>(w));
  parallelFor(squareTask, j1 - j0, changetype<usize>(w));
  let sum: f64 = 0;
  for (let j = 0; j < j1 - j0; j++) sum += load<f64>(w.squares + (<usize>j << 3));
  return sum;
}

/**
 * Factors W^T W, W being formed as Cholesky gets to it; w2 is the square of its first step. Returns that of all that
 * was formed, Infinity where it comes to more than `most`.
 */
function factorComplement(x: PackedRows, W: usize, f: Cholesky, w2: f64, most: f64): f64 {
  const start = mark();
  const count = panels(f.n);
  for (let j = 0; j < count && f.columns == f.n; ) {
    const next = cholesky.next(j, count);
    if (j) {
      w2 += formComplement(x, W, j, next);
      if (w2 > most) return Infinity;
    }
    cholesky.proceed(f, next, W + (<usize>x.p << 5), x.s, x.s - x.p);
    j = next;
    release(start);
  }
  return w2;
}

/** Tries the rows of A in x. Returns false where it says nothing (restoreRows()). */
export function eliminate(x: PackedRows, a: Attempt): bool {
  const n = source.n;
  const s = x.s;
  const p = (n / ELIMINATED_SHARE) & ~3;
  const transfer = changetype<Transfer>(alloc(offsetof<Transfer>()));
  if (!choosePivots(x, p)) return false;
  formCoefficients(x, transfer);
  const inverse = transfer.inverse;
  const factor = transfer.factor;
  const error = transfer.error;
  const q = n - p;
  const W = x.P + ((<usize>(p >> 2) * <usize>s) << 5);
  const count = panels(n) - (p >> 2);
  const threshold = claim.tolerance(claim.high);
  // ||W||_F is not known before the last block; the first one tells what it will be if the others are like it.
  const some = cholesky.next(0, count);
  const part = square(W, s, s, 0, some);
  const first = formComplement(x, W, 0, some);
  const most = NORM_ROOM * first * transfer.a2 * transfer.a2 / part;
  const shift = threshold * threshold + ROUNDING_ROOM * rounding(s - p, q, most, most);
  const room = Math.sqrt(SHIFT_SHARE * shift) - error;
  if (!(transfer.holds && room > 0 && ELIMINATION_HOPE > threshold * (inverse + factor / room))) return false;

  const f = cholesky.begin(alloc(triangleBytes(q)), q, shift, true, mayDeflate(s, q));
  const w2 = factorComplement(x, W, f, first, most);
  if (w2 == Infinity) return false;
  a.gapless = f.gapless;
  a.independent = p + f.columns - f.deflated;
  // 0.99: the rounding of the norms and of the formulas ("Full rank by elimination").
  const lower = 0.99 / (inverse + factor / (Math.sqrt(shift - rounding(s - p, q, w2, w2)) - error));
  a.proved = lower > threshold ? a.independent : 0;
  if (a.proved) a.ordered = p + cholesky.columnsBeforeDeflated(f);
  if (f.columns < q || !a.proved) return true;
  if (f.deflated) settle(a, x, f, lower);
  else a.decided = claim.answer(n, lower, 0, Method.Cholesky);
  return true;
}
