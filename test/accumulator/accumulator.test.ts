// RankAccumulator against the whole matrix at once, in any division and order; its bytes; what it refuses.
import { describe, expect, it } from 'vitest';
import { RankAccumulator } from '../../src/accumulator/accumulator.js';
import { matrixRank, rankReport } from '../../src/matrix/rank.js';
import { singularValues } from '../../src/matrix/singular-values.js';
import { type Matrix, map, multiply, Random, transpose } from '../numbers.js';

/** The rows in pieces of the given sizes, the last size again and again. */
function pushed({ m, n, a }: Matrix, sizes: number[], into = new RankAccumulator(n)): RankAccumulator {
  for (let first = 0, k = 0; first < m; k++) {
    const count = Math.min(sizes[Math.min(k, sizes.length - 1)], m - first);
    into.push(a.subarray(first * n, (first + count) * n));
    first += count;
  }
  return into;
}

function sameValues(actual: Float64Array, expected: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((x, i) => {
    expect(Math.abs(x - expected[i])).toBeLessThanOrEqual(2e-14 * expected[0]);
  });
}

const random = new Random(31);

describe('RankAccumulator', () => {
  it.each([
    [2000, 40, 25],
    [2000, 40, 40],
    [900, 100, 30],
    [1500, 1, 1],
    [50, 80, 50],
    [50, 80, 7],
    [700, 300, 299],
  ])('knows the rank of %i x %i rows of rank %i, however they come', (m, n, k) => {
    const x = multiply(random.matrix(m, k), random.matrix(k, n));
    const whole = rankReport(x.a, [m, n]);
    for (const sizes of [[1], [m], [3, 500, 1, 77]]) {
      const accumulator = pushed(x, sizes);
      expect([accumulator.rows, accumulator.columns, accumulator.dtype]).toEqual([m, n, 'float64']);
      expect(accumulator.rank()).toBe(k);
      const report = accumulator.report();
      expect([report.rank, report.shape]).toEqual([k, [m, n]]);
      expect(Math.abs(report.sigmaMax / whole.sigmaMax - 1)).toBeLessThan(1e-6);
      expect(Math.abs(report.tolerance / whole.tolerance - 1)).toBeLessThan(1e-6);
      expect(report.margin).toBeGreaterThan(1);
      const sigma = accumulator.singularValues();
      expect(sigma.length).toBe(Math.min(m, n));
      const slack = 1e-13 * sigma[0];
      expect(sigma[k - 1]).toBeGreaterThanOrEqual(report.lower - slack);
      if (k < Math.min(m, n)) expect(sigma[k]).toBeLessThanOrEqual(report.upper + slack);
    }
  });

  it('has the singular values of the whole', () => {
    for (const [m, n] of [
      [1000, 30],
      [20, 30],
      [800, 120],
    ]) {
      const x = random.matrix(m, n);
      sameValues(pushed(x, [17]).singularValues(), singularValues(x.a, [m, n]));
    }
  });

  it('streams a million rows in the memory of a few hundred', () => {
    const n = 12;
    const basis = random.matrix(5, n);
    const accumulator = new RankAccumulator(n);
    for (let chunk = 0; chunk < 250; chunk++) accumulator.push(multiply(random.matrix(4000, 5), basis).a);
    expect(accumulator.rows).toBe(1_000_000);
    expect(accumulator.rank()).toBe(5);
    // max(rows, columns) eps sigma_1, as for the whole.
    const { tolerance, sigmaMax, lower, upper } = accumulator.report();
    expect(Math.abs(tolerance / (1e6 * 2 ** -52 * sigmaMax) - 1)).toBeLessThan(1e-12);
    expect(lower).toBeGreaterThan(1);
    expect(upper).toBeLessThan(tolerance);
    expect(accumulator.toBytes().length).toBeLessThan(1000);
    accumulator.push(random.matrix(1, n).a);
    expect(accumulator.rank()).toBe(6);
  });

  it('takes the tolerance as matrixRank does', () => {
    const x = random.withSpectrum(
      600,
      10,
      Array.from({ length: 10 }, (_, i) => 10 ** (-1.1 * i)), // none at a tolerance
    );
    const accumulator = pushed(x, [50]);
    for (const options of [
      { tol: 2e-3 },
      { rtol: 1e-5 },
      { atol: 1e-7 },
      { atol: 1e-2, rtol: 1e-8 },
      { tol: 0 },
    ]) {
      expect(accumulator.rank(options)).toBe(matrixRank(x.a, [600, 10], options));
      expect(accumulator.report(options).rank).toBe(accumulator.rank(options));
    }
  });

  it('has float32 eps while all rows are float32, or on request', () => {
    const x = random.withSpectrum(400, 6, [1, 1, 1, 1, 1, 1e-6]);
    const single = Float32Array.from(x.a);
    const accumulator = new RankAccumulator(6).push(single);
    expect([accumulator.dtype, accumulator.rank()]).toEqual(['float32', matrixRank(single, [400, 6])]);
    expect(accumulator.rank()).toBe(5);
    accumulator.push([0, 0, 0, 0, 0, 0]); // as np.vstack of float32 and float64
    expect([accumulator.dtype, accumulator.rank()]).toEqual(['float64', 6]);
    expect(new RankAccumulator(6, { dtype: 'float32' }).push(x.a).rank()).toBe(5);
    const wide = new RankAccumulator(6, { dtype: 'float64' }).push(single);
    expect([wide.dtype, wide.rank()]).toEqual(['float64', 6]);
  });

  it('reads rows as number[], nested arrays, tensors and columns', () => {
    const x = map(random.matrix(60, 8), (v) => Math.round(10 * v));
    const expected = singularValues(x.a, [60, 8]);
    const rows = Array.from({ length: 60 }, (_, i) => Array.from(x.a.slice(i * 8, i * 8 + 8)));
    const forms = [
      rows,
      rows.flat(),
      Int32Array.from(x.a),
      { data: x.a, shape: [60, 8] },
      { data: transpose(x).a, shape: [60, 8], strides: [1, 60] },
      { data: Float32Array.from(x.a), dims: [60, 8] },
    ];
    for (const form of forms) {
      const accumulator = new RankAccumulator(8).push(form);
      expect(accumulator.rows).toBe(60);
      sameValues(accumulator.singularValues(), expected);
    }
    const long = random.matrix(900, 8);
    const columns = new RankAccumulator(8).push({
      data: transpose(long).a,
      shape: [900, 8],
      strides: [1, 900],
    });
    sameValues(columns.singularValues(), singularValues(long.a, [900, 8]));
  });

  it('keeps a copy', () => {
    const a = Float64Array.of(1, 0, 0, 1);
    const accumulator = new RankAccumulator(2).push(a);
    a.fill(0);
    expect(accumulator.rank()).toBe(2);
  });

  it('of nothing, and of zeros', () => {
    const accumulator = new RankAccumulator(3);
    expect([accumulator.rows, accumulator.rank(), accumulator.singularValues().length]).toEqual([0, 0, 0]);
    expect(accumulator.report()).toMatchObject({
      rank: 0,
      shape: [0, 3],
      method: 'trivial',
      lower: Infinity,
      upper: 0,
    });
    accumulator
      .push([])
      .push(new Float64Array(0))
      .push({ data: [], shape: [0, 3] });
    expect(accumulator.rows).toBe(0);
    accumulator.push(new Float32Array(3000));
    expect([accumulator.rows, accumulator.rank()]).toEqual([1000, 0]);
    expect(Array.from(accumulator.singularValues())).toEqual([0, 0, 0]);
    expect(accumulator.push([0, 1e-200, 0]).rank()).toBe(1);
  });
});

