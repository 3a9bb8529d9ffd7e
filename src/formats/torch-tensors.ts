// The tensors of an unpickled PyTorch object: where they are in it, and their elements. A tensor is a view of a storage: an offset, sizes
// and strides in elements. Source: torch/_utils.py.
import { admit } from './admit.js';
import { countElements, decode, elementSize } from './decode.js';
import { fromStorage, fromTorch, isComplex } from './dtypes.js';
import { FormatError, quote } from './errors.js';
import { PickleCall, PickleGlobal, PickleReference } from './pickle.js';
import type { ByteSource } from './source.js';
import { gather, gatherPairs, rowMajorStrides } from './strided.js';
import type { NamedTensor, ReadOptions } from './types.js';

const MAX_DEPTH = 64;
const MAX_NAME = 1 << 12;
/** Characters of all names: a key that is written once may be part of a million names. */
const MAX_NAMES = 1 << 26;
/** A view may repeat elements (stride 0) up to this many; past that it would be larger than what is stored. */
export const MAX_REPEATED = 1 << 20;

/** Calls that make a tensor. */
const REBUILDS = /^torch\._(utils|tensor)\._rebuild_|^torch\.nn\.(\w+\.)*(Parameter|Buffer)$/;
/** Those of them that hand on their first argument. */
const WRAPPERS = /\._rebuild_(parameter(_with_state)?|device_tensor_from_cpu_tensor)$|\.(Parameter|Buffer)$/;

/** Where the storages of a file are. */
export interface Archive {
  source: ByteSource;
  options: ReadOptions;
  /** A storage by its key. */
  storage(key: string): Promise<ByteSource | undefined>;
  little: boolean;
  /** Bytes that may still be handed out. */
  budget: number;
}

/** What stands between a module and its weights where a whole model was pickled. */
const UNNAMED = new Set(['_modules', '_parameters', '_buffers']);

/**
 * Every tensor below `value`; a container that is there twice is entered once, an object's attributes are looked through,
 * and what nests deeper or has a longer name than a weight ever does is left aside.
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

/** The elements of one tensor, or undefined where the filter refuses it. */
export async function readTensor(
  archive: Archive,
  name: string,
  call: PickleCall,
): Promise<NamedTensor | undefined> {
  const file = archive.source.name;
  const fail = (detail: string) => new FormatError(file, `tensor ${quote(name)} ${detail}.`);
  const [storage, offset, shape, strides, , , type] = unwrap(call, fail).args;
  const id = storage instanceof PickleReference ? storageId(storage.id) : undefined;
  if (!Array.isArray(id) || id[0] !== 'storage' || !(id[1] instanceof PickleGlobal))
    throw fail('has no storage');
  const kind = id[1].name.slice(id[1].name.lastIndexOf('.') + 1);
  const elements = id[4];
  if (!Array.isArray(shape) || !Array.isArray(strides) || shape.length !== strides.length) {
    throw fail('has sizes and strides that do not fit together');
  }
  const whole = (v: unknown): v is number => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;
  if (!whole(offset) || !whole(elements) || !strides.every(whole))
    throw fail('has a fractional or negative stride');
  const count = countElements(file, name, shape);
  const dtype = type instanceof PickleGlobal ? fromTorch(type.name) : fromStorage(kind);
  if (!(await admit(file, archive.options, name, { shape, dtype }))) return undefined;
  const size = elementSize(file, name, dtype);
  const stored = kind === 'UntypedStorage' ? Math.floor(elements / size) : elements;
  const end = count === 0 ? offset : shape.reduce((sum, n, i) => sum + (n - 1) * strides[i], offset) + 1;
  if (!(end <= stored)) throw fail(`reaches element ${end} of a storage of ${stored}`);
  if (count > Math.max(stored, MAX_REPEATED)) throw fail(`repeats ${stored} elements into ${count}`);
  archive.budget -= count * size;
  if (archive.budget < 0) throw fail('and those before it share storages beyond belief');

  const key = id[2];
  if (typeof key !== 'string') throw fail('has a storage without a name');
  const from = await archive.storage(key);
  if (from === undefined) throw fail(`needs the storage ${quote(key)}, which the archive lacks`);
  if (stored * size > from.size)
    throw fail(`needs ${stored * size} bytes of storage ${quote(key)}, it has ${from.size}`);
  const bytes = await from.read(offset * size, (end - offset) * size);
  const { data, bits } = decode(bytes, dtype, { file, name, dims: shape.length }, archive.little);
  const dense = rowMajorStrides(shape);
  const moved = isComplex(dtype) ? gatherPairs : gather;
  const contiguous =
    bytes.length === count * size && shape.every((n, i) => n <= 1 || strides[i] === dense[i]);
  return {
    name,
    shape,
    dtype,
    data: contiguous ? data : moved(data, shape, strides),
    ...(bits && { bits }),
  };
}

/** A storage's persistent id: a tuple, or in protocol 0 the text of one. */
function storageId(id: unknown): unknown {
  if (typeof id !== 'string') return id;
  const parts = /^\('storage', <class '([\w.]+)'>, '([^']*)', '[^']*', (\d+)\)$/.exec(id);
  return parts && ['storage', new PickleGlobal(parts[1]), parts[2], 'cpu', Number(parts[3])];
}

/** From a parameter to its tensor, and from a subclass to the call that makes it. */
function unwrap(call: PickleCall, fail: (detail: string) => FormatError): PickleCall {
  let inner = call;
  for (let depth = 0; depth < 8; depth++) {
    const { callee, args } = inner;
    if (/\._rebuild_tensor(_v[23])?$/.test(callee)) return inner;
    let next: unknown;
    if (WRAPPERS.test(callee)) next = args[0];
    else if (
      callee.endsWith('._rebuild_from_type_v2') &&
      args[0] instanceof PickleGlobal &&
      Array.isArray(args[2])
    ) {
      next = new PickleCall(args[0].name, args[2]);
    }
    if (!(next instanceof PickleCall)) throw fail(`is made by ${quote(callee)}, not supported`);
    inner = next;
  }
  throw fail('is wrapped too deeply');
}
