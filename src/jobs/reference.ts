// References to sources: what a path or URL was when a job was made, and whether it still is that.
import { openSource } from '../formats/source/open.js';
import type { ByteSource } from '../formats/source/source.js';
import { builtin } from '../shared/builtin.js';
import { JobRefusedError, type Reference } from './payload.js';

/** The size and time of a file, or the server's ETag (or date and length). */
async function versionOf(url: string): Promise<string> {
  if (/^https?:\/\//i.test(url)) {
    const { headers } = await fetch(url, { method: 'HEAD' });
    return headers.get('etag') ?? `${headers.get('last-modified')} ${headers.get('content-length')}`;
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(url)) return ''; // hf:// names its revision itself
  const { stat } = (await builtin('node:fs/promises')) as typeof import('node:fs/promises');
  const { size, mtimeMs } = await stat(url);
  return `${size} ${Math.floor(mtimeMs)}`;
}

/** A reference to the source as it is now. Paths are made absolute: workers run elsewhere. */
export async function refer(url: string): Promise<Reference> {
  const isUrl = /^[a-z][a-z0-9+.-]+:\/\//i.test(url);
  const { resolve } = (await builtin('node:path')) as typeof import('node:path');
  const full = isUrl ? url : resolve(url);
  return { url: full, version: await versionOf(full).catch(() => '') };
}

/** Throws where the source is not the one that the job was made for. */
export async function checkReference({ url, version }: Reference): Promise<void> {
  if (version === '') return;
  const now = await versionOf(url);
  if (now !== version) throw new JobRefusedError(`${url}: has changed since the job was made.`);
}

export async function openReference(reference: Reference): Promise<ByteSource> {
  await checkReference(reference);
  return openSource(reference.url);
}
