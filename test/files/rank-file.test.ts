// rankFile: the command's rows for a program, how it ends, and what it refuses.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileProgress, FileRow } from '../../src/files/index.js';
import { command, matrix, models, npyFile, random, records, safetensorsFile } from '../cli/command.js';

// The build: a pool's threads load their own file.
const { FormatError, rankFile }: typeof import('../../src/files/index.js') = await import(
  '../../dist/files/index.js' as string
);

const model = join(models, 'ch_PP-OCRv4_rec_infer.onnx');

async function all(rows: AsyncIterable<FileRow>): Promise<FileRow[]> {
  const out: FileRow[] = [];
  for await (const row of rows) out.push(row);
  return out;
}

/** As --json writes it. */
const json = (rows: FileRow[]) =>
  rows.map(({ file, ...row }) =>
    JSON.parse(JSON.stringify(row, (_, v) => (v === Number.POSITIVE_INFINITY ? 'Infinity' : v))),
  );

const holed = matrix(4, 4);
holed[5] = Number.NaN;
const small = safetensorsFile({
  low: [[6, 5], matrix(6, 5, 2)],
  holed: [[4, 4], holed],
  'deep.full': [[3, 3], Float32Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3)],
});

describe('rows', () => {
  it('are those of the command, in its order', async () => {
    const { out } = await command([model, '--json', '--metrics']);
    const rows = await all(rankFile(model, { metrics: true }));
    expect(records(out)).toMatchObject(json(rows)); // the command adds what shrinking would save
    expect(rows.length).toBeGreaterThan(40);
    expect(new Set(rows.map((r) => r.file))).toEqual(new Set([model]));
  });

  it('take bytes and Blobs, say what failed, and go on', async () => {
    const rows = await all(rankFile(small, { name: 'small.safetensors', singularValues: true }));
    expect(rows.map((r) => [r.name, r.rank, r.full])).toEqual([
      ['low', 2, 5],
      ['holed', null, 4],
      ['deep.full', 3, 3],
    ]);
    expect(rows[1].error).toMatch(/NaN/);
    expect([...rows[2].singularValues!].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([3, 2, 1]);
    const blob = await all(rankFile(new Blob([new Uint8Array(small)]), { name: 'small.safetensors' }));
    expect(blob.map((r) => r.rank)).toEqual([2, null, 3]);
  });

  it('are filtered by a pattern, whatever its flags, or by a function', async () => {
    const names = async (filter: RegExp | ((name: string) => boolean)) =>
      (await all(rankFile(small, { filter }))).map((r) => r.name);
    expect(await names(/l/g)).toEqual(['low', 'holed', 'deep.full']);
    expect(await names(/^deep\./y)).toEqual(['deep.full']);
    expect(await names((name) => name.length === 3)).toEqual(['low']);
  });

  it('use the tolerance that is given', async () => {
    const rank = async (options: object) =>
      (await all(rankFile(small, { filter: /full/, ...options })))[0].rank;
    expect(await rank({ tol: 1.5 })).toBe(2);
    expect(await rank({ rtol: 0.9 })).toBe(1);
    expect(await rank({ atol: 2.5 })).toBe(1);
  });

  it('stay below the memory that is given', async () => {
    const bytes = npyFile(matrix(1000, 1000), [1000, 1000]);
    const rows = await all(rankFile(bytes, { name: 'large.npy', threads: 1, memory: 107 * 2 ** 20 }));
    expect(rows[0].error).toMatch(/needs about \d+ MiB; the memory limit leaves 3 MiB/);
  });
});

it('tells how far it is: bytes never go back, every row is counted', async () => {
  const seen: FileProgress[] = [];
  const rows = await all(rankFile(model, { onProgress: (progress) => seen.push(progress) }));
  expect(seen.at(-1)!.rows).toBe(rows.length);
  expect(seen.at(-1)!.bytesTotal).toBe(readFileSync(model).length);
  for (let i = 1; i < seen.length; i++)
    expect(seen[i].bytesRead).toBeGreaterThanOrEqual(seen[i - 1].bytesRead);
  expect(new Set(seen.map((p) => p.current)).size).toBeGreaterThan(10);
});

describe('it ends', () => {
  const n = 2500; // seconds of work
  const large = npyFile(Float32Array.from({ length: n * n }, random), [n, n]);

  it('with the reason of its signal, though a matrix is being decided', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 300);
    const rows = all(rankFile(large, { name: 'large.npy', singularValues: true, signal: stop.signal }));
    await expect(rows).rejects.toThrow('enough');
  });

  it('at once where the signal was given before', async () => {
    await expect(all(rankFile(model, { signal: AbortSignal.abort(new Error('no')) }))).rejects.toThrow('no');
  });

  it('when its loop is left', async () => {
    let seen = 0;
    for await (const _ of rankFile(model)) {
      seen++;
      break;
    }
    expect(seen).toBe(1);
  });

  it('with a FormatError for a file that cannot be read', async () => {
    await expect(all(rankFile('/no/such/model.onnx'))).rejects.toThrow(FormatError);
    await expect(all(rankFile(new Uint8Array(50)))).rejects.toThrow(FormatError);
  });
});

describe('it refuses', () => {
  it.each<[string, unknown, RegExp]>([
    ['an option that it does not have', { tolerance: 1 }, /rankFile: there is no option "tolerance"/],
    ['options that are none', 5, /rankFile: options must be an object/],
    ['a filter that is text', { filter: 'attn' }, /rankFile: filter must be a RegExp or a function/],
    ['memory that is no number', { memory: '2G' }, /rankFile: memory must be a number of bytes/],
    ['less memory than threads need', { memory: 1e6, threads: 1 }, /one thread needs 104 MiB/],
    ['no threads', { threads: 0 }, /threads must be a whole number from 1/],
  ])('%s', async (_, options, message) => {
    await expect(all(rankFile(small, options as object))).rejects.toThrow(message);
  });
});
