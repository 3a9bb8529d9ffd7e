// Pasted text: every dialect that the page reads, and an error in words for what it cannot.
import { describe, expect, test } from 'vitest';
import { parseMatrix } from '../../src/formats/text.js';

describe('a 2x2 matrix', () => {
  test.each([
    ['CSV', '1,2\n3,4', 'CSV'],
    ['CSV with Windows line ends and a last empty line', '1,2\r\n3,4\r\n', 'CSV'],
    ['CSV with names', 'a,b\n1,2\n3,4', 'CSV'],
    ['CSV with quotes', '"1","2"\n"3","4"', 'CSV'],
    ['CSV with a comma at each end', '1,2,\n3,4,', 'CSV'],
    ['tabs', '1\t2\n3\t4', 'CSV'],
    ['blanks', '  1 2\n 3   4', 'CSV'],
    ['semicolons', '1;2\n3;4', 'CSV'],
    ['semicolons and decimal commas', '1,0;2,0\n3,0;4,0', 'CSV'],
    ['semicolons, decimal commas, a point in the heading', 'a (1.000);b\n1,0;2,0\n3,0;4,0', 'CSV'],
    ['tabs and decimal commas', '1,00\t2\n0,3e1\t4', 'CSV'],
    ['the line ends of old Macs', '1,2\r3,4\r', 'CSV'],
    ['commas within quotes', '"x, of r",b\n1,2\n3,4', 'CSV'],
    ['columns that pandas counts', ',0,1\n0,1,2\n1,3,4', 'CSV'],
    ['JSON', '[[1, 2], [3, 4]]', 'JSON'],
    ['JSON, a row a line', '[1, 2]\n[3, 4]\n', 'JSON'],
    ['JSON over lines', '[\n  [1,\n 2],\n  [3, 4]\n]', 'JSON'],
    ['JSON with a shape', '{"data": [1, 2, 3, 4], "shape": [2, 2]}', 'JSON'],
    ['JSON with dims', '{"dims": [2, 2], "data": [[1, 2], [3, 4]]}', 'JSON'],
    ['MATLAB', '[1 2; 3 4]', 'MATLAB'],
    ['MATLAB, assigned', 'A = [1, 2; 3, 4];', 'MATLAB'],
    ['MATLAB over lines', '[1 2\n 3 4]', 'MATLAB'],
    ['MATLAB, continued and with a comment', '[1 ...\n 2; % one\n 3 4]', 'MATLAB'],
    ['NumPy code', 'array([[1., 2.],\n       [3., 4.]])', 'NumPy'],
    ['NumPy code with its module and a name', 'A = np.array([[1, 2], [3, 4]])', 'NumPy'],
    ['NumPy print', '[[1. 2.]\n [3. 4.]]', 'NumPy'],
  ])('%s', (_, text, format) => {
    const parsed = parseMatrix(text);
    expect(parsed).toEqual({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2], format });
  });
});

test('float32 of NumPy stays float32', () => {
  const { data } = parseMatrix('array([[1. , 0.1]], dtype=float32)');
  expect(data).toEqual(Float32Array.of(1, 0.1));
});

test('every way to write a number', () => {
  const { data } = parseMatrix('1 -2 +3 .5 4. 1e3 -1.5E-3 2D2 \u22127');
  expect(Array.from(data)).toEqual([1, -2, 3, 0.5, 4, 1000, -0.0015, 200, -7]);
});

test('what is not finite is read: the kernel names its place', () => {
  expect(Array.from(parseMatrix('nan, inf, -Inf').data)).toEqual([Number.NaN, Infinity, -Infinity]);
});

test('a row and a column', () => {
  expect(parseMatrix('[1, 2, 3]').shape).toEqual([1, 3]);
  expect(parseMatrix('[1; 2; 3]').shape).toEqual([3, 1]);
  expect(parseMatrix('1\n2\n3').shape).toEqual([3, 1]);
  expect(parseMatrix('array([1., 2.])').shape).toEqual([1, 2]);
});

test.each([
  ['', 'There is no text to read a matrix from.'],
  ['hello', 'Row 1, column 1: “hello” is not a number.'],
  ['1 2\n3 x', 'Row 2, column 2: “x” is not a number.'],
  ['a,b\n1,2\n3,?', 'Row 3, column 2: “?” is not a number.'],
  ['1,2\n3', 'Row 2 has 1 number, row 1 has 2.'],
  ['1,,2', 'Row 1, column 2: “” is not a number.'],
  ['1,234\t2,345\n3\t4', 'Row 1, column 1: “1,234” is not a number.'],
  ['"1,234.5",2\n3,4', 'Row 1, column 1: “1,234.5” is not a number.'],
  ['1,5;2\n1.234;4', '“1,5” is not a number.'],
  ['[1 2; 3', 'A bracket [ is never closed.'],
  ['[[1, 2], [3]]', 'Row 2 has 1 number, row 1 has 2.'],
  ['[[[1, 2]]]', 'This has more than two dimensions; a matrix has two.'],
  ['[[1, 2] x [3, 4]]', 'Between the rows stands “x”.'],
  ['[[1, 2], [3, 4]] and more', 'There is more after the last bracket: “and more”.'],
  ['[]', 'There are no numbers in this text.'],
  ['[[1, , 2]]', 'Between two commas there is no number.'],
  ['[1,,2; 3,,4]', 'Between two commas there is no number.'],
  ['[[1, 2j]]', 'Row 1, column 2: “2j” is not a number.'],
  ['array(3)', 'array( ... ) holds no [ ... ].'],
  ['{"data": [1, 2, 3], "shape": [2, 2]}', 'data has 3 numbers, shape [2, 2] needs 4.'],
  ['{"a": 1}', 'A JSON object needs "data", a list of numbers, and "shape", [rows, columns].'],
])('%j is refused', (text, message) => {
  expect(() => parseMatrix(text)).toThrow(message);
});

test.each([
  '[[0. 1. 2. ... 7. 8. 9.]]',
  'array([[0, 1, ..., 8, 9],\n [0, 1, ..., 8, 9]])',
  '[0. 1. ... 8. 9.]',
])('a print that leaves numbers out is refused', (text) => {
  expect(() => parseMatrix(text)).toThrow('Numbers are left out');
});

test('no JSON', () => {
  expect(() => parseMatrix('{"data": [1')).toThrow('This is no JSON');
});
