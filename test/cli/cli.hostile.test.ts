// Files that strangers send, and surroundings that break: the exit status is 0, 1, 2 or that of a signal,
// and what is finished is printed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  bytesOf,
  concat,
  onnxGraph,
  onnxModel,
  onnxNode,
  onnxTensor,
  safetensorsRaw,
  utf8,
} from '../formats/write.js';
import { command, folder, matrix, npyFile, records, safetensorsFile, start } from './command.js';

const files = folder();
afterAll(() => files.remove());
const small = matrix(6, 5, 3);
const good = files.write(
  'good.safetensors',
  safetensorsFile({ a: [[6, 5], small], b: [[4, 4], matrix(4, 4)] }),
);
const entry = (shape: string, offsets = '[0,24]') =>
  `{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}`;
const lying = (name: string, entries: string) =>
  files.write(
    name,
    safetensorsRaw(`{${entries}}`, bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6))),
  );
const ranks = (out: string) => records(out).map((r) => [r.name, r.rank]);

describe('shapes that no tensor has', () => {
  it.each([
    '[1e400,3]',
    '[null,3]',
    '[2.5,3]',
    '["2",3]',
    '[-2,3]',
    '[[[[]]],{"toString":1}]',
    '[3,1e15]',
    'null',
  ])('%s costs its own row and no other', async (shape) => {
    const bad = lying('bad.safetensors', `"x":${entry(shape)},"y":${entry('[2,3]', '[24,48]')}`);
    const { status, out, err } = await command([bad, good, '--json', '--threads', '1']);
    expect(status).toBe(1);
    expect(ranks(out).slice(1)).toEqual([
      ['y', 2],
      ['a', 3],
      ['b', 4],
    ]);
    expect(records(out)[0].error).toMatch(/^tensor 'x' /);
    expect(err).not.toMatch(/Cannot|undefined|call stack/);
  });

  it('an LSTM of a hundred million directions, each of nothing', async () => {
    const weight = onnxTensor({ name: 'w', dims: [1e8, 0, 1], type: 1, raw: new Uint8Array(0) });
    const lstm = onnxNode({ op: 'LSTM', inputs: ['x', 'w'] });
    const file = files.write('lstm.onnx', onnxModel(onnxGraph([lstm], [weight])));
    const { status, out } = await command([file, '--json']);
    expect(status).toBe(0);
    expect(ranks(out)).toEqual([['w', 0]]);
  });
});

describe('one field that is not what it should be', () => {
  it('nested a hundred thousand deep costs its own row', async () => {
    const deep = '['.repeat(1e5) + ']'.repeat(1e5);
    const entries = [entry(deep), entry('[2,3]', deep), deep, `{"dtype":${deep}}`];
    const bad = lying(
      'deep.safetensors',
      `${entries.map((e, i) => `"x${i}":${e}`).join()},"y":${entry('[2,3]', '[24,48]')}`,
    );
    const { status, out, err } = await command([bad, '--json']);
    expect(status).toBe(1);
    expect(records(out).filter((r) => r.rank === 2)).toHaveLength(1);
    expect(out + err).not.toMatch(/call stack|Cannot/);
  });

  it('in an index: the other shards are read', async () => {
    const index = { weight_map: { a: 'good.safetensors', x: [['nested']], y: { toString: 1 } } };
    const { status, out } = await command([files.write('m.index.json', JSON.stringify(index)), '--json']);
    expect(status).toBe(1);
    expect(ranks(out).filter(([, rank]) => rank !== null)).toEqual([['a', 3]]);
    const round = { weight_map: { a: 'good.safetensors', x: 'round.index.json' } };
    const itself = await command([files.write('round.index.json', JSON.stringify(round)), '--json']);
    expect(itself.status).toBe(1);
    expect(ranks(itself.out)).toContainEqual(['a', 3]);
    expect(itself.err).toContain('is JSON, which is no shard');
  });

  it('millions of them are told before they take gigabytes', async () => {
    const many = lying(
      'many.safetensors',
      Array.from({ length: 3e6 }, (_, i) => `"${i}":[,`.slice(0, -1)).join(),
    );
    const { status, err } = await command([many, good, '--json'], undefined, {
      NODE_OPTIONS: '--max-old-space-size=300',
    });
    expect(status).toBe(1);
    expect(err).toMatch(/not JSON|more than 8000000 values/);
    const empty = files.write(
      'empty.onnx',
      onnxModel(
        concat(
          ...Array.from({ length: 200 }, () => new Uint8Array(20_000).map((_, i) => (i & 1 ? 0 : 0x2a))),
        ),
      ),
    );
    const onnx = await command([empty, good, '--json'], undefined, {
      NODE_OPTIONS: '--max-old-space-size=600',
    });
    expect(onnx.status).toBe(1);
    expect(onnx.err).toContain('more than 2000000 nodes, weights and names');
    expect(ranks(onnx.out)).toEqual([
      ['a', 3],
      ['b', 4],
    ]);
  });

  it('a tfjs shard named a thousand times is read once', async () => {
    files.write('w.bin', bytesOf(small));
    const weights = Array.from({ length: 1000 }, (_, i) => ({
      name: `w${i}`,
      shape: [6, 5],
      dtype: 'float32',
    }));
    const manifest = [{ paths: Array.from({ length: 1000 }, () => 'w.bin'), weights }];
    const { status, err } = await command([
      files.write('model.json', JSON.stringify({ weightsManifest: manifest })),
    ]);
    expect(status).toBe(1);
    expect(err).toContain("names 'w.bin', which was named before");
  });
});

