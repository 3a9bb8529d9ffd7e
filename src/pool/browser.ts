// Threads of a browser: Web Workers. Where the bundle of a page has no file for them, their code is a Blob.
import type { Launch, Reply } from './thread.js';
import { type StartThreads, ThreadPool } from './threads.js';
import { code } from './worker-code.js';

/** Launches workers that `make` makes. */
function launcher(make: () => Worker): Launch {
  return (hear, broken) => {
    const worker = make();
    worker.onmessage = ({ data }: MessageEvent<Reply>) => hear(data);
    worker.onmessageerror = () => broken('sent a message that cannot be read');
    worker.onerror = (event) => {
      event.preventDefault();
      broken(event.message ? `failed: ${event.message}` : 'could not be loaded');
    };
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      end: () => worker.terminate(),
    };
  };
}

const fromFile = () => new Worker(new URL('./browser-worker.js', import.meta.url), { type: 'module' });

function fromText(): Worker {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const worker = new Worker(url);
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the worker has its code by then
  return worker;
}

export const start: StartThreads = async (wanted) => {
  if (typeof Worker !== 'function') {
    throw new Error('createRankPool: this engine has no threads (Worker); call the functions themselves.');
  }
  const ways = [fromFile, fromText].map(launcher);
  return new ThreadPool(wanted ?? navigator.hardwareConcurrency ?? 2, ways);
};
