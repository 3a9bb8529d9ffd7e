// How many times faster than native NumPy is matrixRank? The table that README quotes.
//
// Both sides get the same seeded matrices and take turns in one run; see README.md beside this file.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { matrixRank, matrixRanks } from '../dist/index.js';
import { duel, summary } from './lib/measure.mjs';
import { startNumpy } from './lib/numpy.mjs';
import { AIM_ALL, AIM_EACH, MORE_CASES, memoryBound, RANK_CASES } from './lib/rank-cases.mjs';
import { describe, differing, machine, progress, readArguments } from './lib/run.mjs';
import { geometricMean } from './lib/stats.mjs';
import { digits, ratio, spread, table, time, verdict } from './lib/table.mjs';

const USAGE = `node bench/rank.mjs [--case REGEX] [--rounds N] [--ms N] [--quick] [--all] [--no-memory] [--json]
  --rounds     how often the sides take turns (7; 3 with --quick)
  --ms         shortest time a side is measured in each round (250; 60 with --quick)
  --all        neighbours of the table's cases too, outside its geometric mean
  --no-memory  skip the peak of kernel memory, which takes a fresh process for each case`;

const MEMORY_CHILD = fileURLToPath(new URL('lib/memory-child.mjs', import.meta.url));

function peakMiB(name) {
  const bytes = execFileSync(process.execPath, [...process.execArgv, MEMORY_CHILD, name]);
  return Number(bytes) / 2 ** 20;
}

async function run(entry, numpy, options) {
  progress(`${entry.name}: matrix`);
  const matrix = entry.make();
  const { data, shape } = matrix;
  const call = shape.length === 2 ? () => matrixRank(data, shape) : () => matrixRanks(data, shape);
  await numpy?.put(matrix);
  progress(`${entry.name}: timing`);
  const rank = call();
  const { times, value } = await duel({ call, numpy, numpyCall: 'rank', ...options });
  progress(`${entry.name}: memory`);
  const truth = matrix.rank ?? value;
  return {
    case: entry.name,
    ...summary(times),
    times,
    aim: entry.aim,
    extra: entry.extra === true,
    count: typeof rank === 'number' ? 1 : rank.length,
    rank: typeof rank === 'number' ? rank : undefined,
    known: matrix.rank !== null,
    wrong: truth === undefined ? null : differing(rank, truth),
    numpyWrong: value === undefined ? null : differing(value, truth),
    memory: options.memory ? peakMiB(entry.name) : Number.NaN,
    bound: memoryBound(entry, data.byteLength),
  };
}

/** "256, right", "WRONG 255", "all 1000 right", "3 of 1000 WRONG"; "as NumPy" where nothing else knows. */
function judge(row, wrong, mine) {
  if (wrong === null) return '-';
  if (row.count > 1) {
    return verdict(wrong ? `${wrong} of ${row.count} WRONG` : `all ${row.count} right`, !wrong);
  }
  const rank = mine ? `${row.rank} ` : '';
  if (!row.known) return mine ? verdict(wrong ? `${rank}NOT as NumPy` : `${rank}as NumPy`, !wrong) : '-';
  return verdict(wrong ? `${rank}WRONG` : `${rank}right`, !wrong);
}

function print(rows, all, build) {
  const side = build === 'relaxed' ? 0 : 1;
  const line = (r) => [
    r.case,
    time(r.ours),
    time(r.theirs),
    ratio(r.ratio, r.aim[side]),
    spread(r.least, r.most),
    ratio(r.quickest),
    `${r.aim[side]}x`,
    judge(r, r.wrong, true),
    judge(r, r.numpyWrong, false),
    Number.isNaN(r.memory) ? '-' : verdict(`${digits(r.memory)} of ${digits(r.bound)}`, r.memory <= r.bound),
  ];
  const lines = rows.filter((r) => !r.extra).map(line);
  if (lines.length)
    lines.push([
      'geometric mean',
      '',
      '',
      ratio(all.ratio, AIM_ALL[side]),
      spread(all.least, all.most),
      ratio(all.quickest),
      `${AIM_ALL[side]}x`,
      '',
      '',
      '',
    ]);
  lines.push(...rows.filter((r) => r.extra).map(line));
  console.log(
    table(
      [
        'case',
        'ours>',
        'NumPy>',
        'faster>',
        'min - max>',
        'quickest>',
        'aim>',
        'our rank',
        "NumPy's",
        'MiB>',
      ],
      lines,
    ),
  );
  const least = rows.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  if (!Number.isNaN(least.ratio)) {
    console.log(`least: ${ratio(least.ratio, AIM_EACH[side])} (${least.case}), aim ${AIM_EACH[side]}x`);
  }
}

const off = { type: 'boolean', default: false };
const options = readArguments(USAGE, { all: off, 'no-memory': off });
options.memory = !options['no-memory'];
const cases = [...RANK_CASES, ...(options.all ? MORE_CASES : [])].filter((entry) =>
  options.wanted(entry.name),
);
if (cases.length === 0) {
  console.error(`no case matches --case ${options.case}`);
  process.exit(2);
}
const numpy = await startNumpy();
const where = machine(numpy);
if (!options.json) console.log(describe(where));
const rows = [];
for (const entry of cases) rows.push(await run(entry, numpy, options));
progress('');
numpy?.close();
const counted = rows.filter((r) => !r.extra);
const means = Array.from({ length: options.rounds }, (_, i) =>
  geometricMean(counted.map((r) => r.times[i].ratio)),
);
const all = {
  ratio: geometricMean(counted.map((r) => r.ratio)),
  least: Math.min(...means),
  most: Math.max(...means),
  quickest: geometricMean(counted.map((r) => r.quickest)),
};
if (options.json) console.log(JSON.stringify({ machine: where, rows, geometricMean: all }, null, 1));
else print(rows, all, where.simd);
if (rows.some((r) => r.wrong)) process.exitCode = 1;
