// A run on a terminal: the progress bar, rows written in order, and an end when Ctrl-C comes.
import { MemoryError } from '../files/budget.js';
import { Channel } from '../files/channel.js';
import { run as runJob } from '../files/run.js';
import type { Event, Job } from '../files/types.js';
import { printable } from '../formats/errors.js';
import type { Arguments } from './args.js';
import { NameFilter } from './name-filter.js';
import { noProgress } from './progress.js';
import { UsageError } from './usage-error.js';
import type { Screen } from './writer.js';

export interface Plan<Row> {
  /** Reads, and puts what becomes of it into the channel. */
  produce(job: Job, out: Channel<Event<Row>>): Promise<void>;
  /** Rows of this file follow. */
  file?(name: string): void;
  /** Writes a row, in order; returns false when it failed. */
  row(row: Row): boolean;
  /** After the last row, and when the run is interrupted: what is held back is written. */
  flush?(): void;
  /** At the end; is told the exit status so far, and returns the last one. */
  finish(status: number): number | Promise<number>;
}

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

/** Runs a plan and returns the exit status. */
export async function run<Row>(args: Arguments, screen: Screen, plan: Plan<Row>): Promise<number> {
  const { threads, memory, tolerance, metrics } = args;
  const progress = process.stderr.isTTY
    ? (await import('./progress-bar.js')).createProgress(process.stderr)
    : noProgress;
  const events = new Channel<Event<Row>>();
  const filter = args.filter === undefined ? undefined : new NameFilter(args.filter);
  let status = 0;
  let done = 0;
  const write = (event: Event<Row>) => {
    if ('file' in event) return plan.file?.(event.file);
    if ('broken' in event) {
      screen.err(`matrix-rank: ${printable(event.broken)}\n`);
      status = 1;
      return;
    }
    if (!plan.row(event.row)) status = 1;
    progress.done(++done);
  };

  process.once('SIGINT', () => {
    progress.stop();
    for (const event of events.settled()) write(event);
    plan.flush?.();
    screen.err('matrix-rank: interrupted.\n');
    process.exit(130); // ends the threads, whatever they are at
  });

  const settings = {
    threads,
    memory,
    tolerance,
    metrics,
    layout: args.layout,
    spectra: args.html !== undefined || args.heavyTail,
    filter: filter && ((name: string) => filter.test(name)),
    watch: progress,
  };
  try {
    for await (const event of runJob<Row>(settings, plan.produce, events))
      progress.around(() => write(event));
  } catch (error) {
    throw error instanceof MemoryError ? new UsageError(`--${error.message}`) : error;
  } finally {
    progress.stop();
  }
  if (filter?.problem !== undefined) write({ broken: filter.problem });
  plan.flush?.();
  return plan.finish(status);
}
