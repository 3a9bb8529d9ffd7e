// The oracle and a pool in WebKit, the engine of Safari, as WebKitGTK brings it (libwebkit2gtk-4.1-0, and xvfb for a
// screen). No driver is needed: the page posts its result to the server that it came from.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { WEBKIT, XVFB } from './browsers.js';
import { serve } from './serve.js';

describe.skipIf(!WEBKIT || !XVFB)('WebKit', () => {
  const home = mkdtempSync(join(tmpdir(), 'matrix-rank-webkit-'));
  const started: ChildProcess[] = [];

  const start = (command: string, args: string[], env: NodeJS.ProcessEnv, stdio: 'ignore' | 'pipe') => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', stdio, 'ignore'],
    });
    started.push(child);
    return child;
  };

  afterAll(async () => {
    for (const child of started.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await gone;
    }
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  /** Opens the page and waits for what it posts. */
  async function visit(path: string, pages = {}) {
    const site = await serve(undefined, {}, pages);
    // The server chooses a free display and tells its number.
    const screen = start(XVFB!, ['-displayfd', '1', '-screen', '0', '800x600x24'], {}, 'pipe');
    const display = await new Promise<string>((resolve) =>
      screen.stdout!.once('data', (n) => resolve(`:${n}`.trim())),
    );
    const env = {
      DISPLAY: display,
      HOME: home,
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      NO_AT_BRIDGE: '1',
    };
    start(WEBKIT!, ['--private', `${site.origin}${path}`], env, 'ignore');
    const result = JSON.parse(await site.posted);
    await site.close();
    return result;
  }

  test('the oracle: the package unbundled on the main thread, the one-file bundle in a worker', async () => {
    const { main, worker, error, agent } = await visit('/test/browser/oracle.html?report=/report');
    expect(error).toBeUndefined();
    expect(main.failures).toEqual([]);
    expect(worker.failures).toEqual([]);
    expect([main.passed, worker.passed]).toEqual([387, 387]);
    expect(agent).toMatch(/AppleWebKit\/.*Version\/.*Safari/);
    console.log(`WebKit, ${agent}: ${main.simd} kernel`);
  }, 180_000);

  test('a pool, its worker from a file and from a Blob; an abort', async () => {
    const page = `<!doctype html><script type="module">
const out = [];
try {
  for (const from of ['/dist/index.js', '/dist/matrix-rank.min.js']) {
    const { createRankPool } = await import(from);
    const pool = createRankPool({ threads: 2 });
    const data = Float64Array.from({ length: 900 }, (_, i) => Math.sin(i * i));
    out.push(await Promise.all([30, 15].map((n) => pool.matrixRank(data.slice(0, n * n), [n, n]))));
    const signal = AbortSignal.timeout(200);
    const large = Float32Array.from({ length: 1500 ** 2 }, (_, i) => Math.sin(i * i));
    out.push(await pool.singularValues(large, [1500, 1500], { signal }).catch((error) => error.name));
    await pool.close();
  }
} catch (error) {
  out.push(String(error));
}
await fetch('/report', { method: 'POST', body: JSON.stringify(out) });
</script>`;
    expect(await visit('/pool', { '/pool': page })).toEqual([
      [30, 15],
      'TimeoutError',
      [30, 15],
      'TimeoutError',
    ]);
  }, 180_000);
});