describe('scale', () => {
  const exact = multiply(
    map(random.matrix(900, 4), (v) => Math.round(9 * v)),
    map(random.matrix(4, 7), (v) => Math.round(9 * v)),
  );

  it.each([1e300, 1e-300, 2 ** -1060])('%d changes nothing', (scale) => {
    const x = map(exact, (v) => v * scale);
    const accumulator = pushed(x, [100]);
    expect(accumulator.rank()).toBe(4);
    expect(RankAccumulator.fromBytes(accumulator.toBytes()).rank()).toBe(4);
    const [one, other] = [pushed(exact, [100]), accumulator].map((a) => a.singularValues());
    for (let i = 0; i < 4; i++) {
      expect(Math.abs(other[i] / (one[i] * scale) - 1)).toBeLessThan(scale < 1e-310 ? 1e-3 : 1e-13);
    }
    const { margin, sigmaMax } = accumulator.report();
    // Above the rounding of the folds, and as of the matrix itself but for it.
    const plain = pushed(exact, [100]).report().margin;
    expect(plain).toBeGreaterThan(50);
    expect(margin / plain).toBeGreaterThan(0.5);
    expect(margin / plain).toBeLessThan(2);
    expect(Number.isFinite(margin)).toBe(true);
    expect(Math.abs(sigmaMax / other[0] - 1)).toBeLessThan(1e-3);
  });

  it('may grow from the tiniest to the largest on the way', () => {
    const accumulator = new RankAccumulator(2);
    for (let i = 0; i < 300; i++) accumulator.push([5e-324, 0]);
    expect(accumulator.rank()).toBe(1);
    for (let i = 0; i < 300; i++) accumulator.push([0, 1e-300]);
    expect(accumulator.rank({ tol: 0 })).toBe(2);
    for (let i = 0; i < 300; i++) accumulator.push([1e300, 1e300]);
    expect(accumulator.rank()).toBe(1);
    expect(Math.abs(accumulator.singularValues()[0] / (Math.sqrt(600) * 1e300) - 1)).toBeLessThan(1e-14);
    const small = new RankAccumulator(2).push([3e-320, 1e-319]);
    const large = new RankAccumulator(2).push([1e305, 0]);
    expect(small.merge(large).rank()).toBe(1);
    expect(small.singularValues()[0]).toBe(1e305);
    expect(small.rank({ tol: 1e306 })).toBe(0);
  });
});

