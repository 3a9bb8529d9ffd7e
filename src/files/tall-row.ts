// The row of a matrix that does not fit the memory and goes through accumulators.
import { openSource } from '../formats/source/open.js';
import type { Readable, ReadOptions } from '../formats/types.js';
import { metricsOf } from '../matrix/metrics.js';
import { accumulate, plan, summarize } from './accumulate.js';
import { tensorBytes } from './budget.js';
import { spectrumUpTo } from './cheap.js';
import { inFile } from './messages.js';
import { openTall, type Tall } from './tall.js';
import { toleranceOf } from './tolerance-of.js';
import type { Job, Row } from './types.js';

/** Whether the matrix cannot be held but can be taken row by row. */
export function mustStream(tall: Tall, job: Job): boolean {
  const { shape, dtype, name } = tall;
  if (job.read.filter?.(name, { shape, dtype }) === false) return false;
  const bytes = tensorBytes({ shape, dtype }, spectrumUpTo(job));
  return bytes > job.budget.most && plan(tall, job.budget.most) !== undefined;
}

/**
 * The matrix of a .npy that must be streamed; undefined for everything else, which the readers take (or complain of).
 */
export async function tooLarge(from: Readable, options: ReadOptions, job: Job): Promise<Tall | undefined> {
  const name = typeof from === 'string' ? from : (options.name ?? '');
  if (!/\.npy$/i.test(name)) return undefined;
  try {
    const source = await openSource(from, options);
    const tall = await openTall(source);
    if (tall !== undefined && mustStream(tall, job)) return tall;
    await source.close();
  } catch {
    // The reader says what is wrong.
  }
  return undefined;
}

/** Takes the matrix row by row, and closes it. */
export async function rankTall(file: string, tall: Tall, job: Job): Promise<Row> {
  const { name, shape, dtype, matrix, transposed } = tall;
  const full = Math.min(...matrix);
  const row: Row = { file, name, shape, matrix, dtype, full };
  const total = Math.max(...matrix) * tall.columns * tall.size;
  const cut = plan(tall, job.budget.most)!;
  const release = await job.budget.take(cut.bytes, file, name);
  const end = job.begin(name, 0);
  try {
    const onRows = (rows: number) => job.onProgress(file, rows * tall.columns * tall.size, total);
    const states = await accumulate(tall, job.run, cut, { signal: job.read.signal, onRows });
    const { report, singularValues } = await summarize(states, job.tolerance, job.run);
    row.report = { ...report, shape: transposed ? [report.shape[1], report.shape[0]] : report.shape };
    row.toleranceOf = toleranceOf(report, job.tolerance, dtype === 'float32');
    if (job.spectra) row.singularValues = singularValues;
    if (job.metrics) row.metrics = metricsOf(singularValues, report.rank);
  } catch (error) {
    row.error = inFile(error);
  } finally {
    end();
    release();
    await tall.close();
  }
  return row;
}
