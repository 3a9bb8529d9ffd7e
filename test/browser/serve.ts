// A static server for the tests in browsers. Folders of the repository, with the headers that a test asks for.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};

export interface Site {
  origin: string;
  /** The body of the next POST. */
  posted: Promise<string>;
  close(): Promise<void>;
}

/** `pages` are answered from memory, the rest from `folder`. */
export async function serve(
  folder = root,
  headers: Record<string, string> = {},
  pages: Record<string, string> = {},
): Promise<Site> {
  let got: (body: string) => void;
  const posted = new Promise<string>((resolve) => {
    got = resolve;
  });
  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://x').pathname);
    if (request.method === 'POST') {
      body(request).then((text) => {
        got(text);
        response.end();
      });
      return;
    }
    const page = pages[path];
    const file = join(folder, normalize(path.endsWith('/') ? `${path}index.html` : path));
    if (page === undefined && !(existsSync(file) && statSync(file).isFile())) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type':
        page === undefined ? (TYPES[extname(file)] ?? 'application/octet-stream') : TYPES['.html'],
      ...headers,
    });
    if (page === undefined) createReadStream(file).pipe(response);
    else response.end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += part;
  return text;
}
