// How the two kernels become one ASCII string that gzip packs as well as the bytes themselves; src/embedded.ts is the
// way back. Measured on 47 kB of baseline kernel, gzip -9: 20.2 kB, and 0.5 kB more for the relaxed one.
//
// 1. The relaxed kernel is a list of places where a multiplication and an addition of the baseline one become a fused
//    multiply-add, pairs of [bytes before the multiplication, bytes between it and the addition], and a patch for what else
//    differs: [n, n bytes to insert, bytes to copy, where from, counted from the end of the last copy]. Numbers are LEB128.
// 2. The bytes of baseline, places and patch are written one character each, the rarer half two: gzip then sees the
//    repetitions of the code, which base64 hides. No character needs an escape, whatever the bundler does.

/** Characters: FIRST .. FIRST + 83 stand for one byte, or come second after one of the three that follow. */
export const FIRST = 40;
export const SINGLE = 84;
const ESCAPED = '\\`';

const SEED = 6; // shorter copies cost more than they save

const MUL = [0xfd, 0xf2, 0x01]; // f64x2.mul
const ADD = [0xfd, 0xf0, 0x01]; // f64x2.add
const MADD = [0xfd, 0x87, 0x02]; // f64x2.relaxed_madd
const LONGEST = 64; // bytes of an addend's expression

const at = (bytes, i, code) => code.every((x, k) => bytes[i + k] === x);

function equal(a, i, b, j, n) {
  for (let k = 0; k < n; k++) if (a[i + k] !== b[j + k]) return false;
  return true;
}

/** An unsigned LEB128 number at from.at, which moves on. */
export function readNumber(bytes, from) {
  let value = 0;
  for (let shift = 0, byte = 128; byte > 127; shift += 7) {
    byte = bytes[from.at++];
    value |= (byte & 127) << shift;
  }
  return value;
}

/** Where the code section begins: section by section, each an id, its size, its bytes. */
export function code(wasm) {
  const from = { at: 8 };
  for (;;) {
    const id = wasm[from.at++];
    const size = readNumber(wasm, from);
    if (id === 10) return from.at;
    from.at += size;
  }
}

/** The nearest places from i and j on where both have the same eight bytes; the ends where there are none. */
function resume(from, i, to, j) {
  for (let d = 1; i + j + d < from.length + to.length; d++) {
    for (let x = Math.max(0, d - to.length + j); x <= Math.min(d, from.length - i); x++) {
      if (equal(from, i + x, to, j + d - x, 8)) return [i + x, j + d - x];
    }
  }
  return [from.length, to.length];
}

/** Where `to` has a fused multiply-add for a multiplication and an addition of `from`, and what `from` is with all of them fused. */
export function makeFusions(from, to) {
  let i = code(from);
  let j = code(to);
  const places = [];
  const fused = [...from.subarray(0, i)];
  let last = 0;
  let count = 0;
  while (i < from.length && j < to.length) {
    if (at(from, i, MUL)) {
      let n = 1;
      while (
        n < LONGEST &&
        !(at(from, i + 3 + n, ADD) && at(to, j + n, MADD) && equal(from, i + 3, to, j, n))
      )
        n++;
      if (n < LONGEST) {
        count++;
        number(places, i - last);
        number(places, n);
        fused.push(...from.subarray(i + 3, i + 3 + n), ...MADD);
        i += n + 6;
        j += n + 3;
        last = i;
        continue;
      }
    }
    if (from[i] !== to[j]) {
      // Something else: on from where both go on alike for a while, the nearest such place.
      const [x, y] = resume(from, i, to, j);
      fused.push(...from.subarray(i, x));
      i = x;
      j = y;
      continue;
    }
    fused.push(from[i++]);
    j++;
  }
  return { places: Buffer.from(places), count, fused: Buffer.from([...fused, ...from.subarray(i)]) };
}

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
 * The bytes as text, and the most frequent of them, which take one character each. The others take two, in ascending order; the first says
 * which SINGLE of them.
 */
export function encode(bytes) {
  const count = new Array(256).fill(0);
  for (const b of bytes) count[b]++;
  const all = [...count.keys()];
  const frequent = all.sort((a, b) => count[b] - count[a]).slice(0, SINGLE - ESCAPED.length);
  const rare = all.filter((b) => !frequent.includes(b)).sort((a, b) => a - b);
  const codes = new Array(256);
  let slot = 0;
  for (const b of [...frequent, ...rare]) {
    while (ESCAPED.includes(character(slot % SINGLE))) slot++;
    const prefix = slot < SINGLE ? '' : character(SINGLE - 1 + Math.floor(slot / SINGLE));
    codes[b] = prefix + character(slot++ % SINGLE);
  }
  return { text: Array.from(bytes, (b) => codes[b]).join(''), frequent: Uint8Array.from(frequent) };
}

const character = (slot) => String.fromCharCode(FIRST + slot);
