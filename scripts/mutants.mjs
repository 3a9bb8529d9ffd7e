// Does a test turn red when a term of a bound is dropped? Applies one change after another to assembly/ in a copy of
// the project, compiles the baseline kernel and the module of test/kernel/, and runs the tests of the section of
// docs/certificates.md that the term belongs to. Prints which changes survive: none may. Not in CI: some ten seconds
// each. Usage: node scripts/mutants.mjs [REGEX of 'section: name file']
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { MUTANTS } from './mutations.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
for (const name of ['assembly', 'src', 'scripts', 'test', 'docs', 'package.json', 'tsconfig.json']) {
  cpSync(`${root}/${name}`, `${copy}/${name}`, { recursive: true });
}
symlinkSync(`${root}/node_modules`, `${copy}/node_modules`);
cpSync(`${root}/test/kernel/entry.as`, `${copy}/build/test-entry.ts`);
writeFileSync(
  `${copy}/vitest.config.ts`,
  `export default { test: { pool: 'forks', testTimeout: 60_000, setupFiles: ['test/build.ts'],
  env: { KERNEL_BUILD: 'baseline', MATRIX_RANK_SIMD: 'baseline' } } };`,
);

// Fewer passes of the optimiser than asconfig.json: the same arithmetic, in a third of the time.
const config = JSON.parse(readFileSync(`${root}/asconfig.json`, 'utf8'));
Object.assign(config.options, { optimizeLevel: 1, shrinkLevel: 0, converge: false, runPasses: [] });
writeFileSync(`${copy}/asconfig.json`, JSON.stringify(config));
writeFileSync(`${copy}/build/test-asconfig.json`, JSON.stringify({ ...config, entries: [] }));

async function build() {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/kernel.mjs'], {
    cwd: copy,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const module = ['--target', 'baseline', '--outFile', 'build/test-baseline.wasm'];
  const test = ['build/test-entry.ts', '--baseDir', copy, '--config', 'build/test-asconfig.json', ...module];
  const { error, stderr: said } = await asc.main(test);
  if (error) throw new Error(said.toString());
}

/** The test that fails, if any does. */
function killer(...args) {
  const { status, stdout, stderr } = spawnSync('npx', ['vitest', 'run', '--bail', '1', ...args], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return status === 0 ? undefined : (/FAIL .*?test\/(.*)/.exec(stdout + stderr)?.[1] ?? 'fails');
}

const wanted = new RegExp(process.argv[2] ?? '');
let survivors = 0;
try {
  await build();
  const sections = MUTANTS.filter((m) => wanted.test(`${m.test}: ${m.name} ${m.file}`));
  const broken = killer(...new Set(sections.map((m) => `test/certificate/${m.test}.test.ts`)));
  if (broken) throw new Error(`The tests fail before anything is changed: ${broken}`);
  for (const { name, file, from, to, test, only } of sections) {
    const path = `${copy}/assembly/${file}`;
    const text = readFileSync(path, 'utf8');
    if (text.split(from).length !== 2)
      throw new Error(`assembly/${file} does not have the text of "${name}" once: ${from}`);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
    await build();
    const by = killer(`test/certificate/${test}.test.ts`, ...(only ? ['-t', only] : []));
    writeFileSync(path, text);
    if (!by) survivors++;
    console.log(`${by ? 'killed  ' : 'SURVIVES'} ${test}: ${name}${by ? ` (${by.slice(0, 100)})` : ''}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(`${survivors} survive`);
process.exitCode = survivors ? 1 : 0;
