// Files behind http and hf://, against servers of our own: what is asked for, what is believed,
// and where credentials go.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { command, matrix, records } from '../../cli/command.js';
import { all, failure } from '../helpers.js';
import { bytesOf, pickle, safetensors, torchFile, torchTensor, utf8 } from '../write.js';

const big = { dtype: 'F32', shape: [1000, 500], data: bytesOf(matrix(1000, 500, 3)) };
const small = { dtype: 'F32', shape: [6, 5], data: bytesOf(matrix(6, 5, 2)) };
const model = safetensors({ big, small });
const shard = (name: string) => safetensors({ [name]: small });
const external = { 'w.bin': small.data };

interface Request {
  path: string;
  range?: string;
  authorization?: string;
}

/** A server that answers by path, and remembers what it was asked. */
class Host {
  requests: Request[] = [];
  private server?: Server;
  constructor(
    private readonly answer: (path: string, request: IncomingMessage, response: ServerResponse) => void,
  ) {}
  async start() {
    this.server = createServer((request, response) => {
      const { range, authorization } = request.headers;
      this.requests.push({ path: request.url ?? '', range, authorization });
      this.answer(request.url ?? '', request, response);
    });
    await new Promise<void>((done) => this.server?.listen(0, '127.0.0.1', done));
  }
  get url() {
    const { port } = this.server!.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }
  stop() {
    this.server?.closeAllConnections();
    return new Promise((done) => this.server?.close(done));
  }
}

function sendRange(file: Uint8Array, request: IncomingMessage, response: ServerResponse, tag = '"1"') {
  const parts = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (parts === null) {
    response.writeHead(200, { 'content-length': file.length, etag: tag });
    response.end(file);
    return;
  }
  const [from, to] = [Number(parts[1]), Math.min(Number(parts[2]), file.length - 1)];
  if (from >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    return;
  }
  response.writeHead(206, {
    'content-range': `bytes ${from}-${to}/${file.length}`,
    'content-length': to - from + 1,
    etag: tag,
  });
  response.end(file.subarray(from, to + 1));
}

let failures = 0;
/** When the server that is busy was asked first. */
let busy: number | undefined;
const FILES: Record<string, Uint8Array> = {
  '/m.safetensors': model,
  '/signed/m.safetensors?key=1': model,
  '/a%20b/m.safetensors': model,
  '/a%20b/model.safetensors.index.json': utf8(
    JSON.stringify({ weight_map: { a: 'one two.safetensors', b: '2.safetensors' } }),
  ),
  '/a%20b/one%20two.safetensors': shard('a'),
  '/a%20b/2.safetensors': shard('b'),
  '/empty.safetensors': new Uint8Array(0),
  '/w.bin': external['w.bin'],
};

/** Where redirects lead: another origin. */
const other = new Host((path, request, response) => sendRange(FILES[path] ?? model, request, response));
const host = new Host((path, request, response) => {
  const { authorization } = request.headers;
  if (path === '/moved') return response.writeHead(302, { location: `${other.url}/m.safetensors` }).end();
  if (path === '/round') return response.writeHead(302, { location: '/round' }).end();
  if (path === '/file') return response.writeHead(302, { location: 'file:///etc/passwd' }).end();
  if (path === '/whole') return response.writeHead(200).end(model);
  if (path === '/lies') {
    return response.writeHead(206, { 'content-range': 'bytes 5-9/100', 'content-length': 5 }).end('hello');
  }
  if (path === '/changes') return sendRange(model, request, response, `"${host.requests.length}"`);
  if (path === '/shaky') {
    failures++;
    if (failures % 3 === 1) return response.writeHead(503, { 'retry-after': '0' }).end();
    if (failures % 3 === 2) {
      const [, from, to] = /(\d+)-(\d+)/.exec(request.headers.range ?? '') as RegExpExecArray;
      response.writeHead(206, {
        'content-range': `bytes ${from}-${Math.min(Number(to), model.length - 1)}/${model.length}`,
        etag: '"1"',
      });
      response.write('half');
      return setTimeout(() => response.destroy(), 20);
    }
    return sendRange(model, request, response);
  }
  if (path.startsWith('/busy')) {
    busy ??= Date.now();
    // A date has whole seconds.
    const [after, least] = path === '/busy-date' ? [new Date(busy + 1500).toUTCString(), 450] : ['1', 900];
    if (Date.now() >= busy + least) return sendRange(model, request, response);
    failures++;
    return response.writeHead(429, { 'retry-after': after }).end();
  }
  if (path === '/down') return response.writeHead(500).end();
  if (path === '/private' && authorization !== 'Basic dXNlcjpwYXNz') return response.writeHead(401).end();
  if (path === '/private') return sendRange(model, request, response);
  if (path.startsWith('/page'))
    return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><html>');
  if (FILES[path]) return sendRange(FILES[path], request, response);
  return response.writeHead(404).end();
});

