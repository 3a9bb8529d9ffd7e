// --queue URL and `matrix-rank worker --queue URL`: a cluster in two lines.
import { existsSync } from 'node:fs';
import { openQueue, Submitted } from '../bullmq/submit.js';
import { createWorker } from '../bullmq/worker.js';
import type { Channel } from '../files/channel.js';
import { fileMessage } from '../files/messages.js';
import type { Event, Job, Row } from '../files/types.js';
import { printable } from '../formats/errors.js';
import { parse } from './args.js';
import { readThreads } from './option-values.js';
import { UsageError } from './usage-error.js';

const tell = (text: string) => process.stderr.write(`matrix-rank: ${printable(text)}\n`);

/** As produce(), but the workers of a queue do the work. */
export async function produceQueued(
  files: readonly string[],
  url: string,
  job: Job,
  out: Channel<Event<Row>>,
): Promise<void> {
  const { tolerance, metrics, spectra } = job;
  const options = {
    ...{ url, tolerance, metrics, spectra, filter: job.read.filter, signal: job.read.signal },
    onProgress: job.onProgress,
    onProblem: tell,
  };
  const queues = await openQueue(options);
  try {
    // All of them are in the queue before the first is waited for.
    const submitted: { file: string; jobs: Promise<Submitted> }[] = [];
    for (const file of files) {
      const jobs = Submitted.add(file, queues, options);
      submitted.push({ file, jobs });
      await jobs.catch(() => {}); // told of below, in its place
    }
    for (const { file, jobs } of submitted) {
      out.push(Promise.resolve({ file }));
      try {
        for (const row of await (await jobs).rows()) out.push(Promise.resolve({ row }));
      } catch (error) {
        if (job.read.signal?.aborted) return;
        out.push(Promise.resolve({ broken: fileMessage(file, error) }));
      }
    }
  } finally {
    await queues.close();
  }
}

/** `matrix-rank worker --queue URL [--threads N] [--store FOLDER] [--lock SECONDS]`. Returns the exit status. */
export async function runWorker(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv, {
    queue: { type: 'string' },
    threads: { type: 'string' },
    store: { type: 'string' },
    lock: { type: 'string' },
  });
  if (values.queue === undefined) throw new UsageError('worker: --queue URL is missing.');
  if (positionals.length > 0) throw new UsageError(`worker takes no files; got '${positionals[0]}'.`);
  const lock = values.lock === undefined ? 30 : Number(values.lock);
  if (!(lock >= 1 && lock <= 3600)) {
    throw new UsageError(`--lock takes seconds, from 1 to 3600; got '${values.lock}'.`);
  }
  if (values.store !== undefined && existsSync(values.store) === false) {
    throw new UsageError(`--store: there is no folder '${values.store}'.`);
  }
  const worker = await createWorker({
    url: values.queue,
    threads: values.threads === undefined ? undefined : readThreads(values.threads),
    store: values.store,
    lock: 1000 * lock,
    onProblem: tell,
  });
  const end = () => void worker.close();
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  tell(`waiting for jobs on ${worker.where}.`);
  await worker.ended;
  await worker.close();
  return 0;
}
