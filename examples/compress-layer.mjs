// Compress a dense layer: one matrix [m, n] becomes two, [m, k] and [k, n], of fewer numbers.
//   node examples/compress-layer.mjs
import { denseLayerRank, rankFactors } from 'matrix-rank';

// A layer from 768 to 512 that uses 40 dimensions, and a little noise: what fine-tuning leaves of a LoRA update.
const [m, n, hidden] = [768, 512, 40];
const data = new Float32Array(m * n);
for (let i = 0; i < m; i++) {
  for (let j = 0; j < n; j++) {
    let sum = 1e-3 * Math.sin((i * n + j) ** 2);
    for (let k = 0; k < hidden; k++)
      sum += (Math.sin((i * hidden + k) ** 2) * Math.cos((j * hidden + k) ** 2)) / (k + 1);
    data[i * n + j] = sum;
  }
}
const kernel = { data, shape: [m, n] };
console.log(
  'rank',
  denseLayerRank(kernel),
  'and to 1 % of the largest singular value',
  denseLayerRank(kernel, { rtol: 0.01 }),
);

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
