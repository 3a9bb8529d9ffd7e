// Examples that need nothing but the library run, and show what they say.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { folder, matrix, root, safetensorsFile } from './cli/command.js';

const files = folder();
afterAll(() => files.remove());

const run = async (...args: string[]) =>
  (await promisify(execFile)(process.execPath, [join(root, 'examples', args[0]), ...args.slice(1)])).stdout;

it('lora.mjs', async () => {
  const shown = await run('lora.mjs');
  expect(shown).toMatch(/^layers\.0\.q_proj\.weight: rank 3 of r = 16, proved; stable rank [12]\.\d\d\n/);
  expect(shown).toMatch(/^ {2}0\.9999: \[64, 3\] x \[3, 96\] in place of r = 16, off by /m);
});

it('lora.mjs of a file', async () => {
  const adapter = files.write(
    'adapter.safetensors',
    safetensorsFile({
      'a.lora_A.weight': [[4, 10], matrix(4, 10)],
      'a.lora_B.weight': [[12, 4], matrix(12, 4, 2)],
      other: [[3, 3], matrix(3, 3)],
    }),
  );
  const lines = (await run('lora.mjs', adapter)).trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toContain('a.weight: rank 2 of r = 4');
});
