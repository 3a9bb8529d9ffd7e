// The rank of a convolution's kernel, [outputs, inputs, height, width] as PyTorch and ONNX store it.
//   node examples/conv-rank.mjs
import { convLayerRank } from 'matrix-rank';

// A 3x3 convolution from 32 to 64 channels whose filters are all combinations of 12: a kernel that was trained to
// excess. Yours would come from a file: see readTensors in 'matrix-rank/formats'.
const [outputs, inputs, height, width, hidden] = [64, 32, 3, 3, 12];
const columns = inputs * height * width;
const filters = Float32Array.from({ length: hidden * columns }, (_, i) => Math.sin(i * i));
const mix = Float32Array.from({ length: outputs * hidden }, (_, i) => Math.cos(i * i));
const data = new Float32Array(outputs * columns);
for (let o = 0; o < outputs; o++) {
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k < hidden; k++) data[o * columns + j] += mix[o * hidden + k] * filters[k * columns + j];
  }
}
// What training noise would do: every weight moves by up to 1e-3.
const noisy = data.map((x, i) => x + 1e-3 * Math.sin(i * i * i));

const shape = [outputs, inputs, height, width];
console.log('rank', convLayerRank({ data, shape }), 'of at most', Math.min(outputs, columns));
console.log('with noise', convLayerRank({ data: noisy, shape }));
console.log(
  'with noise, to 1 % of the largest singular value',
  convLayerRank({ data: noisy, shape }, { rtol: 0.01 }),
);

// The same numbers as TensorFlow would have them, and a depthwise kernel: 32 channels, two filters each.
console.log('HWIO', convLayerRank({ data: filters, shape: [3, 3, 12, 32] }, { layout: 'HWIO' }));
console.log(
  'depthwise',
  convLayerRank({ data: filters.slice(0, 576), shape: [64, 1, 3, 3] }, { groups: 32 }),
);
