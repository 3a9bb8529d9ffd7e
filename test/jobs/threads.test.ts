// The pool of jobs that are given none: open while there are tasks, closed when there have been none for a while.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { lentPool } from '../../src/jobs/threads.js';
import type { Task } from '../../src/pool/task.js';

const task: Task = { names: [], tensor: { data: [], shape: [] } };
const log: string[] = [];
let settle: (() => void)[] = [];
let fails = false;

function open() {
  log.push('open');
  return {
    run: () =>
      new Promise<unknown[]>((resolve, reject) =>
        settle.push(() => (fails ? reject(new Error('no')) : resolve(['done']))),
      ),
    close: async () => {
      log.push('close');
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  log.length = 0;
  settle = [];
  fails = false;
});
afterEach(() => {
  vi.useRealTimers();
});

it('serves all tasks, and is closed when the last has ended and none has come', async () => {
  const run = lentPool(open, 1000);
  const calls = [run(task), run(task)];
  settle[0]();
  await calls[0];
  vi.advanceTimersByTime(5000); // the other is under way
  expect(log).toEqual(['open']);
  settle[1]();
  expect(await calls[1]).toEqual(['done']);
  vi.advanceTimersByTime(900);
  const third = run(task);
  vi.advanceTimersByTime(5000);
  settle[2]();
  await third;
  expect(log).toEqual(['open']);
  vi.advanceTimersByTime(1000);
  expect(log).toEqual(['open', 'close']);
});

it('is opened anew for a task that comes later, and closed after one that fails', async () => {
  fails = true;
  const run = lentPool(open, 1000);
  for (const expected of ['open,close', 'open,close,open,close']) {
    const call = expect(run(task)).rejects.toThrow('no');
    settle.pop()!();
    await call;
    vi.advanceTimersByTime(1000);
    expect(log.join()).toBe(expected);
  }
});
