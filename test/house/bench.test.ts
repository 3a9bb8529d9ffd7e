// Every benchmark says how it is called, and refuses what it does not know: none runs for minutes on a mistyped option.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { files, root } from './tree.js';

const benchmarks = files('bench', /^[^/]*\.mjs$/);

function run(file: string, option: string) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL(`bench/${file}`, root)), option],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return { status, stdout, stderr };
}

test('there are benchmarks', () => expect(benchmarks).toContain('sweep.mjs'));

test.for(benchmarks)('bench/%s says how it is called', (file) => {
  const { status, stdout } = run(file, '--help');
  expect(status).toBe(0);
  expect(stdout).toContain(`node bench/${file}`);
});

test.for(benchmarks)('bench/%s refuses an unknown option', (file) => {
  const { status, stderr } = run(file, '--quickly');
  expect(status).toBe(2);
  expect(stderr).toMatch(/'--quickly'[\s\S]*node bench\//);
});
