// matrix-rank/bullmq: matrix-rank/jobs on BullMQ 6, over Redis or PostgreSQL. Peers: bullmq, and ioredis or pg.
import type { Row } from '../files/types.js';
import { openQueue, type SubmitOptions, Submitted } from './submit.js';

export { openQueue, type Queues, type SubmitOptions, Submitted } from './submit.js';
export { createWorker, type RankWorker, type WorkerOptions } from './worker.js';

/**
 * The rows of a source, decided by the workers of a queue.
 *
 * ```js
 * import { createWorker, rankOnQueue } from 'matrix-rank/bullmq';
 * const url = 'redis://localhost:6379';
 * const worker = await createWorker({ url }); // here, or on any machine that sees the same files
 * for (const { name, report } of await rankOnQueue('/models/m.safetensors', { url })) console.log(name, report?.rank);
 * await worker.close();
 * ```
 */
export async function rankOnQueue(source: string, options: SubmitOptions): Promise<Row[]> {
  const queues = await openQueue(options);
  try {
    return await (await Submitted.add(source, queues, options)).rows();
  } finally {
    await queues.close();
  }
}
