// The table of layers: a row appears when its matrix is found, and fills in when its rank is proved.
import type { RankReport } from 'matrix-rank';
import { short } from './format.js';
import type { Entry } from './messages.js';

export interface Row {
  entry: Entry;
  report?: RankReport;
  error?: string;
  element: HTMLTableRowElement;
}

const body = document.getElementById('rows') as HTMLTableSectionElement;
const only = document.getElementById('only') as HTMLInputElement;

export let rows: Row[] = [];
let waiting: Row[] = []; // not in the document yet
let chosen: HTMLTableRowElement | undefined;
let select: (row: Row) => void = () => {};

export function clearRows(onSelect: (row: Row) => void): void {
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
  element.addEventListener('click', () => choose(row));
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

export function fillRow(i: number, report: RankReport): void {
  const row = rows[i];
  const [m, n] = row.entry.matrix;
  const full = Math.min(m, n);
  row.report = report;
  const { rank, method, margin } = report;
  row.element.classList.toggle('low', rank < full);
  const [, , ranked, proved, clear] = row.element.cells;
  const bar = document.createElement('span');
  bar.className = 'bar';
  const part = document.createElement('i');
  part.style.width = `${full === 0 ? 100 : (100 * rank) / full}%`;
  bar.append(part);
  ranked.replaceChildren(bar, `${rank} / ${full}`);
  proved.textContent = method;
  clear.textContent = Number.isFinite(margin) ? short(margin) : '';
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

export function choose(row: Row): void {
  chosen?.removeAttribute('aria-current');
  chosen = row.element;
  chosen.setAttribute('aria-current', 'true');
  select(row);
}

only.addEventListener('change', () => body.classList.toggle('only', only.checked));
