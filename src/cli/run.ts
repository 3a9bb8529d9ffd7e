// What every run has: the pool, the memory budget, the progress bar, rows in order, and an end when Ctrl-C comes.
import { availableParallelism } from 'node:os';
import type { Arguments } from './args.js';
import { createBudget } from './budget.js';
import { Channel } from './channel.js';
import { noProgress } from './progress.js';
import type { Event, Job } from './rows.js';
import { Team } from './team.js';
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
  const { filter, threads } = args;
  const team = new Team(threads);
  const progress = process.stderr.isTTY
    ? (await import('./progress-bar.js')).createProgress(process.stderr)
    : noProgress;
  const stop = new AbortController();
  const events = new Channel<Event<Row>>();
  let status = 0;
  let done = 0;
  const write = (event: Event<Row>) => {
    if ('file' in event) return plan.file?.(event.file);
    if ('broken' in event) {
      screen.err(`matrix-rank: ${event.broken}\n`);
      status = 1;
      return;
    }
    if (!plan.row(event.row)) status = 1;
    progress.done(++done);
  };

  process.once('SIGINT', () => {
    progress.stop();
    stop.abort();
    for (const event of events.settled()) write(event);
    plan.flush?.();
    screen.err('matrix-rank: interrupted.\n');
    process.exit(130); // ends the threads, whatever they are at
  });

  const sizes = new Map<string, [read: number, total: number]>();
  const sum = (k: 0 | 1) => [...sizes.values()].reduce((total, size) => total + size[k], 0);
  const under = new Set<{ name: string; bytes: number }>(); // the tensors under way, oldest first
  const showBytes = () => {
    const waiting = [...under].reduce((total, { bytes }) => total + bytes, 0);
    progress.bytes(sum(0), waiting, sum(1));
  };
  const job: Job = {
    run: (task) => team.run(task),
    budget: createBudget(args.memory, threads ?? availableParallelism()),
    tolerance: args.tolerance,
    metrics: args.metrics,
    spectra: args.html !== undefined,
    read: { signal: stop.signal, filter: filter && ((name) => filter.test(name)) },
    onProgress(file, read, total) {
      sizes.set(file, [read, total]);
      showBytes();
    },
    begin(name, bytes) {
      const entry = { name, bytes };
      under.add(entry);
      const show = () => {
        progress.current(under.values().next().value?.name ?? '');
        showBytes();
      };
      show();
      return () => {
        under.delete(entry);
        show();
      };
    },
  };

  try {
    const produced = plan.produce(job, events).finally(() => events.end());
    for await (const event of events) progress.around(() => write(event));
    await produced;
  } finally {
    progress.stop();
    await team.close();
  }
  plan.flush?.();
  return plan.finish(status);
}
