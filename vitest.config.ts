// Three projects: `baseline` and `relaxed` run what the kernel's arithmetic can change, on one kernel build each;
// `library` runs, once, everything else.
import { execFileSync } from 'node:child_process';
import { defineConfig } from 'vitest/config';

// Node 20 has relaxed SIMD behind a flag; later versions have it always, and some no longer know the flag.
const FLAG = '--experimental-wasm-relaxed-simd';
const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' }).includes(FLAG);

// What the kernel's arithmetic can change.
const onBothBuilds = [
  'test/kernel/*/**/*.test.ts',
  'test/certificate/**/*.test.ts',
  'test/oracle/*.test.ts',
  'test/matrix/{independent-columns,matrix.errors,rank.properties,singular-values,subspaces}.test.ts',
];

const common = { pool: 'forks' as const, testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    globalSetup: ['test/kernel/compile.ts'],
    projects: [
      {
        test: {
          ...common,
          name: 'baseline',
          include: onBothBuilds,
          setupFiles: ['test/build.ts'],
          env: { KERNEL_BUILD: 'baseline', MATRIX_RANK_SIMD: 'baseline' },
        },
      },
      {
        test: {
          ...common,
          name: 'relaxed',
          include: onBothBuilds,
          setupFiles: ['test/build.ts'],
          env: { KERNEL_BUILD: 'relaxed' },
          execArgv: known ? [FLAG] : [],
        },
      },
      {
        test: {
          ...common,
          name: 'library',
          include: ['test/**/*.test.ts'],
          exclude: onBothBuilds,
        },
      },
    ],
  },
});
