// Threads behind the pool: started when they are first needed, each told the kernel and then given one task after the
// other. A way of starting one that fails is followed by the next. Threads that have nothing to do are lent to calls on
// large matrices, and called back when they are needed.
//
// A thread is being started, idle, driving a call or helping one. Whoever needs one is a seeker; whenever a thread
// becomes free, is lost or could not be started, assign() looks at all seekers anew, so that none is forgotten.
import { compiled } from '../kernel/load.js';
import { canShare, compileShared } from '../kernel/shared.js';
import type { AbortSignalLike } from '../types.js';
import { giveBack, isLent } from './buffers.js';
import { gainsFromThreads, isArrayBuffer, type Task } from './task.js';
import type { HelpMessage, TaskMessage, Team } from './team.js';
import { type Launch, type News, Thread } from './thread.js';

export interface Threads {
  /** How many tasks may run at once. */
  readonly count: number;
  /**
   * Runs a task on an idle thread, with the help of those that nobody needs where the matrix is large. The tensor's
   * buffer is transferred. Never called with more than `count` under way. An abort ends the thread, and rejects with
   * the signal's reason.
   */
  run(task: Task, signal?: AbortSignalLike): Promise<unknown[]>;
  /** Ends the threads at once, whatever they are doing. */
  close(): Promise<void>;
}

/** Starts at most `count` threads; undefined: as many as the machine has cores. */
export type StartThreads = (count: number | undefined) => Promise<Threads>;

/** The first message to a thread: a compiled kernel, so that none compiles its own. Later ones are tasks. */
export type KernelMessage = Awaited<ReturnType<typeof compiled>>;

/** Buffers to hand over with a task. */
function transfers({ tensor: { data } }: Task): ArrayBuffer[] {
  return ArrayBuffer.isView(data) && isArrayBuffer(data.buffer) ? [data.buffer] : [];
}

/** What an aborted call is rejected with. */
export function reasonOf(signal: AbortSignalLike): unknown {
  if (signal.reason !== undefined) return signal.reason;
  return Object.assign(new Error('This operation was aborted.'), { name: 'AbortError' });
}

/** The message without its full stop, for a sentence that goes on. */
const clause = (error: unknown) => (error as Error).message.replace(/\.$/, '');

/** As many as the kernel has room for scratch of. */
const MOST_THREADS = 64;

/** A call under way, and one that is over while its helpers are not back yet. */
interface Call {
  driver: Thread;
  /** Of its matrix in float64. */
  bytes: number;
  /** For those who may still come. */
  envelopes: MessagePort[];
  /** Who helps; each comes back when its control is not 0. */
  helpers: Map<Thread, Int32Array>;
  over: boolean;
}

/** Who waits for a thread. */
interface Seeker {
  resolve(thread: Thread): void;
  reject(error: unknown): void;
}

/** At most `count` threads, started in the first of these ways that works. */
export class ThreadPool implements Threads {
  private readonly ready = new Set<Thread>();
  private readonly idle: Thread[] = [];
  private readonly starts = new Set<{ thread?: Thread }>();
  private readonly seekers: Seeker[] = [];
  private readonly calls = new Set<Call>();
  private way = 0;
  /** A thread could not be started: none is for lending alone. */
  private full = false;
  private kernel: KernelMessage | undefined;
  private closed: Error | undefined;

  constructor(
    readonly count: number,
    private readonly ways: readonly Launch[],
  ) {}

  async run(task: Task, signal?: AbortSignalLike): Promise<unknown[]> {
    return this.drive(await this.obtain(signal), task, signal);
  }

  async close(): Promise<void> {
    const closed = new Error('RankPool: the pool is closed.');
    this.closed = closed;
    for (const seeker of this.seekers.splice(0)) seeker.reject(closed);
    const ends = [...this.ready].map((thread) => thread.end(closed));
    for (const { thread } of this.starts) ends.push(thread?.end(closed));
    this.ready.clear();
    this.idle.length = 0;
    await Promise.all(ends);
  }

  private obtain(signal?: AbortSignalLike): Promise<Thread> {
    if (this.closed) return Promise.reject(this.closed);
    let settled = () => {};
    return new Promise<Thread>((resolve, reject) => {
      const abort = () => {
        const at = this.seekers.indexOf(seeker);
        if (at < 0) return; // it has its thread, and drive() looks at the signal
        this.seekers.splice(at, 1);
        seeker.reject(reasonOf(signal!));
      };
      const seeker: Seeker = { resolve, reject };
      settled = () => signal?.removeEventListener('abort', abort);
      signal?.addEventListener('abort', abort);
      this.seekers.push(seeker);
      this.assign();
    }).finally(() => settled());
  }

  /** Gives idle threads to who waits for one, and sees to it that as many as are still missing come. */
  private assign(): void {
    const { seekers, idle } = this;
    while (seekers.length > 0 && idle.length > 0) seekers.shift()!.resolve(idle.pop()!);
    if (seekers.length === 0) {
      if (this.calls.size > 0) setTimeout(() => this.lend(), 0); // a task may come first
      return;
    }
    let missing = seekers.length - this.starts.size;
    const helpers = [...this.calls].flatMap((call) => [...call.helpers.values()]);
    for (const { over, driver } of this.calls) {
      if (over && this.ready.has(driver)) missing--; // it is free when the helpers are back
    }
    for (const control of helpers) if (control[0] !== 0) missing--;
    for (const control of helpers) {
      if (missing > 0 && Atomics.exchange(control, 0, 1) === 0) missing--;
    }
    for (; missing > 0 && this.hasRoom(); missing--) this.start();
  }

