// What to shrink, as the command has it below its table.
import { numbers, suggest, totals, type Weight } from '../src/cli/shrink.js';
import { big, percent } from '../src/cli/text.js';
import { choose, rows } from './layers.js';
import { fullRank } from './messages.js';

const host = document.getElementById('shrink')!;
const NAMED = 5;

export function hideShrink(): void {
  host.hidden = true;
}

export function showShrink(): void {
  const weights: Weight[] = [];
  for (const { entry, report, energy } of rows) {
    if (!report) continue;
    weights.push({
      name: entry.name,
      matrix: entry.matrix,
      full: fullRank(entry),
      rank: report.rank,
      ...energy,
    });
  }
  const all = totals(weights);
  host.hidden = all.every((t) => t.saves === 0);
  if (host.hidden) return;
  fill(
    'shrink-totals',
    all
      .filter((t) => t.known > 0)
      .map((t) => [
        t.energy === 1 ? 'all (exact)' : percent(t.energy),
        percent(t.error),
        big(t.layers),
        percent(t.parameters > 0 ? t.saves / t.parameters : 0),
      ]),
  );
  const suggestions = suggest(weights, 0.99);
  const lines = fill(
    'shrink-layers',
    suggestions
      .slice(0, NAMED)
      .map((s) => [s.name, `${big(s.rank)} of ${big(s.full)}`, percent(s.saves / numbers(s.matrix, s.full))]),
  );
  for (const [k, line] of lines.entries()) {
    const row = rows.find((r) => r.entry.name === suggestions[k].name);
    const button = document.createElement('button');
    button.type = 'button';
    button.append(document.createElement('bdi'));
    button.firstElementChild!.textContent = suggestions[k].name;
    button.title = suggestions[k].name;
    if (row) button.addEventListener('click', () => choose(row, true));
    line.cells[0].replaceChildren(button);
    line.cells[0].className = 'name';
  }
  const more = suggestions.length - NAMED;
  document.getElementById('shrink-more')!.textContent = more > 0 ? `and ${more} more` : '';
}

function fill(id: string, lines: readonly string[][]): HTMLTableRowElement[] {
  const body = document.getElementById(id) as HTMLTableSectionElement;
  body.replaceChildren();
  return lines.map((cells) => {
    const line = body.insertRow();
    for (const [i, text] of cells.entries()) {
      const cell = line.insertCell();
      cell.textContent = text;
      if (i > 0) cell.className = 'number';
    }
    return line;
  });
}
