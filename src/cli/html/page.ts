// The script of the report's page: the table, and what is selected in it. It runs in the browser, with the report in
// #report, and is put into the page in one piece with plots.ts.
import type UPlot from 'uplot';
import type { Layer, Report } from './data.js';
import { deficient, drawBars, drawSpectrum, number, rankText } from './plots.js';

const report = JSON.parse(text('report')) as Report;
const { layers } = report;

function byId(id: string): HTMLElement {
  return document.getElementById(id)!;
}
function text(id: string): string {
  return byId(id).textContent!;
}
function element(tag: string, content = '', className = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = content;
  made.className = className;
  return made;
}

let plots: UPlot[] = [];
let selected = Math.max(0, layers.findIndex(deficient));

function draw(): void {
  for (const plot of plots) plot.destroy();
  plots = [];
  if (layers.length === 0) return;
  const layer = layers[selected];
  byId('layer-name').textContent = layer.name;
  byId('layer-facts').textContent = layer.error ?? facts(layer);
  plots.push(drawBars(byId('bars'), layers, hint, select));
  const host = byId('spectrum');
  const plot = drawSpectrum(host, layer);
  if (plot) plots.push(plot);
  host.classList.toggle('empty', plot === undefined);
  for (const row of byId('rows').children)
    row.classList.toggle('selected', Number((row as HTMLElement).dataset.layer) === selected);
}

function hint(i: number | undefined): void {
  byId('bar-hint').textContent =
    i === undefined
      ? 'Point at a bar for its layer, click to see its spectrum.'
      : `${layers[i].name}: ${rankText(layers[i])}`;
}

function facts(l: Layer): string {
  const zeros = l.zeros ? `; ${l.zeros} singular value${l.zeros > 1 ? 's are' : ' is'} exactly 0` : '';
  return `${l.matrix} ${l.dtype}, ${rankText(l)}, tolerance ${number(l.tolerance)}, margin ${number(l.margin)}, decided by ${l.method}${zeros}`;
}

function select(i: number): void {
  selected = i;
  draw();
}

// ---- the table

interface Column {
  head: string;
  numeric?: boolean;
  value(l: Layer, i: number): string | number | null | undefined;
}

const METRICS: [key: string, head: string][] = [
  ['stableRank', 'stable rank'],
  ['effectiveRank', 'effective rank'],
  ['energyRank90', '90 % energy'],
  ['energyRank95', '95 % energy'],
  ['energyRank99', '99 % energy'],
  ['conditionNumber', 'condition'],
];
const columns: Column[] = [
  { head: '#', numeric: true, value: (_, i) => i + 1 },
  ...(layers.some((l) => l.file) ? [{ head: 'file', value: (l: Layer) => l.file }] : []),
  { head: 'name', value: (l) => l.name },
  { head: 'rank', numeric: true, value: (l) => l.rank },
  { head: 'of', numeric: true, value: (l) => l.full },
  { head: 'short', numeric: true, value: (l) => (deficient(l) ? l.full - l.rank! : undefined) },
  { head: 'shape', value: (l) => l.shape },
  { head: 'matrix', value: (l) => l.matrix },
  { head: 'dtype', value: (l) => l.dtype },
  { head: 'tolerance', numeric: true, value: (l) => l.tolerance },
  { head: 'margin', numeric: true, value: (l) => l.margin },
  { head: 'method', value: (l) => l.error ?? l.method },
  ...(layers.some((l) => l.metrics)
    ? METRICS.map(([key, head]) => ({ head, numeric: true, value: (l: Layer) => l.metrics?.[key] }))
    : []),
];
let sortBy = 0;
let ascending = true;

function compare(a: number, b: number): number {
  const [x, y] = [columns[sortBy].value(layers[a], a), columns[sortBy].value(layers[b], b)];
  if (x === undefined || y === undefined) return x === y ? a - b : x === undefined ? 1 : -1; // absent ones last
  const order =
    typeof x === 'string' && typeof y === 'string'
      ? x.localeCompare(y, undefined, { numeric: true })
      : Number(x ?? Infinity) - Number(y ?? Infinity) || 0;
  return (ascending ? order : -order) || a - b;
}

function fillTable(): void {
  const wanted = (byId('filter') as HTMLInputElement).value.toLowerCase();
  const lowOnly = (byId('low-only') as HTMLInputElement).checked;
  const shown = layers
    .map((_, i) => i)
    .filter((i) => {
      const l = layers[i];
      return (
        (!lowOnly || deficient(l) || l.error) &&
        `${l.file ?? ''} ${l.name} ${l.matrix} ${l.method ?? ''}`.toLowerCase().includes(wanted)
      );
    })
    .sort(compare);
  byId('shown').textContent = `${shown.length} of ${layers.length}`;
  byId('rows').replaceChildren(
    ...shown.map((i) => {
      const l = layers[i];
      const row = element('tr', '', l.error ? 'bad' : deficient(l) ? 'low' : '');
      row.dataset.layer = String(i);
      row.tabIndex = 0;
      if (i === selected) row.classList.add('selected');
      row.append(
        ...columns.map((c) => {
          const value = c.value(l, i);
          return element('td', typeof value === 'string' ? value : number(value), c.numeric ? 'number' : '');
        }),
      );
      const choose = () => {
        select(i);
        byId('detail').scrollIntoView({ behavior: 'smooth', block: 'nearest' });
      };
      row.addEventListener('click', choose);
      row.addEventListener('keydown', (e) => e.key === 'Enter' && choose());
      return row;
    }),
  );
  for (const [c, head] of [...byId('heads').children].entries()) {
    head.setAttribute('aria-sort', c === sortBy ? (ascending ? 'ascending' : 'descending') : 'none');
  }
}

byId('heads').append(
  ...columns.map((column, c) => {
    const head = element('th', '', column.numeric ? 'number' : '');
    const button = element('button', column.head);
    button.addEventListener('click', () => {
      ascending = c === sortBy ? !ascending : true;
      sortBy = c;
      fillTable();
    });
    head.append(button);
    return head;
  }),
);
byId('filter').addEventListener('input', fillTable);
byId('low-only').addEventListener('input', fillTable);

fillTable();
draw();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
let width = innerWidth;
addEventListener('resize', () => {
  if (width !== innerWidth) draw();
  width = innerWidth;
});
