// Low-rank adapters in .gguf files: X.lora_a [r, inputs] and X.lora_b [outputs, r] are one weight X,
// (alpha / r) lora_b x lora_a, unscaled where alpha is 0. Source: llama.cpp's llama-adapter.cpp.
import type { TensorData } from './decode.js';
import { toNumbers, type Weight } from './stored.js';

const ENDING = /\.lora_([ab])$/;

/**
 * The weights that a tensor of this name stands for: of a pair, one at its lora_a and none at its lora_b; undefined for
 * what is no part of an adapter.
 */
export function loraPair(
  own: string,
  alpha: number,
  get: (name: string) => Weight | undefined,
): Weight[] | undefined {
  const part = ENDING.exec(own)?.[1];
  if (part === undefined) return undefined;
  const name = own.replace(ENDING, '');
  const [down, up] = [get(`${name}.lora_a`), get(`${name}.lora_b`)];
  if (down === undefined || up === undefined) {
    const { dtype, shape } = (down ?? up)!;
    return [{ name, dtype, shape, packed: `an adapter without its lora_${part === 'a' ? 'b' : 'a'}` }];
  }
  if (part === 'b') return [];
  const { dtype } = down;
  const rank = down.shape[0];
  // Those of an embedding have their factors turned, those of experts are stacks.
  const [readDown, readUp] = [elementsOf(down), elementsOf(up)];
  const product = down.shape.length === 2 && up.shape.length === 2 && up.shape[1] === rank;
  if (!product || readDown === undefined || readUp === undefined) {
    const packed = `packed (lora_a ${shown(down)}, lora_b ${shown(up)})`;
    return [{ name, dtype, shape: down.shape, packed }];
  }
  const read: Weight['read'] = async () => {
    const scale = alpha === 0 ? 1 : alpha / rank;
    const left = Float32Array.from(await readUp(), (x) => x * scale);
    return {
      data: new Float32Array(0),
      factors: { left, right: Float32Array.from(await readDown()), rank },
    };
  };
  const problem = down.problem ?? up.problem;
  return [
    { name, dtype, shape: [up.shape[0], down.shape[1]], storage: 'lora', factors: rank, problem, read },
  ];
}

const shown = ({ dtype, shape }: Weight) => `${dtype} [${shape.join(', ')}]`;

/** Reads numbers; undefined where blocks are not known. */
function elementsOf({ dtype, read }: Weight): (() => Promise<ArrayLike<number>>) | undefined {
  if (read === undefined) return undefined;
  return async () => {
    const { data, bits } = await read();
    return bits === undefined ? (data as ArrayLike<number>) : toNumbers(data as TensorData, dtype);
  };
}
