// What lies in PyTorch's files: checkpoints of torch.save and TorchScript archives (.pt, .pth, .ckpt, .bin).
// Layout since 1.6: a zip archive. <folder>/data.pkl is a pickle of the saved object, in which a tensor is a call of
// torch._utils._rebuild_tensor_v2 over a storage; the storage's bytes are the entry <folder>/data/<key>;
// <folder>/byteorder names their order. A frozen TorchScript module keeps weights in constants.pkl and constants/.
// Before 1.6: five pickles one after the other (a magic number, a version, the byte order, the object, the storages'
// keys), then for each key a count (8 bytes) and as many elements. Source: torch/serialization.py.
import { ELEMENT_SIZE } from '../decode.js';
import { fromStorage } from '../dtypes.js';
import { FormatError } from '../errors.js';
import { unpickle, unpickleAt } from '../pickle/unpickle.js';
import { PickleGlobal, type PickleReference } from '../pickle/values.js';
import { type ByteSource, checkRange, readText, sliceSource } from '../source/source.js';
import { openEntry, readZip, type ZipEntry } from '../source/zip.js';
import type { Listing } from '../stored.js';
import type { ReadOptions } from '../types.js';
import { type Archive, findTensors, MAX_REPEATED, TorchTensor } from './tensors.js';
import { storageId } from './view.js';

const MAX_PICKLE = 1 << 28;
/** A file whose tensors share storages so much that they are more than this many times its size is refused. */
const MAX_SHARING = 64;

/** The tensors of a zip archive. */
export async function listPytorch(
  source: ByteSource,
  options: ReadOptions = {},
  listed?: readonly ZipEntry[],
): Promise<Listing> {
  const entries = new Map((listed ?? (await readZip(source))).map((entry) => [entry.name, entry]));
  const pickle = [...entries.values()].find((entry) => isPickleEntry(entry.name));
  if (pickle === undefined) throw new FormatError(source.name, 'expected data.pkl in the zip archive.');
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  const little =
    order === undefined || !/^big/.test(await readText(await openEntry(source, order, { maxBytes: 16 })));
  const found: Listing = { entries: [] };
  for (const part of ['data', 'constants']) {
    const entry = entries.get(`${folder}${part}.pkl`);
    if (entry === undefined || found.broken !== undefined) continue;
    if (entry.size > MAX_PICKLE)
      throw new FormatError(source.name, `${part}.pkl claims ${entry.size} bytes.`);
    const from = await openEntry(source, entry, options);
    const root = unpickle(from.name, await from.read(0, from.size));
    const storage = async (key: string) => {
      const found = entries.get(`${folder}${part}/${key}`);
      return found && openEntry(source, found, options);
    };
    const archive = { source, storage, little, budget: MAX_SHARING * (source.size + MAX_REPEATED) };
    list(archive, root, part === 'data' ? '' : `${part}.`, found);
  }
  return found;
}

/** Whether an entry of a zip archive is what torch.save calls the object. */
export const isPickleEntry = (name: string) => /(^|\/)data\.pkl$/.test(name);

/** The tensors of a file of before version 1.6. */
export async function listLegacyPytorch(source: ByteSource): Promise<Listing> {
  const file = source.name;
  const { values, references, end } = await readPickles(source, 5);
  const [, version, system, root, keys] = values;
  if (version !== 1001) throw new FormatError(file, `is of PyTorch's protocol ${version}; 1001 is read.`);
  if (!Array.isArray(keys))
    throw new FormatError(file, 'expected a list of storages after the fourth pickle.');
  const types = storageTypes(references);
  const storages = new Map<string, ByteSource>();
  let at = end;
  for (const key of keys) {
    const dtype = typeof key === 'string' ? types.get(key) : undefined;
    if (dtype === undefined) throw new FormatError(file, `a storage before offset ${at} has no type.`);
    checkRange(file, source.size, at, 8, 'the length of a storage');
    const count = Number(new DataView((await source.read(at, 8)).buffer).getBigInt64(0, true));
    const size = count * (ELEMENT_SIZE[dtype] ?? 1);
    storages.set(key as string, sliceSource(source, at + 8, size));
    at += 8 + size;
  }
  const archive: Archive = {
    source,
    storage: async (key) => storages.get(key),
    little: !(system instanceof Map) || system.get('little_endian') !== false,
    budget: MAX_SHARING * (source.size + MAX_REPEATED),
  };
  const found: Listing = { entries: [] };
  list(archive, root, '', found);
  return found;
}

function list(archive: Archive, root: unknown, prefix: string, into: Listing) {
  const { name: file } = archive.source;
  try {
    for (const [name, call] of findTensors(file, root)) {
      const full = prefix + (name === '' ? file.replace(/\.\w+$/, '') : name);
      into.entries.push(new TorchTensor(archive, full, call));
    }
  } catch (error) {
    into.broken = error;
  }
}

/** The first `count` pickles of a file, whose lengths nothing tells: as much is read as they turn out to need. */
async function readPickles(source: ByteSource, count: number) {
  for (let window = 1 << 16; ; window *= 8) {
    const bytes = await source.read(0, Math.min(window, source.size));
    const values: unknown[] = [];
    const references: PickleReference[] = [];
    try {
      let end = 0;
      while (values.length < count) {
        const next = unpickleAt(source.name, bytes, end);
        values.push(next.value);
        references.push(...next.references);
        end = next.end;
      }
      return { values, references, end };
    } catch (error) {
      if (bytes.length === source.size || window >= MAX_PICKLE) throw error;
    }
  }
}

/** The element type of each storage, from the references to it. */
function storageTypes(references: readonly PickleReference[]): Map<string, string> {
  const types = new Map<string, string>();
  for (const reference of references) {
    const id = storageId(reference.id);
    if (!Array.isArray(id) || !(id[1] instanceof PickleGlobal) || typeof id[2] !== 'string') continue;
    types.set(id[2], fromStorage(id[1].name.slice(id[1].name.lastIndexOf('.') + 1)));
  }
  return types;
}
