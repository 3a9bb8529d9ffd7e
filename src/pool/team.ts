// One matrix on several threads: what the threads do. The driver computes in shared memory and hands out envelopes,
// one for each helper that may come: message ports with a message inside that leads to the memory. Who opens one can
// help; whoever only passes it on holds no memory, and none is kept by accident.
import { exchange, type Kernel } from '../kernel/load.js';
import { sharedMemory, startShared } from '../kernel/shared.js';
import type { Task } from './task.js';

/** What a driver is told beside its task. */
export interface Team {
  /** The kernel for shared memory. */
  module: WebAssembly.Module;
  /** The driver and the helpers that may come. */
  threads: number;
}

/** A task, and, where others may help, with what. */
export interface TaskMessage extends Task {
  team?: Team;
  /** The buffer is to be given back. */
  lent?: boolean;
}

/** What an envelope holds. */
interface Invitation {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** The helper's number in the kernel, from 1 on. */
  thread: number;
}

/** A helper is asked to help, until control[0] is not 0. */
export interface HelpMessage {
  envelope: MessagePort;
  control: Int32Array;
  /** Those of the matrix in float64: about what is held of the driver's memory until a collection. */
  bytes: number;
}

/** Kernel memory that is kept for the next call. */
const KEEP = 1 << 26;

let own: { kernel: Kernel; memory: WebAssembly.Memory } | undefined;

function enclose(invitation: Invitation): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(invitation);
  return port2;
}

/** Runs `work` in shared memory, and `send`s the envelopes. Where there is no such memory, it runs as ever. */
export function drive<T>(
  { module, threads }: Team,
  send: (envelopes: MessagePort[]) => void,
  work: () => T,
): T {
  if (!own) {
    const memory = sharedMemory();
    if (!memory) return work();
    own = { memory, kernel: startShared(module, memory) };
  }
  const { kernel, memory } = own;
  const before = exchange(kernel);
  kernel.fork(threads);
  let done = false;
  try {
    send(Array.from({ length: threads - 1 }, (_, i) => enclose({ module, memory, thread: i + 1 })));
    const result = work();
    done = true;
    return result;
  } finally {
    kernel.join();
    exchange(before);
    // After an error others may still be at work in there.
    if (!done || kernel.peakBytes() > KEEP) own = undefined;
  }
}

/**
 * Opens the envelope and helps until the call has ended or this thread is called back. Resolves to the envelope for
 * another time; to nothing where it could not be opened, or no kernel started: nothing has been begun then.
 */
export function help({ envelope, control }: HelpMessage): Promise<MessagePort[]> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve([]);
    envelope.onmessageerror = leave;
    envelope.addEventListener('close', leave); // where engines tell that the driver has gone
    envelope.onmessage = ({ data }: MessageEvent<Invitation>) => {
      let kernel: Kernel;
      try {
        kernel = startShared(data.module, data.memory);
      } catch {
        return leave();
      } finally {
        envelope.close();
      }
      try {
        while (Atomics.load(control, 0) === 0 && !kernel.help(data.thread)) {}
        resolve([enclose(data)]);
      } catch (error) {
        reject(error);
      }
    };
  });
}
