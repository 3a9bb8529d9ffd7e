// What can be saved, by hand, and as the command says it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { suggest, totals, type Weight } from '../../src/cli/shrink.js';
import { command, folder, matrix, records, safetensorsFile } from './command.js';

const files = folder();
afterAll(() => files.remove());

const weights: Weight[] = [
  { name: 'a', matrix: [100, 100], rank: 100, energyRank99: 40, energyRank95: 20, energyRank90: 10 },
  { name: 'b', matrix: [200, 50], rank: 10, energyRank99: 8, energyRank95: 5, energyRank90: 1 },
  { name: 'c', matrix: [10, 10], rank: 10, energyRank99: 9, energyRank95: 8, energyRank90: 6 },
  { name: 'd', matrix: [30, 30], rank: 2 },
];

describe('what to shrink', () => {
  it('k (m + n) numbers for m n, those that save most first', () => {
    expect(suggest(weights, 0.99)).toEqual([
      { name: 'b', matrix: [200, 50], full: 50, rank: 8, saves: 8000 },
      { name: 'a', matrix: [100, 100], full: 100, rank: 40, saves: 2000 },
    ]);
    expect(suggest(weights, 1).map(({ name, saves }) => [name, saves])).toEqual([
      ['b', 7500],
      ['d', 780],
    ]);
  });

  it('an adapter is two factors already: it saves what its inner dimension wastes', () => {
    const adapter: Weight = { name: 'lora', matrix: [96, 64], full: 16, rank: 5 };
    expect(suggest([adapter], 1)).toMatchObject([{ full: 16, rank: 5, saves: 11 * 160 }]);
    expect(totals([adapter])[0]).toMatchObject({ saves: 11 * 160, parameters: 16 * 160 });
  });

  it('in all', () => {
    expect(
      totals(weights).map(({ energy, layers, saves, known, parameters }) => [
        energy,
        layers,
        saves,
        known,
        parameters,
      ]),
    ).toEqual([
      [1, 2, 8280, 4, 21000],
      [0.99, 2, 10000, 3, 20100],
      [0.95, 2, 14750, 3, 20100],
      [0.9, 2, 17750, 3, 20100],
    ]);
    expect(totals(weights)[1].error).toBeCloseTo(0.1, 12);
  });
});

const model = files.write(
  'model.safetensors',
  safetensorsFile({
    low: [[40, 30], matrix(40, 30, 3)],
    full: [[12, 12], matrix(12, 12)],
    bias: [[3], matrix(1, 3)],
  }),
);

describe('the command', () => {
  it('names what to shrink, and the totals', async () => {
    const { out } = await command([model]);
    expect(out).toMatch(
      /What to shrink, keeping 99 % of a layer's energy \(a relative error of at most 10 %\)\n/,
    );
    expect(out).toMatch(/\n {2}low +40x30 +3 of 30 +990 +83 %\n/);
    expect(out).toMatch(/\n {2}all \(exact\) +0 % +1 +990 +74 %\n/); // 1200 - 3 * 70 of 1344
    expect((await command([model, '--filter', 'full', '--no-metrics'])).out).not.toContain('What to shrink');
    const json = await command([model, '--json', '--metrics']);
    expect(records(json.out)[0].savesExact).toBe(990);
  });

  it('--ranks writes the rank of every layer', async () => {
    const out = join(files.path, 'ranks.json');
    await command([model, '--ranks', out, '--energy', '1', '--json']);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual({ low: 3, full: 12 });
    await command([model, '--ranks', out]);
    const ranks = JSON.parse(readFileSync(out, 'utf8'));
    const rows = records((await command([model, '--json', '--metrics'])).out);
    expect(ranks).toEqual(Object.fromEntries(rows.map((r) => [r.name, r.energyRank99])));
    const other = files.write('other.safetensors', safetensorsFile({ low: [[4, 3], matrix(4, 3, 1)] }));
    await command([model, other, '--ranks', out, '--energy', '1']);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual({
      [model]: { low: 3, full: 12 },
      [other]: { low: 1 },
    });
  });

  it('--fail-if is a gate: 1 where it holds, 0 where not, 2 where it cannot be read', async () => {
    const gate = async (condition: string) => command([model, '--fail-if', condition, '--json']);
    const failed = await gate('rank < 0.9 full');
    expect(failed.status).toBe(1);
    expect(failed.err).toContain("matrix-rank: --fail-if 'rank < 0.9 full' holds for 1 of 2 rows: low.\n");
    expect(records(failed.out)).toHaveLength(2);
    expect((await gate('rank < 0.1 full')).status).toBe(0);
    expect((await gate('energyRank99 < 0.2 full')).status).toBe(1); // brings its metrics along
    expect(await gate('rank <<')).toMatchObject({ status: 2, out: '' });
  });
});
