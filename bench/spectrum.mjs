// All singular values against NumPy's svd(compute_uv=False): time, and how far the two sets lie apart.
//
// Ours come from a bidiagonal form in two stages and counts, to the same absolute accuracy as NumPy's;
// the graded matrix B D, B Gaussian and
// D = diag(10^0 .. 10^-60) in scattered order, is done to relative accuracy (Jacobi), too, which a bidiagonal form does
// not give. `off` is max |s - s_numpy| / s_1.
import { singularValues } from '../dist/index.js';
import { gaussian, product, smoothKernel } from './lib/matrices.mjs';
import { duel, summary } from './lib/measure.mjs';
import { startNumpy } from './lib/numpy.mjs';
import { describe, machine, progress, readArguments } from './lib/run.mjs';
import { ratio, spread, table, time } from './lib/table.mjs';

const USAGE = 'node bench/spectrum.mjs [--case REGEX] [--rounds N] [--ms N] [--quick] [--json]';

function graded(n) {
  const { data, shape } = gaussian(n, n);
  return { data: data.map((x, i) => x * 10 ** ((-60 * ((37 * i) % n)) / (n - 1))), shape };
}

const CASES = [
  ...[16, 32, 64, 128, 256, 512, 1024, 2048].map((n) => ({
    name: `Gaussian ${n}`,
    make: () => gaussian(n, n),
  })),
  ...[
    [4608, 512],
    [512, 4608],
    [20000, 64],
  ].map(([m, n]) => ({ name: `Gaussian f32 ${m}x${n}`, make: () => gaussian(m, n, { dtype: 'float32' }) })),
  { name: '512, rank 128', make: () => product(512, 512, 128) },
  { name: 'smooth kernel 400x400', make: () => smoothKernel(400, 0.25) },
  { name: 'graded 256', graded: true, make: () => graded(256) },
  ...[256, 512].map((n) => ({
    name: `graded ${n}, relative`,
    graded: true,
    options: { accuracy: 'relative' },
    make: () => graded(n),
  })),
];

async function run(entry, numpy, { rounds, ms, quick }) {
  progress(entry.name);
  const matrix = entry.make();
  await numpy?.put(matrix);
  const call = () => singularValues(matrix.data, matrix.shape, entry.options);
  const ours = call();
  const { times, value } = await duel({
    call,
    numpy,
    numpyCall: 'svd',
    rounds: quick ? Math.min(rounds, 2) : rounds,
    ms,
  });
  const off = value ? Math.max(...value.map((s, i) => Math.abs(s - ours[i]))) / ours[0] : Number.NaN;
  const last = [ours, value].map((s) => (s ? s.at(-1).toExponential(1) : '-'));
  return { case: entry.name, ...summary(times), times, off, last };
}

const options = readArguments(USAGE);
const numpy = await startNumpy();
const where = machine(numpy);
const rows = [];
for (const entry of CASES.filter((c) => options.wanted(c.name))) rows.push(await run(entry, numpy, options));
progress('');
numpy?.close();
if (options.json) console.log(JSON.stringify({ machine: where, rows }, null, 1));
else {
  console.log(describe(where));
  const lines = rows.map((r) => [
    r.case,
    time(r.ours),
    time(r.theirs),
    ratio(r.ratio),
    spread(r.least, r.most),
    Number.isNaN(r.off) ? '-' : r.off.toExponential(1),
    ...r.last,
  ]);
  const head = ['case', 'ours>', 'NumPy>', 'faster>', 'min - max>', 'off>', 'our least>', "NumPy's least>"];
  console.log(table(head, lines));
  console.log(
    '"0.5x faster" is half as fast; the least value of a singular matrix is rounding on either side',
  );
}
