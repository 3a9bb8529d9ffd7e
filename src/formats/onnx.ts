// .onnx: a protobuf ModelProto whose graph holds the weights.
// Layout: weights are TensorProtos in graph.initializer and in the `value` of Constant nodes, in the graph, in the
// subgraphs of If, Loop and Scan, and in local functions. Two steps: onnx-graph.ts walks the structure and notes where
// each tensor's elements lie; then each tensor is read on its own, here.
// Source: onnx/onnx.proto and docs/ExternalData.md of the ONNX project.

import { PbfReader } from '../vendor/pbf.js';
import { admit } from './admit.js';
import { checkLength, countElements, decode, elementSize, unsafe } from './decode.js';
import { attempt, FormatError, quote } from './errors.js';
import { type OnnxTensor, readOnnxGraphs } from './onnx-graph.js';
import { eachWeight } from './onnx-layout.js';
import { ProtoWalker } from './protobuf.js';
import { type ByteSource, checkRange } from './source.js';
import type { NamedTensor, ReadOptions } from './types.js';

/** TensorProto.DataType: our name, and the number of the field that holds elements when raw_data does not. */
const TYPES: Readonly<Record<number, readonly [dtype: string, field: number]>> = {
  1: ['float32', 4],
  2: ['uint8', 5],
  3: ['int8', 5],
  4: ['uint16', 5],
  5: ['int16', 5],
  6: ['int32', 5],
  7: ['int64', 7],
  8: ['string', 6],
  9: ['bool', 5],
  10: ['float16', 5],
  11: ['float64', 10],
  12: ['uint32', 11],
  13: ['uint64', 11],
  14: ['complex64', 4],
  15: ['complex128', 10],
  16: ['bfloat16', 5],
  17: ['float8_e4m3', 5],
  18: ['float8_e4m3fnuz', 5],
  19: ['float8_e5m2', 5],
  20: ['float8_e5m2fnuz', 5],
  21: ['uint4', 5],
  22: ['int4', 5],
  23: ['float4_e2m1', 5],
};

/** Every weight of an ONNX model: initializers in stored order, then those of nodes in node order. */
export async function* readOnnx(source: ByteSource, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const graphs = await readOnnxGraphs(source);
  const files = new ExternalFiles(source);
  let done = 0;
  const name = (path: readonly string[], own: string) => [...path, own].join('/');
  try {
    for (const { tensor, path, own, layout } of eachWeight(graphs)) {
      const full = name(path, own);
      const result = await attempt(full, source.name, options, () =>
        readTensor(source, files, full, tensor, options),
      );
      done += tensor.end - tensor.start;
      options.onProgress?.(done, source.size);
      if (result !== undefined) yield layout === undefined ? result : { ...result, layout };
    }
    options.onProgress?.(source.size, source.size);
  } finally {
    await files.close();
  }
}

async function readTensor(
  source: ByteSource,
  files: ExternalFiles,
  name: string,
  tensor: OnnxTensor,
  options: ReadOptions,
): Promise<NamedTensor | undefined> {
  const file = source.name;
  if (tensor.problem !== undefined) throw new FormatError(file, `${tensor.problem}.`);
  const known = TYPES[tensor.type];
  if (known === undefined) throw new FormatError(file, `tensor ${quote(name)} has data type ${tensor.type}.`);
  const [dtype, field] = known;
  const shape = tensor.dims;
  const count = countElements(file, name, shape);
  if (!(await admit(file, options, name, { shape, dtype }))) return undefined;
  if (tensor.segmented)
    throw new FormatError(file, `tensor ${quote(name)} is stored in segments, not supported.`);
  const half = dtype === 'int4' || dtype === 'uint4';
  const stored = half ? 'uint8' : dtype;
  const storedShape = half ? [Math.ceil(count / 2)] : shape;
  elementSize(file, name, stored);
  const at = { file, name, dims: shape.length };
  let bytes: Uint8Array | Float64Array;
  if (tensor.external) {
    bytes = await files.read(name, tensor.external, stored, storedShape);
  } else if (tensor.raw !== undefined && (count === 0 || tensor.raw[1] > tensor.raw[0])) {
    const [start, end] = tensor.raw;
    checkLength(file, name, stored, storedShape, end - start, start);
    bytes = await source.read(start, end - start);
  } else {
    const elements = half ? storedShape[0] : count;
    bytes = await readField(source, name, tensor, field, elements, stored);
  }
  if (bytes instanceof Float64Array) return { name, shape, dtype, data: bytes };
  if (half) return { name, shape, dtype, data: unpackNibbles(bytes, count, dtype === 'int4') };
  const { data, bits } = decode(bytes, dtype, at);
  return { name, shape, dtype, data, ...(bits && { bits }) };
}

