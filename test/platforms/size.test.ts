// The budgets of scripts/size.mjs, and that the one-file bundle stands alone and is the whole root entry.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const script = '../../scripts/size.mjs';
const { sizes } = (await import(script)) as {
  sizes(): Promise<{ what: string; gzip: number; budget: number }[]>;
};

test.each(await sizes())('$what is within its budget', ({ gzip, budget }) => {
  expect(gzip).toBeLessThanOrEqual(budget);
});

const min = new URL('../../dist/matrix-rank.min.js', import.meta.url);

test('matrix-rank.min.js exports what the root entry exports', async () => {
  const [bundle, entry] = await Promise.all([min.href, '../../dist/index.js'].map((url) => import(url)));
  expect(Object.keys(bundle).sort()).toEqual(Object.keys(entry).sort());
  expect(bundle.matrixRank([1, 2, 2, 4], [2, 2])).toBe(1);
});

test('matrix-rank.min.js imports nothing', () => {
  const text = readFileSync(min, 'utf8');
  expect(text).not.toMatch(/\bfrom\s*["']|\bimport\s*["'][^"']*["']\s*;|\brequire\(/);
  expect(/^[\x20-\x7e\n]*$/.test(text)).toBe(true);
});
