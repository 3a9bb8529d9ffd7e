// --compare and --diff on files whose differences have a known rank.
import { afterAll, describe, expect, it } from 'vitest';
import { safetensors } from '../formats/write.js';
import { command, folder, matrix, records, safetensorsFile } from './command.js';

const files = folder();
afterAll(() => files.remove());

const add = (a: Float32Array, b: Float32Array, scale: number) => a.map((x, i) => x + scale * b[i]);
const w = matrix(60, 40);
const v = matrix(30, 30);
const before = files.write(
  'before.safetensors',
  safetensorsFile({
    same: [[30, 30], v],
    tuned: [[60, 40], w],
    collapsed: [[8, 8], matrix(8, 8)],
    gone: [[3, 4], matrix(3, 4)],
    reshaped: [[4, 6], matrix(4, 6)],
    bias: [[5], matrix(1, 5)],
  }),
);
// Another order than before, so that names have to be looked for.
const after = files.write(
  'after.safetensors',
  safetensorsFile({
    fresh: [[2, 7], matrix(2, 7)],
    collapsed: [[8, 8], matrix(8, 8, 5)],
    tuned: [[60, 40], add(w, matrix(60, 40, 4), 0.013)],
    reshaped: [[6, 4], matrix(6, 4)],
    same: [[30, 30], v],
  }),
);

const KEYS = ['name', 'shape', 'matrix', 'dtype', 'full', 'before', 'after'];

describe('--compare', () => {
  it('pairs layers by name, in the order of the first file', async () => {
    const { status, out } = await command([before, '--compare', after, '--json']);
    expect(status).toBe(1); // reshaped
    const rows = records(out);
    expect(Object.keys(rows[0])).toEqual(KEYS);
    expect(rows.map(({ name, before, after }) => [name, before, after])).toEqual([
      ['same', 30, 30],
      ['tuned', 40, 40],
      ['collapsed', 8, 5],
      ['gone', 3, null],
      ['reshaped', null, null],
      ['fresh', null, 2],
    ]);
    expect(rows[4].error).toBe('the matrix is 4x6 before, 6x4 after');
  });

  it('pairs any order: reversed, shuffled, and past what is held at once', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `layer${i}`);
    const ranks = new Map(names.map((name, i) => [name, 1 + (i % 5)]));
    const file = (own: string, order: readonly string[], shape: [number, number]) =>
      files.write(
        own,
        safetensorsFile(
          Object.fromEntries(order.map((name) => [name, [shape, matrix(...shape, ranks.get(name)!)]])),
        ),
      );
    const shuffled = names.map((_, i) => names[(7 * i + 3) % 24]);
    for (const shape of [
      [6, 7],
      [5, 60_000], // more together than are held
    ] as [number, number][]) {
      const first = file('in-order.safetensors', names, shape);
      for (const order of [[...names].reverse(), shuffled]) {
        const second = file('out-of-order.safetensors', order, shape);
        const { status, out } = await command([first, '--compare', second, '--json', '--no-metrics']);
        expect(status).toBe(0);
        expect(records(out).map(({ name, before, after }) => [name, before, after])).toEqual(
          names.map((name) => [name, ranks.get(name), ranks.get(name)]),
        );
      }
    }
  });

  it('a weight that is packed in one file, nobody knows how, is a row that says so', async () => {
    const data = new Uint8Array(64);
    const packed = files.write(
      'packed.safetensors',
      safetensors({
        same: { dtype: 'U8', shape: [8, 8], data },
        same_foo_scales: { dtype: 'U8', shape: [8], data: data.subarray(8, 16) },
      }),
    );
    const { status, out } = await command([before, '--compare', packed, '--json']);
    expect(status).toBe(1);
    expect(records(out)[0]).toMatchObject({ name: 'same', before: null, after: null });
    expect(records(out)[0].error).toMatch(/^after: packed \(uint8 beside .*foo_scales\), not analysed$/);
    const both = await command([packed, '--compare', packed, '--json']);
    expect(both.status).toBe(0);
    expect(records(both.out)).toMatchObject([{ name: 'same', before: null, after: null }]);
    expect(records(both.out)[0].note).toMatch(
      /^in both: packed \(uint8 beside .*foo_scales\), not analysed$/,
    );
  });

  it('--diff has the rank of the difference, above the rounding of the stored type', async () => {
    const rows = records((await command([before, '--compare', after, '--diff', '--json'])).out);
    expect(Object.fromEntries(rows.map(({ name, diff }) => [name, diff]))).toMatchObject({
      same: 0,
      tuned: 4,
      gone: null,
      reshaped: null,
      fresh: null,
    });
    const strict = records(
      (await command([before, '--compare', after, '--diff', '--json', '--rtol', '0'])).out,
    );
    expect(strict.find((r) => r.name === 'tuned').diff).toBe(40);
  });

  it('as a table and as CSV', async () => {
    const { out } = await command([before, '--compare', after, '--diff']);
    expect(out).toMatch(/collapsed +8x8 +float32 +8 +8 +5 +-3 /);
    expect(out).toMatch(
      /3 layers in both files, 1 of another rank, 1 only before, 1 only after, 1 the same to within rounding, 1 failed/,
    );
    const csv = (await command([before, '--compare', after, '--csv'])).out.split('\n');
    expect(csv[0]).toBe('name,shape,matrix,dtype,full,before,after,note,error');
    expect(csv[3]).toBe('collapsed,8x8,8x8,float32,8,8,5,,');
  });

  it('a file that is not there is one line on stderr', async () => {
    for (const args of [
      [before, '--compare', `${after}.gone`],
      [`${before}.gone`, '--compare', after],
    ]) {
      const { status, err } = await command([...args, '--json']);
      expect(status).toBe(1);
      expect(err).toMatch(/^matrix-rank: .*\.gone: cannot be opened \(no such file\)\.\n/);
    }
  });
});
