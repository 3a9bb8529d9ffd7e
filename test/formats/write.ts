// A small generator of model files, written against the formats' definitions and sharing nothing with the readers.

export const utf8 = (text: string) => new TextEncoder().encode(text);

export function concat(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
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
  domain?: string;
}
export const tensorAttribute = (name: string, tensor: Uint8Array) =>
  concat(bytesField(1, name), bytesField(5, tensor), intField(20, 4));
export const intAttribute = (name: string, value: number) =>
  concat(bytesField(1, name), intField(3, value), intField(20, 2));
export const graphAttribute = (name: string, graph: Uint8Array) =>
  concat(bytesField(1, name), bytesField(6, graph), intField(20, 5));
export function onnxNode({
  op,
  name = '',
  inputs = [],
  outputs = [],
  attributes = [],
  domain = '',
}: OnnxNodeSpec): Uint8Array {
  return concat(
    ...inputs.map((i) => bytesField(1, i)),
    ...outputs.map((o) => bytesField(2, o)),
    bytesField(3, name),
    bytesField(4, op),
    ...attributes.map((a) => bytesField(5, a)),
    bytesField(7, domain),
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

// ---- .safetensors

export interface SafetensorSpec {
  dtype: string;
  shape: readonly number[];
  data: Uint8Array;
}
export function safetensors(
  tensors: Record<string, SafetensorSpec>,
  metadata?: Record<string, string>,
): Uint8Array {
  let at = 0;
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.length] };
    at += data.length;
  }
  return safetensorsRaw(JSON.stringify(header), concat(...Object.values(tensors).map((t) => t.data)));
}
export function safetensorsRaw(header: string, data: Uint8Array, length?: number | bigint): Uint8Array {
  const text = utf8(header.padEnd(Math.ceil(header.length / 8) * 8, ' '));
  return concat(uint(length ?? text.length, 8), text, data);
}

// ---- zip

export interface ZipSpec {
  name: string;
  data: Uint8Array;
  /** Raw deflate data; absent for a stored entry. */
  deflated?: Uint8Array;
  /** What the headers claim instead of the truth. */
  claim?: { size?: number; stored?: number; crc?: number; method?: number; flags?: number; offset?: number };
}
export function crc32Slowly(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  }
  return (c ^ 0xffffffff) >>> 0;
}
export function zip(specs: readonly ZipSpec[], zip64 = false): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data, deflated, claim = {} } of specs) {
    const body = deflated ?? data;
    const id = utf8(name);
    const common = concat(
      uint(claim.flags ?? 0, 2),
      uint(claim.method ?? (deflated ? 8 : 0), 2),
      uint(0, 4),
      uint(claim.crc ?? crc32Slowly(data), 4),
    );
    const sizes = [claim.stored ?? body.length, claim.size ?? data.length];
    const local = concat(
      utf8('PK\x03\x04'),
      uint(20, 2),
      common,
      uint(sizes[0], 4),
      uint(sizes[1], 4),
      uint(id.length, 2),
      uint(0, 2),
      id,
    );
    const offset = claim.offset ?? at;
    const extra = zip64
      ? concat(uint(1, 2), uint(24, 2), uint(sizes[1], 8), uint(sizes[0], 8), uint(offset, 8))
      : [];
    const short = (v: number) => uint(zip64 ? 0xffffffff : v, 4);
    directory.push(
      concat(
        utf8('PK\x01\x02'),
        uint(45, 2),
        uint(20, 2),
        common,
        short(sizes[0]),
        short(sizes[1]),
        uint(id.length, 2),
        uint(extra.length, 2),
        uint(0, 10),
        short(offset),
        id,
        extra,
      ),
    );
    parts.push(local, body);
    at += local.length + body.length;
  }
  const central = concat(...directory);
  const n = specs.length;
  const end64 = concat(
    concat(utf8('PK\x06\x06'), uint(44, 8), uint(45, 2), uint(45, 2), uint(0, 8), uint(n, 8), uint(n, 8)),
    concat(
      uint(central.length, 8),
      uint(at, 8),
      utf8('PK\x06\x07'),
      uint(0, 4),
      uint(at + central.length, 8),
      uint(1, 4),
    ),
  );
  const end = zip64
    ? concat(
        end64,
        utf8('PK\x05\x06'),
        uint(0, 4),
        uint(0xffffffff, 4),
        uint(0xffffffff, 4),
        uint(0xffffffff, 4),
        uint(0, 2),
      )
    : concat(
        utf8('PK\x05\x06'),
        uint(0, 4),
        uint(n, 2),
        uint(n, 2),
        uint(central.length, 4),
        uint(at, 4),
        uint(0, 2),
      );
  return concat(...parts, central, end);
}

