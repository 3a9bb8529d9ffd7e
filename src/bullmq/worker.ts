// A worker: takes jobs from the queue and gives them to the processors, which compute on the pool's threads, so that
// the event loop is free to renew the locks. BullMQ does the rest: retries with back-off,
// jobs of workers that died, progress.
import { type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { MergePayload, Payload, State } from '../jobs/payload.js';
import { JobRefusedError } from '../jobs/payload.js';
import {
  accumulateRows,
  type JobContext,
  mergeAccumulators,
  rankTensor,
  type StateResult,
} from '../jobs/processors.js';
import { folderStore } from '../jobs/store.js';
import { createTaskPool } from '../pool/pool.js';
import { type Connected, connect } from './connect.js';

export interface WorkerOptions {
  /** redis:// or postgres:// */
  url: string;
  /** The queue's name. Default 'matrix-rank'. */
  name?: string;
  /** Threads, and jobs at once. Default: one for each core. */
  threads?: number;
  /** A folder that all workers see, for states over 1 MiB and for results that need not be computed again. */
  store?: string;
  /** Milliseconds after which a job whose worker is silent goes to another. Default 30 000. */
  lock?: number;
  /** Told of what went wrong and was not the job's fault. */
  onProblem?(text: string): void;
}

export interface RankWorker {
  /** Host and database of the queue. */
  where: string;
  /** Settles when the worker has ended; rejects where it cannot go on. */
  ended: Promise<void>;
  /**
   * Takes no more jobs, waits `grace` milliseconds for those under way (default 20 000),
   * then gives them back to the queue.
   */
  close(grace?: number): Promise<void>;
}

export const QUEUE = 'matrix-rank';

/** Problems in a second from which there is no going on. */
const TOO_MANY = 100;

/** Starts a worker. */
export async function createWorker(options: WorkerOptions): Promise<RankWorker> {
  const { name = QUEUE, lock = 30_000, onProblem = () => {} } = options;
  const connected = await connect(options.url);
  const { availableParallelism } = await import('node:os');
  const threads = options.threads ?? availableParallelism();
  const pool = createTaskPool({ threads });
  const store = options.store === undefined ? undefined : folderStore(options.store);
  const stop = new AbortController();

  const work = async (job: Job, token?: string, signal?: AbortSignal): Promise<unknown> => {
    const context: JobContext = {
      store,
      run: pool.run,
      signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
      progress: progressOf(job),
    };
    try {
      return await process(job, context);
    } catch (error) {
      if (stop.signal.aborted) {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      if (error instanceof JobRefusedError) throw new UnrecoverableError(error.message);
      throw error;
    }
  };

  const worker = new Worker(
    name,
    work,
    {
      connection: connected.connection,
      concurrency: threads,
      lockDuration: lock,
      stalledInterval: lock,
      maxStalledCount: 10, // a worker that is killed is no fault of its job
    },
    connected.factory,
  );
  const ended = watch(worker, onProblem);
  let closing: Promise<void> | undefined;
  const close = (grace = 20_000) => {
    closing ??= shut(worker, connected, stop, grace).finally(() => pool.close());
    return closing;
  };
  ended.catch(() => close(0));
  await worker.waitUntilReady();
  return { where: connected.where, ended, close };
}

/** Progress in steps of a tenth: each is a message. */
function progressOf(job: Job): (share: number) => void {
  let told = 0;
  return (share) => {
    const step = Math.floor(10 * share);
    if (step <= told) return;
    told = step;
    job.updateProgress(10 * step).catch(() => {});
  };
}

async function process(job: Job, context: JobContext): Promise<unknown> {
  const payload = job.data as Payload | { job: 'collect' };
  switch (payload.job) {
    case 'rankTensor':
      return rankTensor(payload, context);
    case 'accumulateRows':
      return accumulateRows(payload, context);
    case 'mergeAccumulators':
      return mergeAccumulators({ ...payload, states: await statesOf(job, payload) }, context);
    case 'collect':
      return collect(job);
    default:
      throw new JobRefusedError(`there is no job '${job.name}' in this version.`);
  }
}

/** The children's states in their order; a payload of another queue brings its own. */
async function statesOf(job: Job, { states }: MergePayload): Promise<State[]> {
  if (states.length > 0) return states;
  const results = Object.values(await job.getChildrenValues<StateResult>());
  return results.sort((a, b) => a.index - b.index).map(({ state }) => state);
}

/**
 * How many of a model's tensors have rows, and how many have none.
 * The rows stay with the children, where they are small.
 */
async function collect(job: Job): Promise<{ done: number; failed: number }> {
  const [values, failures] = await Promise.all([job.getChildrenValues(), job.getIgnoredChildrenFailures()]);
  return { done: Object.keys(values).length, failed: Object.keys(failures).length };
}

/** Rejects when problems come faster than anything can mend them. */
function watch(worker: Worker, onProblem: (text: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let since = 0;
    let count = 0;
    let last = '';
    worker.on('closed', resolve);
    worker.on('error', (error) => {
      const now = Date.now();
      if (now - since > 1000) {
        since = now;
        count = 0;
      }
      if (++count === TOO_MANY) reject(new Error(`the queue cannot be used: ${error.message}`));
      if (error.message !== last) onProblem(error.message);
      last = error.message;
    });
  });
}

async function shut(
  worker: Worker,
  connected: Connected,
  stop: AbortController,
  grace: number,
): Promise<void> {
  const timer = setTimeout(() => stop.abort(new Error('the worker ends')), grace);
  try {
    await worker.close();
  } finally {
    clearTimeout(timer);
    await connected.close();
  }
}
