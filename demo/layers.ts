// The table of layers: a row appears when its matrix is found, and fills in when its rank is proved.
import type { RankReport } from 'matrix-rank';
import { big, METHOD_WORDS, marginText } from '../src/cli/text.js';
import { type Energy, type Entry, fullRank } from './messages.js';

export interface Row {
  entry: Entry;
  report?: RankReport;
  /** Of matrices that are not large. */
  energy?: Energy;
  error?: string;
  /** Once it is listed. */
  element?: HTMLTableRowElement;
}

/** Rows that are listed before anyone asks for more: layout takes as long as all rows that there are. */
const PAGE = 200;
/** Rows that one frame adds. */
const SOME = 50;

const body = document.getElementById('rows') as HTMLTableSectionElement;
const only = document.getElementById('only') as HTMLInputElement;
const more = document.getElementById('more') as HTMLButtonElement;

export let rows: Row[] = [];
let next = 0; // the first row that may still be listed
let room = PAGE; // rows that may be listed
let frame = 0;
let chosen: Row | undefined;
let select: (row: Row, asked: boolean) => void = () => {};

export function clearRows(onSelect: (row: Row, asked: boolean) => void): void {
  rows = [];
  chosen = undefined;
  select = onSelect;
  room = PAGE;
  empty();
}

function empty(): void {
  next = 0;
  body.replaceChildren();
  listSoon();
}

export function addRow(entry: Entry): number {
  rows.push({ entry });
  listSoon();
  return rows.length - 1;
}

const wanted = ({ entry, report, error }: Row) =>
  !only.checked || error !== undefined || (report !== undefined && report.rank < fullRank(entry));

function listSoon(): void {
  if (frame === 0) frame = requestAnimationFrame(list);
}

/** Some rows a frame: the page stays answerable while thousands arrive. */
function list(): void {
  frame = 0;
  const some: HTMLTableRowElement[] = [];
  const free = Math.min(SOME, room - body.rows.length);
  for (; next < rows.length && some.length < free; next++)
    if (wanted(rows[next])) some.push(show(rows[next]));
  body.append(...some);
  const full = body.rows.length >= room;
  const left = full ? rows.slice(next).filter(wanted).length : 0;
  more.hidden = left === 0;
  more.textContent = `${big(Math.min(left, PAGE))} more of ${big(left)}`;
  if (next < rows.length && !full) listSoon();
}

more.addEventListener('click', () => {
  room += PAGE;
  listSoon();
});
only.addEventListener('change', empty);

function cell(row: HTMLTableRowElement, className: string, text = ''): HTMLTableCellElement {
  const td = row.insertCell();
  td.className = className;
  td.textContent = text;
  return td;
}

/** The element of a row, as far as it is known. */
function show(row: Row): HTMLTableRowElement {
  const { entry, report, energy, error } = row;
  const element = document.createElement('tr');
  const name = document.createElement('button');
  name.type = 'button';
  name.append(document.createElement('bdi')); // cut at its front, it stays in its own direction
  name.firstElementChild!.textContent = entry.name;
  name.title = entry.name;
  cell(element, 'name').append(name);
  cell(element, 'wide', entry.shape.join('×'));
  if (error !== undefined) {
    element.className = 'bad';
    cell(element, 'why', error).colSpan = 3;
  } else if (report) {
    const full = fullRank(entry);
    const { rank, method, margin, proven } = report;
    element.classList.toggle('low', rank < full);
    const bar = document.createElement('span');
    bar.className = 'bar';
    bar.append(...parts(rank, full, energy));
    cell(element, 'rank').append(bar, `${proven ? '' : '~'}${rank} / ${full}`);
    cell(element, 'method', METHOD_WORDS[method] ?? method);
    cell(element, 'number wide', marginText(margin));
  } else {
    cell(element, 'rank', '…');
    cell(element, 'method');
    cell(element, 'number wide');
  }
  element.addEventListener('click', () => choose(row, true));
  if (row === chosen) element.setAttribute('aria-current', 'true');
  row.element?.replaceWith(element);
  row.element = element;
  return element;
}

/** What is known of a row now; listed, if it is one that is wanted. */
function update(i: number, known: Partial<Row>): void {
  const row = Object.assign(rows[i], known);
  if (row.element?.isConnected) show(row);
  else if (i < next && wanted(row)) {
    const after = rows.slice(i + 1, next).find(({ element }) => element?.isConnected); // it was passed over
    body.insertBefore(show(row), after?.element ?? null);
  } else listSoon();
}

export const fillRow = (i: number, report: RankReport, energy?: Energy) => update(i, { report, energy });
export const failRow = (i: number, error: string) => update(i, { error });

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

/** `asked`: by a visitor, who wants to see it. */
export function choose(row: Row, asked = false): void {
  chosen?.element?.removeAttribute('aria-current');
  chosen = row;
  row.element?.setAttribute('aria-current', 'true');
  select(row, asked);
}
