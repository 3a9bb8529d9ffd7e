// The table of layers: a row appears when its matrix is found, and fills in when its rank is proved.
import type { RankReport } from 'matrix-rank';
import { METHOD_WORDS } from '../src/cli/text.js';
import { short } from './format.js';
import { type Energy, type Entry, fullRank } from './messages.js';

export interface Row {
  entry: Entry;
  report?: RankReport;
  /** Of matrices that are not large. */
  energy?: Energy;
  error?: string;
  element: HTMLTableRowElement;
}

const body = document.getElementById('rows') as HTMLTableSectionElement;
const only = document.getElementById('only') as HTMLInputElement;

export let rows: Row[] = [];
let waiting: Row[] = []; // not in the document yet
let chosen: HTMLTableRowElement | undefined;
let select: (row: Row, asked: boolean) => void = () => {};

export function clearRows(onSelect: (row: Row, asked: boolean) => void): void {
  rows = [];
  waiting = [];
  chosen = undefined;
  select = onSelect;
  body.replaceChildren();
}

export function addRow(entry: Entry): number {
  const element = document.createElement('tr');
  const name = document.createElement('button');
  name.type = 'button';
  name.textContent = entry.name;
  name.title = entry.name;
  cell(element, 'name').append(name);
  cell(element, 'wide', entry.shape.join('×'));
  cell(element, 'rank', '…');
  cell(element, 'method');
  cell(element, 'number wide');
  const row: Row = { entry, element };
  element.addEventListener('click', () => choose(row, true));
  rows.push(row);
  waiting.push(row);
  if (waiting.length === 1) requestAnimationFrame(insert);
  return rows.length - 1;
}

/** A hundred rows a frame: the page stays answerable while thousands arrive. */
function insert(): void {
  body.append(...waiting.splice(0, 100).map((row) => row.element));
  if (waiting.length > 0) requestAnimationFrame(insert);
}

function cell(row: HTMLTableRowElement, className: string, text = ''): HTMLTableCellElement {
  const td = row.insertCell();
  td.className = className;
  td.textContent = text;
  return td;
}

export function fillRow(i: number, report: RankReport, energy?: Energy): void {
  const row = rows[i];
  const full = fullRank(row.entry);
  row.report = report;
  row.energy = energy;
  const { rank, method, margin } = report;
  row.element.classList.toggle('low', rank < full);
  const [, , ranked, proved, clear] = row.element.cells;
  const bar = document.createElement('span');
  bar.className = 'bar';
  bar.append(...parts(rank, full, energy));
  const known = (report as { proven?: boolean }).proven !== false;
  ranked.replaceChildren(bar, `${known ? '' : '~'}${rank} / ${full}`);
  proved.textContent = METHOD_WORDS[method] ?? method;
  clear.textContent = Number.isFinite(margin) ? short(margin) : '';
}

/** The parts of a bar: what holds 90 and 99 % of the energy, and the rank. */
function parts(rank: number, full: number, energy: Energy | undefined): HTMLElement[] {
  let from = 0;
  return [energy?.energyRank90 ?? 0, energy?.energyRank99 ?? 0, rank].map((count, i) => {
    const part = document.createElement('i');
    part.style.width = `${full === 0 ? (i === 2 ? 100 : 0) : (100 * Math.max(0, count - from)) / full}%`;
    if (energy) part.className = ['most', 'nearly', 'all'][i];
    from = Math.max(from, count);
    return part;
  });
}

export function failRow(i: number, error: string): void {
  const row = rows[i];
  row.error = error;
  row.element.classList.add('bad');
  const [, , why] = row.element.cells;
  why.textContent = error;
  why.className = 'why';
  why.colSpan = 3;
  while (row.element.cells.length > 3) row.element.deleteCell(3);
}

/** `asked`: by a visitor, who wants to see it. */
export function choose(row: Row, asked = false): void {
  chosen?.removeAttribute('aria-current');
  chosen = row.element;
  chosen.setAttribute('aria-current', 'true');
  select(row, asked);
}

only.addEventListener('change', () => body.classList.toggle('only', only.checked));
