// Small codes out of the bytes and words that they are packed into.
// Cost: one pass, a byte written for each code.

/** Two codes a byte, the low nibble first (or the high one), up to `count`. */
export function unpackNibbles(packed: Uint8Array | Int8Array, count: number, highFirst = false): Uint8Array {
  const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.length); // int8 has no sign here
  const out = new Uint8Array(count);
  const even = count & ~1;
  if (highFirst) {
    for (let p = 0, b = 0; p < even; p += 2, b++) {
      out[p] = bytes[b] >> 4;
      out[p + 1] = bytes[b] & 15;
    }
  } else {
    for (let p = 0, b = 0; p < even; p += 2, b++) {
      out[p] = bytes[b] & 15;
      out[p + 1] = bytes[b] >> 4;
    }
  }
  if (even < count) out[even] = highFirst ? bytes[even / 2] >> 4 : bytes[even / 2] & 15;
  return out;
}

/**
 * Codes of 1 to 8 bits along the rows of `lines` x `words` 32-bit words, a stream of bits from the lowest on: `count`
 * codes a row, row-major [lines, count].
 */
export function unpackAlongRows(
  words: Int32Array | Uint32Array,
  lines: number,
  wordsPerLine: number,
  bits: number,
  count: number,
): Uint8Array {
  const out = new Uint8Array(lines * count);
  const mask = (1 << bits) - 1;
  for (let i = 0, p = 0; i < lines; i++) {
    const line = i * wordsPerLine;
    for (let k = 0, at = 0; k < count; k++, at += bits)
      out[p++] = take(words, line + (at >> 5), 1, at & 31, bits) & mask;
  }
  return out;
}

/**
 * The same down the columns of [words, columns] words, turned: `count` codes a column, row-major [columns, count]. In
 * strips of columns, so that reads and writes stay in the cache.
 */
export function unpackDownColumns(
  words: Int32Array | Uint32Array,
  columns: number,
  bits: number,
  count: number,
): Uint8Array {
  const out = new Uint8Array(columns * count);
  const mask = (1 << bits) - 1;
  for (let from = 0; from < columns; from += STRIP) {
    const to = Math.min(columns, from + STRIP);
    for (let k = 0, at = 0; k < count; k++, at += bits) {
      const row = (at >> 5) * columns;
      const shift = at & 31;
      if (shift + bits <= 32) {
        for (let c = from; c < to; c++) out[c * count + k] = (words[row + c] >>> shift) & mask;
      } else {
        for (let c = from; c < to; c++)
          out[c * count + k] = take(words, row + c, columns, shift, bits) & mask;
      }
    }
  }
  return out;
}

const STRIP = 64;

function take(
  words: Int32Array | Uint32Array,
  at: number,
  next: number,
  shift: number,
  bits: number,
): number {
  const low = words[at] >>> shift;
  return shift + bits > 32 ? low | (words[at + next] << (32 - shift)) : low;
}

/** [rows, cols] turned. */
export function turned(values: ArrayLike<number>, rows: number, cols: number): Float64Array {
  const out = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = values[i * cols + j];
  return out;
}
