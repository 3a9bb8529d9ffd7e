// Pairs of layers, for people and for programs.
import pico from 'picocolors';
import type { RankReport } from '../types.js';
import { bare, type Column, commonPrefix, Layout, type Line } from './layout.js';
import { field, json, number } from './records.js';
import { marginText } from './text.js';
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
  /** For the page. */
  spectra?: { before?: Float64Array; after?: Float64Array };
  /** Why neither is analysed. */
  note?: string;
  error?: string;
}

export interface PairWriter {
  pair(pair: Pair): void;
  /** No more pairs follow. */
  end(): void;
  summary(text: string): void;
}

function toRecord(
  { name, shape, matrix, dtype, full, before, after, diff, note, error }: Pair,
  withDiff: boolean,
) {
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
    ...(note !== undefined && { note }),
    ...(error !== undefined && { error }),
  };
}

const changed = ({ before, after }: Pair) =>
  before !== undefined && after !== undefined && before.rank !== after.rank;

export function pairWriter(output: 'table' | 'json' | 'csv', screen: Screen, diff: boolean): PairWriter {
  const summary = (text: string) => screen.err(`${text}\n`);
  if (output === 'json') {
    return { pair: (pair) => screen.out(`${json(toRecord(pair, diff))}\n`), end() {}, summary };
  }
  if (output === 'csv') {
    const keys = [...Object.keys(toRecord({ name: '' }, diff)), 'note', 'error'];
    screen.out(`${keys.join(',')}\n`);
    return {
      pair(pair) {
        const record: Record<string, unknown> = toRecord(pair, diff);
        screen.out(`${keys.map((k) => field(record[k])).join(',')}\n`);
      },
      end() {},
      summary,
    };
  }
  return table(screen, diff);
}

const COLUMNS: Column<Pair>[] = [
  { head: 'matrix', cell: (p) => p.matrix?.join('x') ?? '' },
  { head: 'dtype', spare: 2, cell: (p) => p.dtype ?? '' },
  { head: 'full', right: true, spare: 1, cell: (p) => String(p.full) },
  { head: 'before', right: true, cell: (p) => String(p.before?.rank ?? '-') },
  { head: 'after', right: true, cell: (p) => String(p.after?.rank ?? '-') },
  { head: 'change', right: true, cell: (p) => (changed(p) ? signed(p.after!.rank - p.before!.rank) : '') },
];
const DIFF: Column<Pair>[] = [
  { head: 'rank of diff', right: true, cell: (p) => String(p.diff?.rank ?? '-') },
  { head: 'margin', right: true, spare: 3, cell: (p) => marginText(p.diff?.margin) },
];
const signed = (n: number) => (n > 0 ? `+${n}` : String(n));

function table(screen: Screen, diff: boolean): PairWriter {
  const columns = diff ? [...COLUMNS, ...DIFF] : COLUMNS;
  const { bold, dim, red, yellow } = pico.createColors(screen.colour);
  const pairs: Pair[] = [];
  return {
    pair: (pair) => void pairs.push(pair),
    end() {
      const prefix = commonPrefix(pairs.map(({ name }) => name));
      const lines = pairs.map((pair): Line => {
        const name = bare(pair.name, prefix);
        const note = pair.error ?? pair.note;
        return note === undefined ? { name, cells: columns.map((c) => c.cell(pair)) } : { name, note };
      });
      const layout = new Layout(screen, columns, lines);
      if (prefix) screen.out(`${dim(`Names go on after '${bare(prefix, '')}'.`)}\n`);
      if (pairs.length > 0) screen.out(`${dim(layout.head())}\n`);
      for (const [i, pair] of pairs.entries()) {
        const line = layout.text(lines[i]);
        screen.out(`${pair.error !== undefined ? red(line) : changed(pair) ? bold(yellow(line)) : line}\n`);
      }
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
  const packed = count((p) => p.note !== undefined);
  if (packed > 0) parts.push(`${packed} packed`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}
