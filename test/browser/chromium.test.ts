// The built package in Chromium: the oracle on the main thread and in a worker, a strict page, files and the pool.
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launch } from './browsers.js';
import { type Site, serve } from './serve.js';

// What the unbundled package needs in a page.
const MAP = `<script type="importmap">
  { "imports": { "@assemblyscript/loader": "/node_modules/@assemblyscript/loader/index.js" } }</script>`;

describe.skipIf(!CHROMIUM)('Chromium', () => {
  let browser: Browser;
  let site: Site;
  const sites: Site[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    browser = await launch();
    site = await serve();
    sites.push(site);
  });
  afterAll(async () => {
    await browser?.close();
    for (const s of sites) await s.close();
  });

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    errors.length = 0;
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(url);
    return page;
  }

  /** A page of its own server: `csp` is its policy, `script` its module, `text` resolves to what that writes. */
  async function run(script: string, headers: Record<string, string> = {}, map = ''): Promise<string> {
    const html = `<!doctype html><link rel="icon" href="data:,"><pre></pre>${map}<script type="module">
      const say = (text) => { document.querySelector('pre').textContent = text; };
      try { ${script} } catch (error) { say(String(error)); }</script>`;
    const own = await serve(undefined, headers, { '/page': html });
    sites.push(own);
    const page = await open(`${own.origin}/page`);
    try {
      await page.waitForFunction(() => document.querySelector('pre')!.textContent !== '', null, {
        timeout: 20_000,
      });
      return (await page.textContent('pre'))!;
    } finally {
      await page.close();
    }
  }

  test.each([
    ['relaxed', ''],
    ['baseline', '?kernel=baseline'],
  ])(
    'the oracle: the package unbundled (%s) on the main thread, the one-file bundle in a worker',
    async (build, query) => {
      const page = await open(`${site.origin}/test/browser/oracle.html${query}`);
      await page.waitForFunction(() => document.querySelector('pre')!.textContent !== '');
      const { main, worker, error } = JSON.parse((await page.textContent('pre'))!);
      await page.close();
      expect(error).toBeUndefined();
      expect(main.failures).toEqual([]);
      expect(worker.failures).toEqual([]);
      expect([main.passed, worker.passed]).toEqual([387, 387]);
      expect([main.simd, worker.simd]).toEqual([build, 'relaxed']);
      expect(errors).toEqual([]);
    },
  );

  const USE = `const { matrixRank } = await import('/dist/matrix-rank.min.js'); say(matrixRank([1, 2, 2, 4], [2, 2]));`;
  const policy = (script: string) => ({
    'content-security-policy': `script-src 'self' 'unsafe-inline'${script}`,
  });

  test('a page whose policy allows WebAssembly', async () => {
    expect(await run(USE, policy(" 'wasm-unsafe-eval'"))).toBe('1');
    expect(await run(USE, policy(" 'unsafe-eval'"))).toBe('1');
  });

  test.each([
    ['at the first rank', USE],
    ['initKernel()', "const { initKernel } = await import('/dist/kernel/init.js'); await initKernel();"],
    [
      'initKernel(response)',
      "const { initKernel } = await import('/dist/kernel/init.js'); " +
        "await initKernel(fetch('/dist/kernel/baseline.wasm'));",
    ],
  ])('a page whose policy forbids WebAssembly is told so in words: %s', async (_, script) => {
    expect(await run(script, policy(''), MAP)).toBe(
      "Error: matrix-rank: this page's Content-Security-Policy forbids WebAssembly; " +
        "allow 'wasm-unsafe-eval' in script-src.",
    );
  });

  test('the kernel compiled as it is fetched', async () => {
    const script = `const { initKernel } = await import('/dist/kernel/init.js');
      const { matrixRank, simd } = await import('/dist/index.js');
      await initKernel(fetch('/dist/kernel/' + simd + '.wasm'));
      say(simd + ' ' + matrixRank([1, 2, 2, 4], [2, 2]));`;
    expect(await run(script, {}, MAP)).toBe('relaxed 1');
  });

  const POOL = (from: string) => `
    const { createRankPool, matrixRank } = await import('${from}');
    const pool = createRankPool({ threads: 2 });
    const data = Float64Array.from({ length: 900 }, (_, i) => Math.sin(i * i));
    const ranks = await Promise.all([30, 15, 10].map((n) => pool.matrixRank(data.slice(0, n * n), [n, n])));
    const error = await pool.matrixRank([NaN], [1, 1]).catch(String);
    await pool.close();
    say(ranks + ' ' + error);`;
  const POOLED = '30,15,10 RangeError: matrixRank: element [0, 0] is NaN; every element must be finite.';

  test('the pool of the one-file bundle, whose workers are the same file', async () => {
    expect(await run(POOL('/dist/matrix-rank.min.js'))).toBe(POOLED);
  });

  // Threads are started as they are needed: one matrix starts more than one where others can help.
  const LARGE = `
    let started = 0;
    globalThis.Worker = class extends Worker {
      constructor(...given) { super(...given); started++; }
    };
    const { createRankPool, rankReport } = await import('/dist/matrix-rank.min.js');
    const pool = createRankPool({ threads: 3 });
    const data = Float64Array.from({ length: 600 * 500 }, (_, i) => Math.sin(i * i));
    const reports = [await pool.rankReport(data, [600, 500]), await pool.rankReport(data, [600, 500])];
    await pool.close();
    const alone = JSON.stringify(rankReport(data, [600, 500]));
    const same = reports.every((report) => JSON.stringify(report) === alone);
    say([crossOriginIsolated, same, reports[0].rank, started].join(' '));`;

  test('one large matrix on all threads of a page that is cross-origin isolated, on one of another', async () => {
    const isolated = {
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    };
    expect(await run(LARGE, isolated)).toBe('true true 500 3');
    expect(await run(LARGE)).toBe('false true 500 1');
    expect(errors).toEqual([]);
  });

  test('the one-file bundle from another origin, as from a CDN', async () => {
    const cdn = await serve(undefined, { 'access-control-allow-origin': '*' });
    sites.push(cdn);
    expect(await run(POOL(`${cdn.origin}/dist/matrix-rank.min.js`))).toBe(POOLED);
  });

  test('the page of docs/platforms.md works as it stands', async () => {
    const guide = readFileSync(new URL('../../docs/platforms.md', import.meta.url), 'utf8');
    const html = /```html\n([\s\S]*?)```/.exec(guide)![1];
    const cdn = await serve(undefined, { 'access-control-allow-origin': '*' });
    const own = await serve(
      undefined,
      {},
      {
        '/': html.replace(/https:\/\/[^'"]*\/matrix-rank\.min\.js/g, `${cdn.origin}/dist/matrix-rank.min.js`),
      },
    );
    sites.push(cdn, own);
    const page = await open(`${own.origin}/`);
    await page.waitForFunction(() => document.querySelector('output')!.textContent !== '', null, {
      timeout: 20_000,
    });
    expect(await page.textContent('output')).toBe('rank 2 of 3, proved by qr');
    expect(errors).toEqual([]);
    await page.close();
  });
});