describe('--html', () => {
  const kept = (name: string) => readFileSync(join(files.path, name)).length;

  it('never overwrites a model, or anything that is no report', async () => {
    const size = kept('good.safetensors');
    const second = files.write('second.safetensors', safetensorsFile({ c: [[6, 5], small] }));
    symlinkSync('good.safetensors', join(files.path, 'link.html'));
    files.write('notes.html', '<p>notes</p>');
    const cases: [string, string[]][] = [
      [good, [second]],
      [good, [good]],
      [join(files.path, 'link.html'), [good]],
      [join(files.path, 'notes.html'), [good]],
      [files.path, [good]],
      ['/dev/full', [good]],
      ['', [good]],
    ];
    for (const [out, inputs] of cases) {
      const { status, out: rows, err } = await command([...inputs, '--html', out]);
      expect([out, status]).toEqual([out, 2]);
      expect(rows).toBe('');
      expect(err).toMatch(out === '' ? /takes the name of a file/ : /not overwritten/);
    }
    expect(kept('good.safetensors')).toBe(size);
    expect(kept('notes.html')).toBe(12);
  });

  it('nor does --ranks', async () => {
    const index = files.write(
      'kept.index.json',
      '{"metadata": {"total_size": 7}, "weight_map": {"a": "good.safetensors"}}',
    );
    const list = join(files.path, 'ranks.json');
    for (const out of [good, index]) {
      const { status, err } = await command([good, '--ranks', out]);
      expect(status).toBe(2);
      expect(err).toContain('not overwritten');
    }
    for (let i = 0; i < 2; i++) expect((await command([good, '--ranks', list])).status).toBe(0);
  });

  it('replaces a report of ours when the new one is whole, and has the licence of what it holds', async () => {
    const page = join(files.path, 'page.html');
    for (const threads of ['1', '2']) {
      expect((await command([good, '--html', page, '--threads', threads])).status).toBe(0);
    }
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('Copyright (c) 2022 Leon Sorokin');
    expect(html).toContain('Permission is hereby granted');
    expect(execFileSync('ls', [files.path], { encoding: 'utf8' })).not.toContain('.tmp');
    const missing = await command([good, '--html', join(files.path, 'no', 'page.html')]);
    expect(missing.status).toBe(2);
  });
});

