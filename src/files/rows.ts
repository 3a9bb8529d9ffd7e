// One row for each matrix of the files, computed on all cores and handed on in the order of the files.
// Reading goes on while matrices are decided, as far as the memory budget lets it.

import { type NamedMatrix, toMatrices } from '../formats/matrices.js';
import { readTensors } from '../formats/read.js';
import type { NamedTensor, TensorInfo } from '../formats/types.js';
import { metricsOf } from '../matrix/metrics.js';
import { owns, type Task, type TaskName } from '../pool/task.js';
import type { ProductReport, RankOptions, RankReport } from '../types.js';
import { byteLength, tensorBytes } from './budget.js';
import type { Channel } from './channel.js';
import { DEAR, LARGE, SMALL, spectrumUpTo } from './cheap.js';
import { fileMessage, inFile, message } from './messages.js';
import { rankTall, tooLarge } from './tall-row.js';
import { isSingle, toleranceOf } from './tolerance-of.js';
import type { Event, Job, Open, Opened, Row } from './types.js';

/** Reads the files one after the other and puts their events into the channel; what breaks one is an event too. */
export async function produce(
  files: readonly string[],
  open: Open,
  job: Job,
  out: Channel<Event<Row>>,
): Promise<void> {
  for (const file of files) {
    out.push(Promise.resolve({ file }));
    const lost = new Lost();
    try {
      await produceFile(file, open, job, out, lost);
    } catch (error) {
      if (job.read.signal?.aborted) return;
      lost.first(fileMessage(file, error));
    }
    lost.tell(out);
  }
}

/** Reads one file and puts its rows into the channel; throws what breaks it as a whole. `lost`: why tensors failed. */
export async function produceFile(
  file: string,
  open: Open,
  job: Job,
  out: Channel<Event<Row>>,
  lost = new Lost(),
): Promise<void> {
  const input = await open(file, job);
  const tall = input.tall ?? (await tooLarge(input.from, input.options, job));
  if (tall !== undefined) {
    out.push(rankTall(file, tall, job).then((row) => ({ row })));
    return;
  }
  let release = () => {}; // gives back what the tensor being read holds of the budget
  const before = async (name: string, info: TensorInfo) => {
    release();
    release = await job.budget.take(tensorBytes(info, spectrumUpTo(job)), file, name);
  };
  const failed = (name: string, error: unknown) => {
    release();
    if (job.mine?.(name) === false) return;
    lost.add(message(error));
    out.push(Promise.resolve({ row: { file, name, error: inFile(error) } }));
  };
  try {
    for await (const tensor of tensorsOf(
      file,
      input as Opened,
      { ...job, read: { ...job.read, before } },
      failed,
    )) {
      const done = release;
      release = () => {};
      if (tensor.packed !== undefined) {
        out.push(Promise.resolve({ row: packedRow(file, tensor) }));
        done();
        continue;
      }
      const rows = toMatrices(tensor).map((matrix) => {
        const end = job.begin(matrix.name, byteLength(matrix));
        const row = decide(file, tensor, matrix, job).finally(end);
        out.push(row.then((row) => ({ row })));
        return row;
      });
      Promise.allSettled(rows).then(done);
    }
  } finally {
    release();
  }
}

/** One line for all that a file could not give: the first of it, and how many more. */
export class Lost {
  private line = '';
  private count = 0;

  add(line: string): void {
    if (this.count++ === 0) this.line = line;
  }
  /** What ended the file goes before what it lost on the way. */
  first(line: string): void {
    this.count++;
    this.line = line;
  }
  tell<R>(out: Channel<Event<R>>): void {
    const more = this.count > 1 ? ` (and ${this.count - 1} more)` : '';
    if (this.count > 0) out.push(Promise.resolve({ broken: this.line + more }));
  }
}

/** The tensors of a file; `failed` is told of those that cannot be read. */
export async function* tensorsOf(
  file: string,
  { from, options }: Opened,
  job: Job,
  failed: (name: string, error: unknown) => void,
): AsyncGenerator<NamedTensor> {
  yield* readTensors(from, {
    ...options,
    ...job.read,
    onProgress: (read, total) => job.onProgress(file, read, total),
    onError: failed,
  });
}

/** A tensor that is not decoded, and why. */
function packedRow(file: string, { name, shape, dtype, storage, packed }: NamedTensor): Row {
  return { file, name, shape, dtype, storage, note: packed };
}

async function decide(file: string, tensor: NamedTensor, matrix: NamedMatrix, job: Job): Promise<Row> {
  const { shape, dtype, storage, note } = tensor;
  const { name, noise, factors } = matrix;
  const full = Math.min(...matrix.shape, factors?.rank ?? Number.POSITIVE_INFINITY);
  const row: Row = { file, name, shape, matrix: matrix.shape, dtype, storage, noise, note, full };
  const all = job.metrics === true || job.spectra || (job.metrics === 'cheap' && full <= SMALL);
  const task = toTask(matrix, all ? ['rankReport', 'singularValues'] : ['rankReport'], job.tolerance);
  if (!all && job.metrics === 'cheap' && full <= LARGE && factors === undefined)
    task.also = { methods: DEAR, name: 'singularValues' };
  try {
    const results = await job.run(task);
    row.report = results[0] as RankReport;
    row.toleranceOf = toleranceOf(row.report, job.tolerance, isSingle(matrix));
    if (factors !== undefined) return withProduct(row, results[0] as ProductReport, job);
    const values = results[1] as Float64Array | undefined;
    if (job.metrics && values) row.metrics = metricsOf(values, row.report.rank);
    if (job.spectra) row.singularValues = values;
  } catch (error) {
    row.error = message(error);
  }
  return row;
}

/** The row of an adapter: everything comes in one answer. */
function withProduct(row: Row, product: ProductReport, { metrics, spectra }: Job): Row {
  const { shape, tolerance, method, lower, upper, sigmaMax, margin, proven, singularValues, ...rest } =
    product;
  row.report = { rank: rest.rank, shape, tolerance, method, lower, upper, sigmaMax, margin, proven };
  if (metrics) row.metrics = rest;
  if (spectra) row.singularValues = singularValues;
  return row;
}

/** A task that gives the matrix's buffer away; a matrix that shares its buffer with others is copied. */
export function toTask(matrix: NamedMatrix, names: readonly TaskName[], options: RankOptions): Task {
  const { data, shape, dtype, noise, factors } = matrix;
  const view = data as Float32Array;
  if (factors !== undefined) {
    const right = { data: factors.right, shape: [factors.rank, shape[1]] };
    const { tol, ...rest } = options; // a product is not stored: its factors' type decides
    const known = tol === 'storage' ? rest : options;
    const tensor = { data: factors.left, shape: [shape[0], factors.rank] };
    return { names: ['productReport'], tensor, options: { ...known, right } as RankOptions };
  }
  return { names, tensor: { data: owns(view) ? view : view.slice(), shape, dtype, noise }, options };
}
