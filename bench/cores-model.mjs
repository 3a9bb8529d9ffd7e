// How far one large matrix gains from many cores, where few are there: the kernel, changed to tell of every loop and
// of every turn of one, runs each case on one thread; then its loops are scheduled on P threads, turn by turn as they
// are claimed, with what runs between them on one. Not in the model: caches and memory that cores share.
import { matrixRank, rankReport, singularValues } from '../dist/index.js';
import { exchange, imports } from '../dist/kernel/load.js';
import { sharedMemory } from '../dist/kernel/shared.js';
import { compileChanged, createTeam } from '../scripts/team.mjs';
import { CORES_CASES } from './lib/cores-cases.mjs';
import { readArguments } from './lib/run.mjs';

const USAGE = `node bench/cores-model.mjs [--case REGEX] [--serial]
  --serial  where the longest stretches on one thread are`;
const options = readArguments(USAGE, { serial: { type: 'boolean', default: false } });
const FUNCTIONS = { matrixRank, rankReport, singularValues };
const THREADS = [1, 2, 4, 8, 16];
/** Milliseconds until all have heard of a loop, and the driver of its end: measured for two threads on two cores. */
const BARRIER = 0.002;
const CLAIM = 0.0001;

const TELLING = [
  ['function claimed(): void {}', 'function claimed(): void { turned(); }'],
  [
    '/** task(record',
    `// @ts-ignore
@external('host', 'turned')
declare function turned(): void;
// @ts-ignore
@external('host', 'began')
declare function began(): void;
// @ts-ignore
@external('host', 'ended')
declare function ended(): void;

/** task(record`,
  ],
  ['  publish(count, stretches);', '  began();\n  publish(count, stretches);'],
  // Turns that wait for one another count as one thread's.
  ['  run(task, count, record, 1);', '  for (let i = 0; i < count; i++) task(record, i, 0);'],
  ['if (done == others) return;', 'if (done == others) { ended(); return; }'],
];

let trace;
const hooks = () => {
  let place = '';
  return {
    began() {
      const now = performance.now();
      if (options.serial) {
        Error.stackTraceLimit = 12;
        place = new Error().stack
          .match(/assembly\/[\w/.-]+/g)
          ?.filter((f) => !/parallel/.test(f))
          .slice(0, 3)
          .join(' < ');
      }
      trace.begin(now, place);
    },
    turned: () => trace.turns.push(performance.now()),
    ended: () => trace.end(performance.now()),
  };
};

/** Stretches on one thread and loops, in order. */
class Trace {
  serial = [];
  loops = [];
  turns = [];
  free = performance.now();
  last = 'the call';

  begin(now, place) {
    this.serial.push({ ms: now - this.free, after: this.last, before: place });
    this.last = place;
    this.turns = [];
  }

  end(now) {
    this.loops.push(this.turns.map((from, i) => (this.turns[i + 1] ?? now) - from));
    this.free = performance.now();
  }

  finish() {
    this.serial.push({ ms: performance.now() - this.free, after: this.last, before: 'the end' });
  }

  /** Milliseconds on so many threads. */
  on(threads) {
    let total = this.serial.reduce((sum, { ms }) => sum + ms, 0);
    for (const turns of this.loops) {
      const busy = new Float64Array(Math.min(threads, turns.length));
      for (const ms of turns) busy[busy.indexOf(Math.min(...busy))] += ms + CLAIM;
      total += Math.max(...busy) + (threads > 1 ? BARRIER : 0);
    }
    return total;
  }
}

/** What the caller's thread does for a pool's call: a copy into memory that an earlier call has left. */
function handOver(data) {
  const room = data.slice();
  const from = performance.now();
  room.set(data);
  return performance.now() - from;
}

const module = compileChanged('trace', TELLING, options.serial ? ['--debug'] : []);
const team = await createTeam({ exchange, imports, sharedMemory }, module, 1, hooks);
const rows = [];
for (const [name, what, shape, make] of CORES_CASES) {
  if (!options.wanted(`${name} ${what}`)) continue;
  const data = make(shape);
  let best;
  for (let round = 0; round < 3; round++) {
    const copy = handOver(data);
    await team.run(() => {
      trace = new Trace();
      FUNCTIONS[name](data, shape); // code is warm, memory is there
      trace = new Trace();
      FUNCTIONS[name](data, shape);
      trace.finish();
    }, 2); // loops are cut for threads, of which none comes
    trace.serial.push({ ms: copy, after: 'the caller', before: 'the call' });
    if (!best || trace.on(1) < best.on(1)) best = trace;
  }
  const one = best.on(1);
  const serial = best.serial.reduce((sum, { ms }) => sum + ms, 0);
  const turns = best.loops.reduce((sum, { length }) => sum + length, 0);
  rows.push([
    `${name} ${what}`,
    best.loops.length,
    turns,
    `${((1e3 * (one - serial)) / turns).toFixed(0)} us`,
    `${((100 * serial) / one).toFixed(0)}%`,
    ...THREADS.slice(1).map((threads) => `${(one / best.on(threads)).toFixed(1)}x`),
  ]);
  if (options.serial) {
    const places = new Map();
    for (const { ms, after, before } of best.serial) {
      const place = `${after}  ->  ${before}`;
      places.set(place, (places.get(place) ?? 0) + ms);
    }
    console.log(`${name} ${what}: ${one.toFixed(0)} ms, of them ${serial.toFixed(0)} ms on one thread`);
    for (const [place, ms] of [...places].sort((a, b) => b[1] - a[1]).slice(0, 14))
      console.log(`  ${ms.toFixed(1)} ms  ${place}`);
  }
}
const head = [
  '',
  'loops',
  'turns',
  'a turn',
  'on one thread',
  ...THREADS.slice(1).map((t) => `${t} threads`),
];
for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
await team.close();
