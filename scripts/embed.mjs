// How the two kernels become one ASCII string that gzip packs as well as the bytes themselves; src/embedded.ts is the
// way back. Measured on 38 kB of baseline kernel, gzip -9, for both: base64 41.5 kB, JavaScript strings of bytes
// 17.6 kB (19.9 kB where a bundler escapes them), this 16.9 kB.
//
// 1. The relaxed kernel is a patch of the baseline one: they differ only at multiply-adds. A patch is a series of
//    [n, n bytes to insert, bytes to copy, where from, counted from the end of the last copy], numbers as LEB128.
// 2. The bytes of baseline and patch are written one character each, the rarer half two: gzip then sees the
//    repetitions of the code, which base64 hides. No character needs an escape, whatever the bundler does.

/** Characters: FIRST .. FIRST + 83 stand for one byte, or come second after one of the three that follow. */
export const FIRST = 40;
export const SINGLE = 84;
const PREFIXES = 3;
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

/** The bytes as text, and the table that reads it: table[character - FIRST], or table[SINGLE * (prefix + 1) + second]. */
export function encode(bytes) {
  const count = new Array(256).fill(0);
  for (const b of bytes) count[b]++;
  const byFrequency = [...count.keys()].sort((a, b) => count[b] - count[a]);
  const table = new Uint8Array(SINGLE * (1 + PREFIXES));
  const codes = new Array(256);
  let next = 0;
  for (let slot = 0; next < 256; slot++) {
    const code = String.fromCharCode(FIRST + (slot % SINGLE));
    if (ESCAPED.includes(code)) continue;
    const prefix = slot < SINGLE ? '' : String.fromCharCode(FIRST + SINGLE - 1 + Math.floor(slot / SINGLE));
    table[slot] = byFrequency[next];
    codes[byFrequency[next++]] = prefix + code;
  }
  return { text: Array.from(bytes, (b) => codes[b]).join(''), table };
}
