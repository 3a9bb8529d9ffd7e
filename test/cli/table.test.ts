// The table that people read: columns under their heads whatever the names, the terminal's width, blocks, order.
import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/args.js';
import { blockOf } from '../../src/cli/blocks.js';
import { tableWriter } from '../../src/cli/table.js';
import { marginText, shorten } from '../../src/cli/text.js';
import type { Row } from '../../src/files/types.js';

const row = (name: string, rank: number, full: number, more: Partial<Row['report']> & object = {}): Row => ({
  file: 'model',
  name,
  shape: [full, full + 1],
  matrix: [full, full + 1],
  dtype: 'float32',
  full,
  report: {
    rank,
    shape: [full, full + 1],
    tolerance: 1e-4,
    method: 'qr',
    lower: 1,
    upper: 0,
    sigmaMax: 1,
    margin: 30,
    ...more,
  } as Row['report'],
});

function table(rows: readonly Row[], options = '', width?: number): string[] {
  let text = '';
  const out = (piece: string) => {
    text += piece;
  };
  const args = readArguments(['model', ...options.split(' ').filter(Boolean)]);
  const writer = tableWriter({ out, err: out, width, colour: false }, args);
  writer.file('model');
  for (const r of rows) writer.row(r);
  writer.end();
  return text.trimEnd().split('\n');
}

const LONG = 'text_model.encoder.transformer_block_with_a_very_long_name.';

/** Where the cells under 'rank of full' end. */
const rankEnds = (lines: readonly string[]) =>
  lines.map((line) => (/\d of \d+/.exec(line)?.index ?? -1) + (/\d of \d+/.exec(line)?.[0].length ?? 0));

describe('columns', () => {
  it('stay under their heads with names of 70 characters', () => {
    const lines = table([row('a', 3, 4), row(`${LONG}down_proj`, 12, 12)]);
    const end = lines[0].indexOf('rank of full') + 'rank of full'.length;
    expect(rankEnds(lines.slice(1))).toEqual([end, end]);
    expect(lines[2]).toContain(`${LONG}down_proj  `);
  });

  it.each([40, 60, 80, 120, 200])('fit a terminal of %i columns, with every metric', (width) => {
    const rows = [row(`${LONG}up_proj`, 4000, 4096), row('lm_head', 12, 12), row(`${LONG}down_proj`, 10, 12)];
    for (const r of rows) {
      r.metrics = {
        stableRank: 1234.5,
        effectiveRank: 3210.1,
        energyRank90: 1000,
        energyRank95: 2000,
        energyRank99: 3000,
        conditionNumber: 1.2e9,
      } as Row['metrics'];
    }
    for (const line of table(rows, '--metrics', width)) {
      if (!line.startsWith('No room')) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  it('say once what all names have in common', () => {
    const lines = table(['q', 'k'].map((end) => row(`model.layers.${end}.weight`, 4, 4)));
    expect(lines[0]).toBe("Names go on after 'model.layers.'.");
    expect(lines[2]).toMatch(/^q\.weight +4x5/);
  });

  it('mark what is not proven, and the margin that is near 1', () => {
    const lines = table([
      row('a', 3, 4, { proven: false, margin: 1 } as object),
      row('b', 4, 4, { margin: 2500 }),
    ]);
    expect(lines[1]).toMatch(/~3 of 4 +-1 .* ! 1\.00 /);
    expect(lines[2]).toMatch(/ 4 of 4 .* >1000 /);
    expect([1.0004, 1.09, 1.14, 9.96, 16.7, 1000, 1001, Infinity].map(marginText)).toEqual([
      '! 1.00',
      '! 1.09',
      '1.1',
      '10',
      '17',
      '1000',
      '>1000',
      '∞',
    ]);
  });
});

describe('blocks', () => {
  it.each([
    ['model.layers.12.self_attn.q_proj.weight', 'model.layers.12'],
    ['h.3.attn.c_attn.weight', 'h.3'],
    ['/encoder/layer_4/dense/kernel', '/encoder/layer_4'],
    ['down_blocks.0.attentions.1.to_q.weight', 'down_blocks.0'],
    ['blk.7.ffn_up.weight', 'blk.7'],
    ['lm_head.weight', undefined],
    ['conv2d_12', undefined],
    ['tensor.3', undefined],
  ])('%s is of %s', (name, block) => {
    expect(blockOf(name)).toBe(block);
  });

  const model = [row('embed.weight', 90, 90)];
  for (let i = 0; i < 12; i++) {
    for (const part of ['q', 'k', 'v', 'o', 'up', 'down'])
      model.push(
        row(`layers.${i}.${part}_proj.weight`, i === 3 && part === 'k' ? 7 : 10, 10, { margin: 20 + i }),
      );
  }

  it('a model of more than 60 rows is folded, and what is deficient stands below its block', () => {
    const lines = table(model);
    expect(lines).toHaveLength(2 + 1 + 12 + 1);
    expect(lines[0]).toBe('73 rows in blocks; --flat lists them all.');
    const at = lines.findIndex((l) => l.startsWith('layers.3 '));
    expect(lines[at]).toMatch(/^layers\.3 +6 matrices +float32 +57 of 60 +-3 +23$/);
    expect(lines[at + 1]).toMatch(/^ {2}k_proj\.weight +10x11 +float32 +7 of 10 +-3 /);
  });

  it('--flat, or a row fewer, lists them', () => {
    expect(table(model, '--flat')).toHaveLength(1 + 73);
    expect(table(model.slice(0, 60))).toHaveLength(1 + 60);
  });

  it('--sort and --top list, too', () => {
    const lines = table(model, '--sort share --top 2');
    expect(lines[1]).toMatch(/^layers\.3\.k_proj/);
    expect(lines).toHaveLength(1 + 2 + 1);
    expect(lines[3]).toBe('71 more rows: --top 2 was asked for.');
    expect(table(model, '--sort margin:desc')[1]).toMatch(/^layers\.11\.q_proj/);
  });
});

it('names that are cut still tell their layer', () => {
  const name = (layer: number) =>
    `transformer.language_model.encoder.layers.${layer}.attention.query_key_value.weight`;
  for (const width of [24, 40, 60]) {
    const cut = [1, 2, 11].map((layer) => shorten(name(layer), width));
    expect(new Set(cut).size).toBe(3);
    for (const text of cut) expect(text.length).toBe(width);
  }
  expect(shorten(name(3), 100)).toBe(name(3));
});
