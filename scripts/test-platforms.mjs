// The oracle on the engines that npm carries: Deno (V8) and Bun (JavaScriptCore), each running scripts/test-node.mjs on the
// built package. Ends with "N passed, N failed"; an engine that cannot be installed is told and skipped.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('test-node.mjs', import.meta.url));
const ENGINES = [
  { name: 'Deno', npm: 'deno@2', version: ['--version'], run: ['run', '--allow-all', script] },
  { name: 'Bun', npm: 'bun@1', version: ['--version'], run: [script] },
];

const npx = (args) =>
  spawnSync('npx', ['-y', ...args], {
    cwd: tmpdir(), // outside the package, whose node_modules npx would look into
    encoding: 'utf8',
    timeout: 300_000,
    shell: process.platform === 'win32',
  });

let passed = 0;
let failed = 0;
for (const { name, npm, version, run } of ENGINES) {
  const asked = npx([npm, ...version]);
  const found = asked.status === 0 && /\d+\.\d+\.\d+/.exec(asked.stdout)?.[0];
  if (!found) {
    console.log(`${name}: not installable here, skipped.`);
    continue;
  }
  const { stdout, stderr, status } = npx([npm, ...run]);
  const sum = /(\w+) kernel: (\d+) passed, (\d+) failed/.exec(stdout);
  console.log(`${name} ${found}: ${sum?.[0] ?? `crashed with status ${status}\n${stdout}${stderr}`}`);
  passed += Number(sum?.[2] ?? 0);
  failed += Number(sum?.[3] ?? 1);
  if (sum?.[3] !== '0') console.log(stdout);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
