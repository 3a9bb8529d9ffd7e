// The packed package through Vite, webpack, esbuild and Rollup, with nothing but an entry and an output folder given.
// Each bundle runs in Node; pages with a pool of workers run in Chromium.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import type { Browser } from 'playwright-core';
import { rollup } from 'rollup';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack from 'webpack';
import { CHROMIUM, launch } from '../browser/browsers.js';
import { root, serve } from '../browser/serve.js';

const script = '../../scripts/size.mjs';
const { sizes } = (await import(script)) as { sizes(): Promise<{ what: string; size: number }[]> };
const alone = (await sizes()).find(({ what }) => what === 'import { matrixRank }')!;

const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-bundlers-'));
const at = (...path: string[]) => join(folder, ...path);

beforeAll(() => {
  const npm = (args: string[], cwd: string) =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', env: clean(), stdio: ['ignore', 'pipe', 'pipe'] });
  writeFileSync(at('package.json'), '{ "name": "app", "private": true, "type": "module" }');
  const tarball = npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root)
    .trim()
    .split('\n')
    .pop()!;
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent', at(tarball)], folder);
  writeFileSync(
    at('app.js'),
    `import { matrixRank, simd } from 'matrix-rank';
console.log(matrixRank([1, 2, 2, 4], [2, 2]), simd);`,
  );
  writeFileSync(at('min.js'), "export * from './node_modules/matrix-rank/dist/matrix-rank.min.js';");
  writeFileSync(
    at('page.js'),
    `import { createRankPool } from 'matrix-rank';
import { readTensors } from 'matrix-rank/formats';
const say = (text) => { document.title = text; };
try {
  const pool = createRankPool({ threads: 2 });
  const ranks = await Promise.all([pool.matrixRank([1, 2, 2, 4], [2, 2]), pool.matrixRank([1, 2, 3, 4], [2, 2])]);
  await pool.close();
  const read = await readTensors(new Blob(['nonsense'])).next().catch((error) => error.message);
  say(ranks + ' ' + read);
} catch (error) {
  say(String(error));
}`,
  );
  writeFileSync(
    at('index.html'),
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="./page.js"></script>',
  );
}, 240_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The environment without npm's and vitest's own variables. */
function clean() {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|MATRIX_RANK|NODE_)/.test(name),
  );
  return Object.fromEntries(entries) as NodeJS.ProcessEnv;
}

/** Runs a bundle away from any node_modules: what it needs is in it. */
function run(file: string): string {
  const alone = mkdtempSync(join(tmpdir(), 'matrix-rank-bundle-'));
  try {
    writeFileSync(join(alone, 'package.json'), '{ "type": "module" }');
    const copy = `import('${new URL(`file://${file}`)}')`;
    return execFileSync(process.execPath, ['-e', copy], {
      cwd: alone,
      env: clean(),
      encoding: 'utf8',
    }).trim();
  } finally {
    rmSync(alone, { recursive: true, force: true });
  }
}

/** webpack with an entry and an output; `module` makes it ESM. Throws on errors and on warnings. */
function pack(entry: string, out: string): Promise<void> {
  const config = {
    mode: 'production' as const,
    context: folder,
    entry,
    output: { path: out, filename: 'main.js' },
    performance: { hints: false as const },
  };
  return new Promise((resolve, reject) => {
    webpack(config, (error, stats) => {
      const { errors = [], warnings = [] } =
        stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
      const found = [...errors, ...warnings].map((e) => e.message);
      if (error || found.length) reject(error ?? new Error(found.join('\n')));
      else resolve();
    });
  });
}

/** Node's own resolution, for Rollup, which has none. */
const resolver = {
  name: 'node',
  resolveId(id: string, from?: string) {
    if (/^[./]/.test(id) || !from) return null;
    return execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `console.log(import.meta.resolve('${id}'))`],
      { cwd: folder, encoding: 'utf8', env: clean() },
    )
      .trim()
      .replace('file://', '');
  },
};

const PRINTS = /^1 (relaxed|baseline)$/;

