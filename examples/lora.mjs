// What a LoRA uses of its r, and its factors cut to what it uses; the product B * A is never formed.
//   node examples/lora.mjs [adapter_model.safetensors]
import { productFactors, productReport } from 'matrix-rank';
import { readTensors } from 'matrix-rank/formats';

/** Without a file: a weight of 64 x 96, of whose r = 16 three are used. Column k of B is column k % 3. */
function* sample() {
  const [m, n, r] = [64, 96, 16];
  const left = Float32Array.from({ length: m * r }, (_, k) =>
    Math.cos(Math.floor(k / r) * (((k % r) % 3) + 1)),
  );
  const right = Float32Array.from({ length: r * n }, (_, k) =>
    Math.sin((Math.floor(k / n) + 1) * ((k % n) + 1)),
  );
  yield { name: 'layers.0.q_proj.weight', shape: [m, n], factors: { left, right, rank: r } };
}

const file = process.argv[2];
for await (const { name, shape, factors } of file ? readTensors(file) : sample()) {
  if (factors === undefined) continue; // no pair
  const [m, n, r] = [shape[0], factors.right.length / factors.rank, factors.rank];
  const [B, A] = [
    { data: factors.left, shape: [m, r] },
    { data: factors.right, shape: [r, n] },
  ];
  const { rank, proven, stableRank } = productReport(B, A);
  console.log(
    `${name}: rank ${rank} of r = ${r}${proven ? ', proved' : ''}; stable rank ${stableRank.toFixed(2)}`,
  );
  for (const energy of [0.9, 0.99, 0.9999]) {
    const { rank: k, residual } = productFactors(B, A, { energy });
    console.log(
      `  ${energy}: [${m}, ${k}] x [${k}, ${n}] in place of r = ${r}, off by ${residual.toPrecision(3)}`,
    );
  }
}
