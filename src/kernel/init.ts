// matrix-rank/kernel: starts the kernel from a file instead of the copy inside the package, or just ahead of time.
import { instantiate } from '../vendor/loader.js';
import { embedded } from './embedded.js';
import { id } from './generated/kernel.js';
import { adopt, explain, imports, simd } from './load.js';

/** A Response, described by structure, so that these types compile with any `lib`. */
export interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * A WebAssembly.Module, or what one can be compiled from: bytes, or a response whose body is compiled as it arrives. (A
 * Module has no structure that types could tell, so that any object compiles.)
 */
export type KernelSource = ArrayBufferView | ArrayBuffer | ResponseLike | object;

/**
 * Compiles and starts the kernel off the main thread. Without an argument the embedded kernel; with one, a file of the
 * package's folder dist/kernel: `relaxed.wasm` where `simd` is 'relaxed', or `baseline.wasm` anywhere. Later calls, and
 * calls after the first rank, do nothing.
 *
 * @throws TypeError if the module is no kernel of this very version
 */
export async function initKernel(source?: KernelSource | PromiseLike<KernelSource>): Promise<void> {
  if (source === undefined) return start(undefined, simd);
  const module = await compile(await source);
  const [section] = WebAssembly.Module.customSections(module, 'matrix-rank');
  const [from, build] = new TextDecoder().decode(section).split(' ');
  if (from !== id || (build !== 'relaxed' && build !== 'baseline')) {
    throw new TypeError(
      `initKernel: this module is ${section ? 'the kernel of another version' : 'no kernel'} of matrix-rank; ` +
        'serve the files of dist/kernel in the package that is imported.',
    );
  }
  await start(module, build);
}

async function compile(source: KernelSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  try {
    if (typeof Response !== 'function' || !(source instanceof Response)) {
      return await WebAssembly.compile(source as BufferSource);
    }
    if (!source.ok) throw new Error(`initKernel: ${source.url} was answered with status ${source.status}.`);
    const streams = source.headers.get('content-type') === 'application/wasm';
    return streams
      ? await WebAssembly.compileStreaming(source)
      : await WebAssembly.compile(await source.arrayBuffer());
  } catch (error) {
    throw explain(error);
  }
}

/** The embedded kernel, where no source is given. */
async function start(source: WebAssembly.Module | undefined, build: typeof simd): Promise<void> {
  try {
    const { module, exports } = await instantiate(source ?? embedded(build), imports());
    adopt(module, exports, build);
  } catch (error) {
    throw explain(error);
  }
}

export { simd };