describe('bundles run in Node', () => {
  test('Vite', async () => {
    const warned: string[] = [];
    await vite({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      build: {
        outDir: at('vite-lib'),
        lib: { entry: at('app.js'), formats: ['es'], fileName: 'app' },
        rollupOptions: { onwarn: (w: { message: string }) => void warned.push(w.message) },
      },
    });
    expect(run(at('vite-lib/app.js'))).toMatch(PRINTS);
    expect(warned).toEqual([]);
  });

  test('webpack', async () => {
    await pack('./app.js', at('webpack'));
    writeFileSync(at('webpack/package.json'), '{ "type": "commonjs" }');
    expect(run(at('webpack/main.js'))).toMatch(PRINTS);
  });

  test('esbuild', async () => {
    const options = { bundle: true, minify: true, format: 'esm', logLevel: 'silent' } as const;
    const { warnings } = await esbuild({
      ...options,
      entryPoints: [at('app.js')],
      outfile: at('esbuild/app.js'),
    });
    expect(warnings).toEqual([]);
    expect(run(at('esbuild/app.js'))).toMatch(PRINTS);
    // What scripts/size.mjs has a budget for, and next to nothing else.
    expect(statSync(at('esbuild/app.js')).size).toBeLessThan(alone.size + 1000);
  });

  test('Rollup, with no plugin: the one-file bundle', async () => {
    writeFileSync(
      at('rollup.js'),
      "import { matrixRank, simd } from './min.js';\nconsole.log(matrixRank([1, 2, 2, 4], [2, 2]), simd);",
    );
    const warned: string[] = [];
    const bundle = await rollup({ input: at('rollup.js'), onwarn: (w) => void warned.push(w.message) });
    await bundle.write({ file: at('rollup/app.js') });
    expect(run(at('rollup/app.js'))).toMatch(PRINTS);
    expect(warned).toEqual([]);
  });

  test('Rollup, with a resolver: what is not used is left out', async () => {
    const warned: string[] = [];
    const bundle = await rollup({
      input: at('app.js'),
      plugins: [resolver],
      // kernel.js and memory.js call each other's functions, later.
      onwarn: (w) => void (w.code === 'CIRCULAR_DEPENDENCY' || warned.push(w.message)),
    });
    const { output } = await bundle.write({ file: at('rollup-node/app.js') });
    expect(run(at('rollup-node/app.js'))).toMatch(PRINTS);
    const kept = Object.entries(output[0].modules).filter(([, { renderedLength }]) => renderedLength > 0);
    const parts = kept.map(([id]) => /\/dist\/(\w+)\//.exec(id)?.[1] ?? 'app');
    expect([...new Set(parts)].sort()).toEqual(['app', 'input', 'kernel', 'matrix', 'shared', 'vendor']);
    expect(parts.filter((part) => part === 'matrix')).toHaveLength(2); // rank.js and the call that it makes
    expect(warned).toEqual([]);
  });
});

describe.skipIf(!CHROMIUM)('pages with workers run in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  async function open(out: string): Promise<string> {
    const site = await serve(out);
    const page = await browser.newPage();
    try {
      await page.goto(`${site.origin}/`);
      await page.waitForFunction(() => document.title !== '', null, { timeout: 20_000 });
      return await page.title();
    } finally {
      await page.close();
      await site.close();
    }
  }

  const html = (out: string, src: string, type = 'module') => {
    mkdirSync(out, { recursive: true });
    writeFileSync(
      join(out, 'index.html'),
      `<!doctype html><link rel="icon" href="data:,"><script type="${type}" src="./${src}"></script>`,
    );
  };
  const TITLE = "1,2 blob: is no model file known here: it begins with 'nonsense'.";

  test('Vite: the worker is bundled', async () => {
    await vite({ root: folder, configFile: false, logLevel: 'silent', build: { outDir: at('vite') } });
    expect(await open(at('vite'))).toBe(TITLE);
  });

  test('webpack: the worker is bundled', async () => {
    await pack('./page.js', at('webpack-page'));
    html(at('webpack-page'), 'main.js', 'text/javascript');
    expect(await open(at('webpack-page'))).toBe(TITLE);
  });

  test('esbuild: the worker is one more entry', async () => {
    const out = at('esbuild-page');
    await esbuild({
      absWorkingDir: folder,
      entryPoints: ['page.js', 'matrix-rank/browser-worker'],
      bundle: true,
      format: 'esm',
      entryNames: '[name]',
      outdir: out,
      logLevel: 'silent',
    });
    html(out, 'page.js');
    expect(await open(out)).toBe(TITLE);
  });

  test('Rollup: the worker is one more entry', async () => {
    const out = at('rollup-page');
    const bundle = await rollup({
      input: {
        page: at('page.js'),
        'browser-worker': at('node_modules/matrix-rank/dist/pool/browser-worker.js'),
      },
      plugins: [resolver],
      onwarn: () => {},
    });
    await bundle.write({ dir: out, chunkFileNames: '[name].js' });
    html(out, 'page.js');
    expect(await open(out)).toBe(TITLE);
  });
});
