// The kernels out of the string that scripts/embed.mjs made of them: text to bytes, and for the relaxed build a patch
// of the baseline one. A WebAssembly module of half a kilobyte does it (scripts/unpack.as), in a fraction of a
// millisecond, where JavaScript that has never run before takes five.
import { baselineSize, meaning, relaxedSize, size, text, unpack } from './generated/kernel.js';

/** Where in the memory of that module the table of bytes stands; behind it the text, and then what becomes of it. */
const TABLE = 1024;

interface Unpack {
  readonly memory: WebAssembly.Memory;
  decode(from: number, to: number, end: number, meaning: number): void;
  patch(from: number, start: number, to: number, end: number): void;
}

/** The kernel as a WebAssembly binary. */
export function embedded(build: 'relaxed' | 'baseline'): Uint8Array<ArrayBuffer> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fromBase64(unpack)));
  const { memory, decode, patch } = exports as unknown as Unpack;
  const from = 2 * TABLE;
  const baseline = from + text.length;
  const relaxed = baseline + size;
  memory.grow(Math.ceil((relaxed + relaxedSize) / 65536));
  const bytes = new Uint8Array(memory.buffer as ArrayBuffer);
  bytes.set(fromBase64(meaning), TABLE);
  write(bytes.subarray(from, baseline));
  decode(from, baseline, relaxed, TABLE);
  if (build === 'baseline') return bytes.slice(baseline, baseline + baselineSize);
  patch(baseline + baselineSize, baseline, relaxed, relaxed + relaxedSize);
  return bytes.slice(relaxed, relaxed + relaxedSize);
}

function fromBase64(from: string): Uint8Array<ArrayBuffer> {
  const characters = atob(from);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** The text, which is ASCII. */
function write(to: Uint8Array): void {
  // jsdom has no TextEncoder.
  if (typeof TextEncoder === 'function') new TextEncoder().encodeInto(text, to);
  else for (let i = 0; i < to.length; i++) to[i] = text.charCodeAt(i);
}
