// Rows of small files and of a real model: every output, every way to fail.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bytesOf, safetensors } from '../formats/write.js';
import { command, folder, matrix, models, npyFile, records, safetensorsFile } from './command.js';

const files = folder();
afterAll(() => files.remove());

const model = files.write(
  'model.safetensors',
  safetensorsFile({
    'layer.full': [[12, 20], matrix(12, 20)],
    'layer.low': [[4, 5, 2, 3], matrix(4, 30, 3)],
    bias: [[7], matrix(1, 7)],
    'layer.zero': [[3, 3], new Float32Array(9)],
  }),
);
const holed = matrix(4, 6);
holed[2 * 6 + 5] = Number.NaN;
const withNaN = files.write(
  'nan.safetensors',
  safetensorsFile({ a: [[2, 2], matrix(2, 2)], holed: [[4, 6], holed], z: [[3, 2], matrix(3, 2)] }),
);

const KEYS = [
  'name',
  'shape',
  'matrix',
  'dtype',
  'rank',
  'full',
  'tolerance',
  'margin',
  'method',
  'storage',
  'noise',
  'proven',
  'toleranceOf',
];

describe('--json', () => {
  it('writes one object a line, with the keys in their order', async () => {
    const { status, out, err } = await command([model, '--json']);
    expect(status).toBe(0);
    const rows = records(out);
    for (const row of rows) expect(Object.keys(row)).toEqual(KEYS);
    expect(rows).toMatchObject([
      { name: 'layer.full', shape: [12, 20], matrix: [12, 20], dtype: 'float32', rank: 12, full: 12 },
      { name: 'layer.low', shape: [4, 5, 2, 3], matrix: [4, 30], rank: 3, full: 4 },
      { name: 'layer.zero', rank: 0, full: 3, tolerance: 0, margin: 'Infinity', method: 'trivial' },
    ]);
    expect(rows[0].margin).toBeGreaterThan(1);
    expect(err).toMatch(
      /^3 tensors, 2 deficient; 369 parameters, exact low rank would save 27 \(.* %\); .* tensors\/s\n$/,
    );
  });

  it('says whose the tolerance is, as the table and CSV do', async () => {
    const single = new Float32Array(matrix(6, 9, 2));
    const half = new Uint16Array(new Uint32Array(single.buffer).map((bits) => bits >>> 16));
    const both = files.write(
      'types.safetensors',
      safetensors({
        single: { dtype: 'F32', shape: [6, 9], data: bytesOf(single) },
        half: { dtype: 'BF16', shape: [6, 9], data: bytesOf(half) },
        double: { dtype: 'F64', shape: [6, 9], data: bytesOf(Float64Array.from(single)) },
      }),
    );
    const whose = async (...more: string[]) =>
      records((await command([both, '--json', ...more])).out).map(({ name, toleranceOf }) => [
        name,
        toleranceOf,
      ]);
    expect(Object.fromEntries(await whose())).toEqual({
      single: 'float32',
      half: 'storage',
      double: 'float64',
    });
    expect(new Set((await whose('--tol', '1e-3')).map(([, of]) => of))).toEqual(new Set(['given']));
    expect(new Set((await whose('--tol', 'storage')).map(([, of]) => of))).toContain('storage');
    const table = (await command([both])).out;
    expect(table).toMatch(/^half .* \d\.\d\de-\d +storage /m);
    expect(table).toMatch(/^single .* \d\.\d\de-\d +float32 /m);
    expect((await command([both, '--csv'])).out).toMatch(/^half,.*,storage,,$/m);
  });

  it('has the file too when there are several', async () => {
    const rows = records((await command([model, withNaN, '--json'])).out);
    expect(rows.map((r) => r.file)).toEqual([model, model, model, withNaN, withNaN, withNaN]);
  });

  it('--metrics adds the metrics', async () => {
    const [row] = records((await command([model, '--json', '--metrics', '--filter', 'zero|full'])).out);
    expect(Object.keys(row).slice(0, KEYS.length)).toEqual(KEYS);
    expect(row.stableRank).toBeGreaterThan(1);
    expect(row.energyRank99).toBeLessThanOrEqual(12);
    expect(Object.keys(row)).toContain('effectiveRank');
  });

  it('a tolerance changes the rank', async () => {
    for (const tolerance of [
      ['--tol', '1e9'],
      ['--rtol', '1.5'],
      ['--atol', '1e9', '--rtol', '0'],
    ]) {
      const rows = records((await command([model, '--json', ...tolerance])).out);
      expect(rows.map((r) => r.rank)).toEqual([0, 0, 0]);
    }
  });
});

