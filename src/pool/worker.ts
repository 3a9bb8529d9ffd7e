// What a thread does, in Node and in browsers alike: takes the kernel,
// then one task after the other, and replies to each.
import { provide } from '../kernel/load.js';
import { run } from './run.js';
import type { Task } from './task.js';
import type { KernelMessage, Reply } from './threads.js';

/** The thread's end of its channel: a worker's global scope, or Node's parentPort. */
export interface Port {
  onmessage: ((event: { data: Task | KernelMessage }) => void) | null;
  postMessage(reply: Reply): void;
}

/** `after` is told of the bytes that each task leaves behind. */
export function serve(port: Port, after: (bytes: number) => void = () => {}): void {
  port.onmessage = ({ data }) => {
    try {
      if ('kernel' in data) {
        provide(data.kernel, data.build);
        port.postMessage({ results: [] });
      } else port.postMessage({ results: run(data) });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      port.postMessage({ fault: { name, message } });
    }
    if ('tensor' in data) {
      const bytes = (data.tensor.data as Float32Array).byteLength ?? 0;
      data.tensor.data = [];
      after(bytes);
    }
  };
}
