// The tensors of an unpickled PyTorch object: where they are in it, and their elements. A tensor is a view of a
// storage: an offset, sizes and strides in elements. Source: torch/_utils.py.
import { product } from '../../shared/shape.js';
import { endOf, gather, gatherPairs, isDense } from '../../shared/strided.js';
import { isFloat8, readFloat8 } from '../decode/scales.js';
import { countElements, decode, ELEMENT_SIZE, elementSize } from '../decode.js';
import { isComplex } from '../dtypes.js';
import { FormatError, quote } from '../errors.js';
import { isExperts } from '../layout.js';
import { stackOf } from '../matrices.js';
import { PickleCall } from '../pickle/values.js';
import type { ByteSource } from '../source/source.js';
import { type Entry, numbers, type Weight } from '../stored.js';
import { decodeQuantised, storageOf } from './quantised.js';
import { FLOAT4, toView, type View } from './view.js';

const MAX_DEPTH = 64;
const MAX_NAME = 1 << 12;
/** Characters of all names: a key that is written once may be part of a million names. */
const MAX_NAMES = 1 << 26;
/** A view may repeat elements (stride 0) up to this many; past that it would be larger than what is stored. */
export const MAX_REPEATED = 1 << 20;

/** Calls that make a tensor. */
const REBUILDS = /^torch\._(utils|tensor)\._rebuild_|^torch\.nn\.(\w+\.)*(Parameter|Buffer)$/;

/** Where the storages of a file are. */
export interface Archive {
  source: ByteSource;
  /** A storage by its key. */
  storage(key: string): Promise<ByteSource | undefined>;
  little: boolean;
  /** Bytes that may still be handed out. */
  budget: number;
}

/** What stands between a module and its weights where a whole model was pickled. */
const UNNAMED = new Set(['_modules', '_parameters', '_buffers']);

/**
 * Every tensor below `value`; a container that is there twice is entered once, an object's attributes are looked
 * through, and what nests deeper or has a longer name than a weight ever does is left aside.
 */
export function* findTensors(file: string, root: unknown): Generator<[name: string, call: PickleCall]> {
  const seen = new Set<unknown>();
  let characters = 0;
  yield* visit(root, '', 0);

  function* visit(value: unknown, path: string, depth: number): Generator<[string, PickleCall]> {
    if (path.length > MAX_NAME || depth > MAX_DEPTH) return;
    if (value instanceof PickleCall) {
      if (!REBUILDS.test(value.callee)) {
        yield* visit(value.state, path, depth + 1);
        return;
      }
      characters += path.length;
      if (characters > MAX_NAMES) {
        throw new FormatError(
          file,
          `the names of the tensors up to ${quote(path)} are ${MAX_NAMES} characters and more.`,
        );
      }
      yield [path, value];
      return;
    }
    if (!(value instanceof Map || Array.isArray(value)) || seen.has(value)) return;
    seen.add(value);
    for (const [key, inner] of value.entries()) {
      if (typeof inner !== 'object' || inner === null) continue;
      if (typeof key === 'string' && UNNAMED.has(key)) {
        yield* visit(inner, path, depth + 1);
        continue;
      }
      const step = typeof key === 'string' || typeof key === 'number' ? String(key) : '?';
      yield* visit(inner, path === '' ? step : `${path}.${step}`, depth + 1);
    }
  }
}

/** A tensor of a checkpoint, whose storage is looked up when it is read. */
export class TorchTensor implements Entry {
  readonly dtype: string = '';
  readonly shape: number[] = [];
  readonly problem?: string;
  readonly complete?: boolean;
  private readonly view?: View;
  private readonly packed?: string;
  private charged = false;

