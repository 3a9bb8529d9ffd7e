// MATLAB's .mat files of version 5 to 7.2 (7.3 is HDF5).
// Layout: 128 bytes (text, version 0x0100, 'IM' or 'MI' for the byte order), then elements: a tag of type and length (8
// bytes; a small element keeps both and its data in 8), padded to 8. A matrix is made of elements: flags, dimensions,
// name, numbers in the narrowest type that holds them. A compressed element is a zlib stream of one. Matrices lie by
// columns; structures and cells hold matrices. Source: "MAT-File Format", The MathWorks.

import { columnMajorStrides, gather, gatherPairs, paired } from '../../shared/strided.js';
import { textDecoder, untilZero } from '../../shared/text.js';
import { admit } from '../admit.js';
import { checkLength, countElements, decode, elementSize, type TensorData } from '../decode.js';
import { attempt, FormatError, quote } from '../errors.js';
import { squeezed } from '../hdf5/index.js';
import { checkDense, fromColumns } from '../scipy-sparse.js';
import { type ByteSource, checkRange, sliceSource } from '../source/source.js';
import { inflateSource } from '../source/zip.js';
import type { NamedTensor, ReadOptions } from '../types.js';

const HEADER = 128;
/** miINT8 and so on. */
const STORED: Readonly<Record<number, string>> = {
  1: 'int8',
  2: 'uint8',
  3: 'int16',
  4: 'uint16',
  5: 'int32',
  6: 'uint32',
  7: 'float32',
  9: 'float64',
  12: 'int64',
  13: 'uint64',
};
const MATRIX = 14;
const COMPRESSED = 15;
/** mxDOUBLE_CLASS and so on: what the numbers are widened to. */
const CLASSES: Readonly<Record<number, string>> = {
  6: 'float64',
  7: 'float32',
  8: 'int8',
  9: 'uint8',
  10: 'int16',
  11: 'uint16',
  12: 'int32',
  13: 'uint32',
  14: 'int64',
  15: 'uint64',
};
const [CELL, STRUCT, OBJECT, CHAR, SPARSE] = [1, 2, 3, 4, 5];
const MAX_DEPTH = 16;
const MAX_NAMES = 1 << 20;

/** The numeric matrices of a .mat file, with those in structures (s.field) and cells (c{1}). */
export async function* readMatlab(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  const file = source.name;
  checkRange(file, source.size, 0, HEADER, 'the header of a .mat file');
  const head = await source.read(124, 4);
  const little = String.fromCharCode(head[2], head[3]) === 'IM';
  if (!little && String.fromCharCode(head[2], head[3]) !== 'MI') {
    throw new FormatError(file, 'has neither IM nor MI at offset 126, as .mat files of version 5 do.');
  }
  for (let at = HEADER; at + 8 <= source.size; ) {
    const tag = await readTag(source, at, little);
    const body = sliceSource(source, tag.start, tag.length);
    // A damaged element costs no other: its length is known.
    try {
      if (tag.type === COMPRESSED) {
        const from = await inflated(body, little, options);
        yield* new Reader(from, little, options, file).matrix(await readTag(from, 0, little), '', 0);
      } else if (tag.type === MATRIX) {
        yield* new Reader(source, little, options, file).matrix(tag, '', 0);
      }
    } catch (error) {
      await attempt(`element at offset ${at}`, file, options, () => {
        throw error;
      });
    }
    at = tag.type === COMPRESSED ? tag.start + tag.length : tag.next; // a compressed element is not padded
    options.onProgress?.(Math.min(at, source.size), source.size);
  }
}

interface Tag {
  type: number;
  start: number;
  length: number;
  next: number;
}

async function readTag(source: ByteSource, at: number, little: boolean): Promise<Tag> {
  checkRange(source.name, source.size, at, 8, 'an element');
  const view = new DataView((await source.read(at, 8)).buffer);
  const [first, second] = [view.getUint32(0, little), view.getUint32(4, little)];
  const small = first >>> 16;
  if (small > 0) {
    if (small > 4)
      throw new FormatError(source.name, `a small element at offset ${at} claims ${small} bytes.`);
    return { type: first & 0xffff, start: at + 4, length: small, next: at + 8 };
  }
  checkRange(source.name, source.size, at + 8, second, 'an element');
  return {
    type: first,
    start: at + 8,
    length: second,
    next: Math.min(source.size, at + 8 + Math.ceil(second / 8) * 8),
  };
}

