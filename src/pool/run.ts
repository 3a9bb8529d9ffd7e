// What a worker does with a task, in Node and in browsers alike.
import { spectralMetrics } from '../metrics.js';
import { matrixRank, matrixRanks, rankReport } from '../rank.js';
import { singularValues } from '../spectrum.js';
import type { RankOptions } from '../types.js';
import type { Task, TaskName, TaskTensor } from './task.js';

const FUNCTIONS: Record<TaskName, (a: TaskTensor, options?: RankOptions) => unknown> = {
  matrixRank,
  matrixRanks,
  rankReport,
  singularValues: (a) => singularValues(a),
  spectralMetrics: (a) => spectralMetrics(a),
};

/** The results of the task's functions, in order. */
export function run({ names, tensor, options }: Task): unknown[] {
  return names.map((name) => FUNCTIONS[name](tensor, options));
}
