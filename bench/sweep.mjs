// Is anything slower than NumPy? 128 matrices of many structures and odd sizes, against the better of two NumPys.
//
// Every side has the same seeded matrix and they take turns; see README.md beside this file.
import { matrixRank, matrixRanks, singularValues } from '../dist/index.js';
import { turns } from './lib/measure.mjs';
import { startNewNumpy, startNumpy } from './lib/numpy.mjs';
import { RANK_CASES } from './lib/rank-cases.mjs';
import { describe, differing, machine, progress, readArguments } from './lib/run.mjs';
import { geometricMean, median } from './lib/stats.mjs';
import { SWEEP_CASES } from './lib/sweep-cases.mjs';
import { ratio, table, time } from './lib/table.mjs';

const USAGE = `node bench/sweep.mjs [--case REGEX] [--rounds N] [--ms N] [--quick] [--summary | --readme] [--values]
                            [--json]
  --rounds   how often the sides take turns (7; 3 with --quick)
  --ms       shortest time a side is measured in each round (250; 60 with --quick)
  --summary  the mean and the ten least ratios only
  --readme   the table of README.md, as Markdown: the mean and the least of all, and in the same run four
             cases of rank.mjs
  --values   singularValues against svd(compute_uv=False) instead of ranks`;

/** What the geometric mean, and the least ratio, should reach. */
const AIM = [5, 1.2];

function callOf({ data, shape }, values) {
  if (shape.length > 2) return values ? null : () => matrixRanks(data, shape);
  return values ? () => singularValues(data, shape) : () => matrixRank(data, shape);
}

/** How many ranks differ from the construction's, or else from what all NumPys say. */
function disagreements(rank, known, values) {
  if (known !== null) return differing(rank, known);
  const [first, ...others] = values;
  return first !== undefined && others.every((v) => !differing(v, first)) ? differing(rank, first) : 0;
}

async function run(entry, numpys, options) {
  progress(entry.name);
  const matrix = entry.make();
  const call = callOf(matrix, options.values);
  if (!call) return null;
  for (const numpy of numpys) await numpy.put(matrix);
  const result = call();
  const numpyCall = options.values ? 'svd' : 'rank';
  const { ours, theirs, values } = await turns({ call, numpys, numpyCall, ...options });
  return {
    case: entry.name,
    ours: median(ours),
    theirs: theirs.map(median),
    // In each round against the better one.
    ratio: median(ours.map((t, i) => Math.min(...theirs.map((times) => times[i])) / t)),
    quickest: Math.min(...theirs.flat()) / Math.min(...ours),
    differing: options.values ? 0 : disagreements(result, matrix.rank, values),
  };
}

const rowOf = (r) => [
  r.case,
  time(r.ours),
  ...r.theirs.map(time),
  ratio(r.ratio, 1),
  ratio(r.quickest, 1),
  r.differing ? `${r.differing} DIFFER` : '',
];

function print(rows, numpys, brief) {
  const least = [...rows].sort((a, b) => a.ratio - b.ratio);
  const shown = brief ? least.slice(0, 10) : rows;
  const head = ['case', 'ours>', ...numpys.map((n) => `NumPy ${n.info.numpy}>`), 'faster>', 'quickest>', ''];
  console.log(table(head, shown.map(rowOf)));
  if (!numpys.length) return;
  const count = (key) => rows.filter((r) => r[key] < 1).length;
  const mean = (key) => ratio(geometricMean(rows.map((r) => r[key])), AIM[0]);
  console.log(
    `${rows.length} matrices against the better NumPy: geometric mean ${mean('ratio')} ` +
      `(quickest rounds ${mean('quickest')}), aim ${AIM[0]}x;\n` +
      `least ${ratio(least[0].ratio, AIM[1])} (${least[0].case}), aim ${AIM[1]}x; ` +
      `slower than NumPy: ${count('ratio')} (quickest rounds ${count('quickest')})`,
  );
}

/** Cases of rank.mjs that README.md shows below the sweep, and what it calls them. */
const SHOWN = {
  'Gaussian 1024': 'Gaussian 1024 × 1024',
  '1024, rank 512': '1024 × 1024 of rank 512',
  'conv 512x4608 f32': 'convolution 512 × 4608, float32',
  'tall 100000x64, rank 40': '100,000 × 64, rank 40',
};

/** The table of README.md; `where` is the machine. */
function markdown(rows, shown, numpys, where) {
  const least = rows.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  const line = (name, r) =>
    `| ${name} | ${time(r.ours)} | ${time(Math.min(...r.theirs))} | **${ratio(r.ratio)}** |`;
  const mean = geometricMean(rows.map((r) => r.ratio));
  const version = ({ info }) => `${info.numpy} (${info.blas.split(' ').slice(0, 2).join(' ')})`;
  const sides = [
    `this library on Node ${where.node.slice(1).split('.')[0]}`,
    `native NumPy, in each round the better of ${numpys.map(version).join(' and ')}`,
  ];
  return `The same matrices on the same core, in turns in one run, one thread each: ${sides.join('; ')}.

| | ours | NumPy | faster |
|---|---|---|---|
| ${rows.length} matrices that nothing was tuned for, geometric mean | | | **${ratio(mean)}** |
${line(`the least of them: ${least.case}`, least)}
${shown.map((r) => line(SHOWN[r.case], r)).join('\n')}`;
}

const off = { type: 'boolean', default: false };
const options = readArguments(USAGE, { summary: off, readme: off, values: off });
const numpys = [await startNumpy(), await startNewNumpy()].filter((numpy) => numpy !== null);
const where = machine(numpys.at(-1));
if (!options.json && !options.readme) {
  console.log(describe(where));
  for (const { info } of numpys.slice(0, -1))
    console.log(`NumPy ${info.numpy} (Python ${info.python}), ${info.blas}`);
}
const rows = [];
for (const entry of SWEEP_CASES.filter((c) => options.wanted(c.name))) {
  const row = await run(entry, numpys, options);
  if (row) rows.push(row);
}
const shown = [];
if (options.readme) {
  for (const entry of RANK_CASES.filter(({ name }) => name in SHOWN))
    shown.push(await run(entry, numpys, options));
}
progress('');
for (const numpy of numpys) numpy.close();
if (rows.length === 0) {
  console.error(`no case matches --case ${options.case}`);
  process.exit(2);
}
if (options.json) console.log(JSON.stringify({ machine: where, rows }, null, 1));
else if (options.readme) console.log(markdown(rows, shown, numpys, where));
else print(rows, numpys, options.summary);
if (rows.some((r) => r.differing)) process.exitCode = 1;
