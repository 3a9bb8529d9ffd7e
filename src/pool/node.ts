// Threads of Node, kept by piscina.
import { type StartThreads, transfers } from './threads.js';

/** Imports what only Node has. The name is a variable, so that bundlers for browsers leave it alone. */
function load(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}

export const start: StartThreads = async (count) => {
  const { Piscina } = (await load('piscina')) as typeof import('piscina');
  const { availableParallelism } = (await load('node:os')) as typeof import('node:os');
  const threads = count ?? availableParallelism();
  const pool = new Piscina({
    filename: new URL('./node-worker.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  return {
    count: threads,
    run: (task) => pool.run(task, { transferList: transfers(task) }),
    close: () => pool.destroy(),
  };
};
