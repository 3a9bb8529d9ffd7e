// The usual run: the rows of all files, to the writer and into the page.
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SpectralMetrics } from '../types.js';
import { type Arguments, UsageError } from './args.js';
import { type Layer, toLayer } from './html/data.js';
import { csvWriter, jsonWriter } from './records.js';
import { produce, type Row } from './rows.js';
import { openScreen, run } from './run.js';
import { Summary } from './summary.js';
import type { Screen, Writer } from './writer.js';

/** Columns of the CSV with --metrics. */
const METRICS: (keyof SpectralMetrics)[] = [
  'frobeniusNorm',
  'spectralNorm',
  'nuclearNorm',
  'conditionNumber',
  'stableRank',
  'effectiveRank',
  'spectralEntropyRank',
  'participationRatio',
  'energyRank90',
  'energyRank95',
  'energyRank99',
];

async function createWriter({ output, files, metrics }: Arguments, screen: Screen): Promise<Writer> {
  const several = files.length > 1;
  if (output === 'json') return jsonWriter(screen, several);
  if (output === 'csv') return csvWriter(screen, several, metrics ? METRICS : []);
  const { tableWriter } = await import('./table.js');
  return tableWriter(screen, several, metrics);
}

/** Runs the command and returns its exit status. */
export async function runReport(args: Arguments): Promise<number> {
  const { files, html } = args;
  if (html !== undefined) checkFolder(html);
  const screen = openScreen();
  const writer = await createWriter(args, screen);
  const summary = new Summary();
  const layers: Layer[] = [];
  return run<Row>(args, screen, {
    produce: (job, out) => produce(files, job, out),
    file: writer.file,
    row(row) {
      summary.add(row);
      writer.row(row);
      if (html !== undefined) layers.push(toLayer(row, files.length > 1));
      return row.error === undefined;
    },
    async finish() {
      const text = summary.text();
      writer.summary(text);
      if (html === undefined) return;
      const { toHtml } = await import('./report-html.js');
      writeFileSync(html, toHtml({ title: files.join(', '), summary: text, layers }));
    },
  });
}

/** Said at once rather than after an hour of work. */
function checkFolder(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(`--html: the folder of '${file}' does not exist or cannot be written to.`);
  }
}
