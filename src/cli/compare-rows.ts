// Pairs of layers, for people and for programs.
import pico from 'picocolors';
import type { RankReport } from '../types.js';
import { field, number } from './records.js';
import { type Column, Columns } from './table.js';
import { short } from './text.js';
import type { Screen } from './writer.js';

/** One layer of two files; `before` or `after` is absent where the file has no such layer. */
export interface Pair {
  name: string;
  shape?: number[];
  matrix?: [number, number];
  dtype?: string;
  full?: number;
  before?: RankReport;
  after?: RankReport;
  diff?: RankReport;
  error?: string;
}

export interface PairWriter {
  pair(pair: Pair): void;
  summary(text: string): void;
}

function toRecord({ name, shape, matrix, dtype, full, before, after, diff, error }: Pair, withDiff: boolean) {
  return {
    name,
    shape: shape ?? null,
    matrix: matrix ?? null,
    dtype: dtype ?? null,
    full: full ?? null,
    before: before?.rank ?? null,
    after: after?.rank ?? null,
    ...(withDiff && {
      diff: diff?.rank ?? null,
      tolerance: number(diff?.tolerance),
      margin: number(diff?.margin),
    }),
    ...(error !== undefined && { error }),
  };
}

const changed = ({ before, after }: Pair) =>
  before !== undefined && after !== undefined && before.rank !== after.rank;

export function pairWriter(output: 'table' | 'json' | 'csv', screen: Screen, diff: boolean): PairWriter {
  const summary = (text: string) => screen.err(`${text}\n`);
  if (output === 'json') {
    return { pair: (pair) => screen.out(`${JSON.stringify(toRecord(pair, diff))}\n`), summary };
  }
  if (output === 'csv') {
    const keys = [...Object.keys(toRecord({ name: '' }, diff)), 'error'];
    screen.out(`${keys.join(',')}\n`);
    return {
      pair(pair) {
        const record: Record<string, unknown> = toRecord(pair, diff);
        screen.out(`${keys.map((k) => field(record[k])).join(',')}\n`);
      },
      summary,
    };
  }
  return table(screen, diff);
}

const COLUMNS: Column<Pair>[] = [
  { head: 'matrix', width: 12, cell: (p) => p.matrix?.join('x') ?? '' },
  { head: 'dtype', width: 18, spare: 2, cell: (p) => p.dtype ?? '' },
  { head: 'full', width: 5, right: true, spare: 1, cell: (p) => String(p.full) },
  { head: 'before', width: 6, right: true, cell: (p) => String(p.before?.rank ?? '-') },
  { head: 'after', width: 6, right: true, cell: (p) => String(p.after?.rank ?? '-') },
  {
    head: 'change',
    width: 6,
    right: true,
    cell: (p) => (changed(p) ? signed(p.after!.rank - p.before!.rank) : ''),
  },
];
const DIFF: Column<Pair>[] = [
  { head: 'rank of diff', width: 12, right: true, cell: (p) => String(p.diff?.rank ?? '-') },
  { head: 'margin', width: 7, right: true, spare: 3, cell: (p) => short(p.diff?.margin) },
];
const signed = (n: number) => (n > 0 ? `+${n}` : String(n));

function table(screen: Screen, diff: boolean): PairWriter {
  const columns = new Columns<Pair>(screen, diff ? [...COLUMNS, ...DIFF] : COLUMNS);
  const { bold, dim, red, yellow } = pico.createColors(screen.colour);
  let started = false;
  return {
    pair(pair) {
      if (!started) screen.out(`${dim(columns.head())}\n`);
      started = true;
      if (pair.error !== undefined) screen.out(`${red(columns.note(pair.name, pair.error))}\n`);
      else screen.out(`${changed(pair) ? bold(yellow(columns.row(pair))) : columns.row(pair)}\n`);
    },
    summary: (text) => screen.out(`${text}\n`),
  };
}

export function pairSummary(pairs: readonly Pair[], diff: boolean): string {
  const count = (want: (pair: Pair) => boolean) => pairs.filter(want).length;
  const failed = count((p) => p.error !== undefined);
  const parts = [
    `${count((p) => p.before !== undefined && p.after !== undefined)} layers in both files`,
    `${count(changed)} of another rank`,
    `${count((p) => p.before !== undefined && p.after === undefined && !p.error)} only before`,
    `${count((p) => p.after !== undefined && p.before === undefined && !p.error)} only after`,
  ];
  if (diff) parts.push(`${count((p) => p.diff?.rank === 0)} the same to within rounding`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}
