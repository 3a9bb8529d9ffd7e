// Rows for people. A file's rows are held until its last one, so that columns fit, what names have in common is said
// once, and a model of many layers folds into its blocks: of each block one line,
// and below it what is deficient or failed.
import pico from 'picocolors';
import type { Row } from '../files/types.js';
import { printable } from '../formats/errors.js';
import type { Arguments } from './args.js';
import { sortRows } from './arrange.js';
import { type Block, toBlocks, withinBlock } from './blocks.js';
import { missing, proven } from './fields.js';
import { bare, type Column, commonPrefix, Layout, type Line } from './layout.js';
import { big, count, METHOD_WORDS, marginText, short } from './text.js';
import type { Screen, Writer } from './writer.js';

/** Rows from which a model is folded. */
const MANY = 60;
/** Lines below a block. */
const BELOW = 4;

interface TableColumn extends Column<Row> {
  /** The cell of a block; absent: an empty one. */
  block?(rows: readonly Row[]): string;
}

const sum = (rows: readonly Row[], value: (r: Row) => number | undefined) =>
  rows.reduce((total, row) => total + (value(row) ?? 0), 0);
const same = (rows: readonly Row[], value: (r: Row) => string) =>
  rows.every((r) => value(r) === value(rows[0])) ? value(rows[0]) : '';
const rankText = (r: Row) =>
  `${proven(r) === false ? '~' : ''}${big(r.report?.rank ?? 0)} of ${big(r.full ?? 0)}`;

const COLUMNS: TableColumn[] = [
  { head: 'shape', spare: 6, cell: (r) => (r.shape?.length === 2 ? '' : (r.shape?.join('x') ?? '')) },
  {
    head: 'matrix',
    spare: 0.5,
    cell: (r) => r.matrix?.join('x') ?? '',
    block: (rows) => count(rows.length, 'matrix', 'matrices'),
  },
  { head: 'dtype', spare: 4, cell: (r) => r.dtype ?? '', block: (rows) => same(rows, (r) => r.dtype ?? '') },
  {
    head: 'rank of full',
    right: true,
    cell: rankText,
    block: (rows) =>
      `${rows.some((r) => proven(r) === false) ? '~' : ''}${big(sum(rows, (r) => r.report?.rank))} of ${big(
        sum(rows, (r) => (r.report ? r.full : 0)),
      )}`,
  },
  {
    head: 'missing',
    right: true,
    cell: (r) => (missing(r) ? `-${big(missing(r)!)}` : ''),
    block: (rows) => (sum(rows, missing) ? `-${big(sum(rows, missing))}` : ''),
  },
  { head: 'tolerance', right: true, spare: 3, cell: (r) => (r.report ? scientific(r.report.tolerance) : '') },
  {
    head: 'of',
    spare: 6,
    cell: (r) => r.toleranceOf ?? '',
    block: (rows) => same(rows, (r) => r.toleranceOf ?? ''),
  },
  {
    head: 'margin',
    right: true,
    spare: 1,
    cell: (r) => marginText(r.report?.margin),
    block: (rows) => marginText(Math.min(...rows.map((r) => r.report?.margin ?? Number.POSITIVE_INFINITY))),
  },
  {
    head: 'proved by',
    spare: 5,
    cell: (r) => (r.report ? (METHOD_WORDS[r.report.method] ?? r.report.method) : ''),
  },
];
const scientific = (x: number) => (x === 0 ? '0' : x.toExponential(2).replace('e+', 'e'));

type Metrics = NonNullable<Row['metrics']>;
/** A metric of each row, and of a block the sum: ranks add up. */
const rankLike = (head: string, key: keyof Metrics & string, spare = 1): TableColumn => ({
  head,
  right: true,
  spare,
  cell: (r) => short(r.metrics?.[key] as number | undefined),
  block: (rows) =>
    rows.every((r) => r.metrics || !r.report)
      ? short(sum(rows, (r) => r.metrics?.[key] as number | undefined))
      : '',
});
const METRICS: TableColumn[] = [
  { head: 'stable rank', right: true, spare: 7, cell: (r) => short(r.metrics?.stableRank) },
  { head: 'effective', right: true, spare: 2, cell: (r) => short(r.metrics?.effectiveRank) },
  rankLike('90 %', 'energyRank90', 8),
  rankLike('95 %', 'energyRank95', 8),
  rankLike('99 %', 'energyRank99'),
  { head: 'condition', right: true, spare: 7, cell: (r) => short(r.metrics?.conditionNumber) },
];
const tail = (head: string, key: 'alpha' | 'D' | 'softRank' | 'spikes', spare: number): TableColumn => ({
  head,
  right: true,
  spare,
  cell: (r) => (Number.isNaN(r.heavyTail?.[key]) ? '-' : short(r.heavyTail?.[key])),
});
const TAIL = [
  tail('alpha', 'alpha', 0),
  tail('D', 'D', 2),
  tail('soft rank', 'softRank', 2),
  tail('spikes', 'spikes', 1),
];
/** Where metrics come by themselves, one of them is enough. */
const BRIEF = METRICS.filter((c) => c.head === '99 %');

