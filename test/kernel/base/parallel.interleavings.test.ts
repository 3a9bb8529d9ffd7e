// parallelFor and its helpers, in every order in which a few threads can get at what they share: each turn runs once
// and in its own loop, a loop ends when all its turns have, and nobody waits for ever. So that this is known to find
// errors, some are made.
import { expect, it } from 'vitest';
import { type Change, explore, type Parallel, translate } from './interleavings.js';

/** Somewhere in memory that tasks use. */
const DONE_OF = 1000;

/** Loops of so many turns, one after the other, on a driver and helpers; where `chained`, a turn waits for the last. */
function program(loops: readonly number[], helpers: number, chained = false) {
  return (create: () => Parallel) => {
    let running = 0;
    let loop = -1;
    let runs: number[] = [];

    const taskOf = (p: Parallel) =>
      function* (record: number, index: number) {
        if (record !== loop) throw new Error(`a turn of loop ${record} in loop ${loop}`);
        running++;
        runs[index]++;
        if (chained && index > 0) yield* p.awaitCount(DONE_OF + 100 * record + index - 1, 1);
        else yield* p.pause();
        if (record !== loop) throw new Error('a loop has ended before its turns');
        running--;
        if (chained) yield* p.raise(DONE_OF + 100 * record + index);
      };

    function* driver(p: Parallel) {
      yield* p.fork(helpers + 1);
      for (const count of loops) {
        runs = new Array(count).fill(0);
        loop++;
        yield* p[chained ? 'parallelInOrder' : 'parallelFor'](taskOf(p), count, loop);
        if (running > 0) throw new Error('a loop has ended before its turns');
        if (runs.some((times) => times !== 1)) throw new Error(`turns ran ${runs} times`);
      }
      yield* p.join();
    }
    function* helper(p: Parallel, thread: number) {
      while (!(yield* p.help(thread)));
    }
    return [driver(create()), ...Array.from({ length: helpers }, (_, i) => helper(create(), i + 1))];
  };
}

it.each([
  [1, 2, [3, 2]],
  [2, 1, [3, 2]],
  [3, 1, [2, 3]],
])('%i helpers, %i exchanges', (helpers, exchanges, loops) => {
  expect(explore(translate(), exchanges, program(loops, helpers))).toBeGreaterThan(100);
});

it('turns that wait for those before them', () => {
  expect(explore(translate(), 1, program([3, 2], 2, true))).toBeGreaterThan(100);
});

it('threads that share a stretch', () => {
  const two: Change = [/MOST_STRETCHES: i32 = \d+/, 'MOST_STRETCHES: i32 = 2'];
  expect(explore(translate([two]), 1, program([3, 2], 2))).toBeGreaterThan(100);
});

// What is claimed is read after the claim: a helper that wakes up 2^32 loops later takes a turn of the loop that runs.
it('loops of the same number', () => {
  const same: Change = [/EPOCH\) \+ 1/, 'EPOCH) + 0'];
  expect(explore(translate([same]), 2, program([3, 2, 3], 1))).toBeGreaterThan(100);
});

const ERRORS: [what: string, change: Change, error: RegExp][] = [
  [
    'two take one turn',
    [
      /if \(atomic.cmpxchg<u64>\(stretch, counter, counter - 1, LEFT\) != counter\) continue;/,
      'atomic.store<u64>(stretch, counter - 1, LEFT);',
    ],
    /turns ran|does not end|wait for ever/,
  ],
  [
    'a turn is done before it has run',
    [/claimed\(\);\n/, 'claimed(); if (thread) atomic.add<i32>(shared, 1, DONE);\n'],
    /ended before|does not end/,
  ],
  [
    'a stretch is open before its end is known',
    [/(atomic.store<i32>\(stretch, to, END\);)\s*(atomic.store<u64>.*LEFT\);)/, '$2 $1'],
    /turns ran|does not end/,
  ],
  ['nobody wakes the driver', [/atomic.store<u32>\(shared, 1, WAITING\);/, ''], /wait for ever|does not end/],
];

it.each(ERRORS)('finds that %s', (_, change, error) => {
  expect(() => explore(translate([change]), 2, program([3, 2, 3], 1))).toThrow(error);
});
