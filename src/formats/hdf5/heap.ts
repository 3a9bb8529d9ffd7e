// HDF5's fractal heap: the links of a group that has more of them than its header holds.
// Layout: a header (FRHP); the heap's space is cut into direct blocks (FHDB), of one size in the first two rows of a
// table and twice as large in each row after them; an indirect block (FHIB) has the addresses of those of its rows, and
// of more indirect blocks where direct ones would be too large. An object's id is its offset in the space and its
// length. Source: HDF5 File Format Specification 3.0, section III.G.
import { FormatError } from '../errors.js';
import { bytesFor, nodesOf } from './btree2.js';
import { Cursor, type Hdf5Bytes } from './cursor.js';

const MAX_OBJECTS = 1 << 20;
const MAX_WIDTH = 1 << 12;

/** A direct block: a stretch of the heap's space. */
interface Block {
  offset: number;
  size: number;
  address: number;
}

interface Heap {
  blocks: Block[];
  /** Bytes of an offset and a length in an id. */
  offsetSize: number;
  lengthSize: number;
}

/** The objects of a heap that a B-tree lists, in the order of the heap; `skip`: bytes of a record before the id. */
export async function heapObjects(
  hdf: Hdf5Bytes,
  heap: number,
  tree: number,
  skip: number,
): Promise<Cursor[]> {
  const file = hdf.source.name;
  const { blocks, offsetSize, lengthSize } = await readHeap(hdf, heap);
  const places: { offset: number; length: number }[] = [];
  for await (const { records, count, size } of nodesOf(hdf, tree)) {
    if (places.length + count > MAX_OBJECTS)
      throw new FormatError(file, `a group has more than ${MAX_OBJECTS} objects.`);
    for (let k = 0; k < count; k++) {
      const record = records.part(size);
      record.skip(skip);
      if (record.uint(1) & 0x30)
        throw new FormatError(file, 'a link is too long for its heap; it is not read.');
      places.push({ offset: record.uint(offsetSize), length: record.uint(lengthSize) });
    }
  }
  places.sort((a, b) => a.offset - b.offset);
  const objects: Cursor[] = [];
  let at = 0;
  for (const { offset, length } of places) {
    while (at < blocks.length && blocks[at].offset + blocks[at].size <= offset) at++;
    const block = blocks[at];
    const from = block === undefined ? -1 : offset - block.offset;
    if (from < 0 || from + length > block.size)
      throw new FormatError(file, `the heap at ${heap} has nothing at ${offset}.`);
    const { data, where } = await hdf.read(block.address + from, length, 'an object of a heap');
    objects.push(new Cursor(file, data, where));
  }
  return objects;
}

async function readHeap(hdf: Hdf5Bytes, address: number): Promise<Heap> {
  const file = hdf.source.name;
  const head = await hdf.read(address, 142, 'a heap');
  head.expect('FRHP');
  head.skip(2);
  if (head.uint(2) > 0) throw new FormatError(file, 'a group keeps its names compressed, which is not read.');
  head.skip(1);
  const most = head.uint(4); // bytes of an object
  head.skip(12 * 8);
  const [width, start, largest, bits] = [head.uint(2), head.uint(8), head.uint(8), head.uint(2)];
  head.skip(2);
  const [root, rows] = [head.uint(8), head.uint(2)];
  const whole = [width, start, largest].every((n) => n > 0 && Number.isInteger(Math.log2(n)));
  if (!whole || width > MAX_WIDTH || largest < start || bits > 64 || rows > 64)
    throw new FormatError(file, `the heap at ${address} is damaged.`);
  const blocks: Block[] = [];
  if (root >= 0) {
    if (rows === 0) blocks.push({ offset: 0, size: start, address: root });
    else await indirect(hdf, { width, start, largest, bits }, root, rows, 0, blocks);
  }
  blocks.sort((a, b) => a.offset - b.offset);
  return {
    blocks,
    offsetSize: Math.ceil(bits / 8),
    lengthSize: Math.min(bytesFor(largest), bytesFor(most)),
  };
}

interface Table {
  width: number;
  start: number;
  largest: number;
  bits: number;
}

/** The direct blocks of an indirect one, whose space begins at `offset`. */
async function indirect(
  hdf: Hdf5Bytes,
  table: Table,
  address: number,
  rows: number,
  offset: number,
  into: Block[],
  seen = new Set<number>(),
): Promise<void> {
  if (seen.has(address)) throw new FormatError(hdf.source.name, 'a heap goes round in a circle.');
  seen.add(address);
  const { width, start, largest, bits } = table;
  const prefix = 13 + Math.ceil(bits / 8);
  const block = await hdf.read(address, prefix + rows * width * 8, 'a heap');
  block.expect('FHIB');
  block.skip(prefix - 5);
  for (let row = 0; row < rows; row++) {
    const size = start * 2 ** Math.max(0, row - 1);
    for (let k = 0; k < width; k++, offset += size) {
      const child = block.uint(8);
      if (child < 0) continue;
      if (size <= largest) into.push({ offset, size, address: child });
      else {
        const below = Math.log2(size / (start * width)) + 1;
        await indirect(hdf, table, child, Math.max(1, below), offset, into, seen);
      }
    }
  }
}
