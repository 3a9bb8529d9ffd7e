// A tall matrix through RankAccumulator on all cores: its chunks of rows go round a few lanes, each a chain of
// accumulators that travel as their saved bytes; at the end the lanes are merged and the report is that of all rows.
// The lanes and the chunks depend on the matrix and on the memory alone, so that the number of threads changes nothing.
//
// Memory: for each lane two chunks and some 13 n^2 numbers (state, kernel, factor).
// Cost: 2.5 m n^2 flops, every byte read once.
import type { Task } from '../pool/task.js';
import type { AccumulatorOptions, RankOptions, RankReport } from '../types.js';
import type { Tall } from './tall.js';

const CHUNK = 2 ** 24; // bytes of rows in a chunk, unless rows are long
const LANES = 8;

export interface Lanes {
  lanes: number;
  /** Rows of a chunk. */
  rows: number;
  /** What all of them take. */
  bytes: number;
}

/** How a matrix is cut where so many bytes may be used; undefined where they are too few. */
export function plan(
  { columns: n, size, rows }: Pick<Tall, 'columns' | 'size' | 'rows'>,
  memory: number,
): Lanes | undefined {
  const row = n * (size === 4 || size === 8 ? size : size + 8);
  const square = 8 * 13 * n * n;
  const most = Math.max(CHUNK, 4 * n * row); // more rows a chunk do not lessen the work
  const left = memory - square;
  if (left < 256 * row) return undefined;
  // What was read stays around for a while, so that chunks are a small part of a small memory.
  const bytes = Math.min(most, Math.max(256 * row, left / 8), (rows ?? Number.POSITIVE_INFINITY) * row);
  const taken = Math.floor(bytes / row);
  const lane = square + 2 * taken * row;
  const needed = Math.ceil((rows ?? Number.POSITIVE_INFINITY) / taken);
  const lanes = Math.max(1, Math.min(LANES, needed, Math.floor(memory / lane)));
  return { lanes, rows: taken, bytes: lanes * lane };
}

export type Run = (task: Task) => Promise<unknown[]>;

/** What the functions below tell their caller. */
export interface Told {
  signal?: { throwIfAborted(): void };
  /** So many rows are in. */
  onRows?(rows: number): void;
}

/** The saved accumulators of rows first .. first + count (default: to the end), one for each lane that was used. */
export async function accumulate(
  tall: Tall,
  run: Run,
  cut: Lanes,
  { signal, onRows }: Told = {},
  first = 0,
  count = Number.POSITIVE_INFINITY,
): Promise<Uint8Array[]> {
  const lanes: Promise<Uint8Array>[] = [];
  const end = Math.min(first + count, tall.rows ?? Number.POSITIVE_INFINITY);
  let done = 0;
  for (let at = first, k = 0; at < end; k++) {
    const lane = k % cut.lanes;
    const before = await lanes[lane];
    signal?.throwIfAborted();
    const tensor = await tall.chunk(at, Math.min(cut.rows, end - at));
    const rows = tensor.shape[0];
    if (rows === 0) break;
    const options = {
      columns: tall.columns,
      states: before && [before],
      first: at,
      transposed: tall.transposed,
    };
    lanes[lane] = run({ names: ['accumulate'], tensor, options }).then(([state]) => {
      done += rows;
      onRows?.(done);
      return state as Uint8Array;
    });
    lanes[lane].catch(() => {}); // awaited above or below
    at += rows;
  }
  return Promise.all(lanes);
}

const NOTHING = () => ({ data: new Float64Array(0), shape: [0, 0] });

/** One accumulator of several, in their order. */
export async function merge(states: readonly Uint8Array[], run: Run): Promise<Uint8Array> {
  const [state] = await run({ names: ['accumulate'], tensor: NOTHING(), options: { states } });
  return state as Uint8Array;
}

/** What accumulators say of all their rows. */
export interface Accumulated {
  report: RankReport;
  dtype: NonNullable<AccumulatorOptions['dtype']>;
  singularValues: Float64Array;
}

/** The report of all rows of several accumulators. */
export async function summarize(
  states: readonly Uint8Array[],
  tolerance: RankOptions,
  run: Run,
): Promise<Accumulated> {
  const [summary] = await run({ names: ['summarize'], tensor: NOTHING(), options: { ...tolerance, states } });
  return summary as Accumulated;
}
