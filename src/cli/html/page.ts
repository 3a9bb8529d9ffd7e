// The script of the report's page: the table, and what is selected in it. It runs in the browser, with the report in
// #report, and is put into the page in one piece with plots.ts.
import type UPlot from 'uplot';
import type { Layer, Report } from './data.js';
import { fillGrid, gridOf, MEASURES } from './heat.js';
import { deficient, drawBars, drawSpectrum, number, PARTS, rankText } from './plots.js';

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
const changed = (l: Layer) => l.before !== undefined && l.before.rank !== l.rank;
let selected = first();

/** The layer that is shown at first: the one that changed most, or has least of its rank. */
function first(): number {
  const share = ({ rank = 0, full }: Layer) => rank / Math.max(1, full);
  const weight = layers.some(changed)
    ? (l: Layer) => (changed(l) ? Math.abs(l.before!.rank - (l.rank ?? 0)) : -1)
    : (l: Layer) => (deficient(l) ? 1 - share(l) : -1);
  return layers.reduce((best, l, i) => (weight(l) > weight(layers[best]) ? i : best), 0);
}

function draw(): void {
  for (const plot of plots) plot.destroy();
  plots = [];
  if (layers.length === 0) return;
  const layer = layers[selected];
  byId('layer-name').textContent = layer.name;
  byId('layer-facts').textContent = layer.error ?? facts(layer);
  plots.push(drawBars(byId('bars'), layers, hint, select));
  byId('noise-key').hidden = layer.noise === undefined;
  byId('before-key').hidden = layer.before === undefined;
  const host = byId('spectrum');
  const plot = drawSpectrum(host, layer, (text) => {
    byId('reading').textContent = text;
  });
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
  const energy = l.energy
    ? `; ${l.energy[1]}, ${l.energy[2]}, ${l.energy[3]} hold 90, 95, 99 % of its energy`
    : '';
  const zeros = l.zeros ? `; ${l.zeros} singular value${l.zeros > 1 ? 's are' : ' is'} exactly 0` : '';
  const how = l.proven === false ? 'computed, not proven' : `proved by ${l.method}`;
  const whose = l.toleranceOf && l.toleranceOf !== 'given' ? ` of ${l.toleranceOf}` : '';
  const margin = `margin ${number(l.margin)} around the tolerance ${number(l.tolerance)}${whose}`;
  return `${l.matrix} ${l.dtype}, ${rankText(l)}, ${how}, ${margin}${energy}${zeros}.`;
}

function select(i: number): void {
  selected = i;
  draw();
}

/** Shows a layer, and goes there. */
function visit(i: number): void {
  select(i);
  byId('detail').scrollIntoView({ behavior: 'smooth', block: 'nearest' });
}

// ---- what changed, what to shrink, and the blocks

for (const row of document.querySelectorAll<HTMLElement>('.plain [data-layer]'))
  row.addEventListener('click', () => visit(Number(row.dataset.layer)));

const grid = gridOf(layers);
if (grid) {
  const measure = byId('measure') as HTMLSelectElement;
  for (const name of Object.keys(MEASURES)) measure.add(new Option(name));
  const fill = () => fillGrid(byId('grid'), grid, layers, MEASURES[measure.value], visit);
  measure.addEventListener('change', fill);
  fill();
  if (grid.more > 0)
    byId('kinds-left').textContent = `${grid.more} more kinds of weight are in the table below only.`;
  byId('blocks').hidden = false;
}

// ---- the table

interface Column {
  head: string;
  numeric?: boolean;
  value(l: Layer, i: number): string | number | null | undefined;
  /** What stands in the cell, where it is no text. */
  cell?(l: Layer): HTMLElement;
}

/** The bar of a layer: its energy ranks and its rank, of full rank. */
function bar(l: Layer): HTMLElement {
  const made = element('span', '', 'stack');
  if (l.rank === undefined) return made;
  const counts = [...(l.energy ?? []), l.rank];
  counts.reduce((from, count, i) => {
    const part = element('i');
    part.style.width = `${(100 * Math.max(0, count - from)) / Math.max(1, l.full)}%`;
    part.style.background = `var(--part${l.energy ? i : 4})`;
    made.append(part);
    return Math.max(from, count);
  }, 0);
  made.title = counts.map((count, i) => `${l.energy ? PARTS[i] : 'rank'}: ${count}`).join(', ');
  return made;
}

const METRICS: [key: string, head: string][] = [
  ['stableRank', 'stable'],
  ['effectiveRank', 'effective'],
];
const some = (has: (l: Layer) => unknown) => layers.some(has);
const columns: Column[] = [
  { head: '#', numeric: true, value: (_, i) => i + 1 },
  ...(some((l) => l.file) ? [{ head: 'file', value: (l: Layer) => l.file }] : []),
  { head: 'name', value: (l) => l.name },
  {
    head: 'use of full rank',
    value: (l) => (l.rank === undefined ? undefined : l.rank / Math.max(1, l.full)),
    cell: bar,
  },
  ...(some((l) => l.before) ? [{ head: 'before', numeric: true, value: (l: Layer) => l.before?.rank }] : []),
  { head: 'rank', numeric: true, value: (l) => l.rank, cell: (l) => element('span', rankCell(l)) },
  { head: 'missing', numeric: true, value: (l) => (deficient(l) ? l.full - l.rank! : undefined) },
  ...(some((l) => l.energy)
    ? [
        { head: '90 %', numeric: true, value: (l: Layer) => l.energy?.[1] },
        { head: '99 %', numeric: true, value: (l: Layer) => l.energy?.[3] },
      ]
    : []),
  { head: 'matrix', value: (l) => l.matrix },
  ...(some((l) => l.dtype !== layers[0].dtype) ? [{ head: 'dtype', value: (l: Layer) => l.dtype }] : []),
  { head: 'margin', numeric: true, value: (l) => l.margin },
  { head: 'proved by', value: (l) => l.error ?? l.method },
  ...(some((l) => l.metrics)
    ? METRICS.map(([key, head]) => ({ head, numeric: true, value: (l: Layer) => l.metrics?.[key] }))
    : []),
];
const rankCell = (l: Layer) =>
  l.rank === undefined ? '' : `${l.proven === false ? '~' : ''}${l.rank} of ${l.full}`;
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
          const made = element('td', '', c.numeric ? 'number' : c.head === 'name' ? 'name' : '');
          if (c.cell) made.append(c.cell(l));
          else if (c.head === 'name') made.append(element('bdi', l.name));
          else made.textContent = typeof value === 'string' ? value : number(value);
          if (c.head === 'name') made.title = l.name;
          return made;
        }),
      );
      const choose = () => visit(i);
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
