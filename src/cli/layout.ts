// Aligned columns after a name: as wide as the terminal where there is one, as wide as the longest cell where not. Too
// narrow: the columns that can be spared go first, then the middle of long names.
import Table from 'cli-table3';
import { oneLine, printable } from '../formats/errors.js';
import { shorten } from './text.js';
import type { Screen } from './writer.js';

export interface Column<R> {
  head: string;
  right?: boolean;
  /** Left out first, the highest first, when the terminal is narrow. 0: never. */
  spare?: number;
  cell(row: R): string;
}

/** A line: cells under their heads, or a name with a text after it. */
export type Line = { name: string; cells: readonly string[] } | { name: string; note: string };

const MIN_NAME = 24;
const GAP = 2;

/** What `lines` look like under `columns`, and the columns that had no room. */
export class Layout {
  private readonly kept: number[];
  private readonly widths: number[];
  private readonly nameWidth: number;
  readonly leftOut: string[];

  constructor(
    screen: Screen,
    private readonly columns: readonly Column<never>[],
    lines: readonly Line[],
    private readonly nameHead = 'name',
  ) {
    const rows = lines.filter((line) => 'cells' in line);
    this.widths = columns.map(({ head }, i) =>
      rows.reduce((width, { cells }) => Math.max(width, cells[i].length), head.length),
    );
    // A column that is empty in every row says nothing.
    this.kept = [...columns.keys()].filter(
      (i) => rows.length === 0 || rows.some(({ cells }) => cells[i] !== ''),
    );
    const longest = lines.reduce((width, { name }) => Math.max(width, name.length), nameHead.length);
    const room = () => screen.width! - this.kept.reduce((sum, i) => sum + this.widths[i] + GAP, 0);
    const before = [...this.kept];
    while (screen.width !== undefined && room() < Math.min(longest, MIN_NAME)) {
      const spared = this.kept.reduce(
        (a, b) => ((columns[b].spare ?? 0) > (columns[a]?.spare ?? 0) ? b : a),
        -1,
      );
      if (spared < 0) break;
      this.kept = this.kept.filter((i) => i !== spared);
    }
    this.leftOut = before.filter((i) => !this.kept.includes(i)).map((i) => columns[i].head);
    this.nameWidth = screen.width === undefined ? longest : Math.min(longest, Math.max(12, room()));
  }

  head(): string {
    return this.text({ name: this.nameHead, cells: this.columns.map(({ head }) => head) });
  }

  text(line: Line): string {
    const name = shorten(line.name, this.nameWidth);
    if ('note' in line) return printable(`${name.padEnd(this.nameWidth)}  ${line.note}`);
    const table = new Table({
      chars: NO_LINES,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
      colWidths: [this.nameWidth, ...this.kept.map((i) => this.widths[i] + GAP)],
      colAligns: ['left', ...this.kept.map(() => 'right' as const)],
    });
    table.push([
      name,
      ...this.kept.map((i) => (this.columns[i].right ? line.cells[i] : line.cells[i].padEnd(this.widths[i]))),
    ]);
    return printable(table.toString().trimEnd());
  }
}

const NO_LINES = Object.fromEntries(
  (
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right ' +
    'right-mid middle'
  )
    .split(' ')
    .map((k) => [k, '']),
);

/** The beginning that all names share, up to a separator: said once, where it is long enough to be worth it. */
export function commonPrefix(names: readonly string[]): string {
  if (names.length < 2) return '';
  let length = names[0].length;
  for (const name of names) while (!name.startsWith(names[0].slice(0, length))) length--;
  const prefix = names[0].slice(0, length).replace(/[^./]*$/, '');
  return prefix.length >= 6 && names.every((name) => name.length > prefix.length) ? prefix : '';
}

/** A name fit for a line, without the prefix. */
export const bare = (name: string, prefix: string) => oneLine(name.slice(prefix.length));
