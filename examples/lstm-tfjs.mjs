// The rank of an LSTM's outputs, over TensorFlow.js and without it.
//   npm install @tensorflow/tfjs
//   node examples/lstm-tfjs.mjs
import * as tf from '@tensorflow/tfjs';
import { lstm, lstmLayerRank } from 'matrix-rank';

const [batch, time, features, units] = [64, 20, 8, 32];
const layer = tf.layers.lstm({ units, recurrentActivation: 'sigmoid' });

// Sequences that are shorter than the layer is wide: after one step an input of 8 numbers cannot fill 32 units
// linearly, but the gates are not linear. To what tolerance do they fill them?
for (const steps of [1, 2, 5, time]) {
  const x = tf.randomNormal([batch, steps, features], 0, 1, 'float32', 7);
  const ranks = tf.tidy(() =>
    [1e-1, 1e-2, 1e-3].map((rtol) => lstmLayerRank((sequence) => layer.apply(sequence), x, { rtol })),
  );
  console.log(`${steps} steps: rank ${ranks.join(', ')} to 10 %, 1 %, 0.1 % of the largest singular value`);
  x.dispose();
}

// The same cell without a framework, from the layer's weights and a typed array.
const [kernel, recurrentKernel, bias] = layer.getWeights();
const cell = lstm({ kernel, recurrentKernel, bias });
const x = tf.randomNormal([batch, time, features], 0, 1, 'float32', 7);
const sequence = { data: x.dataSync(), shape: x.shape };
console.log('without tfjs:', lstmLayerRank(cell, sequence, { rtol: 1e-2 }), 'to 1 %');
x.dispose();
