// .tflite: TensorFlow Lite's flatbuffer.
// Layout: tables of fields found through a table of offsets (vtable), vectors of 4 bytes of length and their elements,
// all by offsets; 'TFL3' at byte 4. A tensor names a buffer, which holds its elements or says where in the file they
// are. Quantised weights are integers q for (q - zero) * scale, one scale for all or one for each index of a dimension.
// Convolutions are OHWI, depthwise ones 1HWC, those of three dimensions DHWIO.
// Source: tensorflow/compiler/mlir/lite/schema/schema.fbs; flatbuffers.dev, "Internals".
import { product } from '../shared/shape.js';
import { textDecoder } from '../shared/text.js';
import { admit } from './admit.js';
import { checkLength, countElements, decode, elementSize, type TensorData } from './decode.js';
import { fromNumber } from './dtypes.js';
import { attempt, FormatError, quote } from './errors.js';
import { type ByteSource, checkRange } from './source/source.js';
import type { NamedTensor, ReadOptions } from './types.js';

/** Operators whose outputs are the last axis of their filter: BuiltinOperator.DEPTHWISE_CONV_2D, CONV_3D. */
const LAST = new Set([4, 132]);
const MAX_COUNT = 1 << 20;
const MAX_NAME = 1 << 16;

interface Weight {
  name: string;
  shape: number[];
  dtype: string;
  start: number;
  length: number;
  /** Whether outputs are the last axis. */
  last: boolean;
  scale: number[];
  zero: number[];
  axis: number;
  sparse: boolean;
  /** Scales that are not in the table of the tensor: blocks, or a delegate's own. */
  details: number;
}

/** The constant tensors of a .tflite model, subgraph by subgraph. */
export async function* readTflite(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  const file = source.name;
  const flat = new Flatbuffer(source);
  const model = await flat.root();
  const buffers = await flat.tables(model, 4);
  const codes = await Promise.all((await flat.tables(model, 1)).map((code) => operatorOf(flat, code)));
  for (const graph of await flat.tables(model, 2)) {
    const last = await lastInputs(flat, graph, codes);
    for (const [index, table] of (await flat.tables(graph, 0)).entries()) {
      const weight = await attempt(`tensor ${index}`, file, options, () =>
        readWeight(flat, table, buffers, last.has(index)),
      );
      if (weight === undefined) continue;
      const tensor = await attempt(weight.name, file, options, () => readTensor(source, weight, options));
      options.onProgress?.(Math.min(source.size, weight.start + weight.length), source.size);
      if (tensor !== undefined) yield tensor;
    }
  }
  options.onProgress?.(source.size, source.size);
}

async function operatorOf(flat: Flatbuffer, code: number): Promise<number> {
  return Math.max(await flat.number(code, 0, 'int8'), await flat.number(code, 3, 'int32'));
}

/** The filters of such operators. */
async function lastInputs(flat: Flatbuffer, graph: number, codes: readonly number[]): Promise<Set<number>> {
  const found = new Set<number>();
  for (const operator of await flat.tables(graph, 3)) {
    if (!LAST.has(codes[await flat.number(operator, 0, 'uint32')])) continue;
    const inputs = await flat.numbers(operator, 1, 'int32');
    if (inputs.length > 1) found.add(inputs[1]);
  }
  return found;
}

/** Where a tensor's elements are; undefined for one that is computed. */
async function readWeight(
  flat: Flatbuffer,
  table: number,
  buffers: readonly number[],
  last: boolean,
): Promise<Weight | undefined> {
  const buffer = buffers[await flat.number(table, 2, 'uint32')];
  if (buffer === undefined) return undefined;
  const place = await flat.bytes(buffer);
  if (place.length === 0) return undefined;
  const type = await flat.number(table, 1, 'int8');
  const quantization = await flat.table(table, 4);
  const of = <T>(read: (at: number) => Promise<T>, otherwise: T) =>
    quantization === 0 ? otherwise : read(quantization);
  return {
    name: await flat.text(table, 3),
    shape: await flat.numbers(table, 0, 'int32'),
    dtype: fromNumber('tflite', type) ?? `type ${type}`,
    ...place,
    last,
    scale: await of((at) => flat.numbers(at, 2, 'float32'), []),
    zero: await of((at) => flat.numbers(at, 3, 'int64'), []),
    axis: await of((at) => flat.number(at, 6, 'int32'), 0),
    sparse: (await flat.table(table, 6)) !== 0,
    details: await of((at) => flat.number(at, 4, 'int8'), 0),
  };
}

