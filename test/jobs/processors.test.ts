// The processors without a queue: the answers of the functions, one result for a job done twice, and what is refused.
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RankReport } from '../../src/index.js';
import type { MergePayload, RowsPayload, StateResult, TensorPayload } from '../../src/jobs/index.js';
import { folder, matrix, safetensorsFile } from '../cli/command.js';
import { bytesOf, npy } from '../formats/write.js';

// The build: a pool's threads have their code from it.
const jobs: typeof import('../../src/jobs/index.js') = await import('../../dist/jobs/index.js' as string);
const { rankReport, singularValues }: typeof import('../../src/index.js') = await import(
  '../../dist/index.js' as string
);
const {
  accumulateRows,
  decode,
  encode,
  folderStore,
  KERNEL,
  keyOf,
  mergeAccumulators,
  planJobs,
  rankTensor,
  refer,
} = jobs;

const files = folder();
afterAll(() => files.remove());

const [m, n] = [4000, 10];
const tall = Float64Array.from(matrix(m, n, 6));
const npyPath = files.write('tall.npy', npy('<f8', [m, n], bytesOf(tall)));
const low = matrix(6, 5, 2);
const holed = matrix(4, 4);
holed[5] = Number.NaN;
const model = files.write(
  'model.safetensors',
  safetensorsFile({ low: [[6, 5], low], holed: [[4, 4], holed], wide: [[5, 90], matrix(5, 90)] }),
);

async function tensors(): Promise<TensorPayload[]> {
  const plan = await planJobs(model, { metrics: true, spectra: true });
  if (!('tensors' in plan)) throw new Error('no model');
  return plan.tensors;
}
const rows = async (first: number, count: number): Promise<RowsPayload> => ({
  ...{ v: 1, kernel: KERNEL, index: 0, job: 'accumulateRows', first, count },
  source: await refer(npyPath),
});

describe('rankTensor', () => {
  it('gives the rows of the command for each tensor, through JSON', async () => {
    const results = await Promise.all((await tensors()).map((payload) => rankTensor(payload)));
    const read = (JSON.parse(JSON.stringify(results)) as typeof results).flatMap(jobs.rowsOf);
    expect(read.map((r) => [r.name, r.report?.rank, r.full])).toEqual([
      ['low', 2, 5],
      ['holed', undefined, 4],
      ['wide', 5, 5],
    ]);
    expect(read[0].report).toEqual(rankReport(low, [6, 5]));
    expect(read[0].singularValues).toBeInstanceOf(Float64Array);
    expect(read[1].error).toMatch(/NaN/);
  });

  it('puts the dearest first, small neighbours together, and keeps the order of the file in index', async () => {
    const some = (size: number): [number[], Float32Array] => [[size, size], new Float32Array(size * size)];
    const file = safetensorsFile({ a1: some(5), a2: some(6), b: some(500), c: some(400) });
    const plan = await planJobs(files.write('sizes.safetensors', file), {});
    if (!('dearest' in plan)) throw new Error('no model');
    expect(plan.dearest.map((t) => t.names)).toEqual([['b'], ['c'], ['a1', 'a2']]);
    expect(plan.tensors.map((t) => t.index)).toEqual([0, 2, 3]);
  });

  it('ends when its signal does', async () => {
    const [payload] = await tensors();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(rankTensor(payload, { signal })).rejects.toThrow('enough');
  });

  it('throws what is wrong with the file as a whole', async () => {
    const [payload] = await tensors();
    const source = { url: join(files.path, 'none.onnx'), version: '' };
    await expect(rankTensor({ ...payload, source })).rejects.toThrow(/none\.onnx: cannot be opened/);
  });
});

