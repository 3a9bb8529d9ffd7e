// Nested arrays, read into one typed array: rows may be number[] or typed arrays. Cost: one pass.
import { product } from '../shared/shape.js';
import { allocate, count, isList, notNumber, typedName, type View } from './elements.js';
import { describe } from './options.js';

/** Nested arrays go no deeper; an array that contains itself would never end. */
const MAX_DEPTH = 32;

/** The shape that the first entries tell: [length, first row's length, ...]. */
export function nestedShape(fn: string, a: readonly unknown[]): number[] {
  const shape: number[] = [];
  for (let level: unknown = a; isList(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > MAX_DEPTH)
      throw new RangeError(`${fn}: arrays are nested more than ${MAX_DEPTH} deep.`);
  }
  // [undefined] and ['a'] are lists of rows that are none: copying says so.
  if (shape.length === 1 && a.length > 0) shape.push(0);
  return shape;
}

/** Nested arrays of the given shape in one typed array: Float32Array if every row is of single precision. */
export function nestedView(fn: string, a: unknown, shape: readonly number[]): View {
  const size = product(shape);
  const single = size > 0 && everyRow(a, shape.length, (row) => SINGLE.has(typedName(row)));
  const data = single ? allocate(fn, Float32Array, size) : allocate(fn, Float64Array, size);
  copyNested(fn, data, 0, a, shape, []);
  return { data, kind: single ? 'f32' : 'f64', shape, strides: null, offset: null };
}

const SINGLE = new Set<string | undefined>(['Float32Array', 'Float16Array']);

function everyRow(node: unknown, depth: number, test: (row: unknown) => boolean): boolean {
  if (depth === 1) return test(node);
  return Array.isArray(node) && node.every((child) => everyRow(child, depth - 1, test));
}

function copyNested(
  fn: string,
  out: Float64Array | Float32Array,
  at: number,
  node: unknown,
  shape: readonly number[],
  path: number[],
): number {
  const length = shape[path.length];
  if (!isList(node))
    throw new TypeError(`${fn}: ${placeName(path)} is ${describe(node)}; expected an array.`);
  if (node.length !== length) {
    const first = placeName(path.map(() => 0));
    throw new RangeError(
      `${fn}: ${placeName(path)} has ${count(node.length, 'element')}, ${first} has ${length}; ` +
        'all must have the same length.',
    );
  }
  if (path.length === shape.length - 1) {
    for (let j = 0; j < length; j++) {
      const value = node[j];
      if (typeof value !== 'number') throw notNumber(fn, `element [${[...path, j].join(', ')}]`, node, j);
      out[at + j] = value;
    }
    return at + length;
  }
  for (let i = 0; i < length; i++) at = copyNested(fn, out, at, node[i], shape, [...path, i]);
  return at;
}

const placeName = (path: readonly number[]) =>
  path.length === 1 ? `row ${path[0]}` : `a${path.map((i) => `[${i}]`).join('')}`;
