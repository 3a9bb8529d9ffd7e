// The families of Higham's Test Matrix Toolbox, Matrix Depot and Anymatrix that families.ts lacks, written from their
// definitions (N. J. Higham, "The Test Matrix Toolbox for MATLAB", 1995; Zhang & Higham 2016; Higham & Mikaitis 2022),
// with the rank where theory knows it.
import type { Member } from './families.js';
import { type Matrix, map, matrix, multiply, Random } from './numbers.js';

const choose = (n: number, k: number) => {
  let c = 1;
  for (let i = 0; i < k; i++) c = (c * (n - i)) / (i + 1);
  return Math.round(c);
};
const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const toeplitz = (n: number, at: (d: number) => number) => matrix(n, n, (i, j) => at(j - i));
const tridiagonal = (n: number, below: number, on: number, above: number) =>
  toeplitz(n, (d) => (d === -1 ? below : d === 0 ? on : d === 1 ? above : 0));
const identity = (n: number) => matrix(n, n, (i, j) => Number(i === j));

/** Moebius' sums: the determinant of Redheffer's matrix. */
function mertens(n: number): number {
  const mu = [0, 1];
  let sum = 0;
  for (let i = 1; i <= n; i++) {
    mu[i] ??= 0;
    for (let j = 2 * i; j <= n; j += i) mu[j] = (mu[j] ?? 0) - mu[i];
    sum += mu[i];
  }
  return sum;
}

/** MATLAB's magic squares. */
function magic(n: number): Matrix {
  if (n % 2 === 1) {
    return matrix(n, n, (i, j) => {
      const a = (i + j + 1 + (n - 1) / 2 + 1) % n;
      const b = (i + 2 * (j + 1) + n - 2) % n;
      return n * a + b + 1;
    });
  }
  if (n % 4 === 0) {
    return matrix(n, n, (i, j) => {
      const value = i * n + j + 1;
      return Math.floor(((i + 1) % 4) / 2) === Math.floor(((j + 1) % 4) / 2) ? n * n + 1 - value : value;
    });
  }
  const h = n / 2;
  const quarter = magic(h);
  const x = matrix(n, n, (i, j) => {
    const q = quarter.a[(i % h) * h + (j % h)];
    return q + [[0, 2], [3, 1]][Number(i >= h)][Number(j >= h)] * h * h; // biome-ignore format: a matrix
  });
  const k = (n - 2) / 4;
  for (let i = 0; i < h; i++) {
    for (let j = 0; j < n; j++) {
      const middle = i === (h - 1) / 2;
      const swapped = j < k ? !(middle && j === 0) : j >= n - k + 1 || (middle && j === k);
      if (!swapped) continue;
      const [p, q] = [i * n + j, (i + h) * n + j];
      [x.a[p], x.a[q]] = [x.a[q], x.a[p]];
    }
  }
  return x;
}

/** Differentiation at Chebyshev's points: nilpotent, as polynomials of degree below n are. */
function chebspec(n: number): Matrix {
  const at = Array.from({ length: n }, (_, k) => Math.cos((k * Math.PI) / (n - 1)));
  const c = (k: number) => (k === 0 || k === n - 1 ? 2 : 1) * (k % 2 ? -1 : 1);
  const x = matrix(n, n, (i, j) => (i === j ? 0 : c(i) / c(j) / (at[i] - at[j])));
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) x.a[i * n + i] -= x.a[i * n + j];
  return x;
}

/** Poisson's equation on an h x h grid with zero flow through the border: singular, with one null vector. */
function neumann(h: number): Matrix {
  const n = h * h;
  const x = matrix(n, n, () => 0);
  for (let p = 0; p < n; p++) {
    x.a[p * n + p] = 4;
    const [i, j] = [Math.floor(p / h), p % h];
    for (const [u, v] of [[i - 1, j], [i + 1, j], [i, j - 1], [i, j + 1]]) {
      const inside = (t: number) => (t < 0 ? 1 : t >= h ? h - 2 : t);
      x.a[p * n + inside(u) * h + inside(v)]--;
    } // biome-ignore format: a list
  }
  return x;
}

/** Wing's integral equation, Phillips', Ursell's and a gravity survey: after Hansen's Regularization Tools. */
const wing = (n: number) =>
  matrix(n, n, (i, j) => ((j + 0.5) / n ** 2) * Math.exp(-((i + 0.5) / n) * ((j + 0.5) / n) ** 2));
