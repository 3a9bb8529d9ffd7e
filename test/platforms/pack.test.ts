// The package as strangers get it: packed, installed in an empty folder, used from JavaScript,
// from TypeScript and from the shell.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-'));
const installed = join(folder, 'node_modules/matrix-rank');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

function run(command: string, args: string[], cwd = folder): string {
  const env = { ...process.env };
  delete env.NODE_OPTIONS;
  for (const name of Object.keys(env)) if (/^(npm_|VITEST|MATRIX_RANK)/.test(name)) delete env[name];
  try {
    return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
  }
}

beforeAll(() => {
  if (!existsSync(join(root, 'dist/index.js')))
    throw new Error('There is no dist/: npm run build comes first.');
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
  );
  const tarball = run(
    npm,
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder],
    root,
  ).trim();
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];
  run(npm, ['install', ...quiet, join(folder, tarball.split('\n').pop()!)]);
}, 240_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Every file of a folder, as paths from it. */
function files(at: string, from = at): string[] {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(at, entry.name), from) : [relative(from, join(at, entry.name))],
  );
}

describe('the tarball', () => {
  test('holds what runs, its types and its words, and nothing else', () => {
    const list = files(installed).filter((f) => !f.startsWith('node_modules'));
    expect(list).toContain('package.json');
    expect(list).toContain('dist/index.js');
    expect(list).toContain('dist/index.d.ts');
    expect(list).toContain('README.md');
    expect(list).toContain('LICENSE');
    const named = [
      ...['package.json', 'README.md', 'LICENSE', 'dist/LICENSES.txt', 'dist/cjs/package.json'],
      ...['dist/cli/html/uPlot.min.css', 'dist/cli/html/uPlot.LICENSE'],
    ];
    const code = /^dist\/(.*\.(js|d\.ts)|kernel\/\w+\.wasm)$/;
    expect(list.filter((f) => !code.test(f) && !named.includes(f))).toEqual([]);
    // The command is a program, not a library, and what is made for an engine has the
    // types of the library: none of its own.
    for (const f of list.filter((name) =>
      /^(?!dist\/(cli|vendor|workerd|cjs)\/).*(?<!\.min)\.js$/.test(name),
    ))
      expect(list).toContain(f.replace(/\.js$/, '.d.ts'));
  });

  test('every path that package.json names is there', () => {
    const { exports, bin, types, main, module, unpkg, jsdelivr, typesVersions } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    );
    const paths = (e: unknown): string[] =>
      typeof e === 'string' ? [e] : Object.values(e as object).flatMap(paths);
    const named = [main, module, unpkg, jsdelivr, types, ...paths(bin), ...paths(exports)];
    named.push(...Object.values(typesVersions['*'] as Record<string, string[]>).flat());
    for (const path of named) expect(existsSync(join(installed, path)), path).toBe(true);
  });

  test('brings no other package, and the licences of those inside it', () => {
    const folders = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(folders).toEqual(['matrix-rank']);
    const licences = readFileSync(join(installed, 'dist/LICENSES.txt'), 'utf8');
    for (const name of ['@assemblyscript/loader', 'cli-table3', 'fflate', 'pbf', 'uplot'])
      expect(licences).toMatch(new RegExp(`^${name} [0-9.]+, `, 'm'));
  });
});