/** A zlib stream: two bytes, deflated data, a checksum. Its length is that of the element in it. */
async function inflated(body: ByteSource, little: boolean, options: ReadOptions): Promise<ByteSource> {
  const deflated = sliceSource(body, 2, Math.max(0, body.size - 6));
  const first = await inflateSource(deflated, Number.MAX_SAFE_INTEGER).read(0, 8);
  const size = 8 + new DataView(first.buffer).getUint32(4, little);
  const most = Math.min(options.maxBytes ?? 2 ** 32, 1032 * (body.size + 1));
  if (size > most)
    throw new FormatError(body.name, `a compressed element claims ${size} bytes, more than there can be.`);
  return inflateSource(deflated, size);
}

class Reader {
  constructor(
    private readonly source: ByteSource,
    private readonly little: boolean,
    private readonly options: ReadOptions,
    private readonly file: string,
  ) {}

  /** The matrices of a miMATRIX element, front to back: a compressed one can be read that way only. */
  async *matrix(tag: Tag, path: string, depth: number): AsyncGenerator<NamedTensor> {
    const { source, little, file } = this;
    if (tag.type !== MATRIX || tag.length === 0 || depth > MAX_DEPTH) return;
    const flags = await this.numbers(await readTag(source, tag.start, little), 'float64');
    const info = (flags.values[0] as number) >>> 0;
    const kind = info & 0xff;
    const complex = (info & 0x800) !== 0;
    const dims = await this.numbers(await readTag(source, flags.next, little), 'float64');
    const whole = Array.from(dims.values);
    const shape = kind === SPARSE ? whole : squeezed(whole);
    const label = await this.text(await readTag(source, dims.next, little));
    const name = path + label.text;
    if (kind === CELL) {
      yield* this.cells(label.next, tag, shape, name, depth);
    } else if (kind === STRUCT || kind === OBJECT) {
      yield* this.fields(label.next, tag, shape, name, kind, depth);
    } else if (kind !== CHAR && (Object.hasOwn(CLASSES, kind) || kind === SPARSE)) {
      const dtype = kind === SPARSE ? 'float64' : CLASSES[kind];
      const tensor = await attempt(name, file, this.options, () =>
        kind === SPARSE
          ? this.sparse(label.next, name, shape, complex)
          : this.dense(label.next, name, shape, dtype, complex),
      );
      if (tensor !== undefined) yield tensor;
    }
  }

  private async *cells(
    at: number,
    tag: Tag,
    shape: number[],
    name: string,
    depth: number,
  ): AsyncGenerator<NamedTensor> {
    const count = countElements(this.file, name, shape);
    for (let k = 1; k <= count && at < tag.start + tag.length; k++) {
      const inner = await readTag(this.source, at, this.little);
      yield* this.matrix(inner, `${name}{${k}}`, depth + 1);
      at = inner.next;
    }
  }

  private async *fields(
    at: number,
    tag: Tag,
    shape: number[],
    name: string,
    kind: number,
    depth: number,
  ): AsyncGenerator<NamedTensor> {
    const { source, little } = this;
    if (kind === OBJECT) at = (await this.text(await readTag(source, at, little))).next;
    const width = await this.numbers(await readTag(source, at, little), 'float64');
    const names = await readTag(source, width.next, little);
    const length = width.values[0] as number;
    if (!(length > 0) || names.length > MAX_NAMES)
      throw new FormatError(this.file, `structure ${quote(name)} has no field names.`);
    const bytes = await source.read(names.start, names.length);
    const keys = Array.from({ length: Math.floor(names.length / length) }, (_, k) =>
      nameIn(bytes.subarray(k * length, (k + 1) * length)),
    );
    const count = countElements(this.file, name, shape);
    at = names.next;
    for (let k = 1; k <= count; k++) {
      for (const key of keys) {
        if (at >= tag.start + tag.length) return;
        const inner = await readTag(source, at, little);
        yield* this.matrix(inner, `${name}${count > 1 ? `(${k})` : ''}.${key}`, depth + 1);
        at = inner.next;
      }
      if (keys.length === 0) return;
    }
  }

