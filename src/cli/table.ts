// Rows for people: aligned columns, written one row at a time, as wide as the terminal. Deficient layers stand out by
// colour and, without it, by how much they fall short.
import Table from 'cli-table3';
import pico from 'picocolors';
import { oneLine } from '../formats/errors.js';
import type { SpectralMetrics } from '../types.js';
import type { Row } from './rows.js';
import { short, shorten } from './text.js';
import type { Screen, Writer } from './writer.js';

export interface Column<R> {
  head: string;
  width: number;
  right?: boolean;
  /** Left out first, the highest first, when the terminal is narrow. 0: never. */
  spare?: number;
  cell(row: R): string;
}

const NAME = 40; // columns for the name where there is no terminal; longer ones push the row out
const MIN_NAME = 24;
const NAME_LIMIT = 1000;

/** Prints columns after a name that takes what is left of the width. */
export class Columns<R extends { name: string }> {
  private readonly shown: Column<R>[];
  private readonly nameWidth: number;
  private readonly fixed: boolean;

  constructor(screen: Screen, columns: readonly Column<R>[]) {
    const shown = [...columns];
    const left = () => (screen.width ?? 0) - shown.reduce((sum, c) => sum + c.width + 2, 0) - 2;
    this.fixed = screen.width !== undefined;
    while (this.fixed && left() < MIN_NAME) {
      const spare = shown.reduce<Column<R> | undefined>(
        (a, b) => ((b.spare ?? 0) > (a?.spare ?? 0) ? b : a),
        undefined,
      );
      if (spare === undefined) break;
      shown.splice(shown.indexOf(spare), 1);
    }
    this.shown = shown;
    this.nameWidth = this.fixed ? Math.max(12, Math.min(left(), 60)) : NAME;
  }

  head(): string {
    return this.line(
      'name',
      this.shown.map((c) => c.head),
    );
  }

  row(row: R): string {
    return this.line(
      oneLine(row.name),
      this.shown.map((c) => c.cell(row)),
    );
  }

  /** The name alone, padded, and a text after it. */
  note(name: string, text: string): string {
    return `${shorten(oneLine(name), this.fixed ? this.nameWidth : NAME_LIMIT).padEnd(this.nameWidth)}  ${text}`;
  }

  private line(name: string, cells: readonly string[]): string {
    const table = new Table({
      chars: EMPTY,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
      colWidths: [
        this.fixed ? this.nameWidth : Math.max(this.nameWidth, name.length),
        ...cells.map((text, i) => Math.max(this.shown[i].width, this.fixed ? 0 : text.length) + 2),
      ],
      colAligns: [
        'left',
        ...cells.map((_, i) => (this.shown[i].right ? ('right' as const) : ('left' as const))),
      ],
    });
    const shown = this.fixed ? shorten(name, this.nameWidth) : name;
    table.push([shown, ...cells.map((text, i) => (this.shown[i].right ? text : `  ${text}`))]);
    return table.toString().trimEnd();
  }
}

const EMPTY = Object.fromEntries(
  (
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right ' +
    'right-mid middle'
  )
    .split(' ')
    .map((k) => [k, '']),
);

const missing = (row: Row) => (row.full ?? 0) - (row.report?.rank ?? 0);

const COLUMNS: Column<Row>[] = [
  { head: 'shape', width: 15, spare: 5, cell: (r) => r.shape?.join('x') ?? '' },
  { head: 'matrix', width: 12, cell: (r) => r.matrix?.join('x') ?? '' },
  { head: 'dtype', width: 8, spare: 3, cell: (r) => r.dtype ?? '' },
  { head: 'rank of full', width: 14, right: true, cell: (r) => `${r.report?.rank} of ${r.full}` },
  { head: 'short', width: 6, right: true, cell: (r) => (missing(r) > 0 ? `-${missing(r)}` : '') },
  {
    head: 'tolerance',
    width: 9,
    right: true,
    spare: 2,
    cell: (r) => r.report?.tolerance.toExponential(2).replace('0.00e+0', '0') ?? '',
  },
  { head: 'margin', width: 7, right: true, spare: 1, cell: (r) => short(r.report?.margin) },
  { head: 'method', width: 9, spare: 4, cell: (r) => r.report?.method ?? '' },
];

const metric = (head: string, key: keyof SpectralMetrics, width: number): Column<Row> => ({
  head,
  width,
  right: true,
  cell: (r) => short(r.metrics?.[key]),
});

const METRICS = [
  metric('stable', 'stableRank', 6),
  metric('effective', 'effectiveRank', 9),
  metric('90 %', 'energyRank90', 5),
  metric('95 %', 'energyRank95', 5),
  metric('99 %', 'energyRank99', 5),
  metric('condition', 'conditionNumber', 9),
];

export function tableWriter(screen: Screen, withFile: boolean, metrics: boolean): Writer {
  const columns = new Columns<Row>(screen, metrics ? [...COLUMNS, ...METRICS] : COLUMNS);
  const { bold, dim, yellow, red } = pico.createColors(screen.colour);
  let heading = ''; // printed before the next row
  let started = false;
  const start = () => {
    if (heading) screen.out(`${started ? '\n' : ''}${heading}`);
    heading = '';
    started = true;
  };
  return {
    file(name) {
      if (withFile) heading = `${bold(name)}\n${dim(columns.head())}\n`;
      else if (!started) heading = `${dim(columns.head())}\n`;
    },
    row(row) {
      start();
      if (row.error !== undefined) {
        const what = [row.matrix?.join('x'), row.dtype].filter(Boolean).join(' ');
        screen.out(`${red(columns.note(row.name, `${what && `${what}: `}${row.error}`))}\n`);
        return;
      }
      const text = columns.row(row);
      screen.out(`${missing(row) > 0 ? bold(yellow(text)) : text}\n`);
    },
    summary: (text) => screen.out(`${text}\n`),
  };
}