describe('--csv', () => {
  it('has a header, shapes with x, and quotes what needs it', async () => {
    const odd = files.write('odd.safetensors', safetensorsFile({ 'a,"b"': [[2, 3], matrix(2, 3)] }));
    const { out } = await command([odd, '--csv']);
    const [head, row] = out.split('\n');
    expect(head).toBe(
      'name,shape,matrix,dtype,rank,full,tolerance,margin,method,storage,noise,proven,toleranceOf,note,error',
    );
    expect(row).toMatch(/^"a,""b""",2x3,2x3,float32,2,2,/);
  });
});

describe('the table', () => {
  it('shows what is deficient, without colour where there is no terminal', async () => {
    const { status, out } = await command([model]);
    expect(status).toBe(0);
    expect(out).toMatch(/^Names go on after 'layer\.'\.\nname +shape +matrix +dtype +rank of full/);
    expect(out).toMatch(/low +4x5x2x3 +4x30 +float32 +3 of 4 +-1 /);
    expect(out).toMatch(/3 tensors, 2 deficient/);
    expect(out).not.toContain('\x1b');
  });

  it('writes long names whole when it is read by a program', async () => {
    const name = 'n'.repeat(300);
    const long = files.write('long.safetensors', safetensorsFile({ [name]: [[2, 2], matrix(2, 2)] }));
    expect((await command([long])).out).toContain(`${name}  `);
  });

  it('has what it may, in the order asked for', async () => {
    const names = async (...args: string[]) =>
      records((await command([model, '--json', ...args])).out).map((r) => r.name.replace('layer.', ''));
    expect(await names('--only', 'deficient')).toEqual(['low', 'zero']);
    expect(await names('--sort', 'rank')).toEqual(['zero', 'low', 'full']);
    expect(await names('--sort', 'stableRank:desc', '--top', '1')).toEqual(['full']);
    const { status, out } = await command([model, '--only', 'failed']);
    expect(status).toBe(0);
    expect(out).toContain('None of the 3 rows failed.');
  });

  it('--metrics heavy-tail has the tail, as a table too', async () => {
    const [row] = records(
      (await command([model, '--json', '--metrics', 'heavy-tail', '--filter', 'full'])).out,
    );
    expect(row.alpha).toBeGreaterThan(1);
    expect(Object.keys(row).slice(-8)).toEqual([
      'alpha',
      'xmin',
      'D',
      'alphaWeighted',
      'logAlphaNorm',
      'softRank',
      'spikes',
      'hardRank',
    ]);
    expect((await command([model, '--metrics=heavy-tail'])).out).toMatch(/alpha +D +soft rank +spikes/);
    expect((await command([model, '--fail-if', 'alpha > 1'])).err).toContain('holds for 2 of 3 rows');
  });

  it('metrics come by themselves where they are cheap, and go with --no-metrics', async () => {
    expect((await command([model])).out).toMatch(/proved by +99 %\n/);
    expect((await command([model, '--no-metrics'])).out).not.toContain('99 %');
  });

  it('a name cannot write to the terminal', async () => {
    const evil = files.write('evil.safetensors', safetensorsFile({ '\x1b[2Jx\ny': [[2, 2], matrix(2, 2)] }));
    const { out } = await command([evil]);
    expect(out).not.toContain('\x1b');
    expect(out.split('\n')).toHaveLength(4);
  });
});

describe('what fails', () => {
  it('nothing to decide is said, with status 1', async () => {
    const filtered = await command([model, '--filter', 'nowhere']);
    expect(filtered).toMatchObject({ status: 1, out: '' });
    expect(filtered.err).toMatch(
      /^matrix-rank: no matrix in .*model\.safetensors has a name that matches \/nowhere\/;/,
    );
    const vector = await command([files.write('vector.npy', npyFile(matrix(1, 5), [5]))]);
    expect(vector).toMatchObject({ status: 1, out: '' });
    expect(vector.err).toMatch(/vector\.npy: no tensor of two or more dimensions was found\.\n$/);
  });

  it('a tensor that is not finite has a row that says so, and the run goes on', async () => {
    const { status, out } = await command([withNaN, '--json']);
    expect(status).toBe(1);
    const rows = records(out);
    expect(rows.map((r) => r.rank)).toEqual([2, null, 2]);
    expect(rows[1]).toMatchObject({
      name: 'holed',
      matrix: [4, 6],
      tolerance: null,
      margin: null,
      method: null,
    });
    expect(rows[1].error).toBe('element [2, 5] is NaN; every element must be finite.');
    expect((await command([withNaN])).out).toMatch(/holed +4x6 float32: element \[2, 5\] is NaN/);
  });

  it('a broken file is one line on stderr, and the others are reported', async () => {
    const whole = readFileSync(model);
    const emptyFolder = join(files.path, 'nothing');
    mkdirSync(emptyFolder);
    const broken = {
      cut: files.write('cut.safetensors', whole.subarray(0, whole.length - 100)),
      header: files.write('header.safetensors', whole.subarray(0, 40)),
      foreign: files.write('foreign.txt', 'Once upon a time'),
      empty: files.write('empty.npy', ''),
      missing: join(files.path, 'missing.onnx'),
      folder: emptyFolder,
    };
    for (const [why, file] of Object.entries(broken)) {
      const { status, out, err } = await command([file, model, '--json']);
      expect({ why, status }).toEqual({ why, status: 1 });
      const lines = err.trimEnd().split('\n');
      expect({ why, lines: lines.length }).toEqual({ why, lines: 2 }); // and the summary
      expect(lines[0]).toMatch(/^matrix-rank: /);
      expect(lines[0]).toContain(file.split('/').at(-1));
      expect(records(out).filter((r) => r.file === model)).toHaveLength(3);
    }
    const { err } = await command([broken.cut]);
    expect(err).toMatch(/cut\.safetensors: .*offset \d+/);
  });
});

