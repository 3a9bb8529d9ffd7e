// The promise of strong rank-revealing QR (Gu & Eisenstat 1996): with q = sqrt(1 + 2 k (n - k)), the k chosen columns
// have sigma_k(chosen) >= sigma_k(A) / q, and no other column is further than q sigma_{k+1}(A) from their span.
import { describe, expect, test } from 'vitest';
import {
  independentColumns,
  matrixRank,
  qr,
  type RankOptions,
  rankFactors,
  singularValues,
} from '../../src/index.js';
import { kahan } from '../families.js';
import { type Matrix, matrix, multiply, Random, transpose } from '../numbers.js';
import { referenceValues } from '../reference.js';

const columnsOf = ({ m, n, a }: Matrix, list: ArrayLike<number>): Matrix =>
  matrix(m, list.length, (i, j) => a[i * n + list[j]]);

const norm = (a: ArrayLike<number>) => Math.hypot(...Array.from(a));

/** The distance of each column of x from the span of the columns of `basis`: Gram and Schmidt, three times over. */
function distances(x: Matrix, basis: Matrix): number[] {
  const unit: Float64Array[] = [];
  const rest = (v: Float64Array) => {
    for (let pass = 0; pass < 3; pass++) {
      for (const q of unit) {
        const c = q.reduce((s, t, i) => s + t * v[i], 0);
        for (let i = 0; i < v.length; i++) v[i] -= c * q[i];
      }
    }
    return norm(v);
  };
  const columns = (y: Matrix) => Array.from({ length: y.n }, (_, j) => columnsOf(y, [j]).a);
  for (const v of columns(basis)) {
    const size = rest(v);
    if (size > 0) unit.push(v.map((t) => t / size));
  }
  return columns(x).map(rest);
}

function check(
  x: Matrix,
  options: RankOptions = {},
  values = (y: Matrix) => singularValues(y.a, [y.m, y.n]),
): void {
  const { m, n, a } = x;
  const chosen = independentColumns(a, [m, n], options);
  const k = chosen.length;
  expect(k).toBe(matrixRank(a, [m, n], options));
  expect(new Set(chosen).size).toBe(k);
  const sigma = values(x);
  const rounding = 2 ** -53 * Math.sqrt(m + n) * 4 * norm(a);
  const q = Math.sqrt(1 + 2 * k * (n - k));
  const own = columnsOf(x, chosen);
  const rest = Array.from({ length: n }, (_, j) => j).filter((j) => !chosen.includes(j));
  if (k) expect(values(own)[k - 1]).toBeGreaterThanOrEqual((sigma[k - 1] / q) * (1 - 1e-9) - rounding);
  const others = distances(columnsOf(x, rest), own);
  const limit = (k < sigma.length ? q * sigma[k] : 0) + 4 * rounding;
  for (const d of others) expect(d).toBeLessThanOrEqual(limit);

  const { permutation, rank, r } = qr(a, [m, n], options);
  expect([...permutation.slice(0, rank)].sort((p, t) => p - t)).toEqual(
    [...permutation.slice(0, k)].sort((p, t) => p - t),
  );
  const first = columnsOf(x, permutation.slice(0, rank));
  if (k) expect(values(first)[k - 1]).toBeGreaterThanOrEqual((sigma[k - 1] / q) * (1 - 1e-9) - rounding);
  for (let i = 1; i < Math.min(m, n); i++) {
    const most = i === rank ? Math.SQRT2 * (1 + 1e-9) : 1 + 1e-9;
    expect(Math.abs(r[i * n + i])).toBeLessThanOrEqual(most * Math.abs(r[(i - 1) * n + i - 1]) + rounding);
  }
  const R = { m: Math.min(m, n), n, a: r };
  const left = multiply(transpose(R), R).a;
  const p = columnsOf(x, permutation);
  const right = multiply(transpose(p), p).a;
  const total = norm(a) ** 2;
  left.forEach((v, i) => {
    if (!(Math.abs(v - right[i]) <= 1e-14 * n * total)) expect.fail(`R^T R: ${v} and ${right[i]}`);
  });

  const f = rankFactors(a, [m, n], options);
  expect(f.rank).toBe(k);
  expect(f.residual).toBeLessThanOrEqual(Math.sqrt(n - k) * limit + 40 * rounding);
}

