// --resize and --layout as the command has them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { torch } from '../formats/write-torch.js';
import { command, folder, matrix, records, safetensorsFile } from './command.js';

const files = folder();
afterAll(() => files.remove());

const adapter = files.write(
  'adapter_model.safetensors',
  safetensorsFile({
    'base_model.model.a.q.lora_A.weight': [[8, 20], matrix(8, 20)],
    'base_model.model.a.q.lora_B.weight': [[30, 8], matrix(30, 8, 3)],
    'base_model.model.b.q.lora_A.weight': [[8, 20], matrix(8, 20)],
    'base_model.model.b.q.lora_B.weight': [[30, 8], matrix(30, 8, 5)],
  }),
);
const config = files.write(
  'adapter_config.json',
  JSON.stringify({ peft_type: 'LORA', r: 8, lora_alpha: 16 }),
);

describe('--resize', () => {
  it('writes a smaller adapter of the same products', async () => {
    const to = join(files.path, 'small');
    mkdirSync(to);
    const out = join(to, 'adapter_model.safetensors');
    const run = await command([adapter, '--resize', '0.999999', '-o', out]);
    expect(run).toMatchObject({ status: 0, err: '' });
    expect(run.out).toMatch(/a\.q\.weight +8 +3 +\S+ +250\n.*b\.q\.weight +8 +5 +\S+ +150\n/);
    expect(run.out).toContain('2 adapters, 400 of 800 (50 %) numbers saved');
    expect(readdirSync(to).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    const read = async (file: string) => records((await command([file, '--metrics', '--json'])).out);
    const [before, after] = [await read(adapter), await read(out)];
    expect(after.map((row) => [row.name, row.rank, row.full])).toEqual([
      ['a.q.weight', 3, 3],
      ['b.q.weight', 5, 5],
    ]);
    for (const [i, row] of after.entries()) {
      expect(row.frobeniusNorm / before[i].frobeniusNorm).toBeCloseTo(1, 5);
    }
    // What it wrote itself it may replace, and the same for all needs no pattern.
    expect((await command([adapter, '--resize', '2', '-o', out])).status).toBe(0);
    const written = JSON.parse(readFileSync(join(to, 'adapter_config.json'), 'utf8'));
    expect(written).toEqual({ peft_type: 'LORA', r: 2, lora_alpha: 16, rank_pattern: {} });
  });

  it('overwrites neither the adapter, nor its settings, nor what others wrote', async () => {
    const before = readFileSync(adapter);
    const foreign = files.write('foreign.safetensors', safetensorsFile({ w: [[2, 2], matrix(2, 2)] }));
    for (const [out, why] of [
      [adapter, 'is one of the files to be read'],
      [foreign, 'was not written by this option'],
      [join(files.path, 'new.safetensors'), 'is one of the files to be read'], // adapter_config.json
      [join(files.path, 'no/such/folder.safetensors'), 'does not exist'],
    ]) {
      const run = await command([adapter, '--resize', '2', '-o', out]);
      expect(run.status).toBe(2);
      expect(run.err).toContain(why);
    }
    expect(readFileSync(adapter).equals(before)).toBe(true);
    expect(JSON.parse(readFileSync(config, 'utf8')).r).toBe(8);
    expect(readdirSync(files.path).filter((name) => /tmp|new/.test(name))).toEqual([]);
  });

  it('says what it cannot take', async () => {
    const out = join(files.path, 'never.safetensors');
    for (const value of ['0', '1.5', '-1', 'x', '', 'NaN', 'Infinity', '1e400']) {
      const run = await command([adapter, `--resize=${value}`, '-o', out]);
      expect(run).toMatchObject({ status: 2, out: '' });
      expect(run.err).toContain('--resize takes a share of the energy');
    }
    for (const args of [
      [adapter, '--resize', '2'],
      [adapter, '-o', out],
      [adapter, adapter, '--resize', '2', '-o', out],
      ['-', '--resize', '2', '-o', out],
    ]) {
      expect(await command(args)).toMatchObject({ status: 2, out: '' });
    }
    const plain = files.write('plain.safetensors', safetensorsFile({ w: [[2, 2], matrix(2, 2)] }));
    writeFileSync(join(files.path, 'cut.safetensors'), readFileSync(adapter).subarray(0, 500));
    for (const file of [plain, join(files.path, 'cut.safetensors'), join(files.path, 'none.safetensors')]) {
      const run = await command([file, '--resize', '2', '-o', out]);
      expect(run).toMatchObject({ status: 1, out: '' });
      expect(run.err).toMatch(/^matrix-rank: [^\n]+\.\n$/);
    }
    expect(readdirSync(files.path).filter((name) => /tmp|never/.test(name))).toEqual([]);
  });

  it('refuses the other options by name', async () => {
    const out = join(files.path, 'never.safetensors');
    const run = await command([adapter, '--resize', '2', '-o', out, '--csv']);
    expect(run).toMatchObject({ status: 2, out: '' });
    expect(run.err).toContain('--resize goes with -o and --json alone; got --csv.');
  });

  it('says in one line of JSON what it did', async () => {
    const to = join(files.path, 'json');
    mkdirSync(to);
    const out = join(to, 'adapter_model.safetensors');
    const run = await command([adapter, '--resize', '4', '-o', out, '--json']);
    expect(run).toMatchObject({ status: 0, err: '' });
    const [told, ...more] = records(run.out);
    expect(more).toEqual([]);
    expect(told).toMatchObject({
      rank: 4,
      adapters: [
        { name: 'a.q.weight', from: 8, to: 4, numbers: 400, saves: 200 },
        { name: 'b.q.weight', from: 8, to: 4, numbers: 400, saves: 200 },
      ],
      numbers: 800,
      saves: 400,
      written: [out, join(to, 'adapter_config.json')],
    });
    // a has rank 3; b has 5, of which something is cut.
    const [a, b] = told.adapters as { error: number }[];
    expect(a.error).toBeLessThan(1e-6);
    expect(b.error).toBeGreaterThan(1e-3);
  });

  it('reads .safetensors files alone, and says so', async () => {
    const out = join(files.path, 'never.safetensors');
    const factors = {
      'a.lora_A.weight': { dtype: 'F32', shape: [2, 3], data: new Uint8Array(24) },
      'a.lora_B.weight': { dtype: 'F32', shape: [3, 2], data: new Uint8Array(24) },
    };
    const pytorch = files.write('adapter_model.bin', torch(factors));
    const short = files.write('short.pt', Uint8Array.of(0x80, 2, 0x7d));
    for (const file of [pytorch, short]) {
      const { status, out: text, err } = await command([file, '--resize', '2', '-o', out]);
      expect([status, text]).toEqual([1, '']);
      expect(err).toBe(
        `matrix-rank: ${basename(file)}: is no .safetensors file, the only kind of adapter that --resize reads.\n`,
      );
    }
    const folder = join(files.path, 'pytorch');
    mkdirSync(folder);
    writeFileSync(join(folder, 'adapter_model.bin'), torch(factors));
    const run = await command([folder, '--resize', '2', '-o', out]);
    expect(run).toMatchObject({ status: 1, out: '' });
    expect(run.err).toContain(
      'is a folder without adapter_model.safetensors; --resize reads .safetensors files alone.',
    );
  });
});

describe('--layout', () => {
  const kernel = files.write('w.safetensors', safetensorsFile({ w: [[2, 3, 4, 5], matrix(6, 20)] }));
  it.each([
    ['OIHW', [[2, 60]]],
    ['hwio', [[5, 24]]],
    ['HWCM', [[20, 6]]],
    [
      'experts',
      [
        [3, 20],
        [3, 20],
      ],
    ],
  ])('%s', async (layout, expected) => {
    const { status, out } = await command([kernel, '--layout', layout, '--json']);
    expect(status).toBe(0);
    expect(records(out).map((row) => row.matrix)).toEqual(expected);
  });

  it('is one of the known', async () => {
    const { status, err } = await command([kernel, '--layout', 'NCHW']);
    expect(status).toBe(2);
    expect(err).toContain("--layout takes OIHW, HWIO, HWCM, dense, rnn, experts; got 'NCHW'.");
  });
});
