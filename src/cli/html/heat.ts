// The blocks of a model by kind of weight: a grid of shares, the darker the more of full rank is in use.
import type { Layer } from './data.js';
import { deficient, rankText } from './plots.js';

/** What a cell shows: how much of full rank the weight has, or needs for a share of its energy. */
export const MEASURES: Record<string, (l: Layer) => number | undefined> = {
  '99 % of the energy': (l) => l.energy && l.energy[3] / Math.max(1, l.full),
  '90 % of the energy': (l) => l.energy && l.energy[1] / Math.max(1, l.full),
  'the exact rank': (l) => (l.rank === undefined ? undefined : l.rank / Math.max(1, l.full)),
};

export interface Grid {
  blocks: string[];
  kinds: string[];
  /** The layer of a cell, by block and kind. */
  layer(block: string, kind: string): number | undefined;
}

const USUAL = ['qkv', 'q', 'k', 'v', 'o', 'gate', 'up', 'down'];

/** The grid of a model that has one; kinds that only one block has are left out. */
export function gridOf(layers: readonly Layer[]): Grid | undefined {
  const cells = new Map<string, number>();
  const blocks: string[] = [];
  const seen = new Map<string, number>();
  for (const [i, { block, kind }] of layers.entries()) {
    if (block === undefined || kind === undefined) continue;
    if (!blocks.includes(block)) blocks.push(block);
    if (!cells.has(`${block}\n${kind}`)) seen.set(kind, (seen.get(kind) ?? 0) + 1);
    cells.set(`${block}\n${kind}`, i);
  }
  const place = (kind: string) => (USUAL.includes(kind) ? USUAL.indexOf(kind) : USUAL.length);
  const kinds = [...seen.keys()].filter((kind) => seen.get(kind)! > 1).sort((a, b) => place(a) - place(b));
  if (blocks.length < 2 || kinds.length < 2) return undefined;
  blocks.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  return { blocks, kinds, layer: (block, kind) => cells.get(`${block}\n${kind}`) };
}

/** Fills `table` with the grid; a click on a cell chooses its layer. */
export function fillGrid(
  table: HTMLElement,
  grid: Grid,
  layers: readonly Layer[],
  measure: (l: Layer) => number | undefined,
  choose: (layer: number) => void,
): void {
  const cell = (tag: string, text: string, title = '') => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (title) made.title = title;
    return made;
  };
  const head = document.createElement('tr');
  // The number is enough where all blocks are alike but for it.
  const stem = (block: string) => block.replace(/\d+$/, '');
  const alike = grid.blocks.every((block) => stem(block) === stem(grid.blocks[0]));
  head.append(
    cell('th', alike ? stem(grid.blocks[0]).replace(/[._/]$/, '') : ''),
    ...grid.blocks.map((block) => cell('th', alike ? block.slice(stem(block).length) : block, block)),
  );
  const rows = grid.kinds.map((kind) => {
    const row = document.createElement('tr');
    const cells = grid.blocks.map((block) => {
      const made = document.createElement('td');
      const i = grid.layer(block, kind);
      const share = i === undefined ? undefined : measure(layers[i]);
      if (i === undefined) return made;
      const button = cell(
        'button',
        share === undefined ? '–' : String(Math.round(100 * share)),
        `${layers[i].name}: ${rankText(layers[i])}`,
      );
      button.style.setProperty('--share', `${Math.round(100 * (share ?? 0))}%`);
      button.className = layers[i].error
        ? 'bad'
        : `${deficient(layers[i]) ? 'low' : ''}${(share ?? 0) > 0.85 ? ' dark' : (share ?? 0) > 0.65 ? ' mid' : ''}`;
      button.setAttribute('aria-label', `${layers[i].name}: ${button.textContent} %`);
      button.addEventListener('click', () => choose(i));
      made.append(button);
      return made;
    });
    row.append(cell('th', kind), ...cells);
    return row;
  });
  table.replaceChildren(head, ...rows);
}
