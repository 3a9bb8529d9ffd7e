// Timing. JavaScript is timed by tinybench, NumPy by its own clock, both in the same way: calls for at least `ms`
// milliseconds, the median of the samples. Sides take turns, round by round, so that what slows the machine for a while
// slows both; each round gives one ratio, and the table shows their median and their spread.
import { Bench } from 'tinybench';
import { median } from './stats.mjs';

/** Calls in one sample: enough for the clock's resolution and for tinybench's own call not to matter. */
export function batchFor(call) {
  const shortest = 0.5;
  for (let batch = 1; ; batch *= 2) {
    const start = performance.now();
    for (let i = 0; i < batch; i++) call();
    if (performance.now() - start >= shortest || batch >= 1 << 16) return batch;
  }
}

/** Median milliseconds of one call, over at least `ms` milliseconds. */
export function measure(call, ms, batch = 1) {
  const bench = new Bench({ time: ms, iterations: 1, warmup: false, throws: true });
  bench.add('call', () => {
    for (let i = 0; i < batch; i++) call();
  });
  bench.runSync();
  return bench.tasks[0].result.latency.p50 / batch;
}

/** Calls until the engine has compiled what it will compile: at least twice, and a while. */
export function warmUp(call, ms) {
  const end = performance.now() + Math.max(ms, 200);
  call();
  do call();
  while (performance.now() < end);
}

/**
 * Ours and NumPy's in turn, on the matrix that NumPy holds already. Without NumPy only our times.
 * Returns one entry a round: { ours, theirs, ratio }, and NumPy's value.
 */
export async function duel({ call, numpy, numpyCall, rounds, ms }) {
  warmUp(call, ms);
  const batch = batchFor(call);
  let theirBatch = 1;
  let value;
  if (numpy) {
    const first = await numpy.run(numpyCall, 0);
    const second = first.samples[0] < 1 ? await numpy.run(numpyCall, ms / 4) : first;
    theirBatch = Math.max(1, Math.ceil(0.5 / median(second.samples)));
    value = first.value;
  }
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const ours = measure(call, ms, batch);
    const theirs = numpy ? median((await numpy.run(numpyCall, ms, theirBatch)).samples) : Number.NaN;
    times.push({ ours, theirs, ratio: theirs / ours });
  }
  return { times, value };
}

/**
 * Ours and any number of NumPys in turn, on the matrix that each of them holds. Returns { ours, theirs } with a median
 * for each round, theirs one list a NumPy, and their values.
 */
export async function turns({ call, numpys, numpyCall, rounds, ms }) {
  warmUp(call, ms);
  const batch = batchFor(call);
  const batches = [];
  const values = [];
  for (const numpy of numpys) {
    const { samples, value } = await numpy.run(numpyCall, ms / 4);
    batches.push(Math.max(1, Math.ceil(0.5 / median(samples))));
    values.push(value);
  }
  const ours = [];
  const theirs = numpys.map(() => []);
  for (let i = 0; i < rounds; i++) {
    ours.push(measure(call, ms, batch));
    for (const [k, numpy] of numpys.entries()) {
      theirs[k].push(median((await numpy.run(numpyCall, ms, batches[k])).samples));
    }
  }
  return { ours, theirs, values };
}

/** What a table shows of duel()'s rounds. */
export function summary(times) {
  const ratios = times.map((t) => t.ratio);
  return {
    ours: median(times.map((t) => t.ours)),
    theirs: median(times.map((t) => t.theirs)),
    ratio: median(ratios),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
    quickest: Math.min(...times.map((t) => t.theirs)) / Math.min(...times.map((t) => t.ours)),
  };
}