describe("Kahan's matrices, on which pivoting exchanges nothing", () => {
  for (const n of [30, 60, 100, 300]) {
    test.each(n < 300 ? [0.2, 0.5, 0.8, 0.95] : [0.2, 0.8])(`order ${n}, c = %d`, (c) => {
      const x = kahan(n, Math.acos(c));
      const reference = n === 30 ? referenceValues : undefined;
      check(x, {}, reference);
      if (n < 300) check(x, { rtol: 1e-6 }, reference);
    });
  }
  test('order 60, c = 0.5: the factors have the residual that is possible', () => {
    const { a } = kahan(60, Math.acos(0.5));
    // 1 / the longest row of the inverse: what the best choice of 59 columns leaves.
    expect(rankFactors(a, [60, 60]).residual).toBeLessThan(2.1e-14);
  });
  test('perturbed by rounding, transposed, scaled', () => {
    const random = new Random(1);
    const x = kahan(90, Math.acos(0.3));
    check(transpose(x));
    check(matrix(90, 90, (i, j) => x.a[i * 90 + j] * (1 + 1e-13 * random.normal()) * 2 ** 400));
    check(matrix(90, 90, (i, j) => x.a[i * 90 + j] * (1 + 100 * 2 ** -52 * (i === j ? 90 - i : 0))));
  });
});

/** Gu & Eisenstat's example 2: S K with Kahan's K, its last two columns of nearly the same length in every step. */
function guEisenstat(n: number, c: number): Matrix {
  const s = Math.sqrt(1 - c * c);
  const phi = c;
  return matrix(n, n, (i, j) => {
    if (i > j) return 0;
    if (i === j) return s ** i;
    return j === n - 1 && i < n - 2 ? 0 : -phi * s ** i;
  });
}

/** GKS: diagonal 1 / sqrt(j), above it -1 / sqrt(j), of the column. */
const gks = (n: number) => matrix(n, n, (i, j) => (i > j ? 0 : (i === j ? 1 : -1) / Math.sqrt(j + 1)));

describe('families that mislead pivoting', () => {
  test.each([20, 60, 120])('gks and Gu & Eisenstat of order %i', (n) => {
    check(gks(n));
    check(gks(n), { rtol: 1e-2 });
    for (const c of [0.3, 0.6, 0.9]) check(guEisenstat(n, c));
  });

  test.each([20, 70])(
    'columns that differ only where updated norms have no digits left, order %i (Drmac & Bujanovic 2008)',
    (n) => {
      // Downdated norms, sqrt(|a|^2 - r^2), end in rounding here: LAPACK's xGEQP3 up to 3.1 took columns by it.
      const random = new Random(n);
      for (const drop of [1e-7, 1e-9, 1e-12]) {
        const small = random.matrix(n, n);
        check(
          matrix(n, n, (i, j) =>
            i === 0 ? 1 : i < n - 3 ? drop * 0.7 ** ((j * 7) % n) * small.a[i * n + j] : 0,
          ),
        );
        const k = kahan(n, Math.acos(0.9));
        check(matrix(n, n, (i, j) => k.a[i * n + j] * (j % 2 ? 1 : drop) + (i === 0 ? 1 : 0)));
      }
    },
  );

  test('many exchanges: blocks of Kahan, mixed', () => {
    const random = new Random(2);
    const count = 4;
    const size = 40;
    const block = kahan(size, Math.acos(0.7));
    const order = random.permutation(count * size);
    const x = matrix(count * size, count * size, (i, j) => {
      const c = order[j];
      return Math.floor(i / size) === Math.floor(c / size) ? block.a[(i % size) * size + (c % size)] : 0;
    });
    check(x);
    check(transpose(x));
  });
});

