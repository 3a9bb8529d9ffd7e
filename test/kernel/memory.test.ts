// Where there is no memory, a sentence says so, and not the engine's.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const script = `
import { matrixRank } from './dist/index.js';
try { console.log(matrixRank([[1, 2], [3, 4]])); } catch (error) { console.log(error.name + ': ' + error.message); }`;

describe.skipIf(process.platform !== 'linux')('a limit on addresses', () => {
  const own = Number(
    execFileSync(
      process.execPath,
      ['-e', "console.log(/VmPeak:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/status'))[1])"],
      {
        encoding: 'utf8',
      },
    ),
  );
  const run = (extra: number) =>
    execFileSync(
      'sh',
      ['-c', `ulimit -v ${own + extra}; exec "$0" --input-type=module -e "$1"`, process.execPath, script],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    ).trim();
  test('too low for the kernel, and high enough', () => {
    expect(run(400_000)).toMatch(/^RangeError: matrix-rank: the system has no memory for the kernel/);
    expect(run(20_000_000)).toBe('2');
  });
});
