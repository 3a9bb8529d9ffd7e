// Which task runs next, on threads whose tasks end when the test says so.
import { expect, it } from 'vitest';
import { Queue } from '../../src/pool/queue.js';
import type { Task } from '../../src/pool/task.js';

const small: Task = { names: ['matrixRank'], tensor: { data: [], shape: [10, 10] } };
const large: Task = { names: ['matrixRank'], tensor: { data: [], shape: [2000, 2000] } };
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** A queue of so many threads, and what they are at. */
function queue(count: number) {
  const running: { task: Task; end(): void }[] = [];
  const run = (task: Task) =>
    new Promise<unknown[]>((resolve) => {
      const entry = {
        task,
        end: () => {
          running.splice(running.indexOf(entry), 1);
          resolve([]);
        },
      };
      running.push(entry);
    });
  return { running, queue: new Queue({ count, run, close: async () => {} }) };
}

it('small tasks that never end to come do not keep a large one waiting', async () => {
  const { running, queue: tasks } = queue(2);
  for (let k = 0; k < 6; k++) tasks.run(small);
  tasks.run(large);
  for (let k = 0; k < 10; k++) {
    await turn();
    tasks.run(small);
    running.find(({ task }) => task === small)!.end();
  }
  expect(running.map(({ task }) => task)).toContain(large);
});

it('large tasks leave a thread to small ones that wait, and take it when none does', async () => {
  const { running, queue: tasks } = queue(3);
  for (let k = 0; k < 4; k++) tasks.run(large);
  for (let k = 0; k < 6; k++) tasks.run(small);
  const counts: number[] = [];
  for (let k = 0; k < 6; k++) {
    await turn();
    running.find(({ task }) => task === small)!.end();
    await turn();
    counts.push(running.filter(({ task }) => task === large).length);
  }
  expect(counts).toEqual([1, 2, 2, 2, 2, 3]);
});
