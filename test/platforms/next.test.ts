// Next.js: the guide's route and client component, built and started.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launch } from '../browser/browsers.js';
import { type App, block, clean, createApp, SLOW } from './app.js';

describe.runIf(SLOW)('Next.js', () => {
  let app: App;
  let next: ChildProcess;
  let origin: string;

  beforeAll(async () => {
    app = createApp(['next@16', 'react@19', 'react-dom@19']);
    app.write('app/api/rank/route.js', block('app/api/rank/route.js'));
    app.write('app/rank.js', block('app/rank.js'));
    app.write(
      'app/layout.js',
      'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
    );
    app.write(
      'app/page.js',
      `import { matrixRank } from 'matrix-rank';
import Rank from './rank';
const data = [1, 2, 2, 5];
export default () => <main><p>server {matrixRank([[1, 2], [2, 4]])}</p><Rank data={data} shape={[2, 2]} /></main>;
`,
    );
    app.bin('next', ['build'], { NEXT_TELEMETRY_DISABLED: '1' });
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    next = spawn(process.execPath, [app.at('node_modules/next/dist/bin/next'), 'start', '-p', `${port}`], {
      cwd: app.folder,
      env: { ...clean(), NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve) => {
      next.stdout!.on('data', (text) => /Ready/.test(String(text)) && resolve());
    });
  }, 600_000);

  afterAll(async () => {
    if (next?.exitCode === null) {
      const gone = new Promise((resolve) => next.once('exit', resolve));
      next.kill();
      await gone;
    }
    app?.remove();
  });

  test('a route, on threads of the server', async () => {
    const post = (body: object) =>
      fetch(`${origin}/api/rank`, { method: 'POST', body: JSON.stringify(body) });
    for (const rank of [2, 1]) {
      const answer = await post({ data: [1, 2, 2, 3 + rank], shape: [2, 2] });
      expect([answer.status, await answer.json()]).toEqual([200, { rank }]);
    }
    expect((await post({ data: [1], shape: [2, 2] })).status).toBe(500);
    expect((await post({ data: [1, 2, 2, 4], shape: [2, 2] })).status).toBe(200); // the server lives
  });

  test('a server component', async () => {
    const html = await (await fetch(origin)).text();
    expect(html.replaceAll('<!-- -->', '')).toContain('server 1');
  });

  test.runIf(CHROMIUM)('a client component, on threads of the browser', async () => {
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(origin);
      await page.waitForFunction(() => /\d/.test(document.querySelector('output')?.textContent ?? ''), null, {
        timeout: 30_000,
      });
      expect(await page.textContent('output')).toBe('2');
    } finally {
      await browser.close();
    }
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
