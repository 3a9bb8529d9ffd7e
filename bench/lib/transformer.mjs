// A .safetensors file of a language model's shapes in bfloat16, as initialised: normal-like weights of deviation 0.02.
import { closeSync, openSync, writeSync } from 'node:fs';
import { uniform } from './matrices.mjs';

/** One block: four square projections of attention, three of the feed-forward network. */
const block = (width, hidden) => [
  ...['q', 'k', 'v', 'o'].map((p) => [`self_attn.${p}_proj.weight`, [width, width]]),
  ['mlp.gate_proj.weight', [hidden, width]],
  ['mlp.up_proj.weight', [hidden, width]],
  ['mlp.down_proj.weight', [width, hidden]],
];

function weights([rows, columns], seed) {
  const next = uniform(seed);
  const out = new Uint16Array(rows * columns);
  const x = new Float32Array(1);
  const bits = new Uint32Array(x.buffer);
  for (let i = 0; i < out.length; i++) {
    x[0] = 0.035 * (next() + next() + next() + next() - 2); // deviation 0.02
    out[i] = bits[0] >>> 16;
  }
  return out;
}

/** Writes `blocks` blocks; returns the bytes of the file. */
export function writeTransformer(path, { blocks, width, hidden }) {
  const tensors = [];
  const header = {};
  let end = 0;
  for (let b = 0; b < blocks; b++) {
    for (const [name, shape] of block(width, hidden)) {
      const start = end;
      end += 2 * shape[0] * shape[1];
      header[`model.layers.${b}.${name}`] = { dtype: 'BF16', shape, data_offsets: [start, end] };
      tensors.push(shape);
    }
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, 'w');
  writeSync(file, Buffer.concat([length, text]));
  for (const [i, shape] of tensors.entries()) writeSync(file, Buffer.from(weights(shape, i + 1).buffer));
  closeSync(file);
  return 8 + text.length + end;
}
