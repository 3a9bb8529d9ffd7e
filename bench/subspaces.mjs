// Null space, column space, independent columns and singular vectors beside the rank of the same matrix, and beside
// what NumPy and SciPy have: both take these from a full singular value decomposition. One core against one core, the
// better NumPy, in turns; the quickest rounds are compared.
import {
  columnSpace,
  independentColumns,
  matrixRank,
  nullSpace,
  rankFactors,
  singularValues,
} from '../dist/index.js';
import { product } from './lib/matrices.mjs';
import { startNewNumpy, startNumpy } from './lib/numpy.mjs';
import { readArguments } from './lib/run.mjs';

const USAGE = `node bench/subspaces.mjs [--rounds N] [--quick]
Times of rank, and of the rest as multiples of it; behind each slash as multiples of SciPy's or NumPy's own time:
null_space, orth, svd with vectors (rankFactors 'svd'), svd without (singularValues).`;
const { rounds } = readArguments(USAGE);
const CASES = [
  [64, 64, 32],
  [256, 256, 128],
  [512, 512, 10],
  [512, 512, 256],
  [512, 512, 512],
  [20000, 64, 40],
  [256, 2304, 64],
];
const FUNCTIONS = {
  matrixRank: [matrixRank],
  independentColumns: [independentColumns],
  nullSpace: [nullSpace, 'nullSpace'],
  columnSpace: [columnSpace, 'orth'],
  singularVectors: [(data, shape) => rankFactors(data, shape, { method: 'svd' }), 'vectors'],
  singularValues: [singularValues, 'svd'],
};

/** The quickest of what the peers took, ms; Infinity where none has it. */
async function peersTime(numpys, call) {
  let best = Infinity;
  for (const numpy of numpys) {
    const samples = await numpy.run(call, 0).then(
      (answer) => answer.samples,
      (error) => {
        console.error(`${call} of NumPy ${numpy.info.numpy} skipped: ${error.message}`);
        numpy.missing = [...(numpy.missing ?? []), call];
        return [Infinity];
      },
    );
    best = Math.min(best, ...samples);
  }
  return best;
}

const numpys = [await startNumpy(), await startNewNumpy()].filter((numpy) => numpy !== null);
console.log(['case', ...Object.keys(FUNCTIONS)].join('\t'));
for (const [m, n, k] of CASES) {
  const { data, shape } = product(m, n, k);
  const names = Object.keys(FUNCTIONS);
  const ours = Object.fromEntries(names.map((name) => [name, Infinity]));
  const theirs = Object.fromEntries(names.map((name) => [name, Infinity]));
  for (const numpy of numpys) await numpy.put({ data, shape });
  for (let round = 0; round < rounds; round++) {
    for (const [name, [fn, call]] of Object.entries(FUNCTIONS)) {
      const start = performance.now();
      fn(data, shape);
      ours[name] = Math.min(ours[name], performance.now() - start);
      if (!call) continue;
      const able = numpys.filter((numpy) => !numpy.missing?.includes(call));
      theirs[name] = Math.min(theirs[name], await peersTime(able, call));
    }
  }
  const cells = names.map((name, i) => {
    if (i === 0) return `${ours[name].toFixed(2)} ms`;
    const beside = theirs[name] < Infinity ? ` / ${(ours[name] / theirs[name]).toFixed(2)}` : '';
    return `${(ours[name] / ours.matrixRank).toFixed(1)}x${beside}`;
  });
  console.log([`${m}x${n}, rank ${k}`, ...cells].join('\t'));
}
for (const numpy of numpys) numpy.close();
