// The kernel for several threads that share one memory: the same binary, but for a flag of the memory that it imports.
import { embedded } from './embedded.js';
import { imports, type Kernel, simd } from './load.js';

/** The binary's first mention of it is its import: the name, a byte that tells what it is, and its flags. */
const NAME = 'memory';
const SHARED = 3; // with a maximum

/** Pages of 64 KiB: all that WebAssembly can address, and what is too little to be of use. */
const MOST = 65535;
const LEAST = 4096;

/** Whether threads can share memory here: in pages only those that are cross-origin isolated. */
export function canShare(): boolean {
  const { crossOriginIsolated = true } = globalThis as { crossOriginIsolated?: boolean };
  return (
    crossOriginIsolated && typeof SharedArrayBuffer === 'function' && typeof MessageChannel === 'function'
  );
}

let module: Promise<WebAssembly.Module | undefined> | undefined;

/** That kernel compiled, once; undefined where the engine refuses it. */
export function compileShared(): Promise<WebAssembly.Module | undefined> {
  module ??= compile().catch(() => undefined);
  return module;
}

async function compile(): Promise<WebAssembly.Module> {
  const bytes = embedded(simd).slice();
  const name = String.fromCharCode(...bytes.subarray(0, 4096)).indexOf(NAME);
  bytes[name + NAME.length + 1] = SHARED;
  return WebAssembly.compile(bytes);
}

/**
 * The largest memory that the engine will share; undefined where it will share none. It has its full size from the
 * beginning, of which only what is touched takes room: when one thread makes a memory grow, others may for a while
 * take it for as small as it was, and trap.
 */
export function sharedMemory(): WebAssembly.Memory | undefined {
  for (let pages = MOST; pages >= LEAST; pages >>= 1) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    } catch {
      // iOS sets less than 4 GiB aside
    }
  }
  return undefined;
}

export function startShared(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  return new WebAssembly.Instance(module, imports(memory)).exports as unknown as Kernel;
}
