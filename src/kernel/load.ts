// Loads the kernel on first use: relaxed SIMD where the engine has it, baseline simd128 elsewhere. Both modules
// are embedded, so nothing is fetched; init.ts is for those who want to fetch.
// biome-ignore assist/source/organizeImports: the text of the kernel first, as in index.ts
import { embedded } from './embedded.js';
import { instantiateSync } from '../vendor/loader.js';
import { attach, gather, pull } from './host.js';

/** The exports of assembly/index.ts; pointers come as signed 32-bit numbers past 2 GiB. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  fork(threads: number): void;
  join(): void;
  peakBytes(): number;
  help(thread: number): number;
  reset(): void;
  reserve(bytes: number): number;
  open(at: number, m: number, n: number, single: boolean, byRow: boolean): void;
  scan(): number;
  rank(absolute: number, relative: number, report: boolean): number;
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
  proven(): number;
  method(): number;
  singularValues(values: number, relative: boolean): number;
  qr(transposed: boolean, rank: number, r: number, permutation: number): void;
  scale(): number;
  spectrum(values: number): void;
  frobenius(): number;
  spectral(): number;
  stable(): number;
  participation(): number;
  triangle(r: number): void;
  choose(transposed: boolean, most: number, share: number): number;
  makeIndependent(): void;
  chosen(columns: number): void;
  interpolate(columns: number, right: number): number;
  subspace(transposed: boolean, rank: number, range: boolean, basis: number): number;
  residualOf(transposed: boolean, count: number, range: boolean, basis: number): number;
  truncate(most: number, share: number): number;
  truncated(y: number, vt: number, turned: boolean): number;
}

// (module (func (result v128) (f64x2.relaxed_madd (splat 0) (splat 0) (splat 0))))
const PROBE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0,
  253, 15, 65, 0, 253, 15, 253, 135, 2, 11,
];

const VARIABLE = 'MATRIX_RANK_SIMD';

/**
 * The environment variable; undefined where there is none, or where it may not be read (Deno,
 * which would ask the user).
 */
function variable(): string | undefined {
  try {
    const { Deno } = globalThis as { Deno?: { permissions: { querySync(what: object): { state: string } } } };
    const allowed = Deno?.permissions.querySync({ name: 'env', variable: VARIABLE }).state ?? 'granted';
    return allowed === 'granted' && typeof process === 'object' ? process.env?.[VARIABLE] : undefined;
  } catch {
    return undefined;
  }
}

function choose(): 'relaxed' | 'baseline' {
  const able = typeof WebAssembly === 'object' && WebAssembly.validate(Uint8Array.from(PROBE));
  return able && variable() !== 'baseline' ? 'relaxed' : 'baseline';
}

/**
 * The kernel in use: 'relaxed' (fused multiply-add) or 'baseline' simd128. Both give the same ranks. In Node the
 * environment variable MATRIX_RANK_SIMD=baseline forces the second.
 */
export let simd: 'relaxed' | 'baseline' = /* @__PURE__ */ choose();

/** What `instance` is made from, and those after it. */
let source: WebAssembly.Module | undefined;
let instance: Kernel | undefined;

function outOfMemory(bytes: number): never {
  const gib = (bytes / 2 ** 30).toFixed(1);
  throw new RangeError(
    `matrix-rank: this matrix needs ${gib} GiB of kernel memory, 4 GiB is what WebAssembly can address ` +
      '(or the engine gave less); use RankAccumulator for a tall matrix, or a block of its rows and columns.',
  );
}

/** What the kernel imports; the memory is a WebAssembly.Memory. */
export const imports = (memory: object = new WebAssembly.Memory({ initial: 2, maximum: 65536 })) => ({
  env: { memory: memory as never },
  host: { pull, gather, outOfMemory },
});

/** The instance, made on first use. */
export function kernel(): Kernel {
  if (instance) return instance;
  try {
    const started = instantiateSync(source ?? embedded(simd), imports());
    adopt(started.module, started.exports, simd);
  } catch (error) {
    throw explain(error);
  }
  return instance!;
}

/** Takes a kernel that has been started, unless one is running already. */
export function adopt(from: object, exports: unknown, build: 'relaxed' | 'baseline'): void {
  if (instance) return;
  source = from as WebAssembly.Module;
  instance = exports as Kernel;
  attach(instance.memory);
  simd = build;
}

/** Puts another kernel, or none, in the place of the one in use, which is returned. */
export function exchange(other: Kernel | undefined): Kernel | undefined {
  const before = instance;
  instance = other;
  if (other) attach(other.memory);
  return before;
}

/** The kernel compiled, for threads to start from. */
export async function compiled(): Promise<{ kernel: object; build: 'relaxed' | 'baseline' }> {
  try {
    source ??= await WebAssembly.compile(embedded(simd) as Uint8Array<ArrayBuffer>);
  } catch (error) {
    throw explain(error);
  }
  return { kernel: source, build: simd };
}

/** The kernel that a thread is given, as a module or as bytes. */
export function provide(kernel: object, build: 'relaxed' | 'baseline'): void {
  source =
    kernel instanceof Uint8Array
      ? new WebAssembly.Module(kernel as Uint8Array<ArrayBuffer>)
      : (kernel as WebAssembly.Module);
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
  if (/disallowed by embedder|code generation/i.test(text)) {
    return because(
      'this engine compiles no WebAssembly at run time, as Cloudflare Workers and other edge functions do not; ' +
        "import the file 'matrix-rank/kernel.wasm' and await initKernel(it) first ('matrix-rank/kernel').",
    );
  }
  if (/main thread/.test(text)) {
    return because(
      'this engine compiles WebAssembly in a worker or ahead of time only; ' +
        "await initKernel() first ('matrix-rank/kernel').",
    );
  }
  if (/out of memory|cannot allocate/i.test(text)) {
    return new RangeError(
      'matrix-rank: the system has no memory for the kernel: it is used up, or limited; ' +
        'engines set 8 to 10 GiB of addresses aside, which a limit (ulimit -v) must leave.',
      { cause: error },
    );
  }
  if (error instanceof WebAssembly.CompileError) {
    return because(
      'this engine has no WebAssembly SIMD; Chrome 91, Firefox 89, Safari 16.4 and Node 16.4 have.',
    );
  }
  return error;
}
