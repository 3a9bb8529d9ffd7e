// .gguf, the files of llama.cpp.
// Layout: the header (gguf-header.ts); then, aligned, the data that its offsets count from.
// Floats and integers are read as they are, blocks decoded (decode/gguf-blocks.ts);
// other types are named, not analysed.
// Source: docs/gguf.md of the ggml project.
import { decodeBlocks, GGUF_BLOCKS } from './decode/gguf-blocks.js';
import type { Decoded } from './decode/grid.js';
import { countElements, decode, ELEMENT_SIZE, elementSize } from './decode.js';
import { FormatError, quote } from './errors.js';
import { type Entry, readHeader } from './gguf-header.js';
import { loraPair } from './gguf-lora.js';
import { isExperts } from './layout.js';
import { type ByteSource, checkRange } from './source/source.js';
import type { Weight } from './stored.js';
import type { NamedTensor, ReadOptions } from './types.js';
import { readWeight } from './weights/index.js';
import { eachOf } from './weights/weight.js';

/** The weights of a .gguf file in stored order. Shapes are turned to the usual order, outermost first. */
export async function* readGguf(source: ByteSource, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const file = source.name;
  const { tensors, base, alpha } = await readHeader(source);
  const named = new Map(tensors.map((one) => [one.name, one]));
  const weightsOf = (entry: Entry): Weight[] => {
    const scale = entry.dtype === 'nvfp4' ? named.get(entry.name.replace(/\.weight$/, '.scale')) : undefined;
    return toWeights(source, base, entry, scale?.name === entry.name ? undefined : scale);
  };
  for (const entry of tensors) {
    const weights =
      loraPair(entry.name, alpha, (name) => {
        const found = named.get(name);
        return found && { ...weightsOf(found)[0], shape: found.shape };
      }) ?? weightsOf(entry);
    for (const weight of weights) {
      const tensor = await readWeight(file, weight, options);
      if (tensor !== undefined) yield tensor;
    }
    options.onProgress?.(Math.min(source.size, base + entry.offset), source.size);
  }
  options.onProgress?.(source.size, source.size);
}

/**
 * One weight, or one for each expert of a stack that has to be decoded. NVFP4's second scale, for all or for each
 * expert, is a tensor of its own (convert_hf_to_gguf.py).
 */
function toWeights(
  source: ByteSource,
  base: number,
  { name, shape, dtype, offset, problem }: Entry,
  scale?: Entry,
): Weight[] {
  const file = source.name;
  const known = { name, dtype, shape, problem };
  const bytes = async (start: number, length: number) => {
    checkRange(file, source.size, base + offset + start, length, `tensor ${quote(name)}`);
    return source.read(base + offset + start, length);
  };
  const type = Object.hasOwn(GGUF_BLOCKS, dtype) ? GGUF_BLOCKS[dtype] : undefined;
  if (type === undefined) {
    if (!Object.hasOwn(ELEMENT_SIZE, dtype)) return [{ ...known, packed: `packed as ${dtype}` }];
    const read = async () => {
      const length = countElements(file, name, shape) * elementSize(file, name, dtype);
      const elements = decode(await bytes(0, length), dtype, { file, name, dims: shape.length });
      return { ...elements, ...(isExperts(name, shape) && { layout: 'experts' as const }) };
    };
    return [{ ...known, read }];
  }
  const cols = shape.at(-1) ?? 1;
  if (cols % type.size !== 0) {
    const detail = `of ${dtype} [${shape.join(', ')}] has rows of no whole blocks of ${type.size}`;
    return [{ ...known, problem: problem ?? detail }];
  }
  const stack = isExperts(name, shape) ? shape[0] : undefined;
  const matrix = stack === undefined ? shape : shape.slice(1);
  return eachOf(stack, name, (index) => ({
    ...{ dtype, shape: matrix, problem, storage: dtype },
    read: async () => {
      const count = countElements(file, name, matrix);
      const length = (count / type.size) * type.bytes;
      // A matrix as it is ranked: convolutions are [outputs, the rest].
      const rows = matrix.length > 1 ? matrix[0] : 1;
      const blocks = await bytes(index * length, length);
      if (count === 0) return { data: new Float32Array(0) };
      const decoded = decodeBlocks(type, blocks, count / cols, cols, rows);
      return scale === undefined
        ? decoded
        : scaled(decoded, await readScale(source, base, scale, stack, index));
    },
  }));
}

/** That of matrix `index` of a stack. */
async function readScale(
  source: ByteSource,
  base: number,
  { name, shape, dtype, offset }: Entry,
  stack: number | undefined,
  index: number,
): Promise<number> {
  const file = source.name;
  const count = countElements(file, name, shape);
  if (dtype !== 'float32' || (count !== 1 && count !== stack)) {
    const detail = `of ${dtype} [${shape.join(', ')}] is no second scale of ${stack ?? 1} in float32`;
    throw new FormatError(file, `tensor ${quote(name)} ${detail}.`);
  }
  checkRange(file, source.size, base + offset, 4 * count, `tensor ${quote(name)}`);
  const bytes = await source.read(base + offset, 4 * count);
  const { data } = decode(bytes, dtype, { file, name, dims: shape.length });
  const value = data[count === 1 ? 0 : index];
  if (!Number.isFinite(value)) throw new FormatError(file, `${quote(name)} holds ${value}.`);
  return value;
}

function scaled({ data, noise }: Decoded, by: number): Decoded {
  return { data: data.map((x) => x * by), noise: noise * Math.abs(by) };
}
