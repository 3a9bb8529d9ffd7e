// The worker that travels as text (worker-code.ts), for Node's worker_threads and, where a page's bundle has no file
// for its worker, for browsers. The kernel comes by message.
import { type Port, serve } from './worker.js';

type Load = (name: string) => unknown;

/** Node's own modules; undefined in a browser. */
function loader(): Load | undefined {
  const node = typeof process === 'object' ? process : undefined;
  if (node?.versions?.node === undefined) return undefined;
  return node.getBuiltinModule ?? require;
}

/**
 * V8 collects arrays late, as it does not see how scarce memory is: after large matrices it is asked to. The function
 * that asks; other engines have none.
 */
function collector(load: Load): () => void {
  try {
    (load('node:v8') as typeof import('node:v8')).setFlagsFromString('--expose-gc');
    return (load('node:vm') as typeof import('node:vm')).runInNewContext('gc') as () => void;
  } catch {
    return () => {};
  }
}

const LARGE = 1 << 24; // bytes left behind that are worth the milliseconds of a collection

const load = loader();
if (load) {
  const { parentPort } = load('node:worker_threads') as typeof import('node:worker_threads');
  const collect = collector(load);
  let left = 0;
  serve(parentPort as unknown as Port, (bytes) => {
    left += bytes;
    if (left < LARGE) return;
    left = 0;
    collect();
  });
} else serve(globalThis as unknown as Port);
