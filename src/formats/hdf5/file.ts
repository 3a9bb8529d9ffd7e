// HDF5, the structure: where the groups, datasets and their messages are. Values are read by dataset.ts.
// Layout: a superblock; an object is a header of messages (versions 1 and 2, in pieces), found by its address; a group
// lists its objects in a B-tree of symbol tables with a heap of names (old), in link messages, or in a
// heap of those (new; heap.ts).
// Read here rather than by a library: those want the whole file in memory, this one ranges of it, so that a file may be
// larger than memory or far away; and every length that it believes is checked against the file.
// Source: HDF5 File Format Specification 3.0, docs.hdfgroup.org.
import { FormatError } from '../errors.js';
import { type ByteSource, checkRange } from '../source/source.js';
import { Cursor } from './cursor.js';
import { heapObjects } from './heap.js';

/** A message of an object's header. */
export interface Message {
  type: number;
  flags: number;
  bytes: Cursor;
}

export const MESSAGE = {
  space: 1,
  linkInfo: 2,
  type: 3,
  fill: 5,
  link: 6,
  external: 7,
  layout: 8,
  filters: 11,
  attribute: 12,
  more: 16,
  symbols: 17,
};

export type Link = [name: string, address: number];

const SIGNATURE = '\x89HDF\r\n\x1a\n';
const MAX_PART = 1 << 24;
const MAX_MESSAGES = 1 << 16;
const MAX_LINKS = 1 << 20;
const MAX_DEPTH = 32;

export class Hdf5File {
  private constructor(
    readonly source: ByteSource,
    /** Where address 0 is: MATLAB puts 512 bytes of its own first. */
    readonly base: number,
    readonly root: number,
    /** Whether MATLAB, or who writes its files, put the bytes before address 0. */
    readonly matlab: boolean,
  ) {}

  static async open(source: ByteSource): Promise<Hdf5File> {
    const file = source.name;
    for (let at = 0; at + 96 <= source.size && at <= 1 << 20; at = at === 0 ? 512 : at * 2) {
      const head = new Cursor(file, await source.read(at, 96), at);
      if (String.fromCharCode(...head.data.subarray(0, 8)) !== SIGNATURE) continue;
      head.skip(8);
      const version = head.uint(1);
      const old = version < 2;
      head.skip(old ? 4 : 0);
      const [offsets, lengths] = [head.uint(1), head.uint(1)];
      if (version > 3 || offsets !== 8 || lengths !== 8) {
        throw new FormatError(
          file,
          `is HDF5 with superblock ${version} and addresses of ${offsets} bytes, not read.`,
        );
      }
      head.skip(old ? 1 + 4 + 4 + (version === 1 ? 4 : 0) : 1);
      const base = head.uint(8);
      head.skip(old ? 3 * 8 + 8 : 2 * 8);
      const matlab = at > 0 && String.fromCharCode(...(await source.read(0, 10))) === 'MATLAB 7.3';
      return new Hdf5File(source, base < 0 ? at : Math.max(base, at), head.uint(8), matlab);
    }
    throw new FormatError(file, 'has no HDF5 superblock.');
  }

  async read(address: number, length: number, what: string): Promise<Cursor> {
    const at = this.base + address;
    if (address < 0 || length > MAX_PART)
      throw new FormatError(this.source.name, `${what} claims ${length} bytes at ${address}.`);
    checkRange(this.source.name, this.source.size, at, length, what);
    return new Cursor(this.source.name, await this.source.read(at, length), at);
  }

