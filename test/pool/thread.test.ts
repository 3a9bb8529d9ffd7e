// Threads that fail, by engines made for it: every failure rejects the call that it hits with a sentence, and no other.
import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/pool/task.js';
import type { Launch, Reply } from '../../src/pool/thread.js';
import { ThreadPool } from '../../src/pool/threads.js';

const task = (rows: number): Task => ({
  names: ['matrixRank'],
  tensor: { data: new Float64Array(rows), shape: [rows, 1] },
});

/** An engine whose threads answer with the task's number of rows; `on` may do something else first. */
function engine(on: (message: Task, broken: (why: string) => void) => boolean | undefined = () => undefined) {
  const log: string[] = [];
  const launch: Launch = (hear, broken) => {
    log.push('start');
    return {
      post(message) {
        const reply = (r: Reply) => setTimeout(hear, 0, r);
        if ('kernel' in (message as object)) return reply({ results: [] });
        if (on(message as Task, broken)) return;
        reply({ results: [(message as Task).tensor.shape[0]] });
      },
      end: () => log.push('end'),
      hold: (busy) => log.push(busy ? 'hold' : 'release'),
    };
  };
  return { log, launch };
}

describe('threads', () => {
  it('start when they are needed, and work again and again', async () => {
    const { log, launch } = engine();
    const threads = new ThreadPool(2, [launch]);
    expect(log).toEqual([]);
    expect(await threads.run(task(3))).toEqual([3]);
    expect(await threads.run(task(4))).toEqual([4]);
    expect(log.filter((l) => l === 'start')).toHaveLength(1);
    expect(await Promise.all([threads.run(task(5)), threads.run(task(6))])).toEqual([[5], [6]]);
    expect(log.filter((l) => l === 'start')).toHaveLength(2);
    expect(log.at(-1)).toBe('release'); // nothing keeps the process
  });

  it('that die reject their call, and the next one starts another', async () => {
    const { log, launch } = engine(({ tensor }, broken) => {
      if (tensor.shape[0] !== 13) return undefined;
      setTimeout(broken, 0, 'failed: out of memory');
      return true;
    });
    const threads = new ThreadPool(1, [launch]);
    await expect(threads.run(task(13))).rejects.toThrow(
      'RankPool: a thread of the pool failed: out of memory.',
    );
    expect(log.slice(-2)).toEqual(['end', 'release']);
    expect(await threads.run(task(2))).toEqual([2]);
  });

  it('that still say something when they are ended keep the process until they have', async () => {
    const { log, launch } = engine();
    const threads = new ThreadPool(1, [launch]);
    const late = threads.run(task(3));
    while (log.filter((l) => l === 'hold').length < 2) await new Promise((resolve) => setTimeout(resolve));
    const closed = threads.close(); // its answer is on the way
    await expect(late).rejects.toThrow('RankPool: the pool is closed.');
    await closed;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(log).toEqual(['start', 'hold', 'release', 'hold', 'end']);
  });

  it('that die while they help reject the call that they help, and its driver ends', async () => {
    const log: string[] = [];
    let started = 0;
    const launch: Launch = (hear, broken) => {
      const id = started++;
      return {
        post(message) {
          const say = (reply: Reply) => setTimeout(hear, 0, reply);
          if ('kernel' in (message as object)) say({ results: [] });
          else if ('envelope' in (message as object)) setTimeout(broken, 0, 'has ended');
          else if (id === 0) say({ envelopes: [new MessageChannel().port2] });
          else say({ results: ['of another driver'] });
        },
        end: () => log.push(`end ${id}`),
      };
    };
    const threads = new ThreadPool(2, [launch]);
    const large: Task = { names: ['matrixRank'], tensor: { data: new Float32Array(1), shape: [600, 600] } };
    await expect(threads.run(large)).rejects.toThrow(
      'RankPool: a thread of the pool has ended while it helped another.',
    );
    expect(log).toContain('end 0');
    expect(await threads.run(task(2))).toEqual(['of another driver']);
  });

  it('that die while they are idle are not asked again', async () => {
    let kill = () => {};
    const { launch } = engine((_, broken) => {
      kill = () => broken('has ended');
      return undefined;
    });
    const threads = new ThreadPool(1, [launch]);
    await threads.run(task(1));
    kill();
    expect(await threads.run(task(2))).toEqual([2]);
  });

  it('that cannot be started in one way are started in the next, from then on', async () => {
    let tried = 0;
    const absent: Launch = () => {
      tried++;
      throw new Error('no file');
    };
    const unreadable: Launch = (_, broken) => {
      tried++;
      setTimeout(broken, 0, 'could not be loaded');
      return { post() {}, end() {} };
    };
    const { launch } = engine();
    const threads = new ThreadPool(2, [absent, unreadable, launch]);
    expect(await threads.run(task(7))).toEqual([7]);
    await Promise.all([threads.run(task(7)), threads.run(task(7))]);
    expect(tried).toBe(2);

    await expect(new ThreadPool(1, [unreadable]).run(task(1))).rejects.toThrow(
      'createRankPool: no thread could be started. RankPool: a thread of the pool could not be loaded.',
    );
    await expect(new ThreadPool(1, [absent]).run(task(1))).rejects.toThrow(
      'createRankPool: no thread could be started. no file.',
    );
  });

  it('bring errors over with their kinds', async () => {
    const kinds = ['TypeError', 'RangeError', 'Error', 'FormatError'];
    const launch: Launch = (hear) => ({
      post(message) {
        const { tensor } = message as Task;
        if (!tensor) setTimeout(hear, 0, { results: [] });
        else setTimeout(hear, 0, { fault: { name: kinds[tensor.shape[0]], message: 'a sentence.' } });
      },
      end() {},
    });
    const threads = new ThreadPool(1, [launch]);
    for (const [k, Kind] of [TypeError, RangeError, Error, Error].entries()) {
      const error = await threads.run(task(k)).catch((e) => e);
      expect([error.constructor, error.name, error.message]).toEqual([Kind, kinds[k], 'a sentence.']);
    }
  });

  it('end at once on close, started or not', async () => {
    const { launch } = engine(() => true); // never answers
    const threads = new ThreadPool(2, [launch]);
    const calls = [threads.run(task(1)), threads.run(task(1))].map((c) => c.catch((e) => e.message));
    await threads.close();
    expect(await Promise.all(calls)).toEqual([
      'RankPool: the pool is closed.',
      'RankPool: the pool is closed.',
    ]);
  });
});
