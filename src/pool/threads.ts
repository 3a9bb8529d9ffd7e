// Threads behind the pool, whatever the engine calls them: started when they are first needed, each told the kernel and
// then given one task after the other. node.ts and browser.ts say how one is launched;
// a way that fails is followed by the next.
import { compiled } from '../kernel/load.js';
import type { AbortSignalLike } from '../types.js';
import { isArrayBuffer, type Task } from './task.js';

export interface Threads {
  /** How many tasks may run at once. */
  readonly count: number;
  /**
   * Runs a task on an idle thread. The tensor's buffer is transferred. Never called with more than `count` under way.
   * An abort ends the thread, and rejects with the signal's reason.
   */
  run(task: Task, signal?: AbortSignalLike): Promise<unknown[]>;
  /** Ends the threads at once, whatever they are doing. */
  close(): Promise<void>;
}

/** Starts at most `count` threads; undefined: as many as the machine has cores. */
export type StartThreads = (count: number | undefined) => Promise<Threads>;

/** The first message to a thread: a compiled kernel, so that none compiles its own. Later ones are tasks. */
export type KernelMessage = Awaited<ReturnType<typeof compiled>>;

/** An error as it travels: engines differ in what of an Error they copy. */
export interface Fault {
  name: string;
  message: string;
}

export type Reply = { results: unknown[] } | { fault: Fault };

/** A thread as an engine has it. */
export interface Raw {
  post(message: unknown, transfer: ArrayBuffer[]): void;
  end(): unknown;
  /** Whether the process stays alive for it. */
  hold?(busy: boolean): void;
}

/** Starts a thread; what it says, and what becomes of it, is told. */
export type Launch = (hear: (reply: Reply) => void, broken: (why: string) => void) => Raw;

/** Buffers to hand over with a task. */
function transfers({ tensor: { data } }: Task): ArrayBuffer[] {
  return ArrayBuffer.isView(data) && isArrayBuffer(data.buffer) ? [data.buffer] : [];
}

const KINDS: Record<string, ErrorConstructor> = { TypeError, RangeError };

function revived({ name, message }: Fault): Error {
  const error = new (KINDS[name] ?? Error)(message);
  if (error.name !== name) error.name = name;
  return error;
}

/** What an aborted call is rejected with. */
export function reasonOf(signal: AbortSignalLike): unknown {
  if (signal.reason !== undefined) return signal.reason;
  return Object.assign(new Error('This operation was aborted.'), { name: 'AbortError' });
}

class Thread {
  private settle: { resolve(results: unknown[]): void; reject(error: unknown): void } | undefined;
  private readonly raw: Raw;

  constructor(launch: Launch, gone: (thread: Thread) => void) {
    const take = () => {
      const { settle } = this;
      this.settle = undefined;
      this.raw.hold?.(false);
      return settle;
    };
    this.raw = launch(
      (reply) => {
        const settle = take();
        if ('fault' in reply) settle?.reject(revived(reply.fault));
        else settle?.resolve(reply.results);
      },
      (why) => {
        gone(this);
        this.raw.end();
        take()?.reject(new Error(`RankPool: a thread of the pool ${why}.`));
      },
    );
  }

  ask(message: unknown, transfer: ArrayBuffer[] = []): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      this.raw.post(message, transfer);
      this.settle = { resolve, reject };
      this.raw.hold?.(true);
    });
  }

  end(reason: unknown): unknown {
    this.settle?.reject(reason);
    this.settle = undefined;
    return this.raw.end();
  }
}

/** At most `count` threads, started in the first of these ways that works. */
export function createThreads(count: number, ways: readonly Launch[]): Threads {
  const idle: Thread[] = [];
  const all = new Set<Thread>();
  let way = 0;
  let kernel: KernelMessage | undefined;
  let closed: Error | undefined;

  function drop(thread: Thread): void {
    all.delete(thread);
    const at = idle.indexOf(thread);
    if (at >= 0) idle.splice(at, 1);
  }

  async function launch(tried: number): Promise<Thread> {
    kernel ??= await compiled();
    if (closed) throw closed;
    try {
      const thread = new Thread(ways[tried], drop);
      all.add(thread);
      await thread.ask(kernel);
      return thread;
    } catch (error) {
      if (closed) throw closed;
      if (tried + 1 < ways.length) {
        way = Math.max(way, tried + 1);
        return launch(tried + 1);
      }
      const why = (error as Error).message.replace(/\.?$/, '.');
      throw new Error(`createRankPool: no thread could be started. ${why}`, { cause: error });
    }
  }

  async function work(thread: Thread, task: Task, signal?: AbortSignalLike): Promise<unknown[]> {
    const abort = () => {
      drop(thread);
      thread.end(reasonOf(signal!));
    };
    signal?.addEventListener('abort', abort);
    try {
      return await thread.ask(task, transfers(task));
    } finally {
      signal?.removeEventListener('abort', abort);
      if (all.has(thread)) idle.push(thread);
    }
  }

  return {
    count,
    async run(task, signal) {
      const thread = idle.pop() ?? (await launch(way));
      if (!signal?.aborted) return work(thread, task, signal);
      idle.push(thread);
      throw reasonOf(signal);
    },
    async close() {
      closed = new Error('RankPool: the pool is closed.');
      const ended = [...all].map((thread) => thread.end(closed));
      all.clear();
      idle.length = 0;
      await Promise.all(ended);
    },
  };
}