  private async dense(
    at: number,
    name: string,
    shape: number[],
    real: string,
    complex: boolean,
  ): Promise<NamedTensor | undefined> {
    const { file, source, little } = this;
    const bits = complex
      ? real === 'float32'
        ? ('complex64' as const)
        : ('complex128' as const)
      : undefined;
    const dtype = bits ?? real;
    const count = countElements(file, name, shape);
    if (!(await admit(file, this.options, name, { shape, dtype }))) return undefined;
    const type = complex && real !== 'float32' ? 'float64' : real;
    const re = await this.elements(await readTag(source, at, little), name, count, type);
    if (!complex) return { name, shape, dtype, data: gather(re.values, shape, columnMajorStrides(shape)) };
    const im = await this.elements(await readTag(source, re.next, little), name, count, type);
    const pairs = paired(re.values, im.values);
    return { name, shape, dtype, data: gatherPairs(pairs, shape, columnMajorStrides(shape)), bits };
  }

  /** Row indices, where each column begins, values: filled in. */
  private async sparse(
    at: number,
    name: string,
    shape: number[],
    complex: boolean,
  ): Promise<NamedTensor | undefined> {
    const { file, source, little } = this;
    const [rows, columns] = shape;
    if (shape.length !== 2)
      throw new FormatError(file, `the sparse matrix ${quote(name)} has ${shape.length} dimensions.`);
    countElements(file, name, shape);
    checkDense(file, rows, columns);
    const dtype = complex ? 'complex128' : 'float64';
    if (!(await admit(file, this.options, name, { shape, dtype }))) return undefined;
    const index = await this.numbers(await readTag(source, at, little), 'float64');
    const starts = await this.numbers(await readTag(source, index.next, little), 'float64');
    const re = await this.numbers(await readTag(source, starts.next, little), 'float64');
    const values = complex
      ? paired(re.values, (await this.numbers(await readTag(source, re.next, little), 'float64')).values)
      : re.values;
    const parts = complex ? 2 : 1;
    const out = fromColumns(file, name, shape, index.values, starts.values, values, parts);
    return { name, shape, dtype, data: out, ...(complex && { bits: 'complex128' as const }) };
  }

  /** The numbers of an element as `dtype`, exactly `count`. */
  private async elements(tag: Tag, name: string, count: number, dtype: string) {
    const stored = STORED[tag.type];
    if (stored !== undefined) checkLength(this.file, name, stored, [count], tag.length, tag.start);
    return this.numbers(tag, dtype);
  }

  private async numbers(tag: Tag, dtype: string): Promise<{ values: TensorData; next: number }> {
    const { file, source, little } = this;
    const stored = STORED[tag.type];
    if (stored === undefined)
      throw new FormatError(
        file,
        `an element at offset ${tag.start} is of type ${tag.type}, which holds no numbers.`,
      );
    const size = elementSize(file, '', stored);
    const bytes = await source.read(tag.start, tag.length - (tag.length % size));
    const { data } = decode(bytes, stored, { file, name: 'a matrix', dims: 2 }, little);
    return { values: stored === dtype || /int64/.test(dtype) ? data : widened(data, dtype), next: tag.next };
  }

  private async text(tag: Tag): Promise<{ text: string; next: number }> {
    if (tag.length > MAX_NAMES)
      throw new FormatError(this.file, `a name at offset ${tag.start} claims ${tag.length} bytes.`);
    return { text: nameIn(await this.source.read(tag.start, tag.length)), next: tag.next };
  }
}

const nameIn = (bytes: Uint8Array) => untilZero(textDecoder('latin1').decode(bytes));

/** Numbers that were stored in a narrower type. */
function widened(data: TensorData, dtype: string): TensorData {
  const types = {
    float64: Float64Array,
    float32: Float32Array,
    int8: Int8Array,
    uint8: Uint8Array,
    int16: Int16Array,
    uint16: Uint16Array,
    int32: Int32Array,
    uint32: Uint32Array,
  };
  return types[dtype as keyof typeof types].from(data as unknown as number[]);
}
