// Compress a dense layer: one matrix [m, n] becomes two, [m, k] and [k, n], of fewer numbers.
//   node examples/compress-layer.mjs
import { denseLayerRank, rankFactors } from 'matrix-rank';

// A layer from 768 to 512 that uses 40 dimensions, the later ones ever less, and a little noise.
let seed = 1;
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32 - 0.5;
};
const [m, n, hidden] = [768, 512, 40];
const data = Float32Array.from({ length: m * n }, () => 1e-2 * random());
for (let k = 0; k < hidden; k++) {
  const column = Float32Array.from({ length: m }, random);
  const row = Float32Array.from({ length: n }, () => random() / (k + 1));
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) data[i * n + j] += column[i] * row[j];
  }
}
const kernel = { data, shape: [m, n] };
console.log('rank', denseLayerRank(kernel));
console.log('rank to 1 % of the largest singular value', denseLayerRank(kernel, { rtol: 0.01 }));

let norm = 0;
for (const x of data) norm += x * x;
norm = Math.sqrt(norm);

for (const options of [{ rank: 8 }, { rank: hidden }, { energy: 0.99 }, { energy: 0.9999 }]) {
  const { left, right, residual } = rankFactors(kernel, options);
  const k = left.length / m;
  const size = ((left.length + right.length) / (m * n)) * 100;
  console.log(
    `${JSON.stringify(options)}: [${m}, ${k}] x [${k}, ${n}], ${size.toFixed(1)} % of the numbers, ` +
      `off by ${((residual / norm) * 100).toFixed(3)} % of the norm`,
  );
}
// x * kernel is now (x * left) * right: two dense layers, the first without bias or activation.
