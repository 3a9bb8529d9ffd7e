// The kernels out of the string that scripts/embed.mjs made of them: text to bytes, and for the relaxed build the patch
// applied to the baseline one. Under a millisecond.
import { baselineSize, patchSize, relaxedSize, table, text } from './generated/kernel.js';

const FIRST = 40; // as in scripts/embed.mjs
const SINGLE = 84;

/** The kernel as a WebAssembly binary. */
export function embedded(build: 'relaxed' | 'baseline'): Uint8Array<ArrayBuffer> {
  const bytes = decode(baselineSize + patchSize);
  const baseline = bytes.slice(0, baselineSize);
  return build === 'baseline' ? baseline : patched(baseline, bytes.subarray(baselineSize), relaxedSize);
}

function decode(size: number): Uint8Array<ArrayBuffer> {
  const meaning = atob(table);
  const bytes = new Uint8Array(size);
  for (let i = 0, at = 0; i < size; i++) {
    let k = text.charCodeAt(at++) - FIRST;
    if (k >= SINGLE) k = SINGLE * (k - SINGLE + 1) + text.charCodeAt(at++) - FIRST;
    bytes[i] = meaning.charCodeAt(k);
  }
  return bytes;
}

/** What a patch makes of `from`: bytes to insert, and stretches to copy. */
function patched(from: Uint8Array, patch: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = patch[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  let start = 0;
  for (let end = 0; end < size; ) {
    const inserted = number();
    out.set(patch.subarray(at, at + inserted), end);
    at += inserted;
    end += inserted;
    const length = number();
    const step = number();
    start += step & 1 ? ~(step >> 1) : step >> 1;
    out.set(from.subarray(start, start + length), end);
    start += length;
    end += length;
  }
  return out;
}
