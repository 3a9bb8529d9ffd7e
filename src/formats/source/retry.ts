// Asking again for what breaks off, with growing pauses, and giving up where nothing comes.
import type { AbortSignalLike } from '../../types.js';
import { FormatError } from '../errors.js';

const TRIES = 5;
const PAUSE = 250; // ms, doubled each time
const MAX_PAUSE = 20_000;
const IDLE = 60_000; // ms without a byte

/** What may be asked for again: it is not the file's fault. */
export class Broken extends Error {
  constructor(
    message: string,
    /** Milliseconds to wait at least. */
    readonly pause = 0,
  ) {
    super(message);
  }
}

/** Runs a task until it ends or fails for good; `gaveUp` makes the error of the last failure. */
export async function retry<T>(
  task: (watch: Watch) => Promise<T>,
  signal: AbortSignalLike | undefined,
  gaveUp: (why: string, error: unknown) => Error,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const watch = new Watch(signal);
    try {
      signal?.throwIfAborted();
      return await task(watch);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof FormatError) throw error;
      if (attempt === TRIES) throw gaveUp(reason(error, watch), error);
      const pause = error instanceof Broken ? error.pause : 0;
      await sleep(Math.max(pause, PAUSE * 2 ** (attempt - 1)), signal);
    } finally {
      watch.end();
    }
  }
}

/** Milliseconds that Retry-After asks for, in seconds or as a date. */
export function pauseOf(after: string | null): number {
  if (after === null) return 0;
  const ms = /^\s*\d+\s*$/.test(after) ? 1000 * Number(after) : Date.parse(after) - Date.now();
  return ms > 0 ? Math.min(ms, MAX_PAUSE) : 0;
}

/** Waits, unless nobody wants the answer any more. */
function sleep(ms: number, signal: AbortSignalLike | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

function reason(error: unknown, watch: Watch): string {
  if (watch.idle) return `nothing came for ${IDLE / 1000} s`;
  const { message, cause } = error as Error & { cause?: { code?: string } };
  return cause?.code ?? message;
}

/** Ends a request to which nothing comes any more, or that nobody wants any more. */
export class Watch {
  idle = false;
  private readonly control = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = () => this.control.abort();

  constructor(private readonly outer: AbortSignalLike | undefined) {
    outer?.addEventListener('abort', this.abort);
    this.alive();
  }
  get signal(): AbortSignal {
    return this.control.signal;
  }
  alive(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.idle = true;
      this.abort();
    }, IDLE);
  }
  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.abort);
    this.abort(); // what is left of an answer is not waited for
  }
}