  private hasRoom(): boolean {
    return this.ready.size + this.starts.size < this.count;
  }

  private async start(): Promise<void> {
    const start: { thread?: Thread } = {};
    this.starts.add(start);
    try {
      const thread = await this.launch(start, this.way);
      this.ready.add(thread);
      this.idle.push(thread);
    } catch (error) {
      this.full = true;
      this.seekers.shift()?.reject(error);
    }
    this.starts.delete(start);
    this.assign();
  }

  private async launch(start: { thread?: Thread }, tried: number): Promise<Thread> {
    this.kernel ??= await compiled();
    if (this.closed) throw this.closed;
    try {
      start.thread = new Thread(this.ways[tried], (thread) => this.lose(thread));
      await start.thread.ask(this.kernel);
      return start.thread;
    } catch (error) {
      start.thread?.end(error);
      if (this.closed) throw this.closed;
      if (tried + 1 < this.ways.length) {
        this.way = Math.max(this.way, tried + 1);
        return this.launch(start, tried + 1);
      }
      throw new Error(`createRankPool: no thread could be started. ${clause(error)}.`, { cause: error });
    }
  }

  /** The thread has nothing to do any more. */
  private free(thread: Thread): void {
    if (this.ready.has(thread)) this.idle.push(thread);
    this.assign();
  }

  /** The thread has ended, or is about to. */
  private lose(thread: Thread): void {
    this.ready.delete(thread);
    const at = this.idle.indexOf(thread);
    if (at >= 0) this.idle.splice(at, 1);
    this.assign();
  }

  /** Gives idle threads, and new ones while there may be more, to calls that have room for them. */
  private lend(): void {
    if (this.closed || this.seekers.length > 0) return;
    let missing = -this.starts.size;
    for (const call of this.calls) {
      while (call.envelopes.length > 0 && this.idle.length > 0) this.lendTo(call, this.idle.pop()!);
      missing += call.envelopes.length;
    }
    for (; missing > 0 && this.hasRoom() && !this.full; missing--) this.start();
  }

  private async lendTo(call: Call, thread: Thread): Promise<void> {
    const control = new Int32Array(new SharedArrayBuffer(4));
    const envelope = call.envelopes.pop()!;
    call.helpers.set(thread, control);
    const message: HelpMessage = { envelope, control, bytes: call.bytes };
    try {
      const [back] = (await thread.ask(message, [envelope])) as [MessagePort?];
      if (call.over) back?.close();
      else if (back) call.envelopes.push(back);
    } catch (error) {
      this.lose(thread);
      thread.end(error);
      // The driver waits for what this thread had begun, for ever.
      if (!call.over) this.stop(call.driver, new Error(`${clause(error)} while it helped another.`));
    }
    call.helpers.delete(thread);
    this.free(thread);
    this.release(call);
  }

  /** What a driver needs for its helpers; undefined where there can be none, or where they would not be worth it. */
  private async team(task: Task): Promise<Team | undefined> {
    if (this.count === 1 || !gainsFromThreads(task) || !canShare()) return undefined;
    const module = await compileShared();
    return module && { module, threads: Math.min(this.count, MOST_THREADS) };
  }

  private async drive(driver: Thread, task: Task, signal?: AbortSignalLike): Promise<unknown[]> {
    const bytes = task.tensor.shape.reduce((product, extent) => product * extent, 8);
    const call: Call = { driver, bytes, envelopes: [], helpers: new Map(), over: false };
    const abort = () => this.stop(driver, reasonOf(signal!));
    const hear = (news: News) => {
      if ('buffer' in news) return giveBack(news.buffer);
      call.envelopes = news.envelopes;
      if (call.over) discard(call);
      else this.lend();
    };
    signal?.addEventListener('abort', abort);
    this.calls.add(call);
    try {
      const team = await this.team(task);
      if (signal?.aborted) throw reasonOf(signal);
      const buffers = transfers(task);
      const message: TaskMessage = { ...task, team, lent: buffers.some(isLent) };
      return await driver.ask(message, buffers, hear);
    } finally {
      signal?.removeEventListener('abort', abort);
      call.over = true;
      discard(call);
      for (const control of call.helpers.values()) Atomics.store(control, 0, 1);
      this.release(call);
    }
  }

  private stop(thread: Thread, reason: unknown): void {
    this.lose(thread);
    thread.end(reason);
  }

  /** The driver is free when its helpers are gone: they might take part in its next call. */
  private release(call: Call): void {
    if (!call.over || call.helpers.size > 0 || !this.calls.delete(call)) return;
    this.free(call.driver);
  }
}

/** Nobody comes any more. */
function discard(call: Call): void {
  for (const envelope of call.envelopes.splice(0)) envelope.close();
}
