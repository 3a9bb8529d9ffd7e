// The kernels out of the string that scripts/embed.mjs made of them: text to bytes, and for the relaxed build the multiply-adds of the
// baseline one fused, and a patch for the rest. Under a millisecond.
import { baselineSize, frequent, patchSize, placesSize, relaxedSize, text } from './generated/kernel.js';

const FIRST = 40; // as in scripts/embed.mjs
const SINGLE = 84;
const UNUSED = [52, 56]; // characters that would need an escape, counted from FIRST
const MADD = [0xfd, 0x87, 0x02]; // f64x2.relaxed_madd; f64x2.mul and f64x2.add are as long

/** The kernel as a WebAssembly binary. */
export function embedded(build: 'relaxed' | 'baseline'): Uint8Array<ArrayBuffer> {
  const bytes = decode(baselineSize + placesSize + patchSize);
  const baseline = bytes.slice(0, baselineSize);
  if (build === 'baseline') return baseline;
  const patch = baselineSize + placesSize;
  return patched(fused(baseline, bytes.subarray(baselineSize, patch)), bytes.subarray(patch), relaxedSize);
}

/** Reads numbers and stretches of bytes, one after the other. */
function reader(bytes: Uint8Array) {
  let at = 0;
  return {
    more: () => at < bytes.length,
    number() {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++];
        value |= (byte & 127) << shift;
        if (byte < 128) return value;
      }
    },
    take(n = bytes.length - at) {
      at += n;
      return bytes.subarray(at - n, at);
    },
  };
}

function decode(size: number): Uint8Array<ArrayBuffer> {
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

/** Multiplications and additions fused at the places listed. */
function fused(from: Uint8Array, places: Uint8Array): Uint8Array {
  const out = new Uint8Array(from.length);
  const old = reader(from);
  const { more, number } = reader(places);
  let end = 0;
  const put = (bytes: ArrayLike<number>) => {
    out.set(bytes, end);
    end += bytes.length;
  };
  while (more()) {
    put(old.take(number()));
    old.take(MADD.length);
    put(old.take(number()));
    old.take(MADD.length);
    put(MADD);
  }
  put(old.take());
  return out;
}

/** What a patch makes of `from`: bytes to insert, and stretches to copy. */
function patched(from: Uint8Array, patch: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  const { take, number } = reader(patch);
  let start = 0;
  for (let end = 0; end < size; ) {
    const inserted = take(number());
    out.set(inserted, end);
    end += inserted.length;
    const length = number();
    const step = number();
    start += step & 1 ? ~(step >> 1) : step >> 1;
    out.set(from.subarray(start, start + length), end);
    start += length;
    end += length;
  }
  return out;
}
