// Threads for jobs that are given none: all cores, shared by the jobs of this process, and ended when none has needed
// them for a while.
import type { createTaskPool } from '../pool/pool.js';

type TaskPool = ReturnType<typeof createTaskPool>;

/** Milliseconds without a task after which the threads end: more than pass between two tasks of a busy worker. */
const IDLE = 10_000;

/** A run() on a pool that `open` opens for the first task, and for the first after it was closed. */
export function lentPool(open: () => TaskPool, idle = IDLE): TaskPool['run'] {
  let pool: TaskPool | undefined;
  let running = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const end = () => {
    pool?.close();
    pool = undefined;
  };

  return async (task, signal) => {
    clearTimeout(timer);
    running++;
    try {
      pool ??= open();
      return await pool.run(task, signal);
    } finally {
      if (--running === 0) {
        timer = setTimeout(end, idle);
        (timer as { unref?(): void }).unref?.(); // it keeps no process alive
      }
    }
  };
}