const ursell = (n: number) => matrix(n, n, (i, j) => 1 / (i + j + 2) / n);
const gravity = (n: number) => matrix(n, n, (i, j) => 0.25 / n / (0.0625 + ((i - j) / n) ** 2) ** 1.5);
const parallax = (n: number) => {
  const [a, b] = [0.1, 0.1];
  return matrix(
    26,
    n,
    (i, j) =>
      (0.1 / (a * Math.sqrt(2 * Math.PI))) * Math.exp(-0.5 * ((b + i * 0.02 - j * (0.5 / n)) / a) ** 2),
  );
};
const phillips = (n: number) =>
  toeplitz(n, (d) => (Math.abs(d) < n / 4 ? (12 / n) * (1 + Math.cos((4 * Math.PI * d) / n)) : 0));

/**
 * Random orthogonal matrices and prescribed values: Golub's, with small and large elements; random columns of length 1.
 */
function golub(n: number, r: Random): Matrix {
  const unit = (lower: boolean) =>
    matrix(n, n, (i, j) => (i === j ? 1 : (lower ? j < i : j > i) ? Math.round(10 * r.normal()) : 0));
  return multiply(unit(true), unit(false));
}

/** Foster's: Gaussian elimination with partial pivoting on a Volterra equation grows like 2^n (Foster 1994). */
const foster = (n: number, c = 1, k = 1, h = 1) =>
  matrix(n, n, (i, j) => {
    if (j === n - 1) return i === n - 1 ? 1 - 1 / c - (k * h) / 2 : -1 / c;
    if (j === 0) return i === 0 ? 1 : -(k * h) / 2;
    return i === j ? 1 - (k * h) / 2 : i > j ? -k * h : 0;
  });

/**
 * Stewart's: a gap in the singular values, and noise below it (Stewart 1993,
 * "Updating a rank-revealing ULV decomposition").
 */
function stewart(n: number, k: number, noise: number, r: Random): Matrix {
  const sigma = Array.from({ length: n }, (_, i) => (i < k ? 10 ** ((-3 * i) / (k - 1)) : 0));
  const x = r.withSpectrum(n, n, sigma, n);
  return map(x, (v) => v + noise * r.normal());
}

/** A wave on a ring: neighbours and a shortcut, adjacency of a small world. */
const ring = (n: number) => matrix(n, n, (i, j) => Number([1, 2, n - 1, n - 2].includes((i - j + n) % n)));

