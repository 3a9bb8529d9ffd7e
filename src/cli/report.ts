// The usual run: the rows of all files, to the writer and into the page.
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { produce, type Row } from '../files/rows.js';
import { type Arguments, UsageError } from './args.js';
import { ONLY, sortRows } from './arrange.js';
import { METRICS } from './fields.js';
import { type Layer, toLayer } from './html/data.js';
import { openInput } from './input.js';
import { csvWriter, jsonWriter } from './records.js';
import { openScreen, run } from './run.js';
import { Summary } from './summary.js';
import { count } from './text.js';
import type { Screen, Writer } from './writer.js';

async function createWriter(args: Arguments, screen: Screen): Promise<Writer> {
  const several = args.files.length > 1;
  if (args.output === 'table') return (await import('./table.js')).tableWriter(screen, args);
  const writer =
    args.output === 'json'
      ? jsonWriter(screen, several)
      : csvWriter(screen, several, args.metrics ? METRICS : []);
  return args.sort || args.top ? arranged(writer, args) : writer;
}

/** Holds the rows back until the last one, and writes them in order. */
function arranged(writer: Writer, { sort, top }: Arguments): Writer {
  const rows: Row[] = [];
  return {
    ...writer,
    row: (row) => void rows.push(row),
    end() {
      for (const row of (sort ? sortRows(rows, sort) : rows).slice(0, top)) writer.row(row);
      writer.end();
    },
  };
}

/** Runs the command and returns its exit status. */
export async function runReport(args: Arguments): Promise<number> {
  const { files, html } = args;
  if (html !== undefined) checkFolder(html);
  const screen = openScreen();
  const writer = await createWriter(args, screen);
  const summary = new Summary();
  const layers: Layer[] = [];
  let seen = 0;
  let shown = 0;
  return run<Row>(args, screen, {
    produce: (job, out) => produce(files, openInput, job, out),
    file: writer.file,
    row(row) {
      seen++;
      summary.add(row);
      if (args.only === undefined || ONLY[args.only](row)) {
        shown++;
        writer.row(row);
      }
      if (html !== undefined) layers.push(toLayer(row, files.length > 1));
      return row.error === undefined;
    },
    flush: () => writer.end(),
    async finish(status) {
      if (seen === 0 && status === 0) screen.err(`matrix-rank: ${nothing(args)}\n`);
      if (args.only && seen > 0 && shown === 0)
        writer.text(`None of the ${count(seen, 'row')} is ${args.only}.`);
      const text = summary.text();
      if (seen > 0) writer.text(text);
      if (html === undefined) return seen > 0 ? status : 1;
      const { toHtml } = await import('./report-html.js');
      writeFileSync(html, toHtml({ title: files.join(', '), summary: text, layers }));
      return seen > 0 ? status : 1;
    },
  });
}

/** Why a run has no rows. */
function nothing({ filter, files }: Arguments): string {
  const where = files.length === 1 ? files[0] : `the ${files.length} files`;
  return filter
    ? `no matrix in ${where} has a name that matches ${filter}; without --filter all of them are shown.`
    : `${where}: no tensor of two or more dimensions was found.`;
}

/** Said at once rather than after an hour of work. */
function checkFolder(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(`--html: the folder of '${file}' does not exist or cannot be written to.`);
  }
}