describe('random matrices with sigma_rank just above the tolerance', () => {
  test.each([
    [12, 12],
    [30, 60],
    [60, 30],
    [70, 70],
    [60, 110],
    [150, 70],
  ])('%i x %i', (m, n) => {
    const random = new Random(m + n);
    for (const [drop, last] of [
      [0, 0.99],
      [-3, 0.9],
      [-6, 0.5],
      [-9, 1e-3],
    ]) {
      const size = Math.min(m, n);
      const k = Math.floor(size / 2);
      const tol = 10 ** drop;
      const sigma = Array.from({ length: size }, (_, i) =>
        i < k ? 10 ** ((drop * i) / (k - 1)) * (1 + 1e-3) : tol * last * 0.9 ** (i - k),
      );
      check(random.withSpectrum(m, n, sigma, 12), { tol });
    }
  });

  test('of low rank, wide and tall, with equal and with zero columns', () => {
    const random = new Random(7);
    for (const [m, n, k] of [
      [40, 400, 20],
      [400, 40, 20],
      [150, 150, 149],
      [90, 90, 1],
    ]) {
      const x = multiply(random.matrix(m, k), random.matrix(k, n));
      check(x);
      check(matrix(m, n, (i, j) => (j % 3 === 2 ? 0 : x.a[i * n + (j % 3 ? j - 1 : j)])));
    }
  });
});

test('chosen columns need not be those that pivoting takes first', () => {
  const x = kahan(60, Math.acos(0.5));
  const all = Array.from({ length: 60 }, (_, j) => j);
  const left = all.filter((j) => !independentColumns(x.a, [60, 60]).includes(j));
  expect(left).not.toEqual([59]);
});

test('any size, any rank: n <= 4 columns, and none to exchange', () => {
  const random = new Random(3);
  for (let trial = 0; trial < 200; trial++) {
    const m = 1 + random.below(4);
    const n = 1 + random.below(4);
    const k = 1 + random.below(Math.min(m, n));
    const x = multiply(random.matrix(m, k), random.matrix(k, n));
    check(matrix(m, n, (i, j) => x.a[i * n + j] * 10 ** ((trial % 3) * (j - 1))));
  }
});

test('sigma_rank just above the tolerance: a choice that is independent beyond it, where there is one', () => {
  // The choice of largest volume is not: without further exchanges some 15 of these 700 are missed. With them a few
  // are, whose better choice is two exchanges away.
  const random = new Random(11);
  const subsets = (n: number, k: number): number[][] =>
    k === 0 ? [[]] : n < k ? [] : [...subsets(n - 1, k), ...subsets(n - 1, k - 1).map((s) => [...s, n - 1])];
  let possible = 0;
  let missed = 0;
  for (let trial = 0; trial < 700; trial++) {
    const m = 2 + random.below(5);
    const n = 2 + random.below(5);
    const k = 1 + random.below(Math.min(m, n));
    const x = random.matrix(m, n);
    const sigma = singularValues(x.a, [m, n]);
    const q = Math.sqrt(1 + 2 * k * (n - k));
    const tol = Math.max((sigma[k] ?? 0) * 1.001, sigma[k - 1] * (1 - random.uniform() * (1 - 1 / q)));
    if (k === n || tol > 0.999 * sigma[k - 1]) continue;
    const least = (list: ArrayLike<number>) => singularValues(columnsOf(x, list).a, [m, k])[k - 1];
    if (!subsets(n, k).some((list) => least(list) > 1.001 * tol)) continue;
    possible++;
    const chosen = independentColumns(x.a, [m, n], { tol });
    expect(chosen.length).toBe(k);
    if (matrixRank(columnsOf(x, chosen).a, [m, k], { tol }) < k) missed++;
    const rest = Array.from({ length: n }, (_, j) => j).filter((j) => !chosen.includes(j));
    const limit = q * (sigma[k] ?? 0) + 1e-13;
    for (const d of distances(columnsOf(x, rest), columnsOf(x, chosen))) expect(d).toBeLessThanOrEqual(limit);
    expect(least(chosen)).toBeGreaterThanOrEqual((sigma[k - 1] / q) * (1 - 1e-9));
  }
  expect(possible).toBeGreaterThan(200);
  expect(missed).toBeLessThanOrEqual(3);
});
