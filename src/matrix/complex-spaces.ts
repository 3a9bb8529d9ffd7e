// Complex vectors from real ones of twice the length.
//
// The matrix [[B, -C], [C, B]] maps (x, y) as B + iC maps x + iy, and with each (x, y) its singular subspaces hold
// (-y, x), which is i (x + iy): 2 c real basis vectors are those of c complex dimensions, each of them twice. Gram and
// Schmidt in the complex sense, the vector first of which most is left (Golub & Van Loan 5.4; twice is enough, Giraud
// et al. 2005), keeps half of them.
// Cost: 16 n c^2 multiplications for the dots, as much for the vectors.
import { squareOf } from './complex-matrix.js';

/** re and im of x^H y from offsets, `length` numbers. */
function dot(x: Float64Array, y: Float64Array): [re: number, im: number] {
  let re = 0;
  let im = 0;
  for (let p = 0; p < x.length; p += 2) {
    re += x[p] * y[p] + x[p + 1] * y[p + 1];
    im += x[p] * y[p + 1] - x[p + 1] * y[p];
  }
  return [re, im];
}

/** v less its part in the span of the orthonormal vectors, at length 1. */
function orthonormalised(v: Float64Array, basis: readonly Float64Array[]): Float64Array {
  for (let pass = 0; pass < 3; pass++) {
    for (const q of basis) {
      const [re, im] = dot(q, v);
      for (let p = 0; p < v.length; p += 2) {
        v[p] -= re * q[p] - im * q[p + 1];
        v[p + 1] -= re * q[p + 1] + im * q[p];
      }
    }
    const size = Math.sqrt(squareOf(v));
    for (let p = 0; p < v.length; p++) v[p] /= size;
    if (size > 0.7 && pass > 0) break;
  }
  return v;
}

/**
 * Half of the orthonormal real vectors (x, y), 2 n long, the columns of a row-major matrix with `count` of them, as
 * orthonormal complex ones: arrays of pairs. They come in groups that each hold what they hold twice: `ends` are the
 * columns behind each.
 */
export function unpaired(
  basis: Float64Array,
  n: number,
  count: number,
  ends: readonly number[] = [count],
): Float64Array[] {
  const kept: Float64Array[] = [];
  let from = 0;
  for (const end of ends) {
    const group = Array.from({ length: end - from }, (_, j) => {
      const z = new Float64Array(2 * n);
      for (let i = 0; i < n; i++) {
        z[2 * i] = basis[i * count + from + j];
        z[2 * i + 1] = basis[(n + i) * count + from + j];
      }
      return z;
    });
    const left = group.map((z) => squareOf(z));
    for (let t = 0; 2 * t < group.length; t++) {
      const best = left.indexOf(Math.max(...left));
      const q = orthonormalised(group[best].slice(), kept);
      left[best] = -1;
      kept.push(q);
      group.forEach((z, j) => {
        if (left[j] < 0) return;
        const [re, im] = dot(q, z);
        left[j] = Math.max(0, left[j] - re * re - im * im);
      });
    }
    from = end;
  }
  return kept;
}

/** The vectors side by side: n x c pairs, row-major. */
export function sideBySide(vectors: readonly Float64Array[], n: number): Float64Array {
  const c = vectors.length;
  const out = new Float64Array(2 * n * c);
  vectors.forEach((z, j) => {
    for (let i = 0; i < n; i++) {
      out[2 * (i * c + j)] = z[2 * i];
      out[2 * (i * c + j) + 1] = z[2 * i + 1];
    }
  });
  return out;
}

/** Each vector z as (x, y) and as i z, (-y, x): 2 n x 2 c, row-major. */
export function paired(vectors: readonly Float64Array[], n: number): Float64Array {
  const c = 2 * vectors.length;
  const out = new Float64Array(2 * n * c);
  vectors.forEach((z, j) => {
    for (let i = 0; i < n; i++) {
      out[i * c + 2 * j] = z[2 * i];
      out[(n + i) * c + 2 * j] = z[2 * i + 1];
      out[i * c + 2 * j + 1] = -z[2 * i + 1];
      out[(n + i) * c + 2 * j + 1] = z[2 * i];
    }
  });
  return out;
}
