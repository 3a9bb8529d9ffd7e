// What a thread does with chunks of a tall matrix: rows and saved accumulators in,
// a saved accumulator or its report out.
import { RankAccumulator } from '../accumulator/accumulator.js';
import type { RankOptions, RankReport } from '../types.js';
import type { AccumulateOptions, TaskTensor } from './task.js';

function merged({ columns, states = [] }: AccumulateOptions): RankAccumulator {
  if (states.length === 0) return new RankAccumulator(columns!);
  const [all, ...others] = states.map((state) => RankAccumulator.fromBytes(state));
  for (const other of others) all.merge(other);
  return all;
}

/** The accumulator of `states` and then these rows, saved. */
export function accumulate(rows: TaskTensor, options: AccumulateOptions): Uint8Array {
  const all = merged(options);
  if (rows.shape[0] > 0) {
    try {
      all.push(rows);
    } catch (error) {
      refuse(rows, options);
      throw error;
    }
  }
  return all.toBytes();
}

/** Names the first element that is not finite by its place in the whole matrix. */
function refuse(
  { data, shape: [count, n], strides }: TaskTensor,
  { first = 0, transposed }: AccumulateOptions,
): void {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return;
  const [down, across] = strides ?? [n, 1];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < n; j++) {
      const x = data[i * down + j * across];
      if (Number.isFinite(x)) continue;
      const at = transposed ? [j, first + i] : [first + i, j];
      throw new RangeError(`element [${at.join(', ')}] is ${x}; every element must be finite.`);
    }
  }
}

/** What the accumulator of `states` says. */
export function summarize({ states, ...tolerance }: AccumulateOptions & RankOptions): {
  report: RankReport;
  dtype: RankAccumulator['dtype'];
  singularValues: Float64Array;
} {
  const all = merged({ states });
  const report = all.report(tolerance);
  return { report, dtype: all.dtype, singularValues: all.singularValues() };
}
