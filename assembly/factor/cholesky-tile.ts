// One 4x4 tile of a factor L S L^T below its diagonal tile: forward substitution in registers.
//
// Layout: tiles are four columns of four elements, as in a packed triangle (matrix/triangle.ts).
// Cost: 40 multiply-adds on two lanes. Source: Golub & Van Loan, section 3.1.4.
import { madd } from '../base/simd';

// @ts-ignore: decorator
@inline
function storeFour(to: usize, x: v128, y: v128): void {
  v128.store(to, x);
  v128.store(to, y, 16);
}

/** X L_jj^T S = C for one tile C, in place; -X S goes to `negative`. sj, ij: the signs and inverses of its columns. */
// @ts-ignore: decorator
@inline
export function solveTile(tile: usize, negative: usize, diagonalTile: usize, sj: usize, ij: usize): void {
  let s = v128.load64_splat(ij);
  const x0 = f64x2.mul(v128.load(tile), s);
  const y0 = f64x2.mul(v128.load(tile, 16), s);
  s = f64x2.splat(-load<f64>(sj));
  const nx0 = f64x2.mul(x0, s);
  const ny0 = f64x2.mul(y0, s);
  storeFour(tile, x0, y0);
  storeFour(negative, nx0, ny0);

  let l = v128.load64_splat(diagonalTile, 8);
  let x1 = madd(nx0, l, v128.load(tile, 32));
  let y1 = madd(ny0, l, v128.load(tile, 48));
  s = v128.load64_splat(ij, 8);
  x1 = f64x2.mul(x1, s);
  y1 = f64x2.mul(y1, s);
  s = f64x2.splat(-load<f64>(sj, 8));
  const nx1 = f64x2.mul(x1, s);
  const ny1 = f64x2.mul(y1, s);
  storeFour(tile + 32, x1, y1);
  storeFour(negative + 32, nx1, ny1);

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
  storeFour(tile + 64, x2, y2);
  storeFour(negative + 64, nx2, ny2);

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
  storeFour(tile + 96, x3, y3);
  storeFour(negative + 96, f64x2.mul(x3, s), f64x2.mul(y3, s));
}
