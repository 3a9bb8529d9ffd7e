// createRankPool: the functions of one matrix on all cores. Threads load with the first call.

import { describe } from '../input/options.js';
import type { ConvLayerOptions } from '../layers/conv.js';
import type { HeavyTail } from '../matrix/heavy-tail.js';
import type {
  AbortSignalLike,
  CenteredMetrics,
  Dependency,
  FactorOptions,
  MatrixInput,
  MetricsOptions,
  NumericArray,
  PivotedQR,
  ProductFactors,
  ProductOptions,
  ProductReport,
  RankFactors,
  RankOptions,
  RankReport,
  SingularValuesOptions,
  SpectralMetrics,
  SubspaceBasis,
} from '../types.js';
import { Queue } from './queue.js';
import { SIGNATURES, type Task, type TaskName, toTask } from './task.js';
import { reasonOf, type StartThreads } from './threads.js';

export interface PoolOptions {
  /** How many threads. Default: one for each core. */
  threads?: number;
}

/** What every call of a pool takes beside the function's own options. */
export interface CallOptions {
  /**
   * Ends the call when it is aborted, at once, even in the middle of a matrix: the promise is rejected with the
   * signal's reason, and other calls go on.
   */
  signal?: AbortSignalLike;
}

/** A function of one matrix, as a promise. */
export interface Pooled<Result, Options = RankOptions> {
  (data: NumericArray, shape: readonly number[], options?: Options & CallOptions): Promise<Result>;
  (a: MatrixInput, options?: Options & CallOptions): Promise<Result>;
}

/** A function of a tensor that knows its own shape, as a promise. */
export type PooledLayer<Result, Options = RankOptions> = (
  a: MatrixInput,
  options?: Options & CallOptions,
) => Promise<Result>;

/** A function of two factors, left and right, as a promise. */
export type PooledProduct<Result, Options> = (
  left: MatrixInput,
  right: MatrixInput,
  options?: Options & CallOptions,
) => Promise<Result>;

type None = Record<never, never>;

/** `spectralMetrics` of centered data. */
export interface PooledCentered {
  (data: NumericArray, shape: readonly number[], options: Centered): Promise<CenteredMetrics>;
  (a: MatrixInput, options: Centered): Promise<CenteredMetrics>;
}

type Centered = MetricsOptions & CallOptions & { centered: true };

/**
 * The functions of one matrix with the same arguments, on threads of their own.
 * Elements are copied as the call is made:
 * the caller's array stays usable and may change afterwards. Errors are those of the functions themselves; a thread
 * that dies rejects the call that it was at, and the next call starts another.
 *
 * @example
 * const pool = createRankPool();
 * await pool.rankReport(weights, [4096, 4096], { signal: AbortSignal.timeout(60_000) });
 */
export interface RankPool {
  matrixRank: Pooled<number>;
  matrixRanks: Pooled<Int32Array>;
  rankReport: Pooled<RankReport>;
  singularValues: Pooled<Float64Array, SingularValuesOptions>;
  qr: Pooled<PivotedQR>;
  independentColumns: Pooled<Int32Array>;
  nullSpace: Pooled<SubspaceBasis>;
  columnSpace: Pooled<SubspaceBasis>;
  dependencies: Pooled<Dependency[]>;
  rankFactors: Pooled<RankFactors, FactorOptions>;
  productReport: PooledProduct<ProductReport, RankOptions>;
  productFactors: PooledProduct<ProductFactors, ProductOptions>;
  spectralMetrics: PooledCentered & Pooled<SpectralMetrics, MetricsOptions>;
  /** That of 'matrix-rank/heavy-tail'. */
  heavyTail: Pooled<HeavyTail, None>;
  frobeniusNorm: Pooled<number, None>;
  spectralNorm: Pooled<number, None>;
  stableRank: Pooled<number, None>;
  participationRatio: Pooled<number, None>;
  convLayerRank: PooledLayer<number, ConvLayerOptions>;
  denseLayerRank: PooledLayer<number>;
  multilinearRank: PooledLayer<number[]>;
  /** Ends the threads at once. Calls under way, and later ones, are rejected. */
  close(): Promise<void>;
}

/** `args` without the signal among the options, and the signal. */
function takeSignal(name: string, args: readonly unknown[]): [args: unknown[], signal?: AbortSignalLike] {
  const at = args.length - 1;
  const options = args[at] as CallOptions | null | undefined;
  if (at < 1 || typeof options !== 'object' || options === null || !('signal' in options)) return [[...args]];
  const { signal, ...others } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TypeError(`${name}: signal must be an AbortSignal; got ${describe(signal)}.`);
  }
  const rest = Object.keys(others).length > 0 ? [others] : [];
  return [[...args.slice(0, at), ...rest], signal];
}

/** Whether a thread can be told these options. */
function travels(options: object = {}): boolean {
  return Object.values(options).every((value) => typeof value !== 'function' && typeof value !== 'symbol');
}

/** Threads that wait for matrices. They do not keep a Node process alive; close() gives their memory back. */
export function createRankPool(options: PoolOptions = {}): RankPool {
  const tasks = createTaskPool(options);
  const call =
    (name: TaskName) =>
    async (...given: unknown[]) => {
      const [args, signal] = takeSignal(name, given);
      if (signal?.aborted) throw reasonOf(signal);
      const task = toTask(name, args);
      if (travels(task.options)) return (await tasks.run(task, signal))[0];
      const { run } = await import('./run.js'); // no function takes such options: it says so itself
      return run(task)[0];
    };
  const names = Object.keys(SIGNATURES) as (TaskName & Exclude<keyof RankPool, 'close'>)[];
  const pool = Object.fromEntries(names.map((name) => [name, call(name)]));
  return { ...pool, close: tasks.close } as unknown as RankPool;
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
    const { start }: { start: StartThreads } = await (node ? import('./node.js') : import('./browser.js'));
    const threads = await start(count);
    return { queue: new Queue(threads), close: () => threads.close() };
  }

  return {
    async run(task: Task, signal?: AbortSignalLike): Promise<unknown[]> {
      if (closed) throw closed;
      queue ??= open();
      const opened = await queue;
      if (closed) throw closed;
      return await opened.queue.run(task, signal);
    },
    async close(): Promise<void> {
      closed ??= new Error('RankPool: the pool is closed.');
      const opened = await queue?.catch(() => undefined);
      opened?.queue.close(new Error('RankPool: the pool was closed before this call had finished.'));
      await opened?.close();
    },
  };
}
