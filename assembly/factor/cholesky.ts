// The Gram matrix and its factor, tile by tile: G = P^T P is formed, shifted and factored in one sweep,
// so that a failure at column j has cost only the leading j x j block.
//
// Layout: the lower triangle in row panels of 4. Panel i holds rows 4i .. 4i+3 as [4(i+1) columns][4 rows],
// so a tile is 128 contiguous bytes and a row panel is itself an operand of the tile kernel. The diagonal tiles of a symmetric matrix are
// whole, those of L have zeros above the diagonal.
// P is packed by columns: [n/4 panels][s][4].
//
// The factor is L S L^T with S = diag(+-1), |L| |L|^T being what rounding is measured by: Cholesky when
// every sign is +, and by Sylvester's law of inertia the number of + signs is the number of eigenvalues
// of G above the shift. Cost: s n^2 + n^3 / 3 flops. Source: Golub & Van Loan, section 4.2; Demmel 1989.
import { alloc, mark, release } from '../base/arena';
import { BLOCK, CHAIN, FIRST, SET_ASIDE } from '../base/params';
import { hsum, madd } from '../base/simd';
import { madd412, madd44, square44 } from '../blas/gemm';

/** Negative pivots of the last factorisation, or columns set aside. */
export let negatives: i32 = 0;
/** Whether pivots fell to the size of the shift, without a gap, before a definite factorisation failed. */
export let smooth: bool = false;
/** ||L||_F^2 of the last factorisation; infinite where columns were set aside. */
export let growth: f64 = 0;

let least: f64 = 0; // the smallest positive pivot
let spare: i32 = 0; // columns that a definite factorisation may set aside
let signs: usize = 0; // +-1 for each column
let inverses: usize = 0; // sign / pivot for each column
let negated: usize = 0; // -L S for the row panels of a block

export function panels(n: i32): i32 {
  return (n + 3) >> 2;
}

/** Start of row panel i of a packed triangle. */
// @ts-ignore: decorator
@inline
export function rowPanel(L: usize, i: i32): usize {
  return L + (<usize>i * <usize>(i + 1) << 6);
}

export function triangleBytes(n: i32): u64 {
  const p = <u64>panels(n);
  return (p * (p + 1)) << 6;
}

/**
 * Tiles of row panels i0 .. i1 and column panels j0 .. j1, on and below the diagonal, += a_i b_j^T over k steps. Operand a_i is
 * at a + (i - i0) aStep, operand b_j at b + j bStep, or in the rows of a packed triangle b when bStep is 0.
 */
function products(
  L: usize, i0: i32, i1: i32, j0: i32, j1: i32, a: usize, aStep: usize, b: usize, bStep: usize, k: i32,
): void {
  for (let j = j0; j < min(i1, j1); j += 3) {
    const b0 = bStep ? b + <usize>j * bStep : rowPanel(b, j);
    const b1 = b0 + (bStep ? bStep : <usize>(j + 1) << 7);
    const b2 = b1 + (bStep ? bStep : <usize>(j + 2) << 7);
    for (let i = max(i0, j); i < i1; i++) {
      const c = rowPanel(L, i) + (<usize>j << 7);
      const ai = a + <usize>(i - i0) * aStep;
      const count = min(i + 1, j1) - j;
      for (let p = 0; p < k; p += CHAIN) {
        const o = <usize>p << 5;
        const some = min(CHAIN, k - p);
        if (count >= 3) {
          madd412(c, ai + o, b0 + o, b1 + o, b2 + o, some);
        } else {
          madd44(c, ai + o, b0 + o, some);
          if (count == 2) madd44(c + 128, ai + o, b1 + o, some);
        }
      }
    }
  }
}

/** Row panels i0 .. of G += P^T P, or G = P^T P when fresh. */
export function gram(G: usize, i0: i32, n: i32, P: usize, ld: i32, s: i32, fresh: bool): void {
  const count = panels(n);
  const step = <usize>ld << 5;
  if (fresh) memory.fill(rowPanel(G, i0), 0, rowPanel(G, count) - rowPanel(G, i0));
  // A block of column panels stays in the L2 cache while row panels pass; tiles are met in the order of memory.
  for (let j0 = 0; j0 < count; j0 += BLOCK) {
    for (let i = max(i0, j0); i < count; i++) {
      products(G, i, i + 1, j0, min(count, j0 + BLOCK), P + <usize>i * step, step, P, step, s);
    }
  }
}

