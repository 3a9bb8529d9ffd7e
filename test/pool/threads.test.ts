// Threads that are lent to calls on large matrices, by an engine whose threads are a few lines: whatever ends at
// whatever moment, every call settles, no thread is lost or one too many, and nothing is kept.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compiled } from '../../src/kernel/load.js';
import { compileShared } from '../../src/kernel/shared.js';
import type { Task } from '../../src/pool/task.js';
import type { HelpMessage, TaskMessage } from '../../src/pool/team.js';
import type { Launch, Reply } from '../../src/pool/thread.js';
import { ThreadPool } from '../../src/pool/threads.js';

const small: Task = { names: [], tensor: { data: [], shape: [2, 2] } };
const large: Task = { names: ['matrixRank'], tensor: { data: [], shape: [600, 600] } };

// Timers fire at the next turn of the event loop: what happens after so many turns is always the same.
beforeAll(async () => {
  await compiled();
  await compileShared();
  vi.stubGlobal('setTimeout', (then: () => void) => setImmediate(then));
});
afterAll(() => {
  vi.unstubAllGlobals();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const pass = async (turns: number) => {
  for (let k = 0; k < turns; k++) await turn();
};

/** What the promise resolves to, within a thousand turns. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  let open = true;
  const end = () => {
    open = false;
  };
  promise.then(end, end);
  for (let k = 0; open; k++) {
    if (k === 1000) throw new Error('never settles.');
    await pass(1);
  }
  return promise;
}

/** One thread of the engine. */
interface Member {
  role: 'starting' | 'idle' | 'small' | 'driver' | 'helper';
  die(): void;
}

/** An engine whose threads reply a turn after they were asked; drivers need ten. `starts` says which one starts. */
function crew(starts: (id: number) => boolean = () => true) {
  const alive: Member[] = [];
  const seen = { started: 0, most: 0, helped: 0, envelopes: 0 };
  const envelope = () => {
    seen.envelopes++;
    return { close: () => seen.envelopes-- } as unknown as MessagePort;
  };
  const launch: Launch = (hear, broken) => {
    const id = seen.started++;
    const isAlive = () => alive.includes(self);
    const leave = () => isAlive() && alive.splice(alive.indexOf(self), 1);
    const self: Member = { role: 'starting', die: () => leave() && broken('has ended') };
    const reply = (r: Reply) => {
      self.role = 'idle';
      if (isAlive()) hear(r);
    };
    seen.most = Math.max(seen.most, alive.push(self));
    return {
      async post(message) {
        const {
          control,
          envelope: given,
          team,
          kernel,
        } = message as Partial<HelpMessage & TaskMessage> & {
          kernel?: object;
        };
        self.role = control ? 'helper' : team ? 'driver' : kernel ? 'starting' : 'small';
        await turn();
        if (control) {
          seen.helped++;
          while (isAlive() && Atomics.load(control, 0) === 0) await turn();
          if (isAlive()) reply({ results: [given] });
          else given!.close();
        } else if (kernel && !starts(id)) self.die();
        else {
          if (team && isAlive()) hear({ envelopes: Array.from({ length: team.threads - 1 }, envelope) });
          await pass(team ? 10 : 0);
          reply({ results: ['done'] });
        }
      },
      end: () => {
        leave(); // at once, and tells of it later
        return turn().then(() => broken('has ended'));
      },
    };
  };
  return { alive, seen, launch };
}

const outcome = (calls: readonly Promise<unknown[]>[]) =>
  Promise.all(
    calls.map((call) =>
      call.then(
        ([done]) => done,
        (error: Error) => error.message,
      ),
    ),
  );

/** `what` happens after each number of turns while two large calls and two small ones are under way on 3 threads. */
async function disturb(
  what: (threads: ThreadPool, alive: readonly Member[], stop: AbortController) => unknown,
) {
  const ends = new Set<unknown>();
  for (let k = 0; k < 30; k++) {
    const { alive, seen, launch } = crew();
    const threads = new ThreadPool(3, [launch]);
    const stop = new AbortController();
    const first = [large, small, small].map((task) => threads.run(task, stop.signal));
    const then = first.slice(0, 2).map(async (call) => {
      await call.catch(() => {});
      return threads.run(large, stop.signal);
    });
    await pass(k);
    what(threads, alive, stop);
    for (const end of await outcome([...first, ...then])) ends.add(end);
    for (const end of await outcome([large, small, small].map((task) => threads.run(task))))
      ends.add(`later: ${end}`);
    await settled(threads.close());
    await pass(12);
    expect(seen.most).toBeLessThanOrEqual(3);
    expect(alive).toEqual([]);
    expect(seen.envelopes).toBe(0);
  }
  return [...ends].sort();
}

describe('at every moment', () => {
  it('nothing: no more threads than were asked for are started', async () => {
    expect(await disturb(() => {})).toEqual(['done', 'later: done']);
  });

  it('an abort rejects the calls, and later ones work', async () => {
    expect(await disturb((_, __, stop) => stop.abort(new Error('enough')))).toEqual([
      'done',
      'enough',
      'later: done',
    ]);
  });

  it('close() rejects the calls, and later ones', async () => {
    const closed = 'RankPool: the pool is closed.';
    expect(await disturb((threads) => threads.close())).toEqual([closed, 'done', `later: ${closed}`]);
  });

  it.each([0, 1, 2])('the death of thread %i rejects what it is at, and later calls work', async (which) => {
    const ended = 'RankPool: a thread of the pool has ended';
    const allowed = [
      `createRankPool: no thread could be started. ${ended}.`,
      `${ended} while it helped another.`,
      `${ended}.`,
      'done',
      'later: done',
    ];
    const ends = await disturb((_, alive) => alive[which]?.die());
    expect(allowed).toEqual(expect.arrayContaining(ends));
    expect(ends).toEqual(
      expect.arrayContaining([`${ended} while it helped another.`, 'done', 'later: done']),
    );
  });
});

it('a helper is called back for a small call, and comes again', async () => {
  const { seen, launch } = crew();
  const threads = new ThreadPool(2, [launch]);
  const driver = threads.run(large);
  while (seen.helped === 0) await pass(1);
  expect(await settled(threads.run(small))).toEqual(['done']);
  await settled(driver);
  expect(seen).toMatchObject({ started: 2, most: 2 });
  await settled(threads.close());
});

it('an abort at once of a call that has its thread ends no other', async () => {
  const { launch } = crew();
  const threads = new ThreadPool(2, [launch]);
  await settled(threads.run(small));
  const stop = new AbortController();
  const first = threads.run(small, stop.signal); // takes the idle thread
  const second = threads.run(small); // waits for one
  stop.abort(new Error('stopped'));
  await expect(settled(first)).rejects.toThrow('stopped');
  expect(await settled(second)).toEqual(['done']);
  await settled(threads.close());
});

it('large calls one after the other run on the same threads', async () => {
  const { seen, launch } = crew();
  const threads = new ThreadPool(2, [launch]);
  for (let k = 0; k < 5; k++) expect(await settled(threads.run(large))).toEqual(['done']);
  await pass(5); // the last helper comes back
  expect(seen).toMatchObject({ started: 2, most: 2, envelopes: 0 });
  expect(seen.helped).toBeGreaterThanOrEqual(4);
  await settled(threads.close());
});

it('a call goes on without helpers that cannot be started, and none is tried again for it', async () => {
  const { seen, launch } = crew((id) => id === 0);
  const threads = new ThreadPool(4, [launch]);
  expect(await settled(threads.run(large))).toEqual(['done']);
  expect(await settled(threads.run(large))).toEqual(['done']);
  expect(seen.started).toBe(4);
  await expect(settled(Promise.all([threads.run(small), threads.run(small)]))).rejects.toThrow(
    'createRankPool: no thread could be started. RankPool: a thread of the pool has ended.',
  );
  expect(await settled(threads.run(small))).toEqual(['done']);
  await settled(threads.close());
});

it('a helper that could not begin is no loss', async () => {
  const { launch } = crew();
  const unable: Launch = (hear, broken) => {
    const raw = launch(hear, broken);
    return {
      ...raw,
      post(message, transfer) {
        if (!('envelope' in (message as object))) return raw.post(message, transfer);
        (message as HelpMessage).envelope.close();
        setImmediate(hear, { results: [] });
      },
    };
  };
  const threads = new ThreadPool(2, [unable]);
  expect(await settled(threads.run(large))).toEqual(['done']);
  await settled(threads.close());
});
