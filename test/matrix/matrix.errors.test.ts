// What is refused once the elements are read, in which words; and that the next call is none the worse. Shapes, types
// and options are the business of input.test.ts and options.test.ts.
import { describe, expect, test } from 'vitest';
import {
  independentColumns,
  matrixRank,
  matrixRanks,
  type NumericArray,
  qr,
  rankReport,
  singularValues,
} from '../../src/index.js';
import { kernel } from '../../src/kernel/load.js';

const functions: Record<string, (data: NumericArray, shape: number[]) => unknown> = {
  matrixRank,
  rankReport,
  singularValues,
  qr,
  independentColumns,
  matrixRanks,
};

/** `action` throws this; and then a small and a larger matrix are answered as ever. */
function refuses(
  type: typeof TypeError | typeof RangeError,
  message: string | RegExp,
  action: () => unknown,
): void {
  let error: unknown;
  try {
    action();
  } catch (e) {
    error = e;
  }
  expect(error).toBeInstanceOf(type);
  const text = (error as Error).message;
  if (typeof message === 'string') expect(text).toBe(message);
  else expect(text).toMatch(message);
  expect(matrixRank([1, 2, 2, 4], [2, 2])).toBe(1);
  expect(matrixRank(new Float32Array(90 * 80).fill(3), [90, 80])).toBe(1);
}

describe.each(Object.entries(functions))('%s', (name, run) => {
  test.each([NaN, Infinity, -Infinity])('%f anywhere', (bad) => {
    const sizes = [
      [1, 1],
      [1, 9],
      [9, 1],
      [3, 5],
      [66, 65],
      [300, 200],
    ];
    for (const [m, n] of sizes) {
      for (const [i, j] of [
        [0, 0],
        [m >> 1, n >> 1],
        [m - 1, 0],
        [0, n - 1],
        [m - 1, n - 1],
      ]) {
        const data = new Float64Array(m * n).fill(2);
        data[i * n + j] = bad;
        const message = `${name}: element [${i}, ${j}] is ${bad}; every element must be finite.`;
        refuses(RangeError, message, () => run(data, [m, n]));
        refuses(RangeError, message, () => run(Float32Array.from(data), [m, n]));
        refuses(RangeError, message, () => run([...data], [m, n]));
      }
    }
  });

  test('the first of several, beside elements that overflow when squared', () => {
    const data = new Float64Array(40).fill(1e300);
    data[7] = NaN;
    data[30] = Infinity;
    refuses(RangeError, `${name}: element [1, 2] is NaN; every element must be finite.`, () =>
      run(data, [8, 5]),
    );
  });

  test('data that is short or long', () => {
    refuses(RangeError, `${name}: data has 11 elements, shape [3, 4] needs 12.`, () =>
      run(new Float64Array(11), [3, 4]),
    );
    refuses(RangeError, `${name}: data has 13 elements, shape [3, 4] needs 12.`, () =>
      run(new Float32Array(13), [3, 4]),
    );
  });

  test('no shape, strings, BigInt', () => {
    refuses(TypeError, new RegExp(`^${name}: `), () =>
      run(new Float64Array(4), undefined as unknown as number[]),
    );
    refuses(TypeError, new RegExp(`^${name}: `), () => run(['1', '2'] as unknown as number[], [1, 2]));
    refuses(TypeError, new RegExp(`^${name}: `), () =>
      run(new BigInt64Array(4) as unknown as number[], [2, 2]),
    );
    refuses(TypeError, new RegExp(`^${name}: `), () => (run as () => unknown)());
  });
});

test('the last element of a large array, in every order', () => {
  for (const [m, n] of [
    [2000, 700],
    [700, 2000],
  ]) {
    const data = new Float64Array(m * n).fill(1);
    data[m * n - 1] = NaN;
    const message = `matrixRank: element [${m - 1}, ${n - 1}] is NaN; every element must be finite.`;
    refuses(RangeError, message, () => matrixRank(data, [m, n]));
    refuses(RangeError, message, () => matrixRank({ data, shape: [m, n], strides: [1, m] }));
    const single = Float32Array.from(data);
    refuses(RangeError, message, () => matrixRank(single, [m, n]));
    single[m * n - 1] = 1;
    single[0] = -Infinity;
    refuses(RangeError, 'rankReport: element [0, 0] is -Infinity; every element must be finite.', () =>
      rankReport(single, [m, n]),
    );
  }
});

test('one matrix of a stack, small and large', () => {
  for (const [count, m, n] of [
    [5, 3, 4],
    [1000, 4, 4],
    [9, 40, 30],
    [3, 300, 200],
  ]) {
    for (const k of [0, count >> 1, count - 1]) {
      for (const data of [new Float32Array(count * m * n), new Float64Array(count * m * n)]) {
        data.fill(1);
        data[k * m * n + (m - 1) * n + 1] = -Infinity;
        const message = `matrixRanks: element [${k}, ${m - 1}, 1] is -Infinity; every element must be finite.`;
        refuses(RangeError, message, () => matrixRanks(data, [count, m, n]));
      }
    }
  }
  const deep = new Float64Array(2 * 3 * 2 * 2);
  deep[15] = NaN;
  refuses(RangeError, 'matrixRanks: element [1, 0, 1, 1] is NaN; every element must be finite.', () =>
    matrixRanks(deep, [2, 3, 2, 2]),
  );
});

