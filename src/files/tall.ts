// A matrix of any height, handed out in chunks of rows: from a .npy file, from a .npy on a pipe, or from raw numbers on
// a pipe. A wide matrix is handed out as its transpose, which has the same singular values.
//
// Layout: row-major chunks are one stretch of the file; column-major ones are a stretch of each column.
// Cost: every byte is read once. Memory: one chunk.

import { decode, elementSize } from '../formats/decode.js';
import { FormatError } from '../formats/errors.js';
import { type NpyHeader, readNpyHeader } from '../formats/numpy/npy.js';
import { openSource } from '../formats/source/open.js';
import { type ByteSource, checkRange } from '../formats/source/source.js';
import type { TaskTensor } from '../pool/task.js';
import { product } from '../shared/shape.js';

export interface Tall {
  /** The file's name, for messages. */
  file: string;
  name: string;
  /** As stored. */
  shape: number[];
  dtype: string;
  /** The matrix as it was meant: [rows, columns]. */
  matrix: [number, number];
  /** Whether the chunks are of its transpose. */
  transposed: boolean;
  /** What it is cut along; undefined where only the end of a pipe tells. */
  rows: number | undefined;
  /** Elements in a row. */
  columns: number;
  /** Bytes of an element in the file. */
  size: number;
  /** Rows first .. first + count; fewer, or none, where a pipe ends. Pipes are read in order. */
  chunk(first: number, count: number): Promise<TaskTensor>;
  close(): Promise<void>;
}

/**
 * Types whose rows go into an accumulator: those that are exact as float32 or float64, so that no noise is to be known.
 */
const KINDS = /^(float32|float64|u?int(8|16|32|64)|bool)$/;

interface Found {
  header: NpyHeader;
  matrix: [number, number];
  transposed: boolean;
  byRow: boolean;
}

/**
 * How the array of a .npy lies in the file, seen as a tall matrix; undefined where it is none. `asRows`: its rows stay
 * rows, be they longer than there are many.
 */
function arrange(header: NpyHeader, asRows: boolean): Found | undefined {
  const { shape, dtype, fortran } = header;
  if (shape.length < 2 || !KINDS.test(dtype) || (fortran && shape.length > 2)) return undefined;
  const matrix: [number, number] = [shape[0], product(shape.slice(1))];
  if (matrix[0] === 0 || matrix[1] === 0) return undefined;
  const transposed = matrix[0] < matrix[1] && !asRows;
  return { header, matrix, transposed, byRow: transposed === fortran };
}

/** The fields of a Tall that follow from where it was found. */
function describe(file: string, { header, matrix, transposed }: Found): Omit<Tall, 'chunk' | 'close'> {
  const { shape, dtype } = header;
  const name = file.replace(/\.npy$/i, '');
  return {
    file,
    name,
    shape,
    dtype,
    matrix,
    transposed,
    rows: matrix[transposed ? 1 : 0],
    columns: matrix[transposed ? 0 : 1],
    size: elementSize(file, name, dtype),
  };
}

/** The array of a .npy file as a tall matrix; undefined where the file is no .npy, or its array none. */
export async function openTall(source: ByteSource, asRows = false): Promise<Tall | undefined> {
  if (source.size < 10 || (await source.read(0, 6))[0] !== 0x93) return undefined;
  const found = arrange(await readNpyHeader(source, source.name), asRows);
  if (found === undefined) return undefined;
  const about = describe(source.name, found);
  const { columns, size, dtype } = about;
  const { offset, little } = found.header;
  const rows = about.rows!;
  checkRange(source.name, source.size, offset, rows * columns * size, `${dtype} [${about.shape.join(', ')}]`);
  const read = async (first: number, count: number) => {
    if (found.byRow) return source.read(offset + first * columns * size, count * columns * size);
    const bytes = new Uint8Array(count * columns * size);
    for (let j = 0; j < columns; j++) {
      bytes.set(await source.read(offset + (j * rows + first) * size, count * size), j * count * size);
    }
    return bytes;
  };
  return {
    ...about,
    async chunk(first, count) {
      const bytes = await read(first, Math.min(count, rows - first));
      const taken = bytes.length / (columns * size);
      return { ...toTensor(about, bytes, little, taken), ...(!found.byRow && { strides: [1, taken] }) };
    },
    close: () => source.close(),
  };
}

