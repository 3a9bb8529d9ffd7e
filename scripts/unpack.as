// Kernels out of text, for src/kernel/embedded.ts: AssemblyScript, compiled by kernel.mjs. An engine runs this at full
// speed from the first byte on, its own JavaScript only after some ten thousand. The format: embed.mjs.

const FIRST: i32 = 40; // as in embed.mjs
const SINGLE: i32 = 84;

/** The bytes that the text at `from` stands for to `to` .. `end`; `meaning` has the byte of each place. */
export function decode(from: usize, to: usize, end: usize, meaning: usize): void {
  for (; to < end; to++) {
    let k = <i32>load<u8>(from++) - FIRST;
    if (k >= SINGLE) k = SINGLE * (k - SINGLE + 1) + <i32>load<u8>(from++) - FIRST;
    store<u8>(to, load<u8>(meaning + k));
  }
}

let at: usize = 0;

/** LEB128. */
function number(): i32 {
  let value = 0;
  let shift = 0;
  let byte = 0;
  do {
    byte = load<u8>(at++);
    value |= (byte & 127) << shift;
    shift += 7;
  } while (byte > 127);
  return value;
}

/** Applies the patch at `from` to the module at `start`: bytes to insert, and stretches to copy, to `to` .. `end`. */
export function patch(from: usize, start: usize, to: usize, end: usize): void {
  at = from;
  while (to < end) {
    const inserted = number();
    memory.copy(to, at, inserted);
    at += inserted;
    to += inserted;
    const length = number();
    const step = number();
    start += step & 1 ? ~(step >> 1) : step >> 1;
    memory.copy(to, start, length);
    start += length;
    to += length;
  }
}