describe('imports', () => {
  /** All modules that are loaded with `entry`, and the packages that they ask for. */
  function reach(entry: string): { modules: Set<string>; packages: Set<string> } {
    const modules = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (modules.has(file)) return;
      modules.add(file);
      const text = readFileSync(file, 'utf8');
      for (const [, name] of text.matchAll(
        /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/gm,
      )) {
        if (name.startsWith('.')) visit(resolve(dirname(file), name));
        else packages.add(name);
      }
    };
    visit(entry);
    return { modules, packages };
  }

  test("'matrix-rank' loads nothing beside its own files", () => {
    const { modules, packages } = reach(join(installed, 'dist/index.js'));
    expect([...packages]).toEqual([]);
    const names = [...modules].map((m) => relative(installed, m).replaceAll('\\', '/'));
    expect(names.filter((m) => /^dist\/(cli|formats)\//.test(m))).toEqual([]);
  });

  test("'matrix-rank/formats' does not load the command", () => {
    const { modules, packages } = reach(join(installed, 'dist/formats/index.js'));
    expect([...packages]).toEqual([]);
    const names = [...modules].map((m) => relative(installed, m).replaceAll('\\', '/'));
    expect(names.filter((m) => /^dist\/cli\//.test(m))).toEqual([]);
  });
});

test('from an ES module, with what the README begins with', () => {
  writeFileSync(
    join(folder, 'use.mjs'),
    `import { matrixRank, rankReport, singularValues, simd } from 'matrix-rank';
import { readTensors } from 'matrix-rank/formats';
console.log(JSON.stringify([
  matrixRank([1, 2, 2, 4], [2, 2]), matrixRank([[1, 2], [3, 4]]), matrixRank(new Float32Array(12).fill(1), [3, 4]),
  rankReport([3, 0, 0, 4], [2, 2]).rank, [...singularValues([3, 0, 0, 4], [2, 2])], typeof readTensors, simd]));
`,
  );
  const out = JSON.parse(run(process.execPath, ['use.mjs']));
  expect(out.slice(0, 6)).toEqual([1, 2, 1, 2, [4, 3], 'function']);
  expect(out[6]).toMatch(/^(relaxed|baseline)$/);
});

test('from CommonJS, by import()', () => {
  writeFileSync(
    join(folder, 'use.cjs'),
    `import('matrix-rank').then((m) => console.log(m.matrixRank([[1, 2], [2, 4]])));\n`,
  );
  expect(run(process.execPath, ['use.cjs'])).toBe('1\n');
});

test('the command', () => {
  // A 2x3 .npy of rank 1, by hand.
  const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117, ' ');
  const data = new Uint8Array(Float64Array.of(1, 2, 3, 2, 4, 6).buffer);
  const start = Buffer.from(`\x93NUMPY\x01\x00v\x00${header}\n`, 'latin1');
  writeFileSync(join(folder, 'weight.npy'), Buffer.concat([start, data]));
  const bin = join(folder, 'node_modules/.bin/matrix-rank');
  const out = run(process.platform === 'win32' ? `${bin}.cmd` : bin, ['weight.npy', '--json']);
  const row = JSON.parse(out.trim().split('\n')[0]);
  expect(row).toMatchObject({ rank: 1 });
});

describe('from TypeScript', () => {
  const program = `import { matrixRank, matrixRanks, rankReport, simd, singularValues } from 'matrix-rank';
import type { RankReport } from 'matrix-rank';
import { readTensors } from 'matrix-rank/formats';

const rank: number = matrixRank(new Float32Array(6), [2, 3], { rtol: 1e-3 });
const nested: number = matrixRank([[1, 2], [3, 4]] as const);
const tensor: number = matrixRank({ data: new Float64Array(6), shape: [2, 3], strides: [1, 2] });
const ranks: Int32Array = matrixRanks(new Float64Array(8), [2, 2, 2]);
const report: RankReport = rankReport([1, 2, 3, 4], [2, 2]);
const values: Float64Array = singularValues([[1, 2], [3, 4]]);
const build: 'relaxed' | 'baseline' = simd;
export function refused(): void {
  // @ts-expect-error a string is no matrix
  matrixRank('1 2; 3 4');
  // @ts-expect-error there is no such option
  matrixRank([1], [1, 1], { tolerance: 1 });
}
console.log(rank, nested, tensor, ranks.length, report.rank, values.length, build.length > 0, typeof readTensors);
`;
  const tsc = join(root, 'node_modules/typescript/bin/tsc');

  test.each([
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('module %s, moduleResolution %s: strict, with the declarations checked', (module, moduleResolution) => {
    const at = join(folder, moduleResolution);
    mkdirSync(at);
    writeFileSync(join(at, 'use.ts'), program);
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      strict: true,
      skipLibCheck: false,
      types: [],
      lib: ['es2023', 'dom', 'dom.iterable'],
      outDir: 'out',
      rootDir: '.',
    };
    writeFileSync(join(at, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }));
    run(process.execPath, [tsc, '-p', '.'], at);
    expect(run(process.execPath, ['out/use.js'], at)).toBe('0 2 0 2 2 2 true function\n');
  });
});
