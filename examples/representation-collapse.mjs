// Does a representation collapse while a network trains? The effective rank of its hidden features, epoch by epoch.
//   npm install @tensorflow/tfjs
//   node examples/representation-collapse.mjs
// Effective rank: exp of the entropy of the normalised singular values (Roy & Vetterli 2007).
import * as tf from '@tensorflow/tfjs';
import { spectralMetrics } from 'matrix-rank';

const [samples, features, classes, width, epochs] = [600, 20, 3, 48, 40];

// Three noisy clusters on a curve in 20 dimensions; seeded, so that every run is the same.
let seed = 1;
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32 - 0.5;
};
const labels = Int32Array.from({ length: samples }, (_, i) => i % classes);
const points = new Float32Array(samples * features);
for (let i = 0; i < samples; i++) {
  const angle = labels[i] * 2 + random();
  for (let j = 0; j < features; j++) points[i * features + j] = Math.sin(angle * (1 + j / 4)) + random();
}
const x = tf.tensor2d(points, [samples, features]);
const y = tf.oneHot(tf.tensor1d(labels, 'int32'), classes);

// Weight decay drives what the classes do not need to zero; without it (0) the features keep their dimensions.
for (const decay of [0, 3e-3]) {
  const dense = (units, activation, at) =>
    tf.layers.dense({
      units,
      activation,
      inputShape: at === 1 ? [features] : undefined,
      kernelInitializer: tf.initializers.glorotUniform({ seed: at }),
      kernelRegularizer: decay ? tf.regularizers.l2({ l2: decay }) : undefined,
    });
  const hidden = dense(width, 'relu', 2);
  const model = tf.sequential({ layers: [dense(width, 'relu', 1), hidden, dense(classes, 'softmax', 3)] });
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const encoder = tf.model({ inputs: model.inputs, outputs: hidden.output });

  console.log(`weight decay ${decay}`);
  for (let epoch = 0; epoch <= epochs; epoch++) {
    if (epoch % 5 === 0) {
      const h = encoder.predict(x);
      const { rank, effectiveRank, energyRank99 } = spectralMetrics(h.dataSync(), h.shape);
      const [, accuracy] = model.evaluate(x, y).map((t) => t.dataSync()[0]);
      console.log(
        `  epoch ${String(epoch).padStart(2)}: accuracy ${accuracy.toFixed(3)}, ` +
          `effective rank ${effectiveRank.toFixed(2).padStart(5)}, ` +
          `99 % of the energy in ${energyRank99}, rank ${rank} of ${width}`,
      );
      h.dispose();
    }
    await model.fit(x, y, { epochs: 1, batchSize: 100, shuffle: false, verbose: 0 });
  }
}
