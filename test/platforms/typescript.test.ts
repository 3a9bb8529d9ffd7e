// The declarations under every module resolution, without the DOM's library and without Node's types.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, block, createApp } from './app.js';

let app: App;
beforeAll(() => {
  app = createApp(['typescript@5']); // node10 is gone from later ones
  app.write('rank.ts', block('rank.ts'));
  app.write('console.d.ts', 'declare const console: { log(...what: unknown[]): void };');
  app.write(
    'use.ts',
    `import { createRankPool, matrixRank, type RankPool, simd, spectralMetrics } from 'matrix-rank';
import { heavyTail } from 'matrix-rank/heavy-tail';
import { rankFile } from 'matrix-rank/files';
import { rankTensor } from 'matrix-rank/jobs';
import { type ReadOptions, toMatrices } from 'matrix-rank/formats';
import { initKernel } from 'matrix-rank/kernel';
import { ranks } from './rank.js';

export async function pooled(pool: RankPool, signal: ReadOptions['signal']): Promise<number> {
  const rank: number = await pool.matrixRank([[1]], { rtol: 0.1, signal });
  const most: number = (await pool.spectralMetrics([[1]], { centered: true, signal })).maxRank;
  const values: Float64Array = await pool.singularValues([[1]], { signal });
  // @ts-expect-error not centered: there is no maxRank
  (await pool.spectralMetrics([[1]])).maxRank;
  // @ts-expect-error there is no such option
  await pool.matrixRank([[1]], { tolerance: 1 });
  await initKernel(new Uint8Array(8));
  return rank + most + values.length + spectralMetrics([[1]]).rank;
}
console.log(matrixRank([[1, 2], [2, 4]]), typeof createRankPool, typeof toMatrices, typeof heavyTail,
  typeof rankFile, typeof rankTensor, simd.length > 0);
ranks(new Uint8Array(2)).catch((error) => console.log(error.name));
`,
  );
}, 120_000);
afterAll(() => app.remove());

test.each([
  ['commonjs', 'node10', 'commonjs'],
  ['commonjs', 'node10', 'module'],
  ['node16', 'node16', 'commonjs'],
  ['node16', 'node16', 'module'],
  ['nodenext', 'nodenext', 'commonjs'],
  ['nodenext', 'nodenext', 'module'],
  ['esnext', 'bundler', 'module'],
])('module %s, moduleResolution %s, in a package of type %s', (module, moduleResolution, type) => {
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'es2022',
    lib: ['es2022'],
    types: [],
    strict: true,
    skipLibCheck: false,
    outDir: 'out',
  };
  app.write('package.json', JSON.stringify({ private: true, type }));
  app.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts', 'console.d.ts'] }));
  app.bin('tsc', ['-p', '.']);
  if (module === 'commonjs' && type === 'module') return; // Node would not run that of anyone
  expect(app.run(process.execPath, ['out/use.js'])).toBe(
    '1 function function function function function true\nFormatError\n',
  );
});
