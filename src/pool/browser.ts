// Threads of a browser: plain Web Workers, started when they are first needed.
import type { Reply } from './browser-worker.js';
import type { Task } from './task.js';
import { type StartThreads, transfers } from './threads.js';

export const start: StartThreads = async (wanted) => {
  const count = wanted ?? navigator.hardwareConcurrency ?? 2;
  const idle: Worker[] = [];
  const all = new Set<Worker>();

  function runOn(worker: Worker, task: Task): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const broken = (why: string) => {
        all.delete(worker);
        worker.terminate();
        reject(new Error(`matrix-rank: the worker of the pool ${why}.`));
      };
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        idle.push(worker);
        if ('error' in data) reject(data.error);
        else resolve(data.results);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        broken(event.message ? `failed: ${event.message}` : 'could not be loaded');
      };
      worker.onmessageerror = () => broken('sent a message that cannot be read');
      worker.postMessage(task, transfers(task));
    });
  }

  return {
    count,
    run(task) {
      const worker =
        idle.pop() ?? new Worker(new URL('./browser-worker.js', import.meta.url), { type: 'module' });
      all.add(worker);
      return runOn(worker, task);
    },
    async close() {
      for (const worker of all) worker.terminate();
      all.clear();
    },
  };
};