describe('merge', () => {
  it('in any order and grouping gives one rank', () => {
    const n = 30;
    const x = multiply(random.matrix(4000, 21), random.matrix(21, n));
    const cuts = [0, 5, 700, 701, 1500, 2900, 4000];
    const parts = () =>
      cuts.slice(1).map((to, i) => new RankAccumulator(n).push(x.a.subarray(cuts[i] * n, to * n)));
    const expected = singularValues(x.a, [4000, n]);
    const inOrder = parts().reduce((a, b) => a.merge(b));
    const backwards = parts().reduceRight((a, b) => a.merge(b));
    const [a, b, c, d, e, f] = parts();
    const tree = a.merge(f).merge(c.merge(b)).merge(d.merge(e));
    for (const merged of [inOrder, backwards, tree]) {
      expect([merged.rows, merged.rank()]).toEqual([4000, 21]);
      expect(merged.report().rank).toBe(21);
      for (let i = 0; i < n; i++) {
        expect(Math.abs(merged.singularValues()[i] - expected[i])).toBeLessThan(2e-14 * expected[0]);
      }
    }
  });

  it('leaves the other as it is, and works with itself and with nothing', () => {
    const one = new RankAccumulator(3).push([1, 2, 3, 4, 5, 6]);
    const other = new RankAccumulator(3).push([0, 0, 1]);
    one.merge(other);
    expect([one.rows, one.rank(), other.rows, other.rank()]).toEqual([3, 3, 1, 1]);
    one.merge(one);
    expect([one.rows, one.rank()]).toEqual([6, 3]);
    sameValues(
      one.singularValues(),
      singularValues([1, 2, 3, 4, 5, 6, 0, 0, 1, 1, 2, 3, 4, 5, 6, 0, 0, 1], [6, 3]),
    );
    one.merge(new RankAccumulator(3));
    expect(new RankAccumulator(3).merge(one).rows).toBe(6);
  });

  it('of float32 parts is float32, with a float64 one float64', () => {
    const single = () => new RankAccumulator(2).push(Float32Array.of(1, 2));
    expect(single().merge(single()).dtype).toBe('float32');
    expect(single().merge(new RankAccumulator(2)).dtype).toBe('float32');
    expect(single().merge(new RankAccumulator(2).push([1, 2])).dtype).toBe('float64');
  });
});

