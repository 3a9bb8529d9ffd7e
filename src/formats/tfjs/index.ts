// TensorFlow.js: model.json and its shards, or a bare weight manifest.
// Layout: a manifest is an array of groups { paths, weights }. A group's weights lie end to end, without alignment, in
// the concatenation of its files, and may cross from one file to the next. Quantised weights hold integers q that stand
// for q * scale + min, or float16. String tensors (a length of 4 bytes before each string) are stepped over.
// Source: tfjs-core/src/io/io_utils.ts (decodeWeights) and tfjs-core/src/io/types.ts.
import { repeated } from '../../shared/repeated.js';
import { admit } from '../admit.js';
import { checkLength, countElements, decode, elementSize, type TensorData } from '../decode.js';
import { uniformNoise } from '../describe.js';
import { attempt, FormatError, quote } from '../errors.js';
import { isObject, parseJson } from '../json.js';
import { type ByteSource, checkRange, readText } from '../source/source.js';
import type { NamedTensor, ReadOptions } from '../types.js';
import { tfjsLayouts } from './layout.js';

const TYPES: Readonly<Record<string, string>> = {
  float32: 'float32',
  float16: 'float16',
  int32: 'int32',
  uint8: 'uint8',
  uint16: 'uint16',
  bool: 'bool',
};

interface Weight {
  name: string;
  shape: number[];
  dtype: string;
  stored: string;
  scale?: number;
  min?: number;
}

/** The weights of a tfjs model in the manifest's order. */
export async function* readTfjs(
  source: ByteSource,
  options: ReadOptions = {},
  parsed?: unknown,
): AsyncGenerator<NamedTensor> {
  const file = source.name;
  const json = parsed ?? parseJson(file, 'the file', await readText(source));
  const manifest = isObject(json) ? json.weightsManifest : json;
  if (!Array.isArray(manifest))
    throw new FormatError(file, "expected an array in the field 'weightsManifest'.");
  const layoutOf = tfjsLayouts(isObject(json) ? json.modelTopology : undefined);
  const total = manifestBytes(manifest);
  const paths = new Set<unknown>();
  const twice = namedTwice(manifest);
  let done = 0;
  for (const [index, group] of manifest.entries()) {
    const where = `weightsManifest[${index}]`;
    if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) {
      throw new FormatError(file, `expected 'paths' and 'weights' in ${where}.`);
    }
    for (const path of group.paths) {
      if (paths.has(path))
        throw new FormatError(file, `${where} names ${quote(path)}, which was named before.`);
      paths.add(path);
    }
    const shards = new Shards(source, where, group.paths);
    try {
      for await (const { tensor, length } of readGroup(shards, group.weights, twice, options)) {
        done += length;
        options.onProgress?.(done, Math.max(done, total));
        const layout = tensor && layoutOf(tensor.name, tensor.shape);
        if (tensor !== undefined) yield { ...tensor, ...(layout && { layout }) };
      }
    } finally {
      await shards.close();
    }
  }
}

/** The weights of one group in their order, with the bytes that each takes; no tensor for what is not taken. */
async function* readGroup(
  shards: Shards,
  weights: readonly unknown[],
  twice: ReadonlySet<unknown>,
  options: ReadOptions,
): AsyncGenerator<{ tensor: NamedTensor | undefined; length: number }> {
  const { file, where } = shards;
  let at = 0;
  for (const [k, item] of weights.entries()) {
    const name = isObject(item) && typeof item.name === 'string' ? item.name : `${where}.weights[${k}]`;
    // A weight of unknown length hides where the next one begins: that ends the group, not the weights before it.
    let length = -1;
    const tensor = await attempt(name, file, options, async () => {
      if (!isObject(item) || item.name !== name) throw new FormatError(file, `${name} has no name.`);
      if (item.dtype === 'string') {
        const strings = countElements(file, name, Array.isArray(item.shape) ? item.shape : [-1]);
        length = await stringBytes(file, name, shards, at, strings);
        return undefined;
      }
      const weight = toWeight(file, name, item);
      const { shape, dtype, stored, scale } = weight;
      length = countElements(file, name, shape) * elementSize(file, name, stored);
      if (twice.has(name)) throw new FormatError(file, `weight ${quote(name)} is there twice.`);
      if (!(await admit(file, options, name, { shape, dtype }))) return undefined;
      return withNoise(dequantise(file, weight, await shards.read(name, at, length)), scale);
    });
    if (length < 0) {
      const rest = weights.length - k - 1;
      if (rest === 0) return;
      await attempt(where, file, options, () => {
        throw new FormatError(file, `the ${rest} weights after ${quote(name)} in ${where} cannot be found.`);
      });
      return;
    }
    at += length;
    yield { tensor, length };
  }
}

/** Names that a manifest gives to more weights than one. */
function namedTwice(manifest: readonly unknown[]): Set<unknown> {
  const items = manifest.flatMap((group) =>
    isObject(group) && Array.isArray(group.weights) ? group.weights : [],
  );
  return repeated(items.map((item) => (isObject(item) ? item.name : undefined)));
}

