// Families of matrices whose rank is delicate, famous, or known by theory. `rank` is given where theory knows it and no
// singular value stands within a factor 8 of the default tolerance; the reference (reference.ts) decides the others.
import { beside, blockDiagonal, type Matrix, map, matrix, multiply, Random, transpose } from './numbers.js';

export interface Member {
  name: string;
  x: Matrix;
  /** Numerical rank in float64, by theory; NaN or absent where theory is silent. */
  rank?: number;
  /** Numerical rank of the elements rounded to float32, by theory. */
  rank32?: number;
}

// Test matrices of Higham's and Hansen's collections.

/**
 * diag(1, s, s^2, ...) (I - c U), s = sin theta, c = cos theta: no small diagonal entry betrays that it is singular.
 */
export function kahan(n: number, theta: number): Matrix {
  const s = Math.sin(theta);
  const c = Math.cos(theta);
  return matrix(n, n, (i, j) => (i > j ? 0 : i === j ? s ** i : -c * s ** i));
}

const hilbert = (n: number) => matrix(n, n, (i, j) => 1 / (i + j + 1));
const frank = (n: number) => matrix(n, n, (i, j) => (j < i - 1 ? 0 : n - Math.max(i, j)));

function pascal(n: number): Matrix {
  const x = matrix(n, n, () => 1);
  for (let i = 1; i < n; i++) {
    for (let j = 1; j < n; j++) x.a[i * n + j] = x.a[(i - 1) * n + j] + x.a[i * n + j - 1];
  }
  return x;
}

/** W+ of odd order: pairs of eigenvalues that agree to many digits. */
const wilkinson = (n: number) =>
  matrix(n, n, (i, j) => (i === j ? Math.abs(i - (n - 1) / 2) : Math.abs(i - j) === 1 ? 1 : 0));
const wilkinsonBidiagonal = (n: number) => matrix(n, n, (i, j) => (i === j ? n - i : j === i + 1 ? n : 0));
const vandermonde = (n: number) => matrix(n, n, (i, j) => (i / (n - 1)) ** j);

/** Higham's five distributions of singular values between 1 and 1 / kappa. */
export function spectrum(mode: number, n: number, kappa: number, random: Random): number[] {
  const at = (i: number) => i / (n - 1);
  const index = Array.from({ length: n }, (_, i) => i);
  if (mode === 1) return index.map((i) => (i ? 1 / kappa : 1));
  if (mode === 2) return index.map((i) => (i < n - 1 ? 1 : 1 / kappa));
  if (mode === 3) return index.map((i) => kappa ** -at(i));
  if (mode === 4) return index.map((i) => 1 - at(i) * (1 - 1 / kappa));
  return index.map(() => kappa ** -random.uniform()).sort((a, b) => b - a);
}

/** Stewart's devil's stairs: equal values on each step. */
const stairs = (n: number, step: number, drop: number) =>
  new Random(n).withSpectrum(
    n,
    n,
    Array.from({ length: n }, (_, i) => drop ** Math.floor(i / step)),
    n,
  );

const shaw = (n: number) => {
  const at = (i: number) => -Math.PI / 2 + ((i + 0.5) * Math.PI) / n;
  return matrix(n, n, (i, j) => {
    const u = Math.PI * (Math.sin(at(i)) + Math.sin(at(j)));
    const f = Math.abs(u) < 1e-12 ? 1 : Math.sin(u) / u;
    return (Math.PI / n) * ((Math.cos(at(i)) + Math.cos(at(j))) * f) ** 2;
  });
};
const baart = (n: number) =>
  matrix(n, n, (i, j) => {
    const s = ((i + 0.5) * Math.PI) / (2 * n);
    const t = ((j + 0.5) * Math.PI) / n;
    return (Math.PI / n) * Math.exp(s * Math.cos(t));
  });
const foxgood = (n: number) => matrix(n, n, (i, j) => Math.hypot(i + 0.5, j + 0.5) / n ** 2);
const heat = (n: number) =>
  matrix(n, n, (i, j) => {
    const t = (i - j + 0.5) / n;
    return i < j ? 0 : (t ** -1.5 * Math.exp(-0.25 / t)) / (n * 2 * Math.sqrt(Math.PI));
  });
const deriv2 = (n: number) =>
  matrix(n, n, (i, j) => {
    const h = 1 / n;
    const a = Math.max(i, j) + 1;
    const b = Math.min(i, j) + 1;
    return i === j ? h * h * ((a * a - a + 0.25) * h - (a - 2 / 3)) : h * h * (b - 0.5) * ((a - 0.5) * h - 1);
  });

// Graphs and tables: integers, ranks by counting.

type Edge = [number, number];

