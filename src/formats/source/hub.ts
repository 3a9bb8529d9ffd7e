// hf://org/name[@revision][/path]: a repository of the Hugging Face Hub, or a file of it. Two addresses of its API are
// all that reading takes (the list of files, a file), so they are asked for directly:
// @huggingface/hub would bring uploads and its own downloads along.
// HF_ENDPOINT names another server, HF_TOKEN who asks; the token goes to that server only.
// Source: huggingface.co/docs/hub/api.
import { FormatError } from '../errors.js';
import { getJson, HttpError, openRemote, type RemoteOptions } from './remote.js';
import type { ByteSource, Folder } from './source.js';

interface Place {
  repo: string;
  revision: string;
  /** Within the repository; '' is all of it. */
  path: string;
}

const env = (name: string): string | undefined =>
  typeof process === 'object' ? process.env?.[name] || undefined : undefined;
const endpoint = () => (env('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, '');

function withToken(options: RemoteOptions): RemoteOptions {
  const token = env('HF_TOKEN');
  return { ...options, authorization: token === undefined ? undefined : `Bearer ${token}` };
}

function parse(address: string): Place {
  const parts = /^hf:\/\/([^/@]+\/[^/@]+)(?:@([^/]+))?(?:\/(.*))?$/i.exec(address.trim());
  if (parts === null) {
    throw new FormatError(
      address,
      'is no address of the Hub; those are hf://org/name, hf://org/name@revision and hf://org/name/file.',
    );
  }
  // refs/pr/1 is a revision with slashes, written %2F.
  const [, repo, revision = 'main', path = ''] = parts;
  return { repo, revision: decodeURIComponent(revision), path: path.replace(/\/+$/, '') };
}

const encoded = (path: string) => path.split('/').map(encodeURIComponent).join('/');
const fileUrl = ({ repo, revision }: Place, path: string) =>
  `${endpoint()}/${encoded(repo)}/resolve/${encodeURIComponent(revision)}/${encoded(path)}`;

/** Whether an address is that of a file: its last part has an ending. */
export const isHubFile = (address: string) => /\.[a-z0-9]+$/i.test(parse(address).path);

/** A file of a repository. */
export function openHubFile(address: string, options: RemoteOptions): Promise<ByteSource> {
  const place = parse(address);
  return told(place, openRemote(fileUrl(place, place.path), withToken(options)));
}

/** A repository, or a folder in one. */
export async function openHubFolder(address: string, options: RemoteOptions): Promise<Folder> {
  const place = parse(address);
  const files = await told(place, listFiles(place, options));
  const prefix = place.path === '' ? '' : `${place.path}/`;
  return {
    name: address,
    async list(path) {
      const start = prefix + path;
      const names = new Set<string>();
      for (const file of files) {
        if (!file.startsWith(start)) continue;
        const rest = file.slice(start.length);
        const slash = rest.indexOf('/');
        names.add(slash < 0 ? rest : rest.slice(0, slash + 1));
      }
      return [...names];
    },
    open: (path) => told(place, openRemote(fileUrl(place, prefix + path), withToken(options))),
  };
}

const MAX_PAGES = 100;

/** All files of a repository, page by page. */
async function listFiles({ repo, revision, path }: Place, options: RemoteOptions): Promise<string[]> {
  const base = `${endpoint()}/api/models/${encoded(repo)}/tree/${encodeURIComponent(revision)}`;
  let url = `${base}${path === '' ? '' : `/${encoded(path)}`}?recursive=true`;
  const files: string[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    options.signal?.throwIfAborted();
    const { json: entries, next } = await getJson(repo, url, withToken(options));
    for (const entry of Array.isArray(entries) ? entries : []) {
      if (entry?.type === 'file' && typeof entry.path === 'string') files.push(entry.path);
    }
    if (next === undefined) return files;
    const following = new URL(next, url);
    if (following.origin !== new URL(base).origin) break; // the token stays where it belongs
    url = following.href;
  }
  return files;
}

/** What the Hub's refusals mean. */
async function told<T>(place: Place, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof HttpError) || ![401, 403, 404].includes(error.status)) throw error;
    const { repo, revision } = place;
    const detail = `the Hub has no such model or file for you (${error.status}); ${advice(repo, error.status)}.`;
    throw new FormatError(`${repo}@${revision}`, detail, { cause: error });
  }
}

/** What to do about it. A page has no environment, and nowhere to keep a token. */
function advice(repo: string, status: number): string {
  if (typeof process !== 'object' || process.versions?.node === undefined)
    return 'a private or gated one has to be downloaded first, a page asks without a token';
  if (env('HF_TOKEN') === undefined) return 'if it is private or gated, set HF_TOKEN';
  return status === 403
    ? `where it is gated its terms have to be accepted at ${endpoint()}/${repo}, by the account of HF_TOKEN`
    : 'HF_TOKEN may not read it';
}
