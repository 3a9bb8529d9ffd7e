// createRankPool: the rank functions on all cores. Threads, and the library that keeps them, load with the first call.

import type {
  CenteredMetrics,
  MatrixInput,
  MetricsOptions,
  NumericArray,
  RankOptions,
  RankReport,
  SpectralMetrics,
} from '../types.js';
import { Queue } from './queue.js';
import { type Task, type TaskName, toTask } from './task.js';
import type { StartThreads } from './threads.js';

export interface PoolOptions {
  /** How many threads. Default: one for each core. */
  threads?: number;
}

type WithOptions<Result> = {
  (data: NumericArray, shape: readonly number[], options?: RankOptions): Promise<Result>;
  (a: MatrixInput, options?: RankOptions): Promise<Result>;
};
type Centered = MetricsOptions & { centered: true };

/**
 * The rank functions with the same arguments, on threads of their own. Elements are copied as the call is made: the
 * caller's array stays usable and may change afterwards. Errors are those of the functions themselves.
 */
export interface RankPool {
  matrixRank: WithOptions<number>;
  matrixRanks: WithOptions<Int32Array>;
  rankReport: WithOptions<RankReport>;
  singularValues: {
    (data: NumericArray, shape: readonly number[]): Promise<Float64Array>;
    (a: MatrixInput): Promise<Float64Array>;
  };
  spectralMetrics: {
    (data: NumericArray, shape: readonly number[], options: Centered): Promise<CenteredMetrics>;
    (data: NumericArray, shape: readonly number[], options?: MetricsOptions): Promise<SpectralMetrics>;
    (a: MatrixInput, options: Centered): Promise<CenteredMetrics>;
    (a: MatrixInput, options?: MetricsOptions): Promise<SpectralMetrics>;
  };
  /** Ends the threads at once. Calls under way, and later ones, are rejected. */
  close(): Promise<void>;
}

/** Threads that wait for matrices. They do not keep a Node process alive; close() gives their memory back. */
export function createRankPool(options: PoolOptions = {}): RankPool {
  const tasks = createTaskPool(options);
  const call =
    (name: TaskName) =>
    async (...args: unknown[]) =>
      (await tasks.run(toTask(name, args)))[0];
  return {
    matrixRank: call('matrixRank') as RankPool['matrixRank'],
    matrixRanks: call('matrixRanks') as RankPool['matrixRanks'],
    rankReport: call('rankReport') as RankPool['rankReport'],
    singularValues: call('singularValues') as RankPool['singularValues'],
    spectralMetrics: call('spectralMetrics') as RankPool['spectralMetrics'],
    close: tasks.close,
  };
}

/** The pool below createRankPool: takes whole tasks and gives their buffers away. */
export function createTaskPool(options: PoolOptions = {}) {
  const { threads: count } = options;
  if (count !== undefined && !(Number.isInteger(count) && count >= 1)) {
    throw new RangeError(`createRankPool: threads must be a whole number from 1 on; got ${count}.`);
  }
  let queue: Promise<{ queue: Queue; close(): Promise<void> }> | undefined;
  let closed: Error | undefined;

  async function open() {
    const node = typeof process === 'object' && process.versions?.node !== undefined;
    const { start }: { start: StartThreads } = node
      ? await import('./node.js')
      : await import('./browser.js');
    const threads = await start(count);
    return { queue: new Queue(threads), close: threads.close };
  }

  return {
    async run(task: Task): Promise<unknown[]> {
      if (closed) throw closed;
      queue ??= open();
      const opened = await queue;
      if (closed) throw closed;
      return opened.queue.run(task);
    },
    async close(): Promise<void> {
      closed ??= new Error('RankPool: the pool is closed.');
      const opened = await queue?.catch(() => undefined);
      opened?.queue.close(new Error('RankPool: the pool was closed before this call had finished.'));
      await opened?.close();
    },
  };
}
