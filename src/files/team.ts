// Who does a task: this thread, while that is sooner, or the pool. Starting threads takes as long as deciding a small
// model, and handing over a small matrix as long as deciding it.

import { createTaskPool } from '../pool/pool.js';
import { run } from '../pool/run.js';
import { type Task, work } from '../pool/task.js';

/** Multiplications up to which a task is always done here: less than a millisecond. */
const SMALL = 2 ** 20;
/** Up to which it is done here until the threads are up: a few hundredths of a second. */
const MEDIUM = 1.5e8;
/** Those of all tasks from which threads are worth their start: about a third of a second. */
const MANY = 1e9;

export class Team {
  private readonly pool;
  /** 0: all is done here. */
  private readonly threads: number;
  private seen = 0;
  private state: 'alone' | 'starting' | 'ready' = 'alone';

  constructor(threads: number) {
    this.threads = threads;
    this.pool = createTaskPool({ threads: threads === 0 ? undefined : threads });
  }

  async run(task: Task): Promise<unknown[]> {
    if (this.threads === 0) return run(task);
    const size = work(task);
    this.seen += size;
    if (this.seen > MANY && this.state === 'alone') this.start();
    if (size <= SMALL || (size <= MEDIUM && this.state !== 'ready')) return run(task);
    return this.pool.run(task);
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  /** A task of nothing: when it is done, a thread is up. */
  private start(): void {
    this.state = 'starting';
    const ready = () => {
      this.state = 'ready';
    };
    this.pool.run({ names: [], tensor: { data: new Float32Array(0), shape: [0, 0] } }).then(ready, ready);
  }
}
