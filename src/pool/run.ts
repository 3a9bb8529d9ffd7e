// What a worker does with a task, in Node and in browsers alike.
import { trim } from '../kernel/load.js';
import { spectralMetrics } from '../matrix/metrics.js';
import { matrixRank, matrixRanks, rankReport } from '../matrix/rank.js';
import { singularValues } from '../matrix/spectrum.js';
import type { MetricsOptions } from '../types.js';
import type { Task, TaskName, TaskTensor } from './task.js';

const FUNCTIONS: Record<TaskName, (a: TaskTensor, options?: MetricsOptions) => unknown> = {
  matrixRank,
  matrixRanks,
  rankReport,
  spectralMetrics,
  singularValues: (a) => singularValues(a),
};

/** Kernel memory that an idle worker keeps. A matrix that needs more takes long: a new kernel costs nothing beside it. */
const KEEP = 1 << 26;

/** The results of the task's functions, in order. */
export function run({ names, tensor, options }: Task): unknown[] {
  try {
    return names.map((name) => FUNCTIONS[name](tensor, options));
  } finally {
    trim(KEEP);
  }
}
