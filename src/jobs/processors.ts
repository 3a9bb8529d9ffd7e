// matrix-rank/jobs: what a worker of any queue does with a payload. Plain functions that import no queue: at least once
// is enough for them, as a job done twice gives one result. They compute on threads, never on the event loop.
import { accumulate, merge, plan, summarize } from '../files/accumulate.js';
import { Budget } from '../files/budget.js';
import { Channel } from '../files/channel.js';
import { fileMessage } from '../files/messages.js';
import { produceFile } from '../files/rows.js';
import { openTall } from '../files/tall.js';
import type { Event, Job, Row } from '../files/types.js';
import { FormatError } from '../formats/errors.js';
import { createTaskPool } from '../pool/pool.js';
import type { Task } from '../pool/task.js';
import type { AbortSignalLike } from '../types.js';
import {
  checkPayload,
  decode,
  encode,
  fromBase64,
  keyOf,
  type MergePayload,
  type Payload,
  type RowsPayload,
  type State,
  type TensorPayload,
  toBase64,
} from './payload.js';
import { checkReference, openReference } from './reference.js';
import type { Store } from './store.js';
import { lentPool } from './threads.js';

/** What a queue gives its processors. All of it is optional. */
export interface JobContext {
  /** Ends the job at once. */
  signal?: AbortSignalLike;
  /** Told how much of the job is done, from 0 to 1. */
  progress?(share: number): void;
  /** Where larger states lie, and results that need not be computed again. */
  store?: Store;
  /** Runs a task on a thread; without it all cores do, which keep no process alive and end when idle. */
  run?(task: Task, signal?: AbortSignalLike): Promise<unknown[]>;
}

/** Bytes up to which a state travels in its result. */
const INLINE = 2 ** 20;
/** What chunks and states of one job take together. */
const MEMORY = 2 ** 28;

const runOnAllCores = lentPool(createTaskPool);

function runner({ run = runOnAllCores, signal }: JobContext): (task: Task) => Promise<unknown[]> {
  return (task) => run(task, signal);
}

/** The result under the payload's key, computed unless the store has it. */
async function once<R>(
  payload: Payload,
  { store }: JobContext,
  compute: (key: string) => Promise<R>,
): Promise<R> {
  const key = await keyOf(payload);
  if (store === undefined) return compute(key);
  const kept = await store.read(store.url(`${key}.json`));
  if (kept !== undefined) return { ...JSON.parse(new TextDecoder().decode(kept)), index: payload.index };
  const result = await compute(key);
  await store.write(`${key}.json`, new TextEncoder().encode(JSON.stringify(result)));
  return result;
}

/** The rows of the tensors, in the order of the file, one for each matrix. Read them with rowsOf(). */
export interface TensorResult {
  index: number;
  rows: unknown[];
}

/**
 * Decides one tensor of a file, or a few small ones. What is wrong with the tensor is a row with `error`;
 * what is wrong with the file is thrown.
 */
export async function rankTensor(payload: TensorPayload, context: JobContext = {}): Promise<TensorResult> {
  checkPayload('rankTensor', payload);
  return once(payload, context, async () => {
    const { source, names, options, index } = payload;
    await checkReference(source);
    const wanted = new Set(names);
    const mine = (name: string) => wanted.has(name);
    const job: Job = {
      run: runner(context),
      budget: new Budget(Number.POSITIVE_INFINITY),
      tolerance: options.tolerance ?? {},
      metrics: options.metrics ?? false,
      spectra: options.spectra ?? false,
      read: { filter: mine, signal: context.signal },
      mine,
      onProgress: (_, read, total) => context.progress?.(read / total),
      begin: () => () => {},
    };
    const out = new Channel<Event<Row>>();
    const produced = produceFile(source.url, async (from) => ({ from, options: {} }), job, out).then(
      () => out.end(),
      (error) => {
        out.end();
        return error as Error;
      },
    );
    const rows: unknown[] = [];
    for await (const event of out) if ('row' in event) rows.push(encode(event.row));
    context.signal?.throwIfAborted();
    const error = await produced;
    if (error) throw new Error(fileMessage(source.url, error), { cause: error });
    return { index, rows };
  });
}

/** The rows that a result carries. */
export function rowsOf({ rows }: TensorResult): Row[] {
  return rows.map((row) => decode(row) as Row);
}

export interface StateResult {
  index: number;
  state: State;
}

/** Takes rows of a .npy into an accumulator. */
export async function accumulateRows(payload: RowsPayload, context: JobContext = {}): Promise<StateResult> {
  checkPayload('accumulateRows', payload);
  return once(payload, context, async (key) => {
    const { source, first, count, index } = payload;
    const bytes = await openReference(source);
    try {
      const tall = await openTall(bytes);
      if (tall === undefined) throw new FormatError(source.url, 'is no .npy that can be taken row by row.');
      const cut = plan({ ...tall, rows: Math.min(count, tall.rows!) }, MEMORY);
      if (cut === undefined)
        throw new FormatError(source.url, `rows of ${tall.columns} are too long for a job.`);
      const run = runner(context);
      const told = { signal: context.signal, onRows: (rows: number) => context.progress?.(rows / count) };
      const states = await accumulate(tall, run, cut, told, first, count);
      const state = states.length === 1 ? states[0] : await merge(states, run);
      return { index, state: await keep(state, key, context) };
    } finally {
      await bytes.close();
    }
  });
}

async function keep(state: Uint8Array, key: string, { store }: JobContext): Promise<State> {
  if (state.length <= INLINE) return { inline: toBase64(state) };
  if (store === undefined) {
    const mib = (state.length / 2 ** 20).toFixed(1);
    throw new Error(
      `a state of ${mib} MiB is too large for a queue; give the workers a store, a folder that all see.`,
    );
  }
  return { url: await store.write(`${key}.state`, state) };
}

async function load(state: State, { store }: JobContext): Promise<Uint8Array> {
  if ('inline' in state) return fromBase64(state.inline);
  const bytes = await store?.read(state.url);
  if (bytes === undefined)
    throw new Error(`the state ${state.url} is not there; do all workers have the same store?`);
  return bytes;
}

/** What a merge says of all rows: a RankReport, dtype and singular values, as decode() gives them back. */
export interface ReportResult {
  index: number;
  report: unknown;
}

/** Merges accumulators, in their order: into one, or into the report of all rows. */
export async function mergeAccumulators(
  payload: MergePayload,
  context: JobContext = {},
): Promise<StateResult | ReportResult> {
  checkPayload('mergeAccumulators', payload);
  return once<StateResult | ReportResult>(payload, context, async (key) => {
    const { states, report, index } = payload;
    const loaded: Uint8Array[] = [];
    for (const state of states) loaded.push(await load(state, context));
    const run = runner(context);
    context.signal?.throwIfAborted();
    if (report !== undefined) {
      return { index, report: encode(await summarize(loaded, report.tolerance ?? {}, run)) };
    }
    return { index, state: await keep(await merge(loaded, run), key, context) };
  });
}
