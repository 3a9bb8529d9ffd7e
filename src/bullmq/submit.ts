// Sources as flows of jobs, and their rows. A model: a job a tensor (small ones share one), the dearest first, and a
// parent that waits for all. A tall matrix: a job a chunk of rows, a tree of merges of eight, whose root reports.
//
// Every run has ids of its own: a flow that is added again never waits for children that belong to another. What need
// not be computed again is the store's to know.
import { randomUUID } from 'node:crypto';
import { type FlowJob, FlowProducer, Job, Queue } from 'bullmq';
import type { Accumulated } from '../files/accumulate.js';
import { message } from '../files/messages.js';
import type { Row } from '../files/types.js';
import type { ReadOptions } from '../formats/types.js';
import { decode, type JobOptions, KERNEL, keyOf, VERSION } from '../jobs/payload.js';
import { type ModelPlan, planJobs, type TallPlan } from '../jobs/plan.js';
import { type ReportResult, rowsOf, type TensorResult } from '../jobs/processors.js';
import { metricsOf } from '../matrix/metrics.js';
import type { AbortSignalLike } from '../types.js';
import { type Connected, connect } from './connect.js';
import { QUEUE } from './worker.js';

export interface SubmitOptions extends JobOptions {
  /** redis:// or postgres:// */
  url: string;
  name?: string;
  filter?: ReadOptions['filter'];
  signal?: AbortSignalLike;
  onProgress?(file: string, done: number, total: number): void;
  /** Told where nothing happens for a while. */
  onProblem?(text: string): void;
}

/** How often the queue is asked, and after how long without a worker that is told. */
const INTERVAL = 250;
const PATIENCE = 10_000;
/** How long a server that was there may be away. */
const AWAY = 60_000;
const FAN_IN = 8;
const DAY = 86_400; // seconds

const RETRIES = {
  attempts: 4,
  backoff: { type: 'exponential', delay: 500 },
  removeOnComplete: { age: DAY },
  removeOnFail: { age: DAY },
  stackTraceLimit: 0,
};

/** A source's jobs in the queue. */
export class Submitted {
  private constructor(
    private readonly file: string,
    private readonly queue: Queue,
    private readonly flow: Flow,
    private readonly options: SubmitOptions,
  ) {}

  static async add(file: string, at: Queues, options: SubmitOptions): Promise<Submitted> {
    const { filter, signal, tolerance, metrics, spectra } = options;
    const plan = await planJobs(file, { tolerance, metrics, spectra }, filter, signal);
    const flow = await ('pieces' in plan ? tallFlow(plan, at.name, options) : modelFlow(plan, at.name));
    if (flow.total > 0) await at.flows.add(flow.root);
    return new Submitted(file, at.queue, flow, options);
  }

  /** Waits for the jobs and gives their rows, in the order of the file. */
  async rows(): Promise<Row[]> {
    const { flow, file } = this;
    if (flow.total === 0) return flow.local.map(({ row }) => ({ ...row, file }));
    const root = await this.wait();
    const { plan } = flow;
    if ('tall' in plan) return [{ ...(await this.ask(() => this.tallRow(root, plan))), file }];
    const values = Object.values(await this.ask(() => root.getChildrenValues<TensorResult>()));
    const failures = await this.ask(() => root.getIgnoredChildrenFailures());
    const rows = [...flow.local, ...values.flatMap((v) => rowsOf(v).map((row) => ({ index: v.index, row })))];
    for (const [key, reason] of Object.entries(failures)) {
      const { index, names } = flow.jobs.get(key.slice(key.lastIndexOf(':') + 1)) ?? { index: 0, names: [] };
      for (const name of names) rows.push({ index, row: { file, name, error: message(new Error(reason)) } });
    }
    return rows.sort((a, b) => a.index - b.index).map(({ row }) => ({ ...row, file }));
  }

