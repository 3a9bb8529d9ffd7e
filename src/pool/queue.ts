// Which task runs next: first come, first served, but the last free thread is never taken by a large task while small
// ones wait. Two large matrices side by side would else hold up everything behind them. A large task therefore waits
// for what its caller submits in the same turn.
import { type Task, work } from './task.js';
import type { Threads } from './threads.js';

/** Multiplications from which a task counts as large: about a second of one core. */
const LARGE = 4e9;

interface Entry {
  task: Task;
  large: boolean;
  ready: boolean;
  resolve(results: unknown[]): void;
  reject(error: unknown): void;
}

export class Queue {
  private readonly waiting: Entry[] = [];
  private readonly running = new Set<Entry>();
  private closed: Error | undefined;

  constructor(private readonly threads: Threads) {}

  run(task: Task): Promise<unknown[]> {
    if (this.closed) return Promise.reject(this.closed);
    return new Promise((resolve, reject) => {
      const large = work(task) >= LARGE;
      const entry: Entry = { task, large, ready: !large, resolve, reject };
      this.waiting.push(entry);
      if (large) {
        setTimeout(() => {
          entry.ready = true;
          this.fill();
        }, 0);
      } else this.fill();
    });
  }

  /** Rejects what waits and what runs. */
  close(error: Error): void {
    this.closed = error;
    const open = [...this.running, ...this.waiting.splice(0)];
    this.running.clear();
    for (const entry of open) entry.reject(error);
  }

  private fill(): void {
    while (this.running.size < this.threads.count) {
      const next = this.next();
      if (next < 0) return;
      const entry = this.waiting.splice(next, 1)[0];
      this.running.add(entry);
      this.threads.run(entry.task).then(
        (results) => this.end(entry, () => entry.resolve(results)),
        (error) => this.end(entry, () => entry.reject(error)),
      );
    }
  }

  private end(entry: Entry, settle: () => void): void {
    if (!this.running.delete(entry)) return; // close() has rejected it
    settle();
    this.fill();
  }

  /** The place of the task to run now; -1: none. */
  private next(): number {
    const first = this.waiting.findIndex((e) => e.ready);
    const free = this.threads.count - this.running.size;
    if (first < 0 || free > 1 || this.threads.count === 1 || !this.waiting[first].large) return first;
    const small = this.waiting.findIndex((e) => !e.large);
    return small < 0 ? first : small;
  }
}
