// HDF5's attributes, those that stand in an object's header.
// Source: HDF5 File Format Specification 3.0, section IV.A.2.m.
import type { Cursor } from './cursor.js';
import { readSpace } from './dataset.js';
import { readType } from './datatype.js';
import { MESSAGE, type Message } from './file.js';

/** The value of an attribute, and its size; undefined where there is none. */
export function attribute(
  messages: readonly Message[],
  wanted: string,
): { bytes: Cursor; size: number } | undefined {
  for (const { type, bytes } of messages) {
    if (type !== MESSAGE.attribute) continue;
    bytes.at = 0;
    const size = goToValue(bytes, wanted);
    if (size !== undefined) return { bytes, size };
  }
  return undefined;
}

/** Goes to the value of an attribute, if it is the one that is wanted. */
function goToValue(bytes: Cursor, wanted: string): number | undefined {
  const version = bytes.uint(1);
  bytes.skip(1);
  const sizes = [bytes.uint(2), bytes.uint(2), bytes.uint(2)];
  if (version === 3) bytes.skip(1);
  const padded = (n: number) => (version === 1 ? Math.ceil(n / 8) * 8 : n);
  const name = bytes.part(padded(sizes[0])).text(sizes[0]);
  if (name !== wanted) return undefined;
  const { size } = readType(bytes.part(padded(sizes[1])));
  readSpace(bytes.part(padded(sizes[2])));
  return size;
}
