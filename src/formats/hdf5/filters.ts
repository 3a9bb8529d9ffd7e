// What HDF5 does to a chunk before it is stored: shuffled bytes, deflate, LZF, a checksum. Undone here, the last first.
// Source: HDF5 File Format Specification 3.0, section IV.A.2.l; liblzf's format; h5py's filter 32000.
import type { FormatError } from '../errors.js';
import { inflateSource } from '../source/zip.js';
import type { Cursor } from './cursor.js';

type Fail = (detail: string) => FormatError;

const [DEFLATE, SHUFFLE, FLETCHER, LZF] = [1, 2, 3, 32000];
/** Filters that are known by name only. */
const NAMES: Readonly<Record<number, string>> = {
  ...{ 4: 'szip', 5: 'n-bit', 6: 'scale-offset', 307: 'bzip2', 32001: 'Blosc', 32004: 'LZ4' },
  ...{ 32008: 'bitshuffle', 32013: 'ZFP', 32015: 'Zstandard', 32026: 'Blosc2' },
};

/** The filters of a message, by their numbers, in the order in which they were applied. */
export function readFilters(bytes: Cursor | undefined): number[] {
  if (bytes === undefined) return [];
  const [version, count] = [bytes.uint(1), bytes.uint(1)];
  if (version === 1) bytes.skip(6);
  return Array.from({ length: count }, () => {
    const id = bytes.uint(2);
    const named = version === 1 || id >= 256 ? bytes.uint(2) : 0;
    bytes.skip(2);
    const values = bytes.uint(2);
    bytes.skip(version === 1 ? Math.ceil(named / 8) * 8 : named);
    bytes.skip(4 * values + (version === 1 && values % 2 === 1 ? 4 : 0));
    return id;
  });
}

/** A chunk of `bytes` bytes, elements of `size`; bit k of `mask`: filter k was left out. */
export async function unfilter(
  data: Uint8Array,
  filters: readonly number[],
  mask: number,
  bytes: number,
  size: number,
  fail: Fail,
): Promise<Uint8Array> {
  const applied = filters.filter((_, k) => !(mask & (1 << k)));
  for (let k = applied.length - 1; k >= 0; k--) {
    const id = applied[k];
    const most = bytes + 4 * applied.slice(0, k).filter((before) => before === FLETCHER).length;
    if (id === FLETCHER) data = checked(data, fail);
    else if (id === SHUFFLE) data = unshuffled(data, size);
    else if (id === DEFLATE) data = await inflated(data, most);
    else if (id === LZF) data = unlzf(data, most, fail);
    else
      throw fail(
        `is compressed with ${NAMES[id] ?? `filter ${id}`}, not read; h5repack -f GZIP=4 rewrites it`,
      );
  }
  if (data.length !== bytes) throw fail(`has a chunk of ${data.length} bytes, ${bytes} belong there`);
  return data;
}

/** A zlib stream: two bytes, deflated data, a checksum. */
async function inflated(data: Uint8Array, size: number): Promise<Uint8Array> {
  const body = data.subarray(2, Math.max(2, data.length - 4));
  const from = {
    name: 'a chunk',
    size: body.length,
    read: async (at: number, length: number) => body.slice(at, at + length),
    sibling: () => Promise.reject(new Error('a chunk has nothing beside it')),
    close: async () => {},
  };
  return inflateSource(from, size).read(0, size);
}

/** Fletcher's checksum, of words of 16 bits with the high byte first, stands at the end. */
function checked(data: Uint8Array, fail: Fail): Uint8Array {
  const length = Math.max(0, data.length - 4);
  let [low, high] = [0, 0];
  for (let i = 0; i < length; i += 2) {
    low = (low + data[i] * 256 + (i + 1 < length ? data[i + 1] : 0)) % 65535;
    high = (high + low) % 65535;
  }
  const stored = [0, 1, 2, 3].map((k) => data[length + k] ?? 0);
  const [a, b] = [stored[0] + 256 * stored[1], stored[2] + 256 * stored[3]];
  // 0 and 65535 are the same remainder.
  if (a % 65535 !== low || b % 65535 !== high) throw fail('has a chunk whose checksum is not its own');
  return data.subarray(0, length);
}

function unshuffled(data: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(data.length / size);
  const out = data.slice(); // what does not fill an element stays where it is
  for (let byte = 0; byte < size; byte++) {
    for (let i = 0; i < count; i++) out[i * size + byte] = data[byte * count + i];
  }
  return out;
}

/** Runs of bytes as they are (below 32: so many and one), and copies of what came before. */
function unlzf(data: Uint8Array, size: number, fail: Fail): Uint8Array {
  const out = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at < data.length; ) {
    const control = data[at++];
    if (control < 32) {
      const run = data.subarray(at, at + control + 1);
      if (run.length <= control || to + run.length > size) throw fail('has a damaged chunk');
      out.set(run, to);
      at += run.length;
      to += run.length;
      continue;
    }
    let length = (control >> 5) + 2;
    if (length === 9) length += data[at++] ?? 0;
    let from = to - 1 - (((control & 31) << 8) | (data[at++] ?? 0));
    if (from < 0 || to + length > size) throw fail('has a damaged chunk');
    for (; length > 0; length--) out[to++] = out[from++]; // it may run into itself
  }
  return out.subarray(0, to);
}