describe('surroundings', () => {
  it('a pattern that would take years: told, and Ctrl-C is answered', async () => {
    const name = `${'a'.repeat(40)}b`;
    const file = files.write('names.safetensors', safetensorsFile({ [name]: [[6, 5], small] }));
    const { status, err } = await command([file, '--filter', '^(a+)+$']);
    expect(status).toBe(1);
    expect(err).toContain('the pattern of --filter takes more than 1 s');
    const gate = await command([file, '--fail-if', 'name ~ "^(a+)+$"']);
    expect(gate.status).toBe(1);
    expect(gate.err).toContain('the pattern of --fail-if takes more than 1 s');
    expect(gate.out).toContain('3 of 5'); // the rows are there
  });

  it('a filter that matches nothing says so', async () => {
    const { status, err } = await command([good, '--filter', 'nothing']);
    expect(status).toBe(1);
    expect(err).toContain('has a name that matches');
    expect((await command([good, '--filter', '^a.*|x+'])).status).toBe(0);
  });

  it('a closed standard error loses no row', async () => {
    const bad = lying('bad2.safetensors', `"x":${entry('[9,9]')}`);
    const child = start([bad, good, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr!.destroy();
    let out = '';
    child.stdout!.on('data', (text) => {
      out += text;
    });
    const status = await new Promise((done) => child.on('close', done));
    expect(ranks(out)).toEqual([
      ['x', null],
      ['a', 3],
      ['b', 4],
    ]);
    expect(status).toBe(1);
  });

  it('the standard input is held within --memory', async () => {
    const bytes = npyFile(new Float32Array(8e6).fill(1), [8000, 1000]);
    const { status, err } = await command(['-', '--memory', '110M', '--threads', '1'], bytes);
    expect(status).toBe(1);
    expect(err).toContain('standard input: is more than the 6 MiB that --memory leaves');
    expect((await command(['-', '--memory', '500M', '--threads', '1'], npyFile(small, [6, 5]))).status).toBe(
      0,
    );
  });

  it('--compare goes on past an entry that cannot be read', async () => {
    const bad = lying(
      'other.safetensors',
      `"z":${entry('[9,9]')},"b":${entry('[2,3]')},"a":${entry('[2,3]', '[24,24]')}`,
    );
    const { status, out } = await command([good, '--compare', bad, '--json']);
    expect(status).toBe(1);
    expect(records(out).map((r) => r.name)).toEqual(expect.arrayContaining(['a', 'b', 'z']));
  });

  it('names cannot move the cursor, forge a line, turn the text or start a formula', async () => {
    const evil = [
      '\x1b[2Jred',
      'line\nfeed',
      '\x9b31m',
      '\u202egnp.exe',
      '=HYPERLINK("x")',
      '@SUM(A1)',
      '-1+2',
      '\x7f',
    ];
    const tensors = Object.fromEntries(
      evil.map((n) => [n, [[2, 2], matrix(2, 2)] as [number[], Float32Array]]),
    );
    const file = files.write('evil\x1b[31m\u202e.safetensors', safetensorsFile(tensors));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    const controls = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;
    for (const form of ['--json', '--csv', '--threads=1']) {
      const { out, err } = await command([file, `${file}.gone`, good, form]);
      expect(out).not.toMatch(controls);
      expect(err).not.toMatch(controls);
      if (form === '--json') expect(records(out).map((r) => r.name)).toEqual(expect.arrayContaining(evil));
      if (form === '--csv') expect(out).not.toMatch(/(^|,)"?[=@+-][A-Z(]/m);
    }
    const page = join(files.path, 'evil.html');
    await command([file, good, '--html', page]);
    expect(readFileSync(page, 'utf8')).not.toMatch(controls);
  });

  it('what lies beside a model is not followed out of its folder, but into the blobs of a cache', async () => {
    const secret = files.write('secret.bin', bytesOf(small));
    const hub = join(files.path, 'hub/models--a--b');
    const home = join(hub, 'snapshots/0123');
    const blobs = join(hub, 'blobs');
    for (const path of [home, blobs]) mkdirSync(path, { recursive: true });
    const external = onnxTensor({
      name: 'w',
      dims: [6, 5],
      type: 1,
      data: concat([0x6a, 17], utf8('\n\x08location\x12\x05w.bin'), [0x70, 1]),
    });
    writeFileSync(join(home, 'model.onnx'), onnxModel(onnxGraph([], [external])));
    symlinkSync(secret, join(home, 'w.bin'));
    const outside = await command([join(home, 'model.onnx'), '--json']);
    expect(outside.status).toBe(1);
    expect(outside.out).toContain("outside the model's folder");
    writeFileSync(join(blobs, 'sha'), bytesOf(small));
    execFileSync('ln', ['-sf', '../../blobs/sha', join(home, 'w.bin')]);
    expect(ranks((await command([join(home, 'model.onnx'), '--json'])).out)).toEqual([['w', 3]]);
    expect(existsSync(secret)).toBe(true);
  });

  it('without virtual memory: a sentence', async () => {
    const large = files.write('large.npy', npyFile(new Float32Array(3e7), [6000, 5000]));
    const shell = `ulimit -v ${(await virtual()) + 60_000}; exec "$0" "$@"`;
    const run = () =>
      execFileSync(
        'sh',
        ['-c', shell, process.execPath, 'dist/cli/main.js', large, '--json', '--threads', '1'],
        {
          encoding: 'utf8',
          stdio: 'pipe',
        },
      );
    let failed: { status?: number; stdout?: string; stderr?: string } = {};
    try {
      run();
    } catch (error) {
      failed = error as typeof failed;
    }
    const said = `${failed.stdout}${failed.stderr}`;
    if (failed.status === 1) expect(said).toMatch(/not enough memory|no memory/);
    else expect([null, 133, 134]).toContain(failed.status); // the engine itself found none
  });
});

/** KiB of address space that Node takes by itself. */
async function virtual(): Promise<number> {
  const script = "console.log(/VmPeak:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/status'))[1])";
  return Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
}
