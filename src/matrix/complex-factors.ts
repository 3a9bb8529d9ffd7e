// rankFactors of a complex matrix: its columns by the complex pivoted QR, its singular vectors from those of the real
// matrix of twice the size, whose singular values come in pairs (complex-spaces.ts). The error is computed from the
// factors, 8 m n k multiplications.
import type { Kernel } from '../kernel/load.js';
import { copyOut } from '../kernel/memory.js';
import type { RankFactors } from '../types.js';
import { interpolate } from './complex-columns.js';
import { addProduct, adjoint, type Columns, squareOf, turned } from './complex-matrix.js';
import { unpaired } from './complex-spaces.js';

/** The factors that are wanted of the matrix that is open in the kernel. */
export interface WantedFactors {
  /** The kernel sees the transpose. */
  transposed: boolean;
  /** The largest rank, and the share of ||A||_F^2 that may be left out. */
  most: number;
  share: number;
  /** Singular vectors, not columns of A. */
  svd: boolean;
}

/** Puts the factors of a complex matrix, which is open in the kernel, into `result`. */
export function complexFactors(
  result: RankFactors,
  k: Kernel,
  columns: Columns,
  { transposed, most, share, svd }: WantedFactors,
): void {
  const { data, m, n, unscale } = columns;
  const [left, right] = svd
    ? bySvd(columns, k, transposed, most, share)
    : byColumns(columns, result, most, share);
  result.rank = right.length / 2 / n;
  const error = data.slice();
  addProduct(error, left, right, [m, result.rank, n], -1);
  result.residual = unscale(Math.sqrt(squareOf(error)));
  result.left = turned(left.map(unscale), result.rank, m);
  result.right = right;
}

/** left by columns, right row-major, both of the scale of `columns`. */
type Pair = [left: Float64Array, right: Float64Array];

function byColumns(columns: Columns, result: RankFactors, most: number, share: number): Pair {
  const { data, m } = columns;
  const [chosen, right] = interpolate(columns, most, share);
  result.columns = chosen;
  const left = new Float64Array(2 * m * chosen.length);
  chosen.forEach((j, p) => {
    left.set(data.subarray(2 * m * j, 2 * m * (j + 1)), 2 * m * p);
  });
  return [left, right];
}

/** The singular vectors of one side are from the kernel, the others A or A^H times them. */
function bySvd({ data, m, n }: Columns, k: Kernel, transposed: boolean, most: number, share: number): Pair {
  const short = transposed ? m : n;
  const vectors = shortSide(k, transposed ? n : m, short, most, share);
  const r = vectors.length;
  const Q = new Float64Array(2 * short * r); // by columns
  vectors.forEach((z, j) => {
    Q.set(z, 2 * short * j);
  });
  if (!transposed) {
    const left = new Float64Array(2 * m * r);
    addProduct(left, data, turned(Q, r, n), [m, n, r], 1);
    return [left, Q.map((x, p) => (p & 1 ? -x : x))];
  }
  const product = new Float64Array(2 * r * n);
  addProduct(product, adjoint(Q, r, m), turned(data, n, m), [r, m, n], 1);
  const right = turned(product, n, r);
  // The lengths of its rows, the singular values, go over to the left.
  for (let p = 0; p < r; p++) {
    const own = right.subarray(2 * n * p, 2 * n * (p + 1));
    const sigma = Math.sqrt(squareOf(own));
    for (let j = 0; j < own.length && sigma > 0; j++) own[j] /= sigma;
    for (let i = 2 * m * p; i < 2 * m * (p + 1); i++) Q[i] *= sigma;
  }
  return [Q, right];
}

/** The complex singular vectors of the shorter side. */
function shortSide(k: Kernel, long: number, short: number, most: number, share: number): Float64Array[] {
  let count = k.truncate(2 * most, share);
  if (count & 1) count = k.truncate(count + 1, 0);
  const y = k.reserve(16 * long * count);
  const vt = k.reserve(16 * short * count);
  k.truncated(y, vt, false);
  const ends = groups(copyOut(y, 2 * long * count), count);
  const rows = copyOut(vt, 2 * short * count);
  const basis = new Float64Array(2 * short * count);
  for (let j = 0; j < count; j++) {
    for (let i = 0; i < 2 * short; i++) basis[i * count + j] = rows[j * 2 * short + i];
  }
  return unpaired(basis, short, count, ends);
}

/**
 * Where the lengths of the columns of y, the singular values, fall by more than rounding, behind an even number of
 * them: those between are equal, and their vectors any of the space that they span.
 */
function groups(y: Float64Array, count: number): number[] {
  const lengths = new Float64Array(count);
  const most = y.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  y.forEach((x, p) => {
    lengths[p % count] += (x / most) ** 2;
  });
  for (let j = 0; j < count; j++) lengths[j] = Math.sqrt(lengths[j]);
  const step = 8 * 2 ** -52 * count * lengths[0];
  const ends: number[] = [];
  for (let j = 2; j <= count; j += 2) if (j === count || lengths[j - 1] - lengths[j] > step) ends.push(j);
  return ends;
}
