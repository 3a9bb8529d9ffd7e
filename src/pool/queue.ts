// Which task runs next: first come, first served, but the last free thread is never taken by a large task while small
// ones wait. Two large matrices side by side would else hold up everything behind them.
import { type Task, work } from './task.js';
import type { Threads } from './threads.js';

/** Multiplications from which a task counts as large: about a second of one core. */
const LARGE = 4e9;

interface Entry {
  task: Task;
  large: boolean;
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
      this.waiting.push({ task, large: work(task) >= LARGE, resolve, reject });
      this.fill();
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
    while (this.running.size < this.threads.count && this.waiting.length > 0) {
      const entry = this.waiting.splice(this.next(), 1)[0];
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

  private next(): number {
    const free = this.threads.count - this.running.size;
    if (free > 1 || this.threads.count === 1 || !this.waiting[0].large) return 0;
    return Math.max(
      0,
      this.waiting.findIndex((e) => !e.large),
    );
  }
}
