// Does the time grow no faster than the work? Times at several sizes, and the exponent of size that fits them: about 3
// for a square matrix (n^3 work), about 1 in m for a tall one (each element is read once; the proof takes a
// sample), 1 in the rank k of an n x n matrix of low rank (4 n^2 k work), 1 in the number of matrices of a stack.
// Exponents come out below the work's where larger sizes use the caches and the micro-kernel better.
import { matrixRank, matrixRanks } from '../dist/index.js';
import { gaussian, product, stack } from './lib/matrices.mjs';
import { batchFor, measure, warmUp } from './lib/measure.mjs';
import { describe, differing, machine, progress, readArguments } from './lib/run.mjs';
import { exponent, median } from './lib/stats.mjs';
import { table, time, verdict } from './lib/table.mjs';

const USAGE = 'node bench/growth.mjs [--case REGEX] [--rounds N] [--ms N] [--quick] [--json]';

const f32 = { dtype: 'float32' };
const many = (count) => stack(count, (i) => gaussian(8, 8, { seed: i + 1 }));

const FAMILIES = [
  { name: 'n x n', work: 3, sizes: [64, 128, 256, 512, 1024], make: (n) => gaussian(n, n) },
  { name: 'n x n f32', work: 3, sizes: [64, 128, 256, 512, 1024], make: (n) => gaussian(n, n, f32) },
  { name: 'n x n, rank n/2', work: 3, sizes: [64, 128, 256, 512, 1024], make: (n) => product(n, n, n / 2) },
  { name: 'n x n, rank n/8', work: 3, sizes: [64, 128, 256, 512, 1024], make: (n) => product(n, n, n / 8) },
  { name: '512x512, rank n', work: 1, sizes: [8, 16, 32, 64, 128, 256], make: (k) => product(512, 512, k) },
  { name: 'n x 64', work: 1, sizes: [6250, 12500, 25000, 50000, 100000], make: (m) => gaussian(m, 64) },
  {
    name: 'n x 64, rank 40',
    work: 1,
    sizes: [6250, 12500, 25000, 50000, 100000],
    make: (m) => product(m, 64, 40),
  },
  { name: 'n of 8x8', work: 1, sizes: [625, 1250, 2500, 5000, 10000], make: many },
];

function run(family, { rounds, ms, quick }) {
  const sizes = quick ? family.sizes.slice(0, -1) : family.sizes;
  const points = sizes.map((n) => {
    progress(`${family.name}: ${n}`);
    const { data, shape, rank } = family.make(n);
    const call = shape.length === 2 ? () => matrixRank(data, shape) : () => matrixRanks(data, shape);
    const wrong = differing(call(), rank);
    warmUp(call, ms);
    return { n, call, wrong, batch: batchFor(call), times: [] };
  });
  for (let i = 0; i < rounds; i++) {
    for (const point of points) point.times.push(measure(point.call, ms, point.batch));
  }
  const times = points.map((p) => median(p.times));
  const half = times.length >> 1;
  return {
    case: family.name,
    work: family.work,
    sizes,
    times,
    exponent: exponent(sizes, times),
    upper: exponent(sizes.slice(half), times.slice(half)), // of the larger half, where the leading term rules
    wrong: points.reduce((sum, p) => sum + p.wrong, 0),
  };
}

const options = readArguments(USAGE);
const where = machine(null);
const rows = FAMILIES.filter((f) => options.wanted(f.name)).map((f) => run(f, options));
progress('');
if (options.json) console.log(JSON.stringify({ machine: where, rows }, null, 1));
else {
  console.log(describe(where).split('\n').slice(0, 2).join('\n'));
  const lines = rows.map((r) => [
    r.case,
    r.sizes.map((n, i) => `${n}: ${time(r.times[i])}`).join('   '),
    r.exponent.toFixed(2),
    r.upper.toFixed(2),
    r.work,
    verdict(r.wrong ? 'WRONG' : 'right', !r.wrong),
  ]);
  console.log(table(['family', 'time at size n', 'exponent>', 'larger half>', 'work>', 'ranks'], lines));
}
if (rows.some((r) => r.wrong)) process.exitCode = 1;
