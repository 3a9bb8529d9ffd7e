// Loops whose turns run on all threads that share this memory: fork and join.
//
// The turns of a loop are claimed one by one from counters that are tagged with the loop's number (its epoch), both
// in one 64-bit word. Each thread has a stretch of the turns with a counter of its own, and when that is empty goes on
// to the next: what a thread has written in one loop it mostly finds in its own cache in the next (to fetch it from
// another core's takes as long as to compute with it). The driver, which runs everything else, claims too, and at the
// end waits only for turns that others have claimed: a helper that comes late, or never, costs nothing. Helpers look
// for work for some microseconds, then sleep. With no helpers this is a plain loop. Every order in which threads can
// get at these words is tried by test/kernel/base/parallel.interleavings.test.ts; an epoch that comes again after 2^32
// loops does no harm.
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

/** Stretches of turns at most: threads beyond share theirs. */
const MOST_STRETCHES: i32 = 16;

// One cache line for what threads tell each other, one for what does not change during a loop, one for each stretch.
const LINE: usize = 64;
const shared = memory.data(1152, 64);
const EPOCH: usize = 0;
const DONE: usize = 4; // turns that helpers have done
const SLEEPING: usize = 8; // helpers asleep
const WAITING: usize = 12; // the driver sleeps until DONE grows
const OVER: usize = 16; // the call has ended
const WAIT: usize = 20; // waitFor()
const TASK: usize = 64;
const RECORD: usize = 68;
const STRETCHES: usize = 72;
const FIRST: usize = 128; // of the stretches
const LEFT: usize = 0; // turns left, below the epoch
const END: usize = 8; // the turn behind the last

type Wait = (at: usize, value: i32, nanoseconds: i64) => i32;

function waitFor(at: usize, value: i32, nanoseconds: i64): i32 {
  return atomic.wait<i32>(at, value, nanoseconds);
}

/**
 * atomic.wait, in a function of its own that no optimiser can put into another. V8 11 (Node 20), until its optimising
 * compiler is through, stores the address of a wait as eight bytes where it has kept four, and so clears the low half
 * of the value beside it: of the last local variable of the function.
 */
function sleep(at: usize, value: i32, nanoseconds: i64): i32 {
  store<usize>(shared, changetype<usize>(waitFor), WAIT);
  return changetype<Wait>(load<usize>(shared, WAIT))(at, value, nanoseconds);
}

/** Opens a call with that many threads at most. */
export function fork(most: i32): void {
  threads = most;
  if (most == 1) return;
  store<i32>(shared, min(most, MOST_STRETCHES), STRETCHES);
  atomic.store<u32>(shared, 0, OVER);
}

/** Ends it: helpers leave. */
export function join(): void {
  if (threads > 1) {
    atomic.store<u32>(shared, 1, OVER);
    publish(0, 1);
  }
  threads = 1;
}

/** Begins an epoch with so many turns, in so many stretches. */
function publish(count: i32, stretches: i32): void {
  const epoch = atomic.load<u32>(shared, EPOCH) + 1;
  let from = 0;
  for (let s = 1; s <= stretches; s++) {
    const to = <i32>((<i64>count * s) / stretches);
    const stretch = shared + FIRST + <usize>(s - 1) * LINE;
    store<i32>(stretch, to, END);
    atomic.store<u64>(stretch, (<u64>epoch << 32) | <u64>(to - from), LEFT);
    from = to;
  }
  atomic.store<u32>(shared, epoch, EPOCH);
  if (atomic.load<u32>(shared, SLEEPING)) atomic.notify(shared + EPOCH, i32.MAX_VALUE);
}

/** Claims a turn of a stretch and runs it. False where none is left. */
// @ts-ignore: decorator
@inline
function turnOf(stretch: usize, thread: i32): bool {
  for (;;) {
    const counter = atomic.load<u64>(stretch, LEFT);
    const left = <i32>counter;
    if (left == 0) return false;
    if (atomic.cmpxchg<u64>(stretch, counter, counter - 1, LEFT) != counter) continue;
    claimed();
    // The loop cannot end before this turn has: what describes it stands still.
    changetype<Task>(load<usize>(shared, TASK))(load<usize>(shared, RECORD), load<i32>(stretch, END) - left, thread);
    return true;
  }
}

/** The same of the thread's own stretch, or of the first behind it where one is left. */
function turn(thread: i32): bool {
  const stretches = load<i32>(shared, STRETCHES);
  for (let k = 0; k < stretches; k++) {
    if (turnOf(shared + FIRST + <usize>((thread + k) % stretches) * LINE, thread)) return true;
  }
  return false;
}

/** Where the stress test delays a thread. */
// @ts-ignore: decorator
@inline
function claimed(): void {}

/** task(record, 0 .. count, thread), on all threads, in any order. */
export function parallelFor(task: Task, count: i32, record: usize): void {
  run(task, count, record, load<i32>(shared, STRETCHES));
}

/** The same, claimed in order: a turn may wait for what those before it do (awaitCount). */
export function parallelInOrder(task: Task, count: i32, record: usize): void {
  run(task, count, record, 1);
}

function run(task: Task, count: i32, record: usize, stretches: i32): void {
  if (threads == 1 || count < 2) {
    for (let i = 0; i < count; i++) task(record, i, 0);
    return;
  }
  store<usize>(shared, changetype<usize>(task), TASK);
  store<usize>(shared, record, RECORD);
  atomic.store<u32>(shared, 0, DONE);
  publish(count, stretches);
  let others = count;
  while (turn(0)) others--;
  for (let looks = 0; ; looks++) {
    const done = atomic.load<i32>(shared, DONE);
    if (done == others) return;
    if (looks < PATIENCE) continue;
    atomic.store<u32>(shared, 1, WAITING);
    sleep(shared + DONE, done, -1);
    atomic.store<u32>(shared, 0, WAITING);
  }
}

/**
 * Waits until the count at `at`, which only grows, is at least so much. Only turns before the caller's, claimed in
 * order, may be waited for: they have been claimed, and wait for none behind them, so that the first that is not done
 * waits for nobody. Nobody is woken: who waits sleeps a little and looks again, and never spins for long, since the
 * thread that it waits for may need its core.
 */
export function awaitCount(at: usize, least: i32): void {
  for (let looks = 0; ; looks++) {
    const count = atomic.load<i32>(at);
    if (count >= least) return;
    if (looks >= LONG_PATIENCE) sleep(at, count, DOZE);
  }
}

/** A helper's part: takes turns until the call has ended (true), or for a while (false). */
export function help(thread: i32): bool {
  let turns = 0;
  let done = atomic.load<i32>(shared, EPOCH) - 1; // the epoch that has no turn left
  for (let looks = 0; turns < TURNS; looks++) {
    const epoch = atomic.load<i32>(shared, EPOCH);
    if (epoch != done && turn(thread)) {
      turns++;
      looks = 0;
      atomic.add<i32>(shared, 1, DONE);
      if (atomic.load<u32>(shared, WAITING)) atomic.notify(shared + DONE, 1);
      continue;
    }
    done = epoch;
    if (atomic.load<u32>(shared, OVER)) return true;
    if (looks < PATIENCE) continue;
    atomic.add<u32>(shared, 1, SLEEPING);
    const timedOut = sleep(shared + EPOCH, epoch, SLEEP) == 2;
    atomic.sub<u32>(shared, 1, SLEEPING);
    if (timedOut) return false;
    looks = 0;
  }
  return false;
}