export function tableWriter(screen: Screen, args: Arguments): Writer {
  const { bold, dim } = pico.createColors(screen.colour);
  const withFile = args.files.length > 1;
  let rows: Row[] = [];
  let name = '';
  let printed = false;
  const print = () => {
    if (rows.length === 0) return;
    const shown = args.sort ? sortRows(rows, args.sort) : rows;
    if (withFile) screen.out(`${printed ? '\n' : ''}${bold(printable(name))}\n`);
    for (const line of layOut(shown.slice(0, args.top), args, screen)) screen.out(`${line}\n`);
    const more = rows.length - (args.top ?? rows.length);
    if (more > 0) screen.out(`${dim(`${count(more, 'more row')}: --top ${args.top} was asked for.`)}\n`);
    rows = [];
    printed = true;
  };
  return {
    file(next) {
      print();
      name = next;
    },
    row: (row) => void rows.push(row),
    end: print,
    text: (text) => screen.out(`${text}\n`),
  };
}

function layOut(rows: readonly Row[], args: Arguments, screen: Screen): string[] {
  const { bold, dim, yellow, red } = pico.createColors(screen.colour);
  const prefix = commonPrefix(rows.map((r) => r.name));
  const metrics = args.metrics === true ? METRICS : args.metrics === 'cheap' ? BRIEF : [];
  const columns = [...COLUMNS, ...metrics, ...(args.heavyTail ? TAIL : [])];
  const blocks = toBlocks(rows);
  const fold = !args.flat && !args.sort && rows.length > MANY && blocks.length <= rows.length / 2;
  const painted: { line: Line; paint(text: string): string }[] = [];
  const add = (row: Row, called: string) => {
    const line = toLine(row, called, columns);
    const paint =
      row.error !== undefined ? red : (missing(row) ?? 0) > 0 ? (s: string) => bold(yellow(s)) : String;
    painted.push({ line, paint });
  };
  for (const block of fold ? blocks : [{ name: undefined, rows }]) {
    if (block.name === undefined || block.rows.length === 1) {
      for (const row of block.rows) add(row, bare(row.name, prefix));
      continue;
    }
    painted.push({ line: blockLine(block, prefix, columns), paint: String });
    const telling = block.rows.filter((r) => r.error !== undefined || (missing(r) ?? 0) > 0);
    const most = sortRows(telling, { field: 'share', descending: false }).slice(0, BELOW);
    for (const row of telling.filter((r) => most.includes(r)))
      add(row, `  ${bare(withinBlock(row.name, block.name), '')}`);
    const more = telling.length - most.length;
    if (more > 0) painted.push({ line: { name: `  and ${more} more`, note: '' }, paint: dim });
  }
  const layout = new Layout(
    screen,
    columns,
    painted.map(({ line }) => line),
  );
  const notes = [
    prefix && `Names go on after '${bare(prefix, '')}'.`,
    fold && `${count(rows.length, 'row')} in blocks; --flat lists them all.`,
    layout.leftOut.length > 0 && `No room for ${layout.leftOut.join(', ')}.`,
  ].filter(Boolean);
  return [
    ...(notes.length > 0 ? [dim(notes.join(' '))] : []),
    dim(layout.head()),
    ...painted.map(({ line, paint }) => paint(layout.text(line).trimEnd())),
  ];
}

function toLine(row: Row, name: string, columns: readonly TableColumn[]): Line {
  const why = row.error ?? (row.report ? undefined : row.note);
  if (why === undefined) return { name, cells: columns.map((c) => c.cell(row)) };
  const what = [row.matrix?.join('x'), row.dtype].filter(Boolean).join(' ');
  return { name, note: row.error === undefined ? why : `${what && `${what}: `}${why}` };
}

function blockLine({ name, rows }: Block<Row>, prefix: string, columns: readonly TableColumn[]): Line {
  return { name: bare(name!, prefix), cells: columns.map((c) => c.block?.(rows) ?? '') };
}