// ---- pickle: opcodes by name, protocol 2

const short = (text: string) => concat(utf8('X'), uint(utf8(text).length, 4), utf8(text));
const int = (value: number) => concat(utf8('J'), uint(BigInt.asUintN(32, BigInt(value)), 4));
const tuple = (...items: Uint8Array[]) => concat(utf8('('), ...items, utf8('t'));
const global = (module: string, name: string) => utf8(`c${module}\n${name}\n`);
const call = (callee: Uint8Array, ...args: Uint8Array[]) => concat(callee, tuple(...args), utf8('R'));
const dict = (entries: Record<string, Uint8Array>) =>
  concat(utf8('}('), ...Object.entries(entries).flatMap(([k, v]) => [short(k), v]), utf8('u'));
const pickled = (value: Uint8Array) => concat([0x80, 2], value, utf8('.'));
export const pickle = { short, int, tuple, global, call, dict, pickled };

export interface StorageSpec {
  kind: string;
  key: string;
  elements: number;
}
export function torchStorage({ kind, key, elements }: StorageSpec): Uint8Array {
  return concat(
    tuple(short('storage'), global('torch', kind), short(key), short('cpu'), int(elements)),
    utf8('Q'),
  );
}
export function torchTensor(
  storage: StorageSpec,
  offset: number,
  shape: number[],
  strides: number[],
): Uint8Array {
  const hooks = call(global('collections', 'OrderedDict'));
  return call(
    global('torch._utils', '_rebuild_tensor_v2'),
    torchStorage(storage),
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    Uint8Array.of(0x89),
    hooks,
  );
}
export function torchFile(
  data: Uint8Array,
  storages: Record<string, Uint8Array>,
  byteorder = 'little',
): Uint8Array {
  return zip([
    { name: 'archive/data.pkl', data },
    { name: 'archive/byteorder', data: utf8(byteorder) },
    ...Object.entries(storages).map(([key, bytes]) => ({ name: `archive/data/${key}`, data: bytes })),
    { name: 'archive/version', data: utf8('3\n') },
  ]);
}

// ---- GGUF

export interface GgufTensorSpec {
  name: string;
  /** Innermost first, as stored. */
  dims: readonly (number | bigint)[];
  type: number;
  data: Uint8Array;
}
const ggufString = (text: string) => concat(uint(utf8(text).length, 8), utf8(text));
export function gguf(
  tensors: readonly GgufTensorSpec[],
  metadata: readonly Uint8Array[] = [],
  version = 3,
): Uint8Array {
  const infos: Uint8Array[] = [];
  const blocks: Uint8Array[] = [];
  let offset = 0;
  for (const { name, dims, type, data } of tensors) {
    infos.push(
      concat(
        ggufString(name),
        uint(dims.length, 4),
        ...dims.map((d) => uint(d, 8)),
        uint(type, 4),
        uint(offset, 8),
      ),
    );
    const padded = new Uint8Array(Math.ceil(data.length / 32) * 32);
    padded.set(data);
    blocks.push(padded);
    offset += padded.length;
  }
  const head = concat(
    utf8('GGUF'),
    uint(version, 4),
    uint(tensors.length, 8),
    uint(metadata.length, 8),
    ...metadata,
    ...infos,
  );
  return concat(head, new Uint8Array((32 - (head.length % 32)) % 32), ...blocks);
}
export const ggufText = (key: string, value: string) =>
  concat(ggufString(key), uint(8, 4), ggufString(value));
export const ggufTexts = (key: string, values: readonly string[]) =>
  concat(ggufString(key), uint(9, 4), uint(8, 4), uint(values.length, 8), ...values.map(ggufString));
export const ggufNumber = (key: string, value: number) => concat(ggufString(key), uint(4, 4), uint(value, 4));