test('vectors, strided views, half precision', () => {
  refuses(RangeError, 'matrixRank: element [1] is NaN; every element must be finite.', () =>
    matrixRank([1, NaN], [2]),
  );
  refuses(RangeError, 'matrixRank: element [1, 0] is NaN; every element must be finite.', () =>
    matrixRank({ data: [9, 1, 9, 2, 9, NaN, 9, 3], shape: [2, 2], strides: [4, 2], offset: 1 }),
  );
  refuses(RangeError, 'matrixRank: element [0, 1] is Infinity; every element must be finite.', () =>
    matrixRank({ data: Uint16Array.of(0x3c00, 0x7c00, 0, 0), shape: [2, 2], dtype: 'float16' }),
  );
  refuses(RangeError, 'matrixRank: element [1, 1] is NaN; every element must be finite.', () =>
    matrixRank({ data: Uint16Array.of(0x3f80, 0, 0, 0x7fc0), shape: [2, 2], dtype: 'bfloat16' }),
  );
  refuses(RangeError, 'matrixRank: element [1, 0] is NaN; every element must be finite.', () =>
    matrixRank([
      [1, 2],
      [NaN, 4],
    ]),
  );
});

test('hermitian: NaN counts in the lower triangle only; the matrix is square', () => {
  expect(matrixRank([1, NaN, 2, 4], [2, 2], { hermitian: true })).toBe(1);
  refuses(RangeError, 'matrixRank: element [1, 0] is NaN; every element must be finite.', () =>
    matrixRank([1, 1, NaN, 4], [2, 2], { hermitian: true }),
  );
  refuses(RangeError, 'matrixRanks: element [1, 1, 0] is NaN; every element must be finite.', () =>
    matrixRanks([1, 1, 3, 4, 1, 2, NaN, 3], [2, 2, 2], { hermitian: true }),
  );
  for (const [name, run] of Object.entries({ matrixRank, rankReport, qr, independentColumns })) {
    refuses(RangeError, `${name}: hermitian needs a square matrix; got 2x3.`, () =>
      run([1, 2, 3, 4, 5, 6], [2, 3], { hermitian: true }),
    );
  }
});

test('options, in the name of the function called', () => {
  for (const [name, run] of Object.entries({ matrixRank, matrixRanks, rankReport, qr, independentColumns })) {
    const call = (options: object) => () => run([1, 2, 3, 4], [2, 2], options);
    refuses(
      TypeError,
      `${name}: tol and rtol exclude each other; pass tol alone, or atol and rtol.`,
      call({ tol: 1, rtol: 1 }),
    );
    refuses(RangeError, `${name}: tol must be 0 or more; got -1.`, call({ tol: -1 }));
    refuses(RangeError, `${name}: atol must be 0 or more; got NaN.`, call({ atol: NaN }));
    refuses(TypeError, new RegExp(`^${name}: there is no option "tolerance"`), call({ tolerance: 1 }));
  }
});

test('a matrix past the memory of the kernel: what it would need, and what to use instead', () => {
  for (const bytes of [2 ** 32, 5e9, 1e15]) {
    refuses(
      RangeError,
      /^matrix-rank: this matrix needs [\d.]+ GiB of kernel memory, .*RankAccumulator/,
      () => kernel().reserve(bytes),
    );
  }
});

test('tolerances at both ends', () => {
  const x = [1, 2, 3, 4];
  expect(matrixRank(x, [2, 2], { tol: Infinity })).toBe(0);
  expect(matrixRank(x, [2, 2], { tol: 0 })).toBe(2);
  expect(matrixRank(x, [2, 2], { rtol: 1 })).toBe(0);
  expect(matrixRank(x, [2, 2], { atol: 0 })).toBe(2);
  expect(matrixRank(x, [2, 2], { tol: Number.MIN_VALUE })).toBe(2);
  const report = rankReport(x, [2, 2], { tol: Infinity });
  expect(report).toMatchObject({ rank: 0, tolerance: Infinity, lower: Infinity, margin: Infinity });
  expect(rankReport(x, [2, 2], { tol: 0 })).toMatchObject({ rank: 2, tolerance: 0, margin: Infinity });
});

test('a tolerance on its own is told where it belongs; behind flat elements a number is a wrong shape', () => {
  for (const run of [matrixRank, rankReport, qr, independentColumns] as ((...args: unknown[]) => unknown)[]) {
    expect(() =>
      run(
        [
          [1, 2],
          [3, 4],
        ],
        1e-5,
      ),
    ).toThrow('options must be an object, such as { tol: 1e-5 }; got a number.');
    expect(() => run({ data: [1, 2, 3, 4], shape: [2, 2] }, 0.5)).toThrow(
      'such as { tol: 0.5 }; got a number.',
    );
    expect(() => run([1, 2, 3, 4], [2, 2], 1e-5)).toThrow('such as { tol: 1e-5 }; got a number.');
    expect(() => run(new Float64Array(4), 2)).toThrow('shape must be an array of dimensions');
  }
});
