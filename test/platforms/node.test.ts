// The package in Node: ES modules, CommonJS, a Lambda, and what bundlers for Node make of a pool.
import { build as esbuild } from 'esbuild';
import { rollup } from 'rollup';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack from 'webpack';
import { type App, block, createApp } from './app.js';

let app: App;
beforeAll(() => {
  app = createApp();
}, 120_000);
afterAll(() => app.remove());

const node = (...args: string[]) => app.run(process.execPath, args);

test('an ES module, with a pool', () => {
  app.write('rank.mjs', block('rank.mjs'));
  expect(node('rank.mjs')).toBe('1\n48\n');
});

test('CommonJS', () => {
  app.write('rank.cjs', block('rank.cjs'));
  expect(node('rank.cjs')).toBe('1 function\n');
});

test('CommonJS: every entry has what its ES module has, and they share one kernel', () => {
  app.write(
    'same.cjs',
    `(async () => {
  const out = [];
  for (const entry of ['', '/formats', '/kernel', '/heavy-tail', '/files', '/jobs']) {
    const name = 'matrix-rank' + entry;
    const [a, b] = [await import(name), require(name)].map((m) => Object.keys(m).filter((k) => k !== 'default').sort());
    out.push(JSON.stringify(a) === JSON.stringify(b) && a.length > 0);
  }
  const { initKernel } = require('matrix-rank/kernel');
  const wasm = require('node:fs').readFileSync(require.resolve('matrix-rank/kernel/baseline.wasm'));
  await initKernel(wasm);
  const { matrixRank, simd } = require('matrix-rank');
  console.log(out.every(Boolean), simd, matrixRank([[1, 2], [2, 4]]));
})();`,
  );
  expect(node('same.cjs')).toBe('true baseline 1\n');
});

test('nothing is needed at import: no TextDecoder, no atob, no environment', () => {
  app.write(
    'bare.mjs',
    `delete globalThis.TextDecoder;
delete globalThis.atob;
process.env = new Proxy(process.env, {
  get(env, name) {
    if (name.startsWith('MATRIX_RANK')) throw new Error('may not be read');
    return env[name];
  },
});
const { simd } = await import('matrix-rank');
await import('matrix-rank/formats');
console.log(typeof simd);`,
  );
  expect(node('bare.mjs')).toBe('string\n');
});

const CALL = `import { handler } from './handler.js';
console.log(JSON.stringify(await handler({ matrix: [1, 2, 2, 5], shape: [2, 2] })));
console.log(await handler({ matrix: [NaN], shape: [1, 1] }).catch(String));`;
const ANSWERS =
  /"body":"\{\\"rank\\":2,.*\nRangeError: rankReport: element \[0, 0\] is NaN; every element must be finite\.\n$/;

describe('a Lambda with a pool', () => {
  /** Runs out/handler.js, where nothing of the package lies. */
  function call(folder: string, type = 'module'): string {
    app.write(`${folder}/package.json`, `{ "type": "${type}" }`);
    app.write(`${folder}/call.mjs`, CALL);
    return node(`${folder}/call.mjs`);
  }
  beforeAll(() => app.write('handler.mjs', block('handler.mjs')));

  test('as it is', () => {
    app.write('plain/handler.js', block('handler.mjs'));
    expect(call('plain')).toMatch(ANSWERS);
  });

  test.each(['esm', 'cjs'] as const)('bundled by esbuild, %s', async (format) => {
    await esbuild({
      entryPoints: [app.at('handler.mjs')],
      bundle: true,
      platform: 'node',
      format,
      outfile: app.at(`esbuild-${format}/handler.js`),
      logLevel: 'silent',
    });
    expect(call(`esbuild-${format}`, format === 'cjs' ? 'commonjs' : 'module')).toMatch(ANSWERS);
  });

  test('bundled by Rollup', async () => {
    const resolver = {
      name: 'node',
      resolveId: (id: string, from?: string) =>
        id === 'matrix-rank' && from ? app.at('node_modules/matrix-rank/dist/index.js') : null,
    };
    const bundle = await rollup({ input: app.at('handler.mjs'), plugins: [resolver], onwarn: () => {} });
    await bundle.write({ dir: app.at('rollup'), entryFileNames: 'handler.js' });
    expect(call('rollup')).toMatch(ANSWERS);
  });

  test('bundled by Vite', async () => {
    await vite({
      root: app.folder,
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: app.at('handler.mjs'),
        outDir: app.at('vite'),
        rollupOptions: { output: { entryFileNames: 'handler.js' } },
      },
    });
    expect(call('vite')).toMatch(ANSWERS);
  });

  test('bundled by webpack', async () => {
    await new Promise<void>((resolve, reject) => {
      const config = {
        mode: 'production' as const,
        target: 'node20',
        context: app.folder,
        entry: './handler.mjs',
        output: { path: app.at('webpack'), filename: 'handler.js', library: { type: 'module' as const } },
        experiments: { outputModule: true },
      };
      webpack(config, (error, stats) => {
        const { errors = [] } = stats?.toJson({ all: false, errors: true }) ?? {};
        if (error || errors.length) reject(error ?? new Error(errors.map((e) => e.message).join('\n')));
        else resolve();
      });
    });
    expect(call('webpack')).toMatch(ANSWERS);
  });
});

test('a thread that the process may not start rejects with a sentence, and the process lives', () => {
  app.write(
    'denied.mjs',
    `import { createRankPool } from 'matrix-rank';
const pool = createRankPool({ threads: 2 });
console.log(await pool.matrixRank([1], [1, 1]).catch((error) => error.message));
await pool.close();
console.log('alive');`,
  );
  const [flag] = process.allowedNodeEnvironmentFlags.has('--permission')
    ? ['--permission']
    : ['--experimental-permission'];
  const out = node(flag, '--allow-fs-read=*', 'denied.mjs');
  expect(out).toMatch(/^createRankPool: no thread could be started\. .+\.\nalive\n$/);
});

test('a pool does not keep the process', () => {
  app.write(
    'open.mjs',
    `import { createRankPool } from 'matrix-rank';
console.log(await createRankPool({ threads: 2 }).matrixRank([1, 2, 2, 5], [2, 2]));`,
  );
  expect(node('open.mjs')).toBe('2\n');
});
