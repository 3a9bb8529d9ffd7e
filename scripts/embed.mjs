// How the two kernels become one ASCII string that gzip packs as well as the bytes themselves; src/kernel/embedded.ts
// and unpack.as are the way back. Measured on 47 kB of baseline kernel, gzip -9: 20.2 kB, and 0.5 kB more for the
// relaxed one.
//
// 1. The relaxed kernel is a patch of the baseline one: [n, n bytes to insert, bytes to copy,
//   where from, counted from the end
//    of the last copy]. Numbers are LEB128.
// 2. The bytes of baseline and patch are written one character each, the rarer half two: gzip then sees the
//    repetitions of the code, which base64 hides. No character needs an escape, whatever the bundler does.

/** Characters: FIRST .. FIRST + 83 stand for one byte, or come second after one of the three that follow. */
export const FIRST = 40;
export const SINGLE = 84;
const ESCAPED = '\\`';

const SEED = 6; // shorter copies cost more than they save

/** The patch that makes `to` of `from`. */
export function makePatch(from, to) {
  const places = new Map(); // the next SEED bytes -> where they stand in `from`
  const key = (bytes, at) => bytes.toString('latin1', at, at + SEED);
  for (let i = 0; i + SEED <= from.length; i++) {
    const k = key(from, i);
    if (places.has(k)) places.get(k).push(i);
    else places.set(k, [i]);
  }
  const patch = [];
  let inserted = [];
  let last = 0;
  const copy = (start, length) => {
    number(patch, inserted.length);
    patch.push(...inserted);
    number(patch, length);
    const step = start - last;
    number(patch, step < 0 ? -2 * step - 1 : 2 * step);
    inserted = [];
    last = start + length;
  };
  for (let at = 0; at < to.length; ) {
    const best = { start: 0, length: 0, gain: SEED - 2 };
    for (const start of places.get(key(to, at)) ?? []) {
      let length = 0;
      while (at + length < to.length && to[at + length] === from[start + length]) length++;
      const gain = length - (Math.abs(start - last) < 64 ? 1 : 2); // bytes that the place takes
      if (gain > best.gain) Object.assign(best, { start, length, gain });
    }
    if (best.length === 0) inserted.push(to[at++]);
    else copy(best.start, best.length);
    at += best.length;
  }
  copy(last, 0);
  return Buffer.from(patch);
}

function number(out, value) {
  for (; value > 127; value >>>= 7) out.push((value & 127) | 128);
  out.push(value);
}

/**
 * The bytes as text, and the byte that each place stands for. The most frequent ones take one character each, the
 * others two, in ascending order; the first says which SINGLE of them.
 */
export function encode(bytes) {
  const count = new Array(256).fill(0);
  for (const b of bytes) count[b]++;
  const all = [...count.keys()];
  const frequent = all.sort((a, b) => count[b] - count[a]).slice(0, SINGLE - ESCAPED.length);
  const rare = all.filter((b) => !frequent.includes(b)).sort((a, b) => a - b);
  const codes = new Array(256);
  const meaning = [];
  for (const b of [...frequent, ...rare]) {
    while (ESCAPED.includes(character(meaning.length % SINGLE))) meaning.push(0);
    const slot = meaning.length;
    const prefix = slot < SINGLE ? '' : character(SINGLE - 1 + Math.floor(slot / SINGLE));
    codes[b] = prefix + character(slot % SINGLE);
    meaning.push(b);
  }
  return { text: Array.from(bytes, (b) => codes[b]).join(''), meaning: Uint8Array.from(meaning) };
}

const character = (slot) => String.fromCharCode(FIRST + slot);
