// Bytes at an offset: readers take the parts that they need and never the whole file.
// read() always returns an array that owns its buffer from offset 0, so that it can be viewed as any element type.
import { textDecoder } from '../../shared/text.js';
import { FormatError, quote } from '../errors.js';

export interface ByteSource {
  /** The file's name, without its folder. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes themselves, where they are in memory already. Never written to, never handed out. */
  readonly bytes?: Uint8Array;
  /** A copy of [offset, offset + length). FormatError when that leaves the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same into memory of the caller's; undefined where that saves nothing. */
  readInto?(offset: number, into: Uint8Array): Promise<void>;
  /** A file of the same folder, or below it. */
  sibling(name: string): Promise<ByteSource>;
  close(): Promise<void>;
}

/** What a folder has: file names, and folders with a slash at the end. */
export interface Folder {
  readonly name: string;
  list(path: string): Promise<string[]>;
  open(path: string): Promise<ByteSource>;
}

/** Throws unless [offset, offset + length) lies inside a file of `size` bytes. */
export function checkRange(file: string, size: number, offset: number, length: number, what = 'the reader') {
  if (!(Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0)) {
    throw new FormatError(file, `${what} needs ${length} bytes at offset ${offset}, which no file has.`);
  }
  if (offset + length > size) {
    throw new FormatError(file, `${what} needs ${length} bytes at offset ${offset}, the file has ${size}.`);
  }
}

/** A name that stays inside the model's folder, or a FormatError. */
export function checkSibling(file: string, name: unknown): string {
  const bad =
    typeof name !== 'string' ||
    name === '' ||
    name.includes('\0') ||
    /^([/\\]|[a-z]:|[a-z][a-z0-9+.-]*:\/\/)/i.test(name) ||
    name.split(/[/\\]/).includes('..');
  if (bad) throw new FormatError(file, `${quote(name)} is not the name of a file in the model's folder.`);
  return name;
}

/** The file's bytes as text, decoded strictly: UTF-8, or UTF-16 where its mark stands at the start (Excel). */
export async function readText(
  source: ByteSource,
  offset = 0,
  length = source.size - offset,
): Promise<string> {
  const bytes = await source.read(offset, length);
  const wide = offset === 0 && bytes[0] === 0xff && bytes[1] === 0xfe;
  try {
    return textDecoder(wide ? 'utf-16le' : 'utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new FormatError(source.name, `the text at offset ${offset} is not UTF-8.`, { cause: error });
  }
}

/** Bytes in memory, which belong to the caller. */
export function memorySource(bytes: Uint8Array, name: string, sibling: ByteSource['sibling']): ByteSource {
  const size = bytes.byteLength;
  return {
    ...{ name, size, bytes, sibling },
    async read(offset, length) {
      checkRange(name, size, offset, length);
      const copy = new Uint8Array(length); // not slice(): a Buffer's slice is a view
      copy.set(bytes.subarray(offset, offset + length));
      return copy;
    },
    close: async () => {},
  };
}

/** A stretch of another source, as a source of its own. */
export function sliceSource(from: ByteSource, offset: number, size: number, name = from.name): ByteSource {
  checkRange(from.name, from.size, offset, size, quote(name));
  return {
    name,
    size,
    bytes: from.bytes?.subarray(offset, offset + size),
    async read(at, length) {
      checkRange(name, size, at, length);
      return from.read(offset + at, length);
    },
    ...(from.readInto && {
      async readInto(at: number, into: Uint8Array) {
        checkRange(name, size, at, into.length);
        await from.readInto!(offset + at, into);
      },
    }),
    sibling: (other) => from.sibling(other),
    close: async () => {},
  };
}
