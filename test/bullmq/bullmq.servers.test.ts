// The queue on real servers: workers give what one process gives, whatever happens to them,
// to the server or to the files.
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  command,
  folder,
  matrix,
  models,
  npyFile,
  random,
  records,
  safetensorsFile,
  start,
} from '../cli/command.js';
import { bytesOf } from '../formats/write.js';
import { ended, freePort, SERVERS, type Server, startWorker, stop } from './servers.js';

const files = folder();
afterAll(() => files.remove());

const onnx = ['ch_PP-OCRv4_rec_infer.onnx', 'ch_ppocr_mobile_v2.0_cls_infer.onnx'].map((name) =>
  join(models, name),
);

/** 400000x64 float64 of rank 40: one block, sixteen times. */
const tall = (() => {
  const [rows, columns] = [25_000, 64];
  const path = files.write('tall.npy', npyFile(new Float32Array(0), [16 * rows, columns]));
  const header = readFileSync(path, 'latin1').replace('<f4', '<f8');
  const block = bytesOf(Float64Array.from(matrix(rows, columns, 40)));
  const file = openSync(path, 'w');
  writeSync(file, Buffer.from(header, 'latin1'));
  for (let i = 0; i < 16; i++) writeSync(file, block);
  closeSync(file);
  return path;
})();

/** A sharded model; the second shard of the broken one lost its end. */
function sharded(name: string, cut: number): string {
  const shards = [0, 1, 2].map((k) => {
    const tensors: Record<string, [number[], Float32Array]> = {};
    for (let i = 0; i < 4; i++)
      tensors[`layer.${k}.${i}`] = [[30 + i, 20], matrix(30 + i, 20, 5 * k + i + 1)];
    const bytes = safetensorsFile(tensors);
    const file = `${name}-${k}.safetensors`;
    files.write(file, k === 1 ? bytes.subarray(0, bytes.length - cut) : bytes);
    return { file, names: Object.keys(tensors) };
  });
  const map = Object.fromEntries(shards.flatMap(({ file, names }) => names.map((n) => [n, file])));
  return files.write(`${name}.safetensors.index.json`, JSON.stringify({ metadata: {}, weight_map: map }));
}
const intact = sharded('intact', 0);
const broken = sharded('broken', 3000);

/** A matrix that takes some seconds with its metrics. */
const n = 700;
const slow = files.write('slow.npy', npyFile(Float32Array.from({ length: n * n }, random), [n, n]));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(SERVERS)('$name', ({ missing, start: startServer }) => {
  describe.skipIf(missing !== undefined)(missing ?? 'is there', () => {
    let server: Server;
    let workers: ChildProcess[] = [];
    beforeAll(async () => {
      server = await startServer();
      workers = [await startWorker(server.url), await startWorker(server.url)];
    });
    afterAll(async () => {
      await Promise.all(workers.map(stop));
      await server?.stop();
    });

    const queued = (sources: string[], ...more: string[]) =>
      command([...sources, '--json', '--queue', server.url, ...more]);

    it('two workers give what one process gives: models, and a sharded one', async () => {
      const sources = [...onnx, intact];
      const alone = await command([...sources, '--json']);
      const together = await queued(sources);
      expect(together.status, together.err).toBe(0);
      expect(together.out).toBe(alone.out);
      // Again, and filtered: a flow whose like is done already does not wait.
      expect((await queued([intact], '--filter', 'layer.0')).out).toBe(
        (await command([intact, '--json', '--filter', 'layer.0'])).out,
      );
    });

    it('a tall matrix in chunks and merges: 400000x64 of rank 40', async () => {
      const { out, err, status } = await queued([tall]);
      const [row] = records(out);
      expect(row, err).toMatchObject({ rank: 40, full: 64, matrix: [400_000, 64], dtype: 'float64' });
      const [alone] = records((await command([tall, '--json'])).out);
      expect(row.tolerance / alone.tolerance).toBeCloseTo(1, 6);
      expect([status, alone.rank]).toEqual([0, 40]);
    });

    it('a broken shard: its rows fail by name, status 1, the others are whole', async () => {
      const alone = await command([broken, '--json']);
      const { out, status } = await queued([broken]);
      expect(status).toBe(1);
      expect(records(out).map((r) => [r.name, r.rank])).toEqual(
        records(alone.out).map((r) => [r.name, r.rank]),
      );
      const failed = records(out).filter((r) => r.error !== undefined);
      expect(failed.length).toBeGreaterThan(0);
      for (const row of failed) expect(row.name).toMatch(/^layer\.1\./);
    });

    it('a worker killed in the middle of its job: another does it', async () => {
      const run = queued([slow], '--metrics');
      await sleep(1200); // both are at something, or will be
      const [killed] = workers;
      killed.kill('SIGKILL');
      await ended(killed);
      workers = [workers[1], await startWorker(server.url)];
      const { out, err, status } = await run;
      expect(status, err).toBe(0);
      expect(records(out)[0]).toMatchObject({ rank: expect.any(Number), full: n });
    });

    it('SIGTERM: a worker ends with status 0, and its job is done by it or by another', async () => {
      const run = queued([slow], '--metrics', '--tol', '1e-9');
      await sleep(1000);
      workers[0].kill('SIGTERM');
      expect(await ended(workers[0])).toBe(0);
      workers = [workers[1], await startWorker(server.url)];
      const { status, err } = await run;
      expect(status, err).toBe(0);
    });

    it('the server dies and comes back in the middle', async () => {
      const run = queued([...onnx, slow], '--metrics');
      await sleep(1000);
      await server.restart();
      const { out, err, status } = await run;
      expect(status, err).toBe(0);
      expect(records(out)).toHaveLength(records((await command([...onnx, '--json'])).out).length + 1);
    });
  });
});

