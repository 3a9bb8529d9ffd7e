// Files and folders on disk, in Node.
import { builtin } from '../../shared/builtin.js';
import { FormatError, quote } from '../errors.js';
import { inBlocks, type ReadInto } from './blocks.js';
import { type ByteSource, checkRange, checkSibling, type Folder } from './source.js';

const CHUNK = 1 << 28; // one call of the operating system reads less than 2 GiB

async function nodeFiles(path: string): Promise<typeof import('node:fs/promises')> {
  try {
    return (await builtin('node:fs/promises')) as typeof import('node:fs/promises');
  } catch {
    throw new FormatError(path, 'a path can be read in Node only; pass bytes or a Blob.');
  }
}

/** Opens a file. */
export async function openPath(path: string): Promise<ByteSource> {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const name = path.slice(cut);
  const fs = await nodeFiles(path);
  const failed = (error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const reason = { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'is a folder' }[code];
    return new FormatError(path, `cannot be opened (${reason ?? code}).`, { cause: error });
  };
  // Asked before opening: opening a pipe would wait for its writer.
  const stat = await fs.stat(path).catch((error) => Promise.reject(failed(error)));
  if (!stat.isFile())
    throw new FormatError(path, `is ${stat.isDirectory() ? 'a folder' : 'not a regular file'}.`);
  const handle = await fs.open(path, 'r').catch((error) => Promise.reject(failed(error)));
  const read: ReadInto = async (offset, into) => {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await handle.read(into, done, Math.min(CHUNK, into.length - done), offset + done);
      if (bytesRead === 0)
        throw new FormatError(name, `ends at offset ${offset + done}, it was ${stat.size} bytes.`);
      done += bytesRead;
    }
  };
  return {
    name,
    size: stat.size,
    read: inBlocks(name, stat.size, read),
    async readInto(offset, into) {
      checkRange(name, stat.size, offset, into.length);
      await read(offset, into);
    },
    sibling: async (other) => {
      const beside = path.slice(0, cut) + checkSibling(name, other);
      await checkInside(fs, name, path.slice(0, cut) || '.', beside);
      return openPath(beside);
    },
    close: () => handle.close(),
  };
}

/** A folder on disk, or undefined where the path is none. */
export async function openDiskFolder(path: string): Promise<Folder | undefined> {
  const fs = await nodeFiles(path);
  const stat = await fs.stat(path).catch(() => undefined);
  if (!stat?.isDirectory()) return undefined;
  const root = path.replace(/(.)[/\\]+$/, '$1');
  const within = (name: string) => `${root}/${name}`;
  return {
    name: root.slice(Math.max(root.lastIndexOf('/'), root.lastIndexOf('\\')) + 1) || root,
    // A link to a folder is not entered: it might lead back.
    async list(name) {
      const entries = await fs.readdir(within(name), { withFileTypes: true });
      return entries
        .filter((e) => !e.isSocket() && !e.isFIFO())
        .map((e) => (e.isDirectory() ? `${e.name}/` : e.name));
    },
    async open(name) {
      await checkInside(fs, root, root, within(name));
      return openPath(within(name));
    },
  };
}

/**
 * A model names the files beside it, and a link there could name any file of the machine: what a sibling really is must
 * lie in the model's folder, or in the blobs/ of the Hugging Face cache whose snapshot the folder is.
 */
async function checkInside(
  fs: typeof import('node:fs/promises'),
  file: string,
  folder: string,
  path: string,
): Promise<void> {
  const real = await fs.realpath(path).catch(() => undefined);
  if (real === undefined) return; // opening it says why
  const inside = async (root: string) => {
    const base = await fs.realpath(root).catch(() => undefined);
    return (
      base !== undefined && (real.startsWith(base.replace(/[/\\]?$/, '/')) || real.startsWith(`${base}\\`))
    );
  };
  if (await inside(folder)) return;
  const parts = (await fs.realpath(folder)).split(/[/\\]/);
  const snapshot = parts.lastIndexOf('snapshots');
  if (snapshot > 0 && snapshot < parts.length - 1) {
    if (await inside([...parts.slice(0, snapshot), 'blobs'].join('/'))) return;
  }
  const name = path.slice(folder.length);
  throw new FormatError(
    file,
    `${quote(name)} is a link to a file outside the model's folder; it is not followed.`,
  );
}