async function readTensor(
  source: ByteSource,
  weight: Weight,
  options: ReadOptions,
): Promise<NamedTensor | undefined> {
  const { name, shape, dtype, start, length } = weight;
  const file = source.name;
  if (weight.details !== 0) {
    if (options.filter?.(name, { shape, dtype }) === false) return undefined;
    const how = weight.details === 2 ? 'scales of blocks' : 'a quantisation of its own';
    return { name, shape, dtype, data: new Uint8Array(0), packed: `packed (${dtype}, ${how}), not analysed` };
  }
  if (!/^(string|type)/.test(dtype) && !(await admit(file, options, name, { shape, dtype })))
    return undefined;
  if (dtype.startsWith('type')) {
    if (shape.length < 2) return undefined; // text, resources
    throw new FormatError(file, `tensor ${quote(name)} is of ${dtype}, which holds no numbers.`);
  }
  if (weight.sparse)
    throw new FormatError(file, `tensor ${quote(name)} is stored as a sparse one, not supported.`);
  const count = countElements(file, name, shape);
  const stored = dtype === 'int4' ? 'uint8' : dtype;
  elementSize(file, name, stored);
  checkLength(file, name, stored, dtype === 'int4' ? [Math.ceil(count / 2)] : shape, length, start);
  const bytes = await source.read(start, length);
  const { data, bits } = decode(bytes, stored, { file, name, dims: shape.length });
  const values = dtype === 'int4' ? nibbles(data, count) : data;
  const layout =
    weight.last && (shape.length === 4 || shape.length === 5) ? ({ layout: 'HWIO' } as const) : undefined;
  // Scales of floats are left from training with simulated integers, and not applied.
  if (weight.scale.length === 0 || !/^u?int/.test(dtype))
    return { name, shape, dtype, data: values, ...(bits && { bits }), ...layout };
  const noise = noiseOf(weight);
  return {
    name,
    shape,
    dtype,
    data: dequantise(file, weight, values),
    quantization: dtype,
    ...layout,
    ...(noise && { noise }),
  };
}

function nibbles(bytes: TensorData, count: number): Int8Array {
  return Int8Array.from({ length: count }, (_, i) => {
    const nibble = (bytes[i >> 1] >> (i & 1 ? 4 : 0)) & 15;
    return nibble > 7 ? nibble - 16 : nibble;
  });
}

function dequantise(
  file: string,
  { name, shape, scale, zero, axis }: Weight,
  codes: TensorData,
): Float32Array {
  const count = scale.length === 1 ? 1 : shape[axis];
  if (scale.length !== count || (zero.length !== count && zero.length > 1) || !scale.every(Number.isFinite)) {
    throw new FormatError(
      file,
      `tensor ${quote(name)} has ${scale.length} scales for dimension ${axis} of [${shape.join(', ')}].`,
    );
  }
  const inner = count === 1 ? codes.length || 1 : product(shape.slice(axis + 1));
  const out = new Float32Array(codes.length);
  for (let i = 0; i < out.length; i++) {
    const k = Math.floor(i / inner) % count;
    out[i] = (codes[i] - (zero[zero.length === 1 ? 0 : k] ?? 0)) * scale[k];
  }
  return out;
}

/** The storage tolerance: steps are scales, one for all or one for each index of a dimension, of rows or of columns. */
function noiseOf({ shape, scale, axis, last }: Weight): number | undefined {
  if (shape.length < 2) return undefined;
  const rows = last ? shape[shape.length - 1] : shape[0];
  const columns = product(shape) / Math.max(1, rows);
  const squares = scale.map((s) => (s * s) / 12); // h is half a step
  const mean = squares.reduce((a, b) => a + b, 0) / squares.length;
  const most = squares.reduce((a, b) => Math.max(a, b), 0);
  const ofRows = scale.length > 1 && axis === (last ? shape.length - 1 : 0);
  const [row, column] = ofRows ? [most, mean] : [mean, most];
  return Math.sqrt(columns * row) + Math.sqrt(rows * column);
}

