// Small reads side by side share a call: a block is kept and refilled.
import { type ByteSource, checkRange } from './source.js';

const BLOCK = 1 << 20; // a small read fetches this much, so that neighbours cost no further call
const SMALL = 1 << 18;

/** Fills `into` with the bytes from `offset` on. */
export type ReadInto = (offset: number, into: Uint8Array) => Promise<void>;

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