export function gallery(): Member[] {
  const r = new Random(1995);
  const list: Member[] = [];
  const add = (name: string, x: Matrix, rank?: number, rank32 = NaN) => list.push({ name, x, rank, rank32 });

  for (const n of [4, 6, 7, 8, 10, 11, 12, 16]) {
    const rank = n % 2 ? n : n % 4 ? n / 2 + 2 : 3;
    add(`magic ${n}`, magic(n), rank, rank);
  }
  for (const n of [2, 5, 20, 39, 40]) {
    const redheffer = matrix(n, n, (i, j) => Number(j === 0 || (j + 1) % (i + 1) === 0));
    add(`Redheffer ${n}`, redheffer, n - Number(mertens(n) === 0));
  }
  for (const n of [9, 10, 21]) {
    const beside = (i: number, j: number) => Math.sqrt((Math.min(i, j) + 1) * (n - 1 - Math.min(i, j)));
    const clement = matrix(n, n, (i, j) => (Math.abs(i - j) === 1 ? beside(i, j) : 0));
    add(`Clement ${n}`, clement, n - (n % 2));
  }
  for (const n of [6, 12]) add(`chebspec ${n}`, chebspec(n), n - 1);
  for (const h of [3, 5]) add(`Neumann ${h * h}`, neumann(h), h * h - 1);
  for (const n of [5, 20]) {
    add(
      `binomial ${n}`,
      matrix(n, n, (i, j) => {
        // biome-ignore format: a formula
        let sum = 0;
        for (let p = 0; p <= j; p++) sum += (p % 2 ? -1 : 1) * choose(i, j - p) * choose(n - 1 - i, p);
        return sum;
      }),
    );
    add(
      `Cauchy ${n}`,
      matrix(n, n, (i, j) => 1 / (i + j + 2)),
    );
    add(
      `Chow ${n}`,
      matrix(n, n, (i, j) => Number(i >= j - 1)),
    );
    add(
      `circulant ${n}`,
      matrix(n, n, (i, j) => ((j - i + n) % n) + 1),
      n,
      n,
    );
    add(
      `companion ${n}`,
      matrix(n, n, (i, j) => (i === 0 ? -(j + 1) : Number(i === j + 1))),
      n,
      n,
    );
    add(
      `Ding Dong ${n}`,
      matrix(n, n, (i, j) => 0.5 / (n - i - j - 0.5)),
    );
    add(
      `Fiedler ${n}`,
      matrix(n, n, (i, j) => Math.abs(i - j)),
      n,
      n,
    );
    add(
      `Forsythe ${n}`,
      matrix(n, n, (i, j) => (j === i + 1 ? 1 : i === n - 1 && j === 0 ? 1.5e-8 : 0)),
      n,
      n - 1,
    );
    add(
      `greatest common divisors ${n}`,
      matrix(n, n, (i, j) => gcd(i + 1, j + 1)),
      n,
      n,
    );
    add(
      `Grcar ${n}`,
      toeplitz(n, (d) => (d === -1 ? -1 : d >= 0 && d <= 3 ? 1 : 0)),
      n,
      n,
    );
    add(
      `Hankel ${n}`,
      matrix(n, n, (i, j) => Math.sin(1 + i + j)),
      2,
      2,
    ); // sin(x + y): two terms
    add(`involution ${n}`, involution(n));
    add(
      `Kac, Murdock and Szego ${n}`,
      toeplitz(n, (d) => 0.5 ** Math.abs(d)),
      n,
      n,
    );
    add(
      `Lehmer ${n}`,
      matrix(n, n, (i, j) => (Math.min(i, j) + 1) / (Math.max(i, j) + 1)),
      n,
      n,
    );
    add(
      `Lotkin ${n}`,
      matrix(n, n, (i, j) => (i === 0 ? 1 : 1 / (i + j + 1))),
    );
    add(
      `minimum ${n}`,
      matrix(n, n, (i, j) => Math.min(i, j) + 1),
      n,
      n,
    );
    add(
      `Moler ${n}`,
      matrix(n, n, (i, j) => (i === j ? i + 1 : Math.min(i, j) - 1)),
    );
    add(
      `oscillation ${n}`,
      r.withSpectrum(
        n,
        n,
        Array.from({ length: n }, (_, i) => i + 1),
      ),
      n,
      n,
    );
    add(
      `Parter ${n}`,
      matrix(n, n, (i, j) => 1 / (i - j + 0.5)),
      n,
      n,
    );
    add(
      `Pei ${n}`,
      matrix(n, n, (i, j) => 1 + Number(i === j)),
      n,
      n,
    );
    add(
      `Pei, singular ${n}`,
      matrix(n, n, (i, j) => 1 - Number(i === j) * n),
      n - 1,
      n - 1,
    );
    add(
      `prolate ${n}`,
      toeplitz(n, (d) => (d === 0 ? 0.5 : Math.sin(0.5 * Math.PI * d) / (Math.PI * d))),
    );
    add(
      `Riemann ${n}`,
      matrix(n, n, (i, j) => ((j + 2) % (i + 2) === 0 ? i + 1 : -1)),
      n,
      n,
    );
    add(`second difference ${n}`, tridiagonal(n, -1, 2, -1), n, n);
    add(`skew tridiagonal ${n}`, tridiagonal(n, -1, 0, 1), n - (n % 2), n - (n % 2));
    add(
      `triangle of -1 ${n}`,
      matrix(n, n, (i, j) => (i === j ? 1 : j > i ? -1 : 0)),
    );
    add(`Ursell ${n}`, ursell(n));
    add(`wing ${n}`, wing(n));
    add(`gravity ${n}`, gravity(n));
    add(`parallax ${n}`, parallax(n));
    add(`Golub ${n}`, golub(n, r));
    add(
      `growth of pivots ${n}`,
      matrix(n, n, (i, j) => (i === j || j === n - 1 ? 1 : i > j ? -1 : 0)),
      n,
      n,
    );
    add(`Foster ${n}`, foster(n));
    add(`Rohess ${n}`, multiply(tridiagonal(n, 1, 0, 0), r.reflect(identity(n))));
    add(`house ${n}`, r.reflect(identity(n), 1), n, n);
    add(`ring ${n}`, ring(n));
    add(
      `signs ${n}`,
      matrix(n, n, () => (r.below(2) ? 1 : -1)),
    );
    add(`Cycol ${n}`, cyclic(n, r));
  }
  for (const n of [8, 16]) {
    add(`phillips ${n}`, phillips(n));
    add(
      `Hadamard ${n}`,
      matrix(n, n, (i, j) => (bits(i & j) % 2 ? -1 : 1)),
      n,
      n,
    );
    add(
      `Lauchli ${n}`,
      matrix(n + 1, n, (i, j) => (i === 0 ? 1 : i === j + 1 ? 1e-9 : 0)),
      n,
      1,
    );
    add(
      `Hanowa ${n}`,
      matrix(n, n, (i, j) => hanowa(n / 2, i, j)),
      n,
      n,
    );
    add(`Dorr ${n}`, dorr(n, 0.01));
    const lesp = (i: number, j: number) =>
      i === j ? -(2 * i + 5) : j === i + 1 ? i + 2 : i === j + 1 ? 1 / (i + 1) : 0;
    add(`Lesp ${n}`, matrix(n, n, lesp), n, n);
    const gear = (i: number, j: number) =>
      Number(Math.abs(i - j) === 1 || (i === 0 && j === n - 1)) - Number(i === n - 1 && j === 0);
    add(`Gear ${n}`, matrix(n, n, gear));
    add(`Jordan ${n}`, tridiagonal(n, 0, 0, 1), n - 1, n - 1);
    add(`Krylov ${n}`, krylov(n, r));
  }
  add('Rosser', rosser(), 7, 7);
  for (const noise of [1e-17, 1e-15, 1e-12]) add(`Stewart, noise ${noise}`, stewart(24, 12, noise, r));
  return list;
}

