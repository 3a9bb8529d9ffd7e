// What a thread does, in Node and in browsers alike: takes the kernel, then one task after the other, or helps with
// one, and replies to each.
import { provide } from '../kernel/load.js';
import { run } from './run.js';
import { drive, type HelpMessage, help, type TaskMessage } from './team.js';
import type { Reply } from './thread.js';
import type { KernelMessage } from './threads.js';

/** Of a smaller matrix the driver keeps the memory: nothing is held for nothing. */
const LET_GO = 1 << 24;

/** The thread's end of its channel: a worker's global scope, or Node's parentPort. */
export interface Port {
  onmessage: ((event: { data: TaskMessage | KernelMessage | HelpMessage }) => void) | null;
  postMessage(reply: Reply, transfer?: Transferable[]): void;
}

/** `after` is told of the bytes that each task leaves behind. */
export function serve(port: Port, after: (bytes: number) => void = () => {}): void {
  const fail = (error: unknown) => {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    port.postMessage({ fault: { name, message } });
  };

  const compute = ({ team, lent: _, ...task }: TaskMessage) => {
    if (!team) return run(task);
    return drive(
      team,
      (envelopes) => port.postMessage({ envelopes }, envelopes),
      () => run(task),
    );
  };

  const perform = (message: TaskMessage) => {
    const { buffer } = message.tensor.data as Float64Array<ArrayBuffer>;
    try {
      return compute(message);
    } finally {
      // First, for the next call to have it; no result is a view of it.
      if (message.lent) port.postMessage({ buffer }, [buffer]);
    }
  };

  port.onmessage = ({ data }) => {
    if ('envelope' in data) {
      help(data).then((envelopes) => {
        port.postMessage({ results: envelopes }, envelopes);
        after(data.bytes < LET_GO ? data.bytes >> 4 : data.bytes);
      }, fail);
      return;
    }
    const bytes = 'tensor' in data ? ((data.tensor.data as Float32Array).byteLength ?? 0) : 0;
    try {
      if ('kernel' in data) {
        provide(data.kernel, data.build);
        port.postMessage({ results: [] });
      } else port.postMessage({ results: perform(data) });
    } catch (error) {
      fail(error);
    }
    if ('tensor' in data) {
      data.tensor.data = [];
      after(bytes);
    }
  };
}
