// Getters and Proxies are the caller's code, and run in the middle of ours:
// they may shrink a buffer or ask for another rank.
import { describe, expect, test } from 'vitest';
import {
  matrixRank,
  matrixRanks,
  multilinearRank,
  qr,
  type RankOptions,
  rankFactors,
  rankReport,
  singularValues,
  spectralMetrics,
} from '../../src/index.js';

const EYE = [1, 0, 0, 0, 1, 0, 0, 0, 1];

describe('an option that shrinks the data', () => {
  /** Nine elements, and an option whose getter takes six of them away. */
  function shrinking(name: string, value: unknown) {
    const buffer = new (ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer)(72, {
      maxByteLength: 72,
    });
    const data = new Float64Array(buffer);
    data.set(EYE);
    const options = {
      get [name]() {
        (buffer as unknown as { resize(n: number): void }).resize(24);
        return value;
      },
    };
    return { data, options };
  }
  test.each([
    ['matrixRank', (d: Float64Array, o: object) => matrixRank(d, [3, 3], o)],
    ['matrixRanks', (d: Float64Array, o: object) => matrixRanks(d, [3, 3], o)],
    ['rankReport', (d: Float64Array, o: object) => rankReport(d, [3, 3], o)],
    ['spectralMetrics', (d: Float64Array, o: object) => spectralMetrics(d, [3, 3], o)],
    ['rankFactors', (d: Float64Array, o: object) => rankFactors(d, [3, 3], o)],
    ['qr', (d: Float64Array, o: object) => qr(d, [3, 3], o)],
    ['a tensor', (d: Float64Array, o: object) => matrixRank({ data: d, shape: [3, 3] }, o)],
  ])('%s: too few elements, never a rank', (_, call) => {
    const { data, options } = shrinking('tol', 1e-8);
    expect(() => call(data, options)).toThrow('data has 3 elements');
  });

  test('a shape and strides that do', () => {
    const { data, options } = shrinking('shape', [3, 3]);
    expect(() =>
      matrixRank(
        Object.defineProperty({ data }, 'shape', { get: () => options.shape, enumerable: true }) as never,
      ),
    ).toThrow('data has 3 elements');
  });
});

describe('a getter that asks for another rank', () => {
  const zeros = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  test('among the elements of a row', () => {
    for (let column = 0; column < 3; column++) {
      const row: number[] = [0, 0, 1];
      Object.defineProperty(row, column, {
        get() {
          expect(matrixRank(zeros)).toBe(0);
          expect(singularValues(EYE, [3, 3])[0]).toBe(1);
          return column === 2 ? 1 : 0;
        },
      });
      expect(matrixRank([[1, 0, 0], [0, 1, 0], row])).toBe(3);
      expect(rankReport([[1, 0, 0], [0, 1, 0], row]).rank).toBe(3);
      expect(multilinearRank([[1, 0, 0], [0, 1, 0], row])).toEqual([3, 3]);
    }
  });

  test('among the options', () => {
    const options: RankOptions = {
      get rtol() {
        matrixRank(zeros);
        return 1e-9;
      },
    };
    expect(
      matrixRank(
        [
          [1, 0],
          [0, 1],
        ],
        options,
      ),
    ).toBe(2);
    const stack = { data: [1, 0, 0, 1, 0, 0, 0, 0], shape: [2, 2, 2] };
    expect(Array.from(matrixRanks(stack, options))).toEqual([2, 0]);
  });

  test('numbers that change between two looks are read once', () => {
    let looks = 0;
    const data = [1, 0, 0];
    Object.defineProperty(data, 3, { get: () => (looks++ === 0 ? 1 : 'text'), enumerable: true });
    expect(matrixRank(data, [2, 2])).toBe(2);
  });
});

test('a Proxy of a typed array is told what it is', () => {
  const proxy = new Proxy(Float64Array.from(EYE), {});
  const said = 'data must be a typed array or an array of numbers; got a Proxy of a typed array';
  expect(() => matrixRank(proxy, [3, 3])).toThrow(said);
  expect(() => matrixRank({ data: proxy, shape: [3, 3] })).toThrow(said);
  expect(matrixRank(new Proxy([...EYE], {}), [3, 3])).toBe(3);
});