describe('accumulateRows and mergeAccumulators', () => {
  it('in a tree say what the whole matrix says', async () => {
    const parts = await Promise.all(
      [0, 1, 2, 3].map(async (k) => accumulateRows(await rows((k * m) / 4, m / 4))),
    );
    const merge = (states: StateResult[], report?: object) =>
      mergeAccumulators({
        ...{ v: 1, kernel: KERNEL, index: 0, job: 'mergeAccumulators', ...report },
        states: states.map(({ state }) => state),
      } as MergePayload);
    const halves = [await merge(parts.slice(0, 2)), await merge(parts.slice(2))] as StateResult[];
    const root = (await merge(halves, { report: { tolerance: { rtol: 1e-9 } } })) as { report: unknown };
    const { report, singularValues: values } = decode(JSON.parse(JSON.stringify(root.report))) as {
      report: RankReport;
      singularValues: Float64Array;
    };
    expect([report.rank, report.shape]).toEqual([6, [m, n]]);
    const whole = singularValues(tall, [m, n]);
    for (let k = 0; k < n; k++) expect(Math.abs(values[k] - whole[k])).toBeLessThan(1e-13 * whole[0]);
  });

  it('a state of more than 1 MiB needs a store, and is whole there under its name', async () => {
    const wide = files.write(
      'wide.npy',
      npy('<f8', [600, 600], bytesOf(Float64Array.from(matrix(600, 600)))),
    );
    const payload: RowsPayload = { ...(await rows(0, 600)), source: await refer(wide) };
    await expect(accumulateRows(payload)).rejects.toThrow(/state of \d\.\d MiB is too large.*store/);
    const store = folderStore(join(files.path, 'store'));
    const { state } = await accumulateRows(payload, { store });
    expect(state).toEqual({ url: store.url(`${await keyOf(payload)}.state`) });
    expect(readdirSync(join(files.path, 'store')).filter((name) => name.includes('tmp'))).toEqual([]);
  });
});

describe('one result for a job done twice', () => {
  it('the store has it: nothing is computed again', async () => {
    const store = folderStore(join(files.path, 'kept'));
    const [payload] = await tensors();
    const first = await rankTensor(payload, { store });
    const run = async () => {
      throw new Error('computed again');
    };
    expect(await rankTensor({ ...payload, index: 7 }, { store, run })).toEqual({ ...first, index: 7 });
  });

  it('keys differ with everything that the result depends on, and with nothing else', async () => {
    const [payload] = await tensors();
    const key = await keyOf(payload);
    const { url, version } = payload.source;
    expect(await keyOf({ ...payload, index: 5, source: { version, url } })).toBe(key);
    const others = [
      { ...payload, names: ['wide'] },
      { ...payload, kernel: 'other' },
      { ...payload, source: { url, version: 'other' } },
      { ...payload, options: { tolerance: { tol: 1 } } },
    ];
    expect(new Set([key, ...(await Promise.all(others.map(keyOf)))]).size).toBe(5);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('refused', () => {
  it('other versions and other kernels, by a sentence', async () => {
    const [payload] = await tensors();
    await expect(rankTensor({ ...payload, v: 2 })).rejects.toThrow('version 2; this worker reads version 1');
    await expect(rankTensor({ ...payload, kernel: 'x' })).rejects.toThrow(
      `kernel x; this worker has kernel ${KERNEL}`,
    );
    await expect(rankTensor(null as unknown as TensorPayload)).rejects.toThrow('no object');
    await expect(accumulateRows(payload as unknown as RowsPayload)).rejects.toThrow('is for rankTensor');
  });

  it('a source that has changed since', async () => {
    const path = files.write('changing.npy', npy('<f8', [2, 2], bytesOf(Float64Array.of(1, 2, 3, 4))));
    const payload = { ...(await rows(0, 2)), source: await refer(path) };
    utimesSync(path, 1, 1);
    await expect(accumulateRows(payload)).rejects.toThrow(
      /changing\.npy: has changed since the job was made/,
    );
  });
});

it('encode and decode: infinities and lists of doubles survive JSON', () => {
  const value = {
    a: [1, Number.POSITIVE_INFINITY],
    b: Float64Array.of(0.1, -0, 1e-310),
    c: null,
    d: 'Infinity',
  };
  expect(decode(JSON.parse(JSON.stringify(encode(value))))).toEqual(value);
});
