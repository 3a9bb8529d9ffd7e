// The run: files to rows on all cores, rows to the writer, and what is to be done when Ctrl-C comes.
import { accessSync, constants, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { createTaskPool } from '../pool.js';
import { type Arguments, UsageError } from './args.js';
import { createBudget } from './budget.js';
import { Channel } from './channel.js';
import { type Layer, toLayer } from './html/data.js';
import { createProgress, noProgress } from './progress.js';
import { csvWriter, jsonWriter } from './records.js';
import { toHtml } from './report-html.js';
import { type Event, type Job, produce } from './rows.js';
import { Summary } from './summary.js';
import { tableWriter } from './table.js';
import type { Screen, Writer } from './writer.js';

export function openScreen(): Screen {
  const { stdout, stderr, env } = process;
  const terminal = stdout.isTTY === true;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    width: terminal ? stdout.columns || 80 : undefined,
    colour: terminal && !env.NO_COLOR && env.TERM !== 'dumb',
  };
}

const METRICS: string[] = [];

function createWriter({ output, files, metrics }: Arguments, screen: Screen): Writer {
  const several = files.length > 1;
  if (output === 'json') return jsonWriter(screen, several);
  if (output === 'csv') return csvWriter(screen, several, metrics ? METRICS : []);
  return tableWriter(screen, several, metrics);
}

/** Runs the command and returns its exit status. */
export async function runReport(args: Arguments): Promise<number> {
  const { files, filter, html } = args;
  if (html !== undefined) checkFolder(html);
  const screen = openScreen();
  const writer = createWriter(args, screen);
  const summary = new Summary();
  const progress = process.stderr.isTTY ? createProgress(process.stderr) : noProgress;
  const pool = createTaskPool({ threads: args.threads });
  const stop = new AbortController();
  const events = new Channel<Event>();
  const layers: Layer[] = [];
  let status = 0;
  let rows = 0;

  const write = (event: Event) => {
    if ('file' in event) return writer.file(event.file);
    if ('broken' in event) {
      status = 1;
      return screen.err(`matrix-rank: ${event.broken}\n`);
    }
    if (event.row.error !== undefined) status = 1;
    summary.add(event.row);
    writer.row(event.row);
    if (html !== undefined) layers.push(toLayer(event.row, files.length > 1));
    progress.done(++rows);
  };

  process.once('SIGINT', () => {
    progress.stop();
    stop.abort();
    for (const event of events.settled()) write(event);
    screen.err('matrix-rank: interrupted.\n');
    process.exit(130); // ends the threads, whatever they are at
  });

  const sizes = new Map<string, [read: number, total: number]>();
  const job: Job = {
    run: pool.run,
    budget: createBudget(args.memory, args.threads ?? availableParallelism()),
    tolerance: args.tolerance,
    metrics: args.metrics,
    spectra: html !== undefined,
    read: { signal: stop.signal, filter: filter && ((name) => filter.test(name)) },
    onProgress(file, read, total) {
      sizes.set(file, [read, total]);
      const all = [...sizes.values()];
      progress.bytes(
        all.reduce((s, [r]) => s + r, 0),
        all.reduce((s, [, t]) => s + t, 0),
      );
    },
    onTensor: progress.current,
  };

  const reading = produce(files, job, events).finally(() => events.end());
  for await (const event of events) progress.around(() => write(event));
  await reading;
  progress.stop();
  const text = summary.text();
  writer.summary(text);
  if (html !== undefined) writeFileSync(html, toHtml({ title: files.join(', '), summary: text, layers }));
  await pool.close();
  return status;
}

/** Said at once rather than after an hour of work. */
function checkFolder(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(`--html: the folder of '${file}' does not exist or cannot be written to.`);
  }
}
