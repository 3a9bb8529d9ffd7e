// Threads that help the kernel of the calling thread, as a pool's helpers do, and kernels with a piece of text changed:
// for tests, the stress test and the model of many cores. The library's functions are handed in: tests have them from
// src, scripts from dist.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `hooks(thread)`, text, is what the helper's kernel may call beside the library's imports. */
const helper = (thread, hooks) => `
const { parentPort } = require('node:worker_threads');
const host = { pull() {}, gather() {}, outOfMemory() {}, ...(${hooks})(${thread}) };
parentPort.on('message', ({ module, memory }) => {
  const { help } = new WebAssembly.Instance(module, { env: { memory }, host }).exports;
  while (!help(${thread})) {}
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');`;

/**
 * A team of at most so many threads, this one included, that runs the kernel of `module`.
 *
 * @param {{ exchange: Function, imports: Function, sharedMemory: Function }} library
 */
export async function createTeam({ exchange, imports, sharedMemory }, module, most, hooks = () => ({})) {
  const helpers = Array.from(
    { length: most - 1 },
    (_, i) => new Worker(helper(i + 1, hooks), { eval: true }),
  );
  await Promise.all(helpers.map((thread) => once(thread, 'message')));
  const own = hooks(0);
  return {
    /** What `work` returns; the functions of the library that it calls run on `threads` threads. */
    async run(work, threads = most) {
      const memory = sharedMemory();
      const { env, host } = imports(memory);
      const kernel = new WebAssembly.Instance(module, { env, host: { ...host, ...own } }).exports;
      const before = exchange(kernel);
      kernel.fork(threads);
      const gone = helpers.slice(0, threads - 1).map((thread) => {
        thread.postMessage({ module, memory });
        return once(thread, 'message');
      });
      try {
        return work();
      } finally {
        kernel.join();
        exchange(before);
        await Promise.all(gone);
      }
    },
    close: () => Promise.all(helpers.map((thread) => thread.terminate())),
  };
}

/** The kernel for shared memory, its text of parallelFor changed as listed, in build/`name`. */
export function compileChanged(name, changes, flags = []) {
  const folder = `${root}/build/${name}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(`${root}/assembly`, `${folder}/assembly`, { recursive: true });
  const file = `${folder}/assembly/base/parallel.ts`;
  let text = readFileSync(file, 'utf8');
  for (const [old, changed] of changes) {
    if (!text.includes(old)) throw new Error(`${file} has no ${old}`);
    text = text.replace(old, changed);
  }
  writeFileSync(file, text);
  const { options, targets } = JSON.parse(readFileSync(`${root}/asconfig.json`, 'utf8'));
  const config = { entries: ['assembly/index.ts'], options: { ...options, converge: false }, targets };
  writeFileSync(`${folder}/asconfig.json`, JSON.stringify(config));
  const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  const all = [
    '--config',
    'asconfig.json',
    '--target',
    'baseline',
    '--outFile',
    'kernel.wasm',
    '--sharedMemory',
  ];
  execFileSync(process.execPath, [asc, ...all, ...flags], { cwd: folder });
  return new WebAssembly.Module(readFileSync(`${folder}/kernel.wasm`));
}