/** Factors the 4x4 diagonal tile at column 4j. Returns how many pivots came before a forbidden one (4: all). */
function diagonal(tile: usize, negative: usize, j: i32, n: i32, shift: f64, definite: bool): i32 {
  for (let k = 0; k < 4; k++) {
    const column = tile + (<usize>k << 5);
    const g = (j << 2) + k;
    // Padding gets a pivot too small to count in the growth.
    let d = g < n ? load<f64>(column + (<usize>k << 3)) : abs(shift) + f64.MIN_NORMAL_VALUE;
    const aside = definite && !(d > 0);
    if (!(d > 0)) {
      if (aside && negatives == spare) return k;
      negatives++;
    }
    const sign: f64 = d > 0 ? 1 : -1;
    if (d > 0 && g < n) least = min(least, d);
    // An exact zero is moved by a rounding error of the shift, which the bound on rounding covers.
    d = max(abs(d), shift * f64.EPSILON + f64.MIN_NORMAL_VALUE);
    const root = aside ? Infinity : Math.sqrt(d);
    const inverse = sign / root;
    store<f64>(signs + (<usize>g << 3), sign);
    store<f64>(inverses + (<usize>g << 3), inverse);
    for (let r = 0; r < k; r++) store<f64>(column + (<usize>r << 3), 0);
    store<f64>(column + (<usize>k << 3), root);
    for (let r = k + 1; r < 4; r++) {
      store<f64>(column + (<usize>r << 3), load<f64>(column + (<usize>r << 3)) * inverse);
    }
    for (let c = k + 1; c < 4; c++) {
      const t = load<f64>(column + (<usize>c << 3)) * sign;
      const other = tile + (<usize>c << 5);
      for (let r = c; r < 4; r++) {
        const p = other + (<usize>r << 3);
        store<f64>(p, load<f64>(p) - load<f64>(column + (<usize>r << 3)) * t);
      }
    }
  }
  for (let k = 0; k < 4; k++) {
    const s = f64x2.splat(-load<f64>(signs + (<usize>((j << 2) + k) << 3)));
    const o = <usize>k << 5;
    v128.store(negative + o, f64x2.mul(v128.load(tile + o), s));
    v128.store(negative + o, f64x2.mul(v128.load(tile + o, 16), s), 16);
  }
  return 4;
}

/** X L_jj^T S = C for one tile C, in place; -X S goes to `negative`. */
// @ts-ignore: decorator
@inline
function solveTile(tile: usize, negative: usize, diagonalTile: usize, j: i32): void {
  const sj = signs + (<usize>j << 5);
  const ij = inverses + (<usize>j << 5);
  let s = v128.load64_splat(ij);
  const x0 = f64x2.mul(v128.load(tile), s);
  const y0 = f64x2.mul(v128.load(tile, 16), s);
  s = f64x2.splat(-load<f64>(sj));
  const nx0 = f64x2.mul(x0, s);
  const ny0 = f64x2.mul(y0, s);
  v128.store(tile, x0);
  v128.store(tile, y0, 16);
  v128.store(negative, nx0);
  v128.store(negative, ny0, 16);

  let l = v128.load64_splat(diagonalTile, 8);
  let x1 = madd(nx0, l, v128.load(tile, 32));
  let y1 = madd(ny0, l, v128.load(tile, 48));
  s = v128.load64_splat(ij, 8);
  x1 = f64x2.mul(x1, s);
  y1 = f64x2.mul(y1, s);
  s = f64x2.splat(-load<f64>(sj, 8));
  const nx1 = f64x2.mul(x1, s);
  const ny1 = f64x2.mul(y1, s);
  v128.store(tile, x1, 32);
  v128.store(tile, y1, 48);
  v128.store(negative, nx1, 32);
  v128.store(negative, ny1, 48);

  l = v128.load64_splat(diagonalTile, 16);
  let x2 = madd(nx0, l, v128.load(tile, 64));
  let y2 = madd(ny0, l, v128.load(tile, 80));
  l = v128.load64_splat(diagonalTile, 48);
  x2 = madd(nx1, l, x2);
  y2 = madd(ny1, l, y2);
  s = v128.load64_splat(ij, 16);
  x2 = f64x2.mul(x2, s);
  y2 = f64x2.mul(y2, s);
  s = f64x2.splat(-load<f64>(sj, 16));
  const nx2 = f64x2.mul(x2, s);
  const ny2 = f64x2.mul(y2, s);
  v128.store(tile, x2, 64);
  v128.store(tile, y2, 80);
  v128.store(negative, nx2, 64);
  v128.store(negative, ny2, 80);

  l = v128.load64_splat(diagonalTile, 24);
  let x3 = madd(nx0, l, v128.load(tile, 96));
  let y3 = madd(ny0, l, v128.load(tile, 112));
  l = v128.load64_splat(diagonalTile, 56);
  x3 = madd(nx1, l, x3);
  y3 = madd(ny1, l, y3);
  l = v128.load64_splat(diagonalTile, 88);
  x3 = madd(nx2, l, x3);
  y3 = madd(ny2, l, y3);
  s = v128.load64_splat(ij, 24);
  x3 = f64x2.mul(x3, s);
  y3 = f64x2.mul(y3, s);
  s = f64x2.splat(-load<f64>(sj, 24));
  v128.store(tile, x3, 96);
  v128.store(tile, y3, 112);
  v128.store(negative, f64x2.mul(x3, s), 96);
  v128.store(negative, f64x2.mul(y3, s), 112);
}

