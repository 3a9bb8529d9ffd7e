// Zip archives, the container of .npz and of PyTorch checkpoints: the directory at the end, then entries on demand.
// An entry is a ByteSource: stored ones are read in place, deflated ones as a stream that only goes forward (going back
// starts over), so that memory holds what the caller asked for and one chunk.
// Source: PKWARE APPNOTE.TXT 6.3; zip64 records included. Encryption, other methods and split archives are refused.
import { crc32 } from '../../shared/crc32.js';
import { textDecoder } from '../../shared/text.js';
import { Inflate } from '../../vendor/fflate.js';
import { FormatError, quote } from '../errors.js';
import type { ReadOptions } from '../types.js';
import { type ByteSource, checkRange, sliceSource } from './source.js';

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const CHUNK = 1 << 15;
/** Deflate cannot do better than 1032 to 1 (zlib, "Maximum Compression Factor"). */
const MAX_RATIO = 1032;
const MAX_DIRECTORY = 1 << 28;
/** Chunks that may pass without output: a stored block of 64 KiB needs three. */
const MAX_IDLE = 4;

export interface ZipEntry {
  name: string;
  method: number;
  crc: number;
  flags: number;
  /** Bytes in the archive, and after inflation. */
  stored: number;
  size: number;
  /** Where the local header begins. */
  offset: number;
  /** Why the entry cannot be read. */
  problem?: string;
}

/** The directory of an archive. */
export async function readZip(source: ByteSource): Promise<ZipEntry[]> {
  const { offset, size, count } = await findDirectory(source);
  if (size > MAX_DIRECTORY) throw new FormatError(source.name, `the zip directory claims ${size} bytes.`);
  checkRange(source.name, source.size, offset, size, 'the zip directory');
  const bytes = await source.read(offset, size);
  const view = new DataView(bytes.buffer);
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count; ) {
    const where = `entry ${entries.length} of the zip directory at offset ${offset + at}`;
    if (at + 46 > size || view.getUint32(at, true) !== CENTRAL) {
      throw new FormatError(source.name, `expected ${where}, of ${count}.`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((k) => view.getUint16(at + k, true));
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > size) throw new FormatError(source.name, `${where} runs past the directory's end.`);
    const entry: ZipEntry = {
      name: textDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      stored: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    widen(entry, view, at + 46 + nameLength, extraLength);
    entries.push(entry);
    at = next;
  }
  judge(entries, offset);
  return entries;
}

async function findDirectory(source: ByteSource): Promise<{ offset: number; size: number; count: number }> {
  const length = Math.min(source.size, 22 + 65535);
  const base = source.size - length;
  const bytes = await source.read(base, length);
  const view = new DataView(bytes.buffer);
  for (let at = length - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== END || at + 22 + view.getUint16(at + 20, true) > length) continue;
    const [count, size, offset] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 12, true),
      view.getUint32(at + 16, true),
    ];
    if (at < 20 || view.getUint32(at - 20, true) !== LOCATOR64) return { offset, size, count };
    const end64 = Number(view.getBigUint64(at - 12, true));
    checkRange(source.name, source.size, end64, 56, 'the zip64 record');
    const record = new DataView((await source.read(end64, 56)).buffer);
    if (record.getUint32(0, true) !== END64) {
      throw new FormatError(source.name, `expected the zip64 record at offset ${end64}.`);
    }
    const [count64, size64, offset64] = [32, 40, 48].map((k) => Number(record.getBigUint64(k, true)));
    return { offset: offset64, size: size64, count: count64 };
  }
  throw new FormatError(source.name, 'the zip directory is missing at the end; the file may be cut.');
}

/** The zip64 extra field holds, in this order, what did not fit into 32 bits. */
function widen(entry: ZipEntry, view: DataView, start: number, length: number) {
  for (let at = start; at + 4 <= start + length; ) {
    const id = view.getUint16(at, true);
    const end = at + 4 + view.getUint16(at + 2, true);
    if (id === 1) {
      let k = at + 4;
      for (const key of ['size', 'stored', 'offset'] as const) {
        if (entry[key] !== 0xffffffff || k + 8 > Math.min(end, start + length)) continue;
        entry[key] = Number(view.getBigUint64(k, true));
        k += 8;
      }
    }
    at = end;
  }
}

/** Marks what must not be read: entries of one name, and entries that share bytes (the trick of a zip bomb). */
function judge(entries: ZipEntry[], directory: number) {
  const names = new Map<string, ZipEntry>();
  for (const entry of entries) {
    const twin = names.get(entry.name);
    if (twin !== undefined) twin.problem = entry.problem = 'is there more than once';
    names.set(entry.name, entry);
    if (entry.flags & 1) entry.problem = 'is encrypted';
    else if (entry.method !== 0 && entry.method !== 8)
      entry.problem = `uses compression method ${entry.method}`;
    else if (entry.method === 0 && entry.stored !== entry.size) {
      entry.problem = `is stored in ${entry.stored} bytes but claims ${entry.size}`;
    }
  }
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  sorted.forEach((entry, i) => {
    const end = entry.offset + 30 + entry.stored;
    const next = sorted[i + 1];
    if (end > directory) {
      entry.problem ??= `claims ${entry.stored} bytes at offset ${entry.offset}, past the data's end`;
    } else if (next !== undefined && end > next.offset) entry.problem ??= `overlaps ${quote(next.name)}`;
  });
}

