// Writes .tflite files: a flatbuffer, its parts one after the other, each table after its vtable. Not aligned, which
// readers in memory want and readers of bytes do not need.
import { bytesOf, concat, uint, utf8 } from './write.js';

/** A table's fields by number: scalars of 4 bytes, texts, vectors of numbers, tables, vectors of tables. */
interface Table {
  [field: number]: number | string | ArrayBufferView | Table | Table[];
}

function flatbuffer(root: Table, identifier: string): Uint8Array {
  const out = [...new Uint8Array(4), ...utf8(identifier)];
  const put = (at: number, value: number, size: number) => out.splice(at, size, ...uint(value, size));
  const add = (value: number, size: number) => put(out.length, value, size);
  const point = (slot: number, to: number) => put(slot, to - slot, 4);
  const vector = (count: number, bytes: Uint8Array) => {
    const at = out.length;
    out.push(...concat(uint(count, 4), bytes));
    return at;
  };
  const table = (fields: Table): number => {
    const keys = Object.keys(fields).map(Number);
    const count = Math.max(-1, ...keys) + 1;
    const size = 4 + 2 * count;
    add(size, 2);
    add(4 + 4 * keys.length, 2);
    for (let k = 0; k < count; k++) add(keys.includes(k) ? 4 + 4 * keys.indexOf(k) : 0, 2);
    const at = out.length;
    add(size, 4);
    for (const key of keys) add(typeof fields[key] === 'number' ? fields[key] : 0, 4);
    for (const [k, key] of keys.entries()) {
      const value = fields[key];
      if (typeof value !== 'number') point(at + 4 + 4 * k, child(value));
    }
    return at;
  };
  const child = (value: Exclude<Table[number], number>): number => {
    if (typeof value === 'string') return child(utf8(value));
    if (ArrayBuffer.isView(value)) return vector((value as Uint8Array).length, bytesOf(value));
    if (!Array.isArray(value)) return table(value);
    const at = vector(value.length, new Uint8Array(4 * value.length));
    for (const [k, item] of value.entries()) point(at + 4 + 4 * k, table(item));
    return at;
  };
  point(0, table(root));
  return Uint8Array.from(out);
}

export interface TfliteSpec {
  name: string;
  shape: readonly number[];
  /** TensorType of the schema: 0 float32, 9 int8. */
  type: number;
  data: ArrayBufferView;
  scales?: Float32Array;
  zeros?: readonly number[];
  /** The dimension that the scales are along. */
  axis?: number;
}

/** A model of constant tensors, the first of which may be the filter of an operator; buffer 0 is empty. */
export function tflite(tensors: readonly TfliteSpec[], operator?: number): Uint8Array {
  const rows = tensors.map(({ name, shape, type, scales, zeros = [], axis = 0 }, i) => {
    const fields: Table = { 0: Int32Array.from(shape), 1: type, 2: i + 1, 3: name };
    if (scales) fields[4] = { 2: scales, 3: BigInt64Array.from(zeros, BigInt), 6: axis };
    return fields;
  });
  const buffers = [{}, ...tensors.map(({ data }) => ({ 0: bytesOf(data) }))];
  const graph: Table = { 0: rows };
  if (operator === undefined) return flatbuffer({ 0: 3, 2: [graph], 4: buffers }, 'TFL3');
  graph[3] = [{ 0: 0, 1: Int32Array.of(-1, 0) }];
  return flatbuffer({ 0: 3, 1: [{ 3: operator }], 2: [graph], 4: buffers }, 'TFL3');
}
