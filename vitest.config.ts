// Three projects: `baseline` and `relaxed` run the suites of test/suites and test/kernel on one kernel build each (test/*.baseline.test.ts,
// test/*.relaxed.test.ts); `library` runs, once, everything that no kernel build can change.
import { execFileSync } from 'node:child_process';
import { defineConfig } from 'vitest/config';

// Node 20 has relaxed SIMD behind a flag; later versions have it always, and some no longer know the flag.
const FLAG = '--experimental-wasm-relaxed-simd';
const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' }).includes(FLAG);

const common = { pool: 'forks' as const, testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    globalSetup: ['test/kernel/compile.ts'],
    projects: [
      {
        test: {
          ...common,
          name: 'baseline',
          include: ['test/**/*.baseline.test.ts'],
          env: { MATRIX_RANK_SIMD: 'baseline' },
        },
      },
      {
        test: {
          ...common,
          name: 'relaxed',
          include: ['test/**/*.relaxed.test.ts'],
          execArgv: known ? [FLAG] : [],
        },
      },
      {
        test: {
          ...common,
          name: 'library',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{baseline,relaxed}.test.ts'],
        },
      },
    ],
  },
});
