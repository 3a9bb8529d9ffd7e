// Opens what a caller may name: a path, an address, a Blob, bytes. What reaches over a network is loaded on first use.
import { builtin } from '../../shared/builtin.js';
import type { BlobLike, UrlLike } from '../../types.js';
import { FormatError, quote } from '../errors.js';
import type { Readable, ReadOptions } from '../types.js';
import { inBlocks, type ReadInto } from './blocks.js';
import { openDiskFolder, openPath } from './disk.js';
import { type ByteSource, checkSibling, type Folder, memorySource } from './source.js';

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
  if (from instanceof Uint8Array) {
    const { name = 'bytes', open } = options;
    return memorySource(from, name, (other) => openBeside(name, other, open));
  }
  if (typeof Blob === 'function' && from instanceof Blob) {
    return openBlob(from, options.name ?? (from as Partial<File>).name ?? 'blob', options.open);
  }
  throw new TypeError('readTensors: the first argument must be a path, a URL, a Uint8Array or a Blob.');
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
  return openDiskFolder(from);
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
