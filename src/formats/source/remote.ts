// A file behind http(s), read by ranges: the header, then the tensors that are wanted. Every answer is checked: 206
// with the very range that was asked for, the same ETag and size throughout.
// What breaks off is asked for again, with growing pauses.
// Redirects are followed here where the engine lets them be seen (Node; not in pages, where fetch drops Authorization
// itself when the origin changes): credentials go to the origin that they were given for, and nowhere else.
// Source: RFC 9110, sections 10.2.3, 13, 14 and 15.4.

import { textDecoder } from '../../shared/text.js';
import type { AbortSignalLike } from '../../types.js';
import { FormatError } from '../errors.js';
import { parseJson } from '../json.js';
import { inBlocks } from './blocks.js';
import { Broken, pauseOf, retry, type Watch } from './retry.js';
import { type ByteSource, checkRange, checkSibling, memorySource } from './source.js';

export interface RemoteOptions {
  /** The Authorization header, for this origin only. */
  authorization?: string;
  signal?: AbortSignalLike;
  /** Bytes that a server without ranges may send, since they are held. */
  maxBytes?: number;
}

const FIRST = 1 << 16;
const PIECE = 1 << 26; // one request: what has to be asked for again when it breaks off
const REDIRECTS = 8;
const MAX_WHOLE = 2 ** 30;
const MAX_JSON = 2 ** 26;

/** A refusal that asking again does not change. */
export class HttpError extends FormatError {
  constructor(
    file: string,
    detail: string,
    readonly status: number,
  ) {
    super(file, detail);
  }
}

/** The file's name for messages: no query, no credentials. */
export function nameOf(url: string): string {
  const { pathname, host } = new URL(url);
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last) || host;
  } catch {
    return last || host;
  }
}

/** Opens a URL. Its first bytes are fetched, which tell its size and whether the server knows ranges. */
export async function openRemote(address: string, options: RemoteOptions = {}): Promise<ByteSource> {
  const { url, authorization } = credentials(address, options.authorization);
  const name = nameOf(url);
  const client = new Client(name, url, authorization, options.signal);
  const sibling = (other: string) => {
    const path = checkSibling(name, other).split(/[/\\]/).map(encodeURIComponent).join('/');
    return openRemote(new URL(path, url).href, { ...options, authorization });
  };
  const first = await client.get(0, FIRST);
  if (first.whole) {
    const most = Math.min(options.maxBytes ?? MAX_WHOLE, MAX_WHOLE);
    return memorySource(await client.all(most), name, sibling);
  }
  const { size } = first;
  const readNew = async (offset: number, length: number) => {
    checkRange(name, size, offset, length);
    const out = new Uint8Array(length);
    await readInto(offset, out);
    return out;
  };
  const readInto = async (offset: number, into: Uint8Array) => {
    for (let at = 0; at < into.length; at += PIECE) {
      const length = Math.min(PIECE, into.length - at);
      const { bytes } = await client.get(offset + at, length);
      into.set(bytes, at);
    }
  };
  return { name, size, read: inBlocks(name, size, readInto, readNew), sibling, close: async () => {} };
}

/** An answer of a server's API: its JSON, and where the next page is. */
export async function getJson(
  name: string,
  url: string,
  { authorization, signal }: RemoteOptions,
): Promise<{ json: unknown; next?: string }> {
  const client = new Client(name, url, authorization, signal);
  const { bytes, link } = await client.text(MAX_JSON);
  const next = /<([^>]+)>\s*;\s*rel="next"/.exec(link ?? '')?.[1];
  return { json: parseJson(name, 'the answer', textDecoder().decode(bytes)), next };
}

/** user:password@ becomes the header that it stands for; fetch refuses it in a URL. */
function credentials(address: string, given: string | undefined): { url: string; authorization?: string } {
  const url = new URL(address);
  const { username, password } = url;
  if (username === '' && password === '') return { url: url.href, authorization: given };
  url.username = url.password = '';
  const basic = btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { url: url.href, authorization: `Basic ${basic}` };
}

interface Answer {
  bytes: Uint8Array;
  size: number;
  /** The server sends the whole file, whatever it is asked for. */
  whole: boolean;
}

class Client {
  private size?: number;
  private tag?: string | null;
  /** Where redirects led, which saves the way next time. */
  private target?: string;

  constructor(
    private readonly name: string,
    private readonly url: string,
    private readonly authorization: string | undefined,
    private readonly signal: AbortSignalLike | undefined,
  ) {}

  private fail(detail: string, cause?: unknown) {
    return new FormatError(this.name, `${detail} (${new URL(this.url).host}).`, { cause });
  }

  /** [offset, offset + length), or less where the file ends. */
  get(offset: number, length: number): Promise<Answer> {
    return this.again(async (watch) => {
      const response = await this.fetch(offset, length, watch.signal);
      if (response.status === 200) {
        await response.body?.cancel();
        if (this.size !== undefined) throw this.fail('the server stopped sending ranges');
        return { bytes: new Uint8Array(0), size: 0, whole: true };
      }
      if (response.status === 416) {
        await response.body?.cancel();
        if (/\/0$/.test(response.headers.get('content-range') ?? '') && offset === 0)
          return { bytes: new Uint8Array(0), size: 0, whole: false };
        throw this.fail(`the server has no bytes at offset ${offset}`);
      }
      const size = await this.check(response, offset, length);
      const expected = Math.min(length, size - offset);
      const bytes = await collect(response, expected, expected, watch);
      if (bytes.length !== expected) throw new Broken(`${bytes.length} of ${expected} bytes came`);
      return { bytes, size, whole: false };
    });
  }

