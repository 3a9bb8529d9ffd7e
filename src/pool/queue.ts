// Which task runs next: first come, first served, but large tasks never take all threads while small ones wait. Two
// large matrices side by side would else hold up everything behind them. A large task therefore waits for what its
// caller submits in the same turn; small ones, however many come, never keep it from a thread that no large one has.
import type { AbortSignalLike } from '../types.js';
import { type Task, work } from './task.js';
import { reasonOf, type Threads } from './threads.js';

/** Multiplications from which a task counts as large: about a second of one core. */
const LARGE = 4e9;

interface Entry {
  task: Task;
  large: boolean;
  ready: boolean;
  signal?: AbortSignalLike;
  resolve(results: unknown[]): void;
  reject(error: unknown): void;
}

export class Queue {
  private readonly waiting: Entry[] = [];
  private readonly running = new Set<Entry>();
  private closed: Error | undefined;

  constructor(private readonly threads: Threads) {}

  async run(task: Task, signal?: AbortSignalLike): Promise<unknown[]> {
    if (this.closed) throw this.closed;
    if (signal?.aborted) throw reasonOf(signal);
    let entry: Entry | undefined;
    const abort = () => this.forget(entry!);
    signal?.addEventListener('abort', abort);
    try {
      return await new Promise((resolve, reject) => {
        const large = work(task) >= LARGE;
        entry = { task, large, ready: !large, signal, resolve, reject };
        this.add(entry);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  private add(entry: Entry): void {
    this.waiting.push(entry);
    if (entry.large) {
      setTimeout(() => {
        entry.ready = true;
        this.fill();
      }, 0);
    } else this.fill();
  }

  /** An aborted task that waits is dropped; of one that runs its thread knows. */
  private forget(entry: Entry): void {
    const at = this.waiting.indexOf(entry);
    if (at < 0) return;
    this.waiting.splice(at, 1);
    entry.reject(reasonOf(entry.signal!));
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
      this.threads.run(entry.task, entry.signal).then(
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
    const { count } = this.threads;
    const large = [...this.running].filter((e) => e.large).length;
    if (first < 0 || large + 1 < count || count === 1 || !this.waiting[first].large) return first;
    const small = this.waiting.findIndex((e) => !e.large);
    return small < 0 ? first : small;
  }
}
