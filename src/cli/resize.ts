// --resize: an adapter in, a smaller one out, and a table of what became of each weight.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSameConfig, type Limit, RESIZED, type ResizedRow, resizeAdapters } from '../files/resize.js';
import { FormatError } from '../formats/errors.js';
import { writeSafetensors } from '../formats/safetensors/write.js';
import { openSource } from '../formats/source/open.js';
import { bare, type Column, commonPrefix, Layout } from './layout.js';
import { OutputFile } from './output-file.js';
import { openScreen } from './run.js';
import { big, count, percent, short } from './text.js';
import { UsageError } from './usage-error.js';

const CONFIG = 'adapter_config.json';

/** What a folder of PEFT holds. */
const ADAPTER = 'adapter_model.safetensors';

const COLUMNS: Column<ResizedRow>[] = [
  { head: 'r', right: true, cell: (row) => (row.from > 0 ? big(row.from) : '') },
  { head: 'to', right: true, cell: (row) => (row.from > 0 ? big(row.to) : '') },
  { head: 'error', right: true, cell: (row) => (row.from > 0 ? short(row.error) : '') },
  { head: 'saves', right: true, spare: 1, cell: (row) => big(row.saves) },
  { head: 'note', spare: 2, cell: (row) => row.note ?? '' },
];

interface Options {
  limit: Limit;
  to: string;
  /** One line of JSON for the table. */
  json: boolean;
}

/** Writes the smaller adapter and returns the exit status. */
export async function runResize(given: string, { limit, to, json }: Options): Promise<number> {
  const inside = join(given, ADAPTER);
  const file = existsSync(inside) ? inside : given;
  if (file === '-') throw new UsageError("--resize reads a file; '-' is the standard input.");
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new FormatError(file, `is a folder without ${ADAPTER}; --resize reads .safetensors files alone.`);
  }
  const screen = openScreen();
  const output = new OutputFile('-o', to, [file], (head) => head.includes(`"${RESIZED}"`));
  const source = await openSource(file);
  try {
    const { rows, tensors, metadata, config } = await resizeAdapters(source, limit);
    const beside = join(dirname(to), CONFIG);
    const settings =
      config &&
      new OutputFile('-o', beside, [file, join(dirname(file), CONFIG)], () =>
        isSameConfig(readFileSync(beside, 'utf8'), config),
      );
    output.write(writeSafetensors(tensors, metadata));
    settings?.write([`${JSON.stringify(config, null, 2)}\n`]);
    const pairs = rows.filter((row) => row.from > 0);
    const [saves, before] = [sum(rows, (row) => row.saves), sum(pairs, (row) => row.numbers)];
    const files = config ? [to, beside] : [to];
    if (json) {
      screen.out(`${JSON.stringify({ ...limit, adapters: rows, numbers: before, saves, written: files })}\n`);
      return 0;
    }
    for (const line of table(rows)) screen.out(`${line}\n`);
    const share = before > 0 ? ` of ${big(before)} (${percent(saves / before)})` : '';
    screen.out(
      `\n${count(pairs.length, 'adapter')}, ${big(saves)}${share} numbers saved; written to ${files.join(' and ')}\n`,
    );
    return 0;
  } finally {
    await source.close();
  }

  function table(rows: readonly ResizedRow[]): string[] {
    const prefix = commonPrefix(rows.map(({ name }) => name));
    const lines = rows.map((row) => ({
      name: bare(row.name, prefix),
      cells: COLUMNS.map((column) => column.cell(row)),
    }));
    const layout = new Layout(screen, COLUMNS, lines);
    const names = prefix ? [`Names go on after '${bare(prefix, '')}'.`] : [];
    return [...names, layout.head(), ...lines.map((line) => layout.text(line))];
  }
}

const sum = (rows: readonly ResizedRow[], of: (row: ResizedRow) => number) =>
  rows.reduce((total, row) => total + of(row), 0);