  /** The whole file, of a server without ranges. */
  all(most: number): Promise<Uint8Array> {
    return this.again(async (watch) => {
      const response = await this.fetch(undefined, 0, watch.signal);
      const length = Number(response.headers.get('content-length') ?? Number.NaN);
      const tooMuch = () =>
        this.fail(
          `the server sends no ranges, and more than the ${most} bytes that may be held; download the file`,
        );
      if (length > most) throw tooMuch();
      const encoded = response.headers.has('content-encoding');
      const bytes = await collect(response, Number.isFinite(length) && !encoded ? length : 0, most, watch);
      if (bytes.length > most) throw tooMuch();
      if (bytes.length < length && !encoded) throw new Broken(`${bytes.length} of ${length} bytes came`);
      return bytes;
    });
  }

  /** An answer that is no file, and its Link header. */
  text(most: number): Promise<{ bytes: Uint8Array; link: string | null }> {
    return this.again(async (watch) => {
      const response = await this.fetch(undefined, 0, watch.signal);
      const bytes = await collect(response, 0, most, watch);
      if (bytes.length > most) throw this.fail(`the server answers with more than ${most} bytes`);
      return { bytes, link: response.headers.get('link') };
    });
  }

  /** Whether a 206 is the range asked for, of the file that was there before; returns the file's size. */
  private async check(response: Response, offset: number, length: number): Promise<number> {
    const range = response.headers.get('content-range');
    const parts = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? '');
    const refuse = async (detail: string) => {
      await response.body?.cancel();
      throw this.fail(detail);
    };
    if (range !== null && parts === null)
      return refuse(`the server answers with the range '${range.slice(0, 60)}'`);
    // A page sees the header only where the server lets it.
    const size = parts === null ? (this.size ?? (await this.lengthOf())) : Number(parts[3]);
    if (
      parts !== null &&
      (Number(parts[1]) !== offset || Number(parts[2]) !== Math.min(offset + length, size) - 1)
    ) {
      return refuse(
        `the server answers with the range '${range}', ${offset}-${offset + length - 1} was asked for`,
      );
    }
    const tag = response.headers.get('etag');
    if (this.size !== undefined && (size !== this.size || tag !== this.tag))
      return refuse('the file changed while it was read');
    this.size = size;
    this.tag = tag;
    return size;
  }

  private async lengthOf(): Promise<number> {
    const response = await fetch(this.url, { method: 'HEAD' });
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    if (!response.ok || !Number.isSafeInteger(length))
      throw this.fail('the server does not tell how long the file is');
    return length;
  }

  /** One request, and those that redirects lead to. Any status but 200, 206 and 416 is an error. */
  private async fetch(offset: number | undefined, length: number, signal: AbortSignal): Promise<Response> {
    let url = this.target ?? this.url;
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      const headers: Record<string, string> = {};
      if (offset !== undefined) headers.range = `bytes=${offset}-${offset + length - 1}`;
      const own = new URL(url).origin === new URL(this.url).origin;
      if (this.authorization !== undefined && own) headers.authorization = this.authorization;
      let response = await fetch(url, { headers, signal, redirect: 'manual' });
      // A page is not shown where it is sent to.
      if (response.type === 'opaqueredirect') response = await fetch(url, { headers, signal });
      const { status } = response;
      if (status === 200 || status === 206 || status === 416) {
        if (url !== this.url) this.target = url;
        return response;
      }
      await response.body?.cancel();
      const location = response.headers.get('location');
      if (status >= 300 && status < 400 && location !== null) {
        url = this.follow(url, location);
        continue;
      }
      if (this.target !== undefined) {
        this.target = undefined; // a signed address that has expired: once more from the start
        throw new Broken(`status ${status}`);
      }
      throw this.refusal(status, response);
    }
    throw this.fail('the server redirects without end');
  }

  private follow(from: string, location: string): string {
    const next = new URL(location, from);
    const safe =
      next.protocol === 'https:' || (next.protocol === 'http:' && new URL(from).protocol === 'http:');
    if (!safe) throw this.fail(`the server redirects to ${next.protocol}//, which is not followed`);
    next.username = next.password = '';
    return next.href;
  }

  private refusal(status: number, response: Response): Error {
    if (status === 408 || status === 425 || status === 429 || status >= 500) {
      return new Broken(`status ${status}`, pauseOf(response.headers.get('retry-after')));
    }
    const why: Record<number, string> = {
      401: 'the server wants to know who asks (401)',
      403: 'the server refuses (403)',
      404: 'the server has no such file (404)',
      410: 'the file is gone (410)',
    };
    const detail = why[status] ?? `the server answers with status ${status}`;
    return new HttpError(this.name, `${detail} (${new URL(this.url).host}).`, status);
  }

  private again<T>(task: (watch: Watch) => Promise<T>): Promise<T> {
    return retry(task, this.signal, (why, error) => this.fail(`cannot be fetched: ${why}`, error));
  }
}

/** The body, `expected` bytes where that is known; stops once it is more than `most`. */
async function collect(
  response: Response,
  expected: number,
  most: number,
  watch: Watch,
): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  let out = new Uint8Array(expected);
  let size = 0;
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) break;
    watch.alive();
    const { value } = next;
    if (size + value.length > most) {
      await reader?.cancel();
      return new Uint8Array(most + 1);
    }
    if (size + value.length > out.length) {
      const grown = new Uint8Array(Math.min(most, Math.max(2 * out.length, size + value.length)));
      grown.set(out.subarray(0, size));
      out = grown;
    }
    out.set(value, size);
    size += value.length;
  }
  return size === out.length ? out : out.slice(0, size);
}
