// The rank of a pooled feature map, over TensorFlow.js and without it.
//   npm install @tensorflow/tfjs
//   node examples/pooling-tfjs.mjs
import * as tf from '@tensorflow/tfjs';
import { avgPool, maxPool, poolingLayerRank } from 'matrix-rank';

// 64 images [16, 16, 3], all of them mixtures of ten: [batch, -1] has rank 10.
const images = tf.tidy(() => {
  const ten = tf.randomNormal([10, 16 * 16 * 3], 0, 1, 'float32', 1);
  const mix = tf.randomNormal([64, 10], 0, 1, 'float32', 2);
  return tf.matMul(mix, ten).reshape([64, 16, 16, 3]);
});

// tfjs's own operations; tidy frees what they make.
const rank = (op) => tf.tidy(() => poolingLayerRank(op, images));
console.log(
  'no pooling ',
  rank((x) => x),
);
console.log(
  'tf.avgPool ',
  rank((x) => tf.avgPool(x, 2, 2, 'same')),
  '(linear: mixtures stay mixtures)',
);
console.log(
  'tf.maxPool ',
  rank((x) => tf.maxPool(x, 2, 2, 'same')),
  '(not linear: the rank may grow)',
);

// The same without a framework, from any typed array.
const map = { data: images.dataSync(), shape: images.shape };
console.log('avgPool    ', poolingLayerRank(avgPool({ size: 2, padding: 'same' }), map));
console.log('maxPool    ', poolingLayerRank(maxPool({ size: 2, padding: 'same' }), map));
// From [16, 16, 3] to [1, 1, 3]: no more than three dimensions are left.
console.log('global mean', poolingLayerRank(avgPool({ size: 16 }), map));
images.dispose();
