// The oracle in Firefox. No driver is needed: the page runs by itself and posts its
// result to the server that it came from.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FIREFOX } from './browsers.js';
import { serve } from './serve.js';

describe.skipIf(!FIREFOX)('Firefox', () => {
  const profile = mkdtempSync(join(tmpdir(), 'matrix-rank-firefox-'));
  let firefox: ChildProcess | undefined;

  afterAll(async () => {
    if (firefox && firefox.exitCode === null) {
      const gone = new Promise((resolve) => firefox!.once('exit', resolve));
      firefox.kill();
      await gone;
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  test('the oracle: the package unbundled on the main thread, the one-file bundle in a worker', async () => {
    const site = await serve();
    const url = `${site.origin}/test/browser/oracle.html?report=/report`;
    firefox = spawn(FIREFOX!, ['--headless', '--no-remote', '--profile', profile, url], {
      env: { ...process.env, HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: '1' },
      stdio: 'ignore',
    });
    const { main, worker, error, agent } = JSON.parse(await site.posted);
    await site.close();
    expect(error).toBeUndefined();
    expect(main.failures).toEqual([]);
    expect(worker.failures).toEqual([]);
    expect([main.passed, worker.passed]).toEqual([387, 387]);
    console.log(`${/Firefox\/\S+/.exec(agent)}: ${main.simd} kernel`);
  }, 120_000);
});
