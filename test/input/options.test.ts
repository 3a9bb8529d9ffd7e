// Options become one record of numbers; what cannot be meant is refused by name.
import { expect, expectTypeOf, describe as group, it } from 'vitest';
import { describe, readOptions, type Tolerance } from '../../src/input/options.js';
import type { RankOptions } from '../../src/types.js';

const read = (options?: unknown, extra?: readonly string[]) => readOptions('matrixRank', options, extra);
const thrown = (options: unknown, extra?: readonly string[]): unknown => {
  try {
    read(options, extra);
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

group('readOptions', () => {
  const cases: [string, unknown, Tolerance][] = [
    ['nothing', undefined, { tol: NaN, rtol: NaN, atol: 0, hermitian: false, storage: false }],
    ['an empty object', {}, { tol: NaN, rtol: NaN, atol: 0, hermitian: false, storage: false }],
    [
      'undefined values',
      { tol: undefined, atol: undefined },
      { tol: NaN, rtol: NaN, atol: 0, hermitian: false, storage: false },
    ],
    [
      'an unknown name that is undefined',
      { x: undefined },
      { tol: NaN, rtol: NaN, atol: 0, hermitian: false, storage: false },
    ],
    ['tol', { tol: 0.5 }, { tol: 0.5, rtol: NaN, atol: 0, hermitian: false, storage: false }],
    ['tol 0', { tol: 0 }, { tol: 0, rtol: NaN, atol: 0, hermitian: false, storage: false }],
    [
      'tol Infinity',
      { tol: Infinity },
      { tol: Infinity, rtol: NaN, atol: 0, hermitian: false, storage: false },
    ],
    [
      'the storage tolerance',
      { tol: 'storage' },
      { tol: NaN, rtol: NaN, atol: 0, hermitian: false, storage: true },
    ],
    ['rtol', { rtol: 1e-3 }, { tol: NaN, rtol: 1e-3, atol: 0, hermitian: false, storage: false }],
    ['rtol 0', { rtol: 0 }, { tol: NaN, rtol: 0, atol: 0, hermitian: false, storage: false }],
    [
      'atol alone, which sets rtol to 0',
      { atol: 2 },
      { tol: NaN, rtol: 0, atol: 2, hermitian: false, storage: false },
    ],
    [
      'atol with rtol',
      { atol: 2, rtol: 0.1 },
      { tol: NaN, rtol: 0.1, atol: 2, hermitian: false, storage: false },
    ],
    ['hermitian', { hermitian: true }, { tol: NaN, rtol: NaN, atol: 0, hermitian: true, storage: false }],
    [
      'hermitian false',
      { hermitian: false },
      { tol: NaN, rtol: NaN, atol: 0, hermitian: false, storage: false },
    ],
    [
      'hermitian with tol',
      { hermitian: true, tol: 1 },
      { tol: 1, rtol: NaN, atol: 0, hermitian: true, storage: false },
    ],
    [
      'hermitian with atol',
      { hermitian: true, atol: 1 },
      { tol: NaN, rtol: 0, atol: 1, hermitian: true, storage: false },
    ],
    [
      'options of an object without prototype',
      Object.assign(Object.create(null), { tol: 1 }),
      { tol: 1, rtol: NaN, atol: 0, hermitian: false, storage: false },
    ],
  ];
  it.each(cases)('reads %s', (_, options, expected) => {
    expect(read(options)).toEqual(expected);
  });

  it('gives one frozen record for all calls without options', () => {
    expect(read()).toBe(read(undefined));
    expect(read({})).toBe(read());
    expect(Object.isFrozen(read())).toBe(true);
  });

  it('lets a function take more names', () => {
    expect(read({ layout: 'HWIO', tol: 1 }, ['layout', 'groups'])).toEqual(read({ tol: 1 }));
  });

  it('does not change what it is given', () => {
    const options = Object.freeze({ atol: 1, rtol: 2 });
    expect(() => read(options)).not.toThrow();
  });

  const types: [unknown, string][] = [
    [null, 'options must be an object, such as { tol: 1e-8 }; got null.'],
    [1e-8, 'options must be an object, such as { tol: 1e-8 }; got a number.'],
    [1e-5, 'options must be an object, such as { tol: 1e-5 }; got a number.'],
    [0.25, 'options must be an object, such as { tol: 0.25 }; got a number.'],
    ['tol', 'options must be an object, such as { tol: 1e-8 }; got a string.'],
    [[3, 4], 'options must be an object, such as { tol: 1e-8 }; got an array.'],
    [new Int32Array(2), 'options must be an object, such as { tol: 1e-8 }; got an Int32Array.'],
    [() => 1, 'options must be an object, such as { tol: 1e-8 }; got a function.'],
    [{ tolerance: 1 }, 'there is no option "tolerance"; the options are tol, rtol, atol, hermitian.'],
    [{ Tol: 1, tol: 1 }, 'there is no option "Tol"; the options are tol, rtol, atol, hermitian.'],
    [{ tol: '1' }, "tol must be a number or 'storage'; got '1'."],
    [{ tol: null }, "tol must be a number or 'storage'; got null."],
    [{ rtol: 1n }, 'rtol must be a number; got a BigInt.'],
    [{ atol: [1] }, 'atol must be a number; got an array.'],
    [{ hermitian: 1 }, 'hermitian must be true or false; got a number.'],
    [{ hermitian: null }, 'hermitian must be true or false; got null.'],
    [{ tol: 1, rtol: 1 }, 'tol and rtol exclude each other; pass tol alone, or atol and rtol.'],
    [{ tol: 1, atol: 0 }, 'tol and atol exclude each other; pass tol alone, or atol and rtol.'],
  ];
  it.each(types)('%o is a TypeError', (options, message) => {
    expect(thrown(options)).toEqual(new TypeError(`matrixRank: ${message}`));
    expect(thrown(options)).toBeInstanceOf(TypeError);
  });

  const values: [unknown, string][] = [
    [{ tol: -1 }, 'tol must be 0 or more; got -1.'],
    [{ tol: NaN }, 'tol must be 0 or more; got NaN.'],
    [{ rtol: -1e-300 }, 'rtol must be 0 or more; got -1e-300.'],
    [{ atol: -Infinity }, 'atol must be 0 or more; got -Infinity.'],
  ];
  it.each(values)('%o is a RangeError', (options, message) => {
    expect(thrown(options)).toEqual(new RangeError(`matrixRank: ${message}`));
    expect(thrown(options)).toBeInstanceOf(RangeError);
  });

  it('lists the names that a function takes, and names the function', () => {
    expect(() => readOptions('convLayerRank', { group: 2 }, ['layout', 'groups'])).toThrow(
      'convLayerRank: there is no option "group"; the options are tol, rtol, atol, hermitian, layout, groups.',
    );
  });

  it('has types that refuse what is refused', () => {
    expectTypeOf<{ tol: number }>().toExtend<RankOptions>();
    expectTypeOf<{ atol: number; rtol: number; hermitian: boolean }>().toExtend<RankOptions>();
    expectTypeOf<{ tol: string }>().not.toExtend<RankOptions>();
    // @ts-expect-error: no such option
    const unknown: RankOptions = { tolerance: 1 };
    expect(() => read(unknown)).toThrow(TypeError);
  });
});

group('describe', () => {
  class Tensor {}
  const cases: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    ['x', 'a string'],
    [1, 'a number'],
    [true, 'a boolean'],
    [1n, 'a BigInt'],
    [Symbol('x'), 'a symbol'],
    [() => 1, 'a function'],
    [[1], 'an array'],
    [new BigInt64Array(1), 'a BigInt64Array'],
    [new Int8Array(1), 'an Int8Array'],
    [new Uint8Array(1), 'a Uint8Array'],
    [new ArrayBuffer(1), 'an ArrayBuffer'],
    [Promise.resolve(), 'a Promise'],
    [new Tensor(), 'a Tensor'],
    [{}, 'an object without keys'],
    [Object.create(null), 'an object without keys'],
    [{ a: 1 }, 'an object with key a'],
    [{ a: 1, b: 2 }, 'an object with keys a, b'],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, 'an object with keys a, b, c, d, e, ...'],
    [{ constructor: undefined }, 'an object with key constructor'],
  ];
  it.each(cases)('%o', (value, words) => {
    expect(describe(value)).toBe(words);
  });
});