/**
 * The elements of float_data, int32_data, int64_data, double_data or uint64_data, as the bytes of `dtype`; 64-bit integers
 * as they come out of decode().
 */
async function readField(
  source: ByteSource,
  name: string,
  tensor: OnnxTensor,
  number: number,
  count: number,
  dtype: string,
): Promise<Uint8Array | Float64Array> {
  const file = source.name;
  const size = elementSize(file, name, dtype);
  const wire = number === 4 ? 4 : number === 10 ? 8 : 1; // the fewest bytes of one stored element
  if (count * wire > tensor.end - tensor.start) {
    throw new FormatError(
      file,
      `tensor ${quote(name)} of ${dtype} [${tensor.dims.join(', ')}] needs ${count * wire} bytes at least, ` +
        `its message at offset ${tensor.start} has ${tensor.end - tensor.start}.`,
    );
  }
  const out = new Uint8Array(count * size);
  const to = new DataView(out.buffer);
  const wide = size === 8 && wire === 1 ? new Float64Array(out.buffer) : undefined;
  let index = 0;
  const put = (read: number) => {
    const at = index++;
    if (at >= count) return;
    if (wide !== undefined) {
      const value = dtype === 'uint64' && read < 0 ? read + 2 ** 64 : read;
      if (tensor.dims.length >= 2 && !Number.isSafeInteger(value)) throw unsafe(file, name, at, value);
      wide[at] = value;
    } else if (size === 1) to.setUint8(at, read);
    else if (size === 2) to.setUint16(2 * at, read, true);
    else to.setUint32(4 * at, read, true);
  };
  const walker = new ProtoWalker(source);
  await walker.fields(`tensor ${quote(name)}`, tensor.start, tensor.end, async (field) => {
    if (field.number !== number) return;
    if (field.type === 0 && wire === 1) return put(field.value);
    const bytes = await source.read(field.start, field.end - field.start);
    if (wire > 1) {
      const items = Math.floor(bytes.length / wire);
      if (index + items <= count) out.set(bytes.subarray(0, items * wire), index * wire);
      index += items;
      return;
    }
    const pbf = new PbfReader(bytes);
    while (pbf.pos < bytes.length && index <= count) put(pbf.readVarint(true));
    if (pbf.pos > bytes.length) throw new FormatError(file, `tensor ${quote(name)} ends inside an integer.`);
  });
  if (index !== count) {
    const found = index > count ? `more than ${count}` : `${index}`;
    throw new FormatError(
      file,
      `tensor ${quote(name)} of ${dtype} [${tensor.dims.join(', ')}] needs ${count} elements, ${found} are stored ` +
        `at offset ${tensor.start}.`,
    );
  }
  return wide ?? out;
}

function unpackNibbles(bytes: Uint8Array, count: number, signed: boolean): Int8Array | Uint8Array {
  const out = signed ? new Int8Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const nibble = i & 1 ? bytes[i >> 1] >> 4 : bytes[i >> 1] & 15;
    out[i] = signed && nibble > 7 ? nibble - 16 : nibble;
  }
  return out;
}

/** The files beside the model that hold its larger tensors; each is opened once. */
class ExternalFiles {
  private readonly opened = new Map<string, Promise<ByteSource>>();
  constructor(private readonly source: ByteSource) {}

  async read(name: string, entries: ReadonlyMap<string, string>, dtype: string, shape: readonly number[]) {
    const file = this.source.name;
    const location = entries.get('location');
    if (location === undefined)
      throw new FormatError(file, `tensor ${quote(name)} is external, without a location.`);
    const number = (key: string) => {
      const text = entries.get(key);
      if (text === undefined) return undefined;
      if (!/^\d{1,16}$/.test(text))
        throw new FormatError(file, `tensor ${quote(name)} has ${quote(text)} as ${key}.`);
      return Number(text);
    };
    const offset = number('offset') ?? 0;
    const given = number('length');
    const need = countElements(file, name, shape) * elementSize(file, name, dtype);
    if (given !== undefined) checkLength(file, name, dtype, shape, given, offset);
    let source = this.opened.get(location);
    if (source === undefined) {
      source = this.source.sibling(location);
      this.opened.set(location, source);
    }
    const from = await source;
    checkRange(from.name, from.size, offset, need, `tensor ${quote(name)}`);
    return from.read(offset, need);
  }

  async close() {
    const all = await Promise.allSettled(this.opened.values());
    for (const one of all) if (one.status === 'fulfilled') await one.value.close();
  }
}
