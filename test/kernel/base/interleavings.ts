// Runs assembly/base/parallel.ts as plain JavaScript, every atomic access a point where threads may be exchanged, and
// goes through all schedules of a driver and its helpers that exchange a thread which could have gone on at most so
// many times (Musuvathi & Qadeer 2007: few such exchanges show nearly every error).
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';

const source = readFileSync(new URL('../../../assembly/base/parallel.ts', import.meta.url), 'utf8');

/**
 * Epochs and turns share a number, six bits of it turns; nobody is patient; ends of stretches are no safer than turns.
 */
const SMALLER: Change[] = [
  [/\(<u64>epoch << 32\) \| <u64>\(to - from\)/, '(epoch << 6) | (to - from)'],
  [/<i32>counter/, '(counter & 63)'],
  [/<i32>\(\(<i64>count \* s\) \/ stretches\)/, '((count * s - ((count * s) % stretches)) / stretches)'],
  [/store<i32>\(stretch, to, END\)/, 'atomic.store<i32>(stretch, to, END)'],
  [/load<i32>\(stretch, END\)/, 'atomic.load<i32>(stretch, END)'],
  [/PATIENCE: i32 = \d+/, 'PATIENCE: i32 = 1'],
  [/LONG_PATIENCE: i32 = \d+/, 'LONG_PATIENCE: i32 = 1'],
  [/TURNS: i32 = \d+/, 'TURNS: i32 = 2'],
  [/function claimed\(\): void \{\}/, 'function claimed(): void { atomic.pause<i32>(); }'],
];

export type Change = [old: RegExp, changed: string];
type Work<T = unknown> = Generator<Access, T, number>;
type Task = (record: number, index: number, thread: number) => Work;

/** What a thread is about to do; the scheduler does it. */
type Access = (self: Thread) => number | undefined;

interface Thread {
  work: Work;
  /** Asleep at this address, until it is woken or, where it may be, until its time is over. */
  asleep?: { at: number; timed: boolean; since: number };
  reply: number;
  ended: boolean;
}

export interface Parallel {
  fork(most: number): Work;
  join(): Work;
  parallelFor(task: Task, count: number, record: number): Work;
  parallelInOrder(task: Task, count: number, record: number): Work;
  awaitCount(at: number, least: number): Work;
  help(thread: number): Work<boolean>;
  /** A point where threads may be exchanged. */
  pause(): Work;
  /** Makes the count at `at` 1. */
  raise(at: number): Work;
}

/** The text from `open`, a parenthesis, to its partner. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; ; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
}

/** Calls of generators become (yield* ...). */
function yielding(text: string, call: RegExp): string {
  let out = '';
  for (let rest = text; ; ) {
    const found = call.exec(rest);
    if (!found) return out + rest;
    let end = closing(rest, found.index + found[0].length - 1);
    if (rest[end + 1] === '(') end = closing(rest, end + 1); // what a call returns is called
    out += `${rest.slice(0, found.index)}(yield* ${found[0]}`;
    rest = `${rest.slice(found.index + found[0].length, end + 1)})${rest.slice(end + 1)}`;
  }
}

function translated(changes: readonly Change[]): string {
  let text = source;
  for (const [old, changed] of [...SMALLER, ...changes]) {
    if (!old.test(text)) throw new Error(`parallel.ts has no ${old}`);
    text = text.replace(old, changed);
  }
  text = text.replace(/@inline/g, '').replace(/^export (?=function|let)/gm, '');
  const { code } = transformSync(text, { loader: 'ts' });
  return yielding(
    code,
    new RegExp(
      String.raw`\batomic\.\w+\(|(?<!function )\b(run|publish|turn|turnOf|claimed|sleep|task)\(|` +
        String.raw`\bchangetype\((?=load\(shared, (TASK|WAIT)\)\)\()`,
    ),
  )
    .replace(/^function (?=\w)/gm, 'function* ')
    .replace(/^export \{[^}]*\};?$/gm, '');
}

/** Shared memory, and the accesses to it. */
class Memory {
  private readonly cells = new Map<number, unknown>();
  threads: Thread[] = [];
  private sleeps = 0;

  get(at: number): number {
    return (this.cells.get(at) as number) ?? 0;
  }

  private *change(at: number, next: (old: number) => number): Work<number> {
    return yield () => {
      const old = this.get(at);
      this.cells.set(at, next(old));
      return old;
    };
  }

