// The kernels out of the string that scripts/embed.mjs made of them: text to bytes, and for the
// relaxed build a patch of the baseline one. Under a millisecond.
import { baselineSize, frequent, relaxedSize, size, text } from './generated/kernel.js';

const FIRST = 40; // as in scripts/embed.mjs
const SINGLE = 84;
const UNUSED = [52, 56]; // characters that would need an escape, counted from FIRST

/** The kernel as a WebAssembly binary. */
export function embedded(build: 'relaxed' | 'baseline'): Uint8Array<ArrayBuffer> {
  const bytes = decode();
  const baseline = bytes.slice(0, baselineSize);
  if (build === 'baseline') return baseline;
  let at = baselineSize;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };

  // The patch: bytes to insert, and stretches to copy.
  const out = new Uint8Array(relaxedSize);
  let start = 0;
  for (let end = 0; end < relaxedSize; ) {
    const n = number();
    out.set(bytes.subarray(at, at + n), end);
    at += n;
    end += n;
    const length = number();
    const step = number();
    start += step & 1 ? ~(step >> 1) : step >> 1;
    out.set(baseline.subarray(start, start + length), end);
    start += length;
    end += length;
  }
  return out;
}

function decode(): Uint8Array {
  const meaning: number[] = [];
  const add = (byte: number) => {
    while (UNUSED.includes(meaning.length % SINGLE)) meaning.push(-1);
    meaning.push(byte);
  };
  for (const c of atob(frequent)) add(c.charCodeAt(0));
  for (let byte = 0; byte < 256; byte++) if (!meaning.includes(byte)) add(byte);
  const bytes = new Uint8Array(size);
  for (let i = 0, at = 0; i < size; i++) {
    let k = text.charCodeAt(at++) - FIRST;
    if (k >= SINGLE) k = SINGLE * (k - SINGLE + 1) + text.charCodeAt(at++) - FIRST;
    bytes[i] = meaning[k];
  }
  return bytes;
}
