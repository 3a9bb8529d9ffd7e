// Two files to look at: a small transformer whose blocks use ever less of their rank, and an adapter (LoRA) that wastes
// some of its own. Both are made here, from a seed, so that nothing has to be fetched.

type Tensor = [name: string, rows: number, columns: number, data: Float32Array];

/** Mulberry32: seeded; uniform on [-1, 1). */
function noise(seed: number): () => number {
  let s = seed;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), s | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) | 0) / 2147483648;
  };
}

/** rows x columns, the sum of `rank` outer products of random vectors whose weights fall off as k^-decay. */
function made(rows: number, columns: number, rank: number, decay: number, next: () => number): Float32Array {
  const left = Float32Array.from({ length: rows * rank }, next);
  const right = Float32Array.from({ length: rank * columns }, next);
  for (let k = 0; k < rank; k++) {
    const weight = (k + 1) ** -decay;
    for (let j = 0; j < columns; j++) right[k * columns + j] *= weight;
  }
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rank; k++) {
      const x = left[i * rank + k];
      for (let j = 0; j < columns; j++) out[i * columns + j] += x * right[k * columns + j];
    }
  }
  return out;
}

/** Moves a square matrix away from the singular ones, lest its rank be a matter of rounding. */
function clear(square: Float32Array): Float32Array {
  const n = Math.sqrt(square.length);
  for (let i = 0; i < n; i++) square[i * n + i] += 0.8;
  return square;
}

const WIDTH = 64;
const HIDDEN = 160;
const BLOCKS = 10;

function* transformer(): Generator<Tensor> {
  const next = noise(11);
  yield ['model.embed_tokens.weight', 256, WIDTH, made(256, WIDTH, WIDTH, 0.3, next)];
  for (let b = 0; b < BLOCKS; b++) {
    const depth = b / (BLOCKS - 1);
    const at = `model.layers.${b}.`;
    const square = (name: string, rank: number, decay: number): Tensor => [
      `${at}self_attn.${name}.weight`,
      WIDTH,
      WIDTH,
      rank < WIDTH ? made(WIDTH, WIDTH, rank, decay, next) : clear(made(WIDTH, WIDTH, WIDTH, decay, next)),
    ];
    // Queries and keys fall off steeply, and in the last blocks they have lost dimensions altogether.
    yield square('q_proj', b > 7 ? 40 : WIDTH, 0.5 + depth);
    yield square('k_proj', b > 6 ? 28 : WIDTH, 0.5 + 1.2 * depth);
    yield square('v_proj', WIDTH, 0.2);
    yield square('o_proj', WIDTH, 0.25 + 0.2 * depth);
    yield [`${at}mlp.gate_proj.weight`, HIDDEN, WIDTH, made(HIDDEN, WIDTH, WIDTH, 0.3 + 0.4 * depth, next)];
    yield [`${at}mlp.up_proj.weight`, HIDDEN, WIDTH, made(HIDDEN, WIDTH, WIDTH, 0.3, next)];
    yield [
      `${at}mlp.down_proj.weight`,
      WIDTH,
      HIDDEN,
      made(WIDTH, HIDDEN, b === 9 ? 33 : WIDTH, 0.3 + 0.5 * depth, next),
    ];
  }
  yield ['lm_head.weight', 256, WIDTH, made(256, WIDTH, WIDTH, 0.3, next)];
}

function* adapter(): Generator<Tensor> {
  const next = noise(5);
  const r = 16;
  for (let b = 0; b < 6; b++) {
    for (const [name, used, decay] of [
      ['q_proj', 5, 0.9],
      ['v_proj', 16, 0.2],
    ] as const) {
      const at = `base_model.model.model.layers.${b}.self_attn.${name}.`;
      // Only `used` directions of B were trained away from zero.
      const b_ = made(96, r, used, decay, next);
      yield [`${at}lora_A.weight`, r, 96, made(r, 96, r, 0, next)];
      yield [`${at}lora_B.weight`, 96, r, b_];
    }
  }
}

/**
 * The tensors as a safetensors file: a length, a header in JSON, the elements. The page may draw between two of them.
 */
async function safetensors(tensors: Iterable<Tensor>): Promise<Blob> {
  const header: Record<string, unknown> = {};
  const parts: Float32Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const [name, rows, columns, data] of tensors) {
    header[name] = { dtype: 'F32', shape: [rows, columns], data_offsets: [at, at + data.byteLength] };
    parts.push(data as Float32Array<ArrayBuffer>);
    at += data.byteLength;
    await new Promise((resolve) => setTimeout(resolve));
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  return new Blob([BigUint64Array.of(BigInt(json.length)), json, ...parts]);
}

export const SAMPLES = {
  model: async () => new File([await safetensors(transformer())], 'sample-transformer.safetensors'),
  adapter: async () => new File([await safetensors(adapter())], 'adapter_model.safetensors'),
};
