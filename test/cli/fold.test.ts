// The filters fold and merge, and --shard: parts of the work, done apart, are the whole.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RankAccumulator, rankReport } from '../../src/index.js';
import { bytesOf, npy } from '../formats/write.js';
import { command, folder, main, matrix, models, records, safetensorsFile } from './command.js';

const files = folder();
afterAll(() => files.remove());

const [m, n, rank] = [5000, 12, 7];
const rows = Float64Array.from(matrix(m, n, rank));
const part = (k: number) => rows.subarray((k * m * n) / 4, ((k + 1) * m * n) / 4);
const parts = [0, 1, 2, 3].map((k) => files.write(`part${k}.npy`, npy('<f8', [m / 4, n], bytesOf(part(k)))));
const at = (name: string) => join(files.path, name);

/** Runs the command with a binary standard output. */
function binary(args: readonly string[], input: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args]);
    const out: Buffer[] = [];
    child.stdout.on('data', (part) => out.push(part));
    child.on('close', (status) =>
      status === 0 ? resolve(Buffer.concat(out)) : reject(new Error(`${status}`)),
    );
    child.stdin.end(input);
  });
}

describe('fold and merge', () => {
  it('states of parts, merged in a tree, say what the whole matrix says', async () => {
    for (const [k, path] of parts.entries()) {
      expect(await command(['fold', path, '-o', at(`${k}.state`)])).toMatchObject({
        status: 0,
        out: '',
        err: '',
      });
    }
    await command(['merge', at('0.state'), at('1.state'), '-o', at('01.state')]);
    const { out } = await command(['merge', at('01.state'), at('2.state'), at('3.state'), '--json']);
    const [merged] = records(out);
    const whole = rankReport(rows, [m, n]);
    expect(merged).toMatchObject({ rank, full: n, matrix: [m, n], dtype: 'float64' });
    expect(merged.tolerance / whole.tolerance).toBeCloseTo(1, 9);
    expect(merged.singularValues).toHaveLength(n);
    expect(merged.lower).toBeLessThanOrEqual(merged.singularValues[rank - 1]);
    expect(merged.upper).toBeGreaterThanOrEqual(merged.singularValues[rank]);
    const text = (await command(['merge', at('01.state'), at('2.state'), at('3.state')])).out;
    expect(text).toMatch(/^rank 7 of 12: 5000 rows of 12, float64; tolerance .*, margin .*\n$/);
  });

  it('raw rows on a pipe, float64 and float32, are the rows themselves', async () => {
    const state = await binary(['fold', '--columns', String(n)], bytesOf(rows));
    const double = RankAccumulator.fromBytes(new Uint8Array(state));
    expect([double.rows, double.dtype, double.rank()]).toEqual([m, 'float64', rank]);
    const bytes = bytesOf(Float32Array.from(rows));
    const single = RankAccumulator.fromBytes(
      new Uint8Array(await binary(['fold', '--columns', String(n), '--dtype', 'float32'], bytes)),
    );
    expect([single.rows, single.dtype, single.rank()]).toEqual([m, 'float32', rank]);
    const npyState = await binary(['fold'], npy('<f8', [m, n], bytesOf(rows)));
    expect(Buffer.from(npyState).equals(Buffer.from(state))).toBe(true);
  });

  it('rows longer than there are many stay rows', async () => {
    const wide = files.write('wide.npy', npy('<f8', [3, n], bytesOf(rows.subarray(0, 3 * n))));
    await command(['fold', wide, parts[0], '-o', at('both.state')]);
    const both = RankAccumulator.fromBytes(new Uint8Array(readFileSync(at('both.state'))));
    expect([both.rows, both.columns]).toEqual([3 + m / 4, n]);
  });

  it('no rows at all are a state of no rows', async () => {
    const state = await binary(['fold', '--columns', '5'], new Uint8Array(0));
    expect(RankAccumulator.fromBytes(new Uint8Array(state))).toMatchObject({ rows: 0, columns: 5 });
  });

  const state = new RankAccumulator(n).push(rows).toBytes();
  const other = new RankAccumulator(n + 1).toBytes();
  const changed = state.slice();
  changed[100] ^= 1;
  it.each<[string, string[], RegExp, number]>([
    [
      'a cut state',
      ['merge', files.write('cut', state.subarray(0, 300))],
      /cut: the bytes are cut short: 300 of/,
      1,
    ],
    ['a changed state', ['merge', files.write('changed', changed)], /changed: .*checksum is wrong/, 1],
    ['a foreign file', ['merge', parts[0]], /part0\.npy: .*no saved RankAccumulator/, 1],
    ['no file', ['merge', at('none')], /none: .*no such file/i, 1],
    [
      'states of other columns',
      ['merge', files.write('a', state), files.write('b', other)],
      /b: .*13 columns/,
      1,
    ],
    ['nothing to merge', ['merge'], /no STATE given/, 2],
    ['columns that are no number', ['fold', '--columns', 'x'], /--columns takes a whole number/, 2],
    ['another dtype', ['fold', '--columns', '3', '--dtype', 'int8'], /--dtype takes float32 or float64/, 2],
    [
      'a file of other columns',
      ['fold', parts[0], '--columns', '5'],
      /part0\.npy: has rows of 12; --columns says 5/,
      1,
    ],
    [
      'a file that is no .npy',
      ['fold', files.write('x.npy', 'text, of more than ten bytes')],
      /x\.npy: is no \.npy/,
      1,
    ],
    ['an unknown option', ['fold', '--colums', '3'], /unknown option '--colums'.*--columns/, 2],
    ['raw numbers without --columns', ['fold'], /raw numbers need --columns/, 1],
  ])('%s is refused by name', async (_, args, message, status) => {
    const outcome = await command(args, new Uint8Array(24));
    expect(outcome.err).toMatch(message);
    expect([outcome.status, outcome.out]).toEqual([status, '']);
  });

  it('a pipe that ends within a row, and NaN, say where, and no state is written', async () => {
    const cut = await command(['fold', '--columns', '5', '-o', at('never')], new Uint8Array(8 * 12));
    expect(cut.err).toMatch(/ends within a row: 16 of its 40 bytes came/);
    const holed = rows.slice();
    holed[4321 * n + 3] = Number.POSITIVE_INFINITY;
    const bad = await command(['fold', '--columns', String(n), '-o', at('never')], bytesOf(holed));
    expect(bad.err).toMatch(/element \[4321, 3\] is Infinity/);
    expect([cut.status, bad.status, existsSync(at('never'))]).toEqual([1, 1, false]);
  });

  it('-o replaces a state, and nothing else', async () => {
    const target = files.write('old.state', state);
    expect((await command(['fold', parts[0], '-o', target])).status).toBe(0);
    expect(RankAccumulator.fromBytes(new Uint8Array(readFileSync(target))).rows).toBe(m / 4);
    writeFileSync(at('precious.txt'), 'text');
    const { status, err } = await command(['fold', parts[0], '-o', at('precious.txt')]);
    expect([status, err]).toEqual([2, expect.stringContaining('not overwritten')]);
    expect(readFileSync(at('precious.txt'), 'utf8')).toBe('text');
  });
});

