// Does a test turn red when a term of a bound is dropped? Applies one change after another to assembly/ in a copy of
// the project, builds it and runs the tests of certificates on the relaxed build (or on both with --both),
// until one fails. Prints which changes survive: none may. Not in CI: a minute each.
// Usage: node scripts/mutants.mjs [NAME REGEX]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** [name, file of assembly/, text, what to put in its place] */
const MUTANTS = [
  ['rounding() = 0', 'certificate/rounding.ts', '* (square + growth) * U', '* (square + growth) * 0'],
  [
    'reflectorError() = 0',
    'certificate/rounding.ts',
    'Math.sqrt(<f64>count * scan.total) * U',
    '0 * <f64>count',
  ],
  [
    'a single reflector counts for one',
    'base/params.ts',
    'MORE_REFLECTORS: i32 = 8',
    'MORE_REFLECTORS: i32 = 0',
  ],
  [
    'Jacobi counts for a bidiagonal form',
    'base/params.ts',
    'JACOBI_ROTATIONS: i32 = 16',
    'JACOBI_ROTATIONS: i32 = 1',
  ],
  [
    'full rank by QR wherever R is regular',
    'certificate/unpivoted-qr.ts',
    'return lower >= GUARD * claim.tolerance(claim.high)',
    'return lower > 0',
  ],
  ['guard 0.5', 'base/params.ts', 'GUARD: f64 = 4.0', 'GUARD: f64 = 0.5'],
  [
    'what was left out is forgotten',
    'certificate/qlp.ts',
    'leftOut <= LEFT_OUT_SHARE * claim.resolution()',
    'leftOut <= claim.tolerance(claim.high)',
  ],
  [
    'a Ritz value is trusted',
    'certificate/sigma1.ts',
    'if (capByCholesky(L, G, n, slack, share) ||',
    'if (true ||',
  ],
  [
    'one start vector is enough',
    'certificate/sigma1.ts',
    'if (capByCholesky(L, G, n, slack, share) ||',
    'if (i == 1 ||',
  ],
  ['trailing: ||R22|| does not round', 'certificate/trailing.ts', 'c2 = left * left', 'c2 = 0'],
  [
    'trailing: counts of any resolution',
    'certificate/trailing.ts',
    '<= claim.resolution())) return false',
    '< Infinity)) return false',
  ],
  ['trailing: nothing is off', 'certificate/trailing.ts', 'off = rest + 0.5 * U', 'off = 0 * rest + 0 * U'],
  ['lower bounds are not rounded down', 'index.ts', 'x * source.scale > claim.lower', 'false'],
  ['upper bounds are not rounded up', 'index.ts', 'x * source.scale < claim.upper', 'false'],
  ['sigma_1 in integers: no coarseness', 'factor/cholesky16.ts', 'return 0.51', 'return 0'],
  [
    'elimination: W is what is computed',
    'certificate/elimination.ts',
    '(y * d + rho) * b2 + g *',
    '0 * rho + 0 * g *',
  ],
  ['residual: no noise', 'certificate/row-sample.ts', '1.23 * U', '0 * U'],
  [
    'null space: vectors may become zero',
    'certificate/null-space.ts',
    'length * length > few - 0.5',
    'length * length > -1',
  ],
];

const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
for (const name of [
  'assembly',
  'src',
  'scripts',
  'test',
  'docs',
  'package.json',
  'asconfig.json',
  'vitest.config.ts',
]) {
  cpSync(`${root}/${name}`, `${copy}/${name}`, { recursive: true });
}
for (const name of ['tsconfig.json', 'tsconfig.build.json']) cpSync(`${root}/${name}`, `${copy}/${name}`);
symlinkSync(`${root}/node_modules`, `${copy}/node_modules`);

const run = (...args) =>
  spawnSync('npx', args, { cwd: copy, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
const TESTS = ['test/certificate', 'test/kernel', 'trailing', 'elimination', 'families'];

/** Whether the tests fail, or the build. */
function killed() {
  if (spawnSync(process.execPath, ['scripts/kernel.mjs'], { cwd: copy }).status !== 0)
    return 'does not compile';
  const { status, stdout } = run('vitest', 'run', '--bail', '1', '--project', 'relaxed', ...TESTS);
  return status === 0 ? undefined : (/FAIL .*?test\/(.*)/.exec(stdout)?.[1] ?? 'fails');
}

const wanted = new RegExp(process.argv[2] ?? '');
let survivors = 0;
for (const [name, file, from, to] of MUTANTS.filter(([name]) => wanted.test(name))) {
  const path = `${copy}/assembly/${file}`;
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} no longer has the text that "${name}" changes: ${from}`);
  writeFileSync(path, text.replace(from, to));
  const how = killed();
  writeFileSync(path, text);
  if (!how) survivors++;
  console.log(`${how ? 'killed  ' : 'SURVIVES'} ${name}${how ? `: ${how.slice(0, 90)}` : ''}`);
}
rmSync(copy, { recursive: true });
console.log(`${survivors} survive`);
process.exitCode = survivors ? 1 : 0;
