// The kernel for several threads that share one memory: the same binary, but for a flag of the memory that it imports.
import { embedded } from './embedded.js';
import { imports, type Kernel, simd } from './load.js';

/** How the binary imports its memory: from 'env', 'memory', with a maximum; then the flag. */
const IMPORT = '\x03env\x06memory\x02';
const SHARED = 3;

/** Pages of 64 KiB: all that WebAssembly can address, and what is too little to be of use. */
const MOST = 65536;
const LEAST = 4096;

/** Whether threads can share memory here: in pages only those that are cross-origin isolated. */
export function canShare(): boolean {
  const { crossOriginIsolated = true } = globalThis as { crossOriginIsolated?: boolean };
  return (
    crossOriginIsolated && typeof SharedArrayBuffer === 'function' && typeof MessageChannel === 'function'
  );
}

/** That kernel compiled. */
export function compileShared(): Promise<WebAssembly.Module> {
  const bytes = embedded(simd).slice();
  bytes[String.fromCharCode(...bytes.subarray(0, 4096)).indexOf(IMPORT) + IMPORT.length] = SHARED;
  return WebAssembly.compile(bytes);
}

/** The largest memory that the engine will share; undefined where it will share none. */
export function sharedMemory(): WebAssembly.Memory | undefined {
  for (let maximum = MOST; maximum >= LEAST; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 2, maximum, shared: true });
    } catch {
      // iOS sets less than 4 GiB aside
    }
  }
  return undefined;
}

export function startShared(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  return new WebAssembly.Instance(module, imports(memory)).exports as unknown as Kernel;
}
