// The rank of an LSTM's outputs, over TensorFlow.js and without it.
//   npm install @tensorflow/tfjs
//   node examples/lstm-tfjs.mjs
import * as tf from '@tensorflow/tfjs';
import { lstm, lstmLayerRank } from 'matrix-rank';

const [batch, time, features, units] = [64, 20, 4, 16];
const layer = tf.layers.lstm({ units, recurrentActivation: 'sigmoid' });

// Four numbers a step, sixteen units: how many directions do the outputs of a batch use, and how strongly?
for (const steps of [1, 2, 5, time]) {
  const x = tf.randomNormal([batch, steps, features], 0, 1, 'float32', 7);
  const ranks = tf.tidy(() =>
    [0.1, 0.03, 0.01].map((rtol) => lstmLayerRank((sequence) => layer.apply(sequence), x, { rtol })),
  );
  console.log(`${steps} steps: rank ${ranks.join(', ')} to 10 %, 3 %, 1 % of the largest singular value`);
  x.dispose();
}

// The same cell without a framework, from the layer's weights and a typed array.
const [kernel, recurrentKernel, bias] = layer.getWeights();
const cell = lstm({ kernel, recurrentKernel, bias });
const x = tf.randomNormal([batch, time, features], 0, 1, 'float32', 7);
const sequence = { data: x.dataSync(), shape: x.shape };
console.log('without tfjs:', lstmLayerRank(cell, sequence, { rtol: 0.03 }), 'to 3 %');
x.dispose();
