// .onnx: a protobuf ModelProto whose graph holds the weights.
// Layout: weights are TensorProtos in graph.initializer and in the `value` of Constant nodes, in the graph, in the
// subgraphs of If, Loop and Scan, and in local functions. Two steps: graph.ts walks the structure and notes where
// each tensor's elements lie; then each tensor is read on its own, here.
// Source: onnx/onnx.proto and docs/ExternalData.md of the ONNX project.

import { PbfReader } from '../../vendor/pbf.js';
import { admit } from '../admit.js';
import { codeTable } from '../decode/codes.js';
import { decodePacked, dequantise } from '../decode/onnx-codes.js';
import { checkLength, countElements, decode, elementSize, type TensorData, unsafe } from '../decode.js';
import { fromNumber } from '../dtypes.js';
import { attempt, FormatError, quote } from '../errors.js';
import { type ByteSource, checkRange } from '../source/source.js';
import { toNumbers } from '../stored.js';
import type { NamedTensor, ReadOptions } from '../types.js';
import { type OnnxTensor, readOnnxGraphs } from './graph.js';
import { eachWeight } from './layout.js';
import { ProtoWalker } from './protobuf.js';
import { type CodesUse, findCodes, packingOf } from './quantised.js';

/** The number of the field that holds elements when raw_data does not. */
const FIELDS: Readonly<Record<string, number>> = {
  ...{ float32: 4, complex64: 4, float64: 10, complex128: 10, int64: 7, uint32: 11, uint64: 11, string: 6 },
};
const INT32_DATA = 5;

/** Every weight of an ONNX model: initializers in stored order, then those of nodes in node order. */
export async function* readOnnx(source: ByteSource, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const graphs = await readOnnxGraphs(source);
  const files = new ExternalFiles(source);
  let done = 0;
  const name = (path: readonly string[], own: string) => [...path, own].join('/');
  try {
    const { codes, parts } = findCodes([graphs.main, ...graphs.functions]);
    for (const { tensor, path, own, layout } of eachWeight(graphs)) {
      const full = name(path, own);
      const use = codes.get(tensor);
      const part = use === undefined && parts.has(tensor);
      const result = part
        ? undefined
        : await attempt(full, source.name, options, () =>
            use === undefined
              ? readTensor(source, files, full, tensor, options)
              : readCodes({ source, files, options, name: full }, tensor, use),
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
  const { dtype, shape } = check(source.name, name, tensor);
  if (dtype.startsWith('float4')) return packedTensor(options, name, shape, dtype, `as ${dtype}`);
  if (!(await admit(source.name, options, name, { shape, dtype }))) return undefined;
  return readElements(source, files, name, tensor);
}

/** Type and shape of a tensor that can be read, as far as its description tells. */
function check(file: string, name: string, tensor: OnnxTensor) {
  if (tensor.problem !== undefined) throw new FormatError(file, `${tensor.problem}.`);
  const dtype = fromNumber('onnx', tensor.type);
  if (dtype === undefined) throw new FormatError(file, `tensor ${quote(name)} has data type ${tensor.type}.`);
  return {
    dtype,
    field: FIELDS[dtype] ?? INT32_DATA,
    shape: tensor.dims,
    count: countElements(file, name, tensor.dims),
  };
}

/** `raw`: 8-bit floats as their codes. */
async function readElements(
  source: ByteSource,
  files: ExternalFiles,
  name: string,
  tensor: OnnxTensor,
  raw = false,
): Promise<NamedTensor> {
  const file = source.name;
  const { dtype, field, shape, count } = check(file, name, tensor);
  if (tensor.segmented)
    throw new FormatError(file, `tensor ${quote(name)} is stored in segments, not supported.`);
  const half = dtype === 'int4' || dtype === 'uint4' || (raw && dtype === 'float4_e2m1');
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
  const { data, bits } = decode(bytes, raw && dtype.startsWith('float8') ? 'uint8' : dtype, at);
  return { name, shape, dtype, data, ...(bits && { bits }) };
}

function packedTensor(options: ReadOptions, name: string, shape: number[], dtype: string, how: string) {
  if (options.filter?.(name, { shape, dtype }) === false) return undefined;
  return { name, shape, dtype, data: new Uint8Array(0), packed: `packed ${how}, not analysed` };
}

interface Reading {
  source: ByteSource;
  files: ExternalFiles;
  options: ReadOptions;
  name: string;
}

/** A weight that is stored as codes. */
async function readCodes(at: Reading, tensor: OnnxTensor, use: CodesUse): Promise<NamedTensor | undefined> {
  const { source, files, options, name } = at;
  const file = source.name;
  const { dtype, shape } = check(file, name, tensor);
  const packing = packingOf(use, dtype, shape);
  const deep = use.op === 'GatherBlockQuantized' && dtype === 'uint8' && packing === undefined;
  const packed = use.unknown ?? (deep ? `input of ${use.op}` : undefined);
  if (packed !== undefined && codeTypeOf(dtype) !== undefined)
    return packedTensor(options, name, shape, dtype, `(${dtype}, ${packed})`);
  const type = codeTypeOf(dtype);
  if (type === undefined || (shape.length < 2 && packing === undefined))
    return readTensor(source, files, name, tensor, options);
  const storage = packing?.storage ?? `${dtype.replace('float8_', 'fp8-')} x scales`;
  const decoded = packing ? [packing.n, packing.k] : shape;
  if (!(await admit(file, options, name, { shape: decoded, dtype, storage }))) return undefined;
  const { data } = await readElements(source, files, name, tensor, true);
  const codes = data as Uint8Array;
  const bytes = new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);
  const part = async (of: OnnxTensor | undefined) => {
    if (of === undefined) return undefined;
    const read = await readElements(source, files, of.name, of);
    const values = toNumbers(read.data as TensorData, read.bits ?? 'float32');
    const bad = values.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0) throw new FormatError(file, `${quote(of.name)} holds ${values[bad]} at element ${bad}.`);
    return { values, shape: read.shape, packed: read.dtype === 'uint8' };
  };
  const [scale, zero, order] = [await part(use.scale), await part(use.zero), await part(use.order)];
  const parts = { bytes, scales: scale?.values ?? [1], zeros: zero?.values, order: order?.values };
  const result = packing
    ? decodePacked({ ...parts, ...packing }, zero?.packed ?? true)
    : dequantise(bytes, codeTable(type)!, shape, {
        scales: parts.scales,
        shape: scale?.shape ?? [],
        zeros: zero?.values,
        axis: use.axis,
        block: use.ints.get('block_size') ?? (use.op === 'GatherBlockQuantized' ? 128 : 0),
      });
  if (result === undefined) {
    const scales = `${quote(use.scale?.name ?? '')} [${scale?.shape.join(', ')}]`;
    throw new FormatError(
      file,
      `tensor ${quote(name)} [${shape.join(', ')}]: ${scales} does not fit it (${use.op}).`,
    );
  }
  return { name, shape: decoded, dtype, storage, ...result };
}

/** Which table the codes of a type have once they are bytes: 4-bit integers come widened. */
function codeTypeOf(dtype: string): string | undefined {
  const wide: Record<string, string> = { int4: 'int8', uint4: 'uint8', int8: 'int8', uint8: 'uint8' };
  return wide[dtype] ?? (/^float[48]_/.test(dtype) && codeTable(dtype) ? dtype : undefined);
}

/**
 * The elements of float_data, int32_data, int64_data, double_data or uint64_data, as the bytes of `dtype`; 64-bit
 * integers as they come out of decode().
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
