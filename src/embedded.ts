// The kernels out of the string that scripts/embed.mjs made of them: text to bytes, and for the relaxed build the multiply-adds of the
// baseline one fused, and a patch for the rest. Under a millisecond.
import { baselineSize, frequent, fusions, relaxedSize, size, text } from './generated/kernel.js';

const FIRST = 40; // as in scripts/embed.mjs
const SINGLE = 84;
const UNUSED = [52, 56]; // characters that would need an escape, counted from FIRST
const MADD = [0xfd, 0x87, 0x02]; // f64x2.relaxed_madd; f64x2.mul and f64x2.add are as long

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

  // Multiplications and additions fused at the places listed.
  const fused = new Uint8Array(baselineSize);
  let from = 0;
  let end = 0;
  const copy = (n: number) => {
    fused.set(baseline.subarray(from, from + n), end);
    from += n;
    end += n;
  };
  for (let i = 0; i < fusions; i++) {
    copy(number());
    from += MADD.length;
    copy(number());
    from += MADD.length;
    fused.set(MADD, end);
    end += MADD.length;
  }
  copy(baselineSize - from);

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
    out.set(fused.subarray(start, start + length), end);
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