const bits = (x: number): number => (x ? (x & 1) + bits(x >> 1) : 0);

function hanowa(h: number, i: number, j: number): number {
  if (i % h !== j % h) return 0;
  if (i < h === j < h) return -1;
  return (i < h ? -1 : 1) * ((i % h) + 1);
}

function involution(n: number): Matrix {
  const x = matrix(n, n, (i, j) => 1 / (i + j + 1));
  let d = -n;
  for (let i = 0; i < n; i++) x.a[i * n] *= d;
  for (let i = 0; i < n - 1; i++) {
    d = (-(n + i + 1) * (n - i - 1) * d) / (i + 1) ** 2;
    for (let j = 0; j < n; j++) x.a[(i + 1) * n + j] *= d;
  }
  return x;
}

/** n columns, a few random ones over and over. */
function cyclic(n: number, r: Random): Matrix {
  const few = Math.max(1, Math.round(n / 4));
  const x = r.matrix(n, few);
  return matrix(n, n, (i, j) => x.a[i * few + (j % few)]);
}

/** A singularly perturbed boundary value problem, by centred and one-sided differences: rows sum to nearly zero. */
function dorr(n: number, theta: number): Matrix {
  const h = 1 / (n + 1);
  return matrix(n, n, (i, j) => {
    const half = i < n / 2;
    const term = theta / h ** 2;
    const flow = (0.5 - (i + 1) * h) / h;
    const low = half ? -term : -term + flow;
    const high = half ? -term - flow : -term;
    return j === i - 1 ? low : j === i + 1 ? high : i === j ? -(low + high) : 0;
  });
}

function krylov(n: number, r: Random): Matrix {
  const a = map(r.matrix(n, n), (v) => v / n);
  let v = matrix(n, 1, () => 1);
  const out = matrix(n, n, () => 0);
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < n; i++) out.a[i * n + j] = v.a[i];
    v = multiply(a, v);
  }
  return out;
}

/** Rosser's: eigenvalues 1020, nearly equal pairs, and 0. */
function rosser(): Matrix {
  const rows = [
    [611, 196, -192, 407, -8, -52, -49, 29],
    [196, 899, 113, -192, -71, -43, -8, -44],
    [-192, 113, 899, 196, 61, 49, 8, 52],
    [407, -192, 196, 611, 8, 44, 59, -23],
    [-8, -71, 61, 8, 411, -599, 208, 208],
    [-52, -43, 49, 44, -599, 411, 208, 208],
    [-49, -8, 8, 59, 208, 208, 99, -911],
    [29, -44, 52, -23, 208, 208, -911, 99],
  ];
  return matrix(8, 8, (i, j) => rows[i][j]);
}
