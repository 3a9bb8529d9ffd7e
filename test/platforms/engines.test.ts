// Deno and Bun: the blocks of the guide, the oracle, bundles, aborts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, block, createApp, root } from './app.js';

const MORE = `import { createRankPool, simd } from 'matrix-rank';
const pool = createRankPool({ threads: 2 });
const large = Float32Array.from({ length: 1500 * 1500 }, (_, i) => Math.sin(i * i));
const aborter = new AbortController();
setTimeout(() => aborter.abort(), 200);
const say = (error) => error.name + ' ' + error.message;
const aborted = pool.singularValues(large, [1500, 1500], { signal: aborter.signal }).catch((error) => error.name);
const refused = await pool.matrixRank([1], [1, 1], { rtol: () => 1 }).catch(say);
const infinite = await pool.matrixRank([NaN], [1, 1]).catch(say);
console.log(JSON.stringify([await aborted, refused, infinite, await pool.matrixRank([1, 2, 2, 4], [2, 2]), simd]));
`; // not closed: it does not keep the process
const ANSWERS = [
  'AbortError',
  'TypeError matrixRank: rtol must be a number; got a function.',
  'RangeError matrixRank: element [0, 0] is NaN; every element must be finite.',
  1,
];

describe('Deno', () => {
  let app: App;
  beforeAll(() => {
    app = createApp(['deno@2']);
    app.write('rank.mjs', block('rank.deno.mjs'));
    app.write('more.mjs', MORE);
  }, 120_000);
  afterAll(() => app.remove());

  test('without any permission', () => {
    expect(app.bin('deno', ['run', '--no-prompt', 'rank.mjs'])).toBe('1\n2\n');
    const [simd, ...answers] = JSON.parse(app.bin('deno', ['run', '--no-prompt', 'more.mjs'])).reverse();
    expect(answers.reverse()).toEqual(ANSWERS);
    expect(simd).toBe('relaxed');
  });

  test('MATRIX_RANK_SIMD is heeded where it may be read', () => {
    const env = { MATRIX_RANK_SIMD: 'baseline' };
    const simd = (...args: string[]) => JSON.parse(app.bin('deno', ['run', ...args, 'more.mjs'], env)).at(-1);
    expect(simd('--allow-env=MATRIX_RANK_SIMD')).toBe('baseline');
    expect(simd('--no-prompt')).toBe('relaxed');
  });

  test('the oracle', () => {
    const out = app.bin('deno', ['run', '--allow-read', `${root}/scripts/test-node.mjs`]);
    expect(out).toMatch(/relaxed kernel: 387 passed, 0 failed\n$/);
  });
});

describe('Bun', () => {
  let app: App;
  beforeAll(() => {
    app = createApp(['bun@1']);
    app.write('rank.mjs', block('rank.bun.mjs'));
    app.write('more.mjs', MORE);
  }, 120_000);
  afterAll(() => app.remove());

  test('as it is', () => {
    expect(app.bin('bun', ['rank.mjs'])).toBe('1\n2\n');
    expect(JSON.parse(app.bin('bun', ['more.mjs'])).slice(0, 4)).toEqual(ANSWERS);
  });

  test.each(['node', 'bun', 'browser'])('bun build --target=%s', (target) => {
    app.bin('bun', ['build', 'more.mjs', `--target=${target}`, '--outfile=out.mjs']);
    const out = target === 'bun' ? app.bin('bun', ['out.mjs']) : app.run(process.execPath, ['out.mjs']);
    expect(JSON.parse(out).slice(0, 4)).toEqual(ANSWERS);
  });

  test('the oracle', () => {
    expect(app.bin('bun', [`${root}/scripts/test-node.mjs`])).toMatch(/kernel: 387 passed, 0 failed\n$/);
  });
});
