// Terminals, pipes that close, Ctrl-C.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bytesOf } from '../formats/write.js';
import { command, folder, main, matrix, models, npyFile, random, safetensorsFile, start } from './command.js';

const files = folder();
afterAll(() => files.remove());

it('Ctrl-C ends it in the middle of a matrix, with what is finished printed and status 130', async () => {
  const small = files.write('small.npy', npyFile(matrix(6, 5), [6, 5]));
  const n = 3000;
  const large = files.write('large.npy', npyFile(new Float32Array(0), [n, n]));
  appendFileSync(large, bytesOf(Float32Array.from({ length: n * n }, random)));
  const child = start([small, large, large, '--json']);
  let out = '';
  child.stdout!.on('data', (text) => {
    out += text;
  });
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  await new Promise((resolve) => setTimeout(resolve, 300)); // the large ones have begun
  child.kill('SIGINT');
  const status = await new Promise((resolve) => child.once('close', resolve));
  expect(status).toBe(130);
  expect(out.trimEnd().split('\n')).toHaveLength(1);
});

it('a reader that goes away ends it quietly', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 3000 }, (_, i) => [
      `tensor.${i}`,
      [[2, 2], matrix(2, 2)] as [number[], Float32Array],
    ]),
  );
  const child = start([files.write('many.safetensors', safetensorsFile(many)), '--json']);
  let err = '';
  child.stderr!.on('data', (text) => {
    err += text;
  });
  child.stdout!.once('data', () => child.stdout!.destroy());
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
  expect(err).toBe('');
});

it('there is no bar and no colour without a terminal', async () => {
  const { out, err } = await command([join(models, 'ch_PP-OCRv4_rec_infer.onnx')], undefined, {
    FORCE_COLOR: '1',
  });
  expect(out + err).not.toContain('\x1b');
});

const script = process.platform === 'linux' && existsSync('/usr/bin/script');

it.runIf(script)('on a terminal: colour, a bar, lines of its width; NO_COLOR is heeded', () => {
  const run = (before: string) =>
    spawnSync(
      '/usr/bin/script',
      [
        '-qec',
        `stty cols 90; ${before} '${process.execPath}' '${main}' '${join(models, 'ch_PP-OCRv4_rec_infer.onnx')}'`,
        '/dev/null',
      ],
      { encoding: 'utf8', env: { ...process.env, TERM: 'xterm', NO_COLOR: undefined, CI: undefined } },
    ).stdout;
  const coloured = run('');
  expect(coloured).toContain('\x1b[33m');
  expect(coloured).toContain('47 done');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own
  const plain = (text: string) => text.replace(/\x1b\[[?\d;]*[a-zA-Z]|\x1b[78]/g, '');
  const rows = plain(run('NO_COLOR=1')).split('\n');
  expect(
    rows.filter((line) => / of \d+/.test(line) && line.startsWith('conv')).every((line) => line.length <= 91),
  ).toBe(true);
  expect(run('NO_COLOR=1')).not.toContain('\x1b[33m');
  expect(run('exec 2>/dev/null;')).not.toContain('done');
});