/** What the weights of a manifest take, strings apart: good enough for a progress bar. */
function manifestBytes(manifest: readonly unknown[]): number {
  let total = 0;
  for (const group of manifest) {
    if (!isObject(group) || !Array.isArray(group.weights)) continue;
    for (const item of group.weights) {
      try {
        const { name, shape, stored } = toWeight('', '', item);
        total += countElements('', name, shape) * elementSize('', name, stored);
      } catch {
        // told when its turn comes
      }
    }
  }
  return total;
}

function toWeight(file: string, name: string, item: Record<string, unknown>): Weight {
  const { shape, dtype, quantization } = item;
  const fail = (detail: string) => new FormatError(file, `weight ${quote(name)} ${detail}.`);
  if (!Array.isArray(shape)) throw fail("lacks the field 'shape'");
  if (typeof dtype !== 'string') throw fail("lacks the field 'dtype'");
  countElements(file, name, shape);
  const known = Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : dtype;
  if (quantization === undefined) return { name, shape, dtype: known, stored: known };
  if (!isObject(quantization)) throw fail("has no object in the field 'quantization'");
  const { dtype: stored, scale, min } = quantization;
  if (stored === 'float16') return { name, shape, dtype: 'float16', stored };
  if (stored !== 'uint8' && stored !== 'uint16') throw fail(`is quantised to ${quote(stored)}`);
  if (!Number.isFinite(scale) || !Number.isFinite(min))
    throw fail("lacks 'scale' or 'min' in its quantization");
  if (known !== 'float32' && known !== 'int32') throw fail(`of type ${quote(dtype)} is quantised`);
  return { name, shape, dtype: known, stored, scale: scale as number, min: min as number };
}

/** A weight whose integers were `step` apart. */
function withNoise(tensor: NamedTensor, step: number | undefined): NamedTensor {
  if (step === undefined || tensor.dtype !== 'float32') return tensor;
  return { ...tensor, storage: `${tensor.quantization} x scale`, noise: uniformNoise(step, tensor) };
}

function dequantise(file: string, weight: Weight, bytes: Uint8Array): NamedTensor {
  const { name, shape, dtype, stored, scale, min } = weight;
  checkLength(file, name, stored, shape, bytes.length, 0);
  const { data, bits } = decode(bytes, stored, { file, name, dims: shape.length });
  if (scale === undefined || min === undefined) return { name, shape, dtype, data, ...(bits && { bits }) };
  const out: TensorData = dtype === 'int32' ? new Int32Array(data.length) : new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) {
    const value = data[i] * scale + min;
    out[i] = dtype === 'int32' ? Math.round(value) : value;
  }
  return { name, shape, dtype, data: out, quantization: stored };
}

async function stringBytes(
  file: string,
  name: string,
  shards: Shards,
  start: number,
  count: number,
): Promise<number> {
  let at = start;
  for (let i = 0; i < count; i++) {
    const length = new DataView((await shards.read(name, at, 4)).buffer).getUint32(0, true);
    if (!(await shards.has(at + 4 + length))) {
      throw new FormatError(file, `string ${i} of ${quote(name)} claims ${length} bytes at offset ${at}.`);
    }
    at += 4 + length;
  }
  return at - start;
}

/**
 * A group's files as one stretch of bytes, read front to back: each is opened when it is reached, closed when passed.
 */
class Shards {
  private readonly opened: { source: ByteSource; start: number }[] = [];
  private next = 0;
  /** Bytes of the files opened so far. */
  known = 0;
  constructor(
    private readonly source: ByteSource,
    /** The group's place in the manifest. */
    readonly where: string,
    private readonly paths: readonly unknown[],
  ) {}

  /** The name of the manifest. */
  get file(): string {
    return this.source.name;
  }

  /** Whether there are at least `size` bytes. */
  async has(size: number): Promise<boolean> {
    while (this.known < size && this.next < this.paths.length) {
      const source = await this.source.sibling(this.paths[this.next] as string);
      this.opened.push({ source, start: this.known });
      this.next++;
      this.known += source.size;
    }
    return this.known >= size;
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    if (!(await this.has(offset + length))) {
      checkRange(this.source.name, this.known, offset, length, `tensor ${quote(name)} of ${this.where}`);
    }
    const end = offset + length;
    while (this.opened.length > 1 && this.opened[0].start + this.opened[0].source.size <= offset) {
      await this.opened.shift()?.source.close();
    }
    const parts = this.opened.filter(({ source, start }) => start < end && start + source.size > offset);
    if (parts.length === 1) return parts[0].source.read(offset - parts[0].start, length);
    const out = new Uint8Array(length);
    for (const { source, start } of parts) {
      const from = Math.max(offset, start);
      const to = Math.min(end, start + source.size);
      out.set(await source.read(from - start, to - from), from - offset);
    }
    return out;
  }

  async close() {
    for (const { source } of this.opened) await source.close();
  }
}
