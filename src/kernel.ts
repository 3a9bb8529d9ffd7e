// Loads the kernel on first use: relaxed SIMD where the engine has it, baseline simd128 elsewhere. Both modules
// are embedded, so nothing is fetched.
import { instantiateSync } from '@assemblyscript/loader';
import baseline from './generated/baseline.js';
import relaxed from './generated/relaxed.js';
import { gather, pull } from './memory.js';

/** The exports of assembly/index.ts; pointers come as signed 32-bit numbers past 2 GiB. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
  reset(): void;
  reserve(bytes: number): number;
  open(at: number, m: number, n: number, single: boolean, byRow: boolean): void;
  scan(): number;
  rank(absolute: number, relative: number, exact: boolean): number;
  ranks(
    out: number,
    base: number,
    count: number,
    m: number,
    n: number,
    single: boolean,
    byRow: boolean,
    absolute: number,
    relative: number,
  ): number;
  lower(): number;
  upper(): number;
  sigma(): number;
  tolerance(): number;
  margin(): number;
  method(): number;
  singularValues(values: number): number;
  qr(transposed: boolean, r: number, permutation: number): void;
  scale(): number;
  spectrum(values: number): number;
  frobenius(): number;
  spectral(): number;
  stable(): number;
  participation(): number;
  triangle(r: number): void;
  choose(transposed: boolean, most: number, share: number): number;
  interpolate(columns: number, right: number): number;
  truncate(most: number, share: number): number;
  truncated(y: number, vt: number, turned: boolean): number;
}

// (module (func (result v128) (f64x2.relaxed_madd (v128.const 0) (v128.const 0) (v128.const 0))))
const PROBE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 135, 2, 11,
);

function choose(): 'relaxed' | 'baseline' {
  const wanted = typeof process === 'object' ? process.env?.MATRIX_RANK_SIMD : undefined;
  return wanted !== 'baseline' && WebAssembly.validate(PROBE) ? 'relaxed' : 'baseline';
}

/**
 * The kernel in use: 'relaxed' (fused multiply-add) or 'baseline' simd128. Both give the same ranks. In Node the
 * environment variable MATRIX_RANK_SIMD=baseline forces the second.
 */
export const simd: 'relaxed' | 'baseline' = choose();

let instance: Kernel | undefined;

function decode(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function outOfMemory(bytes: number): never {
  const gib = (bytes / 2 ** 30).toFixed(1);
  throw new RangeError(
    `matrix-rank: this matrix needs ${gib} GiB of kernel memory, 4 GiB is what WebAssembly can address (or the engine gave less); ` +
      'use RankAccumulator for a tall matrix, or a block of its rows and columns.',
  );
}

/** The instance, made on first use. */
export function kernel(): Kernel {
  if (instance) return instance;
  const bytes = decode(simd === 'relaxed' ? relaxed : baseline);
  const made = instantiateSync(bytes, { host: { pull, gather, outOfMemory } });
  instance = made.exports as unknown as Kernel;
  return instance;
}

/** Lets go of a kernel whose memory, which cannot shrink, has grown past `bytes`; the next call makes another. */
export function trim(bytes: number): void {
  if (instance && instance.memory.buffer.byteLength > bytes) instance = undefined;
}
