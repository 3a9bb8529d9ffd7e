// Threads of Node, Deno and Bun: worker_threads, whose code is text inside the package, so that there is no file to be
// found beside whatever a bundler makes of it.
import { builtin } from '../shared/builtin.js';
import type { Launch, Reply } from './thread.js';
import { type StartThreads, ThreadPool } from './threads.js';
import { code } from './worker-code.js';

export const start: StartThreads = async (wanted) => {
  const { Worker } = (await builtin('node:worker_threads')) as typeof import('node:worker_threads');
  const { availableParallelism, cpus } = (await builtin('node:os')) as typeof import('node:os');

  const launch: Launch = (hear, broken) => {
    const worker = new Worker(code, { eval: true, execArgv: [], name: 'matrix-rank' });
    worker.on('message', (reply: Reply) => hear(reply));
    worker.on('messageerror', () => broken('sent a message that cannot be read'));
    worker.on('error', (error) => broken(`failed: ${error instanceof Error ? error.message : error}`));
    worker.on('exit', () => broken('has ended'));
    return {
      post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
      end: () => worker.terminate(),
      hold: (busy) => (busy ? worker.ref() : worker.unref()),
    };
  };
  return new ThreadPool(wanted ?? availableParallelism?.() ?? cpus().length, [launch]);
};
