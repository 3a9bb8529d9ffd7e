// The blocks of a model by kind of weight: a grid of shares, the darker the more of full rank is in use.
import type { Layer } from './data.js';
import { deficient, rankText } from './plots.js';

/** What a cell shows: how much of full rank the weight has, or needs for a share of its energy. */
export const MEASURES: Record<string, (l: GridLayer) => number | undefined> = {
  '99 % of the energy': (l) => l.energy && l.energy[3] / Math.max(1, l.full),
  '90 % of the energy': (l) => l.energy && l.energy[1] / Math.max(1, l.full),
  'the exact rank': (l) => (l.rank === undefined ? undefined : l.rank / Math.max(1, l.full)),
};

export interface Grid {
  blocks: string[];
  kinds: string[];
  /** Kinds that are left out: a model of many experts has hundreds. */
  more: number;
  /** The layer of a cell, by block and kind. */
  layer(block: string, kind: string): number | undefined;
}

/** Kinds of weight that are shown, and cells that are made at once. */
const KINDS = 32;
const AT_ONCE = 500;

const USUAL = ['qkv', 'q', 'k', 'v', 'o', 'gate', 'up', 'down'];

/** The grid of a model that has one; kinds that only one block has are left out. */
export function gridOf(layers: readonly GridLayer[]): Grid | undefined {
  const cells = new Map<string, number>();
  const blocks: string[] = [];
  const known = new Set<string>();
  const seen = new Map<string, number>();
  for (const [i, { block, kind }] of layers.entries()) {
    if (block === undefined || kind === undefined) continue;
    if (!known.has(block)) blocks.push(block);
    known.add(block);
    if (!cells.has(`${block}\n${kind}`)) seen.set(kind, (seen.get(kind) ?? 0) + 1);
    cells.set(`${block}\n${kind}`, i);
  }
  const place = (kind: string) => (USUAL.includes(kind) ? USUAL.indexOf(kind) : USUAL.length);
  const kinds = [...seen.keys()].filter((kind) => seen.get(kind)! > 1).sort((a, b) => place(a) - place(b));
  if (blocks.length < 2 || kinds.length < 2) return undefined;
  blocks.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  return {
    blocks,
    kinds: kinds.slice(0, KINDS),
    more: Math.max(0, kinds.length - KINDS),
    layer: (block, kind) => cells.get(`${block}\n${kind}`),
  };
}

export type GridLayer = Pick<
  Layer,
  'name' | 'block' | 'kind' | 'rank' | 'full' | 'proven' | 'energy' | 'error' | 'before'
>;

/** Fills `table` with the grid, some rows a frame; a click on a cell chooses its layer. */
export function fillGrid(
  table: HTMLElement,
  grid: Grid,
  layers: readonly GridLayer[],
  measure: (l: GridLayer) => number | undefined,
  choose: (layer: number) => void,
): void {
  const head = document.createElement('tr');
  // The number is enough where all blocks are alike but for it.
  const stem = (block: string) => block.replace(/\d+$/, '');
  const alike = grid.blocks.every((block) => stem(block) === stem(grid.blocks[0]));
  head.append(
    made('th', alike ? stem(grid.blocks[0]).replace(/[._/]$/, '') : ''),
    ...grid.blocks.map((block) => made('th', alike ? block.slice(stem(block).length) : block, block)),
  );
  table.replaceChildren(head);
  const add = (from: number) => {
    if (head.parentElement !== table) return; // filled anew
    let k = from;
    for (let cells = 0; k < grid.kinds.length && cells < AT_ONCE; k++, cells += grid.blocks.length) {
      const row = document.createElement('tr');
      row.append(made('th', grid.kinds[k]));
      for (const block of grid.blocks) {
        const place = document.createElement('td');
        const i = grid.layer(block, grid.kinds[k]);
        if (i !== undefined) place.append(cellOf(layers[i], measure(layers[i]), () => choose(i)));
        row.append(place);
      }
      table.append(row);
    }
    if (k < grid.kinds.length) requestAnimationFrame(() => add(k));
  };
  add(0);
}

function made(tag: string, text: string, title = ''): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (title) element.title = title;
  return element;
}

function cellOf(layer: GridLayer, share: number | undefined, choose: () => void): HTMLElement {
  const button = made(
    'button',
    share === undefined ? '–' : String(Math.round(100 * share)),
    `${layer.name}: ${rankText(layer)}`,
  );
  button.style.setProperty('--share', `${Math.round(100 * (share ?? 0))}%`);
  button.className = layer.error ? 'bad' : deficient(layer) ? 'low' : '';
  button.setAttribute('aria-label', `${layer.name}: ${button.textContent} %`);
  button.addEventListener('click', choose);
  return button;
}
