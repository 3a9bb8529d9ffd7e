// Threads behind the pool, whatever the engine calls them: started when they are first needed, each told the kernel
// and then given one task after the other. node.ts and browser.ts say how one is launched; a way that fails is
// followed by the next. Threads that have nothing to do are lent to calls on large matrices, and called back when
// they are needed.
import { compiled } from '../kernel/load.js';
import { canShare, compileShared } from '../kernel/shared.js';
import type { AbortSignalLike } from '../types.js';
import { gainsFromThreads, isArrayBuffer, type Task } from './task.js';
import type { Team } from './team.js';

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

/** An error as it travels: engines differ in what of an Error they copy. */
export interface Fault {
  name: string;
  message: string;
}

/** The end of what a thread was asked for; or, on the way, the envelopes for those that may help (team.ts). */
export type Reply = { results: unknown[] } | { fault: Fault } | { envelopes: MessagePort[] };

/** A thread as an engine has it. */
export interface Raw {
  post(message: unknown, transfer: Transferable[]): void;
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
  private envelopes: (envelopes: MessagePort[]) => void = () => {};
  private ended = false;

  constructor(launch: Launch, gone: (thread: Thread) => void) {
    const take = () => {
      const { settle } = this;
      this.settle = undefined;
      if (!this.ended) this.raw.hold?.(false); // its end is waited for, whatever it still says
      return settle;
    };
    this.raw = launch(
      (reply) => {
        if ('envelopes' in reply) return this.envelopes(reply.envelopes);
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

  ask(
    message: unknown,
    transfer: Transferable[] = [],
    envelopes: (envelopes: MessagePort[]) => void = () => {},
  ): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      this.raw.post(message, transfer);
      this.settle = { resolve, reject };
      this.envelopes = envelopes;
      this.raw.hold?.(true);
    });
  }

  end(reason: unknown): unknown {
    this.settle?.reject(reason);
    this.settle = undefined;
    this.ended = true;
    return this.raw.end();
  }
}

/** As many as the kernel has room for scratch of. */
const MOST_THREADS = 64;

/** A call that may be helped. */
interface Call {
  driver: Thread;
  /** For those who may still come. */
  envelopes: MessagePort[];
  /** Who helps, and how each is called back. */
  helpers: Map<Thread, { control: Int32Array; back: Promise<void> }>;
  over: boolean;
}

/** At most `count` threads, started in the first of these ways that works. */
export function createThreads(count: number, ways: readonly Launch[]): Threads {
  const idle: Thread[] = [];
  const all = new Set<Thread>();
  const calls = new Set<Call>();
  /** Who waits for a helper to come back. */
  const waiting: ((thread: Thread | Promise<Thread>) => void)[] = [];
  let launching = 0;
  let way = 0;
  let kernel: KernelMessage | undefined;
  let shared: Promise<WebAssembly.Module | undefined> | undefined;
  let closed: Error | undefined;

  function drop(thread: Thread): void {
    all.delete(thread);
    const at = idle.indexOf(thread);
    if (at >= 0) idle.splice(at, 1);
  }

  /** The thread has nothing to do any more. */
  function free(thread: Thread): void {
    if (!all.has(thread)) return;
    const next = waiting.shift();
    if (next) next(thread);
    else {
      idle.push(thread);
      setTimeout(lend, 0); // a task may come first
    }
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

  /** A thread that nobody needs, one called back from a call that it helps, or a new one. */
  function obtain(): Thread | Promise<Thread> {
    const thread = idle.pop();
    if (thread) return thread;
    for (const { helpers } of calls) {
      for (const { control } of helpers.values()) {
        if (Atomics.exchange(control, 0, 1) !== 0) continue; // called back for another
        return new Promise((resolve) => waiting.push(resolve));
      }
    }
    return launch(way);
  }

  /** Gives idle threads, and new ones while there may be more, to calls that have room for them. */
  function lend(): void {
    for (const call of calls) {
      while (call.envelopes.length > 0) {
        const thread = idle.pop();
        if (thread) lendTo(call, thread);
        else if (all.size + launching < count && !closed) {
          launching++;
          const started = () => launching--;
          launch(way).then((thread) => {
            started();
            free(thread);
          }, started);
          return;
        } else return;
      }
    }
  }

  function lendTo(call: Call, thread: Thread): void {
    const control = new Int32Array(new SharedArrayBuffer(4));
    const envelope = call.envelopes.pop()!;
    const back = thread.ask({ envelope, control }, [envelope]).then(
      ([returned]) => {
        call.helpers.delete(thread);
        if (call.over) (returned as MessagePort).close();
        else call.envelopes.push(returned as MessagePort);
        free(thread);
      },
      (error) => {
        call.helpers.delete(thread);
        drop(thread);
        thread.end(error);
        waiting.shift()?.(launch(way));
        if (call.over) return;
        // The driver waits for what this thread had begun, for ever.
        drop(call.driver);
        call.driver.end(
          new Error(`${(error as Error).message.replace(/\.?$/, '')} while it helped another.`),
        );
      },
    );
    call.helpers.set(thread, { control, back });
  }

  /** What a driver needs for its helpers; undefined where there can be none, or where they would not be worth it. */
  async function team(task: Task): Promise<Team | undefined> {
    if (count === 1 || !gainsFromThreads(task) || !canShare()) return undefined;
    shared ??= compileShared().catch(() => undefined);
    const module = await shared;
    return module && { module, threads: Math.min(count, MOST_THREADS) };
  }

  async function work(driver: Thread, task: Task, signal?: AbortSignalLike): Promise<unknown[]> {
    const call: Call = { driver, envelopes: [], helpers: new Map(), over: false };
    const abort = () => {
      drop(driver);
      driver.end(reasonOf(signal!));
    };
    const invite = (envelopes: MessagePort[]) => {
      call.envelopes = envelopes;
      lend();
    };
    signal?.addEventListener('abort', abort);
    try {
      const message = { ...task, team: await team(task) };
      if (signal?.aborted) throw reasonOf(signal);
      if (message.team) calls.add(call);
      return await driver.ask(message, transfers(task), invite);
    } finally {
      signal?.removeEventListener('abort', abort);
      end(call);
    }
  }

  /** The driver is free when its helpers are gone: they might take part in its next call. */
  function end(call: Call): void {
    call.over = true;
    calls.delete(call);
    for (const envelope of call.envelopes) envelope.close();
    const helpers = [...call.helpers.values()];
    for (const { control } of helpers) Atomics.store(control, 0, 1);
    if (helpers.length === 0) free(call.driver);
    else Promise.all(helpers.map(({ back }) => back)).then(() => free(call.driver));
  }

  return {
    count,
    async run(task, signal) {
      const thread = await obtain();
      if (!signal?.aborted) return work(thread, task, signal);
      free(thread);
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
