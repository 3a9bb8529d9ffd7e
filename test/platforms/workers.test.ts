// Cloudflare Workers: bundled as wrangler bundles (its conditions, .wasm files beside the script), run by workerd.
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, block, createApp, SLOW } from './app.js';

let app: App;
beforeAll(() => {
  app = createApp(['miniflare@4'], { type: 'module' });
  app.write('worker.js', block('worker.js'));
  app.write(
    'more.js',
    `import { createRankPool, rankReport, simd } from 'matrix-rank';
import { readTensors } from 'matrix-rank/formats';
import { initKernel } from 'matrix-rank/kernel';
export default { async fetch() {
  await initKernel();
  const out = [simd, rankReport(Float32Array.from({ length: 900 }, (_, i) => Math.sin(i * i)), [30, 30]).rank];
  out.push(await createRankPool().matrixRank([1], [1, 1]).catch((error) => error.message));
  out.push(await readTensors(new Uint8Array(5)).next().catch((error) => error.name));
  out.push(await readTensors('a.npy').next().catch((error) => error.name));
  return Response.json(out);
} };`,
  );
  app.write(
    'bare.js',
    `import { matrixRank } from './node_modules/matrix-rank/dist/index.js';
export default { fetch: () => {
  try { return new Response(matrixRank([[1]])); } catch (e) { return new Response(e.message); }
} };`,
  );
  app.write(
    'run.mjs',
    `import { readdirSync } from 'node:fs';
import { Miniflare } from 'miniflare';
const [folder, body] = process.argv.slice(2);
const modules = readdirSync(folder)
  .map((file) => ({ type: file.endsWith('.wasm') ? 'CompiledWasm' : 'ESModule', path: folder + '/' + file }))
  .sort((a) => (a.path.endsWith('main.js') ? -1 : 1));
const flare = new Miniflare({ modules, modulesRoot: folder, compatibilityDate: '2026-01-01' });
const answer = await flare.dispatchFetch('http://localhost/', body ? { method: 'POST', body } : undefined);
console.log(answer.status, await answer.text());
await flare.dispose();`,
  );
}, 240_000);
afterAll(() => app.remove());

async function work(entry: string, body?: string): Promise<string> {
  const folder = `out-${entry}`;
  await build({
    absWorkingDir: app.folder,
    entryPoints: { main: entry },
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    outdir: folder,
    logLevel: 'silent',
  });
  expect(readdirSync(app.at(folder)).length).toBeGreaterThan(0);
  return app.run(process.execPath, ['run.mjs', folder, ...(body ? [body] : [])]);
}

test('a rank', async () => {
  const body = JSON.stringify({ data: [1, 2, 3, 4, 5, 6, 7, 8, 9], shape: [3, 3] });
  expect(await work('worker.js', body)).toBe('200 {"rank":2}\n');
});

test('the other entries; what Workers do not have is said', async () => {
  const [, ...rest] = (await work('more.js')).split(' ');
  expect(JSON.parse(rest.join(' '))).toEqual([
    'relaxed',
    30,
    'createRankPool: Cloudflare Workers have no threads; call the functions themselves.',
    'FormatError',
    'FormatError',
  ]);
});

test('without the condition, the error names the way out', async () => {
  expect(await work('bare.js')).toMatch(
    /^200 matrix-rank: this engine compiles no WebAssembly .*Cloudflare Workers.*initKernel/,
  );
});

test.runIf(SLOW)(
  'built by wrangler',
  () => {
    app.run('npm', ['install', '--no-audit', '--no-fund', '--silent', 'wrangler@4']);
    app.write('wrangler.toml', 'name = "rank"\nmain = "worker.js"\ncompatibility_date = "2026-01-01"\n');
    app.bin('wrangler', ['deploy', '--dry-run', '--outdir', 'built'], {
      WRANGLER_SEND_METRICS: 'false',
      CI: '1',
    });
    const wasm = readdirSync(app.at('built')).filter((name) => name.endsWith('.wasm'));
    expect(wasm.length).toBeGreaterThan(0);
  },
  240_000,
);
