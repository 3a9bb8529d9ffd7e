// Loads the kernel on first use: relaxed SIMD where the engine has it, baseline simd128 elsewhere. Both modules
// are embedded, so nothing is fetched; init.ts is for those who want to fetch.
// biome-ignore assist/source/organizeImports: the text of the kernel first, as in index.ts
import { embedded } from './embedded.js';
import { instantiateSync } from '@assemblyscript/loader';
import { attach, gather, pull } from './host.js';

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

// (module (func (result v128) (f64x2.relaxed_madd (splat 0) (splat 0) (splat 0))))
const PROBE = 'AGFzbQEAAAABBQFgAAF7AwIBAAoTAREAQQD9D0EA/Q9BAP0P/YcCCw==';

function choose(): 'relaxed' | 'baseline' {
  const wanted = typeof process === 'object' ? process.env?.MATRIX_RANK_SIMD : undefined;
  const probe = Uint8Array.from(atob(PROBE), (c) => c.charCodeAt(0));
  const able = typeof WebAssembly === 'object' && WebAssembly.validate(probe);
  return wanted !== 'baseline' && able ? 'relaxed' : 'baseline';
}

/**
 * The kernel in use: 'relaxed' (fused multiply-add) or 'baseline' simd128. Both give the same ranks. In Node the
 * environment variable MATRIX_RANK_SIMD=baseline forces the second.
 */
export let simd: 'relaxed' | 'baseline' = /* @__PURE__ */ choose();

let module: WebAssembly.Module | undefined;
let instance: Kernel | undefined;

function outOfMemory(bytes: number): never {
  const gib = (bytes / 2 ** 30).toFixed(1);
  throw new RangeError(
    `matrix-rank: this matrix needs ${gib} GiB of kernel memory, 4 GiB is what WebAssembly can address (or the engine gave less); ` +
      'use RankAccumulator for a tall matrix, or a block of its rows and columns.',
  );
}

/** What the kernel imports. */
export const imports = { host: { pull, gather, outOfMemory } };

/** The instance, made on first use. */
export function kernel(): Kernel {
  if (instance) return instance;
  try {
    const started = instantiateSync(module ?? embedded(simd), imports);
    adopt(started.module, started.exports, simd);
  } catch (error) {
    throw explain(error);
  }
  return instance!;
}

/** Takes a kernel that has been started, unless one is running already. */
export function adopt(from: WebAssembly.Module, exports: unknown, build: 'relaxed' | 'baseline'): void {
  if (instance) return;
  module = from;
  instance = exports as Kernel;
  attach(instance.memory);
  simd = build;
}

/** Lets go of a kernel whose memory, which cannot shrink, has grown past `bytes`; the next call makes another. */
export function trim(bytes: number): void {
  if (instance && instance.memory.buffer.byteLength > bytes) instance = undefined;
}

/** Why the kernel does not start, in words. */
export function explain(error: unknown): unknown {
  const text = String(error);
  const because = (why: string) => new Error(`matrix-rank: ${why}`, { cause: error });
  if (typeof WebAssembly !== 'object') return because('this engine has no WebAssembly.');
  if (/unsafe-eval|content security policy|\bcsp\b/i.test(text)) {
    return because(
      "this page's Content-Security-Policy forbids WebAssembly; allow 'wasm-unsafe-eval' in script-src.",
    );
  }
  if (/main thread/.test(text)) {
    return because(
      "this engine compiles WebAssembly in a worker or ahead of time only; await initKernel() first ('matrix-rank/kernel').",
    );
  }
  if (error instanceof WebAssembly.CompileError) {
    return because(
      'this engine has no WebAssembly SIMD; Chrome 91, Firefox 89, Safari 16.4 and Node 16.4 have.',
    );
  }
  return error;
}
