// Layers of known networks in float32, as initialised (full rank) and of a quarter of their rank: convLayerRank and
// multilinearRank against NumPy's matrix_rank of the same unfoldings. --long adds a language model's 4096 x 11008, for
// which NumPy needs about a minute a call.
import { convLayerRank, multilinearRank } from '../dist/index.js';
import { gaussian, product } from './lib/matrices.mjs';
import { duel, summary } from './lib/measure.mjs';
import { startNumpy } from './lib/numpy.mjs';
import { describe, differing, machine, progress, readArguments } from './lib/run.mjs';
import { ratio, spread, table, time, verdict } from './lib/table.mjs';

const USAGE = 'node bench/layers.mjs [--case REGEX] [--rounds N] [--ms N] [--quick] [--long] [--json]';

const f32 = { dtype: 'float32' };

const LAYERS = [
  { name: 'ResNet-50 2048x1024x1x1', shape: [2048, 1024, 1, 1], multilinear: true },
  { name: 'ResNet-50 512x512x3x3', shape: [512, 512, 3, 3], multilinear: true },
  { name: 'BERT 768x3072', shape: [768, 3072] },
  { name: 'LLM 4096x11008', shape: [4096, 11008], long: true },
];

function make({ shape }, share) {
  const rows = shape[0];
  const cols = shape.slice(1).reduce((a, b) => a * b);
  const k = Math.ceil(Math.min(rows, cols) * share);
  const { data, rank } = share < 1 ? product(rows, cols, k, f32) : gaussian(rows, cols, f32);
  return { data, shape, rank };
}

/** The measurements of one layer: [name, our call, NumPy's call, the rank or nothing]. */
function measurements(layer, tensor) {
  const list = [['convLayerRank', () => convLayerRank(tensor), 'flatRank', tensor.rank]];
  if (layer.multilinear) list.push(['multilinearRank', () => multilinearRank(tensor), 'multilinear']);
  return list;
}

async function run(layer, numpy, { rounds, ms, quick }) {
  const rows = [];
  for (const share of [1, 0.25]) {
    const tensor = make(layer, share);
    await numpy?.put(tensor);
    for (const [name, call, numpyCall, rank] of measurements(layer, tensor)) {
      const label = `${layer.name}${share < 1 ? ', low rank' : ''}: ${name}`;
      progress(label);
      const got = call();
      const turns = layer.long || quick ? 1 : Math.min(3, rounds);
      const { times, value } = await duel({ call, numpy, numpyCall, rounds: turns, ms });
      const truth = rank ?? value;
      const wrong = truth === undefined ? null : differing(got, truth);
      rows.push({ case: label, ...summary(times), times, rank: got, wrong });
    }
  }
  return rows;
}

const options = readArguments(USAGE, { long: { type: 'boolean', default: false } });
const numpy = await startNumpy();
const where = machine(numpy);
const rows = [];
for (const layer of LAYERS) {
  if (options.wanted(layer.name) && (options.long || !layer.long)) {
    rows.push(...(await run(layer, numpy, options)));
  }
}
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
    verdict(`${r.rank} ${r.wrong ? 'WRONG' : r.wrong === 0 ? 'right' : ''}`, !r.wrong),
  ]);
  console.log(table(['layer', 'ours>', 'NumPy>', 'faster>', 'min - max>', 'rank'], lines));
}
if (rows.some((r) => r.wrong)) process.exitCode = 1;
