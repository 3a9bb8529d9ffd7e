// Threads that help the kernel of the test's own thread, as a pool's helpers do.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { exchange } from '../src/kernel/load.js';
import { compileShared, sharedMemory, startShared } from '../src/kernel/shared.js';

const HELPER = `
const { parentPort } = require('node:worker_threads');
const host = { pull() {}, gather() {}, outOfMemory() {} };
parentPort.on('message', ({ module, memory, thread }) => {
  const { help } = new WebAssembly.Instance(module, { env: { memory }, host }).exports;
  while (!help(thread)) {}
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');`;

/** So many threads, this one included. */
export async function createTeam(threads: number) {
  const module = (await compileShared())!;
  const helpers = Array.from({ length: threads - 1 }, () => new Worker(HELPER, { eval: true }));
  await Promise.all(helpers.map((helper) => once(helper, 'message')));
  return {
    /** What `work` returns; the functions of the library that it calls run on all threads. */
    async run<T>(work: () => T): Promise<T> {
      const memory = sharedMemory()!;
      const kernel = startShared(module, memory);
      const before = exchange(kernel);
      kernel.fork(threads);
      const gone = helpers.map((helper, i) => {
        helper.postMessage({ module, memory, thread: i + 1 });
        return once(helper, 'message');
      });
      try {
        return work();
      } finally {
        kernel.join();
        exchange(before);
        await Promise.all(gone);
      }
    },
    close: () => Promise.all(helpers.map((helper) => helper.terminate())),
  };
}