beforeAll(() => Promise.all([host.start(), other.start()]));
afterAll(() => Promise.all([host.stop(), other.stop()]));
beforeEach(() => {
  host.requests = [];
  other.requests = [];
  failures = 0;
  busy = undefined;
});

const names = async (...args: Parameters<typeof all>) => (await all(...args)).map((t) => t.name);

describe('http', () => {
  test('only the ranges that are needed, for strings and URLs alike', async () => {
    const filter = (name: string) => name === 'small';
    for (const from of [`${host.url}/m.safetensors`, new URL(`${host.url}/m.safetensors`)]) {
      host.requests = [];
      expect(await names(from, { filter })).toEqual(['small']);
      expect(host.requests.every((r) => r.range !== undefined)).toBe(true);
      const fetched = host.requests.reduce((sum, { range }) => {
        const [, a, b] = /(\d+)-(\d+)/.exec(range ?? '') as RegExpExecArray;
        return sum + Math.min(Number(b), model.length - 1) - Number(a) + 1;
      }, 0);
      expect(fetched).toBeLessThan(2 ** 20 + 2 ** 17); // of 2 MB
    }
    const [read] = await all(`${host.url}/m.safetensors`);
    expect(Buffer.compare(Buffer.from((read.data as Float32Array).buffer), big.data)).toBe(0);
  });

  test('siblings by their names, spaces and all', async () => {
    expect(await names(`${host.url}/a%20b/model.safetensors.index.json`)).toEqual(['a', 'b']);
  });

  test('a server without ranges sends the whole file, as far as it may be held', async () => {
    expect(await names(`${host.url}/whole`)).toEqual(['big', 'small']);
    expect(await failure(`${host.url}/whole`, { maxBytes: 1000 })).toContain(
      'sends no ranges, and more than the 1000 bytes',
    );
  });

  test('what breaks off or is refused for now is asked for again', async () => {
    expect(await names(`${host.url}/shaky`)).toEqual(['big', 'small']);
    expect(host.requests.length).toBeGreaterThan(2);
  });

  test.each(['/busy-seconds', '/busy-date'])('%s: asked again when it said', async (path) => {
    expect(await names(host.url + path)).toEqual(['big', 'small']);
    expect(failures).toBe(1);
  });

  test.each([
    ['/absent', 'no such file (404)'],
    ['/lies', "answers with the range 'bytes 5-9/100'"],
    ['/changes', 'the file changed while it was read'],
    ['/round', 'redirects without end'],
    ['/file', 'redirects to file://, which is not followed'],
    ['/private', 'wants to know who asks (401)'],
    ['/page.safetensors', 'is an HTML page'],
    ['/empty.safetensors', 'is empty'],
  ])('%s: %s', async (path, message) => {
    expect(await failure(host.url + path)).toContain(message);
  });

  test('a server that is down, and one that is not there', async () => {
    expect(await failure(`${host.url}/down`)).toContain('cannot be fetched: status 500');
    expect(host.requests).toHaveLength(5);
    expect(await failure('http://127.0.0.1:9/m.npy')).toMatch(
      /m\.npy: cannot be fetched: .* \(127\.0\.0\.1:9\)/,
    );
  }, 30_000);

  test('credentials of an address are for its origin only, and are in no message', async () => {
    const url = host.url.replace('://', '://user:pass@');
    expect(await names(`${url}/private`)).toEqual(['big', 'small']);
    host.requests = [];
    expect(await names(`${url}/moved`)).toEqual(['big', 'small']);
    expect(host.requests[0].authorization).toBe('Basic dXNlcjpwYXNz');
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.every((r) => r.authorization === undefined)).toBe(true);
    expect(await failure(`${url}/absent`)).not.toContain('pass');
  });

  test('an aborted signal ends it', async () => {
    const control = new AbortController();
    const reading = names(`${host.url}/down`, { signal: control.signal });
    setTimeout(() => control.abort(), 50);
    await expect(reading).rejects.toThrow(/abort/i);
  });
});