function toTensor(
  about: Pick<Tall, 'file' | 'name' | 'dtype' | 'columns'>,
  bytes: Uint8Array,
  little: boolean,
  rows: number,
) {
  const { file, name, dtype, columns } = about;
  const { data } = decode(bytes, dtype, { file, name, dims: 2 }, little);
  return { data, shape: [rows, columns] };
}

/** Raw rows on a pipe. */
export interface RawRows {
  columns: number;
  dtype: 'float32' | 'float64';
}

/**
 * The matrix on a pipe: a .npy, or, where `raw` says what they are, little-endian numbers. Undefined where it begins
 * like a .npy and is not one that can be taken row by row, or where it is no .npy and `raw` says nothing.
 */
export async function openPipe(pipe: Pipe, raw?: RawRows, asRows = false): Promise<Tall | undefined> {
  const { file } = pipe;
  const isNpy = String.fromCharCode(...(await pipe.peek(6))) === '\x93NUMPY';
  if (!isNpy && raw === undefined) return undefined;
  if (!isNpy) {
    const { columns, dtype } = raw!;
    const size = dtype === 'float32' ? 4 : 8;
    const about = { file, name: file, dtype, columns, size };
    return {
      ...about,
      shape: [],
      matrix: [0, columns],
      transposed: false,
      rows: undefined,
      chunk: (_, count) =>
        pipe.rows(count, columns * size, (bytes, rows) => toTensor(about, bytes, true, rows)),
      close: async () => {},
    };
  }
  const header = await readNpyHeader(await openSource(await pipe.peek(1 << 16), { name: file }), file);
  const found = arrange(header, asRows);
  if (found === undefined || !found.byRow) return undefined;
  const about = describe(file, found);
  const { columns, size } = about;
  const total = about.rows!;
  return {
    ...about,
    async chunk(first, count) {
      if (first === 0) await pipe.take(header.offset);
      const wanted = Math.min(count, total - first);
      const tensor = await pipe.rows(wanted, columns * size, (bytes, rows) =>
        toTensor(about, bytes, header.little, rows),
      );
      if (tensor.shape[0] < wanted) {
        throw new FormatError(file, `ends after ${first + tensor.shape[0]} rows of ${total}.`);
      }
      return tensor;
    },
    close: async () => {},
  };
}

/** Bytes that come in pieces, in the pieces that are wanted. */
export class Pipe {
  private readonly from: AsyncIterator<Uint8Array>;
  private held: Uint8Array[] = [];
  private length = 0;
  private ended = false;

  constructor(
    readonly file: string,
    from: AsyncIterable<Uint8Array>,
  ) {
    this.from = from[Symbol.asyncIterator]();
  }

  /** The next `count` bytes, which stay; fewer at the end. */
  async peek(count: number): Promise<Uint8Array> {
    await this.fill(count);
    return this.copy(Math.min(count, this.length));
  }

  /** The next `count` bytes; fewer at the end. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = await this.peek(count);
    this.drop(bytes.length);
    return bytes;
  }

  /** Up to `count` rows of so many bytes; throws where the pipe ends within one. */
  async rows<T>(count: number, bytes: number, read: (bytes: Uint8Array, rows: number) => T): Promise<T> {
    const taken = await this.take(count * bytes);
    if (taken.length % bytes !== 0) {
      const rest = taken.length % bytes;
      throw new FormatError(this.file, `ends within a row: ${rest} of its ${bytes} bytes came.`);
    }
    return read(taken, taken.length / bytes);
  }

  /** What is left. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.length === 0) await this.fill(1);
      if (this.length === 0) return;
      yield await this.take(this.length);
    }
  }

  private async fill(count: number): Promise<void> {
    while (this.length < count && !this.ended) {
      const { value, done } = await this.from.next();
      if (done) this.ended = true;
      else {
        this.held.push(value);
        this.length += value.length;
      }
    }
  }

  private copy(count: number): Uint8Array {
    const out = new Uint8Array(count);
    let at = 0;
    for (const piece of this.held) {
      if (at === count) break;
      const part = piece.subarray(0, count - at);
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  private drop(count: number): void {
    this.length -= count;
    let k = 0;
    while (count > 0 && this.held[k].length <= count) count -= this.held[k++].length;
    this.held = this.held.slice(k);
    if (count > 0) this.held[0] = this.held[0].subarray(count);
  }
}
