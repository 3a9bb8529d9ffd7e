// Loops whose turns run on all threads that share this memory: fork and join.
//
// The turns of a loop are claimed one by one from a counter that is tagged with the loop's number (its epoch), both
// in one 64-bit word. The driver, which runs everything else, claims too, and at the end waits only for turns that
// others have claimed: a helper that comes late, or never, costs nothing. Helpers look for work for some
// microseconds, then sleep. With no helpers this is a plain loop. Every order in which threads can get at these words
// is tried by test/kernel/base/parallel.interleavings.test.ts; an epoch that comes again after 2^32 loops does no harm.
//
// A task takes pointers: it reads no module variable (each thread has its own), allocates nothing and starts no loop
// of its own. How a loop is cut into turns, and in which order sums are formed, depends on the size of the problem
// alone: the same bits for any number of threads.

/** One turn of a loop. `record` is what it works on; `thread`, below `threads`, tells whose scratch to use. */
export type Task = (record: usize, index: i32, thread: i32) => void;

/** Threads that may take part: the driver and its helpers. */
export let threads: i32 = 1;

/** Looks at the counter before a helper sleeps: some 20 microseconds. */
const PATIENCE: i32 = 10000;

/** Turns, or nanoseconds of sleep, after which a helper asks its host whether it should leave. */
const TURNS: i32 = 16;
const SLEEP: i64 = 10_000_000;
/** Looks at a turn that is waited for, some 300 microseconds, and nanoseconds of sleep between later ones. */
const LONG_PATIENCE: i32 = 160000;
const DOZE: i64 = 100_000;

// One cache line for the counter, one for what does not change during a loop.
const shared = memory.data(128, 64);
const COUNTER: usize = 0; // turns left, below the epoch
const EPOCH: usize = 4;
const DONE: usize = 8; // turns that helpers have done
const SLEEPING: usize = 12; // helpers asleep
const WAITING: usize = 16; // the driver sleeps until DONE grows
const OVER: usize = 20; // the call has ended
const TASK: usize = 64;
const RECORD: usize = 68;
const COUNT: usize = 72;

/** Opens a call with that many threads at most. */
export function fork(most: i32): void {
  threads = most;
  if (most > 1) atomic.store<u32>(shared, 0, OVER);
}

/** Ends it: helpers leave. */
export function join(): void {
  if (threads > 1) {
    atomic.store<u32>(shared, 1, OVER);
    publish(0);
  }
  threads = 1;
}

/** Begins an epoch with so many turns. */
function publish(count: i32): void {
  const epoch = (atomic.load<u64>(shared, COUNTER) >> 32) + 1;
  atomic.store<u64>(shared, (epoch << 32) | <u64>count, COUNTER);
  if (atomic.load<u32>(shared, SLEEPING)) atomic.notify(shared + EPOCH, i32.MAX_VALUE);
}

/** Claims a turn and runs it. False where none is left. */
// @ts-ignore: decorator
@inline
function turn(thread: i32): bool {
  for (;;) {
    const counter = atomic.load<u64>(shared, COUNTER);
    const left = <i32>counter;
    if (left == 0) return false;
    if (atomic.cmpxchg<u64>(shared, counter, counter - 1, COUNTER) != counter) continue;
    claimed();
    // The loop cannot end before this turn has: what describes it stands still.
    changetype<Task>(load<usize>(shared, TASK))(load<usize>(shared, RECORD), load<i32>(shared, COUNT) - left, thread);
    return true;
  }
}

/** Where the stress test delays a thread. */
// @ts-ignore: decorator
@inline
function claimed(): void {}

/** task(record, 0 .. count, thread), on all threads. */
export function parallelFor(task: Task, count: i32, record: usize): void {
  if (threads == 1 || count < 2) {
    for (let i = 0; i < count; i++) task(record, i, 0);
    return;
  }
  store<usize>(shared, changetype<usize>(task), TASK);
  store<usize>(shared, record, RECORD);
  store<i32>(shared, count, COUNT);
  atomic.store<u32>(shared, 0, DONE);
  publish(count);
  let others = count;
  while (turn(0)) others--;
  for (let looks = 0; ; looks++) {
    const done = atomic.load<i32>(shared, DONE);
    if (done == others) return;
    if (looks < PATIENCE) continue;
    atomic.store<u32>(shared, 1, WAITING);
    atomic.wait<i32>(shared + DONE, done, -1);
    atomic.store<u32>(shared, 0, WAITING);
  }
}

/**
 * Waits until the count at `at` is at least so much. Only turns before the caller's may be waited for: they have been
 * claimed, and wait for none behind them.
 */
export function awaitCount(at: usize, least: i32): void {
  for (let looks = 0; ; looks++) {
    const count = atomic.load<i32>(at);
    if (count >= least) return;
    if (looks >= LONG_PATIENCE) atomic.wait<i32>(at, count, DOZE);
  }
}

/** A helper's part: takes turns until the call has ended (true), or for a while (false). */
export function help(thread: i32): bool {
  let turns = 0;
  for (let looks = 0; turns < TURNS; looks++) {
    const epoch = atomic.load<i32>(shared, EPOCH);
    if (turn(thread)) {
      turns++;
      looks = 0;
      atomic.add<i32>(shared, 1, DONE);
      if (atomic.load<u32>(shared, WAITING)) atomic.notify(shared + DONE, 1);
      continue;
    }
    if (atomic.load<u32>(shared, OVER)) return true;
    if (looks < PATIENCE) continue;
    atomic.add<u32>(shared, 1, SLEEPING);
    const timedOut = atomic.wait<i32>(shared + EPOCH, epoch, SLEEP) == 2;
    atomic.sub<u32>(shared, 1, SLEEPING);
    if (timedOut) return false;
    looks = 0;
  }
  return false;
}