/** An entry's bytes. Nothing is allocated before its sizes have been found believable. */
export async function openEntry(
  source: ByteSource,
  entry: ZipEntry,
  options: ReadOptions = {},
): Promise<ByteSource> {
  const file = source.name;
  const what = `zip entry ${quote(entry.name)}`;
  if (entry.problem !== undefined) throw new FormatError(file, `${what} ${entry.problem}.`);
  const limit = options.maxBytes ?? 2 ** 32;
  if (entry.size > limit)
    throw new FormatError(file, `${what} claims ${entry.size} bytes, more than maxBytes (${limit}).`);
  if (entry.method === 8 && entry.size > MAX_RATIO * (entry.stored + 1)) {
    throw new FormatError(
      file,
      `${what} claims ${entry.size} bytes from ${entry.stored}, more than deflate can.`,
    );
  }
  checkRange(file, source.size, entry.offset, 30, what);
  const head = new DataView((await source.read(entry.offset, 30)).buffer);
  if (head.getUint32(0, true) !== LOCAL) {
    throw new FormatError(file, `expected the header of ${what} at offset ${entry.offset}.`);
  }
  const nameLength = head.getUint16(26, true);
  checkRange(file, source.size, entry.offset + 30, nameLength, what);
  const name = textDecoder().decode(await source.read(entry.offset + 30, nameLength));
  if (name !== entry.name)
    throw new FormatError(file, `${what} is named ${quote(name)} at offset ${entry.offset}.`);
  const start = entry.offset + 30 + nameLength + head.getUint16(28, true);
  checkRange(file, source.size, start, entry.stored, what);
  const data = sliceSource(source, start, entry.stored, `${file}/${entry.name}`);
  return entry.method === 0 ? data : inflateSource(data, entry.size);
}

/** The `size` bytes that deflated data becomes, read front to back. */
export const inflateSource = (data: ByteSource, size: number): ByteSource => new InflateSource(data, size);

class InflateSource implements ByteSource {
  readonly name: string;
  private queue: Uint8Array[] = [];
  /** Where the queue begins, what has been inflated, and what of the archive has been used. */
  private from = 0;
  private to = 0;
  private used = 0;
  /** Chunks since the last output. */
  private idle = 0;
  private inflate?: Inflate;

  constructor(
    private readonly data: ByteSource,
    readonly size: number,
  ) {
    this.name = data.name;
  }

  private restart() {
    this.queue = [];
    this.from = this.to = this.used = this.idle = 0;
    this.inflate = new Inflate((chunk) => {
      if (chunk.length === 0) return;
      this.idle = 0;
      this.to += chunk.length;
      if (this.to > this.size)
        throw new FormatError(this.name, `inflates to more than the ${this.size} bytes it claims.`);
      this.queue.push(chunk);
    });
  }

  private async more() {
    if (this.used >= this.data.size) {
      throw new FormatError(this.name, `inflates to ${this.to} bytes, it claims ${this.size}.`);
    }
    // After its last block a stream gives nothing more, whatever follows it.
    if (this.idle++ > MAX_IDLE)
      throw new FormatError(this.name, `ends before offset ${this.used} of its data.`);
    const chunk = await this.data.read(this.used, Math.min(CHUNK, this.data.size - this.used));
    this.used += chunk.length;
    try {
      (this.inflate as Inflate).push(chunk, this.used >= this.data.size);
    } catch (error) {
      if (error instanceof FormatError) throw error;
      const detail = `deflated data is damaged before offset ${this.used} (${(error as Error).message})`;
      throw new FormatError(this.name, `${detail}.`, { cause: error });
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this.name, this.size, offset, length);
    if (this.inflate === undefined || offset < this.from) this.restart();
    const out = new Uint8Array(length);
    const end = offset + length;
    for (let at = offset; at < end; ) {
      while (this.queue.length > 0 && this.from + this.queue[0].length <= at) {
        this.from += (this.queue.shift() as Uint8Array).length;
      }
      if (this.queue.length === 0) {
        await this.more();
        continue;
      }
      const chunk = this.queue[0].subarray(at - this.from, end - this.from);
      out.set(chunk, at - offset);
      at += chunk.length;
    }
    while (end === this.size && this.used < this.data.size) await this.more(); // it must end where it says
    return out;
  }

  sibling(name: string) {
    return this.data.sibling(name);
  }
  async close() {}
}

/** The same bytes, their CRC-32 compared when the last of them has been read, front to back. */
export function withCrc(source: ByteSource, expected: number): ByteSource {
  let done = 0;
  let crc = 0;
  return {
    name: source.name,
    size: source.size,
    async read(offset, length) {
      const bytes = await source.read(offset, length);
      if (offset <= done && offset + length > done) {
        crc = crc32(bytes.subarray(done - offset), crc);
        done = offset + length;
        if (done === source.size && crc !== expected) {
          throw new FormatError(source.name, 'is damaged: its CRC-32 is not the one in the zip directory.');
        }
      }
      return bytes;
    },
    sibling: (name) => source.sibling(name),
    close: () => source.close(),
  };
}