describe('--shard', () => {
  const holed = matrix(4, 4);
  holed[5] = Number.NaN;
  const model = files.write(
    'model.safetensors',
    safetensorsFile({ holed: [[4, 4], holed], a: [[60, 50], matrix(60, 50, 9)], b: [[9, 8], matrix(9, 8)] }),
  );
  const broken = files.write('broken.safetensors', 'no model file at all');
  const sources = [join(models, 'ch_PP-OCRv4_rec_infer.onnx'), model, broken];
  const run = async (extra: string[]) => command([...sources, '--json', ...extra]);
  const lines = (out: string) => out.trimEnd().split('\n').filter(Boolean).sort();

  it.each([2, 5])('%d shares are the whole: every row once, every error once', async (count) => {
    const whole = await run([]);
    const shares = await Promise.all(
      Array.from({ length: count }, (_, i) => run(['--shard', `${i + 1}/${count}`])),
    );
    expect(shares.flatMap(({ out }) => lines(out)).sort()).toEqual(lines(whole.out));
    const told = shares.filter(({ err }) => err.includes('broken.safetensors'));
    expect([told.length, Math.max(...shares.map((s) => s.status!))]).toEqual([1, 1]);
  });

  it('a share with nothing to do is fine', async () => {
    const { status, out } = await command([parts[0], '--json', '--shard', '2/2']);
    expect([status, out]).toEqual([0, '']);
  });

  it.each(['0/3', '4/3', '1', 'a/b', '1/0'])('%s is refused', async (text) => {
    expect(await command([model, '--shard', text])).toMatchObject({
      status: 2,
      err: expect.stringContaining('I/N'),
    });
  });

  const parallel = ['/usr/bin/parallel'].find(existsSync);
  it.runIf(parallel)('GNU parallel: shares and folds, as docs/scaling.md has them', () => {
    const shell = (text: string) => execFileSync('bash', ['-c', text], { encoding: 'utf8', cwd: files.path });
    const rank = `${process.execPath} ${main}`;
    const out = shell(
      `parallel -j2 "${rank} model.safetensors --json --shard {}/3 2>/dev/null" ::: 1 2 3 || true`,
    );
    expect(
      records(out)
        .map((r) => r.name)
        .sort(),
    ).toEqual(['a', 'b', 'holed']);
    const merged = shell(
      `parallel -j2 "${rank} fold {} -o {.}.folded" ::: part*.npy && ${rank} merge part*.folded --json`,
    );
    expect(records(merged)[0]).toMatchObject({ rank: 7, matrix: [m, n] });
  });
});