const SIZES = { int8: 1, int32: 4, uint32: 4, float32: 4, int64: 8 } as const;
type Scalar = keyof typeof SIZES;

/** Tables and vectors of a flatbuffer, every offset checked against the file. A table is its position; 0: absent. */
class Flatbuffer {
  constructor(private readonly source: ByteSource) {}

  private async view(at: number, length: number): Promise<DataView> {
    checkRange(this.source.name, this.source.size, at, length, 'the flatbuffer');
    return new DataView((await this.source.read(at, length)).buffer);
  }
  private async u32(at: number) {
    return (await this.view(at, 4)).getUint32(0, true);
  }

  root(): Promise<number> {
    return this.u32(0);
  }

  /** The position of a field, 0 where the table has none. */
  private async field(table: number, index: number): Promise<number> {
    const vtable = table - (await this.view(table, 4)).getInt32(0, true);
    const size = (await this.view(vtable, 2)).getUint16(0, true);
    const at = 4 + 2 * index;
    if (at + 2 > size) return 0;
    const offset = (await this.view(vtable + at, 2)).getUint16(0, true);
    return offset === 0 ? 0 : table + offset;
  }

  async number(table: number, index: number, type: Scalar): Promise<number> {
    const at = await this.field(table, index);
    return at === 0 ? 0 : scalar(await this.view(at, SIZES[type]), 0, type);
  }

  async table(table: number, index: number): Promise<number> {
    const at = await this.field(table, index);
    return at === 0 ? 0 : at + (await this.u32(at));
  }

  /** A vector's first element and length. */
  private async vector(table: number, index: number, size: number, most = MAX_COUNT) {
    const at = await this.table(table, index);
    if (at === 0) return { start: 0, count: 0 };
    const count = await this.u32(at);
    checkRange(this.source.name, this.source.size, at + 4, count * size, 'a vector of the flatbuffer');
    if (count > most)
      throw new FormatError(
        this.source.name,
        `a vector at offset ${at} has ${count} elements, at most ${most} are read.`,
      );
    return { start: at + 4, count };
  }

  async tables(table: number, index: number): Promise<number[]> {
    const { start, count } = await this.vector(table, index, 4);
    if (count === 0) return [];
    const view = await this.view(start, 4 * count);
    return Array.from({ length: count }, (_, k) => start + 4 * k + view.getUint32(4 * k, true));
  }

  async numbers(table: number, index: number, type: Scalar): Promise<number[]> {
    const { start, count } = await this.vector(table, index, SIZES[type]);
    if (count === 0) return [];
    const view = await this.view(start, SIZES[type] * count);
    return Array.from({ length: count }, (_, k) => scalar(view, SIZES[type] * k, type));
  }

  async text(table: number, index: number): Promise<string> {
    const { start, count } = await this.vector(table, index, 1, MAX_NAME);
    return count === 0 ? '' : textDecoder().decode(await this.source.read(start, count));
  }

  /** Where a buffer's elements are: in it, or in the file at its offset (models past 2 GiB). */
  async bytes(buffer: number): Promise<{ start: number; length: number }> {
    const { start, count } = await this.vector(buffer, 0, 1, Number.POSITIVE_INFINITY);
    if (count > 0) return { start, length: count };
    const [offset, length] = [await this.number(buffer, 1, 'int64'), await this.number(buffer, 2, 'int64')];
    if (offset <= 1) return { start: 0, length: 0 };
    checkRange(this.source.name, this.source.size, offset, length, 'a buffer');
    return { start: offset, length };
  }
}

function scalar(view: DataView, at: number, type: Scalar): number {
  if (type === 'int8') return view.getInt8(at);
  if (type === 'int32') return view.getInt32(at, true);
  if (type === 'uint32') return view.getUint32(at, true);
  if (type === 'float32') return view.getFloat32(at, true);
  return Number(view.getBigInt64(at, true));
}
