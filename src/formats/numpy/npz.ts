// .npz, NumPy's archive of arrays: a zip of .npy files, stored (np.savez) or deflated (np.savez_compressed).
// Each array is inflated on its own, straight into its place. Source: numpy/lib/npyio.py.

import { product } from '../../shared/shape.js';
import { attempt } from '../errors.js';
import { layoutByName } from '../layout.js';
import { isSparse, readSparse } from '../scipy-sparse.js';
import type { ByteSource } from '../source/source.js';
import { openEntry, readZip, withCrc, type ZipEntry } from '../source/zip.js';
import type { Entry } from '../stored.js';
import type { NamedTensor, ReadOptions } from '../types.js';
import { readEntries } from '../weights/index.js';
import { isPartName } from '../weights/unknown.js';
import { readNpyElements, readNpyHeader, readNpyTensor } from './npy.js';

/** The arrays of a .npz file in the archive's order, under their names without '.npy'. */
export async function* readNpz(
  source: ByteSource,
  options: ReadOptions = {},
  entries?: readonly ZipEntry[],
): AsyncGenerator<NamedTensor> {
  let done = 0;
  const all = entries ?? (await readZip(source));
  if (isSparse(all)) {
    yield* readSparse(source, options, all);
    return;
  }
  if (all.some((entry) => isPartName(entry.name.replace(/\.npy$/, '')))) {
    yield* readEntries({ source, entries: await listNpz(source, all, options) }, options, source.size);
    options.onProgress?.(source.size, source.size);
    return;
  }
  for (const entry of all) {
    if (entry.name.endsWith('.npy')) {
      const name = entry.name.slice(0, -4);
      const tensor = await attempt(name, source.name, options, async () =>
        readNpyTensor(withCrc(await openEntry(source, entry, options), entry.crc), name, options, true),
      );
      const layout = tensor && layoutByName(name, tensor.shape);
      if (tensor !== undefined) yield layout ? { ...tensor, layout } : tensor;
    }
    done = Math.min(source.size, done + entry.stored);
    options.onProgress?.(done, source.size);
  }
  options.onProgress?.(source.size, source.size);
}

/** The arrays as they lie in the archive, where packed weights may be among them. */
async function listNpz(source: ByteSource, all: readonly ZipEntry[], options: ReadOptions): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const entry of all) {
    if (!entry.name.endsWith('.npy')) continue;
    const name = entry.name.slice(0, -4);
    const open = async () => withCrc(await openEntry(source, entry, options), entry.crc);
    const header = await attempt(name, source.name, options, async () => readNpyHeader(await open(), name));
    if (header === undefined) continue;
    const { dtype, fields } = header;
    const shape = fields > 0 ? [...header.shape, fields] : header.shape;
    const read = async (type: string) => readNpyElements(await open(), name, header, true, type);
    const layout = layoutByName(name, shape);
    entries.push({
      ...{ file: source.name, name, dtype, shape, byteLength: entry.stored },
      plain: () => ({
        name,
        dtype,
        shape,
        read: async () => ({ ...(await read(dtype)), ...(layout && { layout }) }),
      }),
      async words(from = 0, count = product(shape)) {
        const { data } = await read(dtype.startsWith('float8') ? 'uint8' : dtype);
        return data.slice(from, from + count);
      },
    });
  }
  return entries;
}