describe('hf://', () => {
  const list = ['README.md', 'config.json', 'model.safetensors', 'pytorch_model.bin', 'onnx/model.onnx'];
  const torch = torchFile(
    pickle.pickled(
      pickle.dict({ b: torchTensor({ kind: 'FloatStorage', key: '0', elements: 30 }, 0, [6, 5], [5, 1]) }),
    ),
    {
      0: small.data,
    },
  );
  let refusals = 0;
  const hub = new Host((path, request, response) => {
    if (path.startsWith('/org/gated/')) return response.writeHead(403).end();
    if (path.startsWith('/api/models/org/gated/'))
      return response.writeHead(200).end(JSON.stringify([{ type: 'file', path: 'model.safetensors' }]));
    if (path.startsWith('/api/') && refusals-- > 0) return response.writeHead(503).end();
    if (request.headers.authorization !== 'Bearer hf_test') return response.writeHead(401).end();
    const tree = /^\/api\/models\/org\/name\/tree\/(main|refs%2Fpr%2F1)\?recursive=true(&page=2)?$/.exec(
      path,
    );
    if (tree !== null) {
      const half = tree[2] ? list.slice(2) : list.slice(0, 2);
      const next = tree[2] ? {} : { link: `<${hub.url}${path}&page=2>; rel="next"` };
      response.writeHead(200, { 'content-type': 'application/json', ...next });
      return response.end(JSON.stringify(half.map((name) => ({ type: 'file', path: name, size: 1 }))));
    }
    const file = /^\/org\/name\/resolve\/(?:main|refs%2Fpr%2F1)\/(.*)$/.exec(path)?.[1];
    if (file === 'model.safetensors')
      return response.writeHead(302, { location: `${other.url}/signed/m.safetensors?key=1` }).end();
    if (file === 'pytorch_model.bin') return sendRange(torch, request, response);
    return response.writeHead(404).end();
  });
  beforeAll(async () => {
    await hub.start();
    process.env.HF_ENDPOINT = hub.url;
    process.env.HF_TOKEN = 'hf_test';
  });
  afterAll(() => {
    delete process.env.HF_ENDPOINT;
    delete process.env.HF_TOKEN;
    return hub.stop();
  });

  test('a repository, a revision, a file; the token goes to the Hub and not to where it sends us', async () => {
    expect(await names('hf://org/name')).toEqual(['big', 'small']);
    expect(await names('hf://org/name@refs%2Fpr%2F1')).toEqual(['big', 'small']);
    expect(await names('hf://org/name/pytorch_model.bin')).toEqual(['b']);
    expect(hub.requests.every((r) => r.authorization === 'Bearer hf_test')).toBe(true);
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.every((r) => r.authorization === undefined)).toBe(true);
  });

  test('the token is for hf:// only', async () => {
    await names(`${host.url}/m.safetensors`);
    expect(host.requests.every((r) => r.authorization === undefined)).toBe(true);
  });

  test('a list that is refused for now is asked for again', async () => {
    refusals = 2;
    expect(await names('hf://org/name')).toEqual(['big', 'small']);
  });

  test('refusals in words', async () => {
    const gated = await failure('hf://org/gated');
    expect(gated).toContain(
      `its terms have to be accepted at ${hub.url}/org/gated, by the account of HF_TOKEN`,
    );
    expect(await failure('hf://org/absent')).toContain('the Hub has no such model');
    expect(await failure('hf://org/name/gone.safetensors')).toContain('no such model or file for you (404)');
    expect(await failure('hf://name')).toContain('is no address of the Hub');
  });

  test('the command', async () => {
    const { status, out } = await command(['hf://org/name', '--json'], undefined, {
      HF_ENDPOINT: hub.url,
      HF_TOKEN: 'hf_test',
    });
    expect(status).toBe(0);
    expect(records(out).map((r) => [r.name, r.rank])).toEqual([
      ['big', 3],
      ['small', 2],
    ]);
    const gone = await command([`${host.url}/absent.npy`, `${host.url}/m.safetensors`, '--json']);
    expect(gone.status).toBe(1);
    expect(gone.err).toContain('no such file (404)');
    expect(records(gone.out)).toHaveLength(2);
  });
});