  private async wait(): Promise<Job> {
    const { queue, flow, options, file } = this;
    const id = flow.root.opts!.jobId!;
    const start = Date.now();
    let told = false;
    for (;;) {
      options.signal?.throwIfAborted();
      const job = await this.ask(() => Job.fromId(queue, id));
      if (job === undefined) throw new Error('its jobs were removed from the queue.');
      const state = await this.ask(() => job.getState());
      if (state === 'completed' || state === 'failed') return job;
      const {
        waiting = 0,
        active = 0,
        completed = 0,
        failed = 0,
      } = await this.ask(() => queue.getJobCounts());
      options.onProgress?.(file, completed, waiting + active + completed + failed);
      const idle = !told && Date.now() - start > PATIENCE && active === 0;
      if (idle && (await this.ask(() => queue.getWorkersCount())) === 0) {
        told = true;
        options.onProblem?.("no worker takes jobs; 'matrix-rank worker --queue URL' starts one.");
      }
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
  }

  /** The answer of a server that may be away for a while. */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    for (const start = Date.now(); ; ) {
      try {
        return await question();
      } catch (error) {
        this.options.signal?.throwIfAborted();
        if (Date.now() - start > AWAY) throw error;
        await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL));
      }
    }
  }

  private async tallRow(root: Job, { tall }: TallPlan): Promise<Row> {
    const { name, shape, dtype, matrix, transposed, columns: full } = tall;
    const row: Row = { file: this.file, name, shape, matrix, dtype, full };
    if ((await root.getState()) === 'failed') {
      return { ...row, error: message(new Error(await this.reason(root))) };
    }
    const { report, singularValues } = decode((root.returnvalue as ReportResult).report) as Accumulated;
    row.report = { ...report, shape: transposed ? [report.shape[1], report.shape[0]] : report.shape };
    if (this.options.spectra) row.singularValues = singularValues;
    if (this.options.metrics) row.metrics = metricsOf(singularValues, report.rank);
    return row;
  }

  /** Why a flow failed: the reason of the job below it that did. */
  private async reason(job: Job): Promise<string> {
    const child = /:([^:\s]+) failed$/.exec(job.failedReason ?? '')?.[1];
    const below = child === undefined ? undefined : await Job.fromId(this.queue, child);
    return below === undefined ? (job.failedReason ?? 'failed') : this.reason(below);
  }
}

interface Flow {
  plan: ModelPlan | TallPlan;
  root: FlowJob;
  total: number;
  /** The jobs of tensors by their ids. */
  jobs: Map<string, { index: number; names: string[] }>;
  /** Rows that need no job. */
  local: { index: number; row: Row }[];
}

/** BullMQ's ids hold no ':' and are no whole numbers. */
const newRun = () => `run-${randomUUID()}`;

async function modelFlow(plan: ModelPlan, queueName: string): Promise<Flow> {
  const run = newRun();
  const jobs: Flow['jobs'] = new Map();
  const children: FlowJob[] = [];
  for (const data of plan.dearest) {
    const jobId = `${run}-${(await keyOf(data)).slice(0, 32)}`;
    jobs.set(jobId, data);
    const opts = { ...RETRIES, jobId, ignoreDependencyOnFailure: true };
    children.push({ name: data.job, queueName, data, opts });
  }
  const data = { v: VERSION, kernel: KERNEL, job: 'collect' };
  const root = { name: 'collect', queueName, data, opts: { ...RETRIES, jobId: run }, children };
  const local = plan.failed.map(({ index, name, error }) => ({
    index,
    row: { file: '', name, error: message(error) },
  }));
  return { plan, root, total: children.length, jobs, local };
}

async function tallFlow(plan: TallPlan, queueName: string, options: SubmitOptions): Promise<Flow> {
  const run = newRun();
  const opts = (jobId: string) => ({ ...RETRIES, jobId, failParentOnFailure: true });
  let level: FlowJob[] = [];
  for (const data of plan.pieces) {
    const jobId = `${run}-${(await keyOf(data)).slice(0, 32)}`;
    level.push({ name: data.job, queueName, data, opts: opts(jobId) });
  }
  const total = level.length;
  const merging = (index: number, children: FlowJob[], jobId: string, report?: object): FlowJob => {
    const data = { v: VERSION, kernel: KERNEL, job: 'mergeAccumulators', index, states: [], ...report };
    return { name: data.job, queueName, data, opts: opts(jobId), children };
  };
  for (let depth = 1; level.length > FAN_IN; depth++) {
    const groups = Array.from({ length: Math.ceil(level.length / FAN_IN) }, (_, i) =>
      level.slice(i * FAN_IN, (i + 1) * FAN_IN),
    );
    level = groups.map((children, i) => merging(i, children, `${run}-merge-${depth}-${i}`));
  }
  const root = merging(0, level, run, { report: { tolerance: options.tolerance } });
  root.opts = { ...RETRIES, jobId: run };
  return { plan, root, total, jobs: new Map(), local: [] };
}

/** The queue of a URL, for those who add to it. */
export interface Queues {
  name: string;
  queue: Queue;
  flows: FlowProducer;
  where: string;
  close(): Promise<void>;
}

/** @throws Error, a sentence, where there is no such server */
export async function openQueue({ url, name = QUEUE, onProblem }: SubmitOptions): Promise<Queues> {
  const connected: Connected = await connect(url);
  const settings = { connection: connected.connection };
  const queue = new Queue(name, settings, connected.factory);
  const flows = new FlowProducer(settings, connected.factory);
  let last = '';
  const problem = ({ message }: Error) => {
    if (message !== last) onProblem?.(message);
    last = message;
  };
  queue.on('error', problem);
  flows.on('error', problem);
  return {
    name,
    queue,
    flows,
    where: connected.where,
    async close() {
      await Promise.allSettled([queue.close(), flows.close()]);
      await connected.close();
    },
  };
}
