// npm run test:platforms: the package in every engine, framework and browser that it names, also those that take
// minutes to install (Next.js, wrangler). `npm test` runs the others.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'library', 'test/platforms', 'test/browser'],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, ALL_PLATFORMS: '1' },
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