  constructor(
    private readonly archive: Archive,
    readonly name: string,
    call: PickleCall,
  ) {
    const view = toView(call);
    if (typeof view === 'string') this.problem = view;
    else if ('packed' in view) {
      Object.assign(this, view, { complete: true });
    } else {
      this.complete = view.quantizer !== undefined;
      this.view = view;
      const { dtype, shape, pairs } = view;
      this.dtype = pairs ? FLOAT4 : dtype;
      this.shape = pairs ? [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 1)] : shape;
    }
  }

  get file(): string {
    return this.archive.source.name;
  }

  /** A weight that is what its tensor is; convolutions of PyTorch are OIHW whatever they are called. */
  plain(): Weight {
    const { name, dtype, shape, problem, packed, view } = this;
    if (packed !== undefined) return { name, dtype, shape, packed };
    if (view?.quantizer !== undefined) return this.quantised(view.quantizer);
    const layout = isExperts(name, shape) ? ('experts' as const) : undefined;
    const read = async () => ({
      ...(isFloat8(this) ? await readFloat8(this, stackOf(shape, layout)) : await this.elements()),
      ...(layout && { layout }),
    });
    return { name, dtype, shape, problem, read };
  }

  private quantised(quantizer: readonly unknown[]): Weight {
    const { name, dtype, shape, archive } = this;
    const list = (call: PickleCall) =>
      numbers(this.file, new TorchTensor(archive, `${name}'s quantizer`, call));
    const read = async () => {
      const { data } = await this.read(dtype, 0);
      const decoded = await decodeQuantised(quantizer, data, dtype, shape, list);
      if (decoded === undefined) throw this.fail('has scales and zero points that do not fit it');
      return decoded;
    };
    return { name, dtype, shape, storage: storageOf(dtype, quantizer), read };
  }

  /** Of all elements; 0 where they cannot be counted. */
  get byteLength(): number {
    const { shape, dtype } = this.view ?? this;
    const size = product(shape) * (ELEMENT_SIZE[dtype] ?? 1);
    return Number.isSafeInteger(size) ? size : 0;
  }

  /** The elements, row-major. */
  elements() {
    return this.read(this.dtype, this.shape.length);
  }

  async words(from?: number, count?: number) {
    const type = /^float[48]/.test(this.dtype) ? 'uint8' : this.dtype;
    if (from === undefined || count === undefined) return (await this.read(type, 0)).data;
    const { shape, strides } = this.view!;
    if (from + count > countElements(this.archive.source.name, this.name, shape)) {
      throw this.fail(`has no elements ${from} to ${from + count}`);
    }
    if (isDense(shape, strides)) {
      return (await this.read(type, 0, { start: from, shape: [count], strides: [1] })).data;
    }
    // Whole steps of the first axis are a view as well: one matrix of a stack.
    const step = product(shape.slice(1));
    if (from % step === 0 && count % step === 0) {
      const part = { start: (from / step) * strides[0], shape: [count / step, ...shape.slice(1)], strides };
      return (await this.read(type, 0, part)).data;
    }
    return (await this.read(type, 0)).data.slice(from, from + count);
  }

  private fail(detail: string): FormatError {
    return new FormatError(this.archive.source.name, `tensor ${quote(this.name)} ${detail}.`);
  }

  /** The elements of a part of the view, of all of it by default, decoded as a type. */
  private async read(type: string, dims: number, part?: Pick<View, 'shape' | 'strides'> & { start: number }) {
    const { archive, name, problem, view } = this;
    if (view === undefined) throw this.fail(problem!);
    const { size, stored } = this.check(view);
    const file = archive.source.name;
    const from = await archive.storage(view.storage);
    if (from === undefined)
      throw this.fail(`needs the storage ${quote(view.storage)}, which the archive lacks`);
    if (stored * size > from.size) {
      throw this.fail(`needs ${stored * size} bytes of storage ${quote(view.storage)}, it has ${from.size}`);
    }
    const { start, shape, strides } = part ?? { start: 0, shape: view.shape, strides: view.strides };
    const offset = view.offset + start;
    const bytes = await from.read(offset * size, (endOf(offset, shape, strides) - offset) * size);
    const { data, bits } = decode(bytes, type, { file, name, dims }, archive.little);
    const moved = isComplex(type) ? gatherPairs : gather;
    return { data: isDense(shape, strides) ? data : moved(data, shape, strides), ...(bits && { bits }) };
  }

  /** The size of an element and how many the storage has, or a FormatError where the view does not fit into it. */
  private check({ shape, strides, offset, elements, untyped, dtype }: View) {
    const { archive, name } = this;
    const file = archive.source.name;
    const count = countElements(file, name, shape);
    const size = elementSize(file, name, dtype);
    const stored = untyped ? Math.floor(elements / size) : elements;
    const end = endOf(offset, shape, strides);
    if (!(end <= stored)) throw this.fail(`reaches element ${end} of a storage of ${stored}`);
    if (count > Math.max(stored, MAX_REPEATED)) throw this.fail(`repeats ${stored} elements into ${count}`);
    // Parts of packed weights are read a piece at a time: each tensor counts once.
    if (!this.charged) archive.budget -= count * size;
    this.charged = true;
    if (archive.budget < 0) throw this.fail('and those before it share storages beyond belief');
    return { size, stored };
  }
}