const [redis] = SERVERS;
describe.skipIf(redis.missing !== undefined)(redis.missing ?? 'versions', () => {
  let server: Server;
  let worker: ChildProcess | undefined;
  beforeAll(async () => {
    server = await redis.start();
  });
  afterAll(async () => {
    await stop(worker);
    await server?.stop();
  });

  it('a job of another version is refused by a sentence, once', async () => {
    worker = await startWorker(server.url);
    const connection = new Redis(server.url, { maxRetriesPerRequest: null });
    const queue = new Queue('matrix-rank', { connection });
    const data = { v: 1, kernel: 'another', job: 'rankTensor', index: 0, source: { url: slow, version: '' } };
    const job = await queue.add('rankTensor', { ...data, names: ['slow'], options: {} }, { attempts: 4 });
    while (!(await job.isFailed())) await sleep(100);
    const failed = await queue.getJob(job.id!);
    expect(failed!.failedReason).toMatch(/made for kernel another; this worker has kernel [0-9a-f]{16}/);
    expect(failed!.attemptsMade).toBe(1);
    await queue.close();
    connection.disconnect();
  });
});

describe('no server', () => {
  it.each(['redis', 'postgres'])(
    '%s: a sentence and status 1, for a run and for a worker',
    async (scheme) => {
      const url = `${scheme}://nobody@127.0.0.1:${await freePort()}/x`;
      for (const args of [
        [intact, '--queue', url],
        ['worker', '--queue', url],
      ]) {
        const { status, err } = await command(args);
        expect(status).toBe(1);
        expect(err).toMatch(/the queue \w+:\/\/127\.0\.0\.1:\d+\/x cannot be used: .*ECONNREFUSED/);
      }
    },
  );

  it.each([
    [['worker'], /--queue URL is missing/],
    [['worker', '--queue', 'redis://x', 'file'], /takes no files/],
    [['worker', '--queue', 'redis://x', '--lock', '0'], /--lock takes seconds/],
    [['-', '--queue', 'redis://x'], /standard input/],
    [[intact, '--queue', 'redis://x', '--shard', '1/2'], /--queue goes neither/],
  ])('%j is bad usage', async (args, message) => {
    const { status, err } = await command(args);
    expect([status, err]).toEqual([2, expect.stringMatching(message)]);
  });

  it.each(['mysql://x', 'no url'])('%s is no queue', async (url) => {
    const child = start(['worker', '--queue', url]);
    expect(await ended(child)).toBe(1);
  });
});