/** Row panels i0 .. i1 of the factor, a block of columns at a time. Returns the column of a forbidden pivot, or -1. */
function block(
  L: usize, n: i32, P: usize, ld: i32, s: i32, shift: f64, definite: bool, i0: i32, i1: i32,
): i32 {
  const step = <usize>panels(n) << 7;
  const pStep = <usize>ld << 5;
  let sum = f64x2.splat(0);
  if (s) memory.fill(rowPanel(L, i0), 0, rowPanel(L, i1) - rowPanel(L, i0));
  for (let j0 = 0; j0 < i1; j0 += BLOCK) {
    const j1 = min(i1, j0 + BLOCK);
    if (s) products(L, i0, i1, j0, j1, P + <usize>i0 * pStep, pStep, P, pStep, s);
    products(L, i0, i1, j0, j1, negated, step, L, 0, j0 << 2);
    for (let j = j0; j < j1; j++) {
      const Lj = rowPanel(L, j);
      for (let i = max(i0, j); i < i1; i++) {
        const own = negated + <usize>(i - i0) * step;
        const tile = rowPanel(L, i) + (<usize>j << 7);
        madd44(tile, own + (<usize>j0 << 7), Lj + (<usize>j0 << 7), (j - j0) << 2);
        const tail = own + (<usize>j << 7);
        if (i > j) {
          solveTile(tile, tail, Lj + (<usize>j << 7), j);
        } else {
          for (let k: usize = 0; k < 160; k += 40) store<f64>(tile + k, load<f64>(tile + k) - shift);
          const k = diagonal(tile, tail, j, n, shift, definite);
          if (k < 4) {
            smooth = least < 8 * shift;
            return (j << 2) + k;
          }
        }
        sum = f64x2.add(sum, square44(tile));
      }
    }
  }
  growth += hsum(sum);
  return -1;
}

/**
 * Factors G - shift I into L, where G = P^T P (s > 0) or the triangle already in L (s = 0).
 * definite: stop at the first pivot that is not positive and return its column; else return n and count
 * negative pivots.
 */
export function factor(
  L: usize, n: i32, P: usize, ld: i32, s: i32, shift: f64, definite: bool,
): i32 {
  const start = mark();
  begin(n, false);
  const done = proceed(L, 0, panels(n), n, P, ld, s, shift, definite);
  release(start);
  return done;
}

/** Room for a factor of order n, above the caller's mark; a definite one may set a few columns aside. */
export function begin(n: i32, aside: bool): void {
  spare = aside ? min(SET_ASIDE, n / 11) : 0;
  const count = panels(n);
  signs = alloc(<u64>count << 5);
  inverses = alloc(<u64>count << 5);
  negated = alloc((<u64>min(count, BLOCK) * count) << 7);
  negatives = 0;
  growth = 0;
  smooth = false;
  least = Infinity;
}

/** Where the block of row panels from i0 on ends: blocks grow from a few panels on, for an early failure to cost little. */
export function next(i0: i32, i1: i32): i32 {
  return min(i1, i0 + min(BLOCK, max(FIRST, i0)));
}

/** factor() from row panel i0, those before it being factored, to row panel i1. */
export function proceed(
  L: usize, i0: i32, i1: i32, n: i32, P: usize, ld: i32, s: i32, shift: f64, definite: bool,
): i32 {
  while (i0 < i1) {
    const to = next(i0, i1);
    const failed = block(L, n, P, ld, s, shift, definite, i0, to);
    if (failed >= 0) return min(n, failed);
    i0 = to;
  }
  return n;
}

/** Whether the pivot of column j was negative. */
export function negative(j: i32): bool {
  return load<f64>(signs + (<usize>j << 3)) < 0;
}
