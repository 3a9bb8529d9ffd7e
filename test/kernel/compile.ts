// Compiles the kernel's inner routines, which the package does not export,
// for the tests of test/kernel/: entry.as lists them.
// Runs once before all tests; the modules go to build/test-baseline.wasm and build/test-relaxed.wasm.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('../..', import.meta.url));

export default async function setup(): Promise<void> {
  mkdirSync(`${root}/build`, { recursive: true });
  copyFileSync(`${root}/test/kernel/entry.as`, `${root}/build/test-entry.ts`);
  for (const build of ['baseline', 'relaxed']) {
    const { error, stderr } = await asc.main([
      'build/test-entry.ts',
      ...['--baseDir', root, '--config', 'asconfig.json', '--target', `test-${build}`],
      ...[
        '--enable',
        build === 'relaxed' ? 'simd,bulk-memory,threads,relaxed-simd' : 'simd,bulk-memory,threads',
      ],
      ...['--outFile', `build/test-${build}.wasm`],
    ]);
    if (!error) continue;
    // The kernel's tests then fail for want of the module; the others run.
    rmSync(`${root}/build/test-${build}.wasm`, { force: true });
    console.error(`test/kernel/entry.as does not compile.\n${stderr}`);
  }
}
