// Matrices that do not fit the memory: row by row from files, from pipes, tall, wide and column-major, with the answers
// that the whole matrix has.
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import type { FileRow } from '../../src/files/index.js';
import { Pipe } from '../../src/files/tall.js';
import { matrixRank, rankReport } from '../../src/index.js';
import { command, folder, matrix, records } from '../cli/command.js';
import { bytesOf, npy } from '../formats/write.js';

const { rankFile }: typeof import('../../src/files/index.js') = await import(
  '../../dist/files/index.js' as string
);

const files = folder();
afterAll(() => files.remove());

const MIB = 2 ** 20;
const [m, n, rank] = [30_000, 24, 17];
const tall = Float64Array.from(matrix(m, n, rank));

function transpose<T extends Float32Array | Float64Array | Int16Array>(
  a: T,
  rows: number,
  columns: number,
): T {
  return a.map((_, k) => a[(k % rows) * columns + Math.floor(k / rows)]) as T;
}

const turned = transpose(tall, m, n);
const paths = {
  tall: files.write('tall.npy', npy('<f8', [m, n], bytesOf(tall))),
  'tall, column-major': files.write('fortran.npy', npy('<f8', [m, n], bytesOf(turned), true)),
  wide: files.write('wide.npy', npy('<f8', [n, m], bytesOf(turned))),
  'wide, column-major': files.write('wide-fortran.npy', npy('<f8', [n, m], bytesOf(tall), true)),
  float32: files.write('single.npy', npy('<f4', [m, n], bytesOf(Float32Array.from(tall)))),
  int16: files.write('int16.npy', npy('<i2', [m, n], bytesOf(Int16Array.from(tall)))),
  'three dimensions': files.write('cube.npy', npy('<f8', [m / 4, 4, n], bytesOf(tall))),
};

async function one(rows: AsyncIterable<FileRow>): Promise<FileRow> {
  for await (const row of rows) return row;
  throw new Error('no row');
}

describe('a .npy that does not fit has the answers of one that does', () => {
  it.each(Object.entries(paths))('%s', async (_, path) => {
    const whole = await one(rankFile(path, { singularValues: true, metrics: true }));
    const streamed = await one(rankFile(path, { memory: 60 * MIB, singularValues: true, metrics: true }));
    expect(streamed.error).toBeUndefined();
    expect([streamed.rank, streamed.full, streamed.matrix, streamed.shape, streamed.dtype]).toEqual([
      ...[whole.rank, whole.full, whole.matrix, whole.shape, whole.dtype],
    ]);
    expect(streamed.tolerance! / whole.tolerance!).toBeCloseTo(1, 6);
    expect(streamed.stableRank).toBeCloseTo(whole.stableRank!, 8);
    const sigma1 = whole.singularValues![0];
    for (let k = 0; k < streamed.full!; k++) {
      expect(Math.abs(streamed.singularValues![k] - whole.singularValues![k])).toBeLessThan(1e-13 * sigma1);
    }
  });

  it('with bounds that hold: the margin is no larger than that of the whole by more than rounding', async () => {
    const streamed = await one(rankFile(paths.tall, { memory: 60 * MIB }));
    const { rank: whole } = rankReport(tall, [m, n]);
    expect(streamed.rank).toBe(whole);
    expect(streamed.margin).toBeGreaterThan(1);
  });

  it('whatever the number of threads, to the last bit', async () => {
    const lines = await Promise.all(
      ['1', '2', '3'].map(async (threads) => {
        const memory = String(64 * MIB + Number(threads) * 40 * MIB + 4 * MIB); // 4 MiB for the matrix
        return (await command([paths.tall, '--json', '--threads', threads, '--memory', memory])).out;
      }),
    );
    expect(lines[0]).toContain(`"rank":${rank}`);
    expect(new Set(lines).size).toBe(1);
  });

  it('uses the tolerance that is given', async () => {
    const options = { memory: 60 * MIB, rtol: 0.3 };
    expect((await one(rankFile(paths.tall, options))).rank).toBe(matrixRank(tall, [m, n], { rtol: 0.3 }));
  });
});

describe('what cannot be taken', () => {
  it.each([
    ['tall', paths.tall, 12_345 * n + 5, '[12345, 5]'],
    ['wide', paths.wide, 5 * m + 12_345, '[5, 12345]'],
  ])('NaN is named by its place: %s', async (name, path, index, place) => {
    const data = (name === 'tall' ? tall : turned).slice();
    data[index] = Number.NaN;
    const holed = files.write(
      `holed-${name}.npy`,
      npy('<f8', name === 'tall' ? [m, n] : [n, m], bytesOf(data)),
    );
    const row = await one(rankFile(holed, { memory: 60 * MIB }));
    expect(row.error).toBe(`element ${place} is NaN; every element must be finite.`);
    expect(path).not.toBe(holed);
  });

  it('16-bit floats, whose noise must be known, are a failed row as before', async () => {
    const half = files.write('half.npy', npy('<f2', [60_000, 24], new Uint8Array(2 * 60_000 * 24)));
    expect((await one(rankFile(half, { memory: 60 * MIB }))).error).toMatch(/needs about \d+ MiB/);
  });

  it('so many columns that not even a few rows fit', async () => {
    const square = files.write('square.npy', npy('<f8', [600, 600], new Uint8Array(8 * 360_000)));
    expect((await one(rankFile(square, { memory: 60 * MIB }))).error).toMatch(/needs about \d+ MiB/);
  });
});

describe('the standard input', () => {
  const bytes = npy('<f8', [m, n], bytesOf(tall));

  it('is taken row by row too', async () => {
    const { out, status } = await command(['-', '--json', '--memory', '60M'], bytes);
    expect(records(out)[0]).toMatchObject({ rank, full: n, matrix: [m, n] });
    expect(status).toBe(0);
  });

  it('that ends early is a failed row, which says where', async () => {
    const { out, status } = await command(['-', '--json', '--memory', '60M'], bytes.subarray(0, 400_000));
    expect(records(out)[0]).toMatchObject({
      rank: null,
      error: expect.stringMatching(/ends (within a row|after)/),
    });
    expect(status).toBe(1);
  });
});

it('a pipe gives the same bytes however they come', async () => {
  const all = Uint8Array.from({ length: 1000 }, (_, i) => i);
  for (const size of [1, 7, 999, 1000, 4000]) {
    const parts = Array.from({ length: Math.ceil(1000 / size) }, (_, k) =>
      all.subarray(k * size, (k + 1) * size),
    );
    const pipe = new Pipe('p', Readable.from(parts));
    expect([...(await pipe.peek(3))]).toEqual([0, 1, 2]);
    expect([...(await pipe.take(500))]).toEqual([...all.subarray(0, 500)]);
    const rest: number[] = [];
    for await (const part of pipe.rest()) rest.push(...part);
    expect(rest).toEqual([...all.subarray(500)]);
  }
});