  /** The messages of the object at an address. */
  async messages(address: number): Promise<Message[]> {
    const found: Message[] = [];
    const start = await this.read(address, 16, 'an object header');
    const second = start.text(4) === 'OHDR';
    const blocks: Cursor[] = [];
    let extra = 0; // bytes of creation order in each message
    if (second) {
      const [, flags] = [start.uint(1), start.uint(1)];
      const skip = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
      extra = flags & 4 ? 2 : 0;
      const width = 1 << (flags & 3);
      const head = await this.read(address, skip + width, 'an object header');
      head.skip(skip);
      blocks.push(await this.read(address + skip + width, head.uint(width), 'an object header'));
    } else {
      start.at = 8;
      blocks.push(await this.read(address + 16, start.uint(4), 'an object header'));
    }
    for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
      while (block.left >= (second ? 4 + extra : 8)) {
        const type = block.uint(second ? 1 : 2);
        const size = block.uint(2);
        const flags = block.uint(1);
        block.skip(second ? extra : 3);
        if (second && size > block.left) break; // a gap at the end
        const bytes = block.part(size);
        if (type === MESSAGE.more) {
          const [at, length] = [bytes.uint(8), bytes.uint(8)];
          const next = await this.read(at, length, 'the rest of an object header');
          blocks.push(
            second ? new Cursor(this.source.name, next.data.subarray(4, -4), next.where + 4) : next,
          );
        } else found.push({ type, flags, bytes });
        if (found.length + blocks.length > MAX_MESSAGES)
          throw new FormatError(this.source.name, 'an object header has no end.');
      }
    }
    for (const message of found) if (message.flags & 2) message.bytes = await this.shared(message);
    return found;
  }

  /** A message that stands in another object: a named datatype. */
  private async shared({ type, bytes }: Message): Promise<Cursor> {
    const version = bytes.uint(1);
    const kind = bytes.uint(1);
    if (version === 1) bytes.skip(6);
    if (version === 3 && kind === 1)
      throw new FormatError(this.source.name, 'a shared message lies in a heap, not read.');
    const other = await this.read(bytes.uint(8), 16, 'a shared message');
    // One step only: what is shared is not shared itself.
    const messages = await this.plain(other.where - this.base);
    const found = messages.find((message) => message.type === type && !(message.flags & 2));
    if (found === undefined)
      throw new FormatError(this.source.name, 'a shared message is not where it should be.');
    return found.bytes;
  }

  private depth = 0;
  private async plain(address: number): Promise<Message[]> {
    if (++this.depth > MAX_DEPTH)
      throw new FormatError(this.source.name, 'shared messages go round in a circle.');
    try {
      return await this.messages(address);
    } finally {
      this.depth--;
    }
  }

  /** The objects of a group, if it is one: names and addresses. Links to other names or files are left aside. */
  async links(messages: readonly Message[]): Promise<Link[] | undefined> {
    const links: Link[] = [];
    let group = false;
    for (const { type, bytes } of messages) {
      bytes.at = 0;
      if (type === MESSAGE.symbols) {
        group = true;
        const [tree, heap] = [bytes.uint(8), bytes.uint(8)];
        await this.symbols(tree, await this.heap(heap), links);
      } else if (type === MESSAGE.link) {
        group = true;
        const link = readLink(bytes);
        if (link !== undefined) links.push(link);
      } else if (type === MESSAGE.linkInfo) {
        group = true;
        bytes.skip(1);
        bytes.skip(bytes.uint(1) & 1 ? 8 : 0);
        const [heap, names] = [bytes.uint(8), bytes.uint(8)];
        if (heap >= 0) links.push(...(await this.heapLinks(heap, names)));
      }
    }
    return group ? links : undefined;
  }

  /** Links in a heap, with an index of their names' hashes: by name, as those of old groups are. */
  private async heapLinks(heap: number, names: number): Promise<Link[]> {
    const HASH = 4;
    const found = (await heapObjects(this, heap, names, HASH)).map(readLink);
    return found.filter((link) => link !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  private async heap(address: number): Promise<Cursor> {
    const head = await this.read(address, 32, 'a heap of names');
    head.skip(8);
    const size = head.uint(8);
    head.skip(8);
    return this.read(head.uint(8), size, 'a heap of names');
  }

  private async symbols(tree: number, names: Cursor, into: Link[]): Promise<void> {
    for await (const node of this.leaves(tree, 0, () => 8)) {
      const table = await this.read(node.child, 8, 'a symbol table');
      table.skip(6);
      const count = table.uint(2);
      const entries = await this.read(node.child + 8, count * 40, 'a symbol table');
      for (let k = 0; k < count; k++) {
        const [name, object, cache] = [entries.uint(8), entries.uint(8), entries.uint(4)];
        entries.skip(20);
        names.at = 0;
        names.skip(name);
        const end = names.data.indexOf(0, names.at);
        if (cache !== 2) into.push([names.text((end < 0 ? names.data.length : end) - names.at), object]);
      }
      if (into.length > MAX_LINKS)
        throw new FormatError(this.source.name, `a group has more than ${MAX_LINKS} objects.`);
    }
  }

  /** The leaves of a B-tree of version 1: of symbol tables (type 0) or chunks (type 1). Every node is visited once. */
  async *leaves(
    address: number,
    type: number,
    keySize: () => number,
    seen = new Set<number>(),
  ): AsyncGenerator<{ key: Cursor; child: number }> {
    const file = this.source.name;
    if (seen.has(address)) throw new FormatError(file, 'a B-tree goes round in a circle.');
    seen.add(address);
    const head = await this.read(address, 24, 'a B-tree');
    if (head.text(4) !== 'TREE' || head.uint(1) !== type)
      throw new FormatError(file, `expected a B-tree at offset ${head.where}.`);
    const [level, count] = [head.uint(1), head.uint(2)];
    const size = keySize();
    const body = await this.read(address + 24, count * (size + 8) + (type === 0 ? size : 0), 'a B-tree');
    for (let k = 0; k < count; k++) {
      const key = body.part(size);
      const child = body.uint(8);
      if (level === 0) yield { key, child };
      else yield* this.leaves(child, type, keySize, seen);
    }
  }
}

/** A hard link; undefined for one to a name. */
function readLink(bytes: Cursor): Link | undefined {
  bytes.skip(1);
  const flags = bytes.uint(1);
  const type = flags & 8 ? bytes.uint(1) : 0;
  bytes.skip((flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0));
  const name = bytes.text(bytes.uint(1 << (flags & 3)));
  return type === 0 ? [name, bytes.uint(8)] : undefined;
}
