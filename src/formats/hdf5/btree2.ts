// HDF5's B-tree of version 2: records of one size, in nodes of one size.
// Layout: a header (BTHD); internal nodes (BTIN) with their records, then an address for each child with the records in
// it, and below it where there are more levels, in as few bytes as the largest such number needs; leaves (BTLF).
// Source: HDF5 File Format Specification 3.0, section III.A.2.
import { FormatError } from '../errors.js';
import type { Cursor, Hdf5Bytes } from './cursor.js';

const MAX_DEPTH = 16;
/** A node's signature, version, type and checksum. */
const FRAME = 10;

/** Bytes that a number up to `most` takes. */
export const bytesFor = (most: number) => Math.floor(Math.log2(Math.max(1, most)) / 8) + 1;

export interface Node {
  /** The kind of records: 5 links by name, 10 chunks, 11 chunks with filters, ... */
  type: number;
  /** `count` records of `size` bytes. */
  records: Cursor;
  count: number;
  size: number;
}

/** The nodes of a tree, each once. */
export async function* nodesOf(hdf: Hdf5Bytes, address: number): AsyncGenerator<Node> {
  const file = hdf.source.name;
  const head = await hdf.read(address, 34, 'a B-tree');
  head.expect('BTHD');
  const [type, nodeSize, size, depth] = [head.uint(1), head.uint(4), head.uint(2), head.uint(2)];
  head.skip(2);
  const [root, count] = [head.uint(8), head.uint(2)];
  if (depth > MAX_DEPTH || size === 0) throw new FormatError(file, `the B-tree at ${address} is damaged.`);
  const pointers = pointerSizes(nodeSize, size, depth);
  const seen = new Set<number>();
  if (root >= 0) yield* visit(root, count, depth);

  async function* visit(at: number, count: number, depth: number): AsyncGenerator<Node> {
    if (seen.has(at)) throw new FormatError(file, 'a B-tree goes round in a circle.');
    seen.add(at);
    const { pointer, records: few } = pointers[depth];
    const children = depth > 0 ? count + 1 : 0;
    const node = await hdf.read(at, 6 + count * size + children * pointer, 'a B-tree');
    node.expect(depth > 0 ? 'BTIN' : 'BTLF');
    node.skip(1);
    yield { type, records: node.part(count * size), count, size };
    for (let k = 0; k < children; k++) {
      const [child, records] = [node.uint(8), node.uint(few)];
      node.skip(pointer - 8 - few);
      yield* visit(child, records, depth - 1);
    }
  }
}

/** Bytes of a pointer to a child at each depth, and of the number of its records in it. */
function pointerSizes(nodeSize: number, size: number, depth: number) {
  let most = Math.floor((nodeSize - FRAME) / size); // records of a node
  let below = most; // and of all under it
  const records = bytesFor(most);
  const sizes = [{ pointer: 0, records }];
  for (let level = 1; level <= depth; level++) {
    const pointer = 8 + records + (level > 1 ? bytesFor(below) : 0);
    sizes.push({ pointer, records });
    most = Math.floor((nodeSize - FRAME - pointer) / (size + pointer));
    below = (most + 1) * below + most;
  }
  return sizes;
}