describe('toBytes and fromBytes', () => {
  const states: [string, RankAccumulator][] = [
    ['nothing', new RankAccumulator(4)],
    ['a few rows', new RankAccumulator(4).push([1, 2, 3, 4, 5, 6, 7, 8])],
    ['as many rows as columns', new RankAccumulator(3).push([1, 2, 3, 4, 5, 6, 7, 8, 10])],
    ['many rows', pushed(multiply(random.matrix(2000, 5), random.matrix(5, 20)), [300])],
    ['float32', new RankAccumulator(2, { dtype: 'float32' }).push([1, 1, 1, 1 + 1e-9])],
    ['float32 rows', new RankAccumulator(2).push(Float32Array.of(1, 1, 1, 2))],
  ];
  it.each(states)('go there and back: %s', (_, accumulator) => {
    const bytes = accumulator.toBytes();
    const back = RankAccumulator.fromBytes(bytes);
    expect([back.rows, back.columns, back.dtype]).toEqual([
      accumulator.rows,
      accumulator.columns,
      accumulator.dtype,
    ]);
    expect(back.report()).toEqual(accumulator.report());
    expect(back.singularValues()).toEqual(accumulator.singularValues());
    expect(back.toBytes()).toEqual(bytes);
    const row = Array.from({ length: back.columns }, (_, j) => j * j);
    expect(back.push(row).rank()).toBe(accumulator.push(row).rank());
  });

  it('reads a Buffer, and bytes in the middle of others', () => {
    const bytes = new RankAccumulator(2).push([1, 2, 3, 4]).toBytes();
    const padded = new Uint8Array(bytes.length + 13);
    padded.set(bytes, 3);
    expect(RankAccumulator.fromBytes(padded.subarray(3, 3 + bytes.length)).rank()).toBe(2);
    expect(RankAccumulator.fromBytes(Buffer.from(bytes)).rank()).toBe(2);
  });

  it('notices every cut and every changed byte', () => {
    const bytes = new RankAccumulator(3).push([1, 2, 3, 4, 5, 6]).toBytes();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => RankAccumulator.fromBytes(bytes.slice(0, length))).toThrow(RangeError);
    }
    expect(() => RankAccumulator.fromBytes(Uint8Array.of(...bytes, 0))).toThrow(RangeError);
    for (let i = 0; i < bytes.length; i++) {
      for (const bit of [1, 128]) {
        const changed = bytes.slice();
        changed[i] ^= bit;
        expect(() => RankAccumulator.fromBytes(changed)).toThrow(RangeError);
      }
    }
  });

  it('says what is wrong', () => {
    const bytes = new RankAccumulator(3).push([1, 2, 3, 4, 5, 6]).toBytes();
    const at = (i: number, value: number) => {
      const changed = bytes.slice();
      changed[i] = value;
      return () => RankAccumulator.fromBytes(changed);
    };
    const fn = 'RankAccumulator.fromBytes';
    expect(at(0, 65)).toThrow(`${fn}: these ${bytes.length} bytes are no saved RankAccumulator`);
    expect(at(8, 9)).toThrow(`${fn}: the bytes have format 9; this version of matrix-rank reads format 1.`);
    expect(at(50, 1)).toThrow(`${fn}: the bytes were changed: their checksum is wrong.`);
    expect(() => RankAccumulator.fromBytes(bytes.slice(0, 60))).toThrow(
      `${fn}: the bytes are cut short: 60 of ${bytes.length}.`,
    );
    expect(() => RankAccumulator.fromBytes(new Uint8Array(0))).toThrow(`${fn}: these 0 bytes are no saved`);
    expect(() => RankAccumulator.fromBytes([1, 2] as never)).toThrow(TypeError);
    expect(() => RankAccumulator.fromBytes('mrankacc' as never)).toThrow(
      `${fn}: bytes must be a Uint8Array; got a string.`,
    );
  });
});