describe('the standard input', () => {
  it('is read for -', async () => {
    const { status, out } = await command(['-', '--json'], npyFile(matrix(6, 5, 2), [6, 5]));
    expect(status).toBe(0);
    expect(records(out)).toMatchObject([{ matrix: [6, 5], rank: 2 }]);
    expect((await command(['-', '--json'], readFileSync(model))).out).toBe(
      (await command([model, '--json'])).out,
    );
  });

  it('may be empty or foreign', async () => {
    expect(await command(['-'], new Uint8Array(0))).toMatchObject({ status: 1 });
    const { status, err } = await command(['-'], new Uint8Array([1, 2, 3]));
    expect(status).toBe(1);
    expect(err).toMatch(/^matrix-rank: standard input: /);
  });
});

describe('a real model', () => {
  // numpy.linalg.svd in float64, counted above sigma_1 max(m, n) 2^-23
  const DEFICIENT = {
    'conv2d_106.w_0': 32,
    'conv2d_107.w_0': 33,
    'conv2d_117.w_0': 88,
    'conv2d_118.w_0': 89,
    'conv2d_170.w_0': 238,
    'conv2d_176.w_0': 239,
    'conv2d_178.w_0': 239,
    'conv2d_180.w_0': 466,
    'conv2d_182.w_0': 466,
    'conv2d_184.w_0': 464,
  };
  const recognition = join(models, 'ch_PP-OCRv4_rec_infer.onnx');

  it('has the ranks that NumPy finds, in the same order on any number of threads', async () => {
    const [one, two] = await Promise.all(
      ['1', '2'].map((n) => command([recognition, '--json', '--threads', n])),
    );
    expect(one.out).toBe(two.out);
    const rows = records(one.out);
    expect(rows).toHaveLength(47);
    expect(Object.fromEntries(rows.filter((r) => r.rank < r.full).map((r) => [r.name, r.rank]))).toEqual(
      DEFICIENT,
    );
  });

  it('is decided with little memory, too', async () => {
    const { status, out } = await command([recognition, '--json', '--threads', '1', '--memory', '128M']);
    expect(status).toBe(0);
    expect(records(out)).toHaveLength(47);
  });

  it('--memory is a bound: a tensor that needs more is a failed row, the others are decided', async () => {
    const { status, out, err } = await command([recognition, '--json', '--threads', '1', '--memory', '110M']);
    expect(status).toBe(1);
    const rows = records(out);
    expect(rows).toHaveLength(47);
    const failed = rows.filter((row) => row.error !== undefined);
    expect(failed.map(({ name, error }) => [name, error])).toEqual([
      // 120 x 6625
      ['linear_85.w_0', "tensor 'linear_85.w_0' needs about 11 MiB; the memory limit leaves 6 MiB for it."],
    ]);
    expect(err).toContain('needs about');
  });

  it('--memory below what the threads need is bad usage', async () => {
    const { status, out, err } = await command([recognition, '--threads', '2', '--memory', '1M']);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('--memory: 2 threads need 144 MiB before any tensor; got 1 MiB.');
  });

  it('--filter takes some of it', async () => {
    const rows = records((await command([recognition, '--json', '--filter', '^linear_8'])).out);
    expect(rows.map((r) => r.name)).toEqual([0, 1, 2, 3, 4, 5].map((i) => `linear_8${i}.w_0`));
  });

  it('all the models of the package', async () => {
    const all = readdirSync(models).filter((f) => f.endsWith('.onnx'));
    const { status, out } = await command([...all.map((f) => join(models, f)), '--csv']);
    expect(status).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(1 + 47 + 54 + 66);
  });
});
