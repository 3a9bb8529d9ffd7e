// What a thread does with a task.
import { trim } from '../kernel/load.js';
import { type ConvLayerOptions, convLayerRank } from '../layers/conv.js';
import { denseLayerRank } from '../layers/dense.js';
import { multilinearRank } from '../layers/unfold.js';
import { rankFactors } from '../matrix/factors.js';
import { heavyTail } from '../matrix/heavy-tail.js';
import { independentColumns } from '../matrix/independent-columns.js';
import { spectralMetrics } from '../matrix/metrics.js';
import { frobeniusNorm, participationRatio, spectralNorm, stableRank } from '../matrix/norms.js';
import { productFactors, productReport } from '../matrix/product.js';
import { qr } from '../matrix/qr.js';
import { matrixRank, matrixRanks, rankReport } from '../matrix/rank.js';
import { singularValues } from '../matrix/singular-values.js';
import { columnSpace, dependencies, nullSpace } from '../matrix/subspaces.js';
import type { MetricsOptions, RankReport, SingularValuesOptions } from '../types.js';
import { accumulate, summarize } from './accumulate.js';
import type { AccumulateOptions, Task, TaskName, TaskTensor } from './task.js';

type AllOptions = MetricsOptions & ConvLayerOptions & SingularValuesOptions & AccumulateOptions;

/**
 * Each is called as (tensor, options). Those that take no options are told none: a task has one set for all its names.
 */
const FUNCTIONS: Record<TaskName, (a: TaskTensor, options?: AllOptions) => unknown> = {
  matrixRank,
  matrixRanks,
  rankReport,
  spectralMetrics,
  rankFactors,
  productReport: (left, options) => productReport(left, ...rightOf(options)),
  productFactors: (left, options) => productFactors(left, ...rightOf(options)),
  qr,
  independentColumns,
  nullSpace,
  columnSpace,
  dependencies,
  convLayerRank,
  denseLayerRank,
  multilinearRank,
  singularValues: (a, options) => singularValues(a, { accuracy: options?.accuracy }),
  heavyTail: (a) => heavyTail(a),
  frobeniusNorm: (a) => frobeniusNorm(a),
  spectralNorm: (a) => spectralNorm(a),
  stableRank: (a) => stableRank(a),
  participationRatio: (a) => participationRatio(a),
  accumulate: (rows, options) => accumulate(rows, options ?? {}),
  summarize: (_, options) => summarize(options ?? {}),
};

/**
 * Kernel memory that an idle worker keeps. A matrix that needs more takes long: a new kernel costs nothing beside it.
 */
const KEEP = 1 << 26;

/** The second factor of a product, which travels among the options, and those. */
function rightOf(options?: object): [right: TaskTensor, options: object] {
  const { right, ...rest } = options as { right: TaskTensor };
  return [right, rest];
}

/** The results of the task's functions, in order. */
export function run({ names, tensor, options, also }: Task): unknown[] {
  try {
    const results = names.map((name) => FUNCTIONS[name](tensor, options));
    if (also?.methods.includes((results[0] as RankReport).method))
      results.push(FUNCTIONS[also.name](tensor, options));
    return results;
  } finally {
    trim(KEEP);
  }
}