/** `parts` random connected graphs, of n vertices in all. */
function graph(n: number, parts: number, random: Random): Edge[] {
  const edges: Edge[] = [];
  const size = n / parts;
  for (let p = 0; p < parts; p++) {
    for (let i = 1; i < size; i++) edges.push([p * size + i, p * size + random.below(i)]);
    for (let e = 0; e < size; e++) {
      const a = random.below(size);
      const b = random.below(size);
      if (a !== b) edges.push([p * size + a, p * size + b]);
    }
  }
  return edges;
}

function laplacian(n: number, edges: Edge[]): Matrix {
  const x = matrix(n, n, () => 0);
  for (const [a, b] of edges) {
    x.a[a * n + a]++;
    x.a[b * n + b]++;
    x.a[a * n + b]--;
    x.a[b * n + a]--;
  }
  return x;
}

/** One row for each edge: 1 and -1. */
function incidence(n: number, edges: Edge[]): Matrix {
  return matrix(edges.length, n, (e, v) => (v === edges[e][0] ? 1 : v === edges[e][1] ? -1 : 0));
}

/** A table of categories, one-hot, `copies` rows for every combination, with a column of ones first. */
function oneHot(levels: number[], copies: number): Matrix {
  const rows = levels.reduce((p, l) => p * l, copies);
  const width = 1 + levels.reduce((s, l) => s + l, 0);
  return matrix(rows, width, (i, j) => {
    if (j === 0) return 1;
    let rest = Math.floor(i / copies);
    let from = 1;
    for (const l of levels) {
      if (j < from + l) return rest % l === j - from ? 1 : 0;
      rest = Math.floor(rest / l);
      from += l;
    }
    return 0;
  });
}

/** Sum of k rank-one terms. */
export const lowRank = (m: number, n: number, k: number, random: Random) =>
  multiply(random.matrix(m, k), random.matrix(k, n));

/** Gaussian, with column 7 a copy of column 3 but for `change`. */
function nearCopy(m: number, n: number, change: number, random: Random): Matrix {
  const x = random.matrix(m, n);
  for (let i = 0; i < m; i++) x.a[i * n + 7] = x.a[i * n + 3] * (1 + change * random.normal());
  return x;
}

