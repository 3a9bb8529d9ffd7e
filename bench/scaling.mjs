// How long many workers take: a simulation from constants that this machine measures first; it prints the tables of
// docs/scaling.md. The queue hands out so many jobs a second (measured with one Redis and a worker that does nothing
// else: docs/scaling.md); a worker reads at the rate of its network, or of its disk.
import { RankAccumulator, rankReport } from '../dist/index.js';
import { readArguments } from './lib/run.mjs';

const USAGE = `node bench/scaling.mjs [--jobs-per-second 500] [--bytes-per-second 250e6]
  --jobs-per-second   what the queue hands out
  --bytes-per-second  what a worker reads from its network or disk`;
const values = readArguments(USAGE, {
  'jobs-per-second': { type: 'string', default: '500' },
  'bytes-per-second': { type: 'string', default: '250e6' },
});
const JOBS = Number(values['jobs-per-second']);
const BYTES = Number(values['bytes-per-second']);
const FAN_IN = 8;
const [PIECE, PIECES] = [2 ** 24, 2 ** 15]; // as in src/jobs/plan.ts

let state = 1;
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32 - 0.5;
}
const numbers = (length) => Float64Array.from({ length }, random);

/** The quickest of some calls, in seconds of this process: what else the machine does counts little. */
function quickest(call, times = 6) {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const start = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, user + system);
  }
  return best / 1e6;
}

/** Seconds a row of n columns takes in an accumulator, seconds of a merge of eight, bytes of a state. */
function constants(n) {
  const rows = Math.max(8 * n, Math.floor(2 ** 22 / n));
  const data = numbers(rows * n);
  const row = quickest(() => new RankAccumulator(n).push(data)) / rows;
  const saved = new RankAccumulator(n).push(data).toBytes();
  const merge = quickest(() => {
    const all = RankAccumulator.fromBytes(saved);
    for (let i = 1; i < FAN_IN; i++) all.merge(RankAccumulator.fromBytes(saved));
    all.toBytes();
  });
  return { n, row, merge, bytes: saved.length };
}

/** Finishing time of tasks, longest first, on so many workers, when one is handed out every 1 / JOBS seconds. */
function schedule(tasks, workers) {
  const free = new Heap(Math.min(workers, tasks.length));
  let end = 0;
  for (let i = 0; i < tasks.length; i++) {
    const done = Math.max(free.least(), i / JOBS) + tasks[i];
    free.replace(done);
    end = Math.max(end, done);
  }
  return end;
}

/** A binary heap of numbers, all zero at first. */
class Heap {
  constructor(length) {
    this.items = new Float64Array(length);
  }
  least() {
    return this.items[0];
  }
  /** Puts a larger number in the place of the least. */
  replace(value) {
    const { items } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1] < items[child]) child++;
      if (items[child] >= value) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = value;
  }
}

/** One tall float64 matrix: pieces, then a tree of merges, level by level. */
function tall(rows, { n, row, merge, bytes }, workers) {
  const piece = Math.max(4 * n, Math.floor(PIECE / (8 * n)), Math.ceil(rows / PIECES));
  const pieces = Math.ceil(rows / piece);
  let seconds = schedule(
    new Float64Array(pieces).fill(Math.max(piece * row, (8 * n * piece) / BYTES)),
    workers,
  );
  let moved = pieces * bytes;
  let depth = 0;
  for (let level = pieces; level > 1; depth++) {
    level = Math.ceil(level / FAN_IN);
    seconds += schedule(new Float64Array(level).fill(merge + (FAN_IN * bytes) / BYTES), workers);
    moved += level * bytes;
  }
  return { seconds, pieces, depth, moved };
}

const text = (seconds) =>
  seconds < 100
    ? `${seconds.toPrecision(2)} s`
    : seconds < 6000
      ? `${(seconds / 60).toFixed(1)} min`
      : seconds < 360_000
        ? `${(seconds / 3600).toFixed(1)} h`
        : `${(seconds / 86_400).toFixed(0)} days`;
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
function size(bytes) {
  const k = Math.floor(Math.log10(bytes) / 3);
  return `${Math.round(bytes / 1000 ** k)} ${UNITS[k]}`;
}
const line = (...cells) => console.log(`| ${cells.join(' | ')} |`);
const WORKERS = [1, 10, 100, 1000, 10_000];

const measured = [64, 512].map(constants);
console.log('Measured, one thread (CPU time):\n');
line('columns', 'rows a second', 'GB a second', 'merge of 8', 'state');
line('---', '---', '---', '---', '---');
for (const { n, row, merge, bytes } of measured)
  line(
    n,
    (1 / row).toPrecision(2),
    ((8 * n) / row / 1e9).toPrecision(2),
    `${(1000 * merge).toPrecision(2)} ms`,
    size(bytes),
  );

console.log(`\nA tall float64 matrix; ${JOBS} jobs a second, ${size(BYTES)} a second into each worker:\n`);
line(
  'rows x columns',
  'bytes',
  'pieces',
  'depth',
  'states moved',
  ...WORKERS.map((w) => `${w} worker${w > 1 ? 's' : ''}`),
);
line(...new Array(5 + WORKERS.length).fill('---'));
for (const about of measured) {
  for (const rows of [1e6, 1e9, 1e12]) {
    const { pieces, depth, moved } = tall(rows, about, 1);
    const times = WORKERS.map((workers) => text(tall(rows, about, workers).seconds));
    line(
      `10^${Math.log10(rows)} x ${about.n}`,
      size(8 * rows * about.n),
      pieces,
      depth,
      size(moved),
      ...times,
    );
  }
}

// A checkpoint of 1 TB in bfloat16: 126 layers of a transformer of width 16384 (attention 16384x16384 and 2 of
// 2048x16384, three of 53248x16384), and as many experts' worth of it again.
const order = 512;
const matrix = Float32Array.from({ length: order * order }, random);
const flop = quickest(() => rankReport(matrix, [order, order])) / order ** 3;
const shapes = [
  ...new Array(2).fill([16384, 16384]),
  ...new Array(2).fill([2048, 16384]),
  ...new Array(3).fill([53248, 16384]),
];
const layer = shapes.map(([m, n]) => Math.max(m * n * Math.min(m, n) * flop, (2 * m * n) / BYTES));
const layers = Math.round(1e12 / 2 / shapes.reduce((sum, [m, n]) => sum + m * n, 0));
const tasks = new Array(layers)
  .fill(layer)
  .flat()
  .sort((a, b) => b - a);
console.log(
  `\nA checkpoint of 1 TB (${layers} layers, ${tasks.length} matrices up to 53248x16384), a job a tensor:\n`,
);
line(...WORKERS.map((w) => `${w} workers`));
line(...WORKERS.map(() => '---'));
line(...WORKERS.map((workers) => text(schedule(tasks, workers))));
