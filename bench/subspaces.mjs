// Null space, column space and independent columns, as multiples of the time that the rank of the same matrix takes:
// nobody else in JavaScript has them, and NumPy has them from a full singular value decomposition,
// whose time for the values alone stands beside.
import { columnSpace, independentColumns, matrixRank, nullSpace, singularValues } from '../dist/index.js';
import { product } from './matrices.mjs';

const USAGE = 'node bench/subspaces.mjs [--quick]';
if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit(0);
}
const rounds = process.argv.includes('--quick') ? 3 : 9;
const CASES = [
  [64, 64, 32],
  [256, 256, 128],
  [512, 512, 256],
  [512, 512, 500],
  [20000, 64, 40],
  [256, 2304, 64],
];
const FUNCTIONS = { matrixRank, independentColumns, nullSpace, columnSpace, singularValues };

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}

console.log(['case', ...Object.keys(FUNCTIONS)].join('\t'));
for (const [m, n, k] of CASES) {
  const { data, shape } = product(m, n, k);
  const times = Object.fromEntries(Object.keys(FUNCTIONS).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, fn] of Object.entries(FUNCTIONS)) {
      const start = performance.now();
      fn(data, shape);
      times[name].push(performance.now() - start);
    }
  }
  const base = median(times.matrixRank);
  const ratios = Object.values(times).map((list, i) =>
    i ? `${(median(list) / base).toFixed(1)}x` : `${base.toFixed(2)} ms`,
  );
  console.log([`${m}x${n}, rank ${k}`, ...ratios].join('\t'));
}