export function members(): Member[] {
  const r = new Random(2024);
  const list: Member[] = [];
  const add = (name: string, x: Matrix, rank?: number, rank32 = rank) => list.push({ name, x, rank, rank32 });

  for (const n of [5, 20, 40])
    for (const theta of [0.6, 1.2, 1.4]) add(`Kahan ${n}, ${theta}`, kahan(n, theta));
  for (const n of [3, 6, 9, 12, 13, 14, 20, 40]) add(`Hilbert ${n}`, hilbert(n));
  for (const n of [4, 8, 12, 16, 24, 40]) add(`Frank ${n}`, frank(n));
  for (const n of [5, 10, 15, 20, 25]) add(`Pascal ${n}`, pascal(n));
  for (const n of [3, 11, 21, 41]) add(`Wilkinson ${n}`, wilkinson(n), n);
  for (const n of [8, 16, 20, 30]) add(`Wilkinson bidiagonal ${n}`, wilkinsonBidiagonal(n));
  for (const n of [5, 10, 15, 20, 30]) add(`Vandermonde ${n}`, vandermonde(n));
  for (const mode of [1, 2, 3, 4, 5]) {
    for (const kappa of [1e2, 1e6, 1e10, 1e13, 1e18]) {
      add(
        `randsvd mode ${mode}, ${kappa}`,
        r.withSpectrum(28, 24, spectrum(mode, 24, kappa, r)),
        kappa === 1e2 ? 24 : undefined,
      );
    }
  }
  add('stairs 0.1', stairs(40, 5, 0.1));
  add('stairs 1e-3', stairs(40, 5, 1e-3));
  add('stairs 0.5', stairs(48, 4, 0.5));
  for (const n of [12, 32]) {
    add(`shaw ${n}`, shaw(n));
    add(`baart ${n}`, baart(n));
    add(`foxgood ${n}`, foxgood(n));
    add(`heat ${n}`, heat(n));
    add(`deriv2 ${n}`, deriv2(n), n);
  }

  for (const [n, parts] of [
    [12, 1],
    [12, 4],
    [40, 5],
    [150, 3],
    [300, 1],
  ]) {
    const edges = graph(n, parts, r);
    add(`Laplacian of ${n} vertices, ${parts} components`, laplacian(n, edges), n - parts);
    add(`incidence of ${n} vertices, ${parts} components`, incidence(n, edges), n - parts);
  }
  for (const levels of [
    [2, 3],
    [5, 5],
    [2, 2, 2, 2],
    [7, 4, 3],
    [30, 20],
  ]) {
    add(
      `one-hot ${levels}`,
      oneHot(levels, 2),
      levels.reduce((s, l) => s + l - 1, 1),
    );
  }
  const table = oneHot([6, 5], 3);
  add('one-hot, every column twice', beside(table, table), 10);
  const measured = r.matrix(table.m, 4);
  add('one-hot and measurements', beside(table, measured), 14);
  add(
    'one-hot and a sum of measurements',
    beside(table, beside(measured, multiply(measured, r.matrix(4, 2)))),
    14,
  );

  for (const change of [1e-3, 1e-9])
    add(`a copy changed by ${change}`, nearCopy(60, 20, change, r), 20, change > 1e-4 ? 20 : 19);
  for (const change of [1e-13, 1e-15, 1e-17])
    add(`a copy changed by ${change}`, nearCopy(60, 20, change, r), change < 1e-16 ? 19 : undefined, 19);
  add('a copied column and a copied row', copied(r.matrix(30, 30)), 29);

  for (const scale of [1, 1e150, 1e300, 1e-150, 1e-290, 1e-300]) {
    add(
      `rank 5 times ${scale}`,
      map(lowRank(30, 22, 5, r), (v) => v * scale),
      5,
      Math.abs(Math.log10(scale)) > 40 ? NaN : 5,
    );
    add(
      `full times ${scale}`,
      map(r.withSpectrum(30, 22, Array(22).fill(1)), (v) => v * scale),
      22,
      Math.abs(Math.log10(scale)) > 40 ? NaN : 22,
    );
  }
  for (const scale of [1e30, 1e36, 1e-30, 1e-37])
    add(
      `rank 5 times ${scale}`,
      map(lowRank(30, 22, 5, r), (v) => v * scale),
      5,
    );
  add(
    'denormals',
    map(lowRank(20, 12, 3, r), (v) => v * 1e-310),
  );
  add(
    'denormals of float32',
    map(lowRank(20, 12, 3, r), (v) => v * 1e-42),
    3,
    NaN,
  );
  add(
    'integers of denormals, rank 2',
    matrix(9, 7, (i, j) => (1 + i + 10 * (j % 3) * i) * 5e-324),
    2,
    0,
  );
  add(
    'one denormal',
    matrix(5, 4, (i, j) => (i === 3 && j === 2 ? 5e-324 : 0)),
    1,
    0,
  );
  add(
    'denormals beside 1',
    matrix(5, 5, (i, j) => (i === j ? (i ? 5e-324 : 1) : 0)),
    1,
  );
  add(
    'from 1e300 to 1e-300',
    matrix(13, 13, (i, j) => (i === j ? 10 ** (300 - 50 * i) : 0)),
    1,
    NaN,
  );

  for (const n of [1, 2, 7, 300]) {
    add(`a row of ${n}`, r.matrix(1, n), 1);
    add(`a column of ${n}`, r.matrix(n, 1), 1);
    add(
      `a zero row of ${n}`,
      matrix(1, n, () => 0),
      0,
    );
  }
  add('50000x5', r.matrix(50000, 5), 5);
  add('50000x5 of rank 3', lowRank(50000, 5, 3, r), 3);
  add('5x50000 of rank 2', lowRank(5, 50000, 2, r), 2);
  add('one-hot, 50000 rows', oneHot([5, 10], 1000), 14);
  add('3000x70, one row apart', oneApart(3000, 70, r), 41);
  add('70x3000, one column apart', transpose(oneApart(3000, 70, r)), 41);
  add('1000x120 of rank 100', lowRank(1000, 120, 100, r), 100);
  add('120x900, full', r.matrix(120, 900), 120);
  add(
    '250x250 of rank 249',
    r.withSpectrum(
      250,
      250,
      Array.from({ length: 250 }, (_, i) => (i < 249 ? 1 : 0)),
    ),
    249,
  );
  add('two blocks', blockDiagonal(lowRank(20, 30, 4, r), lowRank(40, 10, 7, r)), 11);
  return list;
}

/** Rank 40 in every row but one, which a sample of rows easily misses. */
function oneApart(m: number, n: number, r: Random): Matrix {
  const x = lowRank(m, n, 40, r);
  const row = 1 + r.below(m - 1);
  for (let j = 0; j < n; j++) x.a[row * n + j] += r.normal();
  return x;
}

function copied(x: Matrix): Matrix {
  for (let i = 0; i < x.m; i++) x.a[i * x.n + 4] = x.a[i * x.n + 20];
  x.a.copyWithin(0, 11 * x.n, 12 * x.n);
  x.a[4] = x.a[20];
  return x;
}
