// A small generator of model files, written against the formats' definitions and sharing nothing with the readers.

export const utf8 = (text: string) => new TextEncoder().encode(text);

export function concat(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((p) => [...p]));
}

/** The bytes of a typed array (little-endian on every machine that the tests run on). */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
}

export function uint(value: number | bigint, size: number): Uint8Array {
  let v = BigInt(value);
  return Uint8Array.from({ length: size }, () => {
    const byte = Number(v & 255n);
    v >>= 8n;
    return byte;
  });
}

// ---- .npy

export function npy(
  descr: string,
  shape: readonly number[],
  data: Uint8Array,
  fortran = false,
  version = 1,
): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const literal = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple}, }`;
  return npyRaw(literal, data, version);
}

export function npyRaw(literal: string, data: Uint8Array, version = 1): Uint8Array {
  const head = version === 1 ? 10 : 12;
  const text = utf8(`${literal.padEnd(Math.ceil((literal.length + head + 1) / 64) * 64 - head - 1, ' ')}\n`);
  return concat([0x93], utf8('NUMPY'), [version, 0], uint(text.length, version === 1 ? 2 : 4), text, data);
}

// ---- protobuf

export function varint(value: number | bigint): Uint8Array {
  let v = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  do {
    out.push(Number(v & 127n) | (v > 127n ? 128 : 0));
    v >>= 7n;
  } while (v > 0n);
  return Uint8Array.from(out);
}
export const intField = (field: number, value: number | bigint) => concat(varint(field * 8), varint(value));
export const bytesField = (field: number, value: Uint8Array | string) => {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concat(varint(field * 8 + 2), varint(bytes.length), bytes);
};

// ---- ONNX

export interface OnnxTensorSpec {
  name?: string;
  dims: readonly (number | bigint)[];
  type: number;
  /** Fields that hold the elements, already encoded. */
  data?: Uint8Array;
  raw?: Uint8Array;
  packedDims?: boolean;
}
export function onnxTensor({ name = '', dims, type, data, raw, packedDims }: OnnxTensorSpec): Uint8Array {
  const shape = packedDims ? [bytesField(1, concat(...dims.map(varint)))] : dims.map((d) => intField(1, d));
  return concat(
    ...shape,
    intField(2, type),
    ...(data ? [data] : []),
    bytesField(8, name),
    ...(raw ? [bytesField(9, raw)] : []),
  );
}
export interface OnnxNodeSpec {
  op: string;
  name?: string;
  inputs?: readonly string[];
  outputs?: readonly string[];
  /** Encoded AttributeProtos. */
  attributes?: readonly Uint8Array[];
}
export const tensorAttribute = (name: string, tensor: Uint8Array) =>
  concat(bytesField(1, name), bytesField(5, tensor), intField(20, 4));
export const graphAttribute = (name: string, graph: Uint8Array) =>
  concat(bytesField(1, name), bytesField(6, graph), intField(20, 5));
export function onnxNode({
  op,
  name = '',
  inputs = [],
  outputs = [],
  attributes = [],
}: OnnxNodeSpec): Uint8Array {
  return concat(
    ...inputs.map((i) => bytesField(1, i)),
    ...outputs.map((o) => bytesField(2, o)),
    bytesField(3, name),
    bytesField(4, op),
    ...attributes.map((a) => bytesField(5, a)),
  );
}
export function onnxGraph(nodes: readonly Uint8Array[], initializers: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...nodes.map((n) => bytesField(1, n)),
    bytesField(2, 'g'),
    ...initializers.map((t) => bytesField(5, t)),
  );
}
export function onnxModel(graph: Uint8Array, functions: readonly Uint8Array[] = []): Uint8Array {
  return concat(
    intField(1, 8),
    bytesField(2, 'test'),
    bytesField(7, graph),
    bytesField(8, concat(bytesField(1, ''), intField(2, 17))),
    ...functions.map((f) => bytesField(25, f)),
  );
}
export const onnxEntry = (key: string, value: string) =>
  bytesField(13, concat(bytesField(1, key), bytesField(2, value)));
