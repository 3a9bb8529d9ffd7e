// Bytes at an offset, from a path, a Blob or an array: readers take the parts that they need and never the whole file.
// read() always returns an array that owns its buffer from offset 0, so that it can be viewed as any element type.

import { builtin } from '../../shared/builtin.js';
import { textDecoder } from '../../shared/text.js';
import type { BlobLike, UrlLike } from '../../types.js';
import { FormatError, quote } from '../errors.js';
import type { Readable, ReadOptions } from '../types.js';

export interface ByteSource {
  /** The file's name, without its folder. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes themselves, where they are in memory already. Never written to, never handed out. */
  readonly bytes?: Uint8Array;
  /** A copy of [offset, offset + length). FormatError when that leaves the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
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

const CHUNK = 1 << 28; // one call of the operating system reads less than 2 GiB
const BLOCK = 1 << 20; // a small read fetches this much, so that neighbours cost no further call
const SMALL = 1 << 18;

const isUrl = (from: Readable): from is UrlLike =>
  typeof from === 'object' && 'href' in from && typeof from.href === 'string';

/** An address that is fetched; undefined for anything else, a file: URL among it. */
export function addressOf(from: Readable): string | undefined {
  const text = typeof from === 'string' ? from : isUrl(from) ? from.href : '';
  return /^(https?|hf):\/\//i.test(text) ? text : undefined;
}

/** A page of the Hub that shows a file stands for the file. */
function fromPage(address: string): string {
  return address.replace(/^(https:\/\/huggingface\.co\/[^/?#]+\/[^/?#]+)\/blob\//, '$1/resolve/');
}

/** Opens whatever a caller may pass. */
export async function openSource(from: Readable, options: ReadOptions = {}): Promise<ByteSource> {
  const address = addressOf(from);
  if (address !== undefined) {
    const url = fromPage(address);
    if (/^hf:/i.test(url)) return (await import('./hub.js')).openHubFile(url, options);
    return (await import('./remote.js')).openRemote(url, options);
  }
  if (typeof from === 'string') return openPath(from);
  if (isUrl(from))
    return openPath(((await builtin('node:url')) as typeof import('node:url')).fileURLToPath(from.href));
  if (from instanceof Uint8Array) return new MemorySource(from, options.name ?? 'bytes', options.open);
  if (typeof Blob === 'function' && from instanceof Blob) {
    return openBlob(from, options.name ?? (from as Partial<File>).name ?? 'blob', options.open);
  }
  throw new TypeError('readTensors: the first argument must be a path, a URL, a Uint8Array or a Blob.');
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

class MemorySource implements ByteSource {
  readonly size: number;
  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
    private readonly open?: ReadOptions['open'],
  ) {
    this.size = bytes.byteLength;
  }
  async read(offset: number, length: number) {
    checkRange(this.name, this.size, offset, length);
    const copy = new Uint8Array(length); // not slice(): a Buffer's slice is a view
    copy.set(this.bytes.subarray(offset, offset + length));
    return copy;
  }
  sibling(name: string) {
    return openBeside(this.name, name, this.open);
  }
  async close() {}
}

function openBlob(blob: BlobLike, name: string, open?: ReadOptions['open']): ByteSource {
  const read = async (offset: number, length: number) =>
    new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
  const readInto: ReadInto = async (offset, into) => into.set(await read(offset, into.length));
  return {
    name,
    size: blob.size,
    read: inBlocks(name, blob.size, readInto, read),
    sibling: (other) => openBeside(name, other, open),
    close: async () => {},
  };
}

type ReadInto = (offset: number, into: Uint8Array) => Promise<void>;

/** Range checks, and one block kept and refilled, so that small reads side by side share a call. */
export function inBlocks(
  file: string,
  size: number,
  readInto: ReadInto,
  readNew?: ByteSource['read'],
): ByteSource['read'] {
  let block: Uint8Array = new Uint8Array(0);
  let from = 0;
  let filling = false;
  return async (offset, length) => {
    checkRange(file, size, offset, length);
    if (length > SMALL || filling) {
      if (readNew !== undefined) return readNew(offset, length);
      const bytes = new Uint8Array(length);
      await readInto(offset, bytes);
      return bytes;
    }
    if (offset < from || offset + length > from + block.length) {
      filling = true;
      try {
        const want = Math.min(BLOCK, size - offset);
        block = new Uint8Array(
          block.buffer.byteLength >= want ? block.buffer : new ArrayBuffer(want),
          0,
          want,
        );
        from = Number.POSITIVE_INFINITY; // nothing is in the block should the read fail
        await readInto(offset, block);
        from = offset;
      } finally {
        filling = false;
      }
    }
    return block.slice(offset - from, offset - from + length);
  };
}

async function openBeside(file: string, name: string, open: ReadOptions['open']): Promise<ByteSource> {
  checkSibling(file, name);
  if (open === undefined) {
    throw new FormatError(
      file,
      `the file ${quote(name)} beside it is needed; pass options.open to supply it.`,
    );
  }
  return openSource(await open(name), { name, open });
}

/** A folder on disk or a repository, or undefined for anything else. */
export async function openFolder(from: Readable, options: ReadOptions = {}): Promise<Folder | undefined> {
  const address = addressOf(from);
  if (address !== undefined) {
    const page = /^https:\/\/huggingface\.co\/([^/?#]+\/[^/?#]+)\/?(?:tree\/([^/?#]+)\/?([^?#]*))?$/.exec(
      address,
    );
    const place = page
      ? `hf://${page[1]}${page[2] ? `@${page[2]}` : ''}${page[3] ? `/${page[3]}` : ''}`
      : address;
    if (!/^hf:/i.test(place)) return undefined;
    const hub = await import('./hub.js');
    return hub.isHubFile(place) ? undefined : hub.openHubFolder(place, options);
  }
  if (typeof from !== 'string') return undefined;
  const fs = await nodeFiles(from);
  const stat = await fs.stat(from).catch(() => undefined);
  if (!stat?.isDirectory()) return undefined;
  const root = from.replace(/(.)[/\\]+$/, '$1');
  const within = (path: string) => `${root}/${path}`;
  return {
    name: root.slice(Math.max(root.lastIndexOf('/'), root.lastIndexOf('\\')) + 1) || root,
    // A link to a folder is not entered: it might lead back.
    async list(path) {
      const entries = await fs.readdir(within(path), { withFileTypes: true });
      return entries
        .filter((e) => !e.isSocket() && !e.isFIFO())
        .map((e) => (e.isDirectory() ? `${e.name}/` : e.name));
    },
    async open(path) {
      await checkInside(fs, root, root, within(path));
      return openPath(within(path));
    },
  };
}

/** Node's files. */
async function nodeFiles(path: string): Promise<typeof import('node:fs/promises')> {
  try {
    return (await builtin('node:fs/promises')) as typeof import('node:fs/promises');
  } catch {
    throw new FormatError(path, 'a path can be read in Node only; pass bytes or a Blob.');
  }
}

async function openPath(path: string): Promise<ByteSource> {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const name = path.slice(cut);
  const fs = await nodeFiles(path);
  const failed = (error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const reason = { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'is a folder' }[code];
    return new FormatError(path, `cannot be opened (${reason ?? code}).`, { cause: error });
  };
  // Asked before opening: opening a pipe would wait for its writer.
  const stat = await fs.stat(path).catch((error) => Promise.reject(failed(error)));
  if (!stat.isFile())
    throw new FormatError(path, `is ${stat.isDirectory() ? 'a folder' : 'not a regular file'}.`);
  const handle = await fs.open(path, 'r').catch((error) => Promise.reject(failed(error)));
  const read: ReadInto = async (offset, into) => {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await handle.read(into, done, Math.min(CHUNK, into.length - done), offset + done);
      if (bytesRead === 0)
        throw new FormatError(name, `ends at offset ${offset + done}, it was ${stat.size} bytes.`);
      done += bytesRead;
    }
  };
  return {
    name,
    size: stat.size,
    read: inBlocks(name, stat.size, read),
    sibling: async (other) => {
      const beside = path.slice(0, cut) + checkSibling(name, other);
      await checkInside(fs, name, path.slice(0, cut) || '.', beside);
      return openPath(beside);
    },
    close: () => handle.close(),
  };
}

/**
 * A model names the files beside it, and a link there could name any file of the machine: what a sibling really is must
 * lie in the model's folder, or in the blobs/ of the Hugging Face cache whose snapshot the folder is.
 */
async function checkInside(
  fs: typeof import('node:fs/promises'),
  file: string,
  folder: string,
  path: string,
): Promise<void> {
  const real = await fs.realpath(path).catch(() => undefined);
  if (real === undefined) return; // opening it says why
  const inside = async (root: string) => {
    const base = await fs.realpath(root).catch(() => undefined);
    return (
      base !== undefined && (real.startsWith(base.replace(/[/\\]?$/, '/')) || real.startsWith(`${base}\\`))
    );
  };
  if (await inside(folder)) return;
  const parts = (await fs.realpath(folder)).split(/[/\\]/);
  const snapshot = parts.lastIndexOf('snapshots');
  if (snapshot > 0 && snapshot < parts.length - 1) {
    if (await inside([...parts.slice(0, snapshot), 'blobs'].join('/'))) return;
  }
  const name = path.slice(folder.length);
  throw new FormatError(
    file,
    `${quote(name)} is a link to a file outside the model's folder; it is not followed.`,
  );
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
    sibling: (other) => from.sibling(other),
    close: async () => {},
  };
}
