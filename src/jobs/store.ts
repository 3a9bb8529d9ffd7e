// Where bytes lie that are too many for a queue, and results that need not be computed again:
// a folder that all workers see.
// A file is written under a temporary name and renamed, so that none is ever seen half.
import { builtin } from '../shared/builtin.js';

export interface Store {
  /** Keeps the bytes under a name; the answer is what read() takes. */
  write(name: string, bytes: Uint8Array): Promise<string>;
  /** The bytes, or undefined where there are none. */
  read(url: string): Promise<Uint8Array | undefined>;
  /** What write() would answer. */
  url(name: string): string;
}

/** A folder as a store; it is made when the first file is written. */
export function folderStore(folder: string): Store {
  const fs = async () => (await builtin('node:fs/promises')) as typeof import('node:fs/promises');
  const url = (name: string) => `${folder.replace(/\/+$/, '')}/${name}`;
  return {
    url,
    async write(name, bytes) {
      const { mkdir, rename, writeFile } = await fs();
      await mkdir(folder, { recursive: true });
      const temporary = url(`.${name}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`);
      await writeFile(temporary, bytes);
      await rename(temporary, url(name));
      return url(name);
    },
    async read(from) {
      const { readFile } = await fs();
      try {
        return new Uint8Array(await readFile(from));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}