  readonly atomic = {
    load: (at: number, offset = 0) => this.change(at + offset, (old) => old),
    store: (at: number, x: number, offset = 0) => this.change(at + offset, () => x),
    add: (at: number, x: number, offset = 0) => this.change(at + offset, (old) => old + x),
    sub: (at: number, x: number, offset = 0) => this.change(at + offset, (old) => old - x),
    cmpxchg: (at: number, old: number, x: number, offset = 0) =>
      this.change(at + offset, (now) => (now === old ? x : now)),
    pause: () => this.change(-1, (old) => old),
    wait: function* (this: Memory, at: number, expected: number, time: number): Work<number> {
      return yield (self: Thread) => {
        if (this.get(at) !== expected) return 1;
        self.asleep = { at, timed: time >= 0, since: ++this.sleeps };
        return undefined;
      };
    }.bind(this),
    notify: function* (this: Memory, at: number, count: number): Work<number> {
      return yield () => {
        const woken = this.threads.filter(({ asleep }) => asleep?.at === at).slice(0, count);
        for (const thread of woken) wake(thread, 0);
        return woken.length;
      };
    }.bind(this),
  };

  load(at: number, offset = 0): unknown {
    return this.cells.get(at + offset);
  }

  store(at: number, x: unknown, offset = 0): void {
    this.cells.set(at + offset, x);
  }
}

function wake(thread: Thread, reply: number): void {
  thread.asleep = undefined;
  thread.reply = reply;
}

/** parallel.ts, with these changes made to its text, as each thread of a team has it. */
export function translate(changes: readonly Change[] = []) {
  const names = ['memory', 'atomic', 'load', 'store', 'changetype', 'i32', 'min'];
  const exported = 'fork, join, parallelFor, parallelInOrder, awaitCount, help';
  const more = 'pause: () => atomic.pause(), raise: (at) => atomic.store(at, 1)';
  const body = `${translated(changes)}; return { ${exported}, ${more} };`;
  const make = new Function(...names, body);
  const same = (x: unknown) => x;
  return (memory: Memory): Parallel =>
    make(
      { data: () => 0 },
      memory.atomic,
      (at: number, offset?: number) => memory.load(at, offset),
      (at: number, x: unknown, offset?: number) => memory.store(at, x, offset),
      same,
      { MAX_VALUE: 2 ** 31 - 1 },
      Math.min,
    );
}

type Make = ReturnType<typeof translate>;

/** A schedule: at each point the how-manieth of the threads that could go on did, and how many there were. */
interface Choice {
  taken: number;
  of: number;
}

/** Runs the threads by the schedule, then by first choices, which it adds. */
function run(memory: Memory, schedule: Choice[], exchanges: number): void {
  const { threads } = memory;
  let current = threads[0];
  let left = exchanges;
  for (let step = 0; threads.some(({ ended }) => !ended); step++) {
    if (step > 3000) throw new Error('does not end');
    const awake = threads.filter((t) => !t.ended && !t.asleep);
    const dozing = threads.filter((t) => t.asleep?.timed);
    const free = awake.includes(current);
    let choices: Thread[];
    if (free)
      choices = left > 0 ? [current, ...[...awake, ...dozing].filter((t) => t !== current)] : [current];
    else
      choices =
        awake.length > 0 ? awake : dozing.sort((a, b) => a.asleep!.since - b.asleep!.since).slice(0, 1);
    if (choices.length === 0) throw new Error('all wait for ever');
    if (step === schedule.length) schedule.push({ taken: 0, of: choices.length });
    const { taken } = schedule[step];
    if (free && taken > 0) left--;
    current = choices[taken];
    if (current.asleep) wake(current, 2);
    const { done, value } = current.work.next(current.reply);
    if (done) current.ended = true;
    else current.reply = (value as Access)(current) ?? 2;
  }
}

/**
 * Tries every schedule with at most so many exchanges of a thread that could have gone on. `program` is the driver and
 * its helpers, made anew for each. Returns how many there were; throws what a thread throws, and where all wait.
 */
export function explore(make: Make, exchanges: number, program: (create: () => Parallel) => Work[]): number {
  const schedule: Choice[] = [];
  for (let count = 1; ; count++) {
    const memory = new Memory();
    memory.threads = program(() => make(memory)).map((work) => ({ work, reply: 0, ended: false }));
    run(memory, schedule, exchanges);
    while (schedule.length > 0 && schedule.at(-1)!.taken === schedule.at(-1)!.of - 1) schedule.pop();
    const last = schedule.at(-1);
    if (!last) return count;
    last.taken++;
  }
}
