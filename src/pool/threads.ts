// What the pool needs of a set of threads. node.ts has it from piscina, browser.ts from Web Workers.
import type { Task } from './task.js';

export interface Threads {
  /** How many tasks may run at once. */
  readonly count: number;
  /** Runs a task on an idle thread. The tensor's buffer is transferred. Never called with more than `count` under way. */
  run(task: Task): Promise<unknown[]>;
  /** Ends the threads at once, whatever they are doing. */
  close(): Promise<void>;
}

/** Starts at most `count` threads; undefined: as many as the machine has cores. */
export type StartThreads = (count: number | undefined) => Promise<Threads>;

/** Buffers to hand over with a task. */
export function transfers({ tensor: { data } }: Task): ArrayBuffer[] {
  return ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer ? [data.buffer] : [];
}