describe('what is refused', () => {
  const accumulator = () => new RankAccumulator(3).push([1, 2, 3, 4, 5, 6]);
  // biome-ignore format: a table
  const bad: [string, () => unknown, new (message: string) => Error, string][] = [
    ['no columns', () => new RankAccumulator(undefined as never), TypeError,
      'RankAccumulator: columns must be a number; got undefined.'],
    ['zero columns', () => new RankAccumulator(0), RangeError,
      'RankAccumulator: columns must be a whole number from 1 to 2147483647; got 0.'],
    ['half a column', () => new RankAccumulator(1.5), RangeError, 'RankAccumulator: columns must be'],
    ['options', () => new RankAccumulator(3, 'float32' as never), TypeError,
      "RankAccumulator: options must be an object, such as { dtype: 'float32' }; got a string."],
    ['an option', () => new RankAccumulator(3, { type: 1 } as never), TypeError,
      'RankAccumulator: there is no option "type"; the only one is dtype.'],
    ['a dtype', () => new RankAccumulator(3, { dtype: 'float16' as never }), RangeError,
      "RankAccumulator: dtype must be 'float32', 'float64', 'complex64' or 'complex128'; got 'float16'."],
    ['part of a row', () => accumulator().push([1, 2, 3, 4]), RangeError,
      'RankAccumulator.push: rows has 4 elements, which is no multiple of the 3 columns.'],
    ['rows of another length', () => accumulator().push([[1, 2]]), RangeError,
      'RankAccumulator.push: rows has 2 columns; this accumulator has 3.'],
    ['no rows', () => accumulator().push(undefined as never), TypeError,
      'RankAccumulator.push: expected a typed array'],
    ['BigInts', () => accumulator().push(new BigInt64Array(3) as never), TypeError,
      'RankAccumulator.push: data is a BigInt64Array'],
    ['a stack', () => accumulator().push({ data: new Float64Array(12), shape: [2, 2, 3] }), RangeError,
      'RankAccumulator.push: shape [2, 2, 3] has 3 dimensions'],
    ['a hermitian one', () => accumulator().rank({ hermitian: true }), TypeError,
      'RankAccumulator.rank: hermitian is for square matrices'],
    ['a tolerance', () => accumulator().report({ tol: -1 }), RangeError,
      'RankAccumulator.report: tol must be 0 or more; got -1.'],
    ['another thing to merge', () => accumulator().merge({} as never), TypeError,
      'RankAccumulator.merge: other must be a RankAccumulator; got an object without keys.'],
    ['other columns', () => accumulator().merge(new RankAccumulator(4)), RangeError,
      'RankAccumulator.merge: other has 4 columns, this one 3.'],
    ['another dtype', () => accumulator().merge(new RankAccumulator(3, { dtype: 'float32' })), RangeError,
      'RankAccumulator.merge: other was made with dtype float32, this one with none.'],
  ];
  it.each(bad)('%s', (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it('NaN and Infinity, by row and column, and nothing is taken in', () => {
    const one = accumulator();
    const before = one.report();
    expect(() => one.push([1, 2, 3, 1, NaN, 3])).toThrow(
      'RankAccumulator.push: row 3 (row 1 of this call), column 1 is NaN; every element must be finite.',
    );
    expect(() => one.push({ data: [0, -Infinity, 0, 0, NaN, 0], shape: [2, 3], strides: [1, 2] })).toThrow(
      'RankAccumulator.push: row 2 (row 0 of this call), column 2 is NaN', // by rows, though stored by columns
    );
    expect(() => new RankAccumulator(1).push([Infinity])).toThrow(
      'RankAccumulator.push: row 0, column 0 is Infinity',
    );
    expect(one.rows).toBe(2);
    expect(one.report()).toEqual(before);
  });
});
