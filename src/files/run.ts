// One run: the threads, the memory budget, what is under way, and rows in order. The command, rankFile and the jobs of
// a queue are such runs; each brings its own producer and its own reader of the rows.
import type { ReadOptions } from '../formats/types.js';
import type { AbortSignalLike, RankOptions } from '../types.js';
import { createBudget } from './budget.js';
import { Channel } from './channel.js';
import { Team } from './team.js';
import type { Event, Job } from './types.js';

/** What a run is told. */
export interface Settings {
  /** Default: one for each core. */
  threads?: number;
  /** Bytes; undefined: a quarter of the machine's. */
  memory?: number;
  tolerance: RankOptions;
  /** 'cheap': where they take no longer than the rank did (cheap.ts). */
  metrics: boolean | 'cheap';
  /** Also the singular values. */
  spectra: boolean;
  filter?: ReadOptions['filter'];
  /** How tensors of three dimensions and more are meant, whatever the file says. */
  layout?: ReadOptions['layout'];
  signal?: AbortSignalLike;
  watch?: Watch;
}

/** Told how far a run is. */
export interface Watch {
  /** Bytes read of all files, those of them whose tensors wait or are worked on, and the size of the files. */
  bytes(read: number, waiting: number, total: number): void;
  /** The oldest tensor under way; '' when there is none. */
  current(name: string): void;
}

/** Runs `produce` beside whoever reads the events, and ends the threads when either has ended. */
export async function* run<R>(
  settings: Settings,
  produce: (job: Job, out: Channel<Event<R>>) => Promise<void>,
  events = new Channel<Event<R>>(),
): AsyncGenerator<Event<R>> {
  const { memory, tolerance, metrics, spectra, filter, layout, signal } = settings;
  const { budget, threads } = await createBudget(memory, settings.threads);
  const team = new Team(threads);
  const stop = new AbortController();
  const abort = () => {
    stop.abort(signal?.reason);
    team.close(); // what is under way ends at once, whatever it is at
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    const job: Job = {
      run: (task) => team.run(task),
      budget,
      tolerance,
      metrics,
      spectra,
      read: { signal: stop.signal, filter, layout },
      ...watched(settings.watch),
    };
    const produced = produce(job, events).finally(() => events.end());
    produced.catch(() => {}); // awaited below, unless the reader goes first
    for await (const event of events) {
      signal?.throwIfAborted();
      yield event;
    }
    signal?.throwIfAborted();
    await produced;
  } finally {
    signal?.removeEventListener('abort', abort);
    stop.abort();
    await team.close();
  }
}

/** Sums over files and tensors what a Watch is told. */
function watched(watch: Watch | undefined): Pick<Job, 'onProgress' | 'begin'> {
  if (watch === undefined) return { onProgress() {}, begin: () => () => {} };
  const sizes = new Map<string, [read: number, total: number]>();
  const under = new Set<{ name: string; bytes: number }>(); // the tensors under way, oldest first
  const sums: [read: number, total: number] = [0, 0];
  let waiting = 0; // bytes under way
  const showBytes = () => watch.bytes(sums[0], waiting, sums[1]);
  const show = () => {
    watch.current(under.values().next().value?.name ?? '');
    showBytes();
  };
  return {
    onProgress(file, read, total) {
      const before = sizes.get(file) ?? [0, 0];
      sums[0] += read - before[0];
      sums[1] += total - before[1];
      sizes.set(file, [read, total]);
      showBytes();
    },
    begin(name, bytes) {
      const entry = { name, bytes };
      under.add(entry);
      waiting += bytes;
      show();
      return () => {
        if (under.delete(entry)) waiting -= bytes;
        show();
      };
    },
  };
}
