// .npz, NumPy's archive of arrays: a zip of .npy files, stored (np.savez) or deflated (np.savez_compressed).
// Each array is inflated on its own, straight into its place. Source: numpy/lib/npyio.py.

import { attempt } from './errors.js';
import { layoutByName } from './layout.js';
import { readNpyTensor } from './npy.js';
import { isSparse, readSparse } from './scipy-sparse.js';
import type { ByteSource } from './source.js';
import type { NamedTensor, ReadOptions } from './types.js';
import { openEntry, readZip, withCrc, type ZipEntry } from './zip.js';

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
