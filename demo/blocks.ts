// The blocks of a model by kind of weight, as the command's HTML report has them.
import { fillGrid, type GridLayer, gridOf, MEASURES } from '../src/cli/html/heat.js';
import { places } from '../src/cli/html/kinds.js';
import { GRID_STYLE } from '../src/cli/html/style.js';
import { choose, rows } from './layers.js';
import { fullRank } from './messages.js';

const host = document.getElementById('blocks')!;
const table = document.getElementById('grid')!;
const left = document.getElementById('kinds-left')!;
const measure = document.getElementById('measure') as HTMLSelectElement;

const style = document.createElement('style');
style.textContent = GRID_STYLE;
document.head.append(style);
for (const name of Object.keys(MEASURES)) measure.add(new Option(name));

let fill = () => {};
measure.addEventListener('change', () => fill());

export function hideBlocks(): void {
  host.hidden = true;
  table.replaceChildren();
}

/** Shows the grid of a model that has blocks. */
export function showBlocks(): void {
  const shown = rows;
  const where = places(shown.map(({ entry }) => entry.name));
  const layers = shown.map(({ entry, report, energy, error }, i): GridLayer => {
    const { energyRank90 = 0, energyRank95 = 0, energyRank99 = 0 } = energy ?? {};
    return {
      name: entry.name,
      ...where[i],
      rank: report?.rank,
      full: fullRank(entry),
      proven: report?.proven,
      energy: energy && [0, energyRank90, energyRank95, energyRank99],
      error,
    };
  });
  const grid = gridOf(layers);
  host.hidden = grid === undefined;
  if (!grid) return;
  fill = () => fillGrid(table, grid, layers, MEASURES[measure.value], (i) => choose(shown[i], true));
  fill();
  left.textContent =
    grid.more > 0 ? `${grid.more} more kinds of weight are in the table of layers only.` : '';
}
